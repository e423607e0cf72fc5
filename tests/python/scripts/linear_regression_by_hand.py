"""A line fitted with autograd alone: parameters are plain tensors, updates are in place under no_grad."""

import torch

torch.manual_seed(0)
x = torch.linspace(-1, 1, 64).unsqueeze(1)
y = 2.5 * x - 0.7 + 0.05 * torch.randn(x.size())
w = torch.randn(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for epoch in range(60):
    loss = ((x @ w + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.3 * w.grad
        b -= 0.3 * b.grad
        w.grad.zero_()
        b.grad = None
    if epoch % 15 == 0:
        print(f"epoch {epoch:3d} loss {loss.item():.6f}")
print("w %.4f b %.4f" % (w.item(), b))
print(w, b.requires_grad, w.is_leaf, w.grad)
