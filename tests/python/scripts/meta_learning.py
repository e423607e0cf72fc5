"""Learning to learn sine waves: inner updates stay in the graph, the outer step goes through them."""

import math

import torch
import torch.nn.functional as F

torch.manual_seed(0)


def params():
    w1 = torch.randn(1, 24) * 0.5
    w2 = torch.randn(24, 1) * 0.3
    return [
        w1.requires_grad_(),
        torch.zeros(24, requires_grad=True),
        w2.requires_grad_(),
        torch.zeros(1, requires_grad=True),
    ]


def net(x, p):
    return F.softplus(x @ p[0] + p[1]) @ p[2] + p[3]


def task(generator):
    amplitude = torch.rand((), generator=generator) * 2 + 0.5
    phase = torch.rand((), generator=generator) * math.pi
    return lambda x: amplitude * torch.sin(x + phase)


meta = params()
optimizer = torch.optim.Adam(meta, lr=1e-2)
g = torch.Generator().manual_seed(1)
history = []
for it in range(25):
    outer = 0
    for _ in range(3):
        f = task(g)
        xs, xq = torch.rand(10, 1, generator=g) * 6 - 3, torch.rand(10, 1, generator=g) * 6 - 3
        inner = F.mse_loss(net(xs, meta), f(xs))
        grads = torch.autograd.grad(inner, meta, create_graph=True)
        fast = [w - 0.05 * gw for w, gw in zip(meta, grads)]
        outer = outer + F.mse_loss(net(xq, fast), f(xq))
    optimizer.zero_grad()
    outer.backward()
    optimizer.step()
    history.append(outer.item() / 3)
print([f"{h:.4f}" for h in history[::6]])
print(f"{torch.tensor(history[-5:]).mean().item():.4f}", [tuple(p.grad.shape) for p in meta])
x = torch.tensor([1.0], requires_grad=True)
lr = torch.tensor(0.1, requires_grad=True)
y = x
for _ in range(3):
    (gy,) = torch.autograd.grad((y**2).sum(), y, create_graph=True)
    y = y - lr * gy
y.backward()
print(f"{y.item():.4f} {x.grad.item():.4f} {lr.grad.item():.4f}", torch.autograd.grad(x.sum(), lr, allow_unused=True))
