"""An autoencoder trained in two halves: checkpoint written, read, and training goes on as if never interrupted."""

import io
import os
import tempfile

import torch
from torch import nn

torch.manual_seed(0)
data = torch.rand(64, 12)
data[:, 6:] = data[:, :6] ** 2


def build():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 12))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
    return model, optimizer, scheduler


def train(model, optimizer, scheduler, epochs):
    losses = []
    for _ in range(epochs):
        for batch in data.split(16):
            loss = nn.functional.mse_loss(model(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


whole = train(*build(), 8)
parts = build()
first = train(*parts, 4)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")
    torch.save(
        {
            "epoch": 4,
            "model_state_dict": parts[0].state_dict(),
            "optimizer_state_dict": parts[1].state_dict(),
            "scheduler": parts[2].state_dict(),
            "loss": first[-1],
        },
        path,
    )
    fresh = build()
    checkpoint = torch.load(path)
    print(fresh[0].load_state_dict(checkpoint["model_state_dict"]))
    fresh[1].load_state_dict(checkpoint["optimizer_state_dict"])
    fresh[2].load_state_dict(checkpoint["scheduler"])
    print(sorted(checkpoint), checkpoint["epoch"], type(checkpoint["model_state_dict"]).__name__)
second = train(*fresh, 4)
print(first + second == whole, f"{whole[0]:.5f} {whole[-1]:.5f}")
buffer = io.BytesIO()
torch.save([data[:2], {"k": (1, 2.5, None, "s")}, torch.arange(3)], buffer)
buffer.seek(0)
a, b, c = torch.load(buffer, weights_only=True)
print(torch.equal(a, data[:2]), b, c)
other = nn.Sequential(nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 11))
try:
    other.load_state_dict(checkpoint["model_state_dict"])
except RuntimeError as error:
    print(str(error).replace("\t", " "))
print(other.load_state_dict({"0.weight": torch.zeros(5, 12), "extra": torch.ones(1)}, strict=False))
print(other[0].weight.abs().sum().item(), other[1].state_dict().keys())
