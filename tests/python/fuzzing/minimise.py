"""Makes a failing program small: fewer statements, then simpler ones, as long as it keeps failing."""

from __future__ import annotations

import ast
import time

FILLED = ("fill_", "zero_")  # what gives fresh memory its values must stay


def fewer(statements, fails, deadline):
    """Leaves out runs of statements, long ones first (delta debugging)."""
    size = max(len(statements) // 2, 1)
    while time.monotonic() < deadline:
        at, removed = 0, False
        while at < len(statements) and time.monotonic() < deadline:
            rest = statements[:at] + statements[at + size :]
            if rest and fails(rest):
                statements, removed = rest, True
            else:
                at += size
        if size == 1 and not removed:
            break
        size = size if removed and size == 1 else max(size // 2, 1)
    return statements


def children(node):
    """Expressions that could stand in the place of this one."""
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        yield from (node.left, *node.comparators)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in FILLED:
                return
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("torch", "np")):
                yield node.func.value
        yield from (a for a in node.args if not isinstance(a, ast.Constant | ast.Lambda))
    elif isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):
        yield node.value


class Replace(ast.NodeTransformer):
    """Replaces the expression that is number `place` in order of the walk by its candidate number `which`."""

    def __init__(self, place, which):
        self.place, self.which, self.at, self.done = place, which, -1, False

    def generic_visit(self, node):
        if isinstance(node, ast.expr):
            self.at += 1
            if self.at == self.place:
                options = [*children(node), *numbers(node)]
                if self.which < len(options):
                    self.done = True
                    return options[self.which]
                return node
        return super().generic_visit(node)


def numbers(node):
    """Smaller numbers for a number, smaller sizes for a tuple of sizes."""
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value > 1:
        smaller = {1, 2, node.value // 2, node.value - 1, 64, 2048} - {node.value}
        yield from (ast.Constant(v) for v in sorted(smaller) if v < node.value)
    elif isinstance(node, ast.Constant) and type(node.value) is float and node.value not in (1.0, 0.0):
        yield ast.Constant(1.0)
    elif isinstance(node, ast.Tuple | ast.List) and len(node.elts) > 1:
        for i in range(len(node.elts)):
            yield type(node)([e for j, e in enumerate(node.elts) if j != i], node.ctx)


def simpler(statement):
    """Texts of statements that are one step simpler."""
    try:
        tree = ast.parse(statement)
    except SyntaxError:
        return
    if len(tree.body) > 1:
        yield from (ast.unparse(part) for part in tree.body)
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.With | ast.For):
        yield "\n".join(ast.unparse(part) for part in tree.body[0].body)
    total = sum(isinstance(n, ast.expr) for n in ast.walk(tree))
    for place in range(total):
        for which in range(8):
            step = Replace(place, which)
            changed = step.visit(ast.parse(statement))
            if not step.done:
                break
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text != statement:
                yield text


def minimise(statements, fails, seconds=60.0):
    """The smallest program found within the time for which `fails(statements)` still holds."""
    deadline = time.monotonic() + seconds
    statements = fewer(list(statements), fails, deadline)
    changed = True
    while changed and time.monotonic() < deadline:
        changed = False
        for i in range(len(statements) - 1, -1, -1):
            progress = True
            while progress and time.monotonic() < deadline:
                progress = False
                for text in simpler(statements[i]):
                    trial = [*statements[:i], text, *statements[i + 1 :]]
                    if time.monotonic() > deadline:
                        break
                    if fails(trial):
                        statements, progress, changed = trial, True, True
                        break
        if changed:
            statements = fewer(statements, fails, deadline)
    return statements


def script(statements, errors=(), comment=""):
    """The program as the text of a file that runs by itself and can be kept in the corpus."""
    lines = [
        f'"""{comment or "A program that once ran differently in some mode."}"""',
        "",
        "import numpy as np  # noqa: F401",
    ]
    lines += ["from fuzzing.helpers import *  # noqa: F403", "", "import gradus as torch", ""]
    for i, statement in enumerate(statements):
        if i < len(errors) and errors[i]:
            statement = "with caught():  # noqa: F405\n" + "\n".join("    " + line for line in statement.splitlines())
        lines.append(statement)
    return "\n".join(lines) + "\n"
