"""An equation solved by a network: y'' = -y with y(0)=0, y'(0)=1, by gradients of gradients."""

import torch
from torch import nn
from torch.autograd import grad

torch.manual_seed(2)
net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)).double()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
t = torch.linspace(0, 2, 30, dtype=torch.float64).reshape(-1, 1).requires_grad_(True)
for step in range(120):
    y = net(t)
    (dy,) = grad(y, t, torch.ones_like(y), create_graph=True)
    (ddy,) = grad(dy.sum(), t, create_graph=True)
    loss = (ddy + y).pow(2).mean() + 10 * (y[0] ** 2 + (dy[0] - 1) ** 2).sum()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step % 40 == 39:
        print(f"{step + 1:4d} loss {loss.item():.6f} error {(y - t.sin()).abs().max().item():.5f}")
x = torch.tensor([0.5, -1.2, 2.0], requires_grad=True)
f = (x**4).sum() + x.prod()
g1 = grad(f, x, create_graph=True)[0]
H = torch.stack([grad(g1[i], x, retain_graph=True)[0] for i in range(3)])
print(H, torch.equal(H, H.T))
print(torch.autograd.functional.hessian(lambda v: (v**4).sum() + v.prod(), x).allclose(H))
print(torch.autograd.functional.jacobian(lambda v: torch.outer(v, v), x.detach()).sum((0, 1)))
point = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


for i in range(6):
    h = torch.autograd.functional.hessian(rosenbrock, point)
    (g,) = grad(rosenbrock(point), point)
    det = h[0, 0] * h[1, 1] - h[0, 1] * h[1, 0]
    inverse = torch.stack([torch.stack([h[1, 1], -h[0, 1]]), torch.stack([-h[1, 0], h[0, 0]])]) / det
    point = (point - inverse @ g).detach().requires_grad_()
    print(f"newton {i} {rosenbrock(point).item():.3e}" if i < 3 else f"newton {i} {rosenbrock(point).item() < 1e2}")
real = torch.randn(8, 2)
critic = nn.Linear(2, 1)
alpha = torch.rand(8, 1)
mixed = (alpha * real + (1 - alpha) * torch.randn(8, 2)).requires_grad_()
penalty = ((grad(critic(mixed).sum(), mixed, create_graph=True)[0].norm(2, dim=1) - 1) ** 2).mean()
penalty.backward()
print(f"{penalty.item():.5f}", critic.weight.grad)
