"""An operand that has lost its memory is refused before out= is resized."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.ones(4096) * 2
t2 = torch.ones(4096)
t3 = torch.zeros(3)
t2.untyped_storage().resize_(64)
with caught():  # noqa: F405
    torch.add(t1, t2, out=t3)
t4 = t3.shape[0] + t1
