"""What normalising modules share: a weight that starts at one and a bias that starts at zero."""

from __future__ import annotations

from gradus import _C
from gradus.nn import init
from gradus.nn.modules.module import Module
from gradus.nn.parameter import Parameter


class Affine(Module):
    """Base of the modules that scale and shift what they have normalised."""

    def _register_affine(self, shape, weight: bool, bias: bool, device, dtype) -> None:
        """Registers both parameters, None where one is not wanted."""
        for name, wanted in (("weight", weight), ("bias", bias)):
            value = Parameter(_C.empty(shape, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, value)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)
