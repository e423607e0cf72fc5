"""Adamax."""

from __future__ import annotations

from gradus import _C
from gradus.optim._rule import RuleOptimizer, check_betas, check_lr, check_not_negative
from gradus.optim.optimizer import check_switches


class Adamax(RuleOptimizer):
    """Adam with the largest gradient, decaying, in place of the second moment (Kingma and Ba, 2015, section 7)."""

    _step_group = staticmethod(_C._step_Adamax)
    _late_options = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ):
        check_lr(lr)
        check_not_negative("epsilon value", eps)
        check_betas(betas)
        check_not_negative("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)
        check_switches("Adamax", foreach, differentiable, None, capturable)
