#!/usr/bin/env python3
"""Writes the oracle values in tests/python/goldens from PyTorch, for machines where PyTorch is not installed.

python tools/make_goldens.py              all files
python tools/make_goldens.py calls        these only: calls, schemas, values, training, layouts
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "python"))

import torch  # noqa: E402
from oracle import calls, layouts, ops, samples, schemas, store, training  # noqa: E402
from oracle.harness import reference_outcomes  # noqa: E402
from oracle.library import short_name  # noqa: E402
from oracle.neutral import Array, NotExpressible  # noqa: E402

GOLDENS = ROOT / "tests" / "python" / "goldens"
LARGEST = 130  # elements of a stored sample
PER_DTYPE = {"float32": 4, "float64": 5, "int64": 2, "bool": 2}


def lines(items: list) -> str:
    """A JSON list with one item a line, so that a change shows as a change of its lines."""
    return "[\n" + ",\n".join(json.dumps(item, separators=(",", ":")) for item in items) + "\n]\n"


def write(name: str, text: str) -> None:
    (GOLDENS / name).write_text(text)
    print(f"{name}: {len(text) / 1024:.0f} KiB")


def make_calls() -> None:
    """Outcomes of the calls in tests/python/oracle/cases."""
    for group, codes in calls.cases().items():
        outcomes = []
        for code in codes:
            outcome = calls.call(code, torch)
            outcome.pop("changed", None)
            outcomes.append({"code": code, **outcome})
        write(f"calls_{group}.json", lines(outcomes))


def make_schemas() -> None:
    """PyTorch's schemas of the operators that the headers declare."""
    theirs = schemas.pytorch_schemas(torch)
    names = sorted({schemas.parse(text).name for text in schemas.literals()})
    found = {name: theirs[name] for name in names if name in theirs}
    write("schemas.json", json.dumps(found, indent=0) + "\n")


def size(value: object) -> int:
    """Elements of all tensors in a sample."""
    if isinstance(value, Array):
        return value.data.size
    if isinstance(value, dict):
        return sum(map(size, value.values()))
    return sum(map(size, value)) if isinstance(value, (list, tuple)) else 0


def make_values() -> None:
    """A few small samples of every required operator in each dtype, with the outcome of every form."""
    writer = store.Writer()
    for name in sorted(ops.REQUIRED):
        info = ops.op_infos()[name]
        for dtype in ops.dtypes(info, extra=False):
            every = list(samples.op_samples(info, dtype, torch))
            small = [s for s in every if size([s.input, s.args, s.kwargs]) <= LARGEST] or every[:1]
            for sample in samples.evenly(small, PER_DTYPE[dtype]):
                wanted, outcomes = reference_outcomes(info, sample, dtype, torch)
                try:
                    writer.add(name, dtype, sample, wanted, outcomes)
                except NotExpressible:
                    continue
    path = GOLDENS / "values.npz"
    writer.save(path)
    print(f"values.npz: {path.stat().st_size / 1024:.0f} KiB, {len(writer.entries)} samples")


def make_training() -> None:
    """Losses of the programs in tests/python/oracle/training.py."""
    write("training.json", json.dumps(training.train_all(torch)) + "\n")


def make_layouts() -> None:
    """Strides of results over pairs of memory layouts."""
    write("layouts.json", json.dumps(layouts.strides(torch), separators=(",", ":")).replace("],", "],\n") + "\n")


MAKERS = {
    "calls": make_calls,
    "schemas": make_schemas,
    "values": make_values,
    "training": make_training,
    "layouts": make_layouts,
}


def main() -> None:
    chosen = sys.argv[1:] or list(MAKERS)
    print(f"PyTorch {torch.__version__}, default dtype {short_name(torch.get_default_dtype())}")
    torch.set_num_threads(1)
    GOLDENS.mkdir(exist_ok=True)
    for name in chosen:
        MAKERS[name]()


if __name__ == "__main__":
    main()
