"""What the optimizers share whose update rule is C++: checks of the options, the step over all groups."""

from __future__ import annotations

from gradus import _C
from gradus.optim.optimizer import Optimizer, loss_of


def check_lr(lr) -> None:
    """ValueError unless the learning rate is one number, not negative; it may be a tensor."""
    if isinstance(lr, _C.Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    check_not_negative("learning rate", lr)


def check_not_negative(what: str, value) -> None:
    """ValueError for a value below zero, or NaN."""
    if not 0.0 <= value:
        raise ValueError(f"Invalid {what}: {value}")


def check_betas(betas) -> None:
    """ValueError unless both decay rates are in [0, 1)."""
    for position in (0, 1):
        if not 0.0 <= betas[position] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {position}: {betas[position]}")


def step_dtype():
    """Step counts are kept in the default dtype if that is float64, in float32 otherwise."""
    return _C.float64 if _C.get_default_dtype() == _C.float64 else _C.float32


class RuleOptimizer(Optimizer):
    """An optimizer whose rule is C++: `_step_group(group, state)` updates every parameter that has a gradient."""

    _step_group = None
    _late_options: dict = {}  # options that older state dicts don't have
    _numbers = ("step",)  # state that older state dicts hold as plain numbers

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self._late_options.items():
                group.setdefault(name, value)
            for param in group["params"]:
                own = self.state.get(param)
                for name in self._numbers if own else ():
                    if name in own and not isinstance(own[name], _C.Tensor):
                        own[name] = _C.tensor(float(own[name]), dtype=step_dtype())

    def __init_subclass__(cls, **kwargs) -> None:
        super().__init_subclass__(**kwargs)
        if "_step_group" in cls.__dict__:  # a step that errors and tracebacks call by the name of the class
            cls.step = _step_of(cls)


def _step_of(cls):
    def step(self, closure=None):
        """Updates every parameter that has a gradient; returns the closure's loss, if there is a closure."""
        loss = None if closure is None else loss_of(closure)
        for group in self.param_groups:
            self._step_group(group, self.state)
        return loss

    step.__qualname__ = f"{cls.__name__}.step"
    return step
