"""What running a segment costs beside its arithmetic: with a plan that is known, and with one that has to be made."""

from __future__ import annotations

import contextlib
import statistics
import time

OPERATIONS = 200
TILE = 2048  # sizes are multiples of it: the arithmetic then grows in proportion to them
SIZES = [TILE * n for n in range(1, 5)]
BARS = {"known": 30, "made": 150}  # nanoseconds an operation
TITLES = {"known": "a segment of 200 operations, plan known", "made": "the same, plan to be made"}


def record(a, b):
    """A chain in which no step repeats another; nothing but its end can be seen."""
    y = a
    for i in range(OPERATIONS // 4):
        y = y * b + a
        y = y.clamp(-9 + i / 100, 9) - b
    return y


def inputs(lib, elements):
    pair = lib.rand(elements), lib.rand(elements)
    lib.stream.synchronize()
    return pair


def nanoseconds(lib, pair):
    """Time per operation of running what waits, without the recording, and whether the plan was known."""
    before = lib.stream.counters()
    result = record(*pair)
    after = lib.stream.counters()
    assert after["pending"] == after["recorded"] - before["recorded"] == OPERATIONS
    begin = time.perf_counter_ns()
    lib.stream.synchronize()
    taken = time.perf_counter_ns() - begin
    assert result[0].item() == result[0].item()
    return taken / OPERATIONS, lib.stream.counters()["plan_misses"] == before["plan_misses"]


def intercept(points):
    """Where the line through the points, by least squares, meets x = 0."""
    slope, at_zero = statistics.linear_regression(*zip(*points))
    return at_zero


@contextlib.contextmanager
def alone(lib):
    """Operations wait, and one thread runs them."""
    threads, deferred = lib.get_num_threads(), lib.stream.set_deferred(True)
    lib.set_num_threads(1)
    try:
        yield
    finally:
        lib.set_num_threads(threads)
        lib.stream.set_deferred(deferred)


def measure(lib, rounds):
    """Nanoseconds an operation beyond the arithmetic, by whether the plan was known.

    With a known plan: what would be left for tensors without elements, from the medians at several sizes. A plan to be
    made: that, and what the first run at a size never met before takes longer than the runs after it.
    """
    known, made = {n: [] for n in SIZES}, []
    with alone(lib):
        pairs = {n: inputs(lib, n) for n in SIZES}
        for pair in pairs.values():
            nanoseconds(lib, pair)
        for turn in range(20 * rounds):
            for n, pair in pairs.items():
                taken, hit = nanoseconds(lib, pair)
                assert hit
                known[n].append(taken)
            pair = inputs(lib, TILE + 1 + turn)
            (first, hit), *again = (nanoseconds(lib, pair) for _ in range(4))
            assert not hit
            made.append(first - statistics.median(taken for taken, _ in again))
    beyond = intercept([(n, statistics.median(taken)) for n, taken in known.items()])
    return {"known": beyond, "made": beyond + statistics.median(made)}
