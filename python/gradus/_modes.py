"""Gradient modes, usable as context managers, as decorators and (for set_grad_enabled) as plain calls."""

from __future__ import annotations

from gradus import _C

_IS_GENERATOR = 0x20  # inspect.CO_GENERATOR, without importing inspect


def _wrap_generator(mode, function):
    """Runs every resumption of a generator under its own context, so that the mode never leaks to the consumer."""
    import functools

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        generator = function(*args, **kwargs)
        try:
            with mode.clone():
                item = generator.send(None)
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    with mode.clone():
                        generator.close()
                    raise
                except BaseException as error:
                    with mode.clone():
                        item = generator.throw(error)
                else:
                    with mode.clone():
                        item = generator.send(sent)
        except StopIteration as end:
            return end.value

    return wrapper


class _Mode:
    """Base of the modes: a decorator that enters a fresh copy of itself around each call."""

    def __call__(self, function):
        code = getattr(function, "__code__", None)
        if code is not None and code.co_flags & _IS_GENERATOR:
            return _wrap_generator(self, function)
        import functools

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with self.clone():
                return function(*args, **kwargs)

        return wrapper

    def clone(self):
        return self.__class__()

    def __exit__(self, *exc_info):
        _C._set_grad_enabled(self.prev)


class _BareMode(_Mode):
    """A mode without arguments: `@no_grad` and `@no_grad()` both work."""

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)


class no_grad(_BareMode):
    """Switches the recording of operations for backward off in the current thread."""

    def __enter__(self):
        self.prev = _C.is_grad_enabled()
        _C._set_grad_enabled(False)


class enable_grad(_BareMode):
    """Switches the recording of operations for backward on in the current thread."""

    def __enter__(self):
        self.prev = _C.is_grad_enabled()
        _C._set_grad_enabled(True)


class set_grad_enabled(_Mode):
    """Switches recording on or off at once; used with `with`, until the end of the block."""

    def __init__(self, mode: bool):
        self.prev = _C.is_grad_enabled()
        self.mode = mode
        _C._set_grad_enabled(mode)

    def __call__(self, function):
        _C._set_grad_enabled(self.prev)
        return super().__call__(function)

    def __enter__(self):
        _C._set_grad_enabled(self.mode)

    def __repr__(self):
        return f"{type(self).__module__}.{type(self).__qualname__}(mode={self.mode})"

    def clone(self):
        return self.__class__(self.mode)


class inference_mode(_Mode):
    """Inside, nothing is recorded for backward, and new tensors are inference tensors.

    Those count no versions; outside they can be read, but neither written nor saved for backward.
    """

    def __new__(cls, mode=True):
        self = super().__new__(cls)
        return self if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True):
        self.mode = mode

    def __enter__(self):
        self.prev = _C._set_inference_mode(self.mode)

    def __exit__(self, *exc_info):
        _C._restore_mode(self.prev)

    def clone(self):
        return self.__class__(self.mode)
