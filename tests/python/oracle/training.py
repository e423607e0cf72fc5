"""Small programs that train, written once against PyTorch's API and run on either library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from oracle.neutral import to_numpy

STEPS = 100
BATCH = 64
OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "adam": lambda lib, parameters: lib.optim.Adam(parameters, lr=1e-3),
    "adamw": lambda lib, parameters: lib.optim.AdamW(parameters, lr=1e-3, weight_decay=0.1),
    "sgd": lambda lib, parameters: lib.optim.SGD(parameters, lr=0.05),
    "sgd momentum": lambda lib, parameters: lib.optim.SGD(
        parameters, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3
    ),
}


def digest(tensors: list[Any], lib: Any) -> str:
    """A hash of the bytes of all tensors, in order."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(to_numpy(tensor, lib).tobytes())
    return found.hexdigest()


def digits(lib: Any) -> Any:
    """scikit-learn's handwritten digits: images scaled to [0, 1], and labels."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = lib.from_numpy((images / 16).astype(np.float32))
    return lib.utils.data.TensorDataset(x, lib.from_numpy(labels.astype(np.int64)))


def train_digits(lib: Any, optimizer: str) -> dict[str, Any]:
    """Trains a 64-64-10 network for 100 steps; start, order of the data, losses and share of right answers."""
    lib.manual_seed(0)
    nn = lib.nn
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    start = digest(list(model.parameters()), lib)
    data = digits(lib)
    loader = lib.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    opt = OPTIMIZERS[optimizer](lib, model.parameters())
    losses: list[float] = []
    order = hashlib.sha256()
    while len(losses) < STEPS:
        for x, y in loader:
            order.update(to_numpy(y, lib).tobytes())
            loss = criterion(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
            if len(losses) == STEPS:
                break
    with lib.no_grad():
        x, y = data.tensors
        right = (model(x).argmax(1) == y).to(lib.float32).mean().item()
    return {"start": start, "order": order.hexdigest(), "losses": losses, "right": right}


def train_regression(lib: Any) -> dict[str, Any]:
    """The reference program, with every loss and the final parameters in full precision."""
    lib.manual_seed(1)
    x = lib.randn(100, 1) * 10
    y = x * 3 + lib.randn(100, 1) * 2

    class Regression(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = lib.nn.Parameter(lib.randn(1, requires_grad=True))
            self.bias = lib.nn.Parameter(lib.randn(1, requires_grad=True))

        def forward(self, x):
            return x * self.weight + self.bias

    model = Regression()
    data = digest([x, model.weight, model.bias], lib)
    criterion = lib.nn.MSELoss()
    opt = lib.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(1000):
        loss = criterion(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return {"data": data, "losses": losses[::50], "weight": model.weight.item(), "bias": model.bias.item()}


def train_mixture(lib: Any) -> dict[str, Any]:
    """A network with embedding, GELU, tanh, sigmoid and dropout in float64: losses of 20 steps."""
    lib.manual_seed(3)
    nn = lib.nn
    table = nn.Embedding(11, 6, padding_idx=0)
    body = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Dropout(0.25), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))
    table.to(lib.float64), body.to(lib.float64)
    tokens = lib.randint(0, 11, (32, 5))
    target = (tokens.to(lib.float64).sum(1, keepdim=True) > 25).to(lib.float64)
    criterion = nn.MSELoss()
    opt = lib.optim.Adam([*table.parameters(), *body.parameters()], lr=0.01)
    losses = []
    for _ in range(20):
        loss = criterion(lib.sigmoid(body(table(tokens).mean(1))), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return {"losses": losses, "grad": [float(g) for g in to_numpy(table.weight.grad, lib).sum(1)]}


def train_all(lib: Any) -> dict[str, Any]:
    found = {f"digits {name}": train_digits(lib, name) for name in OPTIMIZERS}
    return {**found, "regression": train_regression(lib), "mixture": train_mixture(lib)}
