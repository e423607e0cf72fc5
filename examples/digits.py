"""Classifies handwritten digits (scikit-learn's 1,797 images): python -m gradus examples/digits.py.

A program written for PyTorch; it runs there too. `--steps N` stops after N optimizer steps, `--losses` prints every
loss with all its digits, `--picture FILE` draws the loss curve.
"""

import argparse
import sys
import time

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 20
BATCH = 32


def load_data():
    """The images scaled to [0, 1], shuffled, and cut into 1,437 for training and 360 held out."""
    digits = load_digits()
    images = torch.tensor(digits.data, dtype=torch.float32) / 16
    labels = torch.tensor(digits.target, dtype=torch.int64)
    order = torch.randperm(len(labels))
    train, test = order[:1437], order[1437:]
    return TensorDataset(images[train], labels[train]), TensorDataset(images[test], labels[test])


def progress(loader, epoch):
    """Yields the batches and, on a terminal, shows how far the epoch is, at which rate, and when it ends."""
    start = time.perf_counter()
    for done, batch in enumerate(loader, 1):
        yield batch
        if sys.stderr.isatty():
            rate = done / (time.perf_counter() - start)
            bar = "#" * (20 * done // len(loader))
            left = (len(loader) - done) / rate
            print(f"\repoch {epoch:2d} [{bar:20}] {rate:6.0f} batches/s, {left:.1f} s left", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)


def accuracy(model, data):
    model.eval()
    images, labels = data.tensors
    with torch.no_grad():
        right = (model(images).argmax(1) == labels).sum().item()
    model.train()
    return right / len(labels)


def train(model, data, test, max_steps):
    """Trains and returns the loss of every step."""
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loader = DataLoader(data, batch_size=BATCH, shuffle=True)
    losses = []
    for epoch in range(1, EPOCHS + 1):
        for images, labels in progress(loader, epoch):
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if len(losses) == max_steps:
                return losses
        if epoch % 5 == 0:
            print(f"epoch {epoch:2d}, loss {losses[-1]:.4f}, accuracy on held-out images {accuracy(model, test):.2%}")
    return losses


def draw(losses, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(losses, linewidth=1)
    axes.set(yscale="log", xlabel="step", ylabel="cross entropy", title="Handwritten digits: training loss")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int)
    parser.add_argument("--losses", action="store_true")
    parser.add_argument("--picture")
    args = parser.parse_args()

    torch.manual_seed(1)
    data, test = load_data()
    model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
    losses = train(model, data, test, args.steps)
    if args.losses:
        print("\n".join(f"{loss:.9g}" for loss in losses))
    if args.picture:
        draw(losses, args.picture)


if __name__ == "__main__":
    main()
