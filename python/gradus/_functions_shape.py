"""Functions of any number of tensors, and others about shapes that PyTorch writes in Python too."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence

from gradus import _C
from gradus._modes import no_grad

_meshgrid_warned = False


def broadcast_tensors(*tensors):
    """Views of all tensors in their common shape."""
    return _C.broadcast_tensors(tensors)


def broadcast_shapes(*shapes):
    """The common shape to which tensors of these shapes broadcast."""
    given = [(s,) if isinstance(s, int) else s for s in shapes if s is not None]
    for shape in given:
        if not isinstance(shape, Sequence):
            raise RuntimeError(f"Input shapes should be of type ints, a tuple of ints, or a list of ints, got {shape}")
    common = [1] * max(map(len, given), default=0)
    for position, shape in enumerate(given):
        for i in range(-1, -1 - len(shape), -1):
            if common[i] == 1 and shape[i] != 1:
                if shape[i] < 0:
                    raise ValueError("Attempting to broadcast a dimension with negative length!")
                common[i] = shape[i]
            elif shape[i] not in (1, common[i]):
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {shape[i]} at {i}! Mismatching argument at index "
                    f"{position} had {shape}; but expected shape should be broadcastable to {common}"
                )
    return _C.Size(common)


def meshgrid(*tensors, indexing: str | None = None):
    """Views of vectors as coordinates of a grid: `indexing` "ij" counts rows first, "xy" columns first."""
    global _meshgrid_warned
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tensors[0]
    if indexing is not None:
        return _C.meshgrid(tensors, indexing=indexing)
    if not _meshgrid_warned:
        import warnings

        _meshgrid_warned = True
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.", stacklevel=2
        )
    return _C.meshgrid(tensors)


def block_diag(*tensors):
    """A matrix with the given ones along its diagonal."""
    return _C.block_diag(tensors)


def cartesian_prod(*tensors):
    """All combinations of one element of each vector, [n, number of vectors]."""
    return _C.cartesian_prod(tensors)


def atleast_1d(*tensors):
    """The tensors, each with at least one dim."""
    return _C.atleast_1d(tensors[0] if len(tensors) == 1 else tensors)


def atleast_2d(*tensors):
    """The tensors, each with at least two dims."""
    return _C.atleast_2d(tensors[0] if len(tensors) == 1 else tensors)


def atleast_3d(*tensors):
    """The tensors, each with at least three dims."""
    return _C.atleast_3d(tensors[0] if len(tensors) == 1 else tensors)


def unravel_index(indices, shape):
    """Positions in a tensor of `shape` as a vector, as one index tensor for each dim."""
    if indices.is_complex() or indices.is_floating_point() or indices.dtype == _C.bool:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if not isinstance(shape, (int, Sequence)):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    for n in sizes:
        if not isinstance(n, int):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(n)}")
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    steps = [*itertools.accumulate((*reversed(sizes[1:]),), operator.mul, initial=1)][::-1] if sizes else []
    at = indices.unsqueeze(-1).floor_divide(_C.tensor(steps, dtype=_C.int64))
    return (at % _C.tensor(sizes, dtype=_C.int64)).unbind(-1)


def _into(name, results, out):
    """Copies a list of results into the tensors of `out=`."""
    if len(out) != len(results):
        raise RuntimeError(f"{name}() expected an out= argument of size {len(results)}, got size {len(out)}")
    for target, result in zip(out, results):
        if target.dtype != result.dtype:
            raise RuntimeError(f"Expected out tensor to have dtype {result.dtype}, but got {target.dtype} instead")
    with no_grad():
        for target, result in zip(out, results):
            _C.alias_copy(result, out=target)


def _with_out(function):
    """A function that returns a list, with `out=`."""
    name = function.__name__

    def call(*args, out=None, **kwargs):
        if out is None:
            return function(*args, **kwargs)
        if not isinstance(out, (tuple, list)):
            raise TypeError(f"{name}(): argument 'out' must be tuple of Tensors, not {type(out).__name__}")
        return _into(name, function(*args, **kwargs), out)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = function.__doc__
    return call


unbind_copy = _with_out(_C.unbind_copy)
split_copy = _with_out(_C.split_copy)
split_with_sizes_copy = _with_out(_C.split_with_sizes_copy)

for _name in (
    "broadcast_tensors meshgrid block_diag cartesian_prod atleast_1d atleast_2d atleast_3d unravel_index unbind_copy "
    "split_copy split_with_sizes_copy"
).split():
    globals()[_name] = _C._overridable(globals()[_name])
