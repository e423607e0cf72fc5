"""What pickles of tensors name: the functions that put a tensor together again."""

from __future__ import annotations

from gradus import _C


def _untyped(storage):
    return storage.untyped() if hasattr(storage, "untyped") else storage


def _rebuild_tensor(storage, storage_offset, size, stride):
    """A tensor over a TypedStorage."""
    return _C.empty(0, dtype=storage.dtype).set_(_untyped(storage), storage_offset, size, stride)


def _with_hooks(tensor, requires_grad, backward_hooks):
    tensor.requires_grad = requires_grad
    for hook in (backward_hooks or {}).values():
        tensor.register_hook(hook)
    return tensor


def _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None):
    """A tensor over a TypedStorage, with its flag and hooks."""
    return _with_hooks(_rebuild_tensor(storage, storage_offset, size, stride), requires_grad, backward_hooks)


def _rebuild_tensor_v3(storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None):
    """A tensor of `dtype` over an UntypedStorage, with its flag and hooks."""
    tensor = _C.empty(0, dtype=dtype).set_(_untyped(storage), storage_offset, size, stride)
    return _with_hooks(tensor, requires_grad, backward_hooks)


def _rebuild_parameter(data, requires_grad, backward_hooks):
    """A Parameter with its hooks."""
    from gradus.nn.parameter import Parameter

    parameter = Parameter(data, requires_grad)
    for hook in (backward_hooks or {}).values():
        parameter.register_hook(hook)
    return parameter


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    """A Parameter with its hooks and attributes."""
    return _set_obj_state(_rebuild_parameter(data, requires_grad, backward_hooks), state)


def _get_obj_state(obj):
    """The attributes of an object: its __getstate__ if it has one of its own, else dict and slots."""
    own = getattr(type(obj), "__getstate__", None)
    if own is not None and own is not getattr(object, "__getstate__", None):
        return obj.__getstate__()
    slots = [s for c in type(obj).__mro__ for s in getattr(c, "__slots__", ()) if hasattr(obj, s)]
    state = getattr(obj, "__dict__", {})
    return (state, {s: getattr(obj, s) for s in slots}) if slots else state


def _set_obj_state(obj, state):
    """Gives an object attributes that _get_obj_state found."""
    dict_state, slots_state = state if isinstance(state, tuple) else (state, None)
    for part in (dict_state, slots_state):
        for name, value in (part or {}).items():
            setattr(obj, name, value)
    return obj


def _import_dotted_name(name):
    from importlib import import_module

    first, *rest = name.split(".")
    obj = import_module(first)
    for part in rest:
        obj = getattr(obj, part)
    return obj
