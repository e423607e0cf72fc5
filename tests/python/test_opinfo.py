"""Every operator on PyTorch's own sample inputs: values, layouts and gradients in every form, against PyTorch."""

from __future__ import annotations

import pytest
from oracle import isolated, ops
from oracle.harness import check_op
from oracle.library import SUBJECT_NAME, reference, subject
from oracle.report import BAR

pytestmark = pytest.mark.skipif(reference() is None, reason="PyTorch is not installed; stored values stand in")


def names() -> list[str]:
    if reference() is None:
        return []
    ops.op_infos()  # loaded once here, so that the forked children need not
    # PyTorch has hundreds of operators more: tested against itself, it is asked for the required ones.
    return sorted(ops.REQUIRED) if SUBJECT_NAME == "torch" else ops.selected(subject())


@pytest.fixture(scope="module")
def reports(run_selected):
    return run_selected(check_op, "test_agrees_with_pytorch", None, False)


@pytest.mark.parametrize("name", names())
def test_agrees_with_pytorch(name, reports):
    report = reports[name]
    assert not isinstance(report, isolated.ChildFailed), str(report)
    assert report.problem is None, report.problem
    assert report.share >= BAR, f"{report.passed} of {report.total} samples\n" + "\n".join(report.failures)


@pytest.mark.parametrize("category", ["alias", "version", "grad_fn"])
def test_facts_are_pytorchs(category, reports):
    """Which results show an operand's memory, how versions rise, and what the nodes of the graph are called."""
    done = [r for r in reports.values() if not isinstance(r, isolated.ChildFailed)]
    wrong = [text for r in done for text in (f"{r.name} {f}" for f in r.failures) if f"({category})" in text]
    total, differing = sum(r.total for r in done), sum(r.soft.get(category, 0) for r in done)
    assert differing <= (1 - BAR) * total, f"{differing} differences in {total} samples\n" + "\n".join(wrong)


def test_required_operators_are_in_pytorchs_table():
    assert ops.REQUIRED <= set(ops.op_infos())
