"""Lists samples and calls on which the library may differ from PyTorch, each with the reason."""

from __future__ import annotations

import re

# (operator, pattern found in the sample's text, reason). Such a sample still runs, and is left out of the bar.
SAMPLES: list[tuple[str, str, str]] = [
    ("nn.functional.embedding", r"sparse=True", "gradients of sparse layout: there are no sparse tensors"),
]

# Calls of `cases/` whose outcome may differ: code -> reason.
CALLS: dict[str, str] = {}

# Refused calls whose class may differ: (operator, label of the call) -> reason.
ERRORS: dict[tuple[str, str], str] = {}


def sample_reason(name: str, text: str) -> str | None:
    """Why this sample of the operator may differ, or None where it may not."""
    return next((reason for op, pattern, reason in SAMPLES if op == name and re.search(pattern, text)), None)
