"""A slice of a storage is memory that two storages share."""

from fuzzing.helpers import *  # noqa: F403

import gradus as torch

t1 = torch.ones(4096)
s1 = t1.untyped_storage()[0:16]
t1.add_(1)
note([s1[i] for i in range(4)])  # noqa: F405
t2 = torch.ones(4096)
s2 = t2.untyped_storage()[0 : 4096 * 4]
t3 = t2 + 1
s2.fill_(0)
t4 = t2 * 6
t5 = torch.tensor([], dtype=torch.float32).set_(t4.untyped_storage()[0:64], 0, (16,), (1,))
t4.mul_(0)
note(t5.tolist())  # noqa: F405
t6 = t4 + 1
t5.fill_(9)
