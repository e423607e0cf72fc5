"""Methods of Tensor that are written in Python: copies, pickles, storages, overriding by subclasses."""

from __future__ import annotations

from gradus import _C

Tensor = _C.Tensor


def _convert(ret, cls):
    if cls is Tensor:
        return ret
    if isinstance(ret, Tensor) and not isinstance(ret, cls):
        ret = ret.as_subclass(cls)
    if isinstance(ret, (tuple, list)):
        ret = type(ret)(_convert(r, cls) for r in ret)
    return ret


def _torch_function(cls, func, types, args=(), kwargs=None):
    """Calls the function as if nobody overrode it; tensors in the result become instances of this class.

    NotImplemented if an argument is of a class that this one does not derive from.
    """
    if not all(issubclass(cls, t) for t in types):
        return NotImplemented
    from gradus.overrides import get_default_nowrap_functions

    with _C.DisableTorchFunctionSubclass():
        ret = func(*args, **(kwargs or {}))
        return ret if func in get_default_nowrap_functions() else _convert(ret, cls)


# ---- copies and pickles


def __deepcopy__(self, memo):
    """A copy of a leaf with its gradient and attributes; views of one storage stay views of one storage."""
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  "
            "If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, "
            "see https://github.com/pytorch/pytorch/pull/103001"
        )
    if id(self) in memo:
        return memo[id(self)]
    import copy

    from gradus._modes import no_grad

    with no_grad():
        storage = self.untyped_storage().__deepcopy__(memo)
        copied = self.new_empty([])
        if type(copied) is not type(self):
            raise RuntimeError(
                "The default implementation of __deepcopy__() for non-wrapper subclasses only works for subclass types "
                "that implement new_empty() and for which that function returns another instance of the same subclass. "
                "You should either properly implement new_empty() for your subclass or override __deepcopy__() if it "
                "is intended behavior for new_empty() to return an instance of a different type."
            )
        copied.set_(storage, self.storage_offset(), self.size(), self.stride())
        copied.requires_grad = self.requires_grad
    if self.grad is not None:
        copied.grad = self.grad.__deepcopy__(memo)
    if type(self) is not Tensor:
        slots = [s for c in type(self).__mro__ for s in getattr(c, "__slots__", ()) if hasattr(self, s)]
        for name in slots:
            setattr(copied, name, copy.deepcopy(getattr(self, name), memo))
    if self.__dict__:
        copied.__dict__ = copy.deepcopy(self.__dict__, memo)
    memo[id(self)] = copied
    return copied


def _reduce_ex_internal(self):
    from collections import OrderedDict

    from gradus import _utils
    from gradus.storage import TypedStorage

    storage = TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype, _internal=True)
    return (
        _utils._rebuild_tensor_v2,
        (storage, self.storage_offset(), tuple(self.size()), self.stride(), self.requires_grad, OrderedDict()),
    )


def __reduce_ex__(self, protocol):
    """How to pickle: storage, geometry, flag; classes and attributes of their own by _rebuild_from_type_v2."""
    from gradus import _utils

    func, args = _reduce_ex_internal(self)
    state = _utils._get_obj_state(self)
    if type(self) is Tensor and not state:
        return func, args
    return _rebuild_from_type_v2, (func, type(self), args, state or None)


def _rebuild_from_type(func, type, args, dict):
    if type is Tensor:
        return func(*args)
    ret = func(*args).as_subclass(type)
    ret.__dict__ = dict
    return ret


def _rebuild_from_type_v2(func, new_type, args, state):
    """A tensor of a class of its own, or with attributes."""
    from gradus import _utils

    ret = func(*args)
    if type(ret) is not new_type:
        ret = ret.as_subclass(new_type)
    setter = getattr(type(ret), "__setstate__", Tensor.__setstate__)
    if setter is not Tensor.__setstate__:
        ret.__setstate__(state)
    elif state is not None:
        ret = _utils._set_obj_state(ret, state)
    return ret


def __setstate__(self, state):
    """Reads the states that old pickles hold."""
    if not self.is_leaf:
        raise RuntimeError("__setstate__ can be only called on leaf Tensors")
    if len(state) == 4:
        self.set_(*state)
        return
    if len(state) == 5:
        self.data = state[0]
        state = (state[3], state[4], state[2])
    self.requires_grad, _, _ = state


# ---- storages


def storage(self):
    """The memory as elements of this dtype. Deprecated: use untyped_storage()."""
    from gradus.storage import _warn_typed_storage_removal

    _warn_typed_storage_removal(stacklevel=2)
    return _typed_storage(self)


def _typed_storage(self):
    from gradus.storage import TypedStorage

    return TypedStorage(wrap_storage=self.untyped_storage(), dtype=self.dtype, _internal=True)


def storage_type(self):
    """The legacy storage class of this dtype."""
    return _typed_storage(self)._get_legacy_storage_class()


# ---- the old resize


def resize(self, *sizes):
    """Another shape with as many elements. Deprecated: use reshape, or resize_ to change the number of elements."""
    import math
    import warnings

    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    if not all(isinstance(size, int) for size in sizes) or math.prod(sizes) != self.numel():
        wanted = "x".join(map(str, sizes))
        total = sizes[0] if len(sizes) == 1 else math.prod(sizes)
        raise RuntimeError(
            f"requested resize to {wanted} ({total} elements in total), but the given tensor has a size of "
            f"{'x'.join(map(str, self.size()))} ({self.numel()} elements). autograd's resize can only change the shape "
            "of a given tensor, while preserving the number of elements. "
        )
    return self.contiguous().view(*sizes) if sizes else self.reshape(())


def resize_as(self, tensor):
    """Another tensor's shape with as many elements. Deprecated: use reshape_as or resize_as_."""
    import warnings

    warnings.warn("non-inplace resize_as is deprecated", stacklevel=2)
    return self.contiguous().view(tensor.size())


# ---- looks


def __dir__(self):
    names = set(dir(type(self))) | set(self.__dict__)
    if not self.is_cuda:
        names.discard("__cuda_array_interface__")
    return sorted(n for n in names if not n[0].isdigit())


_METHODS = [
    __deepcopy__,
    __reduce_ex__,
    __setstate__,
    storage,
    _typed_storage,
    storage_type,
    resize,
    resize_as,
    __dir__,
]


def _lazy_method(module: str, name: str):
    """A method whose module is imported when it is first called."""

    def method(self, *args, **kwargs):
        from importlib import import_module

        return getattr(import_module(module), name.rstrip("_")[1:])(self, *args, **kwargs)

    method.__name__, method.__qualname__ = name, f"Tensor.{name}"
    return method


def install() -> None:
    """Gives Tensor the methods of this file."""
    for function in _METHODS:
        function.__qualname__ = f"Tensor.{function.__name__}"
        setattr(Tensor, function.__name__, _C._overridable(function))
    Tensor._reduce_ex_internal = _reduce_ex_internal
    for name in ("__dlpack__", "__dlpack_device__"):
        setattr(Tensor, name, _C._overridable(_lazy_method("gradus.utils.dlpack", name)))
    Tensor.__div__, Tensor.__rdiv__, Tensor.__idiv__ = Tensor.__truediv__, Tensor.__rtruediv__, Tensor.__itruediv__
    Tensor.__torch_function__ = classmethod(_torch_function)
