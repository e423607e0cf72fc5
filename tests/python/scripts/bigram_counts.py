"""Names by counting pairs of letters; then the same model as a layer without hidden units."""

import torch
import torch.nn.functional as F

words = "anna emma olivia ava isabella sophia mia charlotte amelia harper evelyn abigail emily ella madison".split()
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
n = len(stoi)
N = torch.zeros((n, n), dtype=torch.int32)
for w in words:
    chs = ["."] + list(w) + ["."]
    for a, b in zip(chs, chs[1:]):
        N[stoi[a], stoi[b]] += 1
print(N[0], N.sum().item(), N.dtype)
P = (N + 1).float()
P /= P.sum(1, keepdim=True)
g = torch.Generator().manual_seed(2147483647)
for _ in range(4):
    out, ix = [], 0
    while True:
        ix = torch.multinomial(P[ix], num_samples=1, replacement=True, generator=g).item()
        if ix == 0 or len(out) > 12:
            break
        out.append(itos[ix])
    print("".join(out))
total, count = 0.0, 0
for w in words:
    chs = ["."] + list(w) + ["."]
    for a, b in zip(chs, chs[1:]):
        total += torch.log(P[stoi[a], stoi[b]])
        count += 1
print(f"{total=:.4f}" if isinstance(total, float) else f"total={total.item():.4f}", f"nll={-total / count:.4f}")
xs, ys = [], []
for w in words:
    chs = ["."] + list(w) + ["."]
    for a, b in zip(chs, chs[1:]):
        xs.append(stoi[a])
        ys.append(stoi[b])
xs, ys = torch.tensor(xs), torch.tensor(ys)
W = torch.randn((n, n), generator=g, requires_grad=True)
for k in range(60):
    xenc = F.one_hot(xs, num_classes=n).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(len(xs)), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -20 * W.grad
    if k % 20 == 19:
        print(k, f"{loss.item():.4f}")
