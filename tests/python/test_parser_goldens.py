"""More than a thousand calls: what comes back, what is refused and in which words, against PyTorch's stored outcomes.

A call that raises must also leave its arguments, their versions and the generator as they were.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
from oracle import calls, isolated
from oracle.exceptions import CALLS
from oracle.library import SUBJECT_NAME, subject

GOLDENS = Path(__file__).with_name("goldens")
STORED = {path.stem[6:]: json.loads(path.read_text()) for path in sorted(GOLDENS.glob("calls_*.json"))}


def outcomes_of(codes: list[str]) -> list[dict]:
    return [calls.call(code, subject()) for code in codes]


@functools.cache
def outcomes(group: str) -> list[dict]:
    """The group's outcomes from one child process; where it crashes, each call gets a child of its own."""
    codes = [item["code"] for item in STORED[group]]
    try:
        return isolated.run(outcomes_of, codes)
    except isolated.ChildFailed:
        return [alone(code) for code in codes]


def alone(code: str) -> dict:
    try:
        return isolated.run(outcomes_of, [code])[0]
    except isolated.ChildFailed as failure:
        return {"error": "crash", "message": str(failure), "changed": []}


def parameters():
    for group, items in STORED.items():
        for index, item in enumerate(items):
            code = item["code"]
            marks = [pytest.mark.xfail(reason=CALLS[code], strict=True)] if code in CALLS else []
            yield pytest.param(group, index, id=f"{group}: {code}", marks=marks)


@pytest.mark.parametrize("group,index", list(parameters()))
def test_call(group, index):
    expected, actual = STORED[group][index], outcomes(group)[index]
    if "error" not in expected:
        assert "error" not in actual, f"raised {actual['error']}: {actual['message']}"
        exact = group == "random"  # the same seed gives the same bytes
        assert calls.same(expected["value"], actual["value"], exact), (
            f"\n{expected['value']} expected, got\n{actual['value']}"
        )
        return
    assert "error" in actual, f"{expected['error']} expected ({expected['message']}), got {actual.get('value')}"
    assert (actual["error"], calls.comparable_message(actual["message"])) == (
        expected["error"],
        calls.comparable_message(expected["message"]),
    )
    if SUBJECT_NAME != "torch":
        assert actual["changed"] == [], "the failing call changed something"


def test_stored_outcomes_are_those_of_the_listed_calls():
    listed = calls.cases()
    assert {group: [item["code"] for item in items] for group, items in STORED.items()} == listed
    assert sum(map(len, listed.values())) >= 200
