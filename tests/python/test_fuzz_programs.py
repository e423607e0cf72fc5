"""Random programs leave the same in every mode of execution, those that once did not among them; the gate can fail."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

gradus = pytest.importorskip("gradus")

from fuzzing import campaign, gate, minimise  # noqa: E402
from fuzzing.execution import ORACLE, Controls, Mode, differences, execute, statements_of  # noqa: E402
from fuzzing.writing import write  # noqa: E402

SECONDS = float(os.environ.get("GRADUS_FUZZ_SECONDS", "60"))
CORPUS = sorted((Path(__file__).parent / "fuzz_corpus").glob("*.py"))
SEEDS = range(4)


def run(*arguments, timeout):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [*campaign.COMMAND, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)


def test_random_programs_leave_the_same_in_every_mode():
    done = run("--seconds", str(SECONDS), timeout=SECONDS + 900)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no difference" in done.stdout


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_once_differed(path):
    statements = statements_of(path.read_text())
    assert statements
    for seed in SEEDS:
        gate.check(gradus, statements, gate.modes_for(seed, Controls(gradus)), seed, seconds=0)


@contextlib.contextmanager
def a_wrong_tanh():
    """Large results are wrong in one bit of their last element."""
    right = gradus.tanh

    def tanh(input, *args, **kwargs):
        out = right(input, *args, **kwargs)
        if out.dtype is gradus.float32 and out.numel() >= 1024 and out.is_contiguous():
            with gradus.no_grad():
                out.detach().view(-1)[-1:].view(gradus.int32).bitwise_xor_(1)
        return out

    gradus.tanh = tanh
    try:
        yield
    finally:
        gradus.tanh = right


@contextlib.contextmanager
def a_version_too_many():
    """relu counts a write that did not happen."""
    right = gradus.relu

    def relu(input, *args, **kwargs):
        out = right(input, *args, **kwargs)
        gradus._C._increment_version([out])
        return out

    gradus.relu = relu
    try:
        yield
    finally:
        gradus.relu = right


@contextlib.contextmanager
def a_draw_too_many():
    """dropout takes a number from the generator that it does not use."""
    right = gradus.nn.functional.dropout

    def dropout(*args, **kwargs):
        gradus.rand(1)
        return right(*args, **kwargs)

    gradus.nn.functional.dropout = dropout
    try:
        yield
    finally:
        gradus.nn.functional.dropout = right


@pytest.mark.parametrize("sabotage", [a_wrong_tanh, a_version_too_many, a_draw_too_many])
def test_a_wrong_mode_is_found_and_its_program_made_small(sabotage):
    mode = Mode("sabotaged", sabotage=sabotage)
    for seed in range(400):
        statements = write(gradus, seed)
        try:
            gate.check(gradus, statements, [mode], seed)
        except gate.Difference as difference:
            found = difference
            break
    else:
        pytest.fail("nothing found")
    assert len(found.statements) <= 6 < len(statements), found
    again = statements_of(found.source)
    assert gate.compare(gradus, again, mode), "the printed program shows the difference"
    assert not gate.compare(gradus, again, Mode("deferred")), "and only in that mode"


def test_a_program_that_crashes_is_found_and_made_small(monkeypatch):
    statements = [f"t{i} = torch.ones({i})" for i in range(9)] + ["torch.__class__; __import__('os').abort()"]
    assert not campaign.ends_badly(statements[:-1], 0, 60)
    small = minimise.minimise(statements, lambda trial: campaign.ends_badly(trial, 0, 60), 120)
    assert len(small) == 1 and "abort()" in small[0]


def test_results_that_agree_are_equal_and_the_first_place_of_a_difference_is_named():
    statements = [
        "t1 = torch.arange(6.).view(2, 3).t()",
        "t2 = t1[1:]",
        "t2.mul_(t2)",
        "note(t1.sum().item())",
        "t3 = t1 @ t1",
    ]
    first, second = execute(gradus, statements, ORACLE), execute(gradus, statements, Mode("cut", cuts=3))
    assert list(differences(first, second)) == []
    assert first["notes"] == [49.0] and "RuntimeError" in first["errors"][4]
    assert first["tensors"]["t1"]["version"] == 1 and first["sharing"] == {"t1": "t1", "t2": "t1"}
    changed = execute(gradus, ["t1 = torch.arange(6.).view(2, 3).t()", *statements[1:2]], ORACLE)
    assert any(line.startswith("/tensors/t1/version") for line in differences(first, changed))


def test_the_script_of_a_program_runs_by_itself(tmp_path):
    statements = ["t1 = torch.ones(3)", "t2 = t1 + torch.ones(2)", "for i in range(2):\n    t1 = t1 * 2"]
    result = execute(gradus, statements, ORACLE)
    text = minimise.script(statements, result["errors"])
    assert statements_of(text)[1].startswith("with caught()")
    path = tmp_path / "program.py"
    path.write_text(text + "assert t1.tolist() == [4, 4, 4] and 'must match' in seen[0]\n")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *(p for p in sys.path if p)]),
    }
    done = subprocess.run([sys.executable, str(path)], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
