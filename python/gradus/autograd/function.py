"""Functions whose forward and backward are written in Python."""

from __future__ import annotations

from collections import OrderedDict
from itertools import count

from gradus import _C
from gradus._modes import no_grad

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "once_differentiable"]

_class_ids = count()


class FunctionCtx:
    """What forward and backward get as `ctx`: attributes of any name, and the methods below."""

    def save_for_backward(self, *tensors) -> None:
        """Keeps tensors (or None) for backward, where `ctx.saved_tensors` gives them back.

        They are checked for changes in place and released once backward has run.
        """
        self.to_save = tensors

    def save_for_forward(self, *tensors) -> None:
        """Keeps tensors (or None) for a `jvp`; accepted, since forward mode may come to a function later."""
        for tensor in tensors:
            if not (isinstance(tensor, _C.Tensor) or tensor is None):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes "
                    "on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args) -> None:
        """Names the inputs that forward changed in place; it must return them."""
        self.dirty_tensors = args

    def mark_shared_storage(self, *pairs) -> None:
        """Does nothing: shared storage is tracked without it."""
        import warnings

        warnings.warn(
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically tracked. "
            "Note that calls to `set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    def mark_non_differentiable(self, *args) -> None:
        """Names the results that have no gradient; backward gets zeros for them."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """False: backward gets None, not zeros, for results that nothing depends on."""
        self.materialize_grads = value


_ContextMethodMixin = FunctionCtx


class _HookMixin:
    """Tables of hooks under ids of their own."""

    @staticmethod
    def _register_hook(backward_hooks, hook):
        from gradus.utils.hooks import RemovableHandle

        table = OrderedDict() if backward_hooks is None else backward_hooks
        handle = RemovableHandle(table)
        table[handle.id] = hook
        return table, handle


class BackwardCFunction(_C._FunctionBase, FunctionCtx, _HookMixin):
    """Base of the contexts; a context is also the node of its call in the graph."""

    def _get_user_fn(self):
        own = self._forward_cls
        return own.vjp if own.vjp is not Function.vjp else own.backward

    def apply_jvp(self, *args):
        """Calls `jvp` of the class."""
        return self._forward_cls.jvp(self, *args)


class FunctionMeta(type):
    """Gives every Function class a class of contexts, named like it: XBackward."""

    def __init__(cls, name, bases, attributes):
        context = type(name + "Backward", (BackwardCFunction,), {"_forward_cls": cls})
        context._autograd_function_id = next(_class_ids)
        _C._function_class(context, cls)
        cls._backward_cls = context
        super().__init__(name, bases, attributes)


class _SingleLevelFunction(_C._FunctionApply, FunctionCtx, _HookMixin, metaclass=FunctionMeta):
    """What a Function class may override."""

    @staticmethod
    def forward(*args, **kwargs):
        """Override: `forward(ctx, *args)`, or `forward(*args)` together with `setup_context`."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Override, next to a forward without ctx: keeps what backward needs of the inputs and the output."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Override: from one gradient per result of forward, one per argument (None for what has none)."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward  # another name to override it by
    clear_saved_tensors_on_access = False  # True: `saved_tensors` can be read once, and keeps nothing afterwards
    boxed_grads_call = False  # True: backward gets one list of gradients, which it may empty

    @staticmethod
    def jvp(ctx, *grad_inputs):
        """Override for forward mode."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )


class Function(_SingleLevelFunction):
    """Base of operations with a gradient of their own; `apply` runs them.

    A subclass defines the static methods `forward` and `backward`:

        class Square(Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, grad):
                (x,) = ctx.saved_tensors
                return 2 * x * grad

        y = Square.apply(x)
    """

    generate_vmap_rule = False

    def __init__(self, *args, **kwargs):
        import warnings

        warnings.warn(
            f"{self.__class__} should not be instantiated. Methods on autograd functions are all static, so you "
            "should invoke them on the class itself. Instantiating an autograd function will raise an error in a "
            "future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args, **kwargs):
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. "
            "(Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def vmap(info, in_dims, *args):
        """Override for vmap."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )


_C._function_base(Function)


def _bind_arguments(function, /, *args, **kwargs) -> tuple:
    """All arguments by position, defaults included."""
    import inspect

    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    if bound.kwargs:
        raise TypeError(f"forward() got an unexpected keyword argument '{next(iter(bound.kwargs))}'")
    return bound.args


def once_differentiable(fn):
    """Decorates a backward that cannot itself be differentiated: doing so raises."""
    import functools

    @functools.wraps(fn)
    def wrapper(ctx, *args, **kwargs):
        with no_grad():
            outputs = fn(ctx, *args, **kwargs)
        if not _C.is_grad_enabled():
            return outputs
        if not any(isinstance(arg, _C.Tensor) and arg.requires_grad for arg in args):
            return outputs
        if isinstance(outputs, tuple):
            return _C._refuse_twice(outputs)
        return _C._refuse_twice((outputs,))[0]

    return wrapper


class InplaceFunction(Function):
    """A Function that remembers whether it was asked to work in place; for old programs."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace
