"""Adam."""

from __future__ import annotations

from gradus import _C
from gradus.optim.optimizer import Optimizer, as_number, check_switches, loss_of


class Adam(Optimizer):
    """Steps by the running mean of the gradient over the root of the running mean of its square.

    Kingma and Ba, 2015; `amsgrad` keeps the largest second moment (Reddi et al., 2018); weight decay is added to the
    gradient, or with decoupled_weight_decay taken from the parameter (Loshchilov and Hutter, 2019).
    """

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
        if not 0.0 <= lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for position in (0, 1):
            if not 0.0 <= betas[position] < 1.0:
                raise ValueError(f"Invalid beta parameter at index {position}: {betas[position]}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
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

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("amsgrad", False)
            group.setdefault("maximize", False)
            group.setdefault("foreach", None)
            group.setdefault("capturable", False)
            group.setdefault("differentiable", False)
            group.setdefault("decoupled_weight_decay", False)
            group.setdefault("fused", None)
            for param in group["params"]:
                own = self.state.get(param)
                if own and not isinstance(own["step"], _C.Tensor):  # once a plain number
                    own["step"] = _C.tensor(float(own["step"]), dtype=_step_dtype())

    def _init_state(self, state: dict, param, amsgrad: bool) -> None:
        state["step"] = _C.tensor(0.0, dtype=_step_dtype())
        state["exp_avg"] = _C.zeros_like(param, requires_grad=False)
        state["exp_avg_sq"] = _C.zeros_like(param, requires_grad=False)
        if amsgrad:
            state["max_exp_avg_sq"] = _C.zeros_like(param, requires_grad=False)

    def step(self, closure=None):
        """Updates every parameter that has a gradient; returns the closure's loss, if there is a closure."""
        loss = None if closure is None else loss_of(closure)
        for group in self.param_groups:
            amsgrad = group["amsgrad"]
            params, grads, means, squares, maxima, steps = [], [], [], [], [], []
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                state = self.state[param]
                if not state:
                    self._init_state(state, param, amsgrad)
                params.append(param)
                grads.append(grad)
                means.append(state["exp_avg"])
                squares.append(state["exp_avg_sq"])
                steps.append(state["step"])
                if amsgrad:
                    maxima.append(state["max_exp_avg_sq"])
            beta1, beta2 = group["betas"]
            _C._adam_step(
                params,
                grads,
                means,
                squares,
                maxima,
                steps,
                lr=as_number(group["lr"]),
                beta1=as_number(beta1),
                beta2=as_number(beta2),
                eps=group["eps"],
                weight_decay=group["weight_decay"],
                amsgrad=amsgrad,
                maximize=group["maximize"],
                decoupled_weight_decay=group["decoupled_weight_decay"],
            )
        return loss


def _step_dtype():
    """Step counts are kept in the default dtype if that is float64, in float32 otherwise."""
    return _C.float64 if _C.get_default_dtype() == _C.float64 else _C.float32
