"""RAdam."""

from __future__ import annotations

from gradus import _C
from gradus.optim._rule import RuleOptimizer, check_betas, check_lr, check_not_negative
from gradus.optim.optimizer import check_switches


class RAdam(RuleOptimizer):
    """Adam that waits for the variance of its second moment to settle (Liu et al., 2020)."""

    _step_group = staticmethod(_C._step_RAdam)
    _late_options = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
        "decoupled_weight_decay": False,
    }

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)
        check_switches("RAdam", foreach, differentiable, None, capturable)
