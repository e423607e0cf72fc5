"""The gate: a program must leave the same in every mode; one that does not is made small and printed."""

from __future__ import annotations

import gc
import random

from .execution import ORACLE, Controls, Mode, differences, execute
from .minimise import minimise, script
from .writing import write

TILES = (0, 0, 256, 512, 1024, 2048)


def modes_for(seed, controls):
    """The modes in which the program of this seed runs, besides the synchronous one."""
    rng = random.Random(seed)
    some = [Mode("deferred"), Mode("deferred, cut", cuts=seed)]
    tile = rng.choice(TILES[2:])
    some.append(Mode(f"deferred, tiles of {tile}", tile=tile, cuts=rng.choice((None, seed + 1))))
    for threads in (2, 3):
        tile = rng.choice(TILES)
        cuts = rng.choice((None, None, seed + threads))
        name = f"deferred, {threads} threads, tiles of {tile or 'any size'}{', cut' * (cuts is not None)}"
        some.append(Mode(name, threads=threads, tile=tile, cuts=cuts))
    if rng.random() < 0.2 or not controls.has_deferral:
        some.append(Mode("synchronous, 2 threads", deferred=False, threads=2))
    return some


class Difference(AssertionError):
    """A program that did not leave the same in two modes; its text is the program, small and runnable."""

    def __init__(self, mode, found, statements, errors, seed, stable=True):
        self.mode, self.found, self.statements = mode, found, statements
        self.source = script(statements, errors, f"Found by seed {seed}: {mode.name} differs from synchronous.")
        where = "\n".join(f"#   {line}" for line in found[:6])
        doubt = "" if stable else "# Did not happen again when repeated: it needs the programs that ran before it.\n"
        super().__init__(f"seed {seed}: '{mode.name}' differs from synchronous\n{where}\n{doubt}\n{self.source}")


def compare(lib, statements, mode, oracle=None):
    """The lines in which a mode differs from the synchronous one."""
    oracle = oracle or execute(lib, statements, ORACLE)
    return list(differences(oracle, execute(lib, statements, mode)))


def check(lib, statements, modes, seed=0, seconds=60):
    """Runs a program in all modes; raises a Difference with a small program if one differs."""
    gc.collect()  # garbage of what ran before, freed during the first run, would be missed from its count
    oracle = execute(lib, statements, ORACLE)
    for mode in modes:
        found = compare(lib, statements, mode, oracle)
        if not found:
            continue
        stable = bool(compare(lib, statements, mode))
        if stable:
            statements = minimise(statements, lambda trial, mode=mode: bool(compare(lib, trial, mode)), seconds)
            oracle = execute(lib, statements, ORACLE)
            found = compare(lib, statements, mode, oracle) or found
        raise Difference(mode, found, statements, oracle["errors"], seed, stable)


def check_seed(lib, seed, journal=None, seconds=60):
    """Writes the program of a seed and checks it; returns how many statements it had."""
    controls = Controls(lib)
    with controls.within(ORACLE):
        statements = write(lib, seed, journal=journal)
    check(lib, statements, modes_for(seed, controls), seed, seconds)
    return len(statements)
