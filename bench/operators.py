#!/usr/bin/env python3
"""Operators in Python, one by one, beside PyTorch: time of Gradus over time of PyTorch, small and large.

The two libraries take turns in one process, one thread each; the ratio is that of the medians over the rounds.
"""

import argparse
import importlib
import os
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from training_step import processor  # noqa: E402

# name, what makes the arguments at a size n (a program that binds them), the call
CALLS = [
    ("add", "x, y = r(n), r(n)", "x + y"),
    ("add broadcast", "x, y = r(n // 256 + 1, 256), r(256)", "x + y"),
    ("mul number", "x = r(n)", "x * 1.5"),
    ("exp", "x = r(n)", "x.exp()"),
    ("tanh", "x = r(n)", "x.tanh()"),
    ("erf", "x = r(n)", "x.erf()"),
    ("gelu", "x = r(n)", "F.gelu(x)"),
    ("silu", "x = r(n)", "F.silu(x)"),
    ("softplus", "x = r(n)", "F.softplus(x)"),
    ("elu", "x = r(n)", "F.elu(x)"),
    ("where", "x, y = r(n), r(n)", "lib.where(x > 0, x, y)"),
    ("addcmul", "x, y = r(n), r(n)", "lib.addcmul(x, x, y, value=0.5)"),
    ("clamp", "x = r(n)", "x.clamp(-1, 1)"),
    ("sum", "x = r(n)", "x.sum()"),
    ("sum dim 0", "x = r(n // 256 + 1, 256)", "x.sum(0)"),
    ("sum dim 1", "x = r(n // 256 + 1, 256)", "x.sum(1)"),
    ("var dim 1", "x = r(n // 256 + 1, 256)", "x.var(1)"),
    ("norm", "x = r(n)", "x.norm()"),
    ("max dim 1", "x = r(n // 256 + 1, 256)", "x.max(1)"),
    ("argmax", "x = r(n)", "x.argmax()"),
    ("softmax", "x = r(n // 256 + 1, 256)", "x.softmax(1)"),
    ("log_softmax", "x = r(n // 256 + 1, 256)", "x.log_softmax(1)"),
    ("logsumexp", "x = r(n // 256 + 1, 256)", "x.logsumexp(1)"),
    ("layer_norm", "x = r(n // 256 + 1, 256); w = r(256)", "F.layer_norm(x, (256,), w, w)"),
    ("group_norm", "x = r(n // 256 + 1, 16, 16); w = r(16)", "F.group_norm(x, 4, w, w)"),
    ("batch_norm", "x = r(n // 64 + 2, 64); w = r(64)", "F.batch_norm(x, None, None, w, w, training=True)"),
    ("cumsum", "x = r(n)", "x.cumsum(0)"),
    ("cumprod dim 1", "x = r(n // 256 + 1, 256)", "x.cumprod(1)"),
    ("sort", "x = r(n)", "x.sort()"),
    ("sort rows", "x = r(n // 256 + 1, 256)", "x.sort(1)"),
    ("argsort int64", "x = i(n, 1 << 40)", "x.argsort()"),
    ("topk", "x = r(n + 10)", "x.topk(10)"),
    ("median", "x = r(n)", "x.median()"),
    ("kthvalue", "x = r(n)", "x.kthvalue(n // 2 + 1)"),
    ("unique", "x = i(n, 1000)", "x.unique()"),
    ("bincount", "x = i(n, 1000)", "x.bincount()"),
    ("searchsorted", "s = r(1000).sort().values; x = r(n)", "lib.searchsorted(s, x)"),
    ("gather", "x = r(n // 256 + 1, 256); k = i(n // 256 + 1, 256, 256)", "x.gather(1, k)"),
    (
        "scatter_add",
        "x = r(n // 256 + 1, 256); k = i(n // 256 + 1, 256, 256)",
        "lib.zeros_like(x).scatter_add(1, k, x)",
    ),
    ("index_select", "x = r(n // 256 + 1, 256); k = i(n // 256 + 1, n // 256 + 1)", "x.index_select(0, k)"),
    ("index_add", "x = r(n // 256 + 1, 256); k = i(n // 256 + 1, 64)", "lib.zeros(64, 256).index_add(0, k, x)"),
    ("x[mask]", "x = r(n); m = x > 0", "x[m]"),
    ("x[index]", "x = r(n // 256 + 1, 256); k = i(n // 256 + 1, n // 256 + 1)", "x[k]"),
    ("nonzero", "x = i(n, 3)", "x.nonzero()"),
    ("flip", "x = r(n // 256 + 1, 256)", "x.flip(1)"),
    ("roll", "x = r(n // 256 + 1, 256)", "x.roll(3, 1)"),
    ("tril", "x = r(n // 256 + 1, 256)", "x.tril()"),
    ("repeat", "x = r(n // 256 + 1, 64)", "x.repeat(1, 4)"),
    ("repeat_interleave", "x = r(n // 256 + 1, 64)", "x.repeat_interleave(4, 1)"),
    ("transpose copy", "x = r(n // 256 + 1, 256)", "x.t().contiguous()"),
    ("cat", "x = r(n // 256 + 1, 128)", "lib.cat([x, x], 1)"),
    ("pad", "x = r(n // 256 + 1, 256)", "F.pad(x, (1, 2))"),
    ("one_hot", "x = i(n // 64 + 1, 64)", "F.one_hot(x, 64)"),
    ("embedding", "w = r(1000, 64); k = i(n // 64 + 1, 1000)", "F.embedding(k, w)"),
    ("cross_entropy", "x = r(n // 64 + 1, 64); k = i(n // 64 + 1, 64)", "F.cross_entropy(x, k)"),
    ("bce", "x = lib.sigmoid(r(n)); y = lib.sigmoid(r(n))", "F.binary_cross_entropy(x, y)"),
    ("smooth_l1", "x, y = r(n), r(n)", "F.smooth_l1_loss(x, y)"),
    ("matmul", "m = int(n ** 0.5) + 1; x, y = r(m, m), r(m, m)", "x @ y"),
    ("baddbmm", "x, y, z = r(n // 256 + 1, 16, 16), r(n // 256 + 1, 16, 16), r(16, 16)", "lib.baddbmm(z, x, y)"),
    ("einsum", "x, y = r(n // 256 + 1, 16, 16), r(n // 256 + 1, 16, 16)", "lib.einsum('bij,bjk->bik', x, y)"),
    ("cdist", "m = int((n / 64) ** 0.5) + 2; x, y = r(m, 64), r(m, 64)", "lib.cdist(x, y)"),
    ("randn", "", "r(n)"),
    ("dropout", "x = r(n)", "F.dropout(x, 0.1)"),
    ("bernoulli_", "x = r(n)", "x.bernoulli_(0.3)"),
]


