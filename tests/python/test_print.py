"""How tensors print: repr, str and format against PyTorch."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from bridge import both, gradus, names, torch

DTYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.fixture(autouse=True)
def default_options():
    yield
    for lib in (gradus, torch):
        lib.set_printoptions(profile="default")


def random_case(rng):
    """A shape, values and a dtype such that everything the formatter decides on occurs."""
    dim = rng.randint(0, 4)
    sizes = [0, 1, 2, 3, 5, 6, 7, 8, 13, 40] if rng.random() < 0.3 else [1, 2, 3, 4, 7, 8]
    shape = [rng.choice(sizes) for _ in range(dim)]
    dtype = rng.choice(DTYPES)
    largest = 3 if dtype == "float16" else 1.5 if "int8" in dtype else 9
    state = np.random.RandomState(rng.randrange(2**31))
    values = state.randn(*shape) * 10 ** rng.uniform(-6 if "float" in dtype else 0, largest)
    if "int" in dtype:
        values = np.clip(np.abs(values), 0, 100) if "int8" in dtype else np.trunc(values)
    if rng.random() < 0.3:
        values = np.round(values)
    if rng.random() < 0.2:
        values = values * (state.rand(*shape) > 0.5)
    values = np.asarray(values, dtype=np.float64)
    if "float" in dtype and values.size and rng.random() < 0.2:
        values = values.copy()
        values.reshape(-1)[rng.randrange(values.size)] = rng.choice([math.nan, math.inf, -math.inf])
    return values, dtype


def tensor_of(lib, values, dtype, history):
    tensor = lib.from_numpy(np.array(values, copy=True))
    tensor = tensor > 0 if dtype == "bool" else tensor.to(getattr(lib, dtype))
    if "float" in dtype and history:
        tensor.requires_grad_()
        if history == 2:
            tensor = tensor * 2
        elif history == 3 and tensor.dim() == 2:
            tensor = tensor.t()
    return tensor


@pytest.mark.parametrize("seed", range(12))
def test_random_tensors_and_options(seed):
    rng = random.Random(seed)
    for _ in range(60):
        values, dtype = random_case(rng)
        history = rng.choice([0, 0, 1, 2, 3])
        options = {"profile": "default"}
        if rng.random() < 0.3:
            options = {
                "threshold": rng.choice([5, 10, 1000]),
                "edgeitems": rng.choice([0, 1, 2, 3]),
                "linewidth": rng.choice([20, 80, 100]),
                "precision": rng.choice([2, 4, 7]),
                "sci_mode": rng.choice([None, None, True, False]),
            }
        for lib in (gradus, torch):
            lib.set_printoptions(**options)
        assert repr(tensor_of(gradus, values, dtype, history)) == repr(tensor_of(torch, values, dtype, history))


CASES = [
    "lib.tensor(3)",
    "lib.tensor(-0.5)",
    "lib.tensor([])",
    "lib.empty(0, 3)",
    "lib.empty(2, 0, dtype=lib.int64)",
    "lib.tensor([True, False])",
    "lib.tensor([[1e-10, 1.0], [2.0, 3e8]])",
    "lib.tensor([1.0, 2.0, float('nan'), float('-inf')])",
    "lib.tensor([0.0, -0.0])",
    "lib.arange(1001)",
    "lib.arange(1000).view(10, 100)",
    "lib.zeros(1001, 2, 3)",
    "lib.zeros(2, 2, 2, 2)",
    "lib.ones(3, dtype=lib.float16)",
    "lib.nn.Parameter(lib.ones(2, 2))",
    "lib.nn.Parameter(lib.ones(1), requires_grad=False)",
    "lib.ones(2, requires_grad=True) + 1",
    "(lib.ones(30, 30, requires_grad=True) * 2)[:9]",
    "[lib.ones(2), lib.tensor(1)]",
    "f'{lib.tensor(1.23456):.2f}'",
    "f'{lib.tensor(1.5, requires_grad=True):.2f}'",
    "f'{lib.tensor(7):04d}'",
    "f'{lib.ones(2)}'",
    "f'{lib.tensor(2.5)}'",
    "f'{lib.ones(2):.2f}'",
    "str(lib.tensor([1.0]))",
    "'%.3f' % lib.tensor(2.0)",
    "lib.finfo(lib.float32), lib.finfo(lib.float16), lib.finfo(lib.bfloat16), lib.finfo(lib.float64), lib.finfo()",
    "lib.iinfo(lib.int8), lib.iinfo(lib.uint8), lib.iinfo(lib.int64)",
    "lib.finfo(lib.float16).tiny, lib.finfo(lib.float64).max, lib.finfo(lib.float32).eps, lib.finfo(lib.float64).min",
    "lib.typename(lib.ones(1)), lib.typename(3), lib.typename(lib.nn.ReLU()), lib.typename(int)",
]


@pytest.mark.parametrize("text", CASES)
def test_cases(text):
    ours, theirs = both(lambda lib: names(eval(text, {"lib": lib, "f": None})))
    assert ours == theirs


def test_limits_of_the_wrong_kind_of_dtype():
    for call in ("finfo(lib.int8)", "iinfo(lib.float32)"):
        ours, theirs = both(lambda lib, call=call: eval("lib." + call, {"lib": lib}))
        assert ours[0] == theirs[0] == "TypeError"


def test_profiles():
    values = np.linspace(0, 1, 24).reshape(4, 6)
    for profile in ("short", "full", "default"):
        for lib in (gradus, torch):
            lib.set_printoptions(profile=profile)
        for data in (values, np.arange(1500.0)):
            assert repr(gradus.from_numpy(data)) == repr(torch.from_numpy(data))


def test_printing_records_nothing():
    """Nothing that printing does ends up in the graph, and the gradient mode is left as it was."""
    tensor = gradus.ones(40, 40, requires_grad=True)
    before = tensor._version
    repr(tensor)
    assert gradus.is_grad_enabled() and tensor._version == before
    with gradus.no_grad():
        repr(tensor)
        assert not gradus.is_grad_enabled()
