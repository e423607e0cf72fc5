"""Utilities under PyTorch's names; `data` is imported on first use."""

from __future__ import annotations

from gradus import _missing


def __getattr__(name: str):
    if name in ("checkpoint", "data", "dlpack", "hooks"):
        from importlib import import_module

        return import_module("gradus.utils." + name)
    raise _missing.missing("gradus.utils", name)
