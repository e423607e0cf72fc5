"""The operator of docs/adding-an-operator.md, added to one header of a copy of the tree, works.

The copy reuses the objects of the build at hand and compiles only what the generator writes anew, so that the test
takes a minute or two: a new method changes no layout.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("GRADUS_BUILD", "build/release")
HEADER = "gradus/ops/elementary.h"

PROGRAM = """
#include <cmath>
#include <cstdio>
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"
using namespace gradus;

int main() {
  const Tensor x = tensor<double>({-2, -0.5, 0.25, 3}, {4}).requires_grad_();
  const Tensor y = softsign(x);
  y.sum().backward();
  const Tensor again = x.detach().clone();
  again.softsign_();
  double worst = 0;
  for (int64_t i = 0; i < 4; ++i) {
    const double v = x[i].item<double>(), d = 1 + std::fabs(v);
    worst = std::fmax(worst, std::fabs(x.softsign()[i].item<double>() - v / d));
    worst = std::fmax(worst, std::fabs(again[i].item<double>() - v / d));
    worst = std::fmax(worst, std::fabs(x.grad()[i].item<double>() - 1 / (d * d)));
  }
  std::printf("%s %g\\n", worst < 1e-15 ? "close" : "wrong", worst);
}
"""

SCRIPT = """
import gradus
values = [-2.0, -0.5, 0.25, 3.0, 0.0, 1e30]
exact = [v / (1 + abs(v)) for v in values]
slopes = [(1 + abs(v)) ** -2 for v in values]
x = gradus.tensor(values, dtype=gradus.float64, requires_grad=True)
y = gradus.softsign(x)
assert type(y.grad_fn).__name__ == "SoftsignBackward0", y.grad_fn
y.sum().backward()
close = lambda a, b: all(abs(p - q) <= 1e-15 * max(abs(q), 1e-30) for p, q in zip(a.tolist(), b))
assert close(y, exact) and close(x.grad, slopes)
out = gradus.empty(6, dtype=gradus.float64)
gradus.softsign(x.detach(), out=out)
assert out.equal(y.detach()) if hasattr(out, "equal") else out.tolist() == y.tolist()
z = x.detach().clone()
assert z.softsign_() is z and z.tolist() == y.tolist() and x.detach().softsign().tolist() == y.tolist()
assert gradus.softsign(gradus.tensor([3, -1])).tolist() == [0.75, -0.5]
strided = gradus.arange(3000, dtype=gradus.float32).reshape(50, 60).t() - 1000
assert (gradus.softsign(strided) - strided / (strided.abs() + 1)).abs().max().item() <= 2.0 ** -23
inner = gradus.tensor([0.5, -1.5], dtype=gradus.float64, requires_grad=True)
assert gradus.autograd.gradcheck(gradus.softsign, (inner,)) and gradus.autograd.gradgradcheck(gradus.softsign, (inner,))
try:
    import torch
except ImportError:
    torch = None
if torch:
    leaf = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    theirs = torch.nn.functional.softsign(leaf)
    theirs.sum().backward()
    assert close(y, theirs.tolist()) and close(x.grad, leaf.grad.tolist())
