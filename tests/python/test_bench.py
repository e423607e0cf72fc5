"""The benchmarks' programs at tiny sizes: what is timed is right, observed, and the same on every peer."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from programs import PROGRAMS, measure, plans, report  # noqa: E402

STEPS = 3
BY_NAME = {program.name: program for program in PROGRAMS}


def arrays(result) -> list[np.ndarray]:
    """The results of a step, as NumPy's."""
    parts = result if isinstance(result, list) else [result]
    return [np.array(part.detach().numpy() if hasattr(part, "detach") else part) for part in parts]


def run(step) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Results of some steps, and what they changed."""
    results = [array for _ in range(STEPS) for array in arrays(step())]
    return results, arrays(list(getattr(step, "state", [])))


def assert_near(found, expected, tolerance) -> None:
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", BY_NAME)
def test_program_agrees_with_pytorch(lib, torch, name):
    program = BY_NAME[name]
    results, state = run(program.step(lib, **program.small))
    expected, expected_state = run(program.step(torch, **{**program.torch_size, **program.small}))
    assert_near(results, expected, program.tolerance)
    assert_near(state, expected_state, program.tolerance)
    assert all(np.isfinite(array).all() for array in [*results, *state])


@pytest.mark.parametrize("name", [name for name in BY_NAME if BY_NAME[name].training])
def test_training_program_learns(lib, name):
    step = BY_NAME[name].step(lib, **BY_NAME[name].small)
    before = arrays(list(step.state))
    losses = [step().item() for _ in range(40)]
    assert losses[-1] < losses[0]
    assert all((old != new).any() for old, new in zip(before, arrays(list(step.state))))


@pytest.mark.parametrize("name", [name for name in BY_NAME if BY_NAME[name].jax])
def test_twin_for_jax_agrees(lib, name):
    jax = pytest.importorskip("jax")
    program = BY_NAME[name]
    results, _ = run(program.step(lib, **program.small))
    twin = program.jax(jax, lib, **program.small)
    assert_near(results, [array for _ in range(STEPS) for array in arrays(twin())], program.tolerance)


@pytest.mark.parametrize("name", [name for name in BY_NAME if BY_NAME[name].rival])
def test_rival_agrees(torch, name):
    program = BY_NAME[name]
    expected = arrays(program.step(torch, **program.small)())
    assert_near(arrays(program.rival(torch, **program.small)()), expected, program.tolerance)


def test_every_result_is_counted(lib):
    """The time of a step is divided by the number of its results."""
    for program in PROGRAMS:
        result = program.step(lib, **program.small)()
        assert (len(result) if isinstance(result, list) else 1) == program.count, program.name


def test_names_are_unique_and_bars_are_ratios():
    assert len(BY_NAME) == len(PROGRAMS)
    for program in PROGRAMS:
        assert 0 < program.allowed < 1.2, program.name


def test_look_reads_the_last_result(lib):
    tensor = lib.arange(6.0).view(2, 3) + 5
    assert measure.look(tensor) == 5
    assert measure.look([tensor, tensor.sum()]) == 45
    assert measure.look([1.0, 2.5]) == 2.5


def test_timed_region_includes_what_waits(lib):
    (peer,) = measure.peers([], 1)
    a = lib.ones(1 << 16)
    before = lib.stream.set_deferred(True)
    try:
        rest = []
        step = lambda: [rest.append(a + 1), lib.ones(1)][1]  # noqa: E731
        measure.seconds(peer, step, 1)
        assert lib.stream.counters()["pending"] == 0
        step()
        assert lib.stream.counters()["pending"] > 0  # so there was something to run
    finally:
        lib.stream.set_deferred(before)


def test_verdict_follows_the_better_of_the_peers():
    program = BY_NAME["gemm-512-1"]
    slow = report.judged(program, {"gradus": 1.2, "torch": 1.0, "onednn": 1.3})
    fast = report.judged(program, {"gradus": 1.0, "torch": 1.0, "onednn": 1.3})
    alone = report.judged(program, {"gradus": 1.0})
    disturbed = report.judged(program, {"gradus": 1.2, "torch": 1.0}, others=0.5)
    assert [row["holds"] for row in (slow, fast, alone, disturbed)] == [False, True, None, None]
    assert [report.verdict(row) for row in (slow, fast, alone, disturbed)] == ["NO", "yes", "-", "disturbed"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_other_processes_are_noticed():
    with measure.one_core_busy():
        time.sleep(0.2)
        others = measure.Others()
        time.sleep(0.5)
        assert others.cores() > 0.3


def test_durations_have_units():
    assert [report.duration(s) for s in (5e-8, 1.234e-5, 0.0325, 2)] == ["50 ns", "12.3 µs", "32.5 ms", "2 s"]


def command(*more) -> str:
    result = subprocess.run(
        [sys.executable, ROOT / "bench/stream.py", "--rounds", "5", *more], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_command_writes_table_record_and_picture(tmp_path, torch):
    importlib.import_module("matplotlib")
    files = [tmp_path / name for name in ("table.md", "all.json", "bars.svg")]
    options = [part for pair in zip(("--markdown", "--json", "--picture"), files) for part in pair]
    printed = command("--rows", "chain-4K", "regression", "--peers", "torch", "--threads", "1", *options)
    assert "linear regression" in printed
    table, record, drawn = (file.read_text() for file in files)
    rows = json.loads(record)["rows"]
    assert {row["name"] for row in rows} == {"chain-4K", "regression"}
    for row in rows:
        assert row["ratio"] == pytest.approx(row["seconds"]["gradus"] / row["seconds"]["torch"])
        judged = row["others"] < measure.DISTURBED
        assert row["holds"] is (row["ratio"] <= row["allowed"] if judged else None)
        assert row["title"] in table
    assert table.count("\n|") == 4 and "<svg" in drawn


def test_planning_is_what_is_left_without_elements():
    assert plans.intercept([(2048, 30 + 4), (4096, 30 + 8), (8192, 30 + 16)]) == pytest.approx(30)


def test_command_measures_planning(tmp_path):
    printed = command("--plans", "--json", tmp_path / "all.json")
    known, made = json.loads((tmp_path / "all.json").read_text())["rows"]
    assert 0 < known["ns"] < made["ns"] < 100_000
    for row in (known, made):
        assert row["title"] in printed and row["holds"] in (None, row["ns"] <= row["bar"])


def test_command_runs_without_peers():
    assert "yes" not in command("--rows", "regression", "--peers", "--threads", "1")


def test_command_measures_beside_a_busy_core(torch):
    assert "gradus" in command("--busy", "--rows", "regression", "--peers", "torch")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_command_measures_memory(tmp_path, torch):
    """The classifier keeps four times its parameters: weights, gradients, Adam's two moments."""
    command("--memory", "--rows", "mlp", "--json", tmp_path / "all.json")
    (row,) = json.loads((tmp_path / "all.json").read_text())["rows"]
    parameters = 4 * (784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10)
    for size in row["bytes"].values():
        assert 3.5 * parameters < size < 100 * parameters
