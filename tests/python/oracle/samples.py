"""Chooses PyTorch's sample inputs for an operator, the same ones in every run, in neutral form."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from oracle.forms import Sample
from oracle.neutral import NotExpressible, freeze

NONCONTIGUOUS = 8


def evenly(items: list[Any], limit: int | None) -> list[Any]:
    """At most `limit` of the items, spread over the whole list, first and last included."""
    if limit is None or len(items) <= limit:
        return items
    return [items[round(i * (len(items) - 1) / (limit - 1))] for i in range(limit)]


def op_samples(info: Any, dtype: str, torch: Any, limit: int | None = None) -> Iterator[Sample]:
    """PyTorch's samples for the CPU, and a few of them again with tensors that are not contiguous."""
    torch.manual_seed(0)
    kind = getattr(torch, dtype)
    requires_grad = dtype == "float64" and info.supports_autograd
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = list(info.sample_inputs("cpu", kind, requires_grad=requires_grad))
        for sample in evenly(raw, limit):
            yield from neutral_sample(sample, torch)
        for sample in evenly(raw, NONCONTIGUOUS):
            yield from neutral_sample(noncontiguous(sample), torch, " noncontiguous")


def noncontiguous(sample: Any) -> Any:
    try:
        return sample.noncontiguous()
    except Exception:  # a sample without tensors, or of a kind that has no such form
        return None


def neutral_sample(sample: Any, torch: Any, suffix: str = "") -> Iterator[Sample]:
    if sample is None:
        return
    try:
        kwargs = freeze(dict(sample.kwargs), torch)
        yield Sample(freeze(sample.input, torch), freeze(tuple(sample.args), torch), kwargs, sample.name + suffix)
    except NotExpressible:
        return
