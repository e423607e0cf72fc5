"""Peak memory of a program in a process of its own, beyond what the library takes before it."""

from __future__ import annotations

import importlib
import json
import pathlib
import re
import subprocess
import sys

from programs.measure import look

STEPS = 10


def resident(field):
    """Bytes of a field of the process's status: VmRSS now, VmHWM at most."""
    text = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)[1])


def forget_peak():
    """The peak starts again from what is resident now."""
    pathlib.Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def grown(lib, program, changes):
    """Peak bytes of ten steps, beyond those resident after the same program at a tiny size."""
    look(program.step(lib, **{**program.small, **changes})())
    forget_peak()
    before = resident("VmRSS")
    step = program.step(lib, **changes)
    for _ in range(STEPS):
        look(step())
    for tensor in getattr(step, "state", []):
        look(tensor)
    return resident("VmHWM") - before


def child(name, program, threads):
    """What the child process does."""
    lib = importlib.import_module(name)
    try:
        lib.set_num_threads(threads)
    except NotImplementedError:
        pass
    changes = program.torch_size if name == "torch" else {}
    print(json.dumps(grown(lib, program, changes)))


def peak(script, name, program, threads):
    """Bytes as above, from a child that runs `script`."""
    command = [sys.executable, script, "--child", name, "--rows", program.name, "--threads", str(threads)]
    return int(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
