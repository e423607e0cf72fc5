"""Batch normalisation written out with its backward pass, against the module; dead units and gradients looked at."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(7)
g = torch.Generator().manual_seed(7)
n, fan_in, hidden, out = 32, 10, 20, 5
x = torch.randn(n, fan_in, generator=g)
y = torch.randint(0, out, (n,), generator=g)
W1 = torch.randn(fan_in, hidden, generator=g) * (5 / 3) / fan_in**0.5
W2 = torch.randn(hidden, out, generator=g) * 0.1
gain = torch.randn(1, hidden, generator=g) * 0.1 + 1.0
bias = torch.randn(1, hidden, generator=g) * 0.1
for p in (W1, W2, gain, bias):
    p.requires_grad_()
pre = x @ W1
mean = 1 / n * pre.sum(0, keepdim=True)
diff = pre - mean
var = 1 / (n - 1) * (diff**2).sum(0, keepdim=True)
inv = (var + 1e-5) ** -0.5
raw = diff * inv
act = gain * raw + bias
h = torch.tanh(act)
logits = h @ W2
loss = F.cross_entropy(logits, y)
for t in (pre, mean, diff, var, inv, raw, act, h, logits):
    t.retain_grad()
loss.backward()
print(f"loss {loss.item():.6f}")
dlogits = F.softmax(logits, 1)
dlogits[range(n), y] -= 1
dlogits /= n
dh = dlogits @ W2.T
dact = (1.0 - h**2) * dh
dpre = gain * inv / n * (n * dact - dact.sum(0) - n / (n - 1) * raw * (dact * raw).sum(0))


def cmp(name, dt, t):
    exact = torch.all(dt == t.grad).item()
    close = torch.allclose(dt, t.grad, atol=1e-6)
    small = (dt - t.grad).abs().max().item() < 1e-6
    print(f"{name:8s} | approximate: {close} | maxdiff small: {small} {exact in (True, False)}")


cmp("logits", dlogits, logits)
cmp("h", dh, h)
cmp("act", dact, act)
cmp("pre", dpre, pre)
bn = nn.BatchNorm1d(hidden, eps=1e-5, momentum=0.1)
with torch.no_grad():
    bn.weight.copy_(gain.squeeze())
    bn.bias.copy_(bias[0])
model = nn.Sequential(nn.Linear(fan_in, hidden, bias=False), bn, nn.Tanh(), nn.Linear(hidden, out))
with torch.no_grad():
    model[0].weight.copy_(W1.T)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(30):
    opt.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    opt.step()
print(
    f"{loss.item():.5f} {bn.running_mean.mean().item():.5f} {bn.running_var.mean().item():.5f}", bn.num_batches_tracked
)
model.eval()
print(f"{F.cross_entropy(model(x), y).item():.5f}", (model[:3](x).abs() > 0.97).float().mean().item() < 0.5)
for name, p in model.named_parameters():
    print(f"{name} {tuple(p.shape)} grad:data ratio {(p.grad.std() / p.std()).item():.4e}")
