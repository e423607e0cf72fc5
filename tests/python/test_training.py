"""Programs that train take PyTorch's course: the same start, the same order of data, the same losses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracle import isolated, training
from oracle.library import reference, subject

STORED = json.loads((Path(__file__).with_name("goldens") / "training.json").read_text())
RELATIVE = {"digits": 1e-5, "regression": 1e-5, "mixture": 1e-9}  # of losses; the last program runs in float64


@pytest.fixture(scope="module")
def expected():
    """PyTorch's run where it is installed, else the stored one."""
    torch = reference()
    return STORED if torch is None else isolated.run(training.train_all, torch)


@pytest.fixture(scope="module")
def actual():
    return isolated.run(training.train_all, subject())


@pytest.mark.parametrize("name", STORED)
def test_takes_pytorchs_course(name, expected, actual):
    left, right = expected[name], actual[name]
    relative = RELATIVE[name.partition(" ")[0]]
    for key in left.keys() & {"start", "order", "data"}:
        assert left[key] == right[key], f"{key} differs to the bit"
    assert right["losses"] == pytest.approx(left["losses"], rel=relative)
    for key in left.keys() & {"weight", "bias", "right"}:
        assert right[key] == pytest.approx(left[key], rel=1e-4)
    if "grad" in left:
        assert right["grad"] == pytest.approx(left["grad"], rel=1e-6, abs=1e-12)


def test_losses_fall(actual):
    for name, run in actual.items():
        assert run["losses"][-1] < 0.9 * run["losses"][0], name


def test_stored_course_is_pytorchs(torch):
    assert isolated.run(training.train_all, torch)["digits adam"]["losses"] == pytest.approx(
        STORED["digits adam"]["losses"], rel=1e-5
    )
