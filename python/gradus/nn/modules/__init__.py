"""Every module of gradus.nn."""

from __future__ import annotations

from gradus.nn.modules import activation as _activation
from gradus.nn.modules import batchnorm as _batchnorm
from gradus.nn.modules import distance as _distance
from gradus.nn.modules import dropout as _dropout
from gradus.nn.modules import linear as _linear
from gradus.nn.modules import loss as _loss
from gradus.nn.modules import normalization as _normalization
from gradus.nn.modules import padding as _padding
from gradus.nn.modules import pixelshuffle as _pixelshuffle
from gradus.nn.modules import sparse as _sparse
from gradus.nn.modules.activation import *  # noqa: F403
from gradus.nn.modules.container import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from gradus.nn.modules.dropout import *  # noqa: F403
from gradus.nn.modules.flatten import Flatten, Unflatten
from gradus.nn.modules.module import Module

__all__ = [
    *_activation.__all__,
    *_dropout.__all__,
    "Flatten",
    "Module",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "Sequential",
    "Unflatten",
]

for _file in (_batchnorm, _distance, _linear, _loss, _normalization, _padding, _pixelshuffle, _sparse):
    for _name, _value in vars(_file).items():
        if not _name.startswith("_") and isinstance(_value, type) and _value.__module__ == _file.__name__:
            globals()[_name] = _value
            __all__.append(_name)
