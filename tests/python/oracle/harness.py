"""Runs an operator's samples on PyTorch and on the library under test, and counts agreement by category."""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from oracle import ops, samples
from oracle.compare import SOFT, compare
from oracle.exceptions import sample_reason
from oracle.forms import Outcome, Run, Sample, attempt, forms, observe, signature
from oracle.library import reference, subject
from oracle.neutral import Array, NotExpressible
from oracle.tolerance import difference

CATEGORIES = ("value", "dtype", "shape", "strides", "method", "operator", "in-place", "out", "grad", "gradgrad", "leak")
WIDER = ("float16", "bfloat16", "float32")  # dtypes whose results float64 can judge
EXTRA_LIMIT = 8  # samples of a dtype that is only reported


@dataclass
class OpReport:
    """What agreed. `passed` and `total` count samples of the dtypes under the bar; `extra_*` those of other dtypes."""

    name: str
    passed: int = 0
    total: int = 0
    extra_passed: int = 0
    extra_total: int = 0
    excepted: int = 0
    checks: dict[str, list[int]] = field(default_factory=dict)
    soft: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    problem: str | None = None

    @property
    def share(self) -> float:
        """Share of samples that agree in everything; samples with a stated reason are left out."""
        counted = self.total - self.excepted
        return self.passed / counted if counted else 1.0

    def row(self) -> dict[str, Any]:
        return {**asdict(self), "share": self.share}


def check_op(name: str, limit: int | None = None, extra: bool = True) -> OpReport:
    """Compares every form of every chosen sample of the operator."""
    torch, lib = reference(), subject()
    info = ops.op_infos()[name]
    report = OpReport(name)
    call = ops.function(name, lib)
    if call is None:
        report.problem = "missing"
        return report
    for dtype in ops.dtypes(info, extra):
        chosen = samples.op_samples(info, dtype, torch, limit if dtype in ops.BAR_DTYPES else EXTRA_LIMIT)
        for index, sample in enumerate(chosen):
            differences = check_sample(info, sample, dtype, torch, lib)
            if differences is not None:
                count(report, dtype, index, sample, differences)
    return report


def reference_outcomes(info: Any, sample: Sample, dtype: str, torch: Any) -> tuple[dict, dict[str, Outcome]]:
    """The forms that PyTorch offers for a sample, and what it does in each, the plain call included."""
    name = ops.full_name(info)
    run = Run(name, sample, torch, ops.function(name, torch))
    expected = {"function": attempt(run.function)}
    wanted = forms(info, sample, torch)
    expected |= observe(run, wanted, expected["function"], derivatives(info, dtype))
    for key in ("gradgrad", "in-place grad", "out resized", "out transposed"):
        if key in expected and expected[key].error is not None:
            del expected[key]  # no derivative in PyTorch, or an `out=` that PyTorch itself cannot fill
    if "in-place" in expected and (expected["in-place"].error or [""])[0] == "NotImplementedError":
        del expected["in-place"]
    return wanted, expected


def derivatives(info: Any, dtype: str) -> int:
    return 1 + info.supports_gradgrad if dtype == "float64" and info.supports_autograd else 0


def check_sample(info: Any, sample: Sample, dtype: str, torch: Any, lib: Any) -> dict[str, list] | None:
    """Differences by form, or None where the sample cannot be expressed in neutral form."""
    name = ops.full_name(info)
    ours = Run(name, sample, lib, ops.function(name, lib))
    try:
        Run(name, sample, torch, ours.call).arguments()
    except NotExpressible:
        return None
    wanted, expected = reference_outcomes(info, sample, dtype, torch)

    def outcomes() -> dict[str, Outcome]:
        own = {"function": attempt(ours.function)}
        return own | observe(ours, wanted, expected["function"], derivatives(info, dtype))

    actual, leaked = without_leaks(outcomes, lib)
    found = {key: compare(name, key, outcome, actual[key]) for key, outcome in expected.items()}
    if leaked:
        found["function"].append(("leak", leaked))
    if dtype in WIDER and any(found.values()):
        accept_closer(info, sample, wanted, found, expected, actual)
    return found


