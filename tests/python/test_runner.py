"""`python -m gradus`: programs written for PyTorch, the binding of its name, and the cost of importing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest


def run(*arguments, directory=None):
    """A fresh interpreter on the package under test: `python -m gradus` with arguments."""
    command = [sys.executable, "-m", "gradus", *map(str, arguments)]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)


@pytest.fixture
def program(tmp_path):
    """Writes a program and runs it; gives (exit status, stdout, stderr)."""

    def write_and_run(source, *arguments):
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(source))
        result = run(path, *arguments, directory=tmp_path)
        return result.returncode, result.stdout, result.stderr

    return write_and_run


def test_names_are_bound(program):
    """Every way to import PyTorch's modules gives Gradus' own, one object each."""
    status, out, err = program(
        """
        import sys
        import torch
        import torch.nn as nn
        import torch.nn.functional as F
        import torch.optim.optimizer
        from torch import Tensor, optim
        from torch.nn.modules.linear import Linear
        from torch.utils.data import DataLoader, TensorDataset
        from torch.autograd import grad
        from torch.autograd.gradcheck import gradcheck
        import gradus
        assert torch is gradus and nn is gradus.nn and F is gradus.nn.functional is torch.nn.functional
        assert Linear is nn.Linear and optim.SGD is torch.optim.SGD and Tensor is torch.Tensor
        assert isinstance(nn.Parameter(torch.ones(1)), Tensor)
        assert gradus.nn.__spec__.name == 'gradus.nn' and gradus.nn.__name__ == 'gradus.nn'
        assert torch.autograd.gradcheck is gradcheck and callable(gradcheck)
        assert sys.modules['torch.nn.modules.linear'] is gradus.nn.modules.linear
        print(torch.cuda.is_available())
        """
    )
    assert (status, err) == (0, "")
    assert out == "False\n"


def test_surroundings_of_the_program(program, tmp_path):
    """__name__, __file__, arguments, neighbours on the path, pickling of its classes."""
    (tmp_path / "neighbour.py").write_text("value = 5\n")
    status, out, err = program(
        """
        import pickle, sys
        import neighbour
        class Own: pass
        if __name__ == '__main__':
            assert isinstance(pickle.loads(pickle.dumps(Own())), Own)
            assert sys.modules['__main__'].Own is Own
            print(neighbour.value, sys.argv[1:], __file__ == sys.argv[0])
        """,
        "--lr",
        "0.1",
    )
    assert (status, out, err) == (0, "5 ['--lr', '0.1'] True\n", "")


def test_trains(program):
    status, out, err = program(
        """
        import torch
        from torch import nn
        torch.manual_seed(0)
        model = nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x = torch.linspace(-1, 1, 20).view(-1, 1)
        for _ in range(200):
            loss = nn.functional.mse_loss(model(x), 3 * x + 1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f'{model.weight.item():.3f} {model.bias.item():.3f}')
        """
    )
    assert (status, out, err) == (0, "3.000 1.000\n", "")


@pytest.mark.parametrize("name", ["torchvision", "torchvision.transforms", "torchaudio", "torchtext"])
def test_compiled_companions_are_refused(program, name):
    status, _, err = program(f"import {name}\n")
    assert status == 1
    root = name.partition(".")[0]
    assert f"ImportError: {root} cannot be imported under `python -m gradus`: it is compiled against" in err


def test_missing_modules_and_names(program):
    status, out, err = program(
        """
        import torch
        try:
            import torch.fx.wild
        except ModuleNotFoundError as error:
            print(error, '|', error.name)
        try:
            from torch import lobpcg
        except ImportError as error:
            print(type(error).__name__)
        print(hasattr(torch, 'lobpcg'))
        torch.lobpcg
        """
    )
    assert status == 1
    first, kind, has = out.splitlines()
    assert first == "No module named 'torch.fx': Gradus does not have gradus.fx yet | torch.fx"
    assert (kind, has) == ("ImportError", "False")
    assert "AttributeError: module 'gradus' has no attribute 'lobpcg': Gradus does not have it yet" in err


def test_tracebacks_show_the_program_only(program, tmp_path):
    status, out, err = program("import torch\ndef f():\n    1 / 0\nf()\n")
    assert (status, out) == (1, "")
    lines = err.splitlines()
    assert lines[0] == "Traceback (most recent call last):" and "program.py" in lines[1] and "line 4" in lines[1]
    assert lines[-1] == "ZeroDivisionError: division by zero" and "__main__.py" not in err
    status, _, err = program("x = = 1\n")
    assert status == 1 and "SyntaxError" in err and "__main__.py" not in err


@pytest.mark.parametrize("code, status", [("import sys; sys.exit(3)", 3), ("raise SystemExit", 0), ("exit()", 0)])
def test_exit_status(program, code, status):
    assert program(code + "\n")[0] == status


def test_code_module_and_usage(tmp_path):
    assert (
        run("-c", "import torch, sys; print(torch.ones(2).sum().item(), sys.argv)", "a").stdout == "2.0 ['-c', 'a']\n"
    )
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import torch, sys\nprint(__package__, sys.argv[1:])\n")
    assert run("-m", "package", "b", directory=tmp_path).stdout == "package ['b']\n"
    assert "No module named" in run("-m", "nothing_here", directory=tmp_path).stderr
    result = run(tmp_path / "absent.py")
    assert result.returncode == 1 and "can't open file" in result.stderr
    assert run().returncode == 2 and run("--help").stdout.startswith("usage: python -m gradus")


def test_import_is_light():
    """`import gradus` brings none of the slow modules with it."""
    heavy = ["numpy", "inspect", "typing", "dataclasses", "gradus.nn", "gradus.optim", "gradus.utils.data"]
    source = f"import sys; import gradus; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-S", "-c", source], capture_output=True, text=True, env=bare_environment()
    )
    assert (result.stdout, result.stderr) == ("[]\n", "")


def bare_environment():
    """The environment with the package on the path, for an interpreter that skips site-packages."""
    import importlib.util

    root = os.path.dirname(os.path.dirname(importlib.util.find_spec("gradus").origin))
    return {**os.environ, "PYTHONPATH": root}
