"""The one table of tolerances, by dtype of the result, and the rule of equality."""

from __future__ import annotations

import numpy as np

# (relative, absolute): what torch.testing.assert_close allows. Everything else is compared exactly.
TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
}


def difference(expected: np.ndarray, actual: np.ndarray, dtype: str, *, exact: bool = False) -> str | None:
    """None where the arrays of equal shape agree, else a short account of the worst element. NaN equals NaN."""
    if exact or dtype not in TOLERANCES:
        if dtype in TOLERANCES:
            same = (expected == actual) & (np.signbit(expected) == np.signbit(actual))
            same |= np.isnan(expected) & np.isnan(actual)
        else:
            same = expected == actual
    else:
        relative, absolute = TOLERANCES[dtype]
        actual, expected = actual.astype(np.float64), expected.astype(np.float64)
        same = np.isclose(actual, expected, rtol=relative, atol=absolute, equal_nan=True)
    if same.all():
        return None
    wrong = np.argwhere(~np.atleast_1d(same))
    where = tuple(int(i) for i in wrong[0])
    left, right = np.atleast_1d(expected)[where], np.atleast_1d(actual)[where]
    return f"{len(wrong)} of {same.size} differ; at {list(where)} expected {left!s}, got {right!s}"
