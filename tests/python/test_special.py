"""Special functions against mpmath: float64 to about 1e-14, float32 within one unit of the last place."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from bridge import gradus

mp = pytest.importorskip("mpmath", reason="mpmath is the reference of these tests and is not installed")


def spread(low, high, n=60, seed=0):
    """Numbers of every magnitude between two positive ones."""
    draw = random.Random(seed)
    return [10 ** draw.uniform(math.log10(low), math.log10(high)) for _ in range(n)]


def between(low, high, n=60, seed=1):
    draw = random.Random(seed)
    return [draw.uniform(low, high) for _ in range(n)]


def log_gamma(x):
    return mp.log(abs(mp.gamma(x)))


def normal_quantile(p):
    if p > 1e-3:
        return mp.sqrt(2) * mp.erfinv(2 * p - 1)
    x = -mp.sqrt(-2 * mp.log(p))
    for _ in range(40):
        q = mp.erfc(-x / mp.sqrt(2)) / 2
        x -= mp.log(q / p) * q * mp.sqrt(2 * mp.pi) * mp.exp(x * x / 2)
    return x


special = gradus.special
CASES = {
    "lgamma": (gradus.lgamma, log_gamma, between(0, 12) + spread(1e-300, 1e300) + [1 + 1e-9, 2 - 1e-9], 1e-15),
    "lgamma below 0": (gradus.lgamma, log_gamma, between(-1.9, 0) + between(-9.9, -3.2), 4e-14),
    "digamma": (gradus.digamma, lambda x: mp.psi(0, x), between(2, 12) + spread(1e-5, 1.2) + spread(2, 1e10), 4e-15),
    "trigamma": (lambda x: gradus.polygamma(1, x), lambda x: mp.psi(1, x), between(-9, 9) + spread(1e-5, 1e9), 2e-15),
    "polygamma 3": (
        lambda x: gradus.polygamma(3, x),
        lambda x: mp.psi(3, x),
        between(-6, 9) + spread(1e-3, 1e3),
        4e-15,
    ),
    "erfinv": (gradus.erfinv, mp.erfinv, between(-1, 1) + spread(1e-300, 0.1), 1e-15),
    "erfinv near 1": (gradus.erfinv, mp.erfinv, [1 - t for t in spread(1e-15, 0.1)], 1e-15),
    "ndtri": (special.ndtri, normal_quantile, between(0.51, 1) + spread(1e-300, 0.4), 2e-15),
    "erfcx": (special.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), between(-26, 30) + spread(1e-9, 1e3), 1e-15),
    "log_ndtr": (special.log_ndtr, lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2), between(-40, 4), 2e-14),
    "ndtr": (special.ndtr, mp.ncdf, between(-1, 8), 1e-15),
    "i0": (gradus.i0, lambda x: mp.besseli(0, x), between(-60, 60), 3e-15),
    "i0e": (special.i0e, lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), between(-60, 60) + spread(1, 1e6), 1e-15),
    "i1": (special.i1, lambda x: mp.besseli(1, x), between(-60, 60), 4e-15),
    "i1e": (special.i1e, lambda x: mp.exp(-abs(x)) * mp.besseli(1, x), between(-60, 60) + spread(1, 1e6), 3e-15),
    "entr": (special.entr, lambda x: -x * mp.log(x), spread(1e-300, 1e300), 1e-15),
}
PAIRS = {
    "zeta": (special.zeta, mp.zeta, between(1.01, 9), spread(0.01, 1e4, seed=3), 2e-15),
    "igamma": (gradus.igamma, lambda a, x: mp.gammainc(a, 0, x, regularized=True), None, None, 2e-13),
    "igammac": (gradus.igammac, lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True), None, None, 2e-13),
}


def check(function, exact, arguments, bound):
    """Compares at arguments that float32 holds, too: there the result may be off by one unit of the last place."""
    with mp.workdps(60):
        for dtype, limit in ((np.float64, bound), (np.float32, 1.3e-7)):
            kept = [row for row in arguments if all(1e-37 < abs(v) < 1e37 for v in row) or dtype is np.float64]
            kept = [[float(dtype(v)) for v in row] for row in kept]
            columns = [np.array(column, dtype=dtype) for column in zip(*kept, strict=True)]
            got = function(*(gradus.from_numpy(c) for c in columns)).numpy()
            for row, value in zip(kept, got, strict=True):
                expected = exact(*(mp.mpf(v) for v in row))
                tiny = np.finfo(dtype).tiny
                if tiny < abs(expected) < np.finfo(dtype).max:
                    assert abs(float(value) - expected) <= limit * abs(expected), (row, value, expected)


@pytest.mark.parametrize("name", CASES)
def test_precision(name):
    function, exact, arguments, bound = CASES[name]
    check(function, exact, [[x] for x in arguments], bound)


@pytest.mark.parametrize("name", PAIRS)
def test_precision_of_two(name):
    function, exact, first, second, bound = PAIRS[name]
    if first is None:  # the order, and an argument on both sides of it
        first = spread(1e-2, 300, 120)
        second = [a * t for a, t in zip(first, between(0.3, 1.8, 120), strict=True)]
    check(function, exact, list(zip(first, second, strict=True)), bound)


LIMITS = [
    ("lgamma", [0.0, -0.0, -1.0, -7.0, math.inf, -math.inf, math.nan, 1.0, 2.0]),
    ("digamma", [0.0, -0.0, -1.0, math.inf, math.nan]),
    ("erfinv", [1.0, -1.0, 1.5, -2.0, 0.0, math.nan]),
    ("special.ndtri", [0.0, 1.0, -0.5, 1.5, 0.5, math.nan]),
    ("special.erfcx", [math.inf, -math.inf, 0.0, math.nan, -30.0]),
    ("special.log_ndtr", [math.inf, -math.inf, math.nan]),
    ("special.entr", [0.0, -0.0, -1.0, math.inf, -math.inf, math.nan]),
    ("i0", [0.0, math.inf, math.nan]),
    ("special.i1", [0.0, math.nan]),
    ("special.i0e", [0.0, 1e300, math.nan]),
    ("special.i1e", [0.0, 1e300, -1e300, math.nan]),
]


@pytest.mark.parametrize("name, arguments", LIMITS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_limits_are_those_of_pytorch(name, arguments, dtype):
    from bridge import torch

    results = []
    for lib in (torch, gradus):
        function = lib
        for part in name.split("."):
            function = getattr(function, part)
        results.append(function(lib.tensor(arguments, dtype=getattr(lib, dtype))).numpy())
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("name", ["igamma", "igammac"])
def test_limits_of_the_incomplete_integrals(name):
    from bridge import torch

    values = [0.0, -1.0, 0.5, 3.0, math.inf, math.nan]
    grid = [(a, x) for a in values for x in values]
    results = []
    for lib in (torch, gradus):
        a, x = (lib.tensor([row[i] for row in grid], dtype=lib.float64) for i in (0, 1))
        results.append(getattr(lib, name)(a, x).numpy())
    np.testing.assert_allclose(results[1], results[0], rtol=1e-10)
