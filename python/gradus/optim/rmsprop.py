"""RMSprop."""

from __future__ import annotations

from gradus import _C
from gradus.optim._rule import RuleOptimizer, check_lr, check_not_negative
from gradus.optim.optimizer import check_switches


class RMSprop(RuleOptimizer):
    """Steps by the gradient over the root of the running mean of its square (Hinton, lecture 6e, 2012).

    `centered` takes the square of the running mean off it (Graves, 2013).
    """

    _step_group = staticmethod(_C._step_RMSprop)
    _late_options = {
        "momentum": 0,
        "centered": False,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ):
        check_lr(lr)
        check_not_negative("epsilon value", eps)
        check_not_negative("momentum value", momentum)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("alpha value", alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)
        check_switches("RMSprop", foreach, differentiable, None, capturable)
