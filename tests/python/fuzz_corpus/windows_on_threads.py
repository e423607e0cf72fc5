"""Writes through windows that share elements, large enough for several threads: one order of writes."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.rand((7169,), dtype=torch.float32)
t4 = t1
t7 = torch.cat([t4, t4], 0)
for i in range(3):
    t7 = (t7 + t7).sigmoid() * i
t11 = t7.unfold(0, 2, 1)
t11 -= 1.0
