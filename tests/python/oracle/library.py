"""Says which library is under test, and finds functions in it by PyTorch's names."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
from types import ModuleType
from typing import Any

SUBJECT_NAME = os.environ.get("GRADUS_TEST_SUBJECT", "gradus")


@functools.cache
def subject() -> ModuleType:
    """The library under test: `gradus`, or the module that GRADUS_TEST_SUBJECT names."""
    return importlib.import_module(SUBJECT_NAME)


@functools.cache
def reference() -> ModuleType | None:
    """PyTorch, or None where it is not installed or GRADUS_TEST_WITHOUT_TORCH asks to do without."""
    if os.environ.get("GRADUS_TEST_WITHOUT_TORCH") or importlib.util.find_spec("torch") is None:
        return None
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    return torch


def lookup(root: Any, path: str) -> Any | None:
    """`root.a.b.c` for the path "a.b.c", or None where a part is missing."""
    for part in path.split("."):
        root = getattr(root, part, None)
        if root is None:
            return None
    return root


def short_name(value: Any) -> str:
    """The last part of a dotted name: "float32" for torch.float32 as for gradus.float32."""
    return str(value).rpartition(".")[2]


def neutral_text(text: str) -> str:
    """A message or repr with the library's own name replaced by PyTorch's."""
    return text.replace("gradus", "torch").replace("Gradus", "Torch")
