"""Small programs about views, in-place writes, versions and backward: run by Gradus and by PyTorch, they must agree.

A program appends what it observes to `seen`: values, names of graph nodes, errors (class and text). Names at hand:
`t` makes a float64 leaf that requires a gradient, `c` a constant; `fn` names a grad_fn, `chain` the nodes behind a
tensor, `fails` calls a function and notes its error.
"""

from __future__ import annotations

import gc
import importlib
import re
import textwrap
from pathlib import Path

import pytest
from bridge import gradus, names, torch

PROGRAMS: dict[str, str] = {}
for _path in sorted(Path(__file__).parent.glob("contract_*.py")):
    PROGRAMS |= importlib.import_module(_path.stem).PROGRAMS


def error_of(error):
    """Class and text. PyTorch names the latest producer of a changed tensor, Gradus the one whose value was saved."""
    return type(error).__name__, re.sub(r", which is output \d+ of [\w:]+,", "", names(error))


def observe(lib, program):
    """What a program sees on one library."""
    seen = []

    def plain(value):
        if isinstance(value, lib.Tensor):
            return str(value.dtype).rpartition(".")[2], tuple(value.shape), [round(x, 10) for x in flat(value)]
        if isinstance(value, (tuple, list)):
            return [plain(v) for v in value]
        return names(value) if isinstance(value, str) else value

    def flat(value):
        return [float(x) for x in value.detach().double().reshape(-1).tolist()]

    def c(*sizes):
        n = 1
        for s in sizes:
            n *= s
        return lib.tensor([0.5 + 0.25 * ((5 * i) % 7) for i in range(n)], dtype=lib.float64).reshape(sizes)

    def fails(function):
        try:
            value = function()
        except Exception as error:
            return error_of(error)
        return "no error", plain(value) if isinstance(value, lib.Tensor) else None

    def fn_of(node):
        return None if node is None else type(node).__name__

    def fn(tensor):
        return fn_of(tensor.grad_fn)

    def chain(tensor):
        node, found = tensor.grad_fn, []
        while node is not None:
            found.append(fn_of(node))
            node = node.next_functions[0][0] if node.next_functions else None
        return found

    scope = {"lib": lib, "gc": gc, "c": c, "fails": fails, "fn": fn, "fn_of": fn_of, "chain": chain}
    scope["t"] = lambda *sizes: c(*sizes).clone().requires_grad_()
    scope["F"] = lib.autograd.Function
    scope["make"] = lambda name, backward=lambda ctx, g: g, forward=lambda ctx, *args: args[0] * 2: type(
        name, (lib.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    )
    scope["module"] = lambda forward: type("M", (lib.nn.Module,), {"forward": forward})()

    def linear():
        made = lib.nn.Linear(3, 2).double()
        made.load_state_dict({"weight": c(2, 3), "bias": c(2)})
        return made

    scope["linear"] = linear
    scope["see"] = lambda *values: seen.extend(plain(v) for v in values)
    try:
        exec(textwrap.dedent(program), scope)
    except Exception as error:
        seen.append(("stopped by", *error_of(error)))
    return seen


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore")
def test_same_as_pytorch(name):
    seen = observe(gradus, PROGRAMS[name])
    assert seen == observe(torch, PROGRAMS[name])
    broken = seen and isinstance(seen[-1], tuple) and seen[-1][1] in ("AttributeError", "NameError", "SyntaxError")
    assert not broken, "the program itself is wrong"
