"""Every module of gradus.nn."""

from __future__ import annotations

from gradus.nn.modules import loss as _loss
from gradus.nn.modules.activation import GELU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from gradus.nn.modules.container import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from gradus.nn.modules.dropout import Dropout
from gradus.nn.modules.flatten import Flatten, Unflatten
from gradus.nn.modules.linear import Identity, Linear
from gradus.nn.modules.loss import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, NLLLoss
from gradus.nn.modules.module import Module
from gradus.nn.modules.sparse import Embedding

__all__ = [
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "GELU",
    "Identity",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "ParameterDict",
    "ParameterList",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Unflatten",
]

if hasattr(_loss, "L1Loss"):
    L1Loss = _loss.L1Loss
    __all__.append("L1Loss")
