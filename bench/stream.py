#!/usr/bin/env python3
"""Programs that live on fusion and on little overhead: Gradus beside PyTorch, torch.compile and JAX, with bars.

The libraries take turns in one process; a time is the median of the rounds, and every result is looked at before the
clock stops. A bar is the share of PyTorch's time that Gradus may take. Peers that are not installed are skipped.
What other processes disturbed is shown, not judged.
"""

import argparse
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from programs import PROGRAMS, measure, memory, plans, report  # noqa: E402
from training_step import processor  # noqa: E402

PEERS = ["torch", "onednn", "compile", "jax"]
MB = 1 << 20
SLOWER = 2.2  # times as long as alone that a training program may take beside a busy core
LARGER = 32 * MB  # beyond PyTorch's peak


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", default=[], help="only programs whose name contains one of these")
    parser.add_argument("--list", action="store_true", help="print the names of the programs")
    parser.add_argument("--peers", nargs="*", default=PEERS, help="whom to compare with")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--attempts", type=int, default=1, help="repeat a row while other processes disturb it")
    parser.add_argument("--json", type=pathlib.Path, help="write everything measured to this file")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the table to this file")
    parser.add_argument("--picture", type=pathlib.Path, help="draw the ratios to this file (SVG); needs matplotlib")
    parser.add_argument("--busy", action="store_true", help="training programs beside a process that keeps a core busy")
    parser.add_argument("--memory", action="store_true", help="peak memory of the training programs")
    parser.add_argument("--plans", action="store_true", help="what a segment costs beside its arithmetic")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error("a median of fewer than five rounds says little")
    return options


def selected(options):
    training = options.busy or options.memory
    chosen = [p for p in PROGRAMS if not options.rows or any(part in p.name for part in options.rows)]
    return [p for p in chosen if p.training or not training]


def times(options, machine):
    """The table of times; returns its rows."""
    contenders = measure.peers(options.peers, options.threads)
    names = [peer.name for peer in contenders]
    print(report.line(None, names))
    rows = []
    for program in selected(options):
        found = measure.measure(program, contenders, options.rounds, options.attempts)
        rows.append(report.judged(program, *found))
        print(report.line(rows[-1], names), flush=True)
    if options.markdown:
        options.markdown.write_text(report.markdown(rows, names, machine), encoding="utf-8")
    if options.picture:
        report.picture(rows, options.picture, machine)
    return rows


def busy(options):
    """Times alone and beside a busy core."""
    contenders = measure.peers([name for name in options.peers if name == "torch"], options.threads)
    rows = []
    for program in selected(options):
        found = measure.slowdowns(program, contenders, options.rounds)
        rows.append({"name": program.name, "alone and busy": found})
        text = "".join(
            f"{name:>9} {report.duration(a):>8} -> {report.duration(b):>8} {b / a:6.2f}x"
            for name, (a, b) in found.items()
        )
        alone, beside = found["gradus"]
        print(f"{program.name:14}{text}   holds: {'yes' if beside <= SLOWER * alone else 'NO'}", flush=True)
    return rows


def peaks(options):
    """Peak memory of each training program."""
    rows = []
    for program in selected(options):
        found = {name: memory.peak(__file__, name, program, options.threads) for name in ("gradus", "torch")}
        rows.append({"name": program.name, "bytes": found})
        text = "".join(f"{name:>9} {size / MB:8.1f} MB" for name, size in found.items())
        holds = found["gradus"] <= found["torch"] + LARGER
        print(f"{program.name:14}{text}   holds: {'yes' if holds else 'NO'}", flush=True)
    return rows


def planning(options):
    """What running a segment costs beside its arithmetic, in nanoseconds an operation."""
    others = measure.Others()
    found = plans.measure(measure.peers([], 1)[0].lib, options.rounds)
    disturbed = others.cores() >= measure.DISTURBED
    rows = []
    for kind, ns in found.items():
        title, bar = plans.TITLES[kind], plans.BARS[kind]
        holds = None if disturbed else ns <= bar
        rows.append({"name": f"plan-{kind}", "title": title, "ns": ns, "bar": bar, "holds": holds})
        verdict = {None: "disturbed", True: "yes", False: "NO"}[holds]
        print(f"{title:50}{ns:6.0f} ns an operation, bar {bar}   holds: {verdict}", flush=True)
    return rows


def main():
    options = parsed()
    if options.child:
        (program,) = (p for p in PROGRAMS if p.name in options.rows)
        memory.child(options.child, program, options.threads)
        return
    if options.list:
        print("\n".join(program.name for program in PROGRAMS))
        return
    machine = f"{processor()}, {options.threads} of {os.cpu_count()} cores, median of {options.rounds}"
    print(machine)
    modes = {busy: options.busy, peaks: options.memory, planning: options.plans}
    run = next((mode for mode, wanted in modes.items() if wanted), None)
    rows = run(options) if run else times(options, machine)
    if options.json:
        record = {"machine": machine, "threads": options.threads, "rounds": options.rounds, "rows": rows}
        options.json.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
