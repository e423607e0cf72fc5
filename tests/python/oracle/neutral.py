"""Holds tensors and arguments in a form that belongs to no library, and rebuilds them in any with their layout.

The rebuilding uses only operators that every library of this kind has (views of a one-dimensional tensor), so that a
missing `as_strided` does not keep other operators from being tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from oracle.library import short_name

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")


class NotExpressible(Exception):
    """The value is outside what is compared: complex, sparse, quantized, a subclass, a function."""


@dataclass
class Array:
    """A tensor's value and layout. bfloat16 is carried in float32, which holds it exactly."""

    dtype: str
    strides: tuple[int, ...]
    offset: int
    data: np.ndarray
    requires_grad: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape


@dataclass(frozen=True)
class Named:
    """A dtype, device, layout or memory format, by name."""

    kind: str
    name: str


@dataclass(frozen=True)
class Seeded:
    """A random generator in the state that a seed gives it."""

    seed: int


def is_tensor(value: Any) -> bool:
    return hasattr(value, "storage_offset") and hasattr(value, "requires_grad")


def to_numpy(tensor: Any, lib: Any) -> np.ndarray:
    """The tensor's values in a fresh array; bfloat16 as float32. Exports a copy: an exported tensor may not grow."""
    tensor = tensor.detach().clone()
    return (tensor.to(lib.float32) if short_name(tensor.dtype) == "bfloat16" else tensor).numpy()


def freeze(value: Any, lib: Any) -> Any:
    """The neutral form of an argument or result of `lib`."""
    if is_tensor(value):
        return freeze_tensor(value, lib)
    if isinstance(value, (bool, int, float, str, slice, np.generic, np.ndarray)) or value is None or value is Ellipsis:
        return value
    if isinstance(value, (list, tuple)):
        return [freeze(v, lib) for v in value] if isinstance(value, list) else tuple(freeze(v, lib) for v in value)
    if isinstance(value, dict):
        return {k: freeze(v, lib) for k, v in value.items()}
    for kind in ("dtype", "layout", "memory_format"):
        if isinstance(value, getattr(lib, kind, ())):
            name = short_name(value)
            if kind == "dtype" and name not in DTYPES:
                raise NotExpressible(f"dtype {name}")
            if name.startswith("sparse"):
                raise NotExpressible(f"layout {name}")
            return Named(kind, name)
    if isinstance(value, lib.device):
        return Named("device", str(value))
    if isinstance(value, lib.Generator):
        return Seeded(value.initial_seed())
    raise NotExpressible(type(value).__name__)


def freeze_tensor(tensor: Any, lib: Any) -> Array:
    dtype = short_name(tensor.dtype)
    if dtype not in DTYPES:
        raise NotExpressible(f"dtype {dtype}")
    if getattr(tensor, "layout", None) is not None and short_name(tensor.layout) != "strided":
        raise NotExpressible("sparse")
    if len(tensor.shape) > 64 or getattr(tensor.device, "type", "cpu") != "cpu":
        raise NotExpressible("beyond NumPy")
    data = to_numpy(tensor, lib)
    return Array(dtype, tuple(tensor.stride()), tensor.storage_offset(), data, tensor.requires_grad)


def thaw(value: Any, lib: Any) -> Any:
    """The argument that `lib` takes for a neutral value."""
    if isinstance(value, Array):
        return thaw_tensor(value, lib)
    if isinstance(value, Named):
        return lib.device(value.name) if value.kind == "device" else getattr(lib, value.name)
    if isinstance(value, Seeded):
        return lib.Generator().manual_seed(value.seed)
    if isinstance(value, list):
        return [thaw(v, lib) for v in value]
    if isinstance(value, tuple):
        return tuple(thaw(v, lib) for v in value)
    if isinstance(value, dict):
        return {k: thaw(v, lib) for k, v in value.items()}
    return value


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def thaw_tensor(array: Array, lib: Any) -> Any:
    """A leaf of `lib` with the array's values, strides and storage offset."""
    shape = array.shape
    if array.strides == row_major(shape) and array.offset == 0:
        tensor = flat_tensor(array.data.reshape(-1), array.dtype, lib).reshape(shape)
    else:
        tensor = laid_out(array, lib)
    tensor = tensor.detach()
    return tensor.requires_grad_() if array.requires_grad else tensor


def flat_tensor(values: np.ndarray, dtype: str, lib: Any) -> Any:
    tensor = lib.from_numpy(np.array(values, order="C")).clone()
    return tensor.to(lib.bfloat16) if dtype == "bfloat16" else tensor


def laid_out(array: Array, lib: Any) -> Any:
    """Cuts the layout out of a flat tensor: one dimension after the other, in order of falling stride."""
    shape, strides = array.shape, array.strides
    kept = sorted((d for d in range(len(shape)) if strides[d] > 0), key=lambda d: (-strides[d], -shape[d]))
    steps = [strides[d] for d in kept]
    counts = []
    for d, outer in zip(kept, [None, *steps]):
        # A dimension of size 1 is cut from two, where there is room: a view would choose its stride anew.
        room = outer is None or 2 * strides[d] <= outer
        counts.append(max(shape[d], 2 if shape[d] == 1 and room else 1))
        if outer is not None and counts[-1] * strides[d] > outer:
            raise NotExpressible("overlapping layout")
    extent = max((n * s for n, s in zip(counts, steps)), default=1)
    source = np.zeros(array.offset + extent, array.data.dtype)
    if array.data.size:
        window = np.lib.stride_tricks.as_strided(
            source[array.offset :], shape, [s * source.itemsize for s in strides], writeable=True
        )
        window[...] = array.data
    tensor = flat_tensor(source, array.dtype, lib)[array.offset :]
    for i, (n, s) in enumerate(zip(counts, steps)):
        tensor = tensor.narrow(i, 0, n * s).view([*counts[:i], n, s])
    tensor = tensor.select(len(kept), 0)
    for i, d in enumerate(kept):
        if shape[d] < 2:
            tensor = tensor.narrow(i, 0, shape[d])
    tensor = tensor.permute([kept.index(d) for d in sorted(kept)]) if kept else tensor
    for d in range(len(shape)):
        if strides[d] == 0:
            tensor = tensor.unsqueeze(d)
    tensor = tensor.expand(shape) if any(s == 0 for s in strides) else tensor
    if tuple(tensor.stride()) != strides or tensor.storage_offset() != array.offset:
        raise NotExpressible(f"layout {shape} {strides}")
    return tensor
