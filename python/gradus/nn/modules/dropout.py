"""Dropout."""

from __future__ import annotations

from gradus.nn import functional as F
from gradus.nn.modules.module import Module


class Dropout(Module):
    """In training zeroes each element with probability p and scales the rest by 1/(1-p); identity otherwise."""

    def __init__(self, p: float = 0.5, inplace: bool = False):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input):
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
