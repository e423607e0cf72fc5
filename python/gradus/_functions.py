"""Functions and methods whose result depends on the kind of an argument: PyTorch writes these in Python too."""

from __future__ import annotations

from gradus import _C

_Base: type[_C.Tensor] = _C.Tensor.__mro__[1]  # type: ignore[assignment]
_nonzero = _C.nonzero


def split(tensor, split_size_or_sections, dim: int = 0):
    """Views along `dim`: of equal size for a number (the last may be smaller), of the given sizes for a list."""
    return tensor.split(split_size_or_sections, dim)


def _split(self, split_size, dim: int = 0):
    """Views along `dim`: of equal size for a number (the last may be smaller), of the given sizes for a list."""
    if isinstance(split_size, _Base) and split_size.dim() == 0 and not split_size.is_floating_point():
        split_size = int(split_size)
    if isinstance(split_size, int):
        return _C.split(self, split_size, dim)
    return _C.split_with_sizes(self, split_size, dim)


def _columns(coordinates, tensor):
    return (coordinates if tensor.dim() else _nonzero(tensor.reshape(1))).unbind(1)


def nonzero(*args, **kwargs):
    """Coordinates of the elements that are not zero, [n, ndim]; with as_tuple=True one index tensor for each dim."""
    if "as_tuple" not in kwargs:
        return _nonzero(*args, **kwargs)
    as_tuple = kwargs.pop("as_tuple")
    if as_tuple is True and isinstance(kwargs.get("out"), _Base):
        raise RuntimeError("nonzero does not support the out kwarg when as_tuple is True")
    coordinates = _nonzero(*args, **kwargs)
    if not isinstance(as_tuple, bool):
        raise TypeError(f"nonzero(): argument 'as_tuple' must be bool, not {type(as_tuple).__name__}")
    return _columns(coordinates, args[0] if args else kwargs["input"]) if as_tuple else coordinates


def _nonzero_method(self, *args, **kwargs):
    """Coordinates of the elements that are not zero, [n, ndim]; with as_tuple=True one index tensor for each dim."""
    return nonzero(self, *args, **kwargs)


split = _C._overridable(split)
nonzero = _C._overridable(nonzero)


def install() -> None:
    """Gives Tensor the methods of this file."""
    for name, function in {"split": _split, "nonzero": _nonzero_method}.items():
        function.__name__, function.__qualname__ = name, f"Tensor.{name}"
        setattr(_C.Tensor, name, _C._overridable(function))
