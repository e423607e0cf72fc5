"""Every operator over one operand in up to thirty layouts: values, strides, versions and shared memory, every form.

In-place, `out=` and view forms included. What may differ stands in RELAID, with how.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from oracle import isolated, ops, samples
from oracle.exceptions import RELAID
from oracle.harness import check_sample
from oracle.library import SUBJECT_NAME, reference, subject
from oracle.neutral import Array

pytestmark = pytest.mark.skipif(reference() is None, reason="PyTorch is not installed")
LAYOUTS = 30


def relaid(array: Array):
    """The same values with dims stored in other orders, with gaps between elements, behind an offset."""
    orders = list(itertools.permutations(range(len(array.shape))))[:8]
    for order, gap, offset in itertools.product(orders, (1, 2), (0, 3)):
        strides, step = [0] * len(order), gap
        for dim in reversed(order):
            strides[dim] = step
            step *= max(array.shape[dim], 1)
        yield replace(array, strides=tuple(strides), offset=offset)


def differences(name: str) -> tuple[int, list[str]]:
    """How many samples were compared, and what differs."""
    info, compared, found = ops.op_infos()[name], 0, []
    chosen = samples.op_samples(info, "float32", reference(), 12)
    fit = [s for s in chosen if isinstance(s.input, Array) and len(s.input.shape) >= 2 and 0 not in s.input.shape]
    for sample in fit[:1]:
        for operand in itertools.islice(relaid(sample.input), LAYOUTS):
            result = check_sample(info, replace(sample, input=operand), "float32", reference(), subject())
            compared += result is not None
            for form, items in (result or {}).items():
                found += [f"{operand.strides} {form}: {category}: {text}" for category, text in items]
    return compared, found


def names() -> list[str]:
    return [] if reference() is None or SUBJECT_NAME == "torch" else ops.selected(subject())


@pytest.fixture(scope="module")
def outcomes(run_selected):
    return run_selected(differences, "test_agrees_in_every_layout")


@pytest.mark.parametrize("name", names())
def test_agrees_in_every_layout(name, outcomes):
    assert not isinstance(outcomes[name], isolated.ChildFailed), str(outcomes[name])
    _, found = outcomes[name]
    if name in RELAID:
        assert found, "it agrees: take it out of RELAID"
        pytest.xfail(RELAID[name])
    assert not found, "\n".join(found[:5])


def test_many_were_compared(outcomes):
    assert sum(o[0] for o in outcomes.values() if not isinstance(o, isolated.ChildFailed)) > 4000
