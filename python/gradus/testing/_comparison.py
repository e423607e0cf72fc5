"""assert_close: what is compared, with which tolerances, and what is said when it differs."""

from __future__ import annotations

from math import inf, isfinite, isnan

from gradus import _C
from gradus._modes import no_grad

# (rtol, atol) by dtype; everything else must be equal.
_TOLERANCES = {
    _C.float16: (1e-3, 1e-5),
    _C.bfloat16: (1.6e-2, 1e-5),
    _C.float32: (1.3e-6, 1e-5),
    _C.float64: (1e-7, 1e-7),
}
_DTYPE_OF = {int: _C.int64, float: _C.float64}


class _Mismatch(Exception):
    """Carries the exception to raise and the place inside the containers where it arose."""

    def __init__(self, kind: type, text: str, place: tuple = ()):
        self.kind, self.text, self.place = kind, text, place

    def error(self, msg):
        if not isinstance(msg, str):
            text = self.text
            if self.place:
                text += f"\n\nThe failure occurred for item {''.join(f'[{key!r}]' for key in self.place)}"
            msg = msg(text) if callable(msg) else text
        return self.kind(msg)


class _Options:
    """What assert_close was called with."""

    def __init__(self, **options):
        self.__dict__.update(options)

    def tolerances(self, place: tuple, *dtypes) -> tuple[float, float]:
        if (self.rtol is None) != (self.atol is None):
            raise _Mismatch(
                ValueError,
                "Both 'rtol' and 'atol' must be either specified or omitted, "
                f"but got no {'rtol' if self.rtol is None else 'atol'}.",
                place,
            )
        if self.rtol is not None:
            return self.rtol, self.atol
        found = [_TOLERANCES.get(dtype, (0.0, 0.0)) for dtype in dtypes]
        return max(rtol for rtol, _ in found), max(atol for _, atol in found)


def _difference_line(kind: str, value: float, index, tolerance: float, exact: bool) -> str:
    text = (
        f"{kind.title()} difference: {value}"
        if index is None
        else f"Greatest {kind} difference: {value} at index {index}"
    )
    return text if exact else f"{text} (up to {tolerance} allowed)"


def _mismatch_text(what: str, extra: str, absolute, relative, rtol: float, atol: float) -> str:
    """`absolute` and `relative` are (value, index)."""
    exact = rtol == 0 and atol == 0
    lines = [
        f"{what} are not {'equal' if exact else 'close'}!\n",
        extra,
        _difference_line("absolute", *absolute, atol, exact),
        _difference_line("relative", *relative, rtol, exact),
    ]
    return "\n".join(lines)


def _scalar_text(actual, expected, rtol: float, atol: float) -> str:
    absolute = abs(actual - expected)
    relative = inf if expected == 0 else absolute / abs(expected)
    extra = f"Expected {expected} but got {actual}."
    return _mismatch_text("Scalars", extra, (absolute, None), (relative, None), rtol, atol)


def _close(actual, expected, rtol: float, atol: float, equal_nan: bool):
    """A mask of the elements that agree: |actual - expected| <= atol + rtol |expected|."""
    close = actual == expected
    if rtol == 0 and atol == 0:
        return close | ((actual != actual) & (expected != expected)) if equal_nan else close
    if equal_nan and actual.dtype.is_floating_point:
        close = close | ((actual != actual) & (expected != expected))
    if actual.dtype == _C.bool:
        actual, expected = actual.to(_C.uint8), expected.to(_C.uint8)
    error = (actual - expected).abs()
    return close | ((error <= (expected * rtol).abs() + atol) & (error < inf))


def _unravel(flat: int, shape) -> tuple:
    index = []
    for size in reversed(shape):
        flat, position = divmod(flat, size)
        index.append(position)
    return tuple(reversed(index))


def _tensor_text(actual, expected, matches, rtol: float, atol: float) -> str:
    """How many elements differ, and where most."""
    count, differing = matches.numel(), matches.numel() - int(matches.sum())
    extra = f"Mismatched elements: {differing} / {count} ({differing / count:.1%})"
    if not actual.dtype.is_floating_point:
        actual, expected = actual.to(_C.int64), expected.to(_C.int64)
    absolute = (actual.flatten() - expected.flatten()).abs()
    flat_matches = matches.flatten()
    absolute = absolute.masked_fill(flat_matches, 0)
    relative = (absolute / expected.flatten().abs()).masked_fill(flat_matches, 0)
    found = []
    for differences in (absolute, relative):
        flat = int(differences.argmax())
        found.append((differences[flat].item(), _unravel(flat, matches.shape)))
    return _mismatch_text("Tensor-likes", extra, *found, rtol, atol)


