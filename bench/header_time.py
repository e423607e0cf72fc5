#!/usr/bin/env python3
"""Times the compilation of an empty program over the public header at -O0, beside torch/torch.h."""

import argparse
import importlib.util
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def seconds(header, folders, repeat):
    """Median wall time of compiling `#include <header>` and an empty main to an object file."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "main.cpp"
        source.write_text(f"#include <{header}>\nint main() {{}}\n")
        includes = [flag for path in folders for flag in ("-isystem", str(path))]
        command = ["g++", "-std=c++20", "-O0", *includes, "-c", str(source), "-o", str(source.with_suffix(".o"))]
        times = []
        for _ in range(repeat):
            start = time.perf_counter()
            subprocess.run(command, check=True)
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--limit", type=float, help="fail if Gradus takes longer (seconds)")
    args = parser.parse_args()
    own = seconds("gradus/gradus.h", [ROOT, args.build / "gen"], 5)
    print(f"#include <gradus/gradus.h> at -O0: {own:.2f} s")
    spec = importlib.util.find_spec("torch")
    if spec:
        include = pathlib.Path(spec.origin).parent / "include"
        torch = seconds("torch/torch.h", [include, include / "torch/csrc/api/include"], 1)
        print(f"#include <torch/torch.h>   at -O0: {torch:.2f} s ({torch / own:.0f} times as long)")
    return 1 if args.limit and own > args.limit else 0


if __name__ == "__main__":
    sys.exit(main())
