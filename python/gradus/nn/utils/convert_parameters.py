"""All parameters as one vector, and back."""

from __future__ import annotations

from gradus import _C
from gradus._typename import typename


def parameters_to_vector(parameters):
    """One vector with the elements of all parameters, in order."""
    return _C.cat([param.reshape(-1) for param in parameters])


def vector_to_parameters(vec, parameters) -> None:
    """Makes consecutive slices of a vector the data of the parameters (they share its storage)."""
    if not isinstance(vec, _C.Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {typename(vec)}")
    start = 0
    for param in parameters:
        size = param.numel()
        param.data = vec[start : start + size].view_as(param).data
        start += size
