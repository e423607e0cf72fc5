"""The same program yields the same bits on every instruction set that the processor has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bridge import gradus

PACKAGE = Path(gradus.__file__).resolve().parents[1]

PROGRAM = """
import hashlib
import gradus as g

F = g.nn.functional
g.manual_seed(0)

def show(name, *tensors):
    digest = hashlib.sha256(b"".join(t.contiguous().numpy().tobytes() for t in tensors))
    print(name, digest.hexdigest()[:16])

x = g.rand(10007) * 2.02 - 1.01
y = g.randn(133, 211)
a, b = g.rand(5003) * 20, g.rand(5003) * 20
for t in (x, x.double()):
    show("inverse error function", t.erfinv())
    show("logarithm", (t.abs() * 1e5).log(), t.log1p(), t.abs().log2())
    show("exponentials", (t * 30).exp(), t.tanh(), t.sigmoid(), F.silu(t), F.gelu(t), t.erf(), t.erfc())
    show("circular", (t * 100).sin(), (t * 1e20).cos(), t.tan(), t.atan())
    show("normal", g.special.ndtri(t.abs()), g.special.erfcx(t), t.lgamma(), t.digamma())
for p, q in ((a, b), (a.double(), b.double())):
    show("incomplete gamma", g.special.gammainc(p, q), g.special.gammaincc(p, q))
    show("powers", p.pow(q / 8), g.atan2(p, q))
    show("remainders", p % (q - 10), p.fmod(q), p // (q - 10))
i, j = g.randint(-1000, 1 << 40, (5003,)), g.randint(1, 999, (5003,))
show("integer division", i % j, i // -j, i.fmod(j))
for t in (y, y.double(), y.bfloat16().float()):
    for dim in (0, 1):
        show("scans", t.cumsum(dim), t.logcumsumexp(dim), *t.cummax(dim), *t.cummin(dim))
        show("reductions", t.sum(dim), t.var(dim), t.prod(dim), t.norm(dim=dim), t.argmax(dim))
        show("softmax", t.softmax(dim), t.log_softmax(dim))
    show("all", t.t().sum(), t.var(), t.t().argmin(), t.median())
    show("distances", *(g.cdist(t, t, p) for p in (1.0, 2.0, 3.0, 1.7)))
    show("layers", F.layer_norm(t, (211,)), t @ t.t())
    show("copies", t.t(), g.cat([t, t], 1), *t.sort(0), *t.topk(20, 1))
for dtype in (g.float32, g.float64, g.bfloat16, g.float16):
    t = g.empty(3001, dtype=dtype)
    show("random", *(z.double() for z in (t.uniform_(-1, 2), t.normal_(), t.bernoulli_(0.3), F.dropout(t + 1, 0.2))))
show("random integers", g.randint(0, 1000, (3001,)), g.randint(0, 1 << 40, (3001,)), g.randperm(3001))
show("slopes", F.rrelu(y, training=True))
show("generator", g.get_rng_state())
"""


def outcome(target):
    environment = {**os.environ, "GRADUS_TARGET": target, "PYTHONPATH": str(PACKAGE)}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()


@pytest.fixture(scope="module")
def plain():
    """What the instruction set that every processor has yields."""
    return outcome("baseline")


@pytest.mark.parametrize("target", ["avx2", "avx512"])
def test_same_bits(plain, target):
    assert len(plain) > 50
    assert outcome(target) == plain
