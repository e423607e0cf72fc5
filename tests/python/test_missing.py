"""Names that PyTorch has and Gradus does not: their absence says so, and nothing else's does."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

gradus = pytest.importorskip("gradus")

from gradus import _missing  # noqa: E402

ROOT = Path(__file__).parents[2]
SAYS = "Gradus does not have it yet"
MODULES = ["gradus", "gradus.nn", "gradus.nn.functional", "gradus.nn.init", "gradus.optim", "gradus.autograd"]


def reason(holder, name):
    """The text of the error for a name that is not there; None if it is."""
    try:
        getattr(holder, name)
    except AttributeError as error:
        return str(error)
    return None


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.filterwarnings("ignore")
def test_every_missing_name_of_a_module_says_so(module):
    holder = importlib.import_module(module)
    names = _missing.torch_names()["torch" + module.removeprefix("gradus")]
    texts = {name: reason(holder, name) for name in names}
    assert all(text is None or text.endswith(f"has no attribute '{name}': {SAYS}") for name, text in texts.items())
    assert reason(holder, "invented_name") == f"module '{module}' has no attribute 'invented_name'"
    assert reason(holder, "__invented__") == f"module '{module}' has no attribute '__invented__'"


def test_every_missing_member_of_tensor_says_so():
    x = gradus.ones(2)
    names = _missing.torch_names()["torch.Tensor"]
    missing = [name for name in names if isinstance(vars(gradus.Tensor.__mro__[1]).get(name), _missing._MissingMember)]
    assert missing
    for name in missing:
        assert not hasattr(x, name) and not hasattr(gradus.Tensor, name)
        assert reason(x, name) == f"'Tensor' object has no attribute '{name}': {SAYS}"
        assert reason(gradus.Tensor, name) == f"type object 'Tensor' has no attribute '{name}': {SAYS}"
        assert name not in dir(x) and name not in dir(gradus.Tensor)
    assert reason(x, "invented_name") == "'Tensor' object has no attribute 'invented_name'"


def test_programs_may_fill_the_gaps():
    name = next(n for n, v in vars(gradus.Tensor.__mro__[1]).items() if isinstance(v, _missing._MissingMember))
    x = gradus.ones(2)
    setattr(x, name, 3)
    assert getattr(x, name) == 3
    setattr(gradus.Tensor, name, lambda self: self + 1)
    try:
        assert getattr(gradus.ones(2), name)().tolist() == [2, 2]
    finally:
        delattr(gradus.Tensor, name)


def test_the_list_is_that_of_the_installed_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    stored = (ROOT / "python" / "gradus" / "_torch_names.txt").read_text()
    if f"PyTorch {torch.__version__.partition('+')[0]}," not in stored:
        pytest.skip("the list belongs to another version of PyTorch")
    written = tmp_path / "names.txt"
    subprocess.run([sys.executable, str(ROOT / "tools" / "torch_names.py"), str(written)], check=True, timeout=300)
    assert written.read_text() == stored
