"""Utilities under PyTorch's names; `data` is imported on first use."""

from __future__ import annotations


def __getattr__(name: str):
    if name in ("checkpoint", "data", "hooks"):
        from importlib import import_module

        return import_module("gradus.utils." + name)
    raise AttributeError(f"module 'gradus.utils' has no attribute '{name}': Gradus does not have it yet")
