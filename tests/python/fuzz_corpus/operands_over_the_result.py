"""Operands that overlap the result otherwise than element by element are read before anything is written."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = (torch.arange(4096) % 251 + 1).to(torch.float16)
t2 = t1.view(64, 64)
t3 = t1.as_strided((64, 64), (2, 1))
torch.div(t2, t3, out=t2)
t4 = (torch.arange(60000) * 7 % 13).float().view(3, 20000)
t4[:, 1:].add_(t4[:, :-1])
t5 = t4 * 2
t6 = torch.ones(64, 64)
t6[:, ::2].mul_(t6[:, 1::2] + 1)
