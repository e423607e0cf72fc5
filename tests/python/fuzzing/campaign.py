"""Runs program after program in a child process, so that one that crashes or hangs is found, made small and printed."""

from __future__ import annotations

import argparse
import datetime
import faulthandler
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .minimise import minimise, script

PATIENCE = 180  # seconds without a word after which a child hangs
COMMAND = [sys.executable, str(Path(__file__).resolve().parents[2] / "fuzz" / "programs.py")]


def library():
    return importlib.import_module("gradus")


# ---- in the child


def say(**what):
    print(json.dumps(what), flush=True)


def child(options):
    """Checks seed after seed and says on its standard output how it goes."""
    import gc

    from .gate import Difference, check_seed

    lib = library()
    gc.freeze()
    end = time.monotonic() + options.seconds
    seed = options.seed
    while time.monotonic() < end:
        with open(options.journal, "w") as journal:
            say(seed=seed)
            try:
                say(statements=check_seed(lib, seed, journal, options.minimise))
            except Difference as difference:
                say(difference=str(difference), source=difference.source, seed=seed)
        seed += 1


def replay(options):
    """Runs the programs of files in the modes of a seed; the first difference is raised."""
    from .execution import Controls, statements_of
    from .gate import check, modes_for

    lib = library()
    for path in options.files:
        check(lib, statements_of(Path(path).read_text()), modes_for(options.seed, Controls(lib)), options.seed, 0)


# ---- in the parent


def lines_of(process):
    """What the child says, one line after the other; None when it has been silent for too long."""
    buffer = b""
    descriptor = process.stdout.fileno()
    while True:
        if not select.select([descriptor], [], [], PATIENCE)[0]:
            yield None
            return
        data = os.read(descriptor, 1 << 16)
        if not data:
            return
        buffer += data
        *lines, buffer = buffer.split(b"\n")
        yield from (json.loads(line) for line in lines if line.startswith(b"{"))


def ends_badly(statements, seed, limit):
    """Whether a process that runs the statements crashes or hangs."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(script(statements))
        file.flush()
        command = [*COMMAND, "--replay", "--seed", str(seed), file.name]
        try:
            return subprocess.run(command, capture_output=True, timeout=limit).returncode < 0
        except subprocess.TimeoutExpired:
            return True


def crash_report(seed, journal, how, seconds):
    statements = [json.loads(line) for line in Path(journal).read_text().splitlines()]
    hung = how == "hangs"
    limit = 20 if hung else PATIENCE
    comment = f"Found by seed {seed}: {how}."
    if not statements or not ends_badly(statements, seed, limit):
        comment += " Did not happen again in a process of its own."
    else:
        statements = minimise(statements, lambda trial: ends_badly(trial, seed, limit), seconds)
    return script(statements, comment=comment)


class Campaign:
    """Children one after the other until the time is up or enough has been found."""

    def __init__(self, options):
        self.options, self.programs, self.statements, self.found = options, 0, 0, []
        self.seed = options.seed

    def run_child(self, seconds, journal):
        command = [*COMMAND, "--child", "--seed", str(self.seed), "--seconds", str(seconds), "--journal", journal]
        command += ["--minimise", str(self.options.minimise)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        hung = False
        for line in lines_of(process):
            if line is None:
                hung = True
                process.send_signal(signal.SIGABRT)  # faulthandler shows where it hangs
                break
            if "difference" in line:
                self.report(line["difference"], line["source"], line["seed"])
                if len(self.found) >= self.options.keep:
                    process.kill()
                    process.wait()
                    return
            elif "seed" in line:
                self.seed, self.programs = line["seed"], self.programs + 1
            self.statements += line.get("statements", 0)
        code = process.wait()
        if code or hung:
            how = "hangs" if hung else f"ends with {signal.Signals(-code).name if code < 0 else code}"
            source = crash_report(self.seed, journal, how, self.options.minimise)
            self.report(f"seed {self.seed}: {how}\n\n{source}", source, self.seed)
        self.seed += 1

    def report(self, text, source, seed):
        self.found.append(text)
        print(text, flush=True)
        if self.options.save:
            folder = Path(self.options.save)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"seed_{seed}.py").write_text(source)

    def run(self):
        end = time.monotonic() + self.options.seconds
        with tempfile.TemporaryDirectory() as folder:
            while (left := end - time.monotonic()) > 0 and len(self.found) < self.options.keep:
                self.run_child(left, str(Path(folder) / "journal"))
        print(f"{self.programs} programs, {self.statements} statements from seed {self.options.seed} on: ", end="")
        print(f"{len(self.found)} failed" if self.found else "no difference", flush=True)
        return 1 if self.found else 0


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    today = datetime.datetime.now(datetime.UTC).date().toordinal() * 100_000
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=today, help="of the first program; without it, another every day")
    parser.add_argument("--keep", type=int, default=3, help="stop after so many failures")
    parser.add_argument("--minimise", type=float, default=60, help="seconds to spend on making a program small")
    parser.add_argument("--save", help="a folder for the programs that fail")
    parser.add_argument("--torch", action="store_true", help="compare with PyTorch, statement by statement")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--replay", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--journal", help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", help="programs to run in all modes instead of random ones")
    return parser.parse_args(arguments)


def main(arguments):
    """The command: returns the exit status."""
    options = options_of(arguments)
    faulthandler.enable()
    if options.child:
        child(options)
    elif options.torch:
        from .beside_torch import compare_seeds

        return compare_seeds(library(), options)
    elif options.files:
        replay(options)
        print("no difference")
    else:
        return Campaign(options).run()
    return 0