print("right")
"""


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def copy_tree(target):
    """Copies what git tracks and returns the contents by name."""
    contents = {}
    for name in run(["git", "ls-files"], cwd=ROOT).splitlines():
        if (ROOT / name).is_file():
            contents[name] = (ROOT / name).read_bytes()
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(contents[name])
            shutil.copymode(ROOT / name, target / name)
    return contents


def add_operator(tree):
    page = (tree / "docs/adding-an-operator.md").read_text()
    (declaration,) = re.findall(r"```cpp\n(struct Softsign \{.*?\n\};\n)```", page, re.DOTALL)
    header = (tree / HEADER).read_text()
    end = header.rindex("}  // namespace gradus")
    (tree / HEADER).write_text(f"{header[:end]}{declaration}\n{header[end:]}")


def configure(tree, build):
    cache = (BUILD / "CMakeCache.txt").read_text()

    def cached(name):
        found = re.search(rf"^{name}:\w+=(.*)$", cache, re.MULTILINE)
        return found[1] if found else ""

    options = {"GRADUS_PYTHON": "ON", "GRADUS_TESTS": "OFF", "GRADUS_EXAMPLES": "OFF", "SKBUILD": "ON"}
    options |= {"Python_EXECUTABLE": sys.executable, "Python3_EXECUTABLE": sys.executable}
    options |= {name: cached(name) for name in ("CMAKE_BUILD_TYPE", "CMAKE_CXX_COMPILER", "CMAKE_CXX_FLAGS")}
    run(["cmake", "-S", tree, "-B", build, "-G", "Ninja", *(f"-D{k}={v}" for k, v in options.items())])
    run(["ninja", "gradus_gen"], cwd=build)


def build_changes(build):
    """Compiles the generated sources that differ, takes the other objects over, and links."""
    commands = {rule["output"]: rule for rule in json.loads(run(["ninja", "-t", "compdb", "-x"], cwd=build))}
    changed = []
    for output, rule in commands.items():
        if not output.endswith(".o"):
            continue
        source = pathlib.Path(build, rule["file"])
        generated = source.is_relative_to(build / "gen")
        before = BUILD / source.relative_to(build) if generated else None
        (build / output).parent.mkdir(parents=True, exist_ok=True)
        unchanged = not generated or (before.is_file() and before.read_bytes() == source.read_bytes())
        if unchanged and "elementary" not in output and (BUILD / output).is_file():
            shutil.copy2(BUILD / output, build / output)
        else:
            changed.append(rule["command"])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda command: run(["sh", "-c", command], cwd=build), changed))
    run(["ninja", "_C.pyi"], cwd=build)
    for output, rule in commands.items():
        if output.endswith("libgradus.a"):
            run(["sh", "-c", rule["command"]], cwd=build)
    (extension,) = [output for output in commands if output.startswith("_C.") and output.endswith(".so")]
    run(["sh", "-c", commands[extension]["command"]], cwd=build)
    return len(changed), build / extension


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the tree with the new operator, built: tree, build, extension, files edited, number of compilations."""
    if not (BUILD / "CMakeCache.txt").is_file() or not shutil.which("ninja") or not shutil.which("c++"):
        pytest.skip("needs a compiler, ninja and a finished build")
    tree = tmp_path_factory.mktemp("tree")
    build = tree / "build" / "copy"
    before = copy_tree(tree)
    add_operator(tree)
    edited = [name for name, content in before.items() if (tree / name).read_bytes() != content]
    configure(tree, build)
    compilations, extension = build_changes(build)
    return SimpleNamespace(tree=tree, build=build, extension=extension, edited=edited, compilations=compilations)


def test_one_file_was_edited(extended):
    assert extended.edited == [HEADER]
    assert 3 <= extended.compilations <= 30


def test_usable_from_cpp(extended, tmp_path):
    (tmp_path / "main.cpp").write_text(PROGRAM)
    includes = [f"-I{extended.tree}", f"-I{extended.build / 'gen'}"]
    command = [
        "c++",
        "-std=c++20",
        "-ffp-contract=off",
        *includes,
        "main.cpp",
        extended.build / "libgradus.a",
        "-lpthread",
    ]
    run([*command, "-o", "main"], cwd=tmp_path)
    assert run([tmp_path / "main"]).split()[0] == "close"


def test_usable_from_python(extended, tmp_path):
    package = tmp_path / "gradus"
    shutil.copytree(extended.tree / "python/gradus", package)
    shutil.copy2(extended.extension, package)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    assert run([sys.executable, "-c", SCRIPT], env=environment).split() == ["right"]
    assert re.search(r"def softsign\(", (extended.build / "_C.pyi").read_text())
