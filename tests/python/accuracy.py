"""Errors of elementary and special functions in units of the last place, over fixed sweeps of arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

WIDE = np.longdouble
Arrays = tuple[np.ndarray, ...]


def patterns(dtype: type, count: int) -> np.ndarray:
    """Finite numbers at equal steps through all bit patterns: every sign and magnitude."""
    word = {np.float32: np.uint32, np.float64: np.uint64, np.float16: np.uint16}[dtype]
    step = max(1, (1 << np.dtype(word).itemsize * 8) // count) | 1
    x = (np.arange(count, dtype=np.uint64) * np.uint64(step)).astype(word).view(dtype)
    return x[np.isfinite(x)]


def line(low: float, high: float) -> Callable[[type, int], Arrays]:
    """Numbers between two, evenly, and at equal steps of their logarithm towards the end nearer to 0."""

    def sweep(dtype: type, count: int) -> Arrays:
        even = np.linspace(low, high, count, dtype=np.float64)
        x = np.concatenate([even, even * np.geomspace(1e-6, 1, count)]).astype(dtype)
        return (x[(x >= low) & (x <= high)],)

    return sweep


def everything(dtype: type, count: int) -> Arrays:
    return (np.concatenate([patterns(dtype, count), np.linspace(-20, 20, count).astype(dtype)]),)


def positive(dtype: type, count: int) -> Arrays:
    x = everything(dtype, count)[0]
    return (x[x > 0],)


def rows(low: float, high: float) -> Callable[[type, int], Arrays]:
    """Pairs of numbers between two."""

    def sweep(dtype: type, count: int) -> Arrays:
        rng = np.random.default_rng(1)
        return tuple(rng.uniform(low, high, count).astype(dtype) for _ in range(2))

    return sweep


def powers(dtype: type, count: int) -> Arrays:
    """Bases of many magnitudes with exponents that keep the power in range."""
    rng = np.random.default_rng(2)
    base = np.exp2(rng.uniform(-100, 100, count))
    limit = np.log(float(np.finfo(dtype).max)) * 0.95
    exponent = rng.uniform(-limit, limit, count) / np.where(np.abs(np.log(base)) < 0.1, 0.1, np.log(base))
    return base.astype(dtype), exponent.astype(dtype)


def pairs(dtype: type, count: int) -> Arrays:
    rng = np.random.default_rng(3)
    scale = np.exp2(rng.uniform(-40, 40, (2, count)))
    return tuple((rng.standard_normal(count) * s).astype(dtype) for s in scale)


@dataclass(frozen=True)
class Function:
    """A function of the library, its exact counterpart, and where the two are compared."""

    name: str
    domain: str
    call: Callable[..., Any]
    exact: Callable[..., Any]
    sweep: Callable[[type, int], Arrays]
    count: int = 200_000


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def plain(t: Any) -> Iterator[Function]:
    """Functions that NumPy has in extended precision."""
    everywhere = "exp exp2 expm1 sin cos tan atan sinh cosh tanh asinh".split()
    numpy_names = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh"}
    numpy_names["atanh"] = "arctanh"
    for name in everywhere:
        yield Function(name, "all", getattr(t, name), getattr(np, numpy_names.get(name, name)), everything)
    for name in ("log", "log2", "log10", "sqrt"):
        yield Function(name, "x > 0", getattr(t, name), getattr(np, name), positive)
    yield Function("rsqrt", "x > 0", t.rsqrt, lambda x: 1 / np.sqrt(x), positive)
    yield Function("log1p", "x > -1", t.log1p, np.log1p, lambda d, n: (everything(d, n)[0].clip(-1 + 1e-3),))
    for name in ("asin", "acos", "atanh"):
        yield Function(name, "-1 … 1", getattr(t, name), getattr(np, numpy_names[name]), line(-0.999, 0.999))
    yield Function("acosh", "x ≥ 1", t.acosh, np.arccosh, lambda d, n: (np.maximum(positive(d, n)[0], d(1)),))
    yield Function("sigmoid", "all", t.sigmoid, sigmoid, everything)
    yield Function("pow", "base > 0", t.pow, np.power, powers)
    yield Function("atan2", "all", t.atan2, np.arctan2, pairs)
    yield Function("hypot", "all", t.hypot, np.hypot, pairs)
    yield Function("logaddexp", "0 … 50", t.logaddexp, np.logaddexp, rows(0, 50))


def special(t: Any, mp: Any) -> Iterator[Function]:
    """Functions that mpmath has; fewer arguments, for it takes its time."""
    s = t.special

    def slow(name: str, domain: str, call: Any, exact: Any, sweep: Any, count: int = 1500) -> Function:
        return Function(name, domain, call, exact, sweep, count)

    yield slow("erf", "-7 … 7", t.erf, mp.erf, line(-7, 7))
    yield slow("erfc", "-7 … 26", t.erfc, mp.erfc, line(-7, 26))
    yield slow("erfinv", "-1 … 1", t.erfinv, mp.erfinv, line(-0.9999, 0.9999))
    yield slow("erfcx", "-9 … 50", s.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), line(-9, 50))
    yield slow("ndtri", "0 … 0.5", s.ndtri, lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1), line(1e-3, 0.4999))
    yield slow("lgamma", "3 … 10⁶", t.lgamma, mp.loggamma, line(3, 1e6))
    yield slow("lgamma near its zeros", "0 … 3", t.lgamma, mp.loggamma, line(1e-6, 3))
    yield slow("digamma", "2 … 10⁶", t.digamma, lambda x: mp.psi(0, x), line(2, 1e6))
    yield slow("polygamma(1)", "0 … 10⁶", lambda x: t.polygamma(1, x), lambda x: mp.psi(1, x), line(1e-3, 1e6))
    yield slow("i0", "-60 … 60", t.i0, lambda x: mp.besseli(0, x), line(-60, 60), 600)
    yield slow("i1", "-60 … 60", s.i1, lambda x: mp.besseli(1, x), line(-60, 60), 600)
    yield slow("i0e", "0 … 10⁴", s.i0e, lambda x: mp.exp(-x) * mp.besseli(0, x), line(0, 1e4), 600)
    yield slow("i1e", "0 … 10⁴", s.i1e, lambda x: mp.exp(-x) * mp.besseli(1, x), line(1e-3, 1e4), 600)
    yield slow("igamma", "0 … 20", t.igamma, lambda a, x: mp.gammainc(a, 0, x, regularized=True), rows(0.01, 20), 600)
    yield slow("igammac", "0 … 20", t.igammac, lambda a, x: mp.gammainc(a, x, regularized=True), rows(0.01, 20), 600)
    yield slow("zeta", "1 … 20", s.zeta, mp.zeta, rows(1.01, 20), 600)


def functions(t: Any) -> list[Function]:
    """All of them; without mpmath those that need it are missing."""
    found = list(plain(t))
    try:
        import mpmath
    except ImportError:
        return found
    return found + list(special(t, mpmath))


def exact_values(f: Function, columns: Arrays) -> np.ndarray:
    """The exact results in extended precision."""
    if isinstance(f.exact, np.ufunc) or f.count > 2000:
        with np.errstate(all="ignore"):
            return np.asarray(f.exact(*(c.astype(WIDE) for c in columns)), WIDE)
    import mpmath

    with mpmath.workdps(50):
        values = [f.exact(*(mpmath.mpf(float(v)) for v in row)) for row in zip(*columns, strict=True)]
        return np.array([WIDE(mpmath.nstr(v, 25)) for v in values], WIDE)


@dataclass(frozen=True)
class Format:
    """A floating-point format: bits after the point, and the smallest and largest exponents of normal numbers."""

    digits: int
    lowest: int
    highest: int


FORMATS = {
    "float16": Format(10, -14, 15),
    "bfloat16": Format(7, -126, 127),
    "float32": Format(23, -126, 127),
    "float64": Format(52, -1022, 1023),
}


def ulps(got: np.ndarray, exact: np.ndarray, form: Format) -> np.ndarray:
    """Distances in units of the last place of the exact value; infinite where only one is NaN, or infinite."""
    with np.errstate(all="ignore"):
        exponent = np.maximum(np.frexp(exact)[1] - 1, form.lowest)
        error = np.abs(got.astype(WIDE) - exact) / np.ldexp(WIDE(1), exponent - form.digits)
    largest = np.ldexp(WIDE(2) - np.ldexp(WIDE(1), -form.digits - 1), form.highest)  # what rounds to infinity
    error[np.isinf(got) & (np.abs(exact) >= largest) & (np.sign(got) == np.sign(exact))] = 0
    error[np.isnan(got) | np.isnan(exact)] = np.inf
    error[np.isnan(got) & np.isnan(exact)] = 0
    return error


def worst(t: Any, f: Function, dtype: type) -> tuple[float, tuple[float, ...]]:
    """The largest error over the sweep, and where it is."""
    columns = f.sweep(dtype, f.count)
    got = f.call(*(t.from_numpy(c.copy()) for c in columns)).numpy()
    error = ulps(got, exact_values(f, columns), FORMATS[np.dtype(dtype).name])
    at = int(np.argmax(error))
    return float(error[at]), tuple(float(c[at]) for c in columns)


if __name__ == "__main__":
    import gradus

    for entry in functions(gradus):
        found = [worst(gradus, entry, dtype) for dtype in (np.float32, np.float64)]
        numbers = " | ".join(f"{np.ceil(error * 100) / 100:.2f}" for error, _ in found)
        print(f"| `{entry.name}` | {entry.domain} | {numbers} |", "  at", found[0][1], found[1][1], flush=True)
