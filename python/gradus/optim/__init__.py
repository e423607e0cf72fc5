"""Optimizers under PyTorch's names; the update rules themselves are C++."""

from __future__ import annotations

from gradus import _missing
from gradus.optim import lr_scheduler
from gradus.optim.adadelta import Adadelta
from gradus.optim.adagrad import Adagrad
from gradus.optim.adam import Adam
from gradus.optim.adamax import Adamax
from gradus.optim.adamw import AdamW
from gradus.optim.nadam import NAdam
from gradus.optim.optimizer import Optimizer
from gradus.optim.radam import RAdam
from gradus.optim.rmsprop import RMSprop
from gradus.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
]


def __getattr__(name: str):
    raise _missing.missing("gradus.optim", name)
