"""Runs the documentation's snippets: fenced blocks marked `python run` or `cpp run`.

A block marked `text output` right after a snippet is what the snippet must print.
"""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("GRADUS_BUILD", "build/release")
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
BLOCK = re.compile(
    r"^```(?P<language>python|cpp) run\n(?P<code>.*?)^```\n(?:\s*^```text output\n(?P<output>.*?)^```)?", re.M | re.S
)


def snippets():
    for page in PAGES:
        text = page.read_text()
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            name = f"{page.relative_to(ROOT)}:{line}"
            yield pytest.param(match["language"], match["code"], match["output"], id=name)


def build_cpp(folder, code):
    source, program = folder / "snippet.cpp", folder / "snippet"
    source.write_text(code)
    includes = [f"-I{ROOT}", f"-I{BUILD / 'gen'}"]
    flags = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror"]
    command = ["g++", *flags, *includes, source, BUILD / "libgradus.a", "-pthread", "-o", program]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return [program]


def build_python(folder, code):
    source = folder / "snippet.py"
    source.write_text(code)
    return [sys.executable, "-m", "gradus", source]


@pytest.mark.parametrize(("language", "code", "output"), list(snippets()))
def test_snippet(tmp_path, language, code, output):
    command = (build_cpp if language == "cpp" else build_python)(tmp_path, code)
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    if output is not None:
        assert result.stdout == output


def test_readme_shows_both_languages():
    languages = {match["language"] for match in BLOCK.finditer(PAGES[0].read_text())}
    assert languages == {"python", "cpp"}
