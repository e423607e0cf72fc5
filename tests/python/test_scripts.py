"""Programs in the style of public tutorials, run unchanged on PyTorch and on Gradus: they print the same.

Words and whole numbers must be equal. Other numbers may differ by TOLERANCE (relative, or absolute below one), or as a
comment "# tolerance: X" in the program allows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the reference of these tests and is not installed")

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))
TOLERANCE = 2e-4
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
RUN_ALL = """
import contextlib, io, json, runpy, sys, torch
torch.set_num_threads(1)
out = {}
for path in sys.argv[1:]:
    torch.set_printoptions(profile="default")
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        runpy.run_path(path, run_name="__main__")
    out[path] = text.getvalue()
print(json.dumps(out))
"""


@pytest.fixture(scope="module")
def expected():
    """What PyTorch prints, all programs in one process."""
    paths = [str(path) for path in SCRIPTS]
    result = subprocess.run([sys.executable, "-c", RUN_ALL, *paths], capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def near(actual: str, wanted: str, tolerance: float) -> bool:
    if re.fullmatch(r"[-+]?\d+", wanted):
        return actual == wanted
    a, w = float(actual), float(wanted)
    decimals = len(wanted.partition("e")[0].partition(".")[2])
    unit = 1.01 * 10.0**-decimals if decimals and "e" not in wanted else 0.0  # the last printed digit may round
    return a == w or abs(a - w) <= max(tolerance * max(abs(w), 1e-3 if "e" in wanted else 1.0), unit)


def difference(actual: str, wanted: str, tolerance: float) -> str | None:
    """The first line that differs, or None."""
    mine, theirs = actual.splitlines(), wanted.splitlines()
    for number, (a, w) in enumerate(zip(mine, theirs), 1):
        same = NUMBER.sub("#", a).split() == NUMBER.sub("#", w).split()
        if not same or not all(near(x, y, tolerance) for x, y in zip(NUMBER.findall(a), NUMBER.findall(w))):
            return f"line {number}:\n  Gradus:  {a}\n  PyTorch: {w}"
    return None if len(mine) == len(theirs) else f"{len(mine)} lines, not {len(theirs)}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_prints_the_same(path, expected):
    package = Path(sys.modules["gradus"].__file__).parents[1] if "gradus" in sys.modules else None
    environment = os.environ if package is None else {**os.environ, "PYTHONPATH": str(package)}
    result = subprocess.run(
        [sys.executable, "-m", "gradus", str(path)], capture_output=True, text=True, timeout=120, env=environment
    )
    assert result.returncode == 0, result.stdout + result.stderr
    allowed = re.search(r"# tolerance: (\S+)", path.read_text())
    tolerance = float(allowed[1]) if allowed else TOLERANCE
    found = difference(result.stdout.replace("gradus", "torch"), expected[str(path)], tolerance)
    assert found is None, found


def test_differences_are_seen():
    assert difference("a 1.00001", "a 1.0", 1e-4) is None
    assert difference("a 1.1", "a 1.3", 1e-4) and difference("a 1.0", "b 1.0", 1e-4) and difference("", "a", 1)
