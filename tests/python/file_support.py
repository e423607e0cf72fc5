"""What the tests of files share: saving and loading in memory, and values as plain data."""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict

import pytest
from bridge import gradus, torch

DTYPES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64".split()
BOTH_WAYS = [(gradus, torch), (torch, gradus), (gradus, gradus)]
WAYS = pytest.mark.parametrize(("writer", "reader"), BOTH_WAYS, ids=["to torch", "from torch", "alone"])


def saved(library, value, **options) -> bytes:
    buffer = io.BytesIO()
    library.save(value, buffer, **options)
    return buffer.getvalue()


def loaded(library, data, **options):
    return library.load(io.BytesIO(data), **options)


def described(value):
    """A value as plain data that says everything: types, dtypes, sizes, strides, offsets, flags, bytes."""
    if isinstance(value, (gradus.Tensor, torch.Tensor)):
        flat = value.detach()
        kind = type(value).__name__
        numbers = flat.double().tolist()
        return (
            kind,
            str(value.dtype).split(".")[1],
            tuple(value.shape),
            value.stride(),
            value.storage_offset(),
            value.requires_grad,
            value.is_leaf,
            repr(numbers),
            described(dict(vars(value))),
        )
    if isinstance(value, (gradus.dtype, torch.dtype, gradus.device, torch.device, gradus.layout, torch.layout)):
        return repr(value).replace("gradus", "torch")
    if type(value).__name__ == "TypedStorage":
        return ("TypedStorage", str(value.dtype).split(".")[1], list(value.tolist()))
    if type(value).__name__ == "UntypedStorage":  # loads as elements of one byte
        return ("TypedStorage", "uint8", list(value.tolist()))
    if isinstance(value, dict):
        items = [(described(k), described(v)) for k, v in value.items()]
        return (type(value).__name__, items, described(vars(value)) if isinstance(value, OrderedDict) else None)
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, [described(v) for v in value])
    return (type(value).__name__, repr(value))


def outcome(function, *args, **options):
    """What a call gives: its value, or the class and message of its exception."""
    try:
        return function(*args, **options)
    except Exception as error:
        return type(error), str(error)


def archive(pickle, records=(), prefix="archive") -> bytes:
    """A checkpoint made by hand."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(f"{prefix}/data.pkl", pickle)
        for name, data in dict(records).items():
            file.writestr(f"{prefix}/{name}", data)
        file.writestr(f"{prefix}/version", "3\n")
    return buffer.getvalue()
