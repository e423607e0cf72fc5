"""The repository's own checks: each accepts a clean tree and names the place of a planted fault."""

import pathlib
import shutil
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
FLAGS = ["-O1", "-fPIC", "-std=c++20", "-c", "-x", "c++", "-"]


def run(tool, *arguments):
    command = [sys.executable, str(TOOLS / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path):
    """A repository that obeys every rule."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    shutil.copy(TOOLS.parent / ".clang-format", tmp_path)
    write(tmp_path, "gradus/gradus.h", '// All.\n#pragma once\n#include <span>\n\n#include "gradus/core/a.h"\n')
    write(tmp_path, "gradus/core/a.h", "// A.\n#pragma once\n#include <cstdint>\nint f(int x);\n")
    write(tmp_path, "gradus/ops/b.cpp", '// B.\n#include "gradus/core/a.h"\n\nint f(int x) { return x; }\n')
    return tmp_path


@pytest.mark.parametrize("tool", ["check_layers.py", "check_style.py"])
def test_clean_tree_passes(tree, tool):
    result = run(tool, "--root", tree)
    assert result.returncode == 0, result.stdout


def test_layers_refuse_a_downward_include(tree):
    write(tree, "gradus/core/a.h", '// A.\n#include "gradus/ops/b.h"\n')
    result = run("check_layers.py", "--root", tree)
    assert result.returncode == 1
    assert "gradus/core/a.h:2: core stands above ops" in result.stdout


def test_layers_refuse_an_unknown_folder(tree):
    write(tree, "gradus/misc/a.h", "// A.\n")
    assert "gradus/misc has no place" in run("check_layers.py", "--root", tree).stdout


BODY = "  x += 1;\n"
FAULTS = [
    ("gradus/core/a.h", "// A.\n#pragma once\n#include <map>\n", "a.h:3: a public header must not include <map>"),
    ("gradus/core/c.cpp", "int f();\n", "gradus/core/c.cpp:1: a file opens with one sentence"),
    ("gradus/core/c.cpp", "// C.\n" * 601, "gradus/core/c.cpp:1: 601 lines"),
    ("gradus/core/c.cpp", "// C.\n\nvoid f(int x) {\n" + BODY * 60 + "}\n", "c.cpp:3: function of 62 lines"),
    ("gradus/core/c.cpp", "// C.\n\nint  f();\n", "gradus/core/c.cpp:3:"),
    ("gradus/core/c.cpp", "// C.\nC::C(int x) : x{x} {\n" + BODY * 60 + "}\n", "function of 62 lines"),
    ("tools/c.py", '"""C."""\n\n\ndef f(x):\n' + "    x += 1\n" * 60, "tools/c.py:4: function of 61 lines"),
    ("docs/c.md", "see /" + "home/someone/file\n", "docs/c.md:1: path of one machine"),
    ("tools/c.py", '"""C."""\n\nimport os\n', "tools/c.py:3:8: F401"),
]


@pytest.mark.parametrize(("name", "text", "message"), FAULTS)
def test_style_names_the_fault(tree, name, text, message):
    write(tree, name, text)
    result = run("check_style.py", "--root", tree)
    assert result.returncode == 1
    assert message in result.stdout


def compile_kernel(build, target, text):
    folder = build / "CMakeFiles" / f"gradus_{target}.dir"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["g++", *FLAGS, "-o", str(folder / "k.o")], input=text, text=True, check=True)


def test_symbols_of_the_own_namespace_pass(tmp_path):
    text = "namespace gradus::avx2 { extern const int t; const int t = 1; template <class T> T g(T x) { return x; }"
    compile_kernel(tmp_path, "avx2", text + " template int g(int); }")
    result = run("check_symbols.py", tmp_path)
    assert result.returncode == 0, result.stdout


def test_shared_symbol_is_refused(tmp_path):
    text = "namespace gradus { template <class T> T g(T x) { return x; } template int g(int); }"
    compile_kernel(tmp_path, "avx512", text)
    result = run("check_symbols.py", tmp_path)
    assert result.returncode == 1
    assert "k.o (avx512): W int gradus::g<int>(int)" in result.stdout


@pytest.mark.parametrize(("seconds", "code"), [(14, 0), (16, 1)])
def test_slow_translation_unit_is_refused(tmp_path, seconds, code):
    # The first line is an older, slower build of the same file: only the last one counts.
    log = f"# ninja log v5\n0\t20000\t1\ta.o\t1\n0\t{seconds}000\t1\ta.o\t1\n0\t99000\t1\tlib.a\t1\n"
    write(tmp_path, ".ninja_log", log)
    result = run("check_build.py", tmp_path)
    assert result.returncode == code
    assert f"{seconds}.0 s  a.o" in result.stdout
