"""Writes through windows that share elements: the last one counts."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.zeros(4099)
t2 = torch.as_strided(t1, (2048, 4), (2, 1))
t3 = torch.arange(8192.0).view(2048, 4)
t2.copy_(t3 * 1)
t4 = t1 + 1
t2.add_(t3)
t5 = t1 * 2
