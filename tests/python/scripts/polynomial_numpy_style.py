"""sin(x) by a cubic: gradients by hand, by autograd, and by a model with a custom parameter count."""

import math

import torch

x = torch.linspace(-math.pi, math.pi, 500)
y = torch.sin(x)
torch.manual_seed(3)
a, b, c, d = torch.randn(4).unbind()
for t in range(200):
    prediction = a + b * x + c * x**2 + d * x**3
    grad = 2.0 * (prediction - y)
    a = a - 1e-6 * grad.sum()
    b = b - 1e-6 * (grad * x).sum()
    c = c - 1e-6 * (grad * x**2).sum()
    d = d - 1e-6 * (grad * x**3).sum()
print(f"by hand: {a.item():.5f} {b.item():.5f} {c.item():.5f} {d.item():.5f}")


class Cubic(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.randn(()))
        self.b = torch.nn.Parameter(torch.randn(()))
        self.c = torch.nn.Parameter(torch.randn(()))
        self.d = torch.nn.Parameter(torch.randn(()))

    def forward(self, x):
        return self.a + self.b * x + self.c * x**2 + self.d * x**3

    def string(self):
        return f"y = {self.a.item():.4f} + {self.b.item():.4f} x + {self.c.item():.4f} x^2 + {self.d.item():.4f} x^3"


model = Cubic()
criterion = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
for t in range(200):
    loss = criterion(model(x), y)
    if t % 50 == 49:
        print(t, f"{loss.item():.4f}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(model.string())

powers = torch.tensor([1, 2, 3])
xx = x.unsqueeze(-1).pow(powers)
model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0, 1))
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
for t in range(300):
    loss = criterion(model(xx), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
layer = model[0]
print(f"{loss.item():.4f}", [round(v, 3) for v in layer.weight[0].tolist()], round(layer.bias.item(), 3))
print(model)
