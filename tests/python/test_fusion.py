"""Operations that wait are fused into few loops, plans are kept, and every bit stays the same."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import pytest

gradus = pytest.importorskip("gradus")

from stream_support import N, bits, counted, draw, float64, group_kinds, only_segment, rms_norm, script, softmax  # noqa: E402

from gradus import nn, stream  # noqa: E402

pytestmark = pytest.mark.usefixtures("deferred")

# ---- what is fused


def layer_norm(x: gradus.Tensor) -> gradus.Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred * gradus.rsqrt(centred.square().mean(-1, keepdim=True) + 1e-5)


def gelu(x: gradus.Tensor) -> gradus.Tensor:
    return 0.5 * x * (1 + gradus.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def log_sum_exp(x: gradus.Tensor) -> gradus.Tensor:
    top = x.amax(-1, keepdim=True)
    return ((x - top).exp().sum(-1, keepdim=True)).log() + top


def numpy_softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def numpy_gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


# name: (kind of the only group, program, the same in float64)
FUSED: dict[str, tuple[str, Callable, Callable]] = {
    "chain": (
        "pointwise",
        lambda x: ((x * x + 3) * 0.5 - x).clamp(-1, 1),
        lambda x: np.clip((x * x + 3) / 2 - x, -1, 1),
    ),
    "gelu": ("pointwise", gelu, numpy_gelu),
    "softmax": ("rows", softmax, numpy_softmax),
    "rms norm": (
        "rows",
        lambda x: rms_norm(x, x[0]),
        lambda x: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * x[0],
    ),
    "layer norm": (
        "rows",
        layer_norm,
        lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5),
    ),
    "log-sum-exp": ("rows", log_sum_exp, lambda x: np.log(np.exp(x).sum(-1, keepdims=True))),
    "column sums": ("rows", lambda x: (x * 2).sum(0), lambda x: (x * 2).sum(0)),
    "full sum": ("fold", lambda x: (x * x).sum(), lambda x: (x * x).sum()),
    "full mean": ("fold", lambda x: (x.exp() - 1).mean(), lambda x: (np.exp(x) - 1).mean()),
    "full maximum": ("fold", lambda x: (x * -3).amax(), lambda x: (x * -3).max()),
    "softmax operator": ("rows", lambda x: (x * 3 + x[0]).softmax(-1) * 2, lambda x: numpy_softmax(x * 3 + x[0]) * 2),
    "cross entropy by hand": (
        "rows",
        lambda x: ((x * 2).log_softmax(-1) * -x.square()).sum(-1),
        lambda x: (np.log(numpy_softmax(2 * x)) * -(x**2)).sum(-1),
    ),
    "sum of softmax": ("rows", lambda x: (softmax(x) * x).sum(), lambda x: (numpy_softmax(x) * x).sum()),
    "broadcast": ("pointwise", lambda x: (x + x[0]) * x[:, :1] - 1, lambda x: (x + x[0]) * x[:, :1] - 1),
}


@pytest.mark.parametrize("name", FUSED)
def test_one_loop(name):
    kind, program, expected = FUSED[name]
    x = draw(77, 130)
    with stream.watch() as seen:
        y = program(x)
    segment = only_segment(seen)
    assert group_kinds(segment) == [kind]
    assert len(segment["groups"][0]["records"]) == len(segment["records"]) > 1
    np.testing.assert_allclose(float64(y), expected(float64(x)), rtol=1e-4, atol=1e-5)


def test_rows_of_a_table_are_read_where_they_are():
    table, index, mean = draw(500, 96), gradus.arange(499, -1, -7).view(4, 18), draw(96)
    with stream.watch() as seen:
        y = ((table[index] - mean) * 2).square().sum(-1)
    segment = only_segment(seen)
    assert group_kinds(segment) == ["rows"] and len(segment["groups"][0]["records"]) == 5
    assert [t["shape"] for t in segment["groups"][0]["writes"]] == ["[4, 18]"]
    chosen = float64(table)[np.array(index.tolist())]
    np.testing.assert_allclose(float64(y), (4 * (chosen - float64(mean)) ** 2).sum(-1), rtol=1e-5)


def test_a_table_written_later_has_been_read_before():
    table, index = draw(64, 64), gradus.arange(63, -1, -1)
    before = float64(table)
    first = table[index] + 1
    table.mul_(table[index])
    second = table[index] * 1
    index.zero_()
    third = table[index] + 0
    np.testing.assert_array_equal(float64(first), (before[::-1].astype(np.float32) + np.float32(1)))
    product = (before * before[::-1]).astype(np.float32)
    np.testing.assert_array_equal(float64(second), product[::-1])
    np.testing.assert_array_equal(float64(third), np.repeat(product[:1], 64, 0))


def test_an_index_out_of_range_is_refused_at_the_call():
    table = draw(64, 64)
    with counted() as found:
        with pytest.raises(IndexError, match="index 64 is out of bounds for dimension 0 with size 64"):
            table[gradus.arange(1, 65)]
        with pytest.raises(IndexError, match="out of range"):
            nn.functional.embedding(gradus.arange(-1, 63), table)
    assert found["recorded"] == 0


def test_a_long_chain_is_one_loop():
    x = draw(N)
    with stream.watch() as seen:
        y = x
        for _ in range(12):
            y = (y * x).tanh()
    segment = only_segment(seen)
    assert group_kinds(segment) == ["pointwise"] and segment["groups"][0]["steps"] == 24
    assert segment["groups"][0]["registers"] == 2


def test_different_shapes_are_different_loops():
    with stream.watch() as seen:
        y, z = (draw(N) * 2).tanh(), (draw(2 * N) * 2).tanh()
    assert group_kinds(only_segment(seen)) == ["pointwise", "pointwise"]
    del y, z


def test_an_expensive_row_is_not_recomputed():
    """Two row reductions of the same values share what feeds them."""
    x = draw(64, 128)
    with counted() as found:
        y = x.exp().sum(-1), x.exp().amax(-1)
        stream.synchronize()
    assert found["shared"] == 1 and found["groups"] == 1 and found["instructions"] == 3
    del y


def backward_of(program: Callable, x: gradus.Tensor, weight: gradus.Tensor) -> list[gradus.Tensor]:
    x, weight = (t.detach().clone().requires_grad_() for t in (x, weight))
    stream.synchronize()
    loss = (program(x) * weight).sum()
    loss.backward()
    return [loss, x.grad, weight.grad]


def masked_attention(x: gradus.Tensor) -> gradus.Tensor:
    mask = gradus.arange(x.shape[1]) > gradus.arange(x.shape[0]).unsqueeze(1)
    return (x * 0.125).masked_fill(mask, float("-inf")).softmax(-1)


@pytest.mark.parametrize("program", [gelu, softmax, layer_norm, masked_attention, lambda x: x.tanh() * x.sigmoid()])
def test_forward_and_backward_fuse(program):
    x, weight = draw(64, 128), draw(128)
    with stream.watch() as seen:
        deferred = backward_of(program, x, weight)
    segments = [s for s in seen.segments if len(s["records"]) > 3]
    assert len(segments) == 1
    records = segments[0]["records"]
    forward = next(i for i, r in enumerate(records) if r["op"] == "sum" and r["out"]["shape"] == "[]")
    across = [g for g in segments[0]["groups"] if min(g["records"]) <= forward < max(g["records"])]
    assert across, "no loop has records of both"
    assert len(segments[0]["groups"]) <= 3 < len(records) / 2
    stream.set_deferred(False)
    assert [bits(t) for t in deferred] == [bits(t) for t in backward_of(program, x, weight)]


def test_bias_gradient_is_summed_by_the_loop_before_it():
    x, bias = draw(64, 128), draw(128).requires_grad_()
    gradient = draw(64, 128, seed=3)
    with stream.watch() as seen:
        (x + bias).tanh().backward(gradient)
    segment = seen.segments[-1]
    folding = [g for g in segment["groups"] if g["folds"]]
    assert len(folding) == 1 and len(folding[0]["records"]) > 1
    expected = (1 - np.tanh(float64(x) + float64(bias)) ** 2) * float64(gradient)
    np.testing.assert_allclose(float64(bias.grad), expected.sum(0), rtol=1e-4, atol=1e-5)


# ---- the same bits


def mixed_types(x: gradus.Tensor) -> gradus.Tensor:
    low = x.to(gradus.bfloat16) * 3
    counts = (x * 10).to(gradus.int32) // 3 + (x > 0)
    return (low + counts).to(gradus.float64) * x.to(gradus.float16)


def in_place(x: gradus.Tensor) -> gradus.Tensor:
    y = x.clone()
    row, turned = y[3:9], y.t()
    y.mul_(2)
    row += 1
    turned[5].exp_()
    y[:, ::3] = y[:, :1] - row.sum()
    row.copy_(turned.t()[:6] * 2)
    return turned + y.mean(0)[:, None]


PROGRAMS = {name: program for name, (_, program, _) in FUSED.items()} | {
    "mixed types": mixed_types,
    "in place": in_place,
    "long rows": lambda x: softmax(x.reshape(1, -1)) + x.sum(),
    "short rows": lambda x: softmax(x.reshape(-1, 5)).sum(0),
    "products": lambda x: (x.tanh() @ x.t() * 0.1).softmax(-1) + 1,
    "double": lambda x: layer_norm(x.double()).sum(0),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_bits_are_those_of_one_after_the_other(name):
    program, x = PROGRAMS[name], draw(77, 130)
    with counted() as found:
        gradus.set_num_threads(1)
        waited = {"automatic": bits(program(x))}
        for tile in (256, 4096):
            gradus._C._set_tile(tile)
            waited[f"tiles of {tile}"] = bits(program(x))
        gradus._C._set_tile(0)
        gradus.set_num_threads(3)
        waited["three threads"] = bits(program(x))
    assert found["recorded"] >= 8  # at least two operations each time
    stream.set_deferred(False)
    with counted() as found:
        at_once = bits(program(x))
    assert found["recorded"] == 0
    assert [how for how, result in waited.items() if result != at_once] == []


def test_views_and_writes_leave_what_numpy_leaves():
    x = draw(64, 64)
    a = x.numpy().copy()
    x = x.clone()
    x *= 2
    left, turned = x[:, :32], x.t()
    a *= 2
    left += turned[32:].t()
    a[:, :32] += a[:, 32:]
    turned[1:3] = 7
    a[:, 1:3] = 7
    y = x + left.sum(1, keepdim=True) * 0
    x.zero_()
    np.testing.assert_allclose(y.numpy(), a, rtol=1e-6)
    assert not x.numpy().any()
    assert left._version == x._version == 4


# ---- plans


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_training_with_a_changing_rate_needs_no_new_plan(optimizer):
    gradus.manual_seed(1)
    model = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.LayerNorm(128), nn.Linear(128, 64))
    x, target = draw(32, 64), draw(32, 64, seed=2)
    optimizer = getattr(gradus.optim, optimizer)(model.parameters(), lr=0.01)
    losses = []
    for step in range(50):
        if step == 3:
            before = stream.counters()
        for group in optimizer.param_groups:
            group["lr"] = 0.01 / (1 + step)
        optimizer.zero_grad()
        loss = (model(x) - target).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    after = stream.counters()
    assert after["plan_misses"] == before["plan_misses"]
    assert after["plan_hits"] >= before["plan_hits"] + 47
    assert after["recorded"] >= before["recorded"] + 47 * 4
    assert losses[-1] < losses[0]


def test_plans_of_many_lengths_stay_within_their_cap():
    printed = script(
        """
        import random
        stream.set_deferred(True)
        lengths = random.Random(3)
        for _ in range(1000):
            n = lengths.randrange(2048, 40000)
            x = gradus.full((n,), 0.5)
            for factor in range(1, 160):
                x = x * factor - x * (factor - 1) if factor % 2 else (x + 1) - 1
            total = (x.sum() / n).item()
            assert abs(total - 0.5) < 1e-4, (n, total)
            seen = stream.counters()
            assert 0 < seen["plan_bytes"] <= 16 << 20, seen
        print(seen["plan_misses"], seen["plans"])
        """
    )
    misses, plans = map(int, printed.split())
    assert misses > 900 and 50 < plans < misses / 2  # the oldest were dropped


def test_lengths_met_before_are_found_again():
    lengths = random.Random(5).sample(range(2048, 9000), 20)

    def once() -> None:
        for n in lengths:
            assert (gradus.ones(n) * 3).sum().item() == 3 * n

    once()
    with counted() as found:
        once()
    assert found["plan_misses"] == 0 and found["plan_hits"] == len(lengths)
