"""Adam."""

from __future__ import annotations

from gradus import _C
from gradus.optim._rule import RuleOptimizer, check_betas, check_not_negative
from gradus.optim.optimizer import as_number, check_switches


class Adam(RuleOptimizer):
    """Steps by the running mean of the gradient over the root of the running mean of its square.

    Kingma and Ba, 2015; `amsgrad` keeps the largest second moment (Reddi et al., 2018); weight decay is added to the
    gradient, or with decoupled_weight_decay taken from the parameter (Loshchilov and Hutter, 2019).
    """

    _step_group = staticmethod(_C._step_Adam)
    _late_options = {
        "amsgrad": False,
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "fused": None,
    }

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ):
        self._check_numbers(lr, betas, eps, weight_decay, foreach, capturable)
        defaults = {
            "lr": lr,
            "betas": tuple(as_number(beta) for beta in betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_switches(type(self).__name__, foreach, differentiable, fused, capturable)

    @staticmethod
    def _check_numbers(lr, betas, eps, weight_decay, foreach, capturable) -> None:
        if isinstance(lr, _C.Tensor):
            if foreach and not capturable:
                raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
            if lr.numel() != 1:
                raise ValueError("Tensor lr must be 1-element")
        check_not_negative("learning rate", lr)
        check_not_negative("epsilon value", eps)
        check_betas(betas)
        check_not_negative("weight_decay value", weight_decay)
        kinds = [isinstance(beta, float) or isinstance(beta, _C.Tensor) * 2 for beta in betas[:2]]
        if not kinds[0] or kinds[0] != kinds[1]:
            raise ValueError("betas must be either both floats or both Tensors")
        for position in (0, 1):
            if isinstance(betas[position], _C.Tensor):
                if foreach and not capturable:
                    raise ValueError(
                        f"betas[{position}] as a Tensor is not supported for capturable=False and foreach=True"
                    )
                if betas[position].numel() != 1:
                    raise ValueError(f"Tensor betas[{position}] must be 1-element")
