"""Every module on PyTorch's own samples: initial values, results, gradients, text and state, against PyTorch."""

from __future__ import annotations

import pytest
from oracle import isolated
from oracle.library import reference
from oracle.modules import check_module, module_infos
from oracle.report import BAR

pytestmark = pytest.mark.skipif(reference() is None, reason="PyTorch is not installed")


def names() -> list[str]:
    return sorted(module_infos()) if reference() is not None else []


@pytest.fixture(scope="module")
def reports(run_selected):
    return run_selected(check_module, "test_agrees_with_pytorch")


@pytest.mark.parametrize("name", names())
def test_agrees_with_pytorch(name, reports):
    report = reports[name]
    assert not isinstance(report, isolated.ChildFailed), str(report)
    assert report.total > 0, f"{report.skipped} samples, none of which could be carried over"
    assert report.passed >= BAR * report.total, f"{report.passed} of {report.total} samples\n" + "\n".join(
        report.failures
    )


def test_nodes_have_pytorchs_names(reports):
    done = [r for r in reports.values() if not isinstance(r, isolated.ChildFailed)]
    total, renamed = sum(r.total for r in done), {r.name: r.renamed for r in done if r.renamed}
    assert sum(renamed.values()) <= (1 - BAR) * total, renamed


def test_the_table_holds_what_everybody_uses():
    assert {"Linear", "BatchNorm2d", "LayerNorm", "CrossEntropyLoss", "Embedding", "ReLU"} <= set(module_infos())