def prepared(lib, setup, call, n):
    """A function without arguments that makes the call, with arguments of the size."""
    lib.manual_seed(0)
    scope = {"lib": lib, "F": lib.nn.functional, "n": n, "r": lib.randn}
    scope["i"] = lambda *sizes: lib.randint(0, sizes[-1], sizes[:-1])
    exec(setup, scope)
    return eval("lambda: " + call, scope)


def seconds(call, repeats):
    begin = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - begin) / repeats


def ratio(libs, setup, call, n, rounds):
    """Median time per call of each library; what a library lacks is None."""
    calls, times = [], [[] for _ in libs]
    for lib in libs:
        try:
            run = prepared(lib, setup, call, n)
            run()
            calls.append(run)
        except (AttributeError, NotImplementedError):
            return None
    repeats = max(1, int(2e-3 / max(seconds(calls[-1], 3), 1e-7)))
    for _ in range(rounds):
        for run, taken in zip(calls, times, strict=True):
            taken.append(seconds(run, repeats))
    return [statistics.median(taken) for taken in times]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only operators whose name contains one of these")
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 4096, 1 << 20])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    libs = [importlib.import_module(name) for name in ("gradus", "torch")]
    for lib in libs:
        lib.set_num_threads(1)
    print(processor(), "- time of Gradus over time of PyTorch, one thread")
    print(f"{'':18}" + "".join(f"{f'n = {n}':>14}" for n in options.sizes))
    for name, setup, call in CALLS:
        if options.names and not any(part in name for part in options.names):
            continue
        row = f"{name:18}"
        for n in options.sizes:
            taken = ratio(libs, setup, call, n, options.rounds)
            row += f"{'-':>14}" if taken is None else f"{taken[0] / taken[1]:>14.2f}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
