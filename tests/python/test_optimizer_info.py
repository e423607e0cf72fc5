"""Every optimizer on PyTorch's own table of settings and errors, against PyTorch."""

from __future__ import annotations

import copy
import re

import pytest
from bridge import assert_near, gradus, to_gradus, torch
from torch.testing._internal.common_optimizers import optim_db


def infos():
    return [info for info in optim_db if hasattr(gradus.optim, info.optim_cls.__name__)]


def cases():
    return [
        pytest.param(info, case, id=f"{info.optim_cls.__name__}-{case.desc}")
        for info in infos()
        for case in info.optim_inputs_func(device="cpu")
    ]


def error_cases():
    return [
        pytest.param(info, case, id=f"{info.optim_cls.__name__}-{case.error_regex[:40]}")
        for info in infos()
        for case in info.optim_error_inputs_func(device="cpu", dtype=torch.float32)
    ]


def translated(value, memo=None):
    """Arguments for Gradus: tensors and parameters become its own (each once), names and numbers stay."""
    memo = {} if memo is None else memo
    if isinstance(value, torch.Tensor):
        if id(value) not in memo:
            own = to_gradus(value.detach())
            is_parameter = isinstance(value, torch.nn.Parameter)
            memo[id(value)] = gradus.nn.Parameter(own) if is_parameter else own.requires_grad_(value.requires_grad)
        return memo[id(value)]
    if isinstance(value, dict):
        return {key: translated(item, memo) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(translated(item, memo) for item in value)
    return value


def plain(value):
    """Options with tensors as numbers."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, (torch.Tensor, gradus.Tensor)) else value


def steps(lib, cls, kwargs, dtype):
    """Six steps of two layers on one batch; the losses, the parameters and the state."""
    torch.manual_seed(7)
    weights = [torch.randn(5, 3, dtype=torch.float64), torch.randn(5, dtype=torch.float64)]
    x, y = torch.randn(8, 3, dtype=torch.float64), torch.randn(8, 5, dtype=torch.float64)
    give = (
        (lambda t: t.to(getattr(torch, dtype))) if lib is torch else (lambda t: to_gradus(t.to(getattr(torch, dtype))))
    )
    params = [lib.nn.Parameter(give(w)) for w in weights]
    x, y = give(x), give(y)
    optimizer = cls(params, **kwargs)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = lib.nn.functional.mse_loss(x @ params[0].t() + params[1], y)
        loss.backward()
        losses.append(loss.item())
        return loss

    for _ in range(6):
        optimizer.step(closure)
    return losses, params, optimizer.state_dict()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("info, case", cases())
def test_settings(info, case, dtype):
    name = info.optim_cls.__name__
    theirs = steps(torch, info.optim_cls, copy.deepcopy(case.kwargs), dtype)
    ours = steps(gradus, getattr(gradus.optim, name), translated(case.kwargs), dtype)
    rtol = 2e-5 if dtype == "float32" else 1e-10
    assert ours[0] == pytest.approx(theirs[0], rel=rtol)
    for actual, expected in zip(ours[1], theirs[1]):
        assert_near(actual, expected, rtol=rtol, atol=rtol / 10)
    assert list(ours[2]["state"]) == list(theirs[2]["state"])
    for number, state in theirs[2]["state"].items():
        assert list(ours[2]["state"][number]) == list(state)
        for key, value in state.items():
            if isinstance(value, torch.Tensor):
                assert_near(ours[2]["state"][number][key], value, rtol=rtol, atol=rtol / 10)
    assert [plain(g) for g in ours[2]["param_groups"]] == [plain(g) for g in theirs[2]["param_groups"]]


@pytest.mark.parametrize("info, case", error_cases())
def test_errors(info, case):
    given = case.optimizer_error_input
    cls = getattr(gradus.optim, info.optim_cls.__name__)
    if case.error_type is UserWarning:
        with pytest.warns(UserWarning, match=case.error_regex):
            cls(translated(given.params), **translated(given.kwargs))
        return
    params, kwargs = translated(given.params), translated(given.kwargs)
    with pytest.raises(case.error_type, match=re.sub(r"\btorch\b", "(torch|gradus)", case.error_regex)):
        optimizer = cls(params, **kwargs)
        optimizer.step()
