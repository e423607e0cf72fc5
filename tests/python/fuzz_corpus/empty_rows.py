"""Reductions of nothing, of what waits."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.ones((2048, 1)) * 2
t2 = (t1[:, :0] + 1).sum(1)
t3 = t2 + t1.squeeze(1)
t4 = (t1[:0] * 2).sum(0) + t3
t5 = t4.sum()
