"""Calls that PyTorch refuses are refused with its exception class, and leave everything as it was."""

from __future__ import annotations

import pytest
from oracle import isolated, ops
from oracle.errors import check_errors
from oracle.exceptions import ERRORS
from oracle.library import SUBJECT_NAME, reference, subject

pytestmark = pytest.mark.skipif(reference() is None, reason="PyTorch is not installed; stored calls stand in")
CLASSES = 0.98  # share of an operator's refused calls that must raise PyTorch's class
SIMILAR = 0.9  # share of all messages that must be PyTorch's or close to it


def names() -> list[str]:
    if reference() is None:
        return []
    ops.op_infos()
    return sorted(ops.REQUIRED) if SUBJECT_NAME == "torch" else ops.selected(subject())


@pytest.fixture(scope="module")
def reports(run_selected):
    return run_selected(check_errors, "test_refuses_what_pytorch_refuses")


@pytest.mark.parametrize("name", names())
def test_refuses_what_pytorch_refuses(name, reports):
    report = reports[name]
    assert not isinstance(report, isolated.ChildFailed), str(report)
    assert report.problem is None
    excused = sum((name, f.partition(":")[0]) in ERRORS and "changed" in f for f in report.failures)
    assert report.unchanged + excused == report.total, "\n".join(report.failures)
    failures = [f for f in report.failures if (name, f.partition(":")[0]) not in ERRORS]
    assert len(failures) <= (1 - CLASSES) * report.total, "\n".join(failures)


def test_messages_are_pytorchs(reports):
    done = [r for r in reports.values() if not isinstance(r, isolated.ChildFailed)]
    total, equal, similar = (sum(getattr(r, kind) for r in done) for kind in ("total", "equal", "similar"))
    if not total:
        pytest.skip("no operator was selected")
    print(
        f"{total} refused calls: {100 * equal / total:.1f} % of messages equal, {100 * similar / total:.1f} % similar"
    )
    assert similar >= SIMILAR * total
