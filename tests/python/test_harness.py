"""The comparison itself: a library with planted faults has to be found out, PyTorch against itself has to pass."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import harness, neutral
from oracle.neutral import Array, NotExpressible, freeze, row_major, thaw


class Faulty:
    """PyTorch with some functions exchanged."""

    def __init__(self, torch, **replaced):
        self.__dict__.update(replaced)
        self._torch = torch

    def __getattr__(self, name):
        return getattr(self._torch, name)


def wrong_gradient(torch):
    class Tanh(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = torch.tanh(x)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return -g * (1 - y * y)

    return lambda x, out=None: Tanh.apply(x) if out is None else torch.tanh(x, out=out)


FAULTS = {
    "value": ("exp", lambda t: lambda x, out=None: t.exp(x, out=out) * 1.0001),
    "dtype": ("sum", lambda t: lambda *a, **k: t.sum(*a, **k).to(t.float16)),
    "shape": ("neg", lambda t: lambda x, out=None: t.neg(x).unsqueeze(0)),
    "strides": (
        "add",
        lambda t: lambda *a, **k: t.add(*a, **k).mT.contiguous().mT if len(a[0].shape) > 1 else t.add(*a, **k),
    ),
    "grad": ("tanh", wrong_gradient),
    "out": ("mul", lambda t: lambda x, y, out=None: t.mul(x, y) if out is None else out.zero_()),
}


@pytest.mark.parametrize("category", FAULTS)
def test_finds_a_planted_fault(category, torch, monkeypatch):
    name, make = FAULTS[category]
    monkeypatch.setattr(harness, "subject", lambda: Faulty(torch, **{name: make(torch)}))
    report = harness.check_op(name, 6, False)
    assert report.passed < report.total
    assert report.checks[category][0] < report.checks[category][1]


def test_passes_pytorch_against_itself(torch, monkeypatch):
    monkeypatch.setattr(harness, "subject", lambda: torch)
    report = harness.check_op("mul", 6, False)
    assert report.passed == report.total > 0
    assert report.failures == []


LAYOUTS = [
    ((), (), 0), ((3,), (2,), 1), ((2, 3), (3, 1), 0), ((2, 3), (1, 2), 4), ((2, 3, 4), (1, 8, 2), 0),
    ((2, 3), (7, 2), 3), ((2, 3), (0, 1), 0), ((2, 3, 2), (6, 0, 1), 2), ((2, 0, 3), (3, 3, 1), 0),
    ((1, 3), (5, 1), 0), ((3, 1, 2), (2, 2, 1), 0), ((2, 3, 4, 5), (60, 1, 15, 3), 0),
]  # fmt: skip


@pytest.mark.parametrize("dtype", neutral.DTYPES)
@pytest.mark.parametrize("shape,strides,offset", LAYOUTS)
def test_rebuilds_layouts(shape, strides, offset, dtype, lib):
    values = np.arange(int(np.prod(shape))).reshape(shape).astype("float32" if dtype == "bfloat16" else dtype)
    values = np.broadcast_to(values[tuple(slice(0, 1 if s == 0 else None) for s in strides)], shape)
    tensor = thaw(Array(dtype, strides, offset, values), lib)
    back = freeze(tensor, lib)
    assert (back.dtype, back.shape, back.strides, back.offset) == (dtype, shape, strides, offset)
    assert np.array_equal(back.data, values)


def test_refuses_overlapping_layouts(lib):
    with pytest.raises(NotExpressible):
        thaw(Array("float32", (1, 1), 0, np.zeros((2, 2), "float32")), lib)


def test_row_major():
    assert row_major((2, 3, 4)) == (12, 4, 1)
    assert row_major((2, 0, 4)) == (4, 4, 1)


def test_sees_what_a_call_leaves_behind():
    gradus = pytest.importorskip("gradus")
    kept = []
    assert harness.without_leaks(lambda: gradus.ones(2).sum().item(), gradus) == (2.0, "")
    assert "tensors" in harness.without_leaks(lambda: kept.append(gradus.ones(2)), gradus)[1]
    assert harness.without_leaks(lambda: 3, object()) == (3, "")
