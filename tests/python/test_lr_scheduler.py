"""Schedules against PyTorch: learning rates and momenta step by step, state dicts both ways, refusals, warnings."""

from __future__ import annotations

import copy
import warnings

import pytest
from bridge import both, gradus, names, torch

SCHEDULES = [
    "s.LambdaLR(o, lambda e: 0.9**e)",
    "s.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1 / (1 + e)])",
    "s.MultiplicativeLR(o, lambda e: 0.95)",
    "s.StepLR(o, 3)",
    "s.StepLR(o, step_size=2, gamma=0.5)",
    "s.MultiStepLR(o, [2, 5, 5, 9], gamma=0.3)",
    "s.ConstantLR(o, 0.25, 4)",
    "s.LinearLR(o, 0.1, 0.8, 6)",
    "s.ExponentialLR(o, 0.9)",
    "s.PolynomialLR(o, 7, 2.0)",
    "s.CosineAnnealingLR(o, 5, 0.001)",
    "s.CosineAnnealingLR(o, 12)",
    "s.CosineAnnealingWarmRestarts(o, 3, 2, 0.01)",
    "s.CosineAnnealingWarmRestarts(o, 4)",
    "s.CyclicLR(o, 0.01, 0.2, 3)",
    "s.CyclicLR(o, [0.01, 0.02], [0.2, 0.3], 2, 5, mode='triangular2')",
    "s.CyclicLR(o, 0.01, 0.2, 3, mode='exp_range', gamma=0.9, cycle_momentum=False)",
    "s.CyclicLR(o, 0.01, 0.2, 3, scale_fn=lambda x: 1 / x)",
    "s.OneCycleLR(o, 0.3, total_steps=20)",
    "s.OneCycleLR(o, [0.3, 0.1], epochs=4, steps_per_epoch=6, three_phase=True, anneal_strategy='linear')",
    "s.OneCycleLR(o, 0.3, total_steps=22, cycle_momentum=False, pct_start=0.5)",
    "s.SequentialLR(o, [s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)], [4])",
    "s.SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingLR(o, 6), s.StepLR(o, 2)], [3, 8])",
    "s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)], o)",
]
STEPS = 18


def optimizer_of(lib, kind="SGD", lr=0.1):
    p, q = lib.nn.Parameter(lib.ones(2)), lib.nn.Parameter(lib.ones(3))
    settings = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(lib.optim, kind)([{"params": [p]}, {"params": [q], "lr": 0.05}], lr=lr, **settings)


