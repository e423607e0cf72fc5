"""Switches of PyTorch's backends: programs set them, nothing here depends on them."""

from __future__ import annotations

from types import SimpleNamespace


def _absent() -> bool:
    return False


cudnn = SimpleNamespace(enabled=False, deterministic=False, benchmark=False, is_available=_absent)
mps = SimpleNamespace(is_available=_absent, is_built=_absent)
