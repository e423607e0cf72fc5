"""The next letter from three letters: embeddings, tanh, mini-batches drawn by index, a learning rate that drops."""

import random

import torch
import torch.nn.functional as F

text = "the quick brown fox jumps over the lazy dog while the early bird catches the worm in the morning sun"
words = text.split()
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
vocab = len(stoi)
block = 3


def build(words):
    X, Y = [], []
    for w in words:
        context = [0] * block
        for ch in w + ".":
            X.append(context)
            Y.append(stoi[ch])
            context = context[1:] + [stoi[ch]]
    return torch.tensor(X), torch.tensor(Y)


random.seed(42)
random.shuffle(words)
cut = int(0.8 * len(words))
Xtr, Ytr = build(words[:cut])
Xdev, Ydev = build(words[cut:])
print(Xtr.shape, Ytr.shape, Xdev.dtype)
g = torch.Generator().manual_seed(2147483647)
C = torch.randn((vocab, 4), generator=g)
W1 = torch.randn((block * 4, 40), generator=g) * (5 / 3) / (block * 4) ** 0.5
b1 = torch.randn(40, generator=g) * 0.01
W2 = torch.randn((40, vocab), generator=g) * 0.01
b2 = torch.zeros(vocab)
parameters = [C, W1, b1, W2, b2]
for p in parameters:
    p.requires_grad = True
print(sum(p.nelement() for p in parameters))
lossi = []
for i in range(300):
    ix = torch.randint(0, Xtr.shape[0], (16,), generator=g)
    emb = C[Xtr[ix]]
    h = torch.tanh(emb.view(-1, block * 4) @ W1 + b1)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Ytr[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 200 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    lossi.append(loss.log10().item())
    if i % 100 == 0:
        print(f"{i:4d}: {loss.item():.4f}")
print(torch.tensor(lossi).view(-1, 100).mean(1))


@torch.no_grad()
def split_loss(name):
    x, y = {"train": (Xtr, Ytr), "dev": (Xdev, Ydev)}[name]
    h = torch.tanh(C[x].view(x.shape[0], -1) @ W1 + b1)
    print(name, f"{F.cross_entropy(h @ W2 + b2, y).item():.4f}")


split_loss("train")
split_loss("dev")
sample = torch.Generator().manual_seed(10)
for _ in range(3):
    out, context = [], [0] * block
    for _ in range(10):
        h = torch.tanh(C[torch.tensor([context])].view(1, -1) @ W1 + b1)
        probs = F.softmax(h @ W2 + b2, dim=1)
        ix = torch.multinomial(probs, num_samples=1, generator=sample).item()
        context = context[1:] + [ix]
        if ix == 0:
            break
        out.append(itos[ix])
    print("".join(out))
