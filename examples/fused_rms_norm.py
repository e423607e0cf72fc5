"""Shows how a hand-written RMSNorm and its gradient run: python examples/fused_rms_norm.py FILE.svg.

Prints the operations that waited and the loops that they became, and draws them to the file.
"""

import sys

import gradus
from gradus import stream


def rms_norm(x, weight):
    return x * gradus.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * weight


gradus.manual_seed(1)
x = gradus.randn(256, 1024, requires_grad=True)
weight = gradus.randn(1024, requires_grad=True)
coefficients = gradus.randn(256, 1024)

with stream.watch() as seen:
    loss = (rms_norm(x, weight) * coefficients).sum()
    loss.backward()

print(seen)
print(f"{stream.counters()['bytes_not_allocated']:,} bytes of results were never allocated")
print(f"loss {loss.item():.4f}, gradients of {tuple(x.grad.shape)} and {tuple(weight.grad.shape)}")
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write(seen.svg())
