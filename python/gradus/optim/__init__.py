"""Optimizers under PyTorch's names; the update rules themselves are C++."""

from __future__ import annotations

from gradus.optim.adam import Adam
from gradus.optim.adamw import AdamW
from gradus.optim.optimizer import Optimizer
from gradus.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]


def __getattr__(name: str):
    if name.startswith("__"):
        raise AttributeError(f"module 'gradus.optim' has no attribute '{name}'")
    raise AttributeError(f"module 'gradus.optim' has no attribute '{name}': Gradus does not have it yet")
