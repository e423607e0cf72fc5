#!/usr/bin/env python3
"""Checks the house rules that a program can check: lengths, opening comments, formatting, includes, paths."""

import argparse
import ast
import pathlib
import re
import shutil
import subprocess
import sys

MAX_FILE = 600
MAX_FUNCTION = 60
CODE = {".h", ".cpp", ".c", ".py", ".cmake", ".sh"}
CPP = {".h", ".cpp"}
# Headers that cost little to compile; anything else belongs in a .cpp.
PUBLIC_STD = {"cstdint", "cstddef", "initializer_list", "string_view", "string", "vector", "span", "optional"}
PUBLIC_STD |= {"exception", "cstring", "tuple", "sys/single_threaded.h"}
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
MACHINE_PATH = re.compile(r"(?<![\w.$}*-])/(?:home|root|work|Users|mnt)/\w")
TABLE_ROW = re.compile(r"\s*[{(\[].*[})\]],$")  # a row of data is no step of a function
BLANK = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)


def tracked_files(root):
    """The files git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return [root / name for name in sorted(set(names)) if (root / name).is_file()]


def cpp_functions(text):
    """Yields (first line, last line) of every function body outside other functions; heuristic, by braces."""
    text = BLANK.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.MULTILINE)
    stack, head, line, inside = [], "", 1, None
    for char in text:
        if char == "\n":
            line += 1
        if char == "{":
            scope = re.search(r"\b(namespace|class|struct|enum|union|extern)\b[^()]*$", head)
            # An empty head follows a brace-initialised member: the body of a constructor.
            function = not scope and (")" in head or not head.strip())
            if function and inside is None:
                inside = len(stack)
                first = line - head.strip().count("\n")
            stack.append(char)
            head = ""
        elif char == "}" and stack:
            stack.pop()
            if inside == len(stack):
                inside = None
                yield first, line
            head = ""
        elif char == ";":
            head = ""
        else:
            head += char


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.end_lineno


def check_lengths(path, where, text):
    lines = text.splitlines()
    if len(lines) >= MAX_FILE:
        yield f"{where}:1: {len(lines)} lines; a file stays under {MAX_FILE}"
    functions = cpp_functions(text) if path.suffix in CPP else python_functions(text) if path.suffix == ".py" else ()
    for first, last in functions:
        length = sum(not TABLE_ROW.match(line) for line in lines[first - 1 : last])
        if length > MAX_FUNCTION:
            yield f"{where}:{first}: function of {length} lines; a function stays under {MAX_FUNCTION}"


def check_opening(where, text):
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#!")]
    if lines and not lines[0].startswith(("//", "#", '"""', 'r"""')) or lines and lines[0].startswith("#pragma"):
        yield f"{where}:1: a file opens with one sentence on its job"


def public_headers(root):
    """The headers that gradus/gradus.h reaches, generated ones included when a build folder has them."""
    roots = [root, *sorted(root.glob("build/*/gen"))]
    queue, seen = ["gradus/gradus.h"], {}
    while queue:
        name = queue.pop()
        path = next((base / name for base in roots if (base / name).is_file()), None)
        if path is None or name in seen:
            continue
        seen[name] = path
        for line in path.read_text().splitlines():
            match = INCLUDE.match(line)
            if match and match[2].startswith("gradus/"):
                queue.append(match[2])
    return seen


def check_public_headers(root):
    for name, path in sorted(public_headers(root).items()):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and not match[2].startswith("gradus/") and match[2] not in PUBLIC_STD:
                yield f"{name}:{number}: a public header must not include <{match[2]}>"


def run_tool(root, name, arguments):
    """Runs a formatter or linter where it is installed; yields its complaints."""
    beside = pathlib.Path(sys.executable).parent / name
    tool = str(beside) if beside.is_file() else shutil.which(name)
    if tool is None:
        print(f"style: {name} is not installed, left out")
        return
    result = subprocess.run([tool, *arguments], cwd=root, capture_output=True, text=True)
    if result.returncode != 0:
        text = (result.stdout + result.stderr).replace(f"{root}/", "")
        lines = [line for line in text.splitlines() if re.match(r"\S+:\d+:", line)]
        yield from lines or [text]


def check_format(root, sources):
    """One complaint for every file that clang-format would change."""
    seen = set()
    for line in run_tool(root, "clang-format", ["--dry-run", "--Werror", *sources]):
        name = line.partition(":")[0]
        if name not in seen:
            yield line
        seen.add(name)


def complaints(root):
    files = tracked_files(root)
    for path in files:
        where = path.relative_to(root)
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for match in MACHINE_PATH.finditer(text):
            yield f"{where}:{text.count(chr(10), 0, match.start()) + 1}: path of one machine: {match[0]}..."
        if path.suffix in CODE:
            yield from check_lengths(path, where, text)
            yield from check_opening(where, text)
    yield from check_public_headers(root)
    sources = [str(path) for path in files if path.suffix in CPP]
    if sources:
        yield from check_format(root, sources)
    yield from run_tool(root, "ruff", ["check", "--quiet", "--output-format=concise", "."])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    found = list(complaints(parser.parse_args().root))
    print("\n".join(found) if found else "style: the house rules hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
