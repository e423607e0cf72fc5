"""Special functions, under PyTorch's names."""

from __future__ import annotations

from gradus import _C, _missing

_PREFIX = "special_"
__all__ = sorted(name.removeprefix(_PREFIX) for name in dir(_C) if name.startswith(_PREFIX))
globals().update({name: getattr(_C, _PREFIX + name) for name in __all__})


def __getattr__(name: str):
    raise _missing.missing("gradus.special", name)
