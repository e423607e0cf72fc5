"""Optimizers against PyTorch: trajectories, state dicts in both directions, refusals."""

from __future__ import annotations

import copy
import importlib
import warnings

import pytest
from bridge import assert_near, assert_same, both, gradus, to_gradus, to_torch, torch

SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.01, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "maximize": True, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.2, "amsgrad": True}),
]
SHAPES = [(3, 4), (17,), ()]


def parameters(lib, dtype="float32"):
    lib.manual_seed(4)
    return [lib.nn.Parameter(lib.randn(shape, dtype=getattr(lib, dtype))) for shape in SHAPES]


def set_gradients(lib, params, step):
    """Random gradients, the same for both libraries; the last parameter has none in the first steps."""
    torch.manual_seed(step)
    for param in params:
        grad = torch.randn(tuple(param.shape), dtype=torch.float64).to(torch.float32)
        grad = (grad if lib is torch else to_gradus(grad)).to(param.dtype)
        param.grad = None if step < 2 and param is params[-1] else grad


def run(lib, name, settings, steps=8, dtype="float32"):
    params = parameters(lib, dtype)
    optimizer = getattr(lib.optim, name)(params, **settings)
    for step in range(steps):
        set_gradients(lib, params, step)
        optimizer.step()
    return params, optimizer


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, settings", SETTINGS)
def test_trajectory_and_state(name, settings, dtype):
    params, optimizer = run(gradus, name, settings, dtype=dtype)
    expected, reference = run(torch, name, settings, dtype=dtype)
    rtol = 2e-6 if dtype == "float32" else 1e-13
    for actual, wanted in zip(params, expected):
        assert_near(actual, wanted, rtol=rtol, atol=rtol / 4)
    ours, theirs = optimizer.state_dict(), reference.state_dict()
    assert ours["param_groups"] == theirs["param_groups"]
    assert list(ours["state"]) == list(theirs["state"])
    for number, state in theirs["state"].items():
        assert list(ours["state"][number]) == list(state)
        for key, value in state.items():
            assert_near(ours["state"][number][key], value, rtol=rtol, atol=rtol / 4)
    assert repr(optimizer) == repr(reference)


def convert_state(value, convert):
    if isinstance(value, dict):
        return {key: convert_state(item, convert) for key, item in value.items()}
    if isinstance(value, list):
        return [convert_state(item, convert) for item in value]
    return convert(value) if isinstance(value, (torch.Tensor, gradus.Tensor)) else value


@pytest.mark.parametrize("name, settings", SETTINGS)
def test_continues_from_pytorchs_state(name, settings):
    """Five steps there, the state carried over, three steps here: as eight steps there."""
    theirs, reference = run(torch, name, settings, steps=5)
    ours = [gradus.nn.Parameter(to_gradus(param)) for param in theirs]
    optimizer = getattr(gradus.optim, name)(ours, lr=7.0)
    optimizer.load_state_dict(convert_state(reference.state_dict(), to_gradus))
    for step in range(5, 8):
        for lib, params, stepper in ((gradus, ours, optimizer), (torch, theirs, reference)):
            set_gradients(lib, params, step)
            stepper.step()
    for actual, wanted in zip(ours, theirs):
        assert_near(actual, wanted, rtol=2e-6, atol=1e-6)


def test_state_dict_loads_into_pytorch():
    params, optimizer = run(gradus, "Adam", {"amsgrad": True}, steps=5)
    theirs = [torch.nn.Parameter(to_torch(param)) for param in params]
    reference = torch.optim.Adam(theirs)
    reference.load_state_dict(convert_state(optimizer.state_dict(), to_torch))
    for lib, tensors, stepper in ((gradus, params, optimizer), (torch, theirs, reference)):
        set_gradients(lib, tensors, 9)
        stepper.step()
    for actual, wanted in zip(params, theirs):
        assert_near(actual, wanted, rtol=2e-6, atol=1e-6)


def test_training_reaches_pytorchs_losses():
    """A small network on one batch, 30 steps of Adam from one seed."""

    def losses(lib):
        lib.manual_seed(0)
        x, y = lib.randn(32, 6), lib.randn(32, 4)
        model = lib.nn.Sequential(lib.nn.Linear(6, 64), lib.nn.Tanh(), lib.nn.Linear(64, 4))
        optimizer = lib.optim.Adam(model.parameters(), lr=0.01)
        values = []
        for _ in range(30):
            loss = lib.nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            values.append(loss.item())
        return values

    assert losses(gradus) == pytest.approx(losses(torch), rel=1e-5)


