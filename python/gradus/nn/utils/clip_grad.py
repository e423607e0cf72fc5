"""Keeping gradients within bounds."""

from __future__ import annotations

from math import inf

from gradus import _C
from gradus._modes import no_grad


def _as_list(tensors) -> list:
    return [tensors] if isinstance(tensors, _C.Tensor) else list(tensors)


def get_total_norm(tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None):
    """The p-norm of all tensors together, as if they were one vector: a 0-d tensor."""
    tensors = _as_list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return _C.tensor(0.0)
    with no_grad():
        total = _C.linalg_vector_norm(_C.stack(_C._foreach_norm(tensors, norm_type)), norm_type)
    if error_if_nonfinite and not -inf < total.item() < inf:
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, "
            "set `error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(parameters, max_norm: float, total_norm, foreach: bool | None = None) -> None:
    """Scales the gradients by max_norm / (total_norm + 1e-6), never up."""
    grads = [param.grad for param in _as_list(parameters) if param.grad is not None]
    if grads:
        with no_grad():
            factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
            for grad in grads:
                grad.mul_(factor)


def clip_grad_norm_(
    parameters,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
):
    """Scales all gradients together so that their common norm is at most max_norm; returns the norm before."""
    parameters = _as_list(parameters)
    grads = [param.grad for param in parameters if param.grad is not None]
    total_norm = get_total_norm(grads, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total_norm)
    return total_norm


def clip_grad_value_(parameters, clip_value: float, foreach: bool | None = None) -> None:
    """Clamps every element of every gradient to [-clip_value, clip_value]."""
    clip_value = float(clip_value)
    with no_grad():
        for param in _as_list(parameters):
            if param.grad is not None:
                param.grad.clamp_(min=-clip_value, max=clip_value)
