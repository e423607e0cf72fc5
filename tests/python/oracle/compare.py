"""Sets the outcomes of two libraries side by side and names every difference by category."""

from __future__ import annotations

from typing import Any

from oracle import ops
from oracle.forms import Outcome
from oracle.neutral import Array
from oracle.tolerance import difference

# Differences of these categories are reported, and do not count against the bar of values, layouts and gradients.
SOFT = ("alias", "grad_fn", "version", "message")


def compare(name: str, form: str, expected: Outcome, actual: Outcome) -> list[tuple[str, str]]:
    """(category, what differs) for one form of one sample; empty where the libraries agree."""
    if expected.error is not None or actual.error is not None:
        return compare_errors(form, expected, actual)
    if len(expected.values) != len(actual.values):
        return [(form, f"{len(expected.values)} results expected, got {len(actual.values)}")]
    found: list[tuple[str, str]] = []
    exact = name in ops.EXACT and not form.endswith("grad")
    for left, right in zip(expected.values, actual.values):
        found += compare_values(form, left, right, exact, name in ops.UNDEFINED_VALUES)
    for fact, left in expected.facts.items():
        right = actual.facts.get(fact)
        if left != right:
            category = fact if fact in SOFT else form
            found.append((category, f"{form}: {fact} {left} expected, got {right}"))
    return list(dict.fromkeys(found))


def compare_errors(form: str, expected: Outcome, actual: Outcome) -> list[tuple[str, str]]:
    if expected.error is None:
        return [(form, "raised {}: {}".format(*shorten(actual.error)))]
    if actual.error is None:
        return [(form, "did not raise {}: {}".format(*shorten(expected.error)))]
    if expected.error[0] != actual.error[0]:
        return [(form, "raised {}: {}".format(*shorten(actual.error)) + f", not {expected.error[0]}")]
    if expected.error[1].splitlines()[:1] != actual.error[1].splitlines()[:1]:
        return [("message", f"{form}: {shorten(expected.error)[1]!r} expected, got {shorten(actual.error)[1]!r}")]
    return []


def shorten(error: tuple[str, str]) -> tuple[str, str]:
    return error[0], error[1].strip().partition("\n")[0][:160]


def compare_values(form: str, left: Any, right: Any, exact: bool, undefined: bool) -> list[tuple[str, str]]:
    if not isinstance(left, Array) or not isinstance(right, Array):
        same = type(left) is type(right) and (left == right or left != left)
        return [] if same else [(form, f"{describe(left)} expected, got {describe(right)}")]
    if left.dtype != right.dtype:
        return [category(form, "dtype", f"{left.dtype} expected, got {right.dtype}")]
    if left.shape != right.shape:
        return [category(form, "shape", f"{left.shape} expected, got {right.shape}")]
    found = []
    if left.strides != right.strides and not form.endswith("grad"):
        found.append(category(form, "strides", f"{left.shape}: {left.strides} expected, got {right.strides}"))
    wrong = None if undefined else difference(left.data, right.data, left.dtype, exact=exact)
    if wrong is not None:
        found.append(category(form, "value", wrong))
    return found


def category(form: str, kind: str, text: str) -> tuple[str, str]:
    """The function's differences are counted by kind, those of the other forms by form."""
    return (kind, text) if form == "function" else (form, f"{kind}: {text}")


def describe(value: Any) -> str:
    if isinstance(value, Array):
        return f"{value.dtype} tensor of shape {list(value.shape)}"
    return repr(value)[:80]
