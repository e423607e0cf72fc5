"""What a row was folded to, read as another type of the same width."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = (torch.arange(64 * 64) % 7).float().view(64, 64) + 1
t2 = t1.sum(-1)
t3 = t2.view(torch.int32) + 0
t4 = (t1 * 2).amax(-1)
t5 = t4.view(torch.int32) * 1
