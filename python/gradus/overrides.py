"""Tools for classes and modes that override functions by __torch_function__."""

from __future__ import annotations

import contextlib
import functools
import types
import warnings

from gradus import _C

has_torch_function = _C._has_torch_function
has_torch_function_unary = _C._has_torch_function_unary
has_torch_function_variadic = _C._has_torch_function_variadic
_get_overloaded_args = _C._get_overloaded_args


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """What the __torch_function__ of `relevant_args` (or of a mode) makes of public_api(*args, **kwargs)."""
    return _C._handle_torch_function(public_api, tuple(relevant_args), args, kwargs)


def is_tensor_like(inp) -> bool:
    """True for tensors and for everything with a __torch_function__."""
    return type(inp) is _C.Tensor or hasattr(inp, "__torch_function__")


def wrap_torch_function(dispatcher):
    """Decorator: `dispatcher` takes the function's arguments and returns those that may override it."""

    def inner(func):
        @functools.wraps(func)
        def wrapped(*args, **kwargs):
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return wrapped

    return inner


@functools.lru_cache(None)
def get_default_nowrap_functions() -> set:
    """Functions whose results stay plain tensors when a subclass has the default __torch_function__."""
    return {_C.Tensor._base.__get__, _C.Tensor.grad.__get__, _C.Tensor._grad.__get__}


# ---- names


def _namespaces():
    import gradus
    import gradus.nn.functional
    import gradus.nn.init

    return [
        ("torch", gradus, dir(_C)),
        ("torch.functional", gradus, []),
        ("torch.nn.functional", gradus.nn.functional, None),
        ("torch.nn.init", gradus.nn.init, None),
        ("torch.Tensor", _C.Tensor, None),
    ]


@functools.lru_cache(None)
def _index() -> tuple[dict, dict]:
    """All overridable functions by namespace, and the name of each."""
    functions, names = {}, {}
    for prefix, space, listed in _namespaces():
        found = functions.setdefault(space, [])
        for name in sorted(set(listed if listed is not None else dir(space)) | set(vars(space))):
            if space is not _C.Tensor and name.startswith("_"):
                continue
            value = vars(space).get(name, getattr(space, name, None))
            if isinstance(value, (type, types.ModuleType)) or not _hashable(value):
                continue
            if space is _C.Tensor and hasattr(type(value), "__get__") and not callable(value):
                _add(found, names, value.__get__, f"{prefix}.{name}.__get__")
                if hasattr(value, "__set__"):
                    _add(found, names, value.__set__, f"{prefix}.{name}.__set__")
            elif callable(value):
                _add(found, names, value, f"{prefix}.{name}")
    return functions, names


def _hashable(value) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _add(found, names, function, name):
    if name.startswith("torch.Tensor.") and not name.endswith("__get__"):
        with contextlib.suppress(AttributeError):
            function = getattr(_C.Tensor, name.removeprefix("torch.Tensor.")) if "__set__" not in name else function
    found.append(function)
    names.setdefault(function, name)


def resolve_name(f) -> str | None:
    """The dotted name under which PyTorch's documentation has a function; None if it is no overridable function."""
    if isinstance(f, str):
        return f
    return _index()[1].get(f)


def _display_name(function) -> str:
    return resolve_name(function) or getattr(function, "__qualname__", None) or repr(function)


def get_overridable_functions() -> dict:
    """Overridable functions by the namespace they live in."""
    return {space: list(found) for space, found in _index()[0].items() if found}


def get_ignored_functions() -> set:
    """Functions that __torch_function__ never sees."""
    import gradus

    names = "tensor as_tensor from_numpy is_tensor is_storage set_default_dtype get_default_dtype manual_seed seed"
    found = {getattr(gradus, name) for name in names.split()}
    return found | {_C.Tensor.__new__, _C.Tensor.__init__, _C.Tensor.__hash__, _C.Tensor.__init_subclass__}


@functools.lru_cache(None)
def _tensor_members() -> set:
    return {f for space, found in _index()[0].items() if space is _C.Tensor for f in found}


def is_tensor_method_or_property(func) -> bool:
    """True for methods of Tensor and for the getters of its attributes."""
    return func in _tensor_members() or getattr(func, "__name__", "") == "__get__"


def redispatch_function(f, types, args=(), kwargs=None):
    """Calls `f` with the handlers of `types` switched off."""
    with _C.DisableTorchFunctionSubclass():
        return f(*args, **(kwargs or {}))


def _as_written(function, args, kwargs):
    """Arguments of a Python function as PyTorch passes them on: those with a default by keyword, all of them."""
    import inspect

    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    positional, named = [], {}
    for name, parameter in bound.signature.parameters.items():
        value = bound.arguments[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional.extend(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            named.update(value)
        elif parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(value)
        else:
            named[name] = value
    return tuple(positional), named


# ---- modes


class TorchFunctionMode:
    """Inside `with`, its __torch_function__ sees every overridable call. While it runs, the mode itself is off."""

    def __init__(self) -> None:
        pass

    def __torch_function__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError

    def __enter__(self):
        _C._push_on_torch_function_stack(self)
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        _C._pop_torch_function_stack()

    @classmethod
    def push(cls, *args, **kwargs):
        """An instance. Deprecated: use the class itself."""
        warnings.warn("`Mode.push()` is no longer necessary and can be replaced with just `with Mode()`", stacklevel=2)
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def _get_current_function_mode():
    count = _C._len_torch_function_stack()
    return _C._get_function_stack_at(count - 1) if count else None


def _get_current_function_mode_stack():
    return [_C._get_function_stack_at(i) for i in range(_C._len_torch_function_stack())]


def _push_mode(mode):
    _C._push_on_torch_function_stack(mode)


def _pop_mode():
    return _C._pop_torch_function_stack()


@contextlib.contextmanager
def _pop_mode_temporarily():
    mode = _pop_mode()
    try:
        yield mode
    finally:
        _push_mode(mode)
