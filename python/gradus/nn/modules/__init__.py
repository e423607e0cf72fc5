"""Every module of gradus.nn."""

from __future__ import annotations

from gradus.nn.modules import activation as _activation
from gradus.nn.modules import dropout as _dropout
from gradus.nn.modules import loss as _loss
from gradus.nn.modules.activation import *  # noqa: F403
from gradus.nn.modules.container import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from gradus.nn.modules.dropout import *  # noqa: F403
from gradus.nn.modules.flatten import Flatten, Unflatten
from gradus.nn.modules.linear import Identity, Linear
from gradus.nn.modules.loss import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, NLLLoss
from gradus.nn.modules.module import Module
from gradus.nn.modules.sparse import Embedding

__all__ = [
    *_activation.__all__,
    *_dropout.__all__,
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Embedding",
    "Flatten",
    "Identity",
    "Linear",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "ParameterDict",
    "ParameterList",
    "Sequential",
    "Unflatten",
]

if hasattr(_loss, "L1Loss"):
    L1Loss = _loss.L1Loss
    __all__.append("L1Loss")
