"""Keeps samples and PyTorch's outcomes in one compressed file, so that values can be compared without PyTorch.

All elements of one dtype stand in one flat array, equal runs only once; the rest is JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from oracle.forms import Outcome, Sample
from oracle.neutral import Array, Named, NotExpressible, Seeded


class Writer:
    """Collects entries; `save` writes them."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.chunks: dict[str, list[np.ndarray]] = {}
        self.lengths: dict[str, int] = {}
        self.seen: dict[tuple[str, bytes], int] = {}

    def add(self, name: str, dtype: str, sample: Sample, wanted: dict[str, Any], outcomes: dict[str, Outcome]) -> None:
        arguments = [self.pack(v) for v in (sample.input, sample.args, sample.kwargs)]
        packed = {k: [self.pack(o.values), o.facts, o.error] for k, o in outcomes.items()}
        self.entries.append([name, dtype, arguments, wanted, packed])

    def place(self, data: np.ndarray) -> tuple[str, int]:
        kind, raw = str(data.dtype), data.tobytes()
        if (kind, raw) not in self.seen:
            self.seen[kind, raw] = self.lengths.get(kind, 0)
            self.chunks.setdefault(kind, []).append(data.reshape(-1))
            self.lengths[kind] = self.seen[kind, raw] + data.size
        return kind, self.seen[kind, raw]

    def pack(self, value: Any) -> Any:
        if isinstance(value, Array):
            kind, at = self.place(np.ascontiguousarray(value.data))
            grad = int(value.requires_grad)
            return {"array": [value.dtype, kind, at, value.shape, value.strides, value.offset, grad]}
        if isinstance(value, Named):
            return {"named": [value.kind, value.name]}
        if isinstance(value, Seeded):
            return {"seeded": value.seed}
        if isinstance(value, tuple):
            return {"tuple": [self.pack(v) for v in value]}
        if isinstance(value, list):
            return [self.pack(v) for v in value]
        if isinstance(value, dict):
            return {"dict": {k: self.pack(v) for k, v in value.items()}}
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if value is Ellipsis:
            return {"ellipsis": 0}
        if isinstance(value, (bool, int, float, str)) or value is None:
            return value
        raise NotExpressible(type(value).__name__)

    def save(self, path: Path) -> None:
        arrays = {kind: np.concatenate(parts) for kind, parts in self.chunks.items()}
        text = json.dumps(self.entries, separators=(",", ":")).encode()
        np.savez_compressed(path, entries=np.frombuffer(text, np.uint8), **arrays)


class Reader:
    """Yields what a Writer saved."""

    def __init__(self, path: Path):
        with np.load(path) as file:
            self.arrays = {name: file[name] for name in file.files}
        self.entries = json.loads(self.arrays.pop("entries").tobytes())

    def names(self) -> list[str]:
        return sorted({entry[0] for entry in self.entries})

    def of(self, name: str) -> list[tuple[str, Sample, dict[str, Any], dict[str, Outcome]]]:
        """(dtype, sample, forms, PyTorch's outcomes) of every stored sample of the operator."""
        found = []
        for _, dtype, arguments, wanted, outcomes in (e for e in self.entries if e[0] == name):
            sample = Sample(*map(self.unpack, arguments))
            read = {k: Outcome(self.unpack(v), facts, e and tuple(e)) for k, (v, facts, e) in outcomes.items()}
            found.append((dtype, sample, wanted, read))
        return found

    def unpack(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.unpack(v) for v in value]
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        if kind == "array":
            dtype, store, at, shape, strides, offset, grad = content
            size = int(np.prod(shape, dtype=np.int64))
            data = self.arrays[store][at : at + size] if size else np.zeros(0, store)
            return Array(dtype, tuple(strides), offset, data.reshape(shape), bool(grad))
        if kind == "dict":
            return {k: self.unpack(v) for k, v in content.items()}
        simple = {"named": lambda: Named(*content), "seeded": lambda: Seeded(content), "slice": lambda: slice(*content)}
        if kind in simple:
            return simple[kind]()
        return tuple(self.unpack(v) for v in content) if kind == "tuple" else Ellipsis
