"""What tests of the executor share: counters of a block, bits of results, programs of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

gradus = pytest.importorskip("gradus")

from gradus import stream  # noqa: E402

N = 4096  # elements: enough to wait
MB = 1 << 20


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """What the counters counted within the block."""
    before = stream.counters()
    found: dict[str, int] = {}
    yield found
    found.update({name: value - before[name] for name, value in stream.counters().items()})


def draw(*shape: int, seed: int = 1, dtype: gradus.dtype = gradus.float32) -> gradus.Tensor:
    return gradus.randn(shape, generator=gradus.Generator().manual_seed(seed)).to(dtype)


def bits(value: gradus.Tensor) -> bytes:
    return value.detach().contiguous().reshape(-1).view(gradus.uint8).numpy().tobytes()


def float64(x: gradus.Tensor) -> np.ndarray:
    return np.array(x.tolist(), np.float64)


def group_kinds(segment: dict) -> list[str]:
    return [group["kind"] for group in segment["groups"]]


def only_segment(seen: stream.Segments) -> dict:
    (segment,) = seen.segments
    return segment


def script(text: str, **environment: str) -> str:
    """What the text prints in a process of its own, where nothing but the environment says whether operations wait."""
    kept = {name: value for name, value in os.environ.items() if name != "GRADUS_SYNC"}
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", "import gradus\nfrom gradus import stream\n" + textwrap.dedent(text)],
        env={**kept, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rms_norm(x: gradus.Tensor, weight: gradus.Tensor) -> gradus.Tensor:
    return x * gradus.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * weight


def softmax(x: gradus.Tensor) -> gradus.Tensor:
    e = (x - x.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
