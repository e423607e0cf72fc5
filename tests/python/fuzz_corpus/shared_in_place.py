"""Two tensors that become the same value, then go their own ways."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.arange(4096.0) / 7
t2 = t1.tanh()
t3 = t1.tanh()
t2.mul_(2)
t4 = t3 + t2
t3.mul_(2)
t5 = t3 - t2
t6 = t1 * 2
t7 = t1 * 2
t7[100:].add_(t6[:-100])
t8 = t7 - t6
