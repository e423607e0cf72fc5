"""Hooks on modules: on calls, on gradients, on registration; of one module and of all."""

from __future__ import annotations

from collections import OrderedDict

from gradus import _C
from gradus.utils.hooks import BackwardHook, RemovableHandle

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_global_buffer_registration_hooks: dict = OrderedDict()
_global_module_registration_hooks: dict = OrderedDict()
_global_parameter_registration_hooks: dict = OrderedDict()
_global_backward_pre_hooks: dict = OrderedDict()
_global_backward_hooks: dict = OrderedDict()
_global_is_full_backward_hook: bool | None = None
_global_forward_pre_hooks: dict = OrderedDict()
_global_forward_hooks: dict = OrderedDict()
_global_forward_hooks_always_called: dict = OrderedDict()
_global_forward_hooks_with_kwargs: dict = OrderedDict()

_C._set_global_module_hooks(
    (_global_backward_pre_hooks, _global_backward_hooks, _global_forward_hooks, _global_forward_pre_hooks)
)

_MIXED = "Cannot use both regular backward hooks and full backward hooks {}. Please use only one of them."


def _add_global(table: dict, hook, extra=None) -> RemovableHandle:
    handle = RemovableHandle(table, extra_dict=extra)
    table[handle.id] = hook
    _C._use_module_hooks()
    return handle


def register_module_buffer_registration_hook(hook) -> RemovableHandle:
    """`hook(module, name, buffer)` runs whenever any module gets a buffer, and may return another one."""
    return _add_global(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook) -> RemovableHandle:
    """`hook(module, name, child)` runs whenever any module gets a child, and may return another one."""
    return _add_global(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook) -> RemovableHandle:
    """`hook(module, name, parameter)` runs whenever any module gets a parameter, and may return another one."""
    return _add_global(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook) -> RemovableHandle:
    """`hook(module, args)` runs before forward of every module, and may return new arguments."""
    return _add_global(_global_forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs: bool = False, always_call: bool = False) -> RemovableHandle:
    """`hook(module, args, output)` runs after forward of every module, and may return another output."""
    handle = _add_global(_global_forward_hooks, hook, _global_forward_hooks_always_called)
    if with_kwargs:
        _global_forward_hooks_with_kwargs[handle.id] = True
    if always_call:
        _global_forward_hooks_always_called[handle.id] = True
    return handle


def _set_global_kind(full: bool) -> None:
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not full):
        raise RuntimeError(_MIXED.format("as a global Module hook"))
    _global_is_full_backward_hook = full


def register_module_backward_hook(hook) -> RemovableHandle:
    """The old form of register_module_full_backward_hook: sees the gradients of the node that made the output."""
    _set_global_kind(False)
    return _add_global(_global_backward_hooks, hook)


def register_module_full_backward_pre_hook(hook) -> RemovableHandle:
    """`hook(module, grad_output)` runs before the gradients of every module, and may return another grad_output."""
    return _add_global(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook) -> RemovableHandle:
    """`hook(module, grad_input, grad_output)` runs after the gradients of every module."""
    _set_global_kind(True)
    return _add_global(_global_backward_hooks, hook)


def registered(table: dict, module, name: str, value):
    """What the registration hooks of all modules make of a value."""
    for hook in table.values():
        result = hook(module, name, value)
        if result is not None:
            value = result
    return value


class _Table:
    """An attribute that becomes an empty table of the instance when it is first looked at."""

    def __set_name__(self, owner, name: str) -> None:
        self.name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return instance.__dict__.setdefault(self.name, OrderedDict())


class _WrappedHook:
    """A backward hook of the old form, bound to its module without keeping it alive."""

    def __init__(self, hook, module):
        import functools
        import weakref

        self.hook = hook
        self.module = weakref.ref(module)
        functools.update_wrapper(self, hook)

    def __call__(self, *args, **kwargs):
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)


