"""Runs random programs beside PyTorch, statement by statement: the operators that they use must agree with it, too."""

from __future__ import annotations

import collections
import time
import traceback

import numpy as np

from . import helpers
from .execution import Run, values
from .writing import write

EPSILON = {"float32": 1.2e-7, "float64": 2.3e-16, "bfloat16": 8e-3, "float16": 1e-3}
FACTOR = 64  # a statement holds several operations


def scale(run, names):
    """The largest finite magnitude among tensors."""
    largest = 1.0
    for name in names:
        t = run.space.get(name)
        if isinstance(t, run.lib.Tensor) and t.numel():
            array = np.abs(doubles(t, run.lib))
            largest = max(largest, float(np.nanmax(np.where(np.isfinite(array), array, 0))))
    return largest


def far(mine, theirs, limit):
    with np.errstate(all="ignore"):
        near = np.isclose(mine, theirs, rtol=limit, atol=limit, equal_nan=True)
    return int(mine.size - near.sum())


def doubles(tensor, lib):
    return tensor.detach().to(lib.float64, copy=True).numpy()


class Beside:
    """The same program in two libraries, which go on from the same bits after every statement."""

    def __init__(self, lib, torch):
        self.mine, self.theirs = Run(lib), Run(torch)
        self.lib, self.torch = lib, torch

    def step(self, statement):
        """Runs one statement in both; returns what disagrees."""
        magnitude = scale(self.theirs, self.theirs.space)
        notes = []
        outcomes = []
        for run in (self.mine, self.theirs):
            helpers.seen.clear()
            outcomes.append(run.step(statement))
            notes.append(list(helpers.seen))
        mine, theirs = outcomes
        if (mine is None) != (theirs is None) or (mine and mine.split(":")[0] != theirs.split(":")[0]):
            return [f"raises {mine}, PyTorch {theirs}"]
        return [line for line in self.compare_tensors(max(magnitude, scale(self.theirs, self.theirs.space)))]

    def compare_tensors(self, magnitude):
        mine, theirs = self.mine.tensors(), self.theirs.tensors()
        if sorted(mine) != sorted(theirs):
            yield f"tensors {sorted(mine)}, PyTorch {sorted(theirs)}"
            return
        for name in sorted(mine):
            yield from self.compare_one(name, mine[name], theirs[name], magnitude)
            try:
                grads = (
                    mine[name].grad if mine[name].is_leaf else None,
                    theirs[name].grad if theirs[name].is_leaf else None,
                )
            except RuntimeError:
                continue
            if (grads[0] is None) != (grads[1] is None):
                yield f"{name}.grad: {grads[0]}, PyTorch {grads[1]}"
            elif grads[0] is not None:
                yield from self.compare_one(f"{name}.grad", *grads, magnitude)

    def compare_one(self, name, a, b, magnitude):
        for what in ("dtype", "shape", "stride", "offset", "version", "requires_grad"):
            found = [look(t, what) for t in (a, b)]
            if found[0] != found[1]:
                yield f"{name}: {what} {found[0]}, PyTorch {found[1]}"
                return
        try:
            first, second = values(a, self.lib), values(b.detach().clone(), self.torch)
        except RuntimeError:
            return
        if first.tobytes() == second.tobytes():
            return
        kinds = {str(t.dtype).split(".")[1] for t in self.mine.tensors().values()} | {"float32"}
        whole = not a.dtype.is_floating_point
        limit = 0 if whole else max(EPSILON.get(kind, 0) for kind in kinds) * FACTOR
        count = (
            far(doubles(a, self.lib), doubles(b, self.torch), limit * magnitude)
            if limit
            else int((first != second).sum())
        )
        if count:
            yield f"{name}: {count} of {first.size} values differ: {some(doubles(a, self.lib), doubles(b, self.torch))}"
        self.follow(a, b)

    def follow(self, a, b):
        """Gives our tensor PyTorch's bits, behind the back of its version counter."""
        kind = self.lib.int16 if a.dtype in (self.lib.bfloat16, self.lib.float16) else None
        target = a.detach().view(kind).numpy() if kind else a.detach().numpy()
        if target.flags.writeable:
            target[...] = values(b.detach().clone(), self.torch)


def look(t, what):
    try:
        return {
            "dtype": lambda: str(t.dtype).split(".")[1],
            "shape": lambda: tuple(t.shape),
            "stride": lambda: tuple(t.stride()),
            "offset": lambda: t.storage_offset(),
            "version": lambda: t._version,
            "requires_grad": lambda: t.requires_grad,
        }[what]()
    except RuntimeError as error:
        return type(error).__name__


def some(first, second):
    with np.errstate(all="ignore"):
        gap = np.nan_to_num(np.abs(first - second), nan=np.inf).reshape(-1)
    at = int(gap.argmax()) if gap.size else 0
    return f"{first.reshape(-1)[at]} and {second.reshape(-1)[at]}" if gap.size else ""


def compare_seeds(lib, options):
    """Runs seeds until the time is up; prints what disagrees, the most frequent kinds first."""
    import torch

    torch.set_num_threads(1)
    end, seed = time.monotonic() + options.seconds, options.seed
    found: collections.Counter = collections.Counter()
    programs = 0
    while time.monotonic() < end and len(found) < options.keep * 10:
        statements = [s for s in write(lib, seed) if "storage().resize_" not in s]  # PyTorch would crash
        beside = Beside(lib, torch)
        for statement in statements:
            try:
                wrong = beside.step(statement)
            except Exception:
                wrong = [traceback.format_exc()]
            if wrong:
                found[(statement, wrong[0])] += 1
                print(f"seed {seed}: {statement}\n    {wrong[0]}", flush=True)
                break
        beside.mine.close(), beside.theirs.close()
        programs, seed = programs + 1, seed + 1
    print(f"{programs} programs beside PyTorch, {sum(found.values())} disagree")
    return 1 if found else 0
