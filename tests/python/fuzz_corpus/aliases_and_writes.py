"""Written by hand: large pointwise chains between writes to views, exports and draws."""

import numpy as np  # noqa: F401
from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.randn((64, 64))
t2 = (t1 * 2 + 1).tanh()
t1[1:].mul_(t2[:-1])
t3 = t2 - t1
t2.zero_()
t4 = t1.t() + t3
n1 = t3.numpy()
t3.add_(t4)
scribble(n1, 2)  # noqa: F405
t5 = torch.nn.functional.dropout(t3 * 0.5, 0.3).relu()
t6 = t5
t5.mul_(t1)
del t1
t7 = torch.where(t6 > 0, t4, t2)
t4.copy_(t7 + t6)
note(t7.sum().item())  # noqa: F405
with caught():  # noqa: F405
    t8 = t7 + torch.ones(3)
with caught():  # noqa: F405
    t7[1:] += t7[:-1]
t9 = on_worker(lambda: t7 * 2 - t4)  # noqa: F405
t4.fill_(3)
t10 = on_thread(lambda: t9.exp().clamp(0, 5))  # noqa: F405
t9.sub_(t10)
