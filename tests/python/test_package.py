"""The package as it is installed: complete, typed, small, and free of what its users do not need."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("GRADUS_BUILD", "build/release")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the package as `pip install .` lays it out."""
    folder = tmp_path_factory.mktemp("site")
    command = ["cmake", "--install", BUILD, "--prefix", folder, "--component", "python"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def run_python(folder, code):
    program = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    result = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_installed_package_works(installed):
    code = "import gradus; x = gradus.ones(3); print(gradus.__file__, (x + x).sum().item())"
    file, total = run_python(installed, code).split()
    assert pathlib.Path(file).is_relative_to(installed)
    assert float(total) == 6.0


def test_installed_package_is_typed_and_small(installed):
    files = {str(path.relative_to(installed)): path for path in installed.rglob("*") if path.is_file()}
    assert {"gradus/__init__.py", "gradus/__main__.py", "gradus/py.typed", "gradus/_C.pyi"} <= files.keys()
    assert sum(name.endswith(".so") for name in files) == 1
    assert sum(path.stat().st_size for path in files.values()) < 25e6


def test_extension_exports_its_entry_point_only(installed):
    (library,) = (installed / "gradus").glob("_C*.so")
    command = ["nm", "--dynamic", "--defined-only", library]
    symbols = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    assert [line.split()[-1] for line in symbols if line] == ["PyInit__C"]


@pytest.mark.parametrize("module", ["numpy", "inspect", "torch"])
def test_import_leaves_heavy_modules_alone(installed, module):
    assert run_python(installed, f"import gradus; print({module!r} in sys.modules)") == "False"


def test_stub_is_valid(installed):
    mypy = pytest.importorskip("mypy.api")
    output, errors, code = mypy.run(
        ["--no-incremental", "--follow-imports=silent", str(installed / "gradus" / "_C.pyi")]
    )
    assert code == 0, output + errors
