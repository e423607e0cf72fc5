"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from gradus import _C
from gradus.optim.optimizer import Optimizer, as_number, check_switches, loss_of


class SGD(Optimizer):
    """p ← p - lr·v with v = momentum·v + (1-dampening)·g and g the gradient plus weight_decay·p.

    The first v is g itself; with nesterov the step is g + momentum·v (Sutskever et al., 2013); `maximize` turns the
    gradient's sign.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        if isinstance(lr, _C.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_switches("SGD", foreach, differentiable, fused)

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("nesterov", False)
            group.setdefault("maximize", False)
            group.setdefault("foreach", None)
            group.setdefault("differentiable", False)
            group.setdefault("fused", False)

    def step(self, closure=None):
        """Updates every parameter that has a gradient; returns the closure's loss, if there is a closure."""
        loss = None if closure is None else loss_of(closure)
        for group in self.param_groups:
            params, grads = [], []
            for param in group["params"]:
                grad = param.grad
                if grad is not None:
                    params.append(param)
                    grads.append(grad)
            momentum = group["momentum"]
            if momentum == 0:
                states = None
                buffers = [None] * len(params)
            else:
                states = [self.state[param] for param in params]
                buffers = [state.get("momentum_buffer") for state in states]
            _C._sgd_step(
                params,
                grads,
                buffers,
                lr=as_number(group["lr"]),
                momentum=momentum,
                dampening=group["dampening"],
                weight_decay=as_number(group["weight_decay"]),
                nesterov=group["nesterov"],
                maximize=group["maximize"],
            )
            if states is not None:
                for state, buffer in zip(states, buffers):
                    state["momentum_buffer"] = buffer
        return loss
