"""Tensors that modules recognise: Parameter and Buffer."""

from __future__ import annotations

from gradus import _C


class _ParameterMeta(type(_C.Tensor)):
    """Counts tensors flagged `_is_param` (parameters made from a tensor subclass) as parameters too."""

    def __instancecheck__(cls, instance):
        if cls is Parameter and isinstance(instance, _C.Tensor) and getattr(instance, "_is_param", False):
            return True
        return super().__instancecheck__(instance)


class Parameter(_C.Tensor, metaclass=_ParameterMeta):
    """A tensor that a module lists among its parameters once it is assigned as an attribute.

    `data` gives the values (its storage is shared, its history is not); gradients are wanted unless
    `requires_grad=False`, whatever the gradient mode.
    """

    def __new__(cls, data=None, requires_grad=True):
        if data is None:
            data = _C.empty(0)
        if type(data) in (_C.Tensor, Parameter):
            return _C.Tensor._make_subclass(cls, data, requires_grad)
        flagged = data.detach().requires_grad_(requires_grad)
        if type(flagged) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns "
                f"an instance of the same type, but return type {type(flagged).__name__} was found instead."
            )
        flagged._is_param = True
        return flagged

    def __deepcopy__(self, memo):
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, protocol):
        from collections import OrderedDict

        from gradus import _utils

        state = _utils._get_obj_state(self)
        if not state:
            return _utils._rebuild_parameter, (self.data, self.requires_grad, OrderedDict())
        return _utils._rebuild_parameter_with_state, (self.data, self.requires_grad, OrderedDict(), state)


class _BufferMeta(type(_C.Tensor)):
    """Buffers are plain tensors with a flag, so that no operator ever meets a special class."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, _C.Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(_C.Tensor, metaclass=_BufferMeta):
    """A tensor that a module lists among its buffers once it is assigned as an attribute."""

    def __new__(cls, data=None, *, persistent=True):
        buffer = (
            (_C.empty(0) if data is None else data).detach().requires_grad_(data is not None and data.requires_grad)
        )
        buffer.persistent = persistent
        buffer._is_buffer = True
        return buffer


Parameter.__torch_function__ = Buffer.__torch_function__ = _C._disabled_torch_function_impl