class _Hooks:
    """The part of Module that has to do with hooks on calls and gradients."""

    _forward_hooks = _Table()
    _forward_pre_hooks = _Table()
    _forward_hooks_with_kwargs = _Table()
    _forward_hooks_always_called = _Table()
    _forward_pre_hooks_with_kwargs = _Table()
    _backward_hooks = _Table()
    _backward_pre_hooks = _Table()
    _state_dict_hooks = _Table()
    _state_dict_pre_hooks = _Table()
    _load_state_dict_pre_hooks = _Table()
    _load_state_dict_post_hooks = _Table()
    _is_full_backward_hook: bool | None = None

    def _register(self, table: dict, hook, prepend: bool = False, flags: tuple = ()) -> RemovableHandle:
        handle = RemovableHandle(table, extra_dict=list(flags))
        table[handle.id] = hook
        for flag in flags:
            flag[handle.id] = True
        if prepend:
            table.move_to_end(handle.id, last=False)
        return handle

    def register_forward_pre_hook(self, hook, *, prepend: bool = False, with_kwargs: bool = False) -> RemovableHandle:
        """`hook(module, args)` runs before forward and may return new arguments.

        With `with_kwargs` it is `hook(module, args, kwargs)`, and returns a pair.
        """
        flags = (self._forward_pre_hooks_with_kwargs,) if with_kwargs else ()
        return self._register(self._forward_pre_hooks, hook, prepend, flags)

    def register_forward_hook(
        self, hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """`hook(module, args, output)` runs after forward and may return another output.

        With `with_kwargs` it is `hook(module, args, kwargs, output)`; with `always_call` it runs after errors, too.
        """
        flags = (self._forward_hooks_with_kwargs,) if with_kwargs else ()
        flags += (self._forward_hooks_always_called,) if always_call else ()
        return self._register(self._forward_hooks, hook, prepend, flags)

    def register_full_backward_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """`hook(module, grad_output)` runs before the gradients of the module's inputs are computed.

        It may return another grad_output. Forward gets, and the caller gets back, views of the tensors.
        """
        _C._use_module_hooks()
        return self._register(self._backward_pre_hooks, hook, prepend)

    def _set_kind(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(_MIXED.format("on a single Module"))
        self._is_full_backward_hook = full
        _C._use_module_hooks()

    def register_backward_hook(self, hook) -> RemovableHandle:
        """The old form of register_full_backward_hook: sees the gradients of the node that made the output."""
        self._set_kind(False)
        return self._register(self._backward_hooks, hook)

    def register_full_backward_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """`hook(module, grad_input, grad_output)` runs when the gradients of the module's inputs are computed.

        It may return another grad_input. Entries are None for what is no tensor. If no input requires a gradient, it
        runs when those of the outputs are there. Forward gets, and the caller gets back, views of the tensors.
        """
        self._set_kind(True)
        return self._register(self._backward_hooks, hook, prepend)

    def _get_backward_hooks(self) -> tuple[list, list]:
        """The hooks of the new and of the old form, those of all modules first."""
        kinds = ((_global_is_full_backward_hook, _global_backward_hooks), (self._is_full_backward_hook, None))
        full, old = [], []
        for kind, table in kinds:
            hooks = (self._backward_hooks if table is None else table).values()
            if kind is not None:
                (full if kind else old).extend(hooks)
        return full, old

    def _get_backward_pre_hooks(self) -> list:
        return [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_non_persistent_buffers_set", set())  # of files from before there were such
        if self.__dict__.get("_backward_hooks") or self.__dict__.get("_backward_pre_hooks"):
            _C._use_module_hooks()

    # Calls

    def _call_with_hooks(self, *args, **kwargs):
        """Pre-hooks may replace the arguments, forward hooks the result; backward hooks see the gradients."""
        state = _Call(self, args, kwargs)
        try:
            return state.run()
        except Exception:
            state.run_always_called()
            raise

    _call_impl = _call_with_hooks

    def _run_pre_hooks(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        hooks = (*_global_forward_pre_hooks.items(), *self._forward_pre_hooks.items())
        with_kwargs = self.__dict__.get("_forward_pre_hooks_with_kwargs", ())
        for key, hook in hooks:
            if key in with_kwargs:
                result = hook(self, args, kwargs)
                if result is None:
                    continue
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                args, kwargs = result
            else:
                result = hook(self, args)
                if result is not None:
                    args = result if isinstance(result, tuple) else (result,)
        return args, kwargs


class _Call:
    """One call of a module with hooks."""

    __slots__ = ("args", "called", "kwargs", "module", "result")

    def __init__(self, module, args: tuple, kwargs: dict):
        self.module, self.args, self.kwargs = module, args, kwargs
        self.result = None
        self.called: set = set()

    def run(self):
        module = self.module
        own = module.__dict__
        full, old = module._get_backward_hooks() if own.get("_backward_hooks") or _global_backward_hooks else ((), ())
        before = (
            module._get_backward_pre_hooks() if own.get("_backward_pre_hooks") or _global_backward_pre_hooks else ()
        )
        if _global_forward_pre_hooks or own.get("_forward_pre_hooks"):
            self.args, self.kwargs = module._run_pre_hooks(self.args, self.kwargs)
        backward = BackwardHook(module, full, before) if full or before else None
        if backward:
            self.args = backward.setup_input_hook(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        if _global_forward_hooks or own.get("_forward_hooks"):
            self.run_forward_hooks(own)
        if backward:
            if not isinstance(self.result, (_C.Tensor, tuple)):
                _warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                    f"received {type(self.result)}",
                    UserWarning,
                )
            self.result = backward.setup_output_hook(self.result)
        if old:
            _hook_node(module, old, self.args, self.result)
        return self.result

    def run_forward_hooks(self, own: dict) -> None:
        module = self.module
        with_kwargs = own.get("_forward_hooks_with_kwargs") or ()
        for key, hook in (*_global_forward_hooks.items(), *module._forward_hooks.items()):
            self.called.add(key)
            if key in with_kwargs or key in _global_forward_hooks_with_kwargs:
                result = hook(module, self.args, self.kwargs, self.result)
            else:
                result = hook(module, self.args, self.result)
            if result is not None:
                self.result = result

    def run_always_called(self) -> None:
        """After an error: the hooks that always run and have not run yet. What they raise becomes a warning."""
        module = self.module
        always = module.__dict__.get("_forward_hooks_always_called", ())
        with_kwargs = module.__dict__.get("_forward_hooks_with_kwargs", ())
        hooks = [(*item, "global module") for item in _global_forward_hooks.items()]
        hooks += [(*item, "module") for item in module._forward_hooks.items()]
        for key, hook, kind in hooks:
            if key in self.called or key not in (always if kind == "module" else _global_forward_hooks_always_called):
                continue
            try:
                more = (self.kwargs,) if kind == "module" and key in with_kwargs else ()
                result = hook(module, self.args, *more, self.result)
                if result is not None:
                    self.result = result
            except Exception as error:
                _warn(
                    f"{kind} forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    UserWarning,
                )


def _warn(message: str, category) -> None:
    import warnings

    warnings.warn(message, category, stacklevel=4)


def _hook_node(module, hooks: list, inputs, result) -> None:
    """Hooks of the old form go to the node of the first tensor of the result."""
    first = result
    while not isinstance(first, _C.Tensor):
        if isinstance(first, dict):
            first = next(value for value in first.values() if isinstance(value, _C.Tensor))
        else:
            first = first[0]
    node = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(_WrappedHook(hook, module))
    missing = _what_old_hooks_miss(inputs, result, node)
    if missing:
        _warn(missing, FutureWarning)


def _what_old_hooks_miss(inputs, result, node) -> str | None:
    """The warning about the gradients that hooks of the old form will not see, if any."""
    end = "Please use register_full_backward_hook to get the documented behavior."

    def as_tensors(value) -> tuple | None:
        values = (value,) if isinstance(value, _C.Tensor) else value
        return values if isinstance(values, tuple) and all(isinstance(v, _C.Tensor) for v in values) else None

    results, arguments = as_tensors(result), as_tensors(inputs)
    if results is None:
        return (
            "Using non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors is "
            "deprecated and will be removed in future versions. This hook will be missing some of the grad_output. "
            f"{end}"
        )
    if arguments is None:
        return (
            "Using non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of "
            "Tensors is deprecated and will be removed in future versions. This hook will be missing some of the "
            f"grad_input. {end}"
        )
    nodes = {value.grad_fn for value in results if value.grad_fn is not None}
    if not nodes or (len(nodes) == 1 and node not in nodes):
        return (
            "Using a non-full backward hook when outputs are nested in python data structure is deprecated and will be "
            "removed in future versions. This hook will be missing some grad_output."
        )
    if len(nodes) > 1:
        return (
            "Using a non-full backward hook when outputs are generated by different autograd Nodes is deprecated and "
            f"will be removed in future versions. This hook will be missing some grad_output. {end}"
        )
    if {v.grad_fn for v in arguments if v.grad_fn is not None} != {edge[0] for edge in node.next_functions}:
        return (
            "Using a non-full backward hook when the forward contains multiple autograd Nodes is deprecated and will "
            f"be removed in future versions. This hook will be missing some grad_input. {end}"
        )
    return None
