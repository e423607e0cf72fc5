"""Puts the test packages on the path and says what the tests need from their surroundings."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from oracle import isolated  # noqa: E402
from oracle.library import SUBJECT_NAME, reference, subject  # noqa: E402


def pytest_report_header() -> str:
    torch = reference()
    oracle = torch.__version__ if torch else "absent, stored values stand in"
    return f"library under test: {SUBJECT_NAME}; PyTorch: {oracle}"


@pytest.fixture(scope="session")
def lib():
    """The library under test."""
    return subject()


@pytest.fixture(scope="session")
def torch():
    """PyTorch; the test is skipped where it is not installed."""
    found = reference()
    if found is None:
        pytest.skip("PyTorch is not installed; stored values stand in")
    return found


@pytest.fixture(scope="session")
def run_selected(request):
    """Runs `call(name, *more)` in children, two at a time, for every name that a test is selected for.

    Returns {name: result or ChildFailed}: the tests themselves then only look.
    """

    def run(call, test, *more):
        items = [item for item in request.session.items if getattr(item, "originalname", "") == test]
        jobs = [(item.callspec.params["name"], *more) for item in items]
        return {args[0]: result for args, result in isolated.run_all(call, jobs, workers=2)}

    return run


@pytest.fixture
def deferred():
    """Operations may wait, and none does at first; afterwards everything is as it was."""
    gradus = pytest.importorskip("gradus")
    before, threads = gradus.stream.set_deferred(True), gradus.get_num_threads()
    gradus.stream.synchronize()
    yield
    gradus.stream.synchronize()
    gradus.stream.keep(0)
    gradus._C._set_tile(0)
    gradus.set_num_threads(threads)
    gradus.stream.set_deferred(before)
