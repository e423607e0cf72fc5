"""Remainders and floored quotients, exactly, against Python's own and C's."""

from __future__ import annotations

import math

import numpy as np
import pytest


def operands(dtype):
    """Dividends and divisors of every size, with exact multiples and neighbours of multiples."""
    rng = np.random.default_rng(0)
    n = 3000
    if np.issubdtype(dtype, np.floating):
        a = rng.standard_normal(n) * np.exp2(rng.uniform(-30, 30, n))
        b = rng.standard_normal(n) * np.exp2(rng.uniform(-30, 30, n))
        a, b = a.astype(dtype), b.astype(dtype)
        a[:800] = (rng.integers(-5000, 5000, 800) * b[:800]).astype(dtype)
        a[200:400] = np.nextafter(a[200:400], dtype.type(np.inf))
        a[400:600] = np.nextafter(a[400:600], dtype.type(-np.inf))
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -7.5, 1e-40, 3e38], dtype)
        pairs = np.array(np.meshgrid(special, special)).reshape(2, -1)
        return np.concatenate([a, pairs[0]]), np.concatenate([b, pairs[1]])
    info = np.iinfo(dtype)
    a = rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
    b = rng.integers(-1000, 1000, n).astype(dtype)
    a[:2000] >>= dtype.type(8 * dtype.itemsize // 4)
    a[500:1000] = rng.integers(-30, 30, 500) * b[500:1000] + rng.integers(-1, 2, 500)
    b[b == 0] = 3
    b[-100:] = rng.integers(info.min // 2, info.max // 2, 100)
    b[b == 0] = 3
    return np.concatenate([a, np.array([info.min, info.max], dtype)]), np.concatenate([b, np.array([-1, -1], dtype)])


def wrapped(value, dtype):
    size = 1 << (8 * dtype.itemsize)
    value %= size
    return value - size if value >= size // 2 else value


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integers(lib, dtype):
    dtype = np.dtype(dtype)
    a, b = operands(dtype)
    x, y = lib.from_numpy(a), lib.from_numpy(b)
    listed = list(zip(a.tolist(), b.tolist(), strict=True))
    assert (x // y).tolist() == [wrapped(p // q, dtype) for p, q in listed]
    assert (x % y).tolist() == [p % q for p, q in listed]
    assert x.fmod(y).tolist() == [abs(p) % abs(q) * (-1 if p < 0 else 1) for p, q in listed]
    sure = slice(0, 256)  # a part that doubles hold
    assert (x[sure] // 7).tolist() == [p // 7 for p in a[sure].tolist()]
    assert (x[sure] % -7).tolist() == [p % -7 for p in a[sure].tolist()]


def c_fmod(p, q):
    try:
        return math.fmod(p, q)
    except ValueError:
        return math.nan


def floored(m, b):
    """What % gives, of the remainder with the sign of the dividend."""
    with np.errstate(all="ignore"):
        return np.where((m != 0) & ((b < 0) != (m < 0)), m + b, m)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats(lib, torch, dtype):
    a, b = operands(np.dtype(dtype))
    listed = list(zip(a.tolist(), b.tolist(), strict=True))
    exact = np.array([c_fmod(p, q) for p, q in listed]).astype(dtype)
    for part in (slice(None), slice(0, 1), slice(0, 700), slice(300, 301)):
        x, y = lib.from_numpy(a[part].copy()), lib.from_numpy(b[part].copy())
        got = x.fmod(y).numpy()
        np.testing.assert_array_equal(got, exact[part])
        np.testing.assert_array_equal(np.signbit(got)[got == 0], np.signbit(exact[part])[got == 0])
        p, q = torch.from_numpy(a[part].copy()), torch.from_numpy(b[part].copy())
        np.testing.assert_array_equal((x // y).numpy(), (p // q).numpy())
        np.testing.assert_array_equal((x % y).numpy(), floored(exact[part], b[part]))
        x %= y
        np.testing.assert_array_equal(x.numpy(), floored(exact[part], b[part]))


@pytest.mark.parametrize("divisor", [0.75, -0.75, 3.0, 1e-3])
def test_one_divisor(lib, divisor):
    a = operands(np.dtype("float32"))[0]
    rounded = np.float32(divisor)
    exact = np.array([c_fmod(p, float(rounded)) for p in a.tolist()]).astype(np.float32)
    np.testing.assert_array_equal(lib.from_numpy(a).fmod(divisor).numpy(), exact)
    np.testing.assert_array_equal((lib.from_numpy(a) % divisor).numpy(), floored(exact, rounded))
