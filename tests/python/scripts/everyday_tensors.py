"""What scripts do with tensors besides training: indexing of every kind, formats, dtypes, NumPy, truth, iteration."""

import numpy as np
import torch

x = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
print(x[0, 1, 2].item(), x[..., -1].tolist(), x[:, [0, 2]].shape, x[x > 20], x[None, 1, :, ::2].shape)
x[0, :, 1] = -1
x[1][x[1] % 2 == 0] *= 10
x[:, -1, [0, 3]] = torch.tensor([7.0, 8.0])
print(x)
print(f"{x.mean():.3f} {x.max():6.1f} %d %s" % (x.sum(), x.shape), x.size(-1), len(x), x.ndim)
for row, (a, *rest) in enumerate(x[0]):
    print(row, a.item(), len(rest))
m, i = x.view(-1, 4).max(dim=1)
print(m, i, x.argmax(), divmod(x.argmax().item(), 12))
print(torch.where(x > 5)[0].shape, torch.nonzero(x == 7).tolist(), (x == 8).any(), bool((x < 1000).all()))
n = x.numpy()
n[0, 0, 0] = 99
print(
    x[0, 0, 0],
    np.allclose(n.sum(), x.sum()),
    torch.from_numpy(n[0]).shares_memory if False else torch.from_numpy(n)[0, 0, 0],
)
print(
    torch.tensor([1, 2, 3]) / 2,
    torch.tensor([1, 2, 3]) // 2,
    torch.tensor(7) % 4,
    2 ** torch.tensor([1, 2]),
    -torch.tensor([True]).int(),
)
print(
    torch.tensor([1.5, 2.5, -0.5]).round(),
    torch.tensor(3.7).int(),
    torch.tensor([0.1]).double(),
    torch.tensor([300]).to(torch.uint8),
)
print([t.tolist() for t in torch.arange(10).split([3, 3, 4])], [tuple(c.shape) for c in x.chunk(2, dim=2)])
a, b = torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")
print(torch.stack((a, b), -1).flatten(0, 1).tolist(), torch.cartesian_prod(torch.arange(2), torch.arange(2)).tolist())
print(
    x.permute(2, 0, 1).stride(),
    x.transpose(0, 2).is_contiguous(),
    x.swapaxes(0, 1).contiguous().view(-1)[:3],
    x.T.shape if False else x.mT.shape,
)
print(
    torch.cat([x, x], dim=-1).shape,
    torch.vstack([torch.ones(2), torch.zeros(2)]),
    x.unfold(2, 2, 1).shape,
    x.repeat(1, 2, 1).shape,
)
idx = torch.tensor([[0, 1], [2, 0]])
print(torch.arange(12.0).view(2, 6).gather(1, idx), torch.zeros(2, 3).scatter_(1, idx, 1.0), torch.eye(3)[idx].shape)
print(
    torch.tensor([3, 1, 2]).sort(descending=True),
    torch.tensor([3.0, float("nan"), 1.0]).topk(2).values,
    torch.tensor([1, 1, 2]).unique(return_inverse=True),
)
print(
    torch.linspace(0, 1, 5),
    torch.logspace(0, 2, 3),
    torch.full((2,), 3),
    torch.arange(1, 2, 0.25),
    torch.eye(2, 3).bool(),
)
print(
    torch.tril(torch.ones(3, 3)).sum(),
    torch.triu(torch.ones(3, 3), 1).int().tolist(),
    torch.diag(torch.tensor([1, 2])),
    torch.ones(2, 2).trace(),
)
print(
    x.new_zeros(2).dtype,
    torch.zeros_like(x, dtype=torch.int).dtype,
    x.type(),
    torch.FloatTensor([1, 2]).dtype,
    torch.LongTensor(2).shape,
    x.type(torch.float16).dtype,
)
print(
    torch.allclose(x, x + 1e-9),
    torch.equal(x, x.clone()),
    x is x.contiguous(),
    x.data_ptr() == x.view(-1).data_ptr(),
    (x == x.clone()).all().item(),
)
print(
    torch.isnan(torch.tensor([float("nan"), 1.0])),
    torch.tensor(float("inf")) > 1e30,
    torch.clamp(torch.tensor([-2.0, 5.0]), 0, 1),
    torch.sign(torch.tensor([-3.0, 0.0])),
)
print(
    torch.tensor([1.0, 2.0, 4.0]).std(),
    torch.tensor([1.0, 2.0, 4.0]).var(unbiased=False),
    torch.tensor([[1.0, 2.0], [3.0, 4.0]]).norm(dim=1),
    torch.dist(torch.ones(2), torch.zeros(2)),
)
print(
    torch.einsum("ij,jk->ik", torch.ones(2, 3), torch.ones(3, 2)),
    torch.outer(torch.arange(2), torch.arange(3)),
    torch.ones(2, 3) @ torch.ones(3),
)
try:
    if x:
        pass
except RuntimeError as e:
    print("RuntimeError:", e)
for bad in (
    "x.view(5, 5)",
    "x @ x",
    "x[5]",
    "torch.ones(2) + torch.ones(3)",
    "torch.cat([torch.ones(2, 2), torch.ones(3)])",
    "x.long().mean()",
    "torch.tensor([1, [2]])",
):
    try:
        eval(bad)
    except Exception as e:
        print(type(e).__name__, str(e).splitlines()[0])
torch.set_printoptions(precision=2, sci_mode=False)
print(
    torch.tensor([1e-3, 123456.0]),
    torch.rand(0),
    torch.tensor(1.0, requires_grad=True),
    torch.ones(1, dtype=torch.bfloat16),
    torch.Size([1, 2]) + (3,),
)
torch.set_printoptions(profile="default")
s = torch.zeros(3)
s += 1
s[1] -= 5
s.mul_(2).clamp_(min=-3)
t = s.clone().detach().requires_grad_(True)
print(s, t, hash(t) == hash(t), t in [t], repr(torch.float32), str(torch.device("cpu")), torch.device("cpu", 0))
