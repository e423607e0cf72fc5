"""A step over many parameters at once: the bits are those of an optimizer per parameter, however it runs."""

from __future__ import annotations

import gc

import pytest

import gradus
from gradus import stream

RULES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("Adamax", {}),
    ("NAdam", {}),
    ("RAdam", {}),
]


@pytest.fixture(autouse=True)
def restored():
    threads, deferred = gradus.get_num_threads(), stream.is_deferred()
    yield
    gradus.set_num_threads(threads)
    stream.set_deferred(deferred)


def parameters():
    """Many small ones, large ones, other dtypes and layouts, views of one memory, one that an array looks at."""
    gradus.manual_seed(1)
    flat = gradus.randn(90)
    made = [gradus.randn(n) for n in range(1, 40)] + [gradus.randn(70, 80), gradus.randn(100_000), gradus.randn(())]
    made += [gradus.randn(30).double(), gradus.randn(30, 3).bfloat16(), gradus.randn(4, 5).half(), gradus.zeros(0)]
    made += [gradus.randn(20, 30).t(), gradus.randn(2, 8, 5, 5).contiguous(memory_format=gradus.channels_last)]
    made += [flat[:30], flat[30:60], flat[60:], gradus.randn(8, 9)[:, ::2]]
    seen = gradus.randn(12)
    return [gradus.nn.Parameter(t) for t in [*made, seen]], seen.numpy()


def give_gradients(params, step):
    gradus.manual_seed(step)
    for number, param in enumerate(params):
        param.grad = None if (number + step) % 11 == 0 else gradus.randn(param.shape).to(param.dtype)
    params[5].grad = params[4].grad.new_ones(6)
    params[39].grad = gradus.randn(80, 70).t()


def bits(params, optimizers):
    found = []
    for param in params:
        (state,) = [o.state[param] for o in optimizers if param in o.state] or [{}]
        for name, t in {"param": param, **state}.items():
            found.append((name, t._version, t.detach().contiguous().view(-1).view(gradus.uint8).tolist()))
    return found


def trained(name, options, together, steps=4):
    params, seen = parameters()
    groups = [params] if together else [[p] for p in params]
    optimizers = [getattr(gradus.optim, name)(group, **options) for group in groups]
    for step in range(steps):
        give_gradients(params, step)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] *= 0.9
            optimizer.step()
    assert seen.tolist() == params[-1].tolist()
    return bits(params, optimizers)


@pytest.mark.parametrize("name, options", RULES)
def test_bits_are_those_of_one_after_the_other(name, options):
    stream.set_deferred(False)
    gradus.set_num_threads(1)
    expected = trained(name, options, together=False)
    for deferred in (False, True):
        for threads in (1, 2):
            stream.set_deferred(deferred)
            gradus.set_num_threads(threads)
            assert trained(name, options, together=True) == expected


def test_tied_and_repeated_parameters():
    def run(groups):
        gradus.manual_seed(2)
        a, b = gradus.nn.Parameter(gradus.randn(50)), gradus.nn.Parameter(gradus.randn(50))
        b.grad = a.grad = gradus.randn(50)
        optimizers = [gradus.optim.SGD(group, lr=0.1, momentum=0.9) for group in groups(a, b)]
        for _ in range(3):
            for optimizer in optimizers:
                optimizer.step()
        return a.tolist(), b.tolist()

    with pytest.warns(UserWarning, match="duplicate"):
        twice = run(lambda a, b: [[a, b, a]])
    assert twice[1] == run(lambda a, b: [[a, b]])[1]
    assert twice[0] != run(lambda a, b: [[a, b]])[0]


def test_one_loop_for_many():
    params = [gradus.nn.Parameter(gradus.randn(n)) for n in range(10, 60)]
    optimizer = gradus.optim.AdamW(params)
    for param in params:
        param.grad = gradus.ones_like(param)
    optimizer.step()
    before = stream.counters()
    for step in range(20):
        optimizer.param_groups[0]["lr"] = 1e-3 / (step + 1)
        optimizer.step()
    after = stream.counters()
    found = {name: after[name] - before[name] for name in after}
    assert found["replayed"] == 20 * (len(params) - 1)
    assert found["groups"] == 20 and found["plan_misses"] <= 1 and found["direct"] == 0


def test_state_that_runs_code_is_safe():
    class Table(dict):
        def __missing__(self, key):
            gc.collect()
            self[key] = {}
            return self[key]

    params = [gradus.nn.Parameter(gradus.ones(20)) for _ in range(8)]
    optimizer = gradus.optim.Adam(params)
    optimizer.state = Table()
    for _ in range(3):
        for param in params:
            param.grad = gradus.ones(20)
        optimizer.step()
    assert all(param.tolist() == params[0].tolist() for param in params)
    assert len(optimizer.state) == 8
