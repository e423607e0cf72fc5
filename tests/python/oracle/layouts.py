"""Results' strides for operands of many memory layouts: what every later view, copy and random fill depends on."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracle.neutral import Array, thaw

# name -> (strides, offset) of a tensor of shape (2, 3, 4, 5), or of a shape that broadcasts to it.
SHAPE = (2, 3, 4, 5)
LAYOUTS: dict[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    "contiguous": (SHAPE, (60, 20, 5, 1), 0),
    "channels last": (SHAPE, (60, 1, 15, 3), 0),
    "transposed": (SHAPE, (60, 20, 1, 4), 0),
    "reversed": (SHAPE, (1, 2, 6, 24), 0),
    "gaps": (SHAPE, (120, 40, 10, 2), 1),
    "padded rows": (SHAPE, (96, 32, 8, 1), 3),
    "expanded": (SHAPE, (0, 20, 5, 1), 0),
    "expanded inside": (SHAPE, (20, 0, 5, 1), 0),
    "channel bias": ((3, 1, 1), (1, 1, 1), 0),
    "row": ((5,), (1,), 0),
    "column": ((4, 1), (1, 1), 0),
    "number": ((), (), 0),
    "one batch": ((1, 3, 4, 5), (60, 1, 15, 3), 0),
    "single": ((1, 1, 1, 1), (1, 1, 1, 1), 0),
}
BINARY = {
    "add": lambda lib, a, b: a + b,
    "comparison": lambda lib, a, b: a < b,
    "maximum": lambda lib, a, b: lib.maximum(a, b),
    "where": lambda lib, a, b: lib.where(a > 0, a, b),
    "division of integers": lambda lib, a, b: a.to(lib.int64) / b,
}
UNARY = {
    "exp": lambda lib, a: a.exp(),
    "scalar": lambda lib, a: a * 2,
    "clone": lambda lib, a: a.clone(),
    "ones_like": lambda lib, a: lib.ones_like(a),
    "ones_like contiguous": lambda lib, a: lib.ones_like(a, memory_format=lib.contiguous_format),
    "to": lambda lib, a: a.to(lib.float64),
    "contiguous": lambda lib, a: a.contiguous(),
    "dropout": lambda lib, a: lib.nn.functional.dropout(a, 0.5),
    "softmax": lambda lib, a: a.softmax(-1) if a.dim() else a,
    "sum last": lambda lib, a: a.sum(-1, keepdim=True) if a.dim() else a,
    "sum first": lambda lib, a: a.sum(0) if a.dim() else a,
    "max": lambda lib, a: a.max(0).values if a.dim() else a,
    "reshape": lambda lib, a: a.reshape(-1),
    "flatten": lambda lib, a: a.flatten(1) if a.dim() > 2 else a,
    "mask": lambda lib, a: a[a > 0],
    "index": lambda lib, a: a[:, lib.tensor([0, 0])] if a.dim() > 1 else a,
    "stack": lambda lib, a: lib.stack([a, a], -1),
    "cat": lambda lib, a: lib.cat([a, a]) if a.dim() else a,
    "squeeze": lambda lib, a: a.unsqueeze(0).squeeze(),
    "matmul": lambda lib, a: lib.matmul(a, a.mT) if a.dim() > 1 else a,
    "random like": lambda lib, a: lib.rand_like(a),
}


def tensor(name: str, lib: Any) -> Any:
    shape, strides, offset = LAYOUTS[name]
    index = tuple(slice(0, 1) if s == 0 else slice(None) for s in strides)
    values = np.random.default_rng(len(name)).uniform(-1, 1, shape).astype(np.float32)
    return thaw(Array("float32", strides, offset, np.broadcast_to(values[index], shape)), lib)


def strides(lib: Any) -> dict[str, list[int]]:
    """By operator and layouts: "operator, layout[, layout]" -> strides and offset of the result."""
    found: dict[str, list[int]] = {}
    for left in LAYOUTS:
        for name, call in UNARY.items():
            found[f"{name}, {left}"] = described(call(lib, tensor(left, lib)))
        for right in LAYOUTS:
            for name, call in BINARY.items():
                found[f"{name}, {left}, {right}"] = described(call(lib, tensor(left, lib), tensor(right, lib)))
    return found


def described(result: Any) -> list[int]:
    return [*result.stride(), result.storage_offset()]
