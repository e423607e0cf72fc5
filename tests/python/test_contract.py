"""Small programs about views, in-place writes, versions and backward: run by Gradus and by PyTorch, they must agree.

A program appends what it observes to `seen`: values, names of graph nodes, errors (class and text). Names at hand:
`t` makes a float64 leaf that requires a gradient, `c` a constant; `fn` names a grad_fn, `chain` the nodes behind a
tensor, `fails` calls a function and notes its error, `each` does so with every line of a text.
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
    """Class and text. Behind PyTorch's sentence on changed values, Gradus says who saved and who changed them."""
    return type(error).__name__, re.sub(r" The value was saved by .*", "", names(error))


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


def plain_for(lib):
    """Values without their library: tensors as dtype, shape and numbers."""

    def plain(value):
        if isinstance(value, lib.Tensor):
            flat = [round(float(x), 10) for x in value.detach().double().reshape(-1).tolist()]
            return str(value.dtype).rpartition(".")[2], tuple(value.shape), flat
        if isinstance(value, (tuple, list)):
            return [plain(v) for v in value]
        return names(value) if isinstance(value, str) else value

    return plain


def makers(lib):
    """What makes tensors, functions and modules."""

    def c(*sizes):
        n = 1
        for s in sizes:
            n *= s
        return lib.tensor([0.5 + 0.25 * ((5 * i) % 7) for i in range(n)], dtype=lib.float64).reshape(sizes)

    def linear():
        made = lib.nn.Linear(3, 2).double()
        made.load_state_dict({"weight": c(2, 3), "bias": c(2)})
        return made

    def make(name, backward=lambda ctx, g: g, forward=lambda ctx, *args: args[0] * 2):
        parts = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        return type(name, (lib.autograd.Function,), parts)

    return {
        "lib": lib,
        "c": c,
        "t": lambda *sizes: c(*sizes).clone().requires_grad_(),
        "F": lib.autograd.Function,
        "make": make,
        "module": lambda forward: type("M", (lib.nn.Module,), {"forward": forward})(),
        "linear": linear,
    }


def observe(lib, program):
    """What a program sees on one library."""
    seen, plain = [], plain_for(lib)
    scope = makers(lib) | {"gc": gc, "fn": fn, "fn_of": fn_of, "chain": chain}

    def fails(function):
        try:
            value = function()
        except Exception as error:
            return error_of(error)
        return "no error", plain(value) if isinstance(value, lib.Tensor) else None

    def each(expressions):
        for line in filter(None, map(str.strip, expressions.splitlines())):
            try:
                value = eval(line, scope)
                simple = isinstance(value, (lib.Tensor, tuple, list, str, int, float, type(None)))
                seen.append((line, plain(value) if simple else names(repr(value))))
            except Exception as error:
                seen.append((line, *error_of(error)))

    scope |= {"fails": fails, "each": each, "see": lambda *values: seen.extend(plain(v) for v in values)}
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
    last = seen[-1] if seen and isinstance(seen[-1], tuple) else ("", "")
    broken = last[0] == "stopped by" and last[1] in ("AttributeError", "NameError", "SyntaxError")
    assert not broken, "the program itself is wrong"
