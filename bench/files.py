#!/usr/bin/env python3
"""Checkpoints in Python, beside PyTorch: saving and loading 100 MB of a state dict, whole and mapped.

The two libraries take turns in one process; the ratio is that of the medians over the rounds. Gradus also syncs the
file to the disk before it takes the old one's place, and compares checksums when it loads.
"""

import argparse
import importlib
import os
import statistics
import tempfile
import time

from training_step import processor


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", default=None, help="where the files go")
    options = parser.parse_args()
    libraries = [importlib.import_module(name) for name in ("torch", "gradus")]
    states = [{f"layer{i}": lib.ones(1000, 1000) for i in range(25)} for lib in libraries]
    times = {what: ([], []) for what in ("save", "load", "load mapped")}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        paths = [os.path.join(folder, lib.__name__ + ".pt") for lib in libraries]
        for _ in range(options.rounds):
            for i, (lib, state, path) in enumerate(zip(libraries, states, paths)):
                marks = [time.perf_counter()]
                lib.save(state, path)
                marks.append(time.perf_counter())
                whole = lib.load(path)
                marks.append(time.perf_counter())
                mapped = lib.load(path, mmap=True)
                marks.append(time.perf_counter())
                for what, start, end in zip(times, marks, marks[1:]):
                    times[what][i].append(end - start)
                del whole, mapped
    print(f"{processor()}; 100 MB, median of {options.rounds}")
    for what, (theirs, ours) in times.items():
        a, b = statistics.median(theirs), statistics.median(ours)
        print(f"{what:12} PyTorch {1e3 * a:8.2f} ms   Gradus {1e3 * b:8.2f} ms   ratio {b / a:.2f}")


if __name__ == "__main__":
    main()
