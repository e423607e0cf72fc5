"""Adadelta."""

from __future__ import annotations

from gradus import _C
from gradus.optim._rule import RuleOptimizer, check_lr, check_not_negative
from gradus.optim.optimizer import check_switches


class Adadelta(RuleOptimizer):
    """Scales the gradient by the root of averaged squared steps over averaged squared gradients (Zeiler, 2012)."""

    _step_group = staticmethod(_C._step_Adadelta)
    _late_options = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative("epsilon value", eps)
        check_not_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)
        check_switches("Adadelta", foreach, differentiable, None, capturable)
