"""Distinct elements: which results come back depends on flags, so PyTorch writes these in Python too."""

from __future__ import annotations

from gradus import _C


def _chosen(values, inverse, counts, return_inverse: bool, return_counts: bool):
    results = [values]
    if return_inverse:
        results.append(inverse)
    if return_counts:
        results.append(counts)
    return tuple(results) if len(results) > 1 else values


def unique(
    input,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
):
    """Distinct elements in order, or distinct slices of `dim`; with the flags also the place of every element among
    them and their counts."""
    if dim is None:
        results = _C._unique2(input, sorted=sorted, return_inverse=return_inverse, return_counts=return_counts)
    else:
        results = _C.unique_dim(input, dim, sorted=sorted, return_inverse=return_inverse, return_counts=return_counts)
    return _chosen(*results, return_inverse, return_counts)


_unique_consecutive = _C.unique_consecutive


def unique_consecutive(
    input,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
):
    """Elements, or slices of `dim`, that differ from their predecessor; flags as of `unique`."""
    results = _unique_consecutive(input, return_inverse=return_inverse, return_counts=return_counts, dim=dim)
    return _chosen(*results, return_inverse, return_counts)


def _unique_method(self, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """Distinct elements in order; see `gradus.unique`."""
    return unique(self, sorted=sorted, return_inverse=return_inverse, return_counts=return_counts, dim=dim)


def _unique_consecutive_method(self, return_inverse=False, return_counts=False, dim=None):
    """Elements that differ from their predecessor; see `gradus.unique_consecutive`."""
    return unique_consecutive(self, return_inverse=return_inverse, return_counts=return_counts, dim=dim)


unique = _C._overridable(unique)
unique_consecutive = _C._overridable(unique_consecutive)


def install() -> None:
    """Gives Tensor the methods of this file."""
    for name, function in {"unique": _unique_method, "unique_consecutive": _unique_consecutive_method}.items():
        function.__name__, function.__qualname__ = name, f"Tensor.{name}"
        setattr(_C.Tensor, name, _C._overridable(function))
