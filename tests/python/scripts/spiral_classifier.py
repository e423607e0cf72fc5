"""Three spirals, a small network, mini-batches, a validation split, early stopping on the best weights."""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
classes, per_class = 3, 100
X = torch.empty(classes * per_class, 2)
Y = torch.empty(classes * per_class, dtype=torch.long)
for c in range(classes):
    index = slice(c * per_class, (c + 1) * per_class)
    r = torch.linspace(0.05, 1, per_class)
    t = torch.linspace(c * 4, (c + 1) * 4, per_class) + torch.randn(per_class) * 0.15
    X[index] = torch.stack((r * t.sin(), r * t.cos()), dim=1)
    Y[index] = c
dataset = TensorDataset(X, Y)
train, valid = random_split(dataset, [240, 60], generator=torch.Generator().manual_seed(5))
loader = DataLoader(train, batch_size=32, shuffle=True, drop_last=True)
valid_loader = DataLoader(valid, batch_size=60)


class Net(nn.Module):
    def __init__(self, hidden=32, p=0.1):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, hidden), nn.Linear(hidden, hidden)])
        self.out = nn.Linear(hidden, classes)
        self.drop = nn.Dropout(p)

    def forward(self, x):
        for layer in self.layers:
            x = self.drop(torch.relu(layer(x)))
        return self.out(x)


model = Net()
print(model)
print("parameters:", sum(p.numel() for p in model.parameters() if p.requires_grad))
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)


@torch.no_grad()
def evaluate():
    model.eval()
    correct, total, loss = 0, 0, 0.0
    for xb, yb in valid_loader:
        logits = model(xb)
        loss += criterion(logits, yb).item() * len(xb)
        correct += (logits.argmax(1) == yb).sum().item()
        total += yb.size(0)
    model.train()
    return loss / total, correct / total


best, best_state = float("inf"), None
for epoch in range(20):
    running = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running += loss.item()
    scheduler.step()
    valid_loss, accuracy = evaluate()
    if valid_loss < best:
        best, best_state = valid_loss, copy.deepcopy(model.state_dict())
    if epoch % 5 == 4:
        lr = scheduler.get_last_lr()[0]
        print(f"epoch {epoch + 1} train {running / len(loader):.4f} valid {valid_loss:.4f} lr {lr:.5f}")
model.load_state_dict(best_state)
print("best %.4f accuracy %.3f" % evaluate(), list(best_state)[:2])
