#!/usr/bin/env python3
"""One step of SGD on a 6-64-8-4 tanh network with one example, in Python: microseconds beside PyTorch's.

The two libraries take turns in one process, one thread each; the figure is the median of the rounds.
"""

import argparse
import importlib
import os
import platform
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")


def make_step(lib):
    """The training step of a fresh model, and a function that gives its loss."""
    lib.manual_seed(0)
    nn = lib.nn
    model = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 4))
    optimizer = lib.optim.SGD(model.parameters(), lr=0.01)
    criterion = nn.MSELoss()
    x, y = lib.randn(1, 6), lib.randn(1, 4)

    def step():
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def seconds_per_call(call, repeats):
    begin = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - begin) / repeats


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--libraries", nargs="+", default=["gradus", "torch"])
    options = parser.parse_args()
    steps = {}
    for name in options.libraries:
        lib = importlib.import_module(name)
        if hasattr(lib, "set_num_threads"):
            lib.set_num_threads(1)
        steps[name] = make_step(lib)
        losses = [steps[name]().item() for _ in range(200)]
        print(f"{name}: loss {losses[0]:.7f} at first, {losses[-1]:.7f} after 200 steps")
    times = {name: [] for name in steps}
    for _ in range(options.rounds):
        for name, step in steps.items():
            times[name].append(seconds_per_call(step, options.repeats))
    print(processor())
    for name, rounds in times.items():
        print(f"{name:8} {1e6 * statistics.median(rounds):8.1f} µs per step")


if __name__ == "__main__":
    main()
