#!/usr/bin/env python3
"""Small work in C++: nanoseconds per operation and per training step, beside libtorch where its wheel is installed.

Both programs are built from bench/small_ops.h; they take turns, one thread each, and the median of the rounds counts.
"""

import argparse
import importlib.util
import os
import pathlib
import statistics
import subprocess
import sys

from training_step import processor

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The nanoseconds allowed where libtorch takes the second figure: their ratio is the bar.
BARS = {
    "a + b, one element": (60, 552),
    "a + b and item, one element": (200, 658),
    "a + b, recorded for gradient": (100, 921),
    "6-64-8-4 tanh network, one SGD step": (6000, 98000),
}


def torch_program(build):
    """Compiles the libtorch twin once; None where PyTorch is missing."""
    spec = importlib.util.find_spec("torch")
    if not spec:
        return None
    home = pathlib.Path(spec.origin).parent
    program = build / "bench_small_ops_torch"
    source = ROOT / "bench/peer/small_ops_torch.cpp"
    header = ROOT / "bench/small_ops.h"
    if not program.exists() or program.stat().st_mtime < max(source.stat().st_mtime, header.stat().st_mtime):
        include, lib = home / "include", home / "lib"
        command = ["g++", "-std=c++20", "-O2", f"-I{include}", f"-I{include}/torch/csrc/api/include", str(source)]
        command += [f"-L{lib}", f"-Wl,-rpath,{lib}", "-ltorch", "-ltorch_cpu", "-lc10", "-o", str(program)]
        subprocess.run(command, check=True)
    return program


def figures(program):
    out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return {name: float(ns) for name, ns in (line.split("\t") for line in out.splitlines())}


def verdict(name, share):
    """The bar of a row as a share of libtorch's time, and whether it holds."""
    if name not in BARS:
        return f"{'':8}{'':>7}"
    bar = BARS[name][0] / BARS[name][1]
    holds = "-" if share != share else "yes" if share <= bar else "NO"
    return f"{bar:8.3f}{holds:>7}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    own_program, peer_program = args.build / "bench_small_ops", torch_program(args.build)
    own, peer = [], []
    for _ in range(args.rounds):
        own.append(figures(own_program))
        if peer_program:
            peer.append(figures(peer_program))
    print(f"{processor()}, one thread, ns, median of {args.rounds}")
    print(f"{'':40}{'gradus':>10}{'libtorch':>10}{'ratio':>8}{'bar':>8}{'holds':>7}")
    for name in own[0]:
        mine = statistics.median(f[name] for f in own)
        other = statistics.median(f[name] for f in peer) if peer else float("nan")
        print(f"{name:40}{mine:10.0f}{other:10.0f}{mine / other:8.3f}{verdict(name, mine / other)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
