#!/usr/bin/env python3
"""Functions written in Python, and calls of modules: nanoseconds of Gradus beside those of PyTorch.

The two libraries take turns in one process, one thread each; medians over the rounds.
"""

import argparse
import importlib
import os
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from training_step import processor  # noqa: E402


def programs(lib) -> dict:
    """What is measured: each on four elements, so that only the way in and out counts."""

    class Double(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad

    class Separate(Double):
        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

    x, constant, one = lib.ones(4, requires_grad=True), lib.ones(4), lib.ones(4)
    plain, hooked = lib.nn.Identity(), lib.nn.Identity()
    hooked.register_forward_hook(lambda module, args, output: None)

    def walk(result) -> None:
        result.backward(one)
        x.grad = None

    return {
        "x * 2, backward": lambda: walk(x * 2),
        "Function, forward": lambda: Double.apply(x),
        "Function, forward and backward": lambda: walk(Double.apply(x)),
        "Function, nothing recorded": lambda: Double.apply(constant),
        "Function with setup_context": lambda: Separate.apply(x),
        "module": lambda: plain(constant),
        "module with a forward hook": lambda: hooked(constant),
    }


def measure(function, seconds: float) -> float:
    """Nanoseconds of one call."""
    calls, start = 0, time.perf_counter()
    while True:
        for _ in range(200):
            function()
        calls += 200
        spent = time.perf_counter() - start
        if spent > seconds:
            return spent / calls * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.05, help="of one measurement")
    options = parser.parse_args()
    libraries = [importlib.import_module(name) for name in ("gradus", "torch")]
    libraries[1].set_num_threads(1)
    both = [programs(lib) for lib in libraries]
    print(f"{processor()}\n{'':32} {'Gradus':>8} {'PyTorch':>8} {'ratio':>6}")
    for name in both[0]:
        rounds = [[measure(part[name], options.seconds) for part in both] for _ in range(options.rounds)]
        ours, theirs = (statistics.median(column) for column in zip(*rounds))
        print(f"{name:32} {ours:8.0f} {theirs:8.0f} {ours / theirs:6.2f}")


if __name__ == "__main__":
    main()
