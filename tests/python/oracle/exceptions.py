"""Lists samples and calls on which the library may differ from PyTorch, each with the reason."""

from __future__ import annotations

import re

# (operator, pattern found in the sample's text, reason). Such a sample still runs, and is left out of the bar.
SAMPLES: list[tuple[str, str, str]] = [
    ("nn.functional.embedding", r"sparse=True", "gradients of sparse layout: there are no sparse tensors"),
    ("native_batch_norm", r"noncontiguous", "PyTorch's out= form leaves results of non-contiguous input unwritten"),
    ("linalg.matrix_norm", r"'nuc'|, -?2(\.0)?, \[", "needs singular values, which are refused"),
    ("linalg.norm", r"'nuc'|\[\d+, \d+\][^,]*, -?2(\.0)?,", "needs singular values, which are refused"),
    ("linalg.norm/subgradients_at_zero", r"'nuc'|\[\d+, \d+\][^,]*, -?2(\.0)?,", "needs singular values"),
    ("norm/nuc", r"", "needs singular values, which are refused"),
    ("linalg.matrix_power", r", -\d+\)", "needs an inverse, which is refused"),
    ("addbmm", r"^\(float32\[5, 10\].*beta=1, alpha=1", "a sum of products in the hundreds that cancels"),
    ("addbmm", r"^\(\w+\[1?\],", "in place PyTorch gives self the shape of the result"),
    ("cov", r"correction=[12], fweights=None, aweights=float32", "differences of float32 sums that cancel"),
    (
        "as_strided_scatter",
        r"float64",
        "PyTorch gives self the gradient of the elements that were overwritten, and those that were kept none",
    ),
]

# Calls of `cases/` whose outcome may differ: code -> reason.
CALLS: dict[str, str] = {}

# Refused calls whose class may differ: (operator, label of the call) -> reason.
ERRORS: dict[tuple[str, str], str] = {
    ("__rdiv__", "error input 0"): "called on a number as if it were a method; Python's own descriptor answers",
    ("__rdiv__", "error input 1"): "called on a number as if it were a method; Python's own descriptor answers",
    ("bitwise_not", "sample 0, out= of another dtype"): "a bool result may be written to an integer tensor here",
    ("bitwise_not", "sample 1, out= of another dtype"): "a bool result may be written to an integer tensor here",
    ("bitwise_not", "sample 2, out= of another dtype"): "a bool result may be written to an integer tensor here",
}

# Operators of which PyTorch does not survive the misuse: name -> what happens.
UNSAFE: dict[str, str] = {
    "native_batch_norm": "it writes past the end of running statistics of the wrong size",
}

# Forms of an operator that are not compared: (operator, form) -> reason.
FORMS: dict[tuple[str, str], str] = {
    ("narrow_copy", "out transposed"): "PyTorch fills a transposed out= tensor as if it were contiguous",
    ("tril", "out transposed"): "PyTorch writes outside of the memory of a transposed out= tensor of four dims",
    ("triu", "out transposed"): "PyTorch writes outside of the memory of a transposed out= tensor of four dims",
    ("nn.functional.gelu", "out transposed"): "PyTorch leaves a transposed out= tensor as it was",
}


_RESIZED = "an out= that is resized becomes row-major here; PyTorch lays it out like the operand"
_FRESH = "the result is laid out like the operand here, row-major in PyTorch"
_WRITES = "PyTorch counts the writes of an out= in more, or fewer, steps"
# Operators whose results over operands in other layouts may differ: name -> how.
RELAID: dict[str, str] = {
    "addbmm": "in place PyTorch gives self the shape of the result",
    "addmm": _FRESH,
    "addr": _RESIZED,
    "baddbmm": _FRESH,
    "clamp": _RESIZED,
    "conj_physical": _RESIZED,
    "diff": _WRITES,
    "kron": _WRITES,
    "logit": _RESIZED,
    "msort": _RESIZED,
    "nanmean": _WRITES,
    "native_batch_norm": "PyTorch's out= form leaves results of non-contiguous input unwritten",
    "nn.functional.gelu": _RESIZED,
    "nn.functional.rms_norm": _FRESH,
    "norm/nuc": "needs singular values, which are refused",
    "renorm": _FRESH,
    "sort": _RESIZED,
    "split_with_sizes_copy": _WRITES,
    "unbind_copy": _WRITES,
}


def sample_reason(name: str, text: str) -> str | None:
    """Why this sample of the operator may differ, or None where it may not."""
    return next((reason for op, pattern, reason in SAMPLES if op == name and re.search(pattern, text)), None)
