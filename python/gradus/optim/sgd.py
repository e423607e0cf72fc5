"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from gradus import _C
from gradus.optim._rule import RuleOptimizer, check_lr
from gradus.optim.optimizer import check_switches


class SGD(RuleOptimizer):
    """p ← p - lr·v with v = momentum·v + (1-dampening)·g and g the gradient plus weight_decay·p.

    The first v is g itself; with nesterov the step is g + momentum·v (Sutskever et al., 2013); `maximize` turns the
    gradient's sign.
    """

    _step_group = staticmethod(_C._step_SGD)
    _late_options = {"nesterov": False, "maximize": False, "foreach": None, "differentiable": False, "fused": False}

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
        check_lr(lr)
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
