"""Runs a program, a list of statements, in one mode and takes down everything that it left."""

from __future__ import annotations

import ast
import contextlib
import gc
import random
import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from . import helpers

HELPERS = ("note", "caught", "on_worker", "on_both", "on_thread", "poke", "peek", "scribble", "raising", "numpy_values")
INTEGERS = {1: "uint8", 2: "int16", 4: "int32", 8: "int64"}


@dataclass(frozen=True)
class Mode:
    """How a program runs: deferred or not, with how many threads, in which tiles, and cut where.

    `cuts` seeds the places where everything pending is made to run; None leaves that to the library. `sabotage` is
    for tests of the gate itself: a context that makes this mode wrong.
    """

    name: str
    deferred: bool = True
    threads: int = 1
    tile: int = 0
    cuts: int | None = None
    sabotage: object = field(default=None, compare=False)


ORACLE = Mode("synchronous", deferred=False)


class Controls:
    """The switches of a library; those it does not have do nothing."""

    def __init__(self, lib):
        self.lib, self.core = lib, getattr(lib, "_C", None)
        self.synchronize = getattr(self.core, "_synchronize", lambda: None)
        self.has_deferral = hasattr(self.core, "_set_deferred")
        self.census = getattr(self.core, "_census", dict)

    def set(self, mode):
        self.synchronize()
        self.lib.set_num_threads(mode.threads)
        for name, value in (("_set_deferred", mode.deferred), ("_set_tile", mode.tile)):
            if hasattr(self.core, name):
                getattr(self.core, name)(value)

    @contextlib.contextmanager
    def within(self, mode):
        before = self.lib.get_num_threads()
        self.set(mode)
        try:
            with mode.sabotage() if mode.sabotage else contextlib.nullcontext():
                yield
        finally:
            self.set(replace(ORACLE, threads=before, deferred=self.has_deferral))

    def synchronize_all(self):
        self.synchronize()
        for index in range(len(helpers.workers)):
            helpers.on_worker(self.synchronize, index)


def tensors_of(space, lib):
    return {k: v for k, v in space.items() if k[0] != "_" and isinstance(v, lib.Tensor)}


def values(tensor, lib):
    """The elements as a NumPy array of the tensor's shape; 16-bit floats as their bits."""
    t = tensor.detach()
    if t.dtype in (lib.bfloat16, lib.float16):
        return np.array(t.view(lib.int16).numpy())
    return np.array(t.numpy())


def canonical(array, dtype):
    """Bytes in which every NaN looks the same: which of its patterns comes out is nobody's promise."""
    if array.dtype.kind == "f":
        return np.where(np.isnan(array), array.dtype.type(np.nan), array).tobytes()
    if dtype == "bfloat16":
        return np.where((array & 0x7FFF) > 0x7F80, np.int16(0x7FC0), array).tobytes()
    if dtype == "float16":
        return np.where((array & 0x7FFF) > 0x7C00, np.int16(0x7E00), array).tobytes()
    return array.tobytes()


def picture(tensor, lib, deep=True):
    """Everything one can see of a tensor, in comparable form; the error where looking fails."""
    t = tensor
    seen = {
        "dtype": str(t.dtype).split(".")[-1],
        "shape": tuple(t.shape),
        "stride": tuple(t.stride()),
        "offset": t.storage_offset(),
    }
    try:
        seen["requires_grad"], seen["leaf"] = t.requires_grad, t.is_leaf
        seen["version"] = t._version
        seen["grad_fn"] = t.grad_fn.name() if t.grad_fn is not None else None
        seen["data"] = canonical(values(t, lib), seen["dtype"])
        if deep:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                grad = t.grad
            seen["grad"] = None if grad is None else picture(grad, lib, deep=False)
    except Exception as error:
        seen["error"] = f"{type(error).__name__}: {error}"
    return seen


def note_picture(value, lib):
    if isinstance(value, lib.Tensor):
        return picture(value, lib, deep=False)
    if isinstance(value, float) and value != value:
        return "nan"
    if isinstance(value, list):
        return [note_picture(v, lib) for v in value]
    if isinstance(value, np.ndarray):
        return canonical(value, str(value.dtype))
    return value