def without_leaks(call: Any, lib: Any) -> tuple[Any, str]:
    """The result of a call, and what it left behind without a garbage collection: the call is repeated to be sure."""
    census = getattr(getattr(lib, "_C", None), "_census", None)
    if census is None:
        return call(), ""
    gc.disable()
    try:
        before = census()
        result = call()
        if census() == before:
            return result, ""
        before = census()
        call()
        after = census()
        return result, "" if after == before else f"left behind: {before} -> {after}"
    finally:
        gc.enable()


def accept_closer(info: Any, sample: Sample, wanted: dict, found: dict, expected: dict, actual: dict) -> None:
    """Drops differences of value where we are at most twice as far from the float64 result as PyTorch is.

    Sums of products that nearly cancel have no digit to agree on: what can be asked is as good a rounding.
    """
    exact_sample = Sample(*(widened(v) for v in (sample.input, sample.args, sample.kwargs)))
    _, exact = reference_outcomes(info, exact_sample, "float32", reference())
    for key, differences in found.items():
        kinds = {c for c, text in differences if c not in SOFT and (c == "value" or text.startswith("value: "))}
        if kinds and key in exact and as_close(exact[key], expected[key], actual[key]):
            found[key] = [(c, t) for c, t in differences if c != "value" and not t.startswith("value: ")]


def widened(value: Any) -> Any:
    """The same arguments in float64."""
    if isinstance(value, Array):
        return replace(value, dtype="float64", data=value.data.astype("float64")) if value.dtype in WIDER else value
    if isinstance(value, dict):
        return {k: widened(v) for k, v in value.items()}
    return type(value)(widened(v) for v in value) if isinstance(value, (list, tuple)) else value


def as_close(exact: Outcome, expected: Outcome, actual: Outcome) -> bool:
    if not len(exact.values) == len(expected.values) == len(actual.values) or exact.error is not None:
        return False
    for true, theirs, ours in zip(exact.values, expected.values, actual.values):
        if isinstance(ours, Array) and ours.dtype in WIDER:
            if not (true.dtype == "float64" and true.shape == theirs.shape == ours.shape):
                return False
            if np.isfinite(true.data).all() and np.isfinite(theirs.data).all():
                allowed, off = (np.abs(v.data.astype("float64") - true.data) for v in (theirs, ours))
                if ours.data.size and not off.max() <= 2 * allowed.max():
                    return False
            elif difference(theirs.data, ours.data, ours.dtype) is not None:
                return False
        elif difference(theirs.data, ours.data, ours.dtype, exact=True) is not None:
            return False
    return True


def count(report: OpReport, dtype: str, index: int, sample: Sample, differences: dict[str, list]) -> None:
    hard = [(c, t) for found in differences.values() for c, t in found if c not in SOFT]
    for found in differences.values():
        for category, text in found:
            if category in SOFT:
                report.soft[category] = report.soft.get(category, 0) + 1
                note(report, category, f"({category}) {dtype}[{index}] {text}")
    bar = dtype in ops.BAR_DTYPES
    wrong = Counter(merged(c) for c in {c for c, _ in hard})
    for form in differences:
        keys = ("value", "dtype", "shape", "strides") if form == "function" else (merged(form),)
        for key in keys if bar else ():
            tally = report.checks.setdefault(key, [0, 0])
            tally[0] += key not in wrong and not (form == "function" and "function" in wrong)
            tally[1] += 1
    reason = sample_reason(report.name, signature(sample)) if hard else None
    if bar:
        report.total += 1
        report.passed += not hard
        report.excepted += reason is not None
    else:
        report.extra_total += 1
        report.extra_passed += not hard
    for category, text in hard if reason is None else ():
        note(report, category, f"{dtype}[{index}] {category}: {text} — {signature(sample)}")


def merged(category: str) -> str:
    """The category that a form counts for: "out" for "out resized", "in-place" for "in-place operator"."""
    return next((c for c in ("out", "in-place") if category.startswith(c)), category)


def note(report: OpReport, category: str, text: str, most: int = 6) -> None:
    """Keeps the first few texts of each category."""
    if sum(t.find(f"{category}:") >= 0 or t.startswith(f"({category})") for t in report.failures) < most:
        report.failures.append(text)
