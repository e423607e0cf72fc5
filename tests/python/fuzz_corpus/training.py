"""Written by hand: a few training steps with a changing rate, hooks that observe, a gradient of a gradient."""

import numpy as np  # noqa: F401
from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.randn((48, 64)).requires_grad_()
t2 = torch.zeros(64).requires_grad_()
t3 = torch.randn((40, 48))
o1 = torch.optim.AdamW([t1, t2], lr=0.01)
o2 = torch.optim.SGD([t1], lr=0.1, momentum=0.9)
_h = t2.register_hook(lambda g: note(g.sum().item()) and None)  # noqa: F405
for i in range(4):
    o1.zero_grad(set_to_none=i % 2 == 0)
    t4 = torch.nn.functional.dropout((t3 @ t1 + t2).tanh(), 0.1)
    t5 = (t4 - t4.mean(-1, keepdim=True)) * torch.rsqrt(t4.var(-1, keepdim=True) + 1e-5)
    t6 = -torch.log_softmax(t5, -1)[:, 0].mean()
    t6.backward()
    torch.nn.utils.clip_grad_norm_([t1, t2], 1.0)
    o1.step()
    o1.param_groups[0]["lr"] *= 0.7
    if i == 2:
        o2.step()
t7 = torch.autograd.grad((t1.sigmoid() * t2).sum(), t1, create_graph=True)[0]
_g = t7.register_hook(raising)  # noqa: F405
with caught():  # noqa: F405
    t7.square().sum().backward()
t7.detach().mul_(2)
t8 = t7.sum()
