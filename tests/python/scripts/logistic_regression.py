"""Two clouds of points told apart by a line, with weights for the rarer class."""

import torch
import torch.nn.functional as F

torch.manual_seed(1)
n = 200
points = torch.cat([torch.randn(n, 2) + 1.5, torch.randn(n // 4, 2) - 1.0])
labels = torch.cat([torch.zeros(n), torch.ones(n // 4)])
order = torch.randperm(len(points))
points, labels = points[order], labels[order]
w = torch.zeros(2, requires_grad=True)
b = torch.zeros((), requires_grad=True)
optimizer = torch.optim.LBFGS([w, b]) if False else torch.optim.SGD([w, b], lr=0.5, momentum=0.9, nesterov=True)
weight = (labels == 0).sum() / (labels == 1).sum()
for step in range(100):
    optimizer.zero_grad()
    logits = points.mv(w) + b
    loss = F.binary_cross_entropy_with_logits(logits, labels, pos_weight=weight) + 1e-3 * w.norm() ** 2
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        accuracy = ((logits > 0).float() == labels).float().mean()
        print(f"{step:3d} loss {loss.item():.5f} accuracy {accuracy:.4f}")
predicted = (torch.sigmoid(points @ w + b) > 0.5).long()
confusion = torch.zeros(2, 2, dtype=torch.long)
for t, p in zip(labels.long(), predicted):
    confusion[t, p] += 1
print(confusion)
precision = confusion[1, 1] / confusion[:, 1].sum()
recall = confusion[1, 1] / confusion[1].sum()
print(f"precision {precision:.4f} recall {recall:.4f}", bool(precision > 0.5))
print(w.detach().numpy().round(3).tolist(), round(float(b), 3))
