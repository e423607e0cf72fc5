"""Results of operands in many memory layouts, alone and together, have PyTorch's strides."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from oracle import isolated, layouts
from oracle.library import subject

STORED = json.loads((Path(__file__).with_name("goldens") / "layouts.json").read_text())


@pytest.fixture(scope="module")
def actual():
    return isolated.run(layouts.strides, subject())


@pytest.mark.parametrize("operator", sorted([*layouts.UNARY, *layouts.BINARY]))
def test_strides_are_pytorchs(operator, actual):
    keys = [key for key in STORED if key.partition(",")[0] == operator]
    wrong = [f"{key}: {STORED[key]} expected, got {actual[key]}" for key in keys if STORED[key] != actual[key]]
    assert keys and not wrong, "\n".join(wrong)


def test_stored_strides_are_pytorchs(torch):
    assert isolated.run(layouts.strides, torch) == STORED


DTYPES = ("float32", "float64", "int64", "bool")
CALLS = {
    "exp": lambda lib, a, b, c: a.exp(),
    "number": lambda lib, a, b, c: (a + 1, 2 - a.float(), 2 / a, a.float() / 2, 2.0**a),
    "comparison with a number": lambda lib, a, b, c: (a < 1, a == 0),
    "number as an attribute": lambda lib, a, b, c: (a.float() ** 2, a.float().clamp(0, 1)),
    "hardtanh": lambda lib, a, b, c: lib.nn.functional.hardtanh(a.float()),
    "prelu": lambda lib, a, b, c: lib.nn.functional.prelu(a.float(), lib.tensor(0.5)),
    "sum": lambda lib, a, b, c: a + b,
    "quotient": lambda lib, a, b, c: a / b,
    "comparison": lambda lib, a, b, c: a < b,
    "where": lambda lib, a, b, c: lib.where(a > 0, b, c),
    "where, number": lambda lib, a, b, c: lib.where(a > 0, b, 1),
    "addcmul": lambda lib, a, b, c: lib.addcmul(a.float(), b.float(), c.float(), value=2),
}


def operand(rng, shape):
    """(dtype, shape, strides) of a tensor of, or broadcast to, a shape; dims of size 1 may have any stride."""
    kind = rng.random()
    if kind < 0.4:
        shape = [
            1 if rng.random() < kind else size for size in shape[rng.randrange(len(shape) + 1) if kind < 0.2 else 0 :]
        ]
    order = list(range(len(shape)))[::-1]
    if rng.random() < 0.6:
        rng.shuffle(order)
    strides, step = [0] * len(shape), 1
    for d in order:
        odd, spread = rng.random() < 0.4 and shape[d] == 1, rng.random() < 0.1
        strides[d] = rng.choice((0, 1, 2, 3, 7)) if odd else 0 if spread else step
        step = step * max(shape[d], 1) + (rng.random() < 0.1)
    return rng.choice(DTYPES if rng.random() < 0.3 else DTYPES[:1]), shape, strides


def made(lib, dtype, shape, strides):
    needed = 1 + sum((size - 1) * stride for size, stride in zip(shape, strides) if size)
    return lib.ones(max(needed, 1), dtype=getattr(lib, dtype)).as_strided(shape, strides)


@pytest.mark.parametrize("name", CALLS)
def test_random_layouts_give_pytorchs_strides(name, lib, torch):
    rng = random.Random(name)
    wrong = []
    for _ in range(400):
        shape = [rng.choice((1, 1, 2, 3) if rng.random() < 0.98 else (0,)) for _ in range(rng.randrange(5))]
        operands = [operand(rng, shape) for _ in range(3)]
        operands[1] = (operands[1][0], *operands[0][1:]) if rng.random() < 0.3 else operands[1]
        actual, expected = (CALLS[name](side, *(made(side, *o) for o in operands)) for side in (lib, torch))
        if not isinstance(actual, tuple):
            actual, expected = (actual,), (expected,)
        if [x.stride() for x in actual] != [x.stride() for x in expected]:
            wrong.append(f"{operands}: {[x.stride() for x in expected]}, got {[x.stride() for x in actual]}")
    assert not wrong, "\n".join(wrong)