def make(lib, schedule, optimizer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(schedule, {"s": lib.optim.lr_scheduler, "o": optimizer})


def advance(optimizer, scheduler, steps):
    """Learning rates and momenta of all groups after each step."""
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(steps):
            optimizer.step()
            scheduler.step()
            groups = optimizer.param_groups
            seen.append([(float(g["lr"]), g.get("momentum"), g.get("betas")) for g in groups])
            assert [float(x) for x in scheduler.get_last_lr()] == [lr for lr, *_ in seen[-1]]
    return seen


def plain(state):
    """A state dict without what cannot be compared."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items() if key != "_scale_fn_ref"}
    return [plain(x) for x in state] if isinstance(state, list) else state


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_are_pytorchs(schedule, kind):
    results = []
    for lib in (gradus, torch):
        optimizer = optimizer_of(lib, kind)
        scheduler = make(lib, schedule, optimizer)
        results.append((advance(optimizer, scheduler, STEPS), plain(scheduler.state_dict())))
    ours, theirs = results
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_continues_from_pytorchs_state(schedule):
    """Seven steps there, optimizer and schedule carried over, the rest here."""
    reference = optimizer_of(torch)
    their_schedule = make(torch, schedule, reference)
    advance(reference, their_schedule, 7)
    optimizer = optimizer_of(gradus)
    scheduler = make(gradus, schedule, optimizer)
    scheduler.load_state_dict(copy.deepcopy(their_schedule.state_dict()))
    optimizer.load_state_dict(copy.deepcopy(reference.state_dict()))
    assert advance(optimizer, scheduler, 5) == advance(reference, their_schedule, 5)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mode": "max", "patience": 1},
        {"threshold_mode": "abs", "threshold": 0.05, "patience": 0, "cooldown": 2},
        {"factor": 0.5, "patience": 1, "min_lr": [0.03, 0.01]},
        {"mode": "max", "threshold_mode": "abs", "patience": 0, "eps": 0.02},
    ],
)
def test_plateau(settings):
    measures = [1.0, 0.9, 0.95, 0.9, 0.91, 0.92, 0.5, 0.5, 0.49, 0.6, 0.7, 0.7, 0.7, 0.7, 0.2, 0.3, 0.3]

    def run(lib):
        optimizer = optimizer_of(lib)
        scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **settings)
        seen = []
        for measure in measures:
            scheduler.step(lib.tensor(measure, dtype=lib.float64))
            seen.append(scheduler.get_last_lr())
        return seen, scheduler.state_dict(), scheduler.in_cooldown

    ours, theirs = both(run)
    assert ours == theirs


def test_a_learning_rate_that_is_a_tensor_keeps_its_identity():
    def run(lib):
        lr = lib.tensor(0.5)
        optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(2))], lr=lr)
        scheduler = lib.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        advance(optimizer, scheduler, 3)
        return optimizer.param_groups[0]["lr"] is lr, lr.item(), scheduler.base_lrs[0].item()

    ours, theirs = both(run)
    assert ours == theirs == (True, 0.0625, 0.5)


WARNED = [
    "sch.step()",
    "o.step(); sch.step(3)",
    "sch.get_lr()",
    "setattr(o, 'step', lambda: None); sch.step()",
    "o.step(); sch.step()",
    "o.register_step_post_hook(lambda *a: None); o.step(); sch.step()",
]


@pytest.mark.parametrize("program", WARNED)
def test_warnings(program):
    def run(lib):
        optimizer = optimizer_of(lib)
        scheduler = lib.optim.lr_scheduler.StepLR(optimizer, 2)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            exec(program, {"o": optimizer, "sch": scheduler})
        return [(w.category.__name__, names(w.message)) for w in caught], scheduler.get_last_lr()

    ours, theirs = both(run)
    assert ours == theirs


REFUSALS = [
    "s.StepLR(3, 1)",
    "s.LambdaLR(o, [lambda e: 1])",
    "s.MultiplicativeLR(o, 3)",
    "s.StepLR(o, 2, last_epoch=4)",
    "s.ConstantLR(o, 2.0)",
    "s.LinearLR(o, 0.0)",
    "s.LinearLR(o, 0.5, 2.0)",
    "s.SequentialLR(o, [], [])",
    "s.SequentialLR(o, [s.StepLR(o, 1)], [3])",
    "s.SequentialLR(o, [3], [])",
    "s.SequentialLR(o, [s.ReduceLROnPlateau(o)], [])",
    "s.ChainedScheduler([])",
    "s.ChainedScheduler([s.StepLR(o, 1)], o2)",
    "s.ReduceLROnPlateau(o, mode='up')",
    "s.ReduceLROnPlateau(o, threshold_mode='up')",
    "s.ReduceLROnPlateau(o, factor=1.5)",
    "s.ReduceLROnPlateau(o, min_lr=[1])",
    "s.ReduceLROnPlateau(3)",
    "s.CyclicLR(o, 0.1, [0.2])",
    "s.CyclicLR(o, 0.1, 0.2, mode='x')",
    "s.CyclicLR(plain, 0.1, 0.2)",
    "s.CosineAnnealingWarmRestarts(o, 0)",
    "s.CosineAnnealingWarmRestarts(o, 2, 0)",
    "s.CosineAnnealingWarmRestarts(o, 2, 1, 'a')",
    "s.CosineAnnealingWarmRestarts(o, 2).step(-1)",
    "s.OneCycleLR(o, 0.1)",
    "s.OneCycleLR(o, 0.1, total_steps=0)",
    "s.OneCycleLR(o, 0.1, epochs=1.5, steps_per_epoch=2)",
    "s.OneCycleLR(o, 0.1, epochs=1, steps_per_epoch=-2)",
    "s.OneCycleLR(o, 0.1, total_steps=3, pct_start=2.0)",
    "s.OneCycleLR(o, 0.1, total_steps=3, anneal_strategy='x')",
    "[(o.step(), one.step()) for one in [s.OneCycleLR(o, 0.1, total_steps=3)] for _ in range(6)]",
    "s.LRScheduler(o)",
]


@pytest.mark.parametrize("call", REFUSALS)
def test_refusals(call):
    def attempt(lib):
        plain = lib.optim.Adagrad([lib.nn.Parameter(lib.ones(2))])
        scope = {"s": lib.optim.lr_scheduler, "o": optimizer_of(lib), "o2": optimizer_of(lib), "plain": plain}
        return eval(call, scope)

    ours, theirs = both(attempt)
    assert isinstance(theirs, tuple), theirs
    assert ours == theirs
