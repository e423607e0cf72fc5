"""Calls that PyTorch refuses: its own error inputs, and misuse derived from its samples, for every operator.

Compared are the exception's class and message; and the failing call must leave its tensors, their versions and the
generator as they were.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from oracle import ops
from oracle.exceptions import UNSAFE
from oracle.forms import Outcome, Run, Sample, attempt, record, tensors
from oracle.library import reference, subject
from oracle.neutral import Array, NotExpressible, row_major, to_numpy
from oracle.samples import neutral_sample

SIMILAR = 0.8  # ratio of difflib from which a message counts as similar


@dataclass
class ErrorReport:
    name: str
    total: int = 0
    classes: int = 0
    equal: int = 0
    similar: int = 0
    unchanged: int = 0
    failures: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    problem: str | None = None


def filled(shape: tuple[int, ...], dtype: str = "float32") -> Array:
    return Array(dtype, row_major(shape), 0, np.ones(shape, dtype))


def misuses(sample: Sample) -> Iterator[tuple[str, Sample]]:
    """The sample with one thing wrong each time. What PyTorch accepts all the same is left out by the caller."""
    yield "unknown keyword", replace(sample, kwargs={**sample.kwargs, "no_such_argument": 1})
    yield "too many arguments", replace(sample, args=(*sample.args, *[filled((2,))] * 9))
    yield "text for the first argument", replace(sample, input="text")
    yield "None for the first argument", replace(sample, input=None)
    for i, value in enumerate(sample.args):
        for label, wrong in wrong_values(value):
            yield f"{label} for argument {i}", replace(sample, args=(*sample.args[:i], wrong, *sample.args[i + 1 :]))
    for name, value in sample.kwargs.items():
        for label, wrong in wrong_values(value):
            yield f"{label} for {name}", replace(sample, kwargs={**sample.kwargs, name: wrong})
    if sample.args:
        yield "last argument missing", replace(sample, args=sample.args[:-1])
    if isinstance(sample.input, Array):
        yield "another shape", replace(sample, input=filled((3, 7, 11), sample.input.dtype.replace("bfloat", "float")))
        yield "no dimension", replace(sample, input=filled(()))
        yield "out= of another dtype", replace(sample, kwargs={**sample.kwargs, "out": filled((2,), "uint8")})
        yield "out= that is no tensor", replace(sample, kwargs={**sample.kwargs, "out": "text"})


def wrong_values(value: Any) -> Iterator[tuple[str, Any]]:
    yield "text", "text"
    if isinstance(value, Array):
        yield "a tensor of another shape", filled((7, 11, 13), value.dtype.replace("bfloat", "float"))
        yield "a list of texts", ["a"]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield "99", 99
        yield "-99", -99
        yield "a fraction", 1.5
        yield "a list", [1.5]
    elif isinstance(value, (list, tuple)):
        yield "99s", type(value)([99] * len(value))
        yield "negative numbers", type(value)([-7] * len(value))
        yield "a tensor", filled((2, 2))


def inplace_misuses(sample: Sample) -> Iterator[tuple[str, Sample]]:
    """What an in-place operator has to refuse: overlap, leaves of the graph, a result that does not fit the operand."""
    x = sample.input
    yield "expanded operand", replace(sample, input=Array(x.dtype, (0, 1), 0, np.ones((3, 2), x.data.dtype)))
    yield "leaf that requires grad", replace(sample, input=replace(x, requires_grad=x.dtype == "float32"))
    yield "integer operand", replace(sample, input=filled(x.shape, "int64"))
    yield "smaller operand", replace(sample, input=filled((1,)))
    yield from misuses(sample)


def error_samples(info: Any, torch: Any) -> Iterator[tuple[str, Sample]]:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if info.error_inputs_func is not None:
            for i, item in enumerate(info.error_inputs("cpu")):
                for sample in neutral_sample(item.sample_input, torch):
                    yield f"error input {i}", sample
        if not info.name.startswith("__"):  # nobody calls `__radd__` but the interpreter, with one argument
            for k, sample in chosen_samples(info, torch):
                for label, misuse in misuses(sample):
                    yield f"sample {k}, {label}", misuse


def chosen_samples(info: Any, torch: Any) -> Iterator[tuple[int, Sample]]:
    """The first sample, the last and one between."""
    dtype = torch.float32 if torch.float32 in info.dtypes else torch.int64
    raw = list(info.sample_inputs("cpu", dtype))
    for k in sorted({0, len(raw) // 2, len(raw) - 1}) if raw else ():
        for sample in neutral_sample(raw[k], torch):
            yield k, sample


def inplace_samples(info: Any, torch: Any) -> Iterator[tuple[str, Sample]]:
    torch.manual_seed(0)
    for k, sample in chosen_samples(info, torch):
        if isinstance(sample.input, Array):
            for label, misuse in inplace_misuses(sample):
                yield f"in-place, sample {k}, {label}", misuse


class Checked(Run):
    """A run that looks at its arguments before and after."""

    changed: list[str]

    def function(self) -> Outcome:
        x, args, kwargs = self.arguments()
        self.lib.manual_seed(0)
        found = tensors(x, args, kwargs)
        before = self.state(found)
        try:
            return record(self.call(x, *args, **kwargs), [], self.lib)
        finally:
            names = ["generator", *(f"tensor {i}" for i in range(len(found)))]
            self.changed = [n for n, a, b in zip(names, before, self.state(found)) if a != b]

    def state(self, found: list[Any]) -> list[Any]:
        seen: list[Any] = [self.lib.get_rng_state().numpy().tobytes()]
        for t in found:
            seen.append((to_numpy(t, self.lib).tobytes(), tuple(t.shape), t._version, t.requires_grad))
        return seen


def check_errors(name: str) -> ErrorReport:
    """Runs every refused call of the operator on both libraries."""
    torch, lib = reference(), subject()
    report = ErrorReport(name)
    if ops.function(name, lib) is None:
        report.problem = "missing"
        return report
    if name in UNSAFE:
        return report
    info = ops.op_infos()[name]
    compare_refusals(report, error_samples(info, torch), [ops.function(name, world) for world in (torch, lib)])
    method = info.name.rpartition(".")[2] + "_"
    if info.inplace_variant is not None and hasattr(torch.Tensor, method):
        call = lambda x, *args, **kwargs: getattr(x, method)(*args, **kwargs)  # noqa: E731
        compare_refusals(report, inplace_samples(info, torch), [call, call])
    return report


def compare_refusals(report: ErrorReport, chosen: Iterator[tuple[str, Sample]], calls: list[Any]) -> None:
    torch, lib = reference(), subject()
    for label, sample in chosen:
        try:
            theirs = Checked(report.name, sample, torch, calls[0])
            theirs.arguments()
        except NotExpressible:
            continue
        expected = attempt(theirs.function)
        if expected.error is None or expected.error[0] == NotExpressible.__name__:
            continue
        ours = Checked(report.name, sample, lib, calls[1])
        judge(report, label, expected.error, attempt(ours.function).error, ours.changed if lib is not torch else [])


def judge(
    report: ErrorReport, label: str, expected: tuple[str, str], actual: tuple[str, str] | None, changed: list[str]
) -> None:
    if actual is not None and actual[0] == "NotImplementedError" and "does not have yet" in actual[1]:
        return  # what is not here says so before anything else
    report.total += 1
    report.unchanged += not changed
    if changed:
        report.failures.append(f"{label}: changed {', '.join(changed)}")
    wanted = first_line(expected[1])
    if actual is None:
        report.failures.append(f"{label}: {expected[0]} expected, nothing raised ({wanted[:120]})")
        return
    got = first_line(actual[1])
    report.classes += actual[0] == expected[0]
    if actual[0] != expected[0]:
        report.failures.append(f"{label}: {expected[0]} expected ({wanted[:120]}), got {actual[0]}: {got[:120]}")
    report.equal += got == wanted
    report.similar += difflib.SequenceMatcher(None, wanted, got).ratio() >= SIMILAR
    if got != wanted:
        report.messages.append(f"{label}:\n        {wanted[:200]}\n        {got[:200]}")


def first_line(message: str) -> str:
    """Without the signatures that PyTorch's parser lists after "but expected"."""
    return message.strip().partition("\n")[0].partition("but expected")[0].strip()
