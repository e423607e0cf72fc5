"""Writes random programs: runs each statement as it is written, so that the next can use what came of it."""

from __future__ import annotations

import json
import random

from .execution import Run

TOTALS = (1, 2, 7, 12, 63, 64, 65, 256, 255, 1023, 1024, 1026, 2047, 2048, 2052, 2048, 4095, 4096, 4100, 8200, 20000)
FLOATS = ("float32", "float64", "bfloat16", "float16")
WHOLE = ("int64", "int32", "uint8", "int8", "int16", "bool")
MOST = 500_000  # elements of a tensor
DTYPES = ("float32",) * 8 + ("float64",) * 2 + FLOATS + WHOLE + ("int64", "bool")

kinds: list = []  # (weight, function from a Writer to text or None)


def kind(weight):
    """Registers a way to write a statement, chosen in proportion to its weight."""

    def register(write):
        kinds.append((weight, write))
        return write

    return register


def dims_of(total, rng):
    """Random sizes whose product is about `total`."""
    dims, left = [], total
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        options = [d for d in (2, 3, 4, 5, 7, 16, 32, 33, 64, 65) if d <= max(left, 1)] or [1]
        dims.append(rng.choice(options))
        left = max(1, left // dims[-1])
    dims.append(left)
    rng.shuffle(dims)
    return dims


class Writer:
    """The state of a program that is being written: its random choices, its run so far."""

    def __init__(self, lib, seed, length):
        from . import effects, statements  # they register the kinds

        self.create = statements.create
        assert effects and kinds
        self.lib, self.rng = lib, random.Random(seed)
        self.run = Run(lib)
        self.length = length
        self.count = 0
        self.statements: list[str] = []
        rng = self.rng
        self.dims = dims_of(rng.choice(TOTALS if rng.random() < 0.6 else TOTALS[-8:]), rng)
        if rng.random() < 0.06:
            self.dims[rng.randrange(len(self.dims))] = 0
        self.grads = rng.random() < 0.7  # does the program differentiate at all
        self.threads = rng.random() < 0.3
        self.exports = rng.random() < 0.4
        self.weights = [weight * rng.choice((0, 0.2, 1, 1, 4)) for weight, _ in kinds]

    # ---- names and operands

    def name(self, letter="t"):
        """A new name; now and then one that is overwritten."""
        found = self.names()
        if letter == "t" and len(found) > 3 and self.rng.random() < (0.15 if len(found) < 14 else 0.7):
            return self.rng.choice(found)
        self.count += 1
        return f"{letter}{self.count}"

    def tensor(self, name):
        return self.run.space[name]

    def names(self, want=None):
        return [k for k, v in self.run.tensors().items() if want is None or self.accepted(want, v)]

    @staticmethod
    def accepted(want, tensor):
        try:
            return want(tensor)
        except RuntimeError:  # a view whose history cannot be told
            return False

    def pick(self, want=None):
        """The name of a tensor that `want` accepts, rather a recent one; None if there is none."""
        found = self.names(want)
        if not found:
            return None
        return self.rng.choice(found[-4:] if self.rng.random() < 0.6 else found)

    def floating(self, want=None):
        return self.pick(lambda t: t.dtype.is_floating_point and (want is None or want(t)))

    def differentiable(self, want=None):
        return self.pick(lambda t: t.requires_grad and (want is None or want(t)))

    def operand_for(self, anchor, into=False):
        """The name of a tensor that can be broadcast with `anchor`; into it, if it is to be written."""
        shape = tuple(self.tensor(anchor).shape)

        def fits(t):
            other = tuple(t.shape)
            if len(other) > len(shape):
                return not into and self.fit(other, shape, both=True)
            return self.fit(shape, other, both=not into)

        return self.pick(fits)

    @staticmethod
    def fit(longer, shorter, both):
        ends = longer[len(longer) - len(shorter) :]
        return all(a == b or b == 1 or (both and a == 1) for a, b in zip(ends, shorter))

    # ---- literals

    def shape(self):
        """Sizes that go with those of the other tensors: the last of the program's dims, some of them 1."""
        dims = self.dims[self.rng.choice((0, 0, 0, 1, len(self.dims))) :]
        return tuple(1 if self.rng.random() < 0.1 else d for d in dims)

    def number(self):
        return self.rng.choice(("0.5", "-1.25", "2", "3", "0.1", "1e-3", "-1", "0", "True", "1.0", "7"))

    def dtype(self):
        return "torch." + self.rng.choice(DTYPES)

    def dim(self, name, allow_list=False):
        """A dim of the named tensor as text; 0 where it has none."""
        n = self.tensor(name).dim()
        if allow_list and n > 1 and self.rng.random() < 0.3:
            return str(tuple(sorted(self.rng.sample(range(n), self.rng.randint(1, n)))))
        d = self.rng.randrange(n) if n else 0
        return str(d - n if n and self.rng.random() < 0.4 else d)

    def index(self, size):
        return self.rng.randrange(size) if size else 0

    # ---- the program

    def accept(self, statement):
        """Runs the statement; it becomes part of the program unless it failed, and now and then even then."""
        failed = self.run.step(statement)
        huge = [k for k, v in self.run.tensors().items() if v.numel() > MOST]
        for name in huge:
            del self.run.space[name]
        if huge:
            self.run.errors.pop()
            return False
        if failed is None or self.rng.random() < 0.2:
            self.statements.append(statement)
            return True
        self.run.errors.pop()
        return False

    def write(self):
        writers = [write for _, write in kinds]
        attempts = 0
        while len(self.statements) < self.length and attempts < 10 * self.length:
            attempts += 1
            few = len(self.run.tensors()) < 3
            text = self.create(self) if few else self.rng.choices(writers, self.weights)[0](self)
            for statement in [text] if isinstance(text, str) else text or ():
                self.accept(statement)
        self.run.close()
        return self.statements


def write(lib, seed, length=None, journal=None):
    """A random program as a list of statements. `journal` is a file that gets each before it runs, as JSON."""
    rng = random.Random(seed ^ 0x5EED)
    writer = Writer(lib, seed, length or rng.choice((8, 15, 25, 40, 60)))
    if journal is not None:
        step = writer.run.step

        def logged(statement):
            journal.write(json.dumps(statement) + "\n")
            journal.flush()
            return step(statement)

        writer.run.step = logged
    return writer.write()
