"""Prints the agreement with PyTorch by operator, and fails where an operator is under the bar.

Usage:
    python tests/python/oracle/report.py                 a table of all operators
    python tests/python/oracle/report.py add sum         these only, with what differs
    python tests/python/oracle/report.py --json r.json --markdown r.md
    python tests/python/oracle/report.py --errors        calls that PyTorch refuses
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import isolated, ops  # noqa: E402
from oracle.errors import ErrorReport, check_errors  # noqa: E402
from oracle.harness import CATEGORIES, OpReport, check_op  # noqa: E402
from oracle.library import SUBJECT_NAME, reference, subject  # noqa: E402

BAR = 0.98


def collect(names: list[str], extra: bool, workers: int) -> list[OpReport]:
    reports = []
    for (name, *_), result in isolated.run_all(check_op, [(n, None, extra) for n in names], workers):
        if isinstance(result, Exception):
            result = OpReport(name, problem=str(result).strip())
        reports.append(result)
        if sys.stderr.isatty():
            print(f"\r\033[K{len(reports)}/{len(names)} {name}", end="", file=sys.stderr)
    return sorted(reports, key=lambda r: r.name)


def good(report: OpReport) -> bool:
    return report.problem is None and report.share >= BAR


def table(reports: list[OpReport]) -> str:
    head = ["operator", "samples", "share", *CATEGORIES, "other dtypes", "notes"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for r in reports:
        cells = [f"`{r.name}`", f"{r.passed}/{r.total}", f"{100 * r.share:.1f} %"]
        cells += ["{}/{}".format(*r.checks[c]) if c in r.checks else "" for c in CATEGORIES]
        notes = [r.problem.splitlines()[-1]] if r.problem else []
        notes += [f"{n} {c}" for c, n in r.soft.items()] + ([f"{r.excepted} excepted"] if r.excepted else [])
        lines.append("| " + " | ".join([*cells, f"{r.extra_passed}/{r.extra_total}", ", ".join(notes)]) + " |")
    return "\n".join(lines)


def summary(reports: list[OpReport]) -> str:
    passed, total = sum(r.passed for r in reports), sum(r.total for r in reports)
    extra = sum(r.extra_passed for r in reports), sum(r.extra_total for r in reports)
    reached = sum(map(good, reports))
    lines = [f"{reached} of {len(reports)} operators reach {100 * BAR:.0f} %"]
    lines.append(f"{passed} of {total} samples agree in everything; of other dtypes {extra[0]} of {extra[1]}")
    for category in CATEGORIES:
        counts = [r.checks[category] for r in reports if category in r.checks]
        lines.append(f"  {category}: {sum(c[0] for c in counts)} of {sum(c[1] for c in counts)}")
    soft: dict[str, int] = {}
    for r in reports:
        for category, n in r.soft.items():
            soft[category] = soft.get(category, 0) + n
    lines.append("differences beside the bar: " + (", ".join(f"{n} {c}" for c, n in soft.items()) or "none"))
    return "\n".join(lines)


def error_report(names: list[str], workers: int, detailed: bool) -> int:
    """Prints how the calls that PyTorch refuses are refused."""
    reports = []
    for (name,), result in isolated.run_all(check_errors, [(n,) for n in names], workers):
        reports.append(ErrorReport(name, problem=str(result).strip()) if isinstance(result, Exception) else result)
    print("| operator | refused calls | class | message equal | similar | unchanged |\n|---|---|---|---|---|---|")
    for r in sorted(reports, key=lambda r: r.name):
        note = f" ({r.problem.splitlines()[-1]})" if r.problem else ""
        print(f"| `{r.name}`{note} | {r.total} | {r.classes} | {r.equal} | {r.similar} | {r.unchanged} |")
    total = max(1, sum(r.total for r in reports))
    for kind in ("classes", "equal", "similar", "unchanged"):
        print(f"{kind}: {100 * sum(getattr(r, kind) for r in reports) / total:.1f} % of {total}")
    for r in sorted(reports, key=lambda r: r.name):
        shown = r.failures + (r.messages if detailed else [])
        if shown or r.problem:
            print("\n".join([f"{r.name}: {r.problem or ''}", *(f"    {t}" for t in shown)]))
    return int(any(r.failures or r.problem for r in reports))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="operators; a part of the name does")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--errors", action="store_true", help="the calls that PyTorch refuses, instead of samples")
    parser.add_argument("--required", action="store_true", help="only the operators that have to exist")
    parser.add_argument("--no-extra", action="store_true", help="only the dtypes under the bar")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    if reference() is None:
        parser.error("PyTorch is not installed")
    names = ops.selected(subject())
    if args.required:
        names = [n for n in names if n in ops.REQUIRED]
    if args.names:
        names = [n for n in names if n in args.names] or [n for n in names if any(part in n for part in args.names)]
    if args.errors:
        return error_report(names, args.workers, bool(args.names))
    reports = collect(names, not args.no_extra, args.workers)
    if args.json:
        args.json.write_text(json.dumps({"subject": SUBJECT_NAME, "ops": [r.row() for r in reports]}, indent=1))
    text = table(reports) + "\n\n" + summary(reports) + "\n"
    if args.markdown:
        args.markdown.write_text(text)
    print(text)
    for r in reports:
        if args.names or not good(r):
            print("\n".join([f"{r.name}: {r.problem or f'{r.passed}/{r.total}'}", *(f"    {t}" for t in r.failures)]))
    return 0 if all(map(good, reports)) else 1


if __name__ == "__main__":
    sys.exit(main())
