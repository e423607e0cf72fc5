#!/usr/bin/env python3
"""Times `import gradus` in fresh processes and weighs the package on disk, beside torch."""

import argparse
import importlib.util
import pathlib
import statistics
import subprocess
import sys

PROGRAM = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def import_seconds(module, repeat=5):
    """Median over fresh processes, after one that warms the disk cache."""
    command = [sys.executable, "-c", PROGRAM.format(module)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(repeat + 1)]
    return statistics.median(float(text) for text in runs[1:])


def package_megabytes(module):
    """Size of the package folder, without byte code."""
    folder = pathlib.Path(importlib.util.find_spec(module).origin).parent
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sum(path.stat().st_size for path in files) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit-ms", type=float, help="fail if importing Gradus takes longer")
    parser.add_argument("--limit-mb", type=float, help="fail if the package is larger")
    args = parser.parse_args()
    measured = {}
    for module in ("gradus", "torch"):
        if importlib.util.find_spec(module):
            measured[module] = import_seconds(module) * 1e3, package_megabytes(module)
            print(f"import {module}: {measured[module][0]:7.1f} ms, package {measured[module][1]:6.1f} MB")
    milliseconds, megabytes = measured["gradus"]
    slow = args.limit_ms and milliseconds > args.limit_ms
    return 1 if slow or args.limit_mb and megabytes > args.limit_mb else 0


if __name__ == "__main__":
    sys.exit(main())