def test_learning_rate_may_change_and_be_a_tensor():
    def run_lib(lib):
        params = parameters(lib)
        optimizer = lib.optim.SGD(params, lr=lib.tensor(0.5))
        for step, lr in enumerate((None, 0.1, 0.02)):
            if lr is not None:
                optimizer.param_groups[0]["lr"] = lr
            set_gradients(lib, params, step)
            optimizer.step()
        return params

    for actual, wanted in zip(run_lib(gradus), run_lib(torch)):
        assert_near(actual, wanted, rtol=2e-6)


def test_groups_names_closure_and_hooks():
    def run_lib(lib):
        log = []
        model = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Linear(2, 1))
        groups = [
            {"params": model[0].named_parameters(prefix="0")},
            {"params": model[1].named_parameters(prefix="1"), "lr": 0.5, "momentum": 0.3},
        ]
        optimizer = lib.optim.SGD(groups, lr=0.1)
        handles = [
            optimizer.register_step_pre_hook(lambda o, args, kwargs: log.append(("pre", len(args), kwargs))),
            optimizer.register_step_post_hook(lambda o, args, kwargs: log.append("post")),
        ]

        def closure():
            optimizer.zero_grad()
            loss = model(lib.ones(1, 2)).sum() * 0 + 3
            log.append(lib.is_grad_enabled())
            loss.backward()
            return loss

        with lib.no_grad():
            log.append(optimizer.step(closure).item())
        for handle in handles:
            handle.remove()
        optimizer.step()
        packed = optimizer.state_dict()["param_groups"]
        log.append([(g["params"], g["param_names"], g["lr"], g["momentum"]) for g in packed])
        log.append(repr(optimizer))
        optimizer.zero_grad(set_to_none=False)
        log.append([p.grad.sum().item() for p in model.parameters()])
        optimizer.zero_grad()
        log.append([p.grad for p in model.parameters()])
        return log

    ours, theirs = both(run_lib)
    assert ours == theirs


def test_a_step_leaves_no_graph_and_counts_versions():
    params, optimizer = run(gradus, "AdamW", {})
    before = [param._version for param in params]
    set_gradients(gradus, params, 3)
    optimizer.step()
    assert all(param.grad_fn is None and param.requires_grad for param in params)
    assert all(param._version > version for param, version in zip(params, before))


