"""Checkpointing: what a part of a model saves for backward is dropped, and computed again when backward asks for it."""

from __future__ import annotations

import weakref
from contextlib import contextmanager, nullcontext
from itertools import count

from gradus import _C
from gradus._modes import enable_grad, no_grad
from gradus.autograd import backward as run_backward
from gradus.autograd.function import Function
from gradus.autograd.graph import saved_tensors_hooks
from gradus.random import fork_rng, get_rng_state, set_rng_state

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "DefaultDeviceType",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
    "set_device_states",
]

_early_stop: bool | None = None  # set_checkpoint_early_stop, if in force
_outside = count(-2, -1)  # numbers for values asked for outside of a backward pass


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function did not do what the first one did."""


@contextmanager
def set_checkpoint_early_stop(enable: bool):
    """Inside, forward runs checkpoint with this `early_stop`, whatever they are given."""
    global _early_stop
    before = _early_stop
    _early_stop = enable
    try:
        yield
    finally:
        _early_stop = before


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None):
    """Inside, checkpoints run with this `debug`; only False and None (as given) are here."""
    if enabled:
        _refuse_debug()
    yield


def _refuse_debug() -> None:
    raise NotImplementedError("checkpoint: debug=True needs a record of all operators, which is not in Gradus yet")


def noop_context_fn():
    """Two contexts that do nothing."""
    return nullcontext(), nullcontext()


class DefaultDeviceType:
    """The device type whose random state checkpoints keep if no tensor says otherwise."""

    _default_device_type: str | None = None

    @staticmethod
    def set_device_type(device: str = "cuda") -> None:
        """Sets the device type."""
        DefaultDeviceType._default_device_type = device

    @staticmethod
    def get_device_type() -> str:
        """The device type that was set, or cpu."""
        return DefaultDeviceType._default_device_type or "cpu"


def get_device_states(*args) -> tuple[list, list]:
    """Random states of the devices of tensors that are not on the CPU: there are none."""
    return [], []


def set_device_states(devices, states, *, device_type=None) -> None:
    """Restores what get_device_states gave."""


def detach_variable(inputs: tuple) -> tuple:
    """The same values outside the graph; tensors keep their requires_grad."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple(
        value.detach().requires_grad_(value.requires_grad) if isinstance(value, _C.Tensor) else value
        for value in inputs
    )


def check_backward_validity(inputs) -> None:
    """Warns if no tensor among the inputs requires a gradient."""
    if not any(value.requires_grad for value in inputs if isinstance(value, _C.Tensor)):
        import warnings

        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class CheckpointFunction(Function):
    """The reentrant variant: forward records nothing, backward runs a graph and a backward pass of its own."""

    @staticmethod
    def forward(ctx, run_function, preserve_rng_state, *args):
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.rng_state = get_rng_state() if preserve_rng_state else None
        ctx.inputs = [None if isinstance(arg, _C.Tensor) else arg for arg in args]
        ctx.tensor_indices = [number for number, arg in enumerate(args) if isinstance(arg, _C.Tensor)]
        ctx.save_for_backward(*(args[number] for number in ctx.tensor_indices))
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx, *grads):
        if not _C._is_checkpoint_valid():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.inputs)
        for number, tensor in zip(ctx.tensor_indices, ctx.saved_tensors):
            inputs[number] = tensor
        with fork_rng(enabled=ctx.rng_state is not None):
            if ctx.rng_state is not None:
                set_rng_state(ctx.rng_state)
            detached = detach_variable(tuple(inputs))
            with enable_grad():
                outputs = ctx.run_function(*detached)
        outputs = (outputs,) if isinstance(outputs, _C.Tensor) else outputs
        wanted = [(out, grad) for out, grad in zip(outputs, grads) if isinstance(out, _C.Tensor) and out.requires_grad]
        if not wanted:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        run_backward(*zip(*wanted))
        return (None, None, *(value.grad if isinstance(value, _C.Tensor) else None for value in detached))


# The variant without reentrant backward. Every value that the function saves is replaced by a slot; the first slot that
# a backward pass asks for runs the function again, and the values it then saves go, in order, to the slots.


class _Slot:
    """Stands for one saved value: by backward pass, the value computed again, or None once it was given out."""

    def __init__(self):
        self.values = {}


class _Stop(Exception):
    """Ends a second run: every slot has its value."""


class _Inputs(Function):
    """Saves tensors through whatever hooks are in force, so that an enclosing checkpoint drops them, too."""

    @staticmethod
    def forward(ctx, anchor, *tensors):
        ctx.save_for_backward(*tensors)
        return _C.empty(0)

    @staticmethod
    def backward(ctx, grad):
        raise AssertionError("the inputs of a checkpoint are not part of a graph")


def _nothing(tensor):
    return None


def _looks(tensor) -> dict:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


_DETERMINISM_CHECKS = {"default": _looks, "none": _nothing}


class _Frame:
    """One call of a checkpointed function."""

    def __init__(self, recompute, looks, early_stop: bool, args: tuple):
        self.recompute = recompute
        self.looks = looks
        self.early_stop = early_stop
        self.slots: list[weakref.ref] = []  # of every value saved by the first run
        self.first_looks: list = []
        self.counts: dict[int, int] = {}  # by backward pass, how many values the second run has saved
        self.done: set[int] = set()
        self.forward_completed = self.backward_inside = False
        tensors = [arg for arg in args if isinstance(arg, _C.Tensor)]
        self.others = [None if isinstance(arg, _C.Tensor) else arg for arg in args]
        self.positions = [number for number, arg in enumerate(args) if isinstance(arg, _C.Tensor)]
        self.inputs = _Inputs.apply(_C.empty(0, requires_grad=True), *tensors).grad_fn

    def arguments(self) -> list:
        args = list(self.others)
        for number, tensor in zip(self.positions, self.inputs.saved_tensors):
            args[number] = tensor
        return args

    def pack(self, tensor) -> _Slot:
        slot = _Slot()
        self.slots.append(weakref.ref(slot))
        self.first_looks.append(self.looks(tensor))
        return slot

    def unpack(self, slot: _Slot):
        task = _C._current_graph_task_id()
        if task < 0:
            task = next(_outside)
        if task not in self.done:
            self.run_again(task)
        value = slot.values[task]
        if value is None:
            raise CheckpointError(
                "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already unpacked once. If you "
                "are calling ctx.saved_tensors in backward, make sure to do so only once. Otherwise please open an "
                "issue with details on your use case."
            )
        slot.values[task] = None
        return value

    def run_again(self, task: int) -> None:
        self.counts[task] = 0
        try:
            with saved_tensors_hooks(lambda tensor: self.take(task, tensor), lambda value: value), enable_grad():
                self.recompute(*self.arguments())
        except _Stop:
            pass
        self.done.add(task)
        if not self.backward_inside:
            self.check(task)

    def take(self, task: int, tensor):
        """Puts a value of the second run into its slot, if that is still wanted."""
        value = tensor.detach() if tensor.requires_grad else tensor
        number = self.counts[task]
        self.counts[task] += 1
        if number >= len(self.slots):
            if not self.forward_completed:
                self.backward_inside = True  # a backward pass in the function itself: more is yet to be saved
                return value
            raise CheckpointError(
                "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                "forward pass.\n"
            )
        slot = self.slots[number]()
        if slot is not None:
            slot.values[task] = value
        if self.early_stop and number + 1 == len(self.slots):
            raise _Stop
        return value

    def check(self, task: int) -> None:
        """Raises unless both runs saved equally many values of the same kinds."""
        if len(self.slots) != self.counts[task]:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.slots)}\n"
                f"Number of tensors saved during recomputation: {self.counts[task]}.\n"
            )
        different = ""
        for number, (reference, before) in enumerate(zip(self.slots, self.first_looks)):
            slot = reference()
            after = before if slot is None else self.looks(slot.values[task])
            if before != after:
                different += f"tensor at position {number}:\nsaved metadata: {before}\nrecomputed metadata: {after}\n"
        if different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{different}.\n"
            )


_NO_RESULT = object()


def _checkpoint_without_reentrant(
    function, preserve_rng_state, context_fn, determinism_check, early_stop, args, kwargs
):
    if determinism_check not in _DETERMINISM_CHECKS:
        raise ValueError(f"determinism_check should be one of {list(_DETERMINISM_CHECKS)}, but got {determinism_check}")
    forward_context, recompute_context = context_fn()
    rng_state = get_rng_state() if preserve_rng_state else None

    def recompute(*args):
        with fork_rng(enabled=preserve_rng_state):
            if preserve_rng_state:
                set_rng_state(rng_state)
            with recompute_context:
                function(*args, **kwargs)

    if not _C.is_grad_enabled():
        return function(*args, **kwargs)
    stop = early_stop if _early_stop is None else _early_stop
    frame = _Frame(recompute, _DETERMINISM_CHECKS[determinism_check], stop, args)
    result = _NO_RESULT
    with saved_tensors_hooks(frame.pack, frame.unpack), forward_context:
        result = function(*args, **kwargs)
    if result is _NO_RESULT:
        raise RuntimeError(
            "torch.utils.checkpoint: the forward context provided by context_fn suppressed an exception raised during "
            "the checkpointed forward. This is not supported because checkpoint cannot return a value for a failed "
            "forward."
        )
    frame.forward_completed = True
    return result


def checkpoint(
    function,
    *args,
    use_reentrant: bool | None = None,
    context_fn=noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs,
):
    """function(*args, **kwargs), without keeping what it saves for backward: backward calls function again.

    The second call sees the random state of the first unless `preserve_rng_state=False`. With `use_reentrant=False`,
    `context_fn` gives a context for each of the two calls, the second ends as soon as it has computed what is needed
    (`early_stop`), and what it computes must look like what the first call saved (`determinism_check`: "default" for
    shape, dtype and device, "none"). With `use_reentrant=True` backward is a backward pass within the backward pass:
    only tensors among `args` get gradients, by `.backward()` without `inputs`.
    """
    if use_reentrant is None:
        import warnings

        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
            "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but "
            "if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for "
            "more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if not use_reentrant:
        if debug:
            _refuse_debug()
        return _checkpoint_without_reentrant(
            function, preserve, context_fn, determinism_check, early_stop, args, kwargs
        )
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if context_fn is not noop_context_fn or debug is not False:
        raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
    return CheckpointFunction.apply(function, preserve, *args)


def checkpoint_sequential(functions, segments: int, input, use_reentrant: bool | None = None, **kwargs):
    """Runs a Sequential or a list of functions one after the other; all but the last of `segments` checkpointed."""
    if use_reentrant is None:
        import warnings

        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In "
            "version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is "
            "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True. "
            "Refer to docs for more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    from gradus.nn import Sequential

    steps = list(functions.children()) if isinstance(functions, Sequential) else list(functions)

    def run(part):
        def forward(value):
            for step in part:
                value = step(value)
            return value

        return forward

    size = len(steps) // segments
    first = 0
    for first in range(0, size * (segments - 1), size):
        part = run(steps[first : first + size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    rest = steps[first + size :] if segments > 1 else steps
    return run(rest)(input)
