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


@pytest.mark.parametrize("name", names())
def test_agrees_with_pytorch(name):
    report = isolated.run(check_op, name, None, False)
    assert report.problem is None, report.problem
    assert report.share >= BAR, f"{report.passed} of {report.total} samples\n" + "\n".join(report.failures)


def test_required_operators_are_in_pytorchs_table():
    assert ops.REQUIRED <= set(ops.op_infos())
