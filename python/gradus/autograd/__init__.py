"""Gradients asked for by name: backward and grad, gradient modes, and the checks of gradients."""

from __future__ import annotations

from gradus import _C, _missing
from gradus._modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from gradus.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly

__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def _is_edge(value) -> bool:
    """A GradientEdge: the only named tuple with these fields that is of use here."""
    return isinstance(value, tuple) and hasattr(value, "output_nr") and hasattr(value, "node")


def _as_tuple(tensors) -> tuple:
    return (tensors,) if isinstance(tensors, _C.Tensor) or _is_edge(tensors) else tuple(tensors)


def _shape_and_dtype(out):
    if _is_edge(out):
        out = out.node._input_metadata[out.output_nr]
    elif not isinstance(out, _C.Tensor):
        raise AssertionError("Expected output to be a torch.Tensor")
    return out.shape, out.dtype


def _first_gradient(out):
    """The gradient of a scalar with respect to itself."""
    shape, dtype = _shape_and_dtype(out)
    if any(size != 1 for size in shape):
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    if not dtype.is_floating_point:
        raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {dtype}")
    return _C.ones(shape, dtype=dtype) if _is_edge(out) else _C.ones_like(out)


def _make_grads(outputs: tuple, grads: tuple) -> tuple:
    """Checks the given gradients against the outputs; None stands for 1 where the output is a scalar."""
    made = []
    for number, (out, grad) in enumerate(zip(outputs, grads)):
        shape, _ = _shape_and_dtype(out)
        if isinstance(grad, _C.Tensor):
            if grad.shape != shape:
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{number}] has a shape of {grad.shape} "
                    f"and output[{number}] has a shape of {shape}."
                )
            made.append(grad)
        elif grad is None:
            made.append(_first_gradient(out) if _is_edge(out) or out.requires_grad else None)
        else:
            raise TypeError("gradients can be either Tensors or None, but got " + type(grad).__name__)
    return tuple(made)


def _inputs_tuple(inputs, function: str) -> tuple:
    if type(inputs) is dict:
        return tuple(inputs.values())
    if not isinstance(inputs, _C.Tensor) and hasattr(inputs, "keys"):
        raise TypeError(
            f"`inputs` argument to `{function}()` must be a dict, not {type(inputs).__name__}. "
            "Other Mapping types are not supported."
        )
    return _as_tuple(inputs)


def backward(
    tensors,
    grad_tensors=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables=None,
    inputs=None,
) -> None:
    """Adds the gradients of `tensors`, weighted by `grad_tensors`, to the .grad of the leaves (or of `inputs`).

    Scalars need no weight. The graph is freed unless `retain_graph`, which `create_graph` implies.
    """
    if grad_variables is not None:
        import warnings

        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. "
                "Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    chosen = () if inputs is None else _inputs_tuple(inputs, "backward")
    if inputs is not None and not chosen:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    tensors = _as_tuple(tensors)
    grads = (None,) * len(tensors) if grad_tensors is None else _as_tuple(grad_tensors)
    grads = _make_grads(tensors, grads)
    if retain_graph is None:
        retain_graph = create_graph
    _C._run_backward(tensors, grads, retain_graph, create_graph, chosen, True, True)


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
):
    """The gradients of `outputs`, weighted by `grad_outputs`, with respect to `inputs`; no .grad is touched.

    A dict of inputs gives a dict. Inputs that the outputs don't depend on are an error unless `allow_unused` (None)
    or `materialize_grads` (zeros).
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if is_grads_batched:
        raise NotImplementedError("grad: is_grads_batched=True needs vmap, which is not in Gradus yet")
    if allow_unused is None:
        allow_unused = materialize_grads
    outputs = _as_tuple(outputs)
    chosen = _inputs_tuple(inputs, "grad")
    if not chosen:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if not only_inputs:
        import warnings

        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    grads = (None,) * len(outputs) if grad_outputs is None else _as_tuple(grad_outputs)
    grads = _make_grads(outputs, grads)
    if retain_graph is None:
        retain_graph = create_graph
    result = _C._run_backward(outputs, grads, retain_graph, create_graph, chosen, allow_unused, False)
    if materialize_grads:
        if any(found is None and _is_edge(tensor) for found, tensor in zip(result, chosen)):
            raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
        result = tuple(
            _C.zeros_like(tensor, requires_grad=create_graph) if found is None else found
            for found, tensor in zip(result, chosen)
        )
    return dict(zip(inputs, result)) if type(inputs) is dict else result


from gradus.autograd.function import Function  # noqa: E402
from gradus.autograd.gradcheck import gradcheck, gradgradcheck  # noqa: E402  (it uses grad)


def __getattr__(name: str):
    if name == "Variable":  # PyTorch's old name for a tensor with history
        return _C.Tensor
    if name == "Node" and hasattr(_C, name):
        return getattr(_C, name)
    if name in ("functional", "graph"):
        from importlib import import_module

        return import_module("gradus.autograd." + name)
    raise _missing.missing("gradus.autograd", name)