def sharing(tensors):
    """Which tensors share a storage: for each the first that does."""
    first, groups = {}, {}
    for name in sorted(tensors):
        with contextlib.suppress(Exception):
            groups[name] = first.setdefault(tensors[name].untyped_storage()._cdata, name)
    return groups


class Run:
    """One run of statements, one after the other."""

    def __init__(self, lib, seed=0):
        self.lib, self.controls = lib, Controls(lib)
        self.space = {"torch": lib, "np": np, "seen": helpers.seen}
        self.space.update({name: getattr(helpers, name) for name in HELPERS})
        self.errors: list = []
        helpers.seen.clear()
        lib.manual_seed(seed)

    def step(self, statement):
        """Runs one statement; returns the error, None if there was none."""
        outcome = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                exec(compile(statement, "<program>", "exec"), self.space)
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}"
            error.__traceback__ = None
        self.errors.append(outcome)
        return outcome

    def tensors(self):
        return tensors_of(self.space, self.lib)

    def report(self, order=None):
        """All that can be seen at the end. The order of looking must not matter, so it may be shuffled."""
        lib, found = self.lib, self.tensors()
        names = sorted(found)
        if order is not None:
            order.shuffle(names)
        pictures = {name: picture(found[name], lib) for name in names}
        return {
            "errors": self.errors,
            "notes": [note_picture(v, lib) for v in helpers.seen],
            "tensors": {name: pictures[name] for name in sorted(pictures)},
            "arrays": {k: canonical(v, str(v.dtype)) for k, v in self.space.items() if isinstance(v, np.ndarray)},
            "sharing": sharing(found),
            "generator": lib.get_rng_state().tolist(),
        }

    def close(self):
        self.space.clear()
        helpers.seen.clear()


def cut(run, rng):
    """Makes something or everything pending run, in one of the ways that a program has for it."""
    found = run.tensors()
    if found and rng.random() < 0.4:
        with contextlib.suppress(Exception):
            found[rng.choice(sorted(found))].detach().tolist()
    elif rng.random() < 0.2:
        run.controls.synchronize_all()
    else:
        run.controls.synchronize()


def execute(lib, statements, mode, seed=0, leaks=True):
    """Runs the statements in a mode; returns what is to be seen afterwards."""
    controls = Controls(lib)
    controls.synchronize_all()
    before = controls.census()
    with controls.within(mode):
        run = Run(lib, seed)
        rng = random.Random(mode.cuts) if mode.cuts is not None else None
        density = rng.choice((0.05, 0.2, 0.5, 1)) if rng else 0
        for statement in statements:
            run.step(statement)
            if rng and rng.random() < density:
                cut(run, rng)
        result = run.report(rng)
        run.close()
        del run
        controls.synchronize_all()
    if leaks:
        gc.collect()
        after = controls.census()
        result["left over"] = {k: after[k] - before[k] for k in after}
    return result


def differences(first, second, path=""):
    """The first places where two results differ, as lines of text."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *(k for k in second if k not in first)]:
            yield from differences(first.get(key, "(absent)"), second.get(key, "(absent)"), f"{path}/{key}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for i, (a, b) in enumerate(zip(first, second)):
            yield from differences(a, b, f"{path}[{i}]")
    elif first != second:
        if isinstance(first, bytes) and isinstance(second, bytes):
            places = [i for i, (a, b) in enumerate(zip(first, second)) if a != b]
            yield f"{path}: {len(places)} of {len(first)} bytes differ, the first at {places[:3]}"
        else:
            yield f"{path}: {str(first)[:150]} != {str(second)[:150]}"


def statements_of(source):
    """The statements of a program's text, without what imports and the docstring say."""
    body = ast.parse(source).body
    lines = source.splitlines()
    skip = (ast.Import, ast.ImportFrom)
    body = [n for n in body if not isinstance(n, skip)]
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return ["\n".join(lines[n.lineno - 1 : n.end_lineno]) for n in body]
