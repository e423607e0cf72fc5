"""The programs in examples/: what they print, in both languages, against PyTorch 2.13's own output."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("GRADUS_BUILD", "build/release")

# What PyTorch 2.13.0 prints for examples/linear_regression.py.
LINEAR_REGRESSION = """\
Epoch [100/1000], Loss: 10.4790
Epoch [200/1000], Loss: 4.5118
Epoch [300/1000], Loss: 4.4370
Epoch [400/1000], Loss: 4.4361
Epoch [500/1000], Loss: 4.4361
Epoch [600/1000], Loss: 4.4361
Epoch [700/1000], Loss: 4.4361
Epoch [800/1000], Loss: 4.4361
Epoch [900/1000], Loss: 4.4361
Epoch [1000/1000], Loss: 4.4361
Weight: 3.0355
Bias: 0.0732
"""
# Losses of PyTorch 2.13.0 for examples/digits.py: steps 1, 2, 3, 10, 50 and 100.
DIGITS = {1: 2.31882787, 2: 2.29762006, 3: 2.26291585, 10: 2.0245688, 50: 0.558693409, 100: 0.205161825}
ACCURACY = 96.0  # per cent; PyTorch's own run reaches 97.22


def output(*command):
    result = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def under_gradus(*arguments):
    return output(sys.executable, "-m", "gradus", *arguments)


@pytest.fixture(scope="module")
def digits_csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("digits") / "digits.csv"
    output(sys.executable, "tools/export_digits.py", path)
    return path


def final_accuracy(text):
    return float(re.findall(r"accuracy on held-out images ([\d.]+)%", text)[-1])


def test_linear_regression_prints_pytorchs_digits():
    assert under_gradus("examples/linear_regression.py") == LINEAR_REGRESSION


def test_linear_regression_in_cpp_prints_the_same():
    assert output(BUILD / "example_linear_regression") == LINEAR_REGRESSION


def test_linear_regression_under_pytorch():
    pytest.importorskip("torch")
    assert output(sys.executable, "examples/linear_regression.py") == LINEAR_REGRESSION


def losses(text):
    return [float(line) for line in text.splitlines() if re.fullmatch(r"[\d.e+-]+", line)]


def test_digits_follow_pytorch():
    own = losses(under_gradus("examples/digits.py", "--steps", "100", "--losses"))
    assert len(own) == 100
    for step, expected in DIGITS.items():
        assert own[step - 1] == pytest.approx(expected, rel=1e-5)


def test_digits_follow_pytorch_live():
    pytest.importorskip("torch")
    arguments = ["examples/digits.py", "--steps", "100", "--losses"]
    expected = losses(output(sys.executable, *arguments))
    assert losses(under_gradus(*arguments)) == pytest.approx(expected, rel=1e-5)


def test_digits_in_cpp_have_pythons_bits(digits_csv):
    python = under_gradus("examples/digits.py", "--steps", "100", "--losses")
    cpp = output(BUILD / "example_digits", digits_csv, "--steps", "100", "--losses")
    assert losses(cpp) and cpp == python


def test_digits_accuracy_and_picture(tmp_path):
    picture = tmp_path / "loss.png"
    text = under_gradus("examples/digits.py", "--picture", picture)
    assert final_accuracy(text) >= ACCURACY
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_digits_accuracy_in_cpp(digits_csv):
    assert final_accuracy(output(BUILD / "example_digits", digits_csv)) >= ACCURACY


def test_graph_picture_is_self_contained(tmp_path):
    picture = tmp_path / "graph.svg"
    output(sys.executable, "examples/draw_graph.py", picture)
    text = picture.read_text()
    assert text.lstrip().startswith(("<svg", "<?xml"))
    assert "0.weight" in text and "AddmmBackward0" in text
    assert 'href="http' not in text


def test_fused_example_prints_and_draws_what_its_page_shows(tmp_path):
    picture = tmp_path / "fused.svg"
    printed = output(sys.executable, "examples/fused_rms_norm.py", picture)
    assert printed in (ROOT / "docs/execution.md").read_text()
    drawn = (ROOT / "docs/fused-rms-norm.svg").read_text()
    assert picture.read_text() == drawn, "draw it again: python examples/fused_rms_norm.py docs/fused-rms-norm.svg"
