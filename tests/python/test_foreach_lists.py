"""Operators on lists so long that one loop runs over them: bits, versions and errors of one tensor after the other."""

from __future__ import annotations

import numpy as np
import pytest
from bridge import both, gradus

from gradus import stream

# Name, lists that are only read, numbers.
CALLS = [
    ("zero", 0, ()),
    ("neg", 0, ()),
    ("sqrt", 0, ()),
    ("add", 0, (2,)),
    ("clamp_min", 0, (3,)),
    ("pow", 0, (2,)),
    ("copy", 1, ()),
    ("add", 1, ()),
    ("mul", 1, ()),
    ("maximum", 1, ()),
    ("lerp", 1, (0.25,)),
    ("lerp", 2, ()),
    ("addcmul", 2, (3,)),
    ("addcdiv", 2, (0.5,)),
]
DTYPES = ["float32", "float64", "bfloat16", "float16", "int64"]


@pytest.fixture(autouse=True)
def restored():
    threads, deferred = gradus.get_num_threads(), stream.is_deferred()
    gradus.set_num_threads(2)
    yield
    gradus.set_num_threads(threads)
    stream.set_deferred(deferred)


def lists(lib, n, dtype, plain=False):
    """The list that is written, then n that are read: of one shape or not, dense or not, with memory in common."""
    random = np.random.default_rng(4)

    def one(*shape):
        return lib.from_numpy(np.asarray(random.random(shape) * 5 + 1)).to(getattr(lib, dtype)).clone()

    def similar(make):
        return [make() for _ in range(n + 1)]

    places = [similar(lambda k=k: one(3000 + k)) for k in range(30)]
    if not plain:
        places += [similar(lambda: one(50, 90).t()) for _ in range(2)]
        places += [similar(lambda: one(2, 8, 20, 20).contiguous(memory_format=lib.channels_last))]
        places += [similar(lambda: one(60, 90)[:, ::2]), similar(lambda: one(0)), similar(lambda: one())]
        places += [[one(4000), *(one(1).expand(4000) for _ in range(n))], [one(80, 50), *(one(50) for _ in range(n))]]
        flat = one(9000)
        places += [[flat[k : k + 3000], *similar(lambda: one(3000))[1:]] for k in (0, 3000, 6000, 1500)]
        places += [places[0], places[5]]  # once more
        places += [[one(3001), *[places[1][0]] * n], [places[2][0], *[places[2][0]] * n]]  # reads what was written
    stream.synchronize()
    return [list(column) for column in zip(*places, strict=True)]


def bits(tensors):
    copies = [gradus.empty(t.numel(), dtype=t.dtype).copy_(t.reshape(-1)) for t in tensors]
    return [(t._version, copy.view(gradus.uint8).numpy().tobytes()) for t, copy in zip(tensors, copies, strict=True)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name, n, numbers", CALLS)
def test_bits_are_those_of_one_after_the_other(name, n, numbers, dtype):
    call = getattr(gradus, f"_foreach_{name}_")

    def run(deferred, threads, alone):
        stream.set_deferred(deferred)
        gradus.set_num_threads(threads)
        all_of = lists(gradus, n, dtype)
        try:
            for place in zip(*all_of, strict=True) if alone else ():
                call(*([t] for t in place), *numbers)
            if not alone:
                call(*all_of, *numbers)
        except RuntimeError as error:
            return str(error), [bits(tensors) for tensors in all_of]
        return [bits(tensors) for tensors in all_of]

    expected = run(False, 1, alone=True)
    for deferred in (False, True):
        for threads in (1, 2, 3):
            assert run(deferred, threads, alone=False) == expected


@pytest.mark.parametrize("dtype", ["float32", "int64"])
@pytest.mark.parametrize("name, n, numbers", CALLS)
def test_values_versions_and_errors_of_pytorch(name, n, numbers, dtype):
    def run(lib):
        all_of = lists(lib, n, dtype)
        error = None
        try:
            getattr(lib, f"_foreach_{name}_")(*all_of, *numbers)
        except RuntimeError as e:
            error = str(e)
        values = [t.contiguous().numpy() for t in all_of[0]]
        return values, ([t._version for tensors in all_of for t in tensors], error)

    (got, facts), (expected, wanted) = both(run)
    assert facts == wanted
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=4e-6)


