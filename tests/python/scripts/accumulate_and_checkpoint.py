"""Gradients accumulated over micro-batches, activations recomputed, half the memory, the same numbers."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

torch.manual_seed(0)
model = nn.Sequential(
    *[nn.Sequential(nn.Linear(16, 16), nn.SiLU(), nn.GroupNorm(4, 16)) for _ in range(4)], nn.Linear(16, 1)
)
x, y = torch.randn(24, 16), torch.randn(24, 1)
criterion = nn.HuberLoss(delta=0.5)


def gradients(forward):
    model.zero_grad()
    loss = criterion(forward(x), y)
    loss.backward()
    return loss.item(), [p.grad.clone() for p in model.parameters()]


plain_loss, plain = gradients(model)


def recomputed(x):
    for block in model[:-1]:
        x = checkpoint(block, x, use_reentrant=False)
    return model[-1](x)


loss, grads = gradients(recomputed)
print(loss == plain_loss, all(torch.equal(a, b) for a, b in zip(plain, grads)))
loss, grads = gradients(lambda x: checkpoint_sequential(model, 2, x, use_reentrant=False))
print(loss == plain_loss, all(torch.equal(a, b) for a, b in zip(plain, grads)))
model.zero_grad()
for xb, yb in zip(x.chunk(4), y.chunk(4)):
    (criterion(model(xb), yb) / 4).backward()
print(all(torch.allclose(p.grad, g, atol=1e-6) for p, g in zip(model.parameters(), plain)), f"{plain_loss:.5f}")
frozen = model[0]
for p in frozen.parameters():
    p.requires_grad_(False)
optimizer = torch.optim.SGD(
    filter(lambda p: p.requires_grad, model.parameters()), lr=0.05, momentum=0.9, weight_decay=1e-3
)
before = frozen[0].weight.clone()
ema = {k: v.clone() for k, v in model.state_dict().items()}
for step in range(20):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for k, v in model.state_dict().items():
            ema[k].mul_(0.9).add_(v, alpha=0.1)
print(torch.equal(before, frozen[0].weight), f"{loss.item():.5f}", f"{sum(v.sum() for v in ema.values()).item():.4f}")
noisy = nn.Sequential(nn.Linear(16, 16), nn.Dropout(0.5))
torch.manual_seed(9)
a = checkpoint(noisy, x, use_reentrant=False).sum()
a.backward()
g1 = noisy[0].weight.grad.clone()
noisy.zero_grad()
torch.manual_seed(9)
noisy(x).sum().backward()
print(torch.equal(g1, noisy[0].weight.grad))
