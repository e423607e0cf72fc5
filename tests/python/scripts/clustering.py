"""k-means by distances and indexed sums, a mixture of Gaussians by gradient, principal components by iteration."""

import math

import torch

torch.manual_seed(4)
centers = torch.tensor([[0.0, 0.0], [4.0, 1.0], [-2.0, 3.0]])
labels = torch.arange(3).repeat_interleave(40)
points = centers[labels] + 0.6 * torch.randn(120, 2)
means = points[torch.tensor([0, 50, 100])].clone()
for _ in range(10):
    distance = torch.cdist(points, means)
    assigned = distance.argmin(dim=1)
    sums = torch.zeros_like(means).index_add_(0, assigned, points)
    counts = torch.bincount(assigned, minlength=3).clamp(min=1)
    means = sums / counts.unsqueeze(1)
print(means, counts.tolist())
print(f"inertia {distance.min(dim=1).values.pow(2).sum().item():.4f}", torch.unique(assigned, return_counts=True))
scattered = torch.zeros(3, 2).scatter_reduce(0, assigned[:, None].expand(-1, 2), points, "mean", include_self=False)
print(
    torch.allclose(scattered, means, atol=1e-5),
    torch.allclose(torch.stack([points[assigned == k].mean(0) for k in range(3)]), means, atol=1e-5),
)

mu = (means + 0.5).requires_grad_()
log_sigma = torch.zeros(3, requires_grad=True)
logits = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.Adamax([mu, log_sigma, logits], lr=0.05)
for step in range(80):
    scaled = (points[:, None] - mu[None]) / log_sigma.exp()[None, :, None]
    log_prob = -0.5 * scaled.square().sum(-1) - 2 * log_sigma - math.log(2 * math.pi)
    nll = -torch.logsumexp(log_prob + logits.log_softmax(0), dim=1).mean()
    optimizer.zero_grad()
    nll.backward()
    optimizer.step()
    if step % 40 == 39:
        print(f"nll {nll.item():.5f}")
print(logits.softmax(0).detach(), log_sigma.exp().detach())
responsibility = torch.softmax((log_prob + logits.log_softmax(0)).detach(), dim=1)
top2, where = responsibility.sort(dim=1, descending=True)
print(f"{top2[:, 0].mean().item():.4f}", where[:, 0].eq(assigned).float().mean().item() > 0.9)

X = points - points.mean(0, keepdim=True)
cov = X.t() @ X / (len(X) - 1)
v = torch.ones(2) / math.sqrt(2)
for _ in range(50):
    v = cov @ v
    v /= v.norm()
print(f"eigenvalue {(v @ cov @ v).item():.4f}", v, torch.allclose(torch.cov(points.T), cov, atol=1e-5))
q = torch.quantile(X[:, 0], torch.tensor([0.25, 0.5, 0.75]))
print(q, X.median(), torch.std_mean(X, dim=0), X.kthvalue(3, dim=0).values)
print(torch.histc(X[:, 1], bins=4), torch.cumsum(counts, 0), torch.flip(counts, (0,)), X.abs().cumprod(0)[-1] < 1e30)
