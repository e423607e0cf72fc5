"""A value computed before memory is read and stored there after it."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.arange(4096.0)
t2 = torch.full((4096,), 3.0)
t3 = t1 + 1
t4 = t2 * 2
t2.copy_(t3)
t5 = t4 - t2
torch.add(t1, 1, out=t4)
t6 = t5 * t4
