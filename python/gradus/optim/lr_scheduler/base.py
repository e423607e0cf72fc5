"""LRScheduler: counts steps, asks the schedule for learning rates, writes them into the parameter groups."""

from __future__ import annotations

from contextlib import contextmanager

from gradus import _C
from gradus.optim.optimizer import Optimizer, as_number

EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is used instead of the new chainable form, where available. Please open an issue if you are unable to "
    "replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose."
)
_ORDER_URL = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def warn(message: str, depth: int = 3) -> None:
    """A UserWarning at the caller's caller."""
    import warnings

    warnings.warn(message, UserWarning, stacklevel=depth)


def check_optimizer(optimizer) -> None:
    """TypeError unless it is an Optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def current(optimizer, key: str = "lr") -> list:
    """The value of every group; tensors are copied."""
    values = [group[key] for group in optimizer.param_groups]
    return [value.clone() if isinstance(value, _C.Tensor) else value for value in values]


def assign(group: dict, value, key: str = "lr") -> None:
    """Sets an option of a group; a tensor keeps its identity."""
    if isinstance(group[key], _C.Tensor):
        group[key].fill_(as_number(value))
    else:
        group[key] = value


def for_each_group(name: str, optimizer, value) -> list:
    """One value per group: the given list, or the value repeated."""
    n = len(optimizer.param_groups)
    if isinstance(value, (list, tuple)):
        if len(value) != n:
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
                f"param_groups has {n}."
            )
        values = list(value)
    else:
        values = [value] * n
    return [v.clone() if isinstance(v, _C.Tensor) else v for v in values]


class LRScheduler:
    """Base class of the schedules: a subclass defines get_lr(), which may look at `last_epoch` and at `base_lrs`."""

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer, last_epoch: int = -1):
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                lr = group["lr"]
                group.setdefault("initial_lr", lr.clone() if isinstance(lr, _C.Tensor) else lr)
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{number}] when resuming scheduler with "
                    "last_epoch >= 0.\nThis typically happens when:\n1. You're trying to resume training from a "
                    "checkpoint but haven't properly loaded the optimizer state\n2. You're using last_epoch >= 0 for a "
                    "fresh training run (not recommended)"
                )
        self.base_lrs = current(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        optimizer._watch_step()
        self._initial_step()

    @contextmanager
    def _flagged(self, name: str):
        setattr(self, name, True)
        try:
            yield
        finally:
            setattr(self, name, False)

    def _initial_step(self) -> None:
        self._step_count = 0
        with self._flagged("_is_initial"):
            self.step()

    def state_dict(self) -> dict:
        """Everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict) -> None:
        """Restores what state_dict returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list:
        """The learning rates set last, one per group."""
        return self._last_lr

    def get_lr(self) -> list:
        """Override: the learning rates of the step under way."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Moves on by one, or to `epoch`, and sets the learning rates."""
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warn(EPOCH_WARNING)
        self._update_lr(epoch)

    def _check_order(self) -> None:
        if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
            warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
                f"Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`. {_ORDER_URL}",
                4,
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you "
                "should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to "
                f"do this will result in PyTorch skipping the first value of the learning rate schedule. {_ORDER_URL}",
                4,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = getattr(self, "_get_closed_form_lr", None) if epoch is not None else None
        with self._flagged("_get_lr_called_within_step"):
            values = (closed or self.get_lr)()
        self._set(values)

    def _set(self, values) -> None:
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            assign(group, lr)
        self._last_lr = current(self.optimizer)

    def _expect_step(self) -> None:
        if not self._get_lr_called_within_step:
            warn("To get the last learning rate computed by the scheduler, please use `get_last_lr()`.", 4)


class _LRScheduler(LRScheduler):
    """The old name of the base class."""


def pack_functions(functions) -> list:
    """State of callables: the attributes of objects, None for plain functions."""
    from types import FunctionType

    return [None if isinstance(f, FunctionType) else f.__dict__.copy() for f in functions]


def unpack_functions(functions, packed) -> None:
    """Gives objects back the attributes that pack_functions took."""
    for function, attributes in zip(functions, packed):
        if attributes is not None:
            function.__dict__.update(attributes)
