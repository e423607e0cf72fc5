"""Modules, parameters, losses and what belongs to them, under PyTorch's names."""

from __future__ import annotations

from gradus import _missing
from gradus.nn import functional, init, modules, utils
from gradus.nn.modules import *  # noqa: F403
from gradus.nn.modules import __all__ as _module_names
from gradus.nn.parameter import Buffer, Parameter

__all__ = [*_module_names, "Buffer", "Parameter", "functional", "init", "modules", "utils"]


def __getattr__(name: str):
    raise _missing.missing("gradus.nn", name)
