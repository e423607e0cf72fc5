#!/usr/bin/env python3
"""Checks that kernel objects export nothing outside gradus::<target>.

A shared weak symbol (an inline function or template of std::, or of plain gradus::) would exist once per target, and
the linker keeps one copy for all: AVX-512 code could then run on a CPU without it.
"""

import argparse
import pathlib
import re
import subprocess
import sys


def foreign_symbols(obj, target):
    """The external symbols that the object defines outside gradus::<target>, as "kind name"."""
    own = re.compile(rf"_Z(?:T[VIST]|GV|Z)*N[KVRO]*6gradus{len(target)}{target}")
    command = ["nm", "--defined-only", "--extern-only", str(obj)]
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        kind, name = line.split()[-2:]
        if not own.match(name):
            yield kind, name


def demangle(name):
    return subprocess.run(["c++filt", name], capture_output=True, text=True, check=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="a CMake build folder without sanitizers")
    build = parser.parse_args().build
    count, bad = 0, 0
    for target in ("baseline", "avx2", "avx512"):
        for obj in sorted((build / "CMakeFiles" / f"gradus_{target}.dir").rglob("*.o")):
            count += 1
            for kind, name in foreign_symbols(obj, target):
                bad += 1
                print(f"{obj.name} ({target}): {kind} {demangle(name)}")
    if count == 0:
        print(f"no kernel objects under {build}")
        return 1
    if bad == 0:
        print(f"symbols: {count} kernel objects export their own namespace only")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
