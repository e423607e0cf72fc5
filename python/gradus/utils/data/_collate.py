"""Turning lists of samples into batches."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence

from gradus import _C


def _rebuild_mapping(like, entries: dict):
    """A mapping of the same type with other values; a plain dict where the type can't be built."""
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)  # may carry more than its entries
            clone.update(entries)
            return clone
        return type(like)(entries)
    except TypeError:
        return entries


def _rebuild_sequence(like, items: list):
    """A sequence of the same type with other items; a list where the type can't be built."""
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for position, item in enumerate(items):
                clone[position] = item
            return clone
        return type(like)(items)
    except TypeError:
        return items


def _is_numpy(kind: type) -> bool:
    return kind.__module__ == "numpy" and kind.__name__ not in ("str_", "string_", "bytes_")


def _holds_text(array) -> bool:
    """True for arrays of strings or objects, which no tensor can hold."""
    return array.dtype.kind in "SUO"


def default_convert(data):
    """NumPy values inside a sample become tensors; containers keep their type, other values stay."""
    kind = type(data)
    if isinstance(data, _C.Tensor):
        return data
    if _is_numpy(kind):
        return data if kind.__name__ == "ndarray" and _holds_text(data) else _C.as_tensor(data)
    if isinstance(data, Mapping):
        return _rebuild_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        items = [default_convert(item) for item in data]
        return kind(*items) if hasattr(data, "_fields") else items
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _rebuild_sequence(data, [default_convert(item) for item in data])
    return data


def _refuse(kind):
    raise TypeError(f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}")


def _collate_leaf(batch, elem):
    """A batch of tensors, arrays, numbers or strings; the batch unchanged as a 1-tuple stands for `found`."""
    kind = type(elem)
    if isinstance(elem, _C.Tensor):
        return (_C.stack(batch, 0),)
    if _is_numpy(kind) or any(_is_numpy(base) for base in kind.__mro__[1:-1]):
        if hasattr(elem, "__array__") and getattr(elem, "ndim", 0) >= 0 and kind.__name__ in ("ndarray", "memmap"):
            if _holds_text(elem):
                _refuse(elem.dtype)
            return (default_collate([_C.as_tensor(item) for item in batch]),)
        if not isinstance(elem, (str, bytes)):
            return (_C.as_tensor(batch),)
    if isinstance(elem, float):
        return (_C.tensor(batch, dtype=_C.float64),)
    if isinstance(elem, int):
        return (_C.tensor(batch),)
    if isinstance(elem, (str, bytes)):
        return (batch,)
    return None


def collate(batch, *, collate_fn_map: dict | None = None):
    """Collates with functions chosen by the samples' type: `collate_fn_map[type](batch, collate_fn_map=...)`."""
    elem = batch[0]
    if collate_fn_map is not None:
        function = collate_fn_map.get(type(elem))
        if function is None:
            function = next((fn for kind, fn in collate_fn_map.items() if isinstance(elem, kind)), None)
        if function is not None:
            return function(batch, collate_fn_map=collate_fn_map)
    return _collate_container(batch, elem, lambda items: collate(items, collate_fn_map=collate_fn_map))


def _collate_container(batch, elem, inner):
    """Mappings and sequences are collated entry by entry."""
    if isinstance(elem, Mapping):
        return _rebuild_mapping(elem, {key: inner([sample[key] for sample in batch]) for key in elem})
    if isinstance(elem, tuple) and hasattr(elem, "_fields"):
        return type(elem)(*(inner(items) for items in zip(*batch)))
    if isinstance(elem, Sequence):
        if any(len(sample) != len(elem) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [inner(items) for items in zip(*batch)]
        return columns if isinstance(elem, tuple) else _rebuild_sequence(elem, columns)
    _refuse(type(elem))


def default_collate(batch):
    """Stacks tensors, arrays and numbers along a new first dimension, inside whatever containers hold them.

    Floats become float64, ints int64; strings stay; tuples become lists, mappings and named tuples keep their type.
    """
    elem = batch[0]
    leaf = _collate_leaf(batch, elem)
    return leaf[0] if leaf is not None else _collate_container(batch, elem, default_collate)
