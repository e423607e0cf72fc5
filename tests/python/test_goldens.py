"""Every operator on stored samples: values, layouts and gradients in every form, without PyTorch being installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracle import isolated, ops
from oracle.compare import SOFT, compare
from oracle.exceptions import FORMS, sample_reason
from oracle.forms import Run, attempt, observe, signature
from oracle.library import subject
from oracle.store import Reader

STORED = Reader(Path(__file__).with_name("goldens") / "values.npz")


def replay(name: str) -> list[str]:
    """What differs from the stored outcomes."""
    lib, found = subject(), []
    if ops.function(name, lib) is None:
        return ["missing"]
    for index, (dtype, sample, wanted, expected) in enumerate(STORED.of(name)):
        run = Run(name, sample, lib, ops.function(name, lib))
        actual = {"function": attempt(run.function)}
        gradients = ("grad" in expected) + ("gradgrad" in expected)
        actual |= observe(run, wanted, expected["function"], gradients)
        for form, outcome in expected.items():
            if (name, form) in FORMS:
                continue
            actual[form].facts = json.loads(json.dumps(actual[form].facts))
            for category, text in compare(name, form, outcome, actual[form]):
                if category not in SOFT and not sample_reason(name, signature(sample)):
                    found.append(f"{dtype}[{index}] {category}: {text}")
    return found


@pytest.fixture(scope="module")
def differences(run_selected):
    return run_selected(replay, "test_gives_the_stored_values")


@pytest.mark.parametrize("name", STORED.names())
def test_gives_the_stored_values(name, differences):
    assert ops.function(name, subject()) is not None, "missing"
    found = differences[name]
    assert not isinstance(found, isolated.ChildFailed), str(found)
    assert not found, "\n".join(found[:12])


def test_every_required_operator_is_stored():
    assert set(STORED.names()) == ops.REQUIRED
