"""Reads schema literals out of the operator headers and compares them with PyTorch's, part by part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DECLARATION = re.compile(r'\bOp\s+\w+\s*\{\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
PIECE = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
OWN = "_gradus"  # literals of this prefix have no counterpart in PyTorch

# Names that stand for the numbers which PyTorch's schemas print.
NUMBERS = {"long": "4", "Mean": "1", "contiguous_format": "0", "preserve_format": "1"}


@dataclass(frozen=True)
class Argument:
    type: str
    name: str
    default: str | None
    keyword_only: bool


@dataclass(frozen=True)
class Schema:
    name: str
    arguments: tuple[Argument, ...]
    returns: tuple[str, ...]


def split(text: str) -> list[str]:
    """Parts between commas that no bracket encloses."""
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    return [*parts, current.strip()] if current.strip() else parts


def parse(text: str) -> Schema:
    """A schema's parts in a normal form: SymInt is int, 0. is 0.0, quotes are single."""
    head, _, tail = text.rpartition(" -> ")
    name, _, inside = head.partition("(")
    arguments, keyword_only = [], False
    for part in split(inside.rstrip()[:-1]):
        if part == "*":
            keyword_only = True
            continue
        declared, _, default = part.partition("=")
        kind, _, label = declared.rpartition(" ")
        arguments.append(Argument(normal_type(kind), label, normal_default(default), keyword_only))
    tail = tail.strip()
    results = split(tail[1:-1]) if tail.startswith("(") else [tail]
    return Schema(name.removeprefix("aten::"), tuple(arguments), tuple(map(normal_type, results)))


def normal_type(text: str) -> str:
    return text.replace("SymInt", "int").strip()


def normal_default(text: str) -> str | None:
    if not text:
        return None
    text = text.replace('"', "'")
    if re.fullmatch(r"-?\d+\.\d*(e[+-]?\d+)?|-?\d+e[+-]?\d+", text):
        return repr(float(text))
    return NUMBERS.get(text, text)


def literals(folder: Path = ROOT / "gradus" / "ops") -> dict[str, str]:
    """Literal -> "file:line" of every operator that the headers declare."""
    found = {}
    for path in sorted(folder.glob("*.h")):
        text = COMMENT.sub("", path.read_text())
        for match in DECLARATION.finditer(text):
            literal = "".join(PIECE.findall(match.group(1))).replace('\\"', '"')
            line = text.count("\n", 0, match.start()) + 1
            if not literal.startswith(OWN):
                found[literal] = f"{path.name}:{line}"
    return found


def pytorch_schemas(torch) -> dict[str, str]:
    """PyTorch's schema by name and overload, operators under aten only."""
    texts = (str(schema) for schema in torch._C._jit_get_all_schemas())
    return {parse(text).name: text for text in texts if text.startswith("aten::")}


def differences(ours: str, theirs: str | None) -> list[str]:
    """What the literal says otherwise than PyTorch's schema of that name."""
    if theirs is None:
        return ["PyTorch has no operator of this name and overload"]
    left, right = parse(ours), parse(theirs)
    found = []
    if [a.name for a in left.arguments] != [a.name for a in right.arguments]:
        return [f"arguments {[a.name for a in left.arguments]}, PyTorch has {[a.name for a in right.arguments]}"]
    for a, b in zip(left.arguments, right.arguments):
        for part in ("type", "default", "keyword_only"):
            if getattr(a, part) != getattr(b, part):
                found.append(f"{a.name}: {part} {getattr(a, part)}, PyTorch has {getattr(b, part)}")
    if left.returns != right.returns:
        found.append(f"returns {left.returns}, PyTorch {right.returns}")
    return found
