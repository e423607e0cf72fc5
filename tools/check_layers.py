#!/usr/bin/env python3
"""Checks that a folder of the library includes only itself and the folders above it."""

import argparse
import pathlib
import re
import sys

LAYERS = ["core", "stream", "kernels", "ops", "autograd", "nn", "optim", "data", "io", "viz"]
INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')


def violations(root):
    """Yields "file:line: why" for every include that points downwards."""
    library = root / "gradus"
    for path in sorted(library.rglob("*")):
        if path.suffix not in (".h", ".cpp", ".inc"):
            continue
        parts = path.relative_to(library).parts
        if len(parts) == 1:  # gradus/*.h gather the folders for users
            continue
        where = path.relative_to(root)
        if parts[0] not in LAYERS:
            yield f"{where}:1: folder gradus/{parts[0]} has no place in the order {' < '.join(LAYERS)}"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match[1]
            if target.startswith("."):
                yield f"{where}:{number}: include {target} from the repository root"
            if target.startswith("python/"):
                yield f"{where}:{number}: the library does not include {target}"
            if not target.startswith("gradus/"):
                continue
            folder = target.split("/")[1]
            if folder.endswith(".h"):
                yield f"{where}:{number}: {target} gathers all folders; include what is needed"
            elif folder in LAYERS and LAYERS.index(folder) > LAYERS.index(parts[0]):
                yield f"{where}:{number}: {parts[0]} stands above {folder} and must not include {target}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    found = list(violations(parser.parse_args().root))
    print("\n".join(found) if found else "layers: every include points upwards")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