def test_own_optimizer():
    """A subclass written for PyTorch: its step is called, hooks run around it, deepcopy keeps its state."""

    class Plain(gradus.optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        @gradus.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for param in group["params"]:
                    param.add_(param.grad, alpha=-group["lr"])
                    self.state[param]["count"] = self.state[param].get("count", 0) + 1

    param = gradus.nn.Parameter(gradus.ones(2))
    optimizer = Plain([param])
    calls = []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    param.grad = gradus.ones(2)
    optimizer.step()
    assert_near(param, torch.full((2,), 0.9))
    assert calls == [1] and optimizer.state_dict()["state"] == {0: {"count": 1}}
    clone = copy.deepcopy(optimizer)
    assert clone.param_groups[0]["params"][0] is not param and clone.state_dict()["state"] == {0: {"count": 1}}


REFUSALS = [
    "optim.SGD([], lr=1)",
    "optim.SGD(p, lr=1)",
    "optim.SGD([p], lr=-1)",
    "optim.SGD([p], momentum=-1)",
    "optim.SGD([p], weight_decay=-1)",
    "optim.SGD([p], nesterov=True)",
    "optim.SGD([p], momentum=0.9, dampening=0.1, nesterov=True)",
    "optim.SGD([p], lr=lib.ones(2))",
    "optim.SGD([{'params': {p}}])",
    "optim.SGD([3])",
    "optim.SGD([p * 2])",
    "optim.SGD([{'params': [p]}, {'params': [p]}])",
    "optim.SGD([('a', p), q])",
    "optim.SGD([{'params': [('a', p)]}, {'params': [q]}])",
    "optim.SGD([p]).add_param_group([q])",
    "optim.SGD([p]).step(1, 2, 3)",
    "optim.Adam([p], lr=-1)",
    "optim.Adam([p], eps=-1)",
    "optim.Adam([p], betas=(1.0, 0.9))",
    "optim.Adam([p], betas=(0.9, -0.1))",
    "optim.Adam([p], betas=(0, 0.9))",
    "optim.Adam([p], weight_decay=-1)",
    "optim.AdamW([p], fused=True, foreach=True)",
    "optim.Adam([p]).load_state_dict(optim.Adam([{'params': [p]}, {'params': [q]}]).state_dict())",
    "optim.Adam([p]).load_state_dict(optim.Adam([p, q]).state_dict())",
    "optim.Optimizer([p], {'x': required})",
    "optim.Optimizer([p], {}).step()",
]


@pytest.mark.parametrize("call", REFUSALS)
def test_refusals(call):
    def attempt(lib):
        p, q = lib.nn.Parameter(lib.ones(2)), lib.nn.Parameter(lib.ones(2))
        required = importlib.import_module(lib.__name__ + ".optim.optimizer").required
        return eval(call, {"lib": lib, "optim": lib.optim, "p": p, "q": q, "required": required})

    ours, theirs = both(attempt)
    assert isinstance(theirs, tuple), theirs
    assert ours == theirs


def test_duplicate_parameters_are_warned_about():
    param = gradus.nn.Parameter(gradus.ones(2))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        gradus.optim.SGD([param, param])


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate parameters")
@pytest.mark.parametrize("name, settings", [("SGD", {"momentum": 0.9}), ("SGD", {}), ("Adam", {}), ("RMSprop", {})])
def test_a_parameter_listed_twice_moves_as_in_pytorch(name, settings):
    def run(lib):
        p, q = lib.nn.Parameter(lib.ones(2)), lib.nn.Parameter(lib.ones(2))
        optimizer = getattr(lib.optim, name)([p, q, p], lr=0.1, **settings)
        for _ in range(3):
            optimizer.zero_grad()
            (p * p + q).sum().backward()
            optimizer.step()
        return p

    assert_near(run(gradus), run(torch))


def test_what_is_not_here_is_refused():
    param = gradus.nn.Parameter(gradus.ones(2))
    with pytest.raises(NotImplementedError, match="differentiable"):
        gradus.optim.Adam([param], differentiable=True)
    with pytest.raises(NotImplementedError, match="capturable"):
        gradus.optim.Adam([param], capturable=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradus.optim.SGD([param], foreach=True), gradus.optim.SGD([param], fused=True)


def test_zero_sized_and_unused_parameters():
    params = [gradus.nn.Parameter(gradus.ones(0)), gradus.nn.Parameter(gradus.ones(2))]
    for name in ("SGD", "Adam", "AdamW"):
        params[0].grad = None
        optimizer = getattr(gradus.optim, name)(params, lr=0.1)
        optimizer.step()
        assert not optimizer.state_dict()["state"]
        params[0].grad = gradus.zeros(0)
        optimizer.step()
    assert_same(params[1], torch.ones(2))


@pytest.mark.parametrize("name", ["Adam", "SGD", "RMSprop"])
def test_what_was_updated_before_an_error_keeps_its_state(name):
    first, second = (gradus.ones(4, requires_grad=True) for _ in range(2))
    alone = gradus.ones(4, requires_grad=True)
    options = {"lr": 0.1, **({} if name == "Adam" else {"momentum": 0.9})}
    optimizer, expected = (
        getattr(gradus.optim, name)([first, second], **options),
        getattr(gradus.optim, name)([alone], **options),
    )
    for p in (first, second, alone):
        p.grad = gradus.arange(4.0)
    expected.step()
    key = next(k for k in expected.state[alone] if k != "step")
    optimizer.state[second].update({**copy.deepcopy(dict(expected.state[alone])), key: gradus.ones(7)})
    with pytest.raises(RuntimeError):
        optimizer.step()
    assert first.tolist() == alone.tolist()
    assert {k: v.tolist() for k, v in optimizer.state[first].items()} == {
        k: v.tolist() for k, v in expected.state[alone].items()
    }
