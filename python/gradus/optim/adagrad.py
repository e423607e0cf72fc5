"""Adagrad."""

from __future__ import annotations

from gradus import _C
from gradus.optim._rule import RuleOptimizer, check_lr, check_not_negative, step_dtype
from gradus.optim.optimizer import check_switches


class Adagrad(RuleOptimizer):
    """Steps by the gradient over the root of the sum of its squares so far (Duchi et al., 2011)."""

    _step_group = staticmethod(_C._step_Adagrad)
    _late_options = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(
        self,
        params,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ):
        check_lr(lr)
        check_not_negative("lr_decay value", lr_decay)
        check_not_negative("weight_decay value", weight_decay)
        check_not_negative("initial_accumulator_value value", initial_accumulator_value)
        check_not_negative("epsilon value", eps)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_switches("Adagrad", foreach, differentiable, fused)
        for group in self.param_groups:
            for param in group["params"]:
                state = self.state[param]
                state["step"] = _C.tensor(0.0, dtype=step_dtype())
                state["sum"] = _C.full_like(param, initial_accumulator_value, requires_grad=False)

    def share_memory(self) -> None:
        """Moves the sums to shared memory."""
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param]["sum"].share_memory_()
