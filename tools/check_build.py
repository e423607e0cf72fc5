#!/usr/bin/env python3
"""Reads a build's .ninja_log: prints the slowest translation units and fails if one takes longer than the limit."""

import argparse
import os
import pathlib
import sys


def compile_times(log):
    """Seconds by object file, from the last time each was built."""
    times = {}
    for line in log.read_text().splitlines():
        if line.startswith("#"):
            continue
        start, end, _, output, _ = line.split("\t")
        if output.endswith(".o"):
            times[output] = (int(end) - int(start)) / 1000
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--limit", type=float, default=15, help="seconds per translation unit (default 15)")
    parser.add_argument("--top", type=int, default=10, help="how many to print (default 10)")
    parser.add_argument("--unless-busy", action="store_true", help="only print if other programs kept the machine busy")
    args = parser.parse_args()
    times = compile_times(args.build / ".ninja_log")
    slowest = sorted(times.items(), key=lambda item: -item[1])
    print(f"build: {len(times)} translation units, {sum(times.values()):.0f} s of compilation; the slowest:")
    for name, seconds in slowest[: args.top]:
        print(f"{seconds:6.1f} s  {name}")
    over = [name for name, seconds in slowest if seconds > args.limit]
    if over:
        print(f"{len(over)} translation units took more than {args.limit:g} s")
    if over and args.unless_busy and os.getloadavg()[2] > 1.5 * os.cpu_count():
        print("other programs kept the machine busy: not judged")
        return 0
    return 1 if over or not times else 0


if __name__ == "__main__":
    sys.exit(main())
