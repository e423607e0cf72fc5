"""Reads the operator declarations in gradus/ops/*.h and writes all that follows from them.

Declarations, methods, in-place and out= forms, pointwise kernels, the table for the Python binding, type stubs and
reference pages come from the one literal of each operator. Python standard library only.

    opgen.py --out DIR --list HEADER...     print the names of the generated C++ files
    opgen.py --out DIR HEADER...            write them
    opgen.py --stubs FILE HEADER...         write the type stub of the Python extension
    opgen.py --docs DIR HEADER...           write one Markdown page per operator
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import opgen_text as text  # noqa: E402
from opgen_schema import Operator, read_operators  # noqa: E402


def write(path: Path, content: str) -> None:
    """Writes only what changed, so that nothing is rebuilt for nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != content:
        path.write_text(content)


def generated(out: Path, headers: list[Path], operators: dict[Path, list[Operator]]) -> dict[Path, str]:
    gen = out / "gradus" / "gen"
    files = {}
    every = [op for header in headers for op in operators[header]]
    files[gen / "methods.h"] = text.methods(every)
    files[gen / "functions.h"] = text.functions(every)
    for header in headers:
        ops = operators[header]
        stem = header.stem
        files[gen / f"ops_{stem}.cpp"] = text.definitions(header, ops)
        pointwise = [op for op in ops if op.pointwise]
        if pointwise:
            files[gen / f"tiles_{stem}.simd.cpp"] = text.tiles(header, pointwise)
        files[gen / f"table_{stem}.cpp"] = text.table(header, ops)
    files[gen / "table.cpp"] = text.whole_table(headers)
    return files


def file_names(out: Path, headers: list[Path], operators: dict[Path, list[Operator]]) -> list[str]:
    return [str(p) for p in generated(out, headers, operators)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--stubs", type=Path)
    parser.add_argument("--docs", type=Path)
    parser.add_argument("headers", type=Path, nargs="+")
    args = parser.parse_args()
    operators = {}
    for header in sorted(args.headers):
        found = read_operators(header)
        if found:
            operators[header] = found
    headers = list(operators)
    every = [op for header in headers for op in operators[header]]
    if args.stubs:
        write(args.stubs, text.stubs(every))
    if args.docs:
        for name, page in text.pages(every).items():
            write(args.docs / f"{re.sub(r'[^a-z0-9_]', '_', name)}.md", page)
    if args.out:
        if args.list:
            print(";".join(file_names(args.out, headers, operators)), end="")
        else:
            for path, content in generated(args.out, headers, operators).items():
                write(path, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
