"""Results of operands in fourteen memory layouts, alone and in pairs, have PyTorch's strides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracle import isolated, layouts
from oracle.library import subject

STORED = json.loads((Path(__file__).with_name("goldens") / "layouts.json").read_text())


@pytest.fixture(scope="module")
def actual():
    return isolated.run(layouts.strides, subject())


@pytest.mark.parametrize("operator", sorted([*layouts.UNARY, *layouts.BINARY]))
def test_strides_are_pytorchs(operator, actual):
    keys = [key for key in STORED if key.partition(",")[0] == operator]
    wrong = [f"{key}: {STORED[key]} expected, got {actual[key]}" for key in keys if STORED[key] != actual[key]]
    assert keys and not wrong, "\n".join(wrong)


def test_stored_strides_are_pytorchs(torch):
    assert isolated.run(layouts.strides, torch) == STORED
