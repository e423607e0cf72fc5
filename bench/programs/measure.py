"""Measures programs on several libraries in turns: one process, median of the rounds, every result looked at."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import pathlib
import statistics
import subprocess
import sys
import time

from programs.program import same

BUSY = "while True: pass"
DISTURBED = 0.15  # cores; where other processes use more, no bar is judged
REGION = 0.03  # seconds of one timed region, where a step is shorter


class Others:
    """Counts the cores that other processes keep busy between two readings: a benchmark beside them is worth little."""

    def __init__(self):
        self.before = self.now()

    @staticmethod
    def now():
        """Clock, seconds of all CPUs at work, seconds of this process."""
        file = pathlib.Path("/proc/stat")
        if not file.exists():
            return time.perf_counter(), 0, 0
        ticks = [int(n) for n in file.read_text(encoding="utf-8").split("\n", 1)[0].split()[1:9]]
        busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
        return time.perf_counter(), busy, time.process_time()

    def cores(self):
        """Cores in use by others since the start."""
        passed, busy, own = (after - before for after, before in zip(self.now(), self.before))
        return max(0, (busy - own) / passed)


def look(result):
    """Reads one element of what a step returned, so that it has been computed."""
    last = result[-1] if isinstance(result, list) else result
    if isinstance(last, float):
        return last
    return last.item() if last.ndim == 0 else last[(0,) * last.ndim].item()


def settled(lib):
    """Says so if a timed region ended with work pending: its time would be too short."""
    stream = getattr(lib, "stream", None)
    pending = stream.counters().get("pending", 0) if stream else 0
    assert pending == 0, f"{pending} records were pending at the end of a timed region"


class Peer:
    """A library, or a compiler of one, that builds and runs programs."""

    def __init__(self, name, lib, threads):
        self.name, self.lib, self.threads = name, lib, threads

    def use_threads(self, count):
        with contextlib.suppress(NotImplementedError):
            self.lib.set_num_threads(count)

    def step(self, program, **changes):
        """The step of a program, or None where there is nothing to compare."""
        return program.step(self.lib, same, **changes)

    look = staticmethod(look)

    def settle(self):
        """Runs what still waits."""

    def settled(self):
        pass


class Gradus(Peer):
    def settle(self):
        self.lib.stream.synchronize()

    def settled(self):
        settled(self.lib)


class Torch(Peer):
    def step(self, program, **changes):
        return program.step(self.lib, same, **{**program.torch_size, **changes})


class Rival(Torch):
    def step(self, program, **changes):
        return program.rival(self.lib, **{**program.size, **changes}) if program.rival else None


class Compiled(Torch):
    def step(self, program, **changes):
        if not program.compile:
            return None
        self.lib._dynamo.reset()
        return program.step(self.lib, self.lib.compile, **{**program.torch_size, **changes})


class Jax(Peer):
    def __init__(self, name, lib, threads, source):
        super().__init__(name, lib, threads)
        self.source = source  # the library whose random numbers are the inputs

    def use_threads(self, count):
        pass

    def step(self, program, **changes):
        return program.jax(self.lib, self.source, **{**program.size, **changes}) if program.jax else None

    @staticmethod
    def look(result):
        last = result[-1] if isinstance(result, list) else result
        return last.block_until_ready()


def peers(names, threads):
    """The peers of these names that are installed, Gradus first; says which are missing."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " " + flags
    kinds = {"torch": Torch, "compile": Compiled, "onednn": Rival}
    gradus = importlib.import_module("gradus")
    found = [Gradus("gradus", gradus, threads)]
    for name in names:
        module = "jax" if name == "jax" else "torch"
        if importlib.util.find_spec(module) is None:
            print(f"{name} is skipped: no module {module}", file=sys.stderr)
            continue
        lib = importlib.import_module(module)
        found.append(Jax(name, lib, threads, gradus) if name == "jax" else kinds[name](name, lib, threads))
    return found


def seconds(peer, step, calls):
    """Time of one call; the last result and what the step changes are looked at, and nothing waits, before the clock
    stops.
    """
    state = getattr(step, "state", None)
    begin = time.perf_counter()
    for _ in range(calls):
        peer.look(step())
    if state:
        look(state[-1])
    peer.settle()
    taken = (time.perf_counter() - begin) / calls
    peer.settled()
    return taken


def prepared(peer, program, **changes):
    """A warm step and the number of calls that fill a region, or None."""
    peer.use_threads(program.threads or peer.threads)
    step = peer.step(program, **changes)
    if step is None:
        return None
    for _ in range(3):
        taken = seconds(peer, step, 1)
    return step, max(1, int(REGION / taken))


def take_turns(program, steps, rounds):
    """Median seconds of one result by name of the peer, and the cores that other processes used meanwhile."""
    times = {peer: [] for peer in steps}
    others = Others()
    for _ in range(rounds):
        for peer, (step, calls) in steps.items():
            peer.use_threads(program.threads or peer.threads)
            time.sleep(0.005)  # threads of the peer before this one stop spinning
            peer.look(step())
            times[peer].append(seconds(peer, step, calls) / program.count)
    return {peer.name: statistics.median(taken) for peer, taken in times.items()}, others.cores()


def measure(program, contenders, rounds, attempts=1):
    """Times and use by others of the least disturbed of so many attempts; the first undisturbed one ends them."""
    steps = {peer: prepared(peer, program) for peer in contenders}
    steps = {peer: step for peer, step in steps.items() if step}
    best = None
    for _ in range(attempts):
        found = take_turns(program, steps, rounds)
        best = found if best is None or found[1] < best[1] else best
        if best[1] < DISTURBED:
            break
    return best


@contextlib.contextmanager
def one_core_busy():
    """Another process that never rests, on the last core that this one may use."""
    with subprocess.Popen([sys.executable, "-c", BUSY]) as other:
        try:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(other.pid, {max(os.sched_getaffinity(0))})
            yield
        finally:
            other.kill()


def slowdowns(program, contenders, rounds):
    """Seconds alone and beside a busy core, by name of the peer."""
    alone, _ = measure(program, contenders, rounds)
    with one_core_busy():
        busy, _ = measure(program, contenders, rounds)
    return {name: (alone[name], busy[name]) for name in alone}
