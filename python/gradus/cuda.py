"""What a program asks before it uses a GPU: there is none here."""

from __future__ import annotations


def is_available() -> bool:
    """False: Gradus computes on the CPU."""
    return False


def device_count() -> int:
    """0: Gradus computes on the CPU."""
    return 0


def is_initialized() -> bool:
    """False: Gradus computes on the CPU."""
    return False


def manual_seed(seed: int) -> None:
    """Ignored, as PyTorch ignores it on a machine without a GPU."""


def manual_seed_all(seed: int) -> None:
    """Ignored, as PyTorch ignores it on a machine without a GPU."""


def empty_cache() -> None:
    """Ignored, as PyTorch ignores it on a machine without a GPU."""


def __getattr__(name: str):
    raise AttributeError(f"module 'gradus.cuda' has no attribute '{name}': Gradus computes on the CPU")
