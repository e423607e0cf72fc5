"""Every operator's literal says what PyTorch's schema of the same name says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from oracle import schemas

STORED = json.loads((Path(__file__).with_name("goldens") / "schemas.json").read_text())
LITERALS = schemas.literals()


@pytest.mark.parametrize("literal", LITERALS, ids=[schemas.parse(text).name for text in LITERALS])
def test_literal_is_pytorchs(literal, request):
    name = schemas.parse(literal).name
    theirs = request.getfixturevalue("pytorch_schemas")
    assert theirs is not STORED or name in STORED, f"{name} is not stored: run tools/make_goldens.py schemas"
    assert schemas.differences(literal, theirs.get(name)) == [], LITERALS[literal]


@pytest.fixture(scope="session")
def pytorch_schemas():
    """PyTorch's own where it is installed, else the stored ones."""
    from oracle.library import reference

    return STORED if reference() is None else schemas.pytorch_schemas(reference())


def test_stored_schemas_are_pytorchs(torch):
    theirs = schemas.pytorch_schemas(torch)
    assert {name: theirs.get(name) for name in STORED} == STORED


def test_operators_are_found():
    assert "add.Tensor" in {schemas.parse(text).name for text in LITERALS}


OURS = 'f.x(Tensor(a!) self, SymInt[1]? dim, *, float p=0., str m="none", bool b=False) -> (Tensor values, Tensor)'
CHANGES = [
    ("Tensor(a!) self", "Tensor self", "self: type"),
    ("SymInt[1]?", "int[1]", "dim: type"),
    ("dim, *, float p", "dim, float p", "p: keyword_only"),
    ("p=0.", "p=1.", "p: default"),
    ("str m", "str n", "arguments"),
    ("Tensor values", "Tensor max", "returns"),
    ("b=False", "b", "b: default"),
]


@pytest.mark.parametrize("old,new,expected", CHANGES)
def test_a_change_is_found(old, new, expected):
    assert schemas.differences(OURS, OURS.replace("SymInt", "int").replace('"', "'")) == []
    found = schemas.differences(OURS, OURS.replace(old, new))
    assert found and found[0].startswith(expected)


def test_an_unknown_operator_is_found():
    assert schemas.differences(OURS, None)
