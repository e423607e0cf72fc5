"""Lists samples and calls on which the library may differ from PyTorch, each with the reason."""

from __future__ import annotations

# (operator, dtype, index of the sample) -> reason. A sample listed here still runs, and is left out of the bar.
EXCEPTIONS: dict[tuple[str, str, int], str] = {}

# Calls of `cases/` whose outcome may differ: code -> reason.
CALLS: dict[str, str] = {}

# Refused calls whose class may differ: (operator, label of the call) -> reason.
ERRORS: dict[tuple[str, str], str] = {}

# Stored samples whose outcome may differ: (operator, index among its stored samples) -> reason.
VALUES: dict[tuple[str, int], str] = {}
