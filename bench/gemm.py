#!/usr/bin/env python3
"""Matrix products in Python, one thread: GFLOP/s of Gradus beside PyTorch's, in turns in one process.

`bench_gemm` compares the kernel with oneDNN in C++.
"""

import argparse
import os
import platform
import statistics
import time
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch  # noqa: E402

import gradus  # noqa: E402

# rows, inner, columns; bar: least share of PyTorch's speed
SHAPES = [(8, 8, 8, 1.0), (64, 64, 64, 0.85), (512, 512, 512, 0.85), (1536, 1536, 1536, 0.85), (1, 256, 256, 1.0)]


def seconds(call, repeats):
    begin = time.thread_time()
    for _ in range(repeats):
        call()
    return (time.thread_time() - begin) / repeats


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.processor() or platform.machine()}, float32, one thread")
    print(f"{'shape':>18}{'gradus':>10}{'torch':>10}{'ratio':>8}{'bar':>7}")
    for m, k, n, bar in SHAPES:
        own = partial(gradus.mm, gradus.randn(m, k), gradus.randn(k, n))
        peer = partial(torch.mm, torch.randn(m, k), torch.randn(k, n))
        repeats = max(1, int(2e8 / (2 * m * k * n + 20000)))
        times = {"own": [], "peer": []}
        for _ in range(args.rounds):
            times["own"].append(seconds(own, repeats))
            times["peer"].append(seconds(peer, repeats))
        flops = 2e-9 * m * k * n
        mine, other = statistics.median(times["own"]), statistics.median(times["peer"])
        shape = f"{m}x{k} by {k}x{n}"
        print(f"{shape:>18}{flops / mine:10.1f}{flops / other:10.1f}{other / mine:8.2f}{bar:7.2f}")


if __name__ == "__main__":
    main()