def test_few_loops_for_many():
    for name, n, numbers in CALLS:
        all_of = lists(gradus, n, "float32", plain=True)
        before = stream.counters()["replayed"]
        getattr(gradus, f"_foreach_{name}_")(*all_of, *numbers)
        assert stream.counters()["replayed"] - before == len(all_of[0]) - 2, name  # in two parts


def test_lists_that_are_the_same():
    def run(lib):
        a, b = lists(lib, 1, "float64", plain=True)
        lib._foreach_addcmul_(a, b, b, 0.5)
        lib._foreach_mul_(a, a)
        lib._foreach_addcdiv_(a, a, b, 0.5)
        return [(t._version, t.tolist()) for t in a + b]

    before = stream.counters()["replayed"]
    got, expected = both(run)
    assert stream.counters()["replayed"] - before == 3 * 28
    for a, b in zip(got, expected, strict=True):
        assert a[0] == b[0]
        np.testing.assert_allclose(a[1], b[1], rtol=1e-14)


def test_what_waits_goes_on_waiting():
    (tensors,) = lists(gradus, 0, "float32", plain=True)
    last = tensors[-1].mul_(2)
    before = stream.counters()
    gradus._foreach_add_(tensors, 1)
    after = stream.counters()
    if stream.is_deferred():
        assert after["groups"] == before["groups"]
    assert after["replayed"] == before["replayed"]
    assert last._version == 2


@pytest.mark.parametrize(
    "spoil",
    [
        "b[12] = lib.ones(7)",
        "b[12] = lib.ones(3012, requires_grad=True)",
        "a[12] = lib.ones(3012, dtype=lib.int64)",
        "a[12] = lib.ones(1).expand(3012)",
        "b[12] = a[12][None].expand(3, 3012)",
    ],
)
def test_what_came_before_an_error_is_done(spoil):
    def run(lib):
        a, b = lists(lib, 1, "float32", plain=True)
        exec(spoil, {"lib": lib, "a": a, "b": b})
        before = [t.detach().clone() for t in a]
        try:
            lib._foreach_addcdiv_(a, b, b, 0.5)
            error = None
        except RuntimeError as e:
            error = str(e)
        changed = [not bool((t.detach() == u).all()) for t, u in zip(a, before, strict=True)]
        return error, changed, [t._version for t in a], [t.requires_grad for t in a]

    got, expected = both(run)
    assert got == expected


def test_gradients_of_lists():
    def run(lib):
        a, b = lists(lib, 1, "float64", plain=True)
        leaves = [t.requires_grad_() for t in a]
        grown = [t * 2 for t in leaves]
        lib._foreach_mul_(grown, b)
        with lib.no_grad():
            lib._foreach_add_(leaves, 1)
        sum(t.sum() for t in grown).backward()
        return [(t._version, bool((t.grad == 2 * u).all())) for t, u in zip(leaves, b, strict=True)]

    got, expected = both(run)
    assert got == expected == [(1, True)] * 30


def test_an_array_sees_what_is_written():
    (tensors,) = lists(gradus, 0, "float32", plain=True)
    seen = tensors[3].numpy()
    gradus._foreach_zero_(tensors)
    assert not seen.any()


def test_gradients_are_cleared_in_place():
    def run(lib):
        params = [lib.nn.Parameter(lib.ones(3000 + k)) for k in range(30)]
        for number, param in enumerate(params):
            if number % 7 != 3:
                param.grad = lib.ones_like(param)
        params[5].grad = params[5].detach()  # the parameter itself
        params[9].grad, params[10].grad = (params[9] * 2).sum(0, keepdim=True).expand(3009).clone(), lib.ones(3010)
        params[10].grad.requires_grad_()
        held = [param.grad for param in params]
        lib.optim.SGD(params[:20], lr=0.1).zero_grad(set_to_none=False)
        module = lib.nn.ParameterList(params[20:])
        module.zero_grad(set_to_none=False)
        lib.optim.SGD([lib.nn.Parameter(lib.ones(2))], lr=0.1).zero_grad(set_to_none=False)
        return [
            g is None
            or (g is p.grad, g.requires_grad, g.grad_fn, g._version, g.sum().item(), p._version, p.sum().item())
            for g, p in zip(held, params, strict=True)
        ]

    got, expected = both(run)
    assert got == expected
