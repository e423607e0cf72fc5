"""Skip-gram with negative samples, neighbours by cosine similarity, and a factorised table of ratings."""

import torch
import torch.nn as nn
import torch.nn.functional as F

corpus = (
    "we are about to study the idea of a process processes manipulate things called data the ev"
    "olution of a process is directed by rules called a program people create programs to direct processes"
).split()
vocab = sorted(set(corpus))
ids = {w: i for i, w in enumerate(vocab)}
tokens = torch.tensor([ids[w] for w in corpus])
pairs = torch.tensor(
    [
        (tokens[i], tokens[j])
        for i in range(len(tokens))
        for j in range(max(0, i - 2), min(len(tokens), i + 3))
        if i != j
    ]
)
print(pairs.shape, pairs.unique(dim=0).size(0), torch.bincount(tokens, minlength=len(vocab)).max().item())
torch.manual_seed(0)


class SkipGram(nn.Module):
    def __init__(self, n, dim):
        super().__init__()
        self.center = nn.Embedding(n, dim)
        self.context = nn.Embedding(n, dim)

    def forward(self, c, o, negative):
        v = self.center(c)
        positive = F.logsigmoid((v * self.context(o)).sum(-1))
        noise = torch.bmm(self.context(negative), v.unsqueeze(2)).squeeze(2)
        return -(positive + F.logsigmoid(-noise).sum(1)).mean()


model = SkipGram(len(vocab), 8)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
frequency = torch.bincount(tokens, minlength=len(vocab)).float().pow(0.75)
for epoch in range(8):
    total = 0.0
    for batch in pairs[torch.randperm(len(pairs))].split(40):
        negative = torch.multinomial(frequency, len(batch) * 3, replacement=True).view(len(batch), 3)
        loss = model(batch[:, 0], batch[:, 1], negative)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1} loss {total / len(pairs):.4f}")
with torch.no_grad():
    vectors = F.normalize(model.center.weight, dim=1)
    similarity = vectors @ vectors.t()
    similarity.fill_diagonal_(-1)
    values, nearest = similarity[ids["process"]].topk(3)
    print(values.gt(-1).all().item(), nearest.shape, F.cosine_similarity(vectors[:1], vectors[1:3]).shape)
    distances = torch.cdist(vectors[:5], vectors[:5])
    print(
        torch.allclose(distances.pow(2), 2 - 2 * (vectors[:5] @ vectors[:5].T), atol=1e-5),
        distances.argsort(dim=1)[:, 0],
    )

users, items = 12, 9
table = torch.rand(users, 2) @ torch.rand(2, items)
mask = torch.rand(users, items) < 0.7
P = nn.Parameter(0.1 * torch.randn(users, 2))
Q = nn.Parameter(0.1 * torch.randn(items, 2))
optimizer = torch.optim.Adagrad([P, Q], lr=0.5)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2, factor=0.5)
for step in range(60):
    optimizer.zero_grad()
    predicted = torch.einsum("uk,ik->ui", P, Q)
    loss = F.mse_loss(predicted[mask], table[mask]) + 1e-3 * (P.pow(2).sum() + Q.pow(2).sum()) / users
    loss.backward()
    optimizer.step()
    scheduler.step(loss)
print(f"rmse {F.mse_loss(predicted, table).sqrt().item():.4f} lr {optimizer.param_groups[0]['lr']:.4f}")
