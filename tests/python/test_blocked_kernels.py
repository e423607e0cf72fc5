"""Kernels that work in tiles and parts, at sizes around their borders, against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

SIDES = [1, 2, 15, 16, 17, 31, 33, 64, 65, 130, 257]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "bool"])
def test_transposed_copies(lib, dtype):
    rng = np.random.default_rng(0)
    for rows in SIDES:
        for cols in SIDES:
            x = rng.integers(0, 2 if dtype == "bool" else 100, (rows, cols)).astype(dtype)
            copied = lib.from_numpy(x.copy()).t().contiguous()
            assert copied.is_contiguous()
            np.testing.assert_array_equal(copied.numpy(), x.T)


def test_transposed_copies_of_slices_and_batches(lib):
    x = np.random.default_rng(1).standard_normal((3, 70, 90)).astype(np.float32)
    t = lib.from_numpy(x.copy())
    np.testing.assert_array_equal(t[:, 3:68, 5:].transpose(1, 2).contiguous().numpy(), x[:, 3:68, 5:].swapaxes(1, 2))
    target = lib.zeros(90, 3, 70).permute(1, 2, 0)
    target.copy_(t)
    np.testing.assert_array_equal(target.numpy(), x)
    np.testing.assert_array_equal(t.permute(1, 2, 0).contiguous().numpy(), x.transpose(1, 2, 0))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("threads", [1, 3])
def test_copies_of_short_runs(lib, dtype, threads):
    before = lib.get_num_threads()
    lib.set_num_threads(threads)
    try:
        for run in [1, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 255, 256, 257, 300]:
            x = (np.arange(6 * 5 * 7 * (run + 2)) % 101).astype(dtype).reshape(6, 5, 7, run + 2)
            t = lib.from_numpy(x.copy())[..., 1:-1]
            wanted = x[..., 1:-1]
            np.testing.assert_array_equal(t.contiguous().numpy(), wanted)
            np.testing.assert_array_equal(t.transpose(0, 2).contiguous().numpy(), wanted.swapaxes(0, 2))
            target = lib.zeros(6, 5, 7, run + 2, dtype=t.dtype)
            target[..., 1:-1].copy_(t)
            np.testing.assert_array_equal(target.numpy(), np.pad(wanted, [(0, 0)] * 3 + [(1, 1)]))
    finally:
        lib.set_num_threads(before)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_large_copies_by_several_threads(lib, dtype):
    x = (np.arange(3 * 400 * 700) % 251).astype(dtype).reshape(3, 400, 700)
    before = lib.get_num_threads()
    lib.set_num_threads(3)
    try:
        t = lib.from_numpy(x.copy())
        np.testing.assert_array_equal(t.clone().numpy(), x)
        np.testing.assert_array_equal(t.transpose(1, 2).contiguous().numpy(), x.swapaxes(1, 2))
        np.testing.assert_array_equal(t[:, 1::2, ::3].contiguous().numpy(), x[:, 1::2, ::3])
        np.testing.assert_array_equal(t[:, :1].expand(3, 400, 700).contiguous().numpy(), x[:, :1].repeat(400, 1))
        np.testing.assert_array_equal(t.to(lib.int32).numpy(), x.astype(np.int32))
    finally:
        lib.set_num_threads(before)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("step", [1, 2])
def test_probabilities_outside_zero_to_one_are_found_wherever_they_stand(lib, dtype, step):
    loss = lib.nn.functional.binary_cross_entropy
    above = np.nextafter(np.ones((), dtype), np.asarray(2, dtype))
    for n in [1, 3, 7, 16, 33]:
        x = np.random.default_rng(n).random(n * step).astype(dtype)
        x[0], x[-step] = -0.0, 1
        target = lib.from_numpy(x.copy())[::step]
        assert loss(target, target).isfinite()
        for at in range(n):
            for bad in (above, -np.finfo(dtype).tiny, np.nan, np.inf, -np.inf):
                wrong = x.copy()
                wrong[at * step] = bad
                with pytest.raises(RuntimeError, match="between 0 and 1"):
                    loss(lib.from_numpy(wrong)[::step], target)


def running_extremum(x, larger):
    """What cummax and cummin give for one line, by their definition: the last of equals, the last NaN."""
    values, places = x.copy(), np.zeros(len(x), np.int64)
    held = 0
    for i in range(1, len(x)):
        best, v = x[held], x[i]
        if v != v or (best == best and (v >= best if larger else v <= best)):
            held = i
        values[i], places[i] = x[held], held
    return values, places


@pytest.mark.parametrize("name", ["cummax", "cummin"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_running_extrema(lib, name, dtype):
    rng = np.random.default_rng(2)
    for rows, cols, spread in [(1, 200, 5), (3, 17, 1000), (70, 3, 4), (40, 33, 1000), (300, 2, 9)]:
        x = rng.integers(0, min(spread, 255), (rows, cols)).astype(dtype)
        if rows == 40:
            x = np.sort(x, axis=1)
        if dtype.startswith("float"):
            x[rng.random((rows, cols)) < 0.01] = np.nan
        for dim in (0, 1):
            values, places = getattr(lib.from_numpy(x.copy()), name)(dim)
            lines = np.moveaxis(x, dim, 0).reshape(x.shape[dim], -1).T
            wanted = [running_extremum(line, name == "cummax") for line in lines]
            for got, want in ((values, 0), (places, 1)):
                got = np.moveaxis(got.numpy(), dim, 0).reshape(x.shape[dim], -1).T
                np.testing.assert_array_equal(got, np.array([w[want] for w in wanted]))


@pytest.mark.parametrize("kind", ["normal", "rising", "falling", "steep", "wide", "infinite", "same"])
def test_running_logsumexp(lib, kind):
    rng = np.random.default_rng(3)
    for shape in [(1, 1), (1, 63), (2, 64), (3, 65), (70, 20), (200, 3)]:
        x = rng.standard_normal(shape)
        steps = np.arange(x.size).reshape(shape)
        if kind == "rising":
            x += steps
        elif kind == "falling":
            x -= steps
        elif kind == "steep":
            x += 30.0 * steps
        elif kind == "wide":
            x *= 500
        elif kind == "infinite":
            x[rng.random(shape) < 0.2] = -np.inf
            x[rng.random(shape) < 0.02] = np.inf
        elif kind == "same":
            x[:] = -7.25
        for dim in (0, 1):
            wanted = np.logaddexp.accumulate(x.astype(np.longdouble), axis=dim).astype(np.float64)
            got = lib.from_numpy(x.copy()).logcumsumexp(dim).numpy()
            np.testing.assert_allclose(got, wanted, rtol=1e-14, atol=2e-14)
            narrow = lib.from_numpy(x.astype(np.float32)).logcumsumexp(dim).numpy()
            exact = np.logaddexp.accumulate(x.astype(np.float32).astype(np.float64), axis=dim)
            np.testing.assert_allclose(narrow, exact, rtol=1e-7, atol=1e-12)


def test_running_logsumexp_carries_nan(lib):
    x = np.zeros(200)
    x[100] = np.nan
    got = lib.from_numpy(x).logcumsumexp(0).numpy()
    assert not np.isnan(got[:100]).any()
    assert np.isnan(got[100:]).all()


@pytest.mark.parametrize("span", [1, 2, 1000, 1 << 40, 1 << 62])
def test_median_of_many(lib, span):
    rng = np.random.default_rng(4)
    for n in (4095, 4096, 20001):
        x = rng.integers(-span, span, n)
        assert lib.from_numpy(x.copy()).median().item() == np.sort(x)[(n - 1) // 2]
        floats = rng.standard_normal(n) * span
        assert lib.from_numpy(floats.copy()).median().item() == np.sort(floats)[(n - 1) // 2]
        x[:] = span
        assert lib.from_numpy(x.copy()).median().item() == span


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "var"])
def test_permuted_tensors_reduce_to_the_same_bits(lib, name):
    lib.manual_seed(5)
    x = lib.randn(13, 70, 41) * 0.1 + 1
    for order in [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)]:
        assert getattr(x.permute(order), name)().item() == getattr(x, name)().item()


@pytest.mark.parametrize("p", [0.5, 1.5, 3.0, 4.0, 7.0, 16.0, 17.0, 20.5])
def test_power_distances(lib, p):
    rng = np.random.default_rng(6)
    for columns in (1, 15, 16, 33, 256, 300):
        x, y = rng.standard_normal((4, columns)), rng.standard_normal((5, columns))
        y[1] = x[2]
        y[0, 0] = x[0, 0]
        for dtype, tolerance in ((np.float64, 1e-13), (np.float32, 1e-5)):
            a, b = lib.from_numpy(x.astype(dtype)).requires_grad_(), lib.from_numpy(y.astype(dtype))
            exact = x.astype(dtype).astype(np.float64)[:, None] - y.astype(dtype).astype(np.float64)
            wanted = (np.abs(exact) ** p).sum(-1) ** (1 / p)
            got = lib.cdist(a, b, p)
            np.testing.assert_allclose(got.detach().numpy(), wanted, rtol=tolerance)
            got.sum().backward()
            with np.errstate(all="ignore"):
                slope = np.sign(exact) * (np.abs(exact) / wanted[..., None]) ** (p - 1)
            slope[(exact == 0) | (wanted[..., None] == 0)] = 0
            np.testing.assert_allclose(a.grad.numpy(), slope.sum(1), rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_joined_rows(lib, dtype):
    rng = np.random.default_rng(7)
    for widths in [(1, 1), (64, 0, 3), (100, 17), (1, 200, 5), (16,) * 70]:
        for dim in (0, 1, 2):
            parts = [rng.integers(0, 100, [w if d == dim else n for d, n in enumerate((3, 4, 5))]) for w in widths]
            parts = [p.astype(dtype) for p in parts]
            joined = lib.cat([lib.from_numpy(p.copy()) for p in parts], dim)
            np.testing.assert_array_equal(joined.numpy(), np.concatenate(parts, dim))
    mixed = lib.cat([lib.ones(4, 50, dtype=lib.float32), lib.zeros(50, 4, dtype=lib.float64).t()], 1)
    assert mixed.dtype == lib.float64
    assert mixed.sum().item() == 200


def lines_to_sort(n, dtype):
    """Lines with few, many, skewed, equal and special values."""
    rng = np.random.default_rng(8)
    if np.issubdtype(dtype, np.floating):
        special = rng.choice([0.0, -0.0, np.nan, np.inf, -np.inf, 1.5], n)
        lines = [rng.standard_normal(n), np.exp(rng.uniform(-80, 80, n)), special, np.full(n, -2.5)]
    else:
        info = np.iinfo(dtype)
        lines = [
            rng.integers(info.min, info.max, n, endpoint=True, dtype=dtype),
            rng.integers(0, 9, n),
            np.arange(n)[::-1],
        ]
        lines.append(np.where(rng.random(n) < 0.999, 3, info.max))
    with np.errstate(over="ignore"):
        return [line.astype(dtype) for line in lines]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int16", "int32", "int64"])
@pytest.mark.parametrize("n", [63, 64, 100, 129, 5000, 150_000])
def test_sorts(lib, n, dtype):
    for line in lines_to_sort(n, np.dtype(dtype)):
        x = lib.from_numpy(line.copy())
        values, places = x.sort(stable=True)
        order = np.argsort(line, kind="stable")
        np.testing.assert_array_equal(places.numpy(), order)
        np.testing.assert_array_equal(values.numpy(), line[order])
        np.testing.assert_array_equal(np.signbit(values.numpy()), np.signbit(line[order]))
        values, places = x.sort(descending=True, stable=True)
        # NaN stands above everything; of equals the first comes first.
        rank = np.unique(line, return_inverse=True)[1]
        order = np.argsort(-rank, kind="stable")
        np.testing.assert_array_equal(places.numpy(), order)
        np.testing.assert_array_equal(values.numpy(), line[order])


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "float64"])
def test_places_in_transposed_matrices(lib, dtype):
    rng = np.random.default_rng(9)
    for rows, cols in [(2, 3), (3, 700), (700, 3), (90, 40), (513, 520)]:
        for spread in (2, 100):
            x = rng.integers(0, spread, (rows, cols)).astype(dtype)
            t = lib.from_numpy(x.copy()).t()
            assert t.argmax().item() == np.argmax(x.T)
            assert t.argmin().item() == np.argmin(x.T)
            if dtype.startswith("float"):
                x[rows // 2, cols // 2] = x[0, cols - 1] = np.nan
                t = lib.from_numpy(x.copy()).t()
                assert t.argmax().item() == np.argmax(x.T)
                assert t.argmin().item() == np.argmin(x.T)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_kth_of_long_lines(lib, torch, dtype):
    for line in lines_to_sort(20_000, np.dtype(dtype)):
        x, y = lib.from_numpy(line.copy()), torch.from_numpy(line.copy())
        for k in (1, 2, 777, 10_000, 19_999, 20_000):
            value, place = x.kthvalue(k)
            wanted = y.kthvalue(k)
            np.testing.assert_array_equal(value.numpy(), wanted.values.numpy())
            assert place.item() == wanted.indices.item()