def _compare_tensors(actual, expected, place: tuple, options: _Options, rtol: float, atol: float) -> None:
    def check(name: str, a, b) -> None:
        if a != b:
            raise _Mismatch(AssertionError, f"The values for attribute '{name}' do not match: {a} != {b}.", place)

    check("shape", actual.shape, expected.shape)
    if options.check_stride:
        check("stride()", actual.stride(), expected.stride())
    if options.check_device:
        check("device", actual.device, expected.device)
    if options.check_dtype:
        check("dtype", actual.dtype, expected.dtype)
    with no_grad():
        if actual.dtype != expected.dtype:
            dtype = _C.promote_types(actual.dtype, expected.dtype)
            actual, expected = actual.to(dtype), expected.to(dtype)
        matches = _close(actual, expected, rtol, atol, options.equal_nan)
        if bool(matches.all()):
            return
        if actual.dim() == 0:
            text = _scalar_text(actual.item(), expected.item(), rtol, atol)
        else:
            text = _tensor_text(actual, expected, matches, rtol, atol)
    raise _Mismatch(AssertionError, text, place)


def _compare_numbers(actual, expected, place: tuple, options: _Options, rtol: float, atol: float) -> None:
    if options.check_dtype and type(actual) is not type(expected):
        raise _Mismatch(AssertionError, f"The (d)types do not match: {type(actual)} != {type(expected)}.", place)
    if actual == expected or (options.equal_nan and isnan(actual) and isnan(expected)):
        return
    error = abs(actual - expected)
    if not (isfinite(error) and error <= atol + rtol * abs(expected)):
        raise _Mismatch(AssertionError, _scalar_text(actual, expected, rtol, atol), place)


def _compare_identity(actual, expected, place: tuple, text: str) -> None:
    if actual is not expected:
        raise _Mismatch(AssertionError, f"{text} mismatch: {actual} is not {expected}", place)


def _plain(value):
    """NumPy's scalars as Python's."""
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0 and type(value).__name__ != "ndarray":
        return value.item()
    return value


def _as_tensor(value):
    if isinstance(value, _C.Tensor):
        return value
    try:
        return _C.as_tensor(value)
    except Exception:
        return None


def _comparison(actual, expected, place: tuple, options: _Options) -> tuple:
    """How two leaves are compared, as (function, *arguments): None, booleans, numbers and whatever as_tensor takes."""
    kinds = type(actual), type(expected)
    if actual is None or expected is None:
        return _compare_identity, actual, expected, place, "None"
    a, b = _plain(actual), _plain(expected)
    if isinstance(a, bool) and isinstance(b, bool):
        return _compare_identity, a, b, place, "Booleans"
    if type(a) in _DTYPE_OF and type(b) in _DTYPE_OF:
        return (
            _compare_numbers,
            a,
            b,
            place,
            options,
            *options.tolerances(place, _DTYPE_OF[type(a)], _DTYPE_OF[type(b)]),
        )
    related = isinstance(actual, kinds[1]) or isinstance(expected, kinds[0])
    if related and (options.allow_subclasses or kinds[0] is kinds[1]):
        a, b = _as_tensor(actual), _as_tensor(expected)
        if a is not None and b is not None:
            return _compare_tensors, a, b, place, options, *options.tolerances(place, a.dtype, b.dtype)
    text = f"No comparison pair was able to handle inputs of type {kinds[0]} and {kinds[1]}."
    raise _Mismatch(TypeError, text, place)


def _pairs(actual, expected, place: tuple):
    """Yields (actual, expected, place) of the leaves inside equal containers."""
    from collections.abc import Mapping, Sequence

    if all(isinstance(value, Sequence) and not isinstance(value, str) for value in (actual, expected)):
        if len(actual) != len(expected):
            text = f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            raise _Mismatch(AssertionError, text, place)
        for number, pair in enumerate(zip(actual, expected)):
            yield from _pairs(*pair, (*place, number))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        missing, additional = set(expected) - set(actual), set(actual) - set(expected)
        if missing or additional:
            raise _Mismatch(
                AssertionError,
                f"The keys of the mappings do not match:\nMissing keys in the actual mapping: {sorted(missing)}\n"
                f"Additional keys in the actual mapping: {sorted(additional)}",
                place,
            )
        for key in actual:
            yield from _pairs(actual[key], expected[key], (*place, key))
    else:
        yield actual, expected, place


def assert_close(
    actual,
    expected,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg=None,
) -> None:
    """Raises AssertionError unless |actual - expected| <= atol + rtol |expected| everywhere.

    Compares tensors, what as_tensor takes, numbers, None, and sequences and mappings of these. Tolerances left out
    follow the dtype (both or neither must be given). `msg` replaces the message, or is called with it.
    """
    __tracebackhide__ = True
    options = _Options(
        allow_subclasses=allow_subclasses,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_device=check_device,
        check_dtype=check_dtype,
        check_stride=check_stride,
    )
    failure = None
    try:
        comparisons = [_comparison(*pair, options) for pair in _pairs(actual, expected, ())]
    except _Mismatch as mismatch:  # what is compared does not fit together: `msg` is not for that
        failure = mismatch.error(None)
    else:
        try:
            for function, *arguments in comparisons:
                function(*arguments)
        except _Mismatch as mismatch:
            failure = mismatch.error(msg)
    if failure is not None:
        raise failure
