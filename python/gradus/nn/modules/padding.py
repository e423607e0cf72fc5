"""Padding of the last one, two or three dimensions."""

from __future__ import annotations

from gradus.nn import functional as F
from gradus.nn.modules.module import Module


class _Pad(Module):
    """Keeps one number of elements for each side; an int stands for all sides."""

    _sides: int
    _mode: str

    def __init__(self, padding):
        super().__init__()
        self.padding = self._of_sides(padding)

    def _of_sides(self, padding) -> tuple:
        return tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * self._sides

    def forward(self, input):
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding, value: float):
        Module.__init__(self)
        self.value = value
        self.padding = self._of_sides(padding)

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """`value` around the last dimension."""

    _sides = 2


class ConstantPad2d(_ConstantPad):
    """`value` around the last two dimensions."""

    _sides = 4


class ConstantPad3d(_ConstantPad):
    """`value` around the last three dimensions."""

    _sides = 6


class ZeroPad1d(ConstantPad1d):
    """Zeros around the last dimension."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Zeros around the last two dimensions."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Zeros around the last three dimensions."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad1d(_Pad):
    """The last dimension mirrored at its ends."""

    _sides, _mode = 2, "reflect"


class ReflectionPad2d(_Pad):
    """The last two dimensions mirrored at their ends."""

    _sides, _mode = 4, "reflect"


class ReflectionPad3d(_Pad):
    """The last three dimensions mirrored at their ends."""

    _sides, _mode = 6, "reflect"


class ReplicationPad1d(_Pad):
    """The ends of the last dimension repeated."""

    _sides, _mode = 2, "replicate"


class ReplicationPad2d(_Pad):
    """The ends of the last two dimensions repeated."""

    _sides, _mode = 4, "replicate"


class ReplicationPad3d(_Pad):
    """The ends of the last three dimensions repeated."""

    _sides, _mode = 6, "replicate"


class _CircularPad(_Pad):
    _mode = "circular"

    def forward(self, input):
        dims = self._sides // 2
        if input.dim() not in (dims + 1, dims + 2):
            raise ValueError(f"expected {dims + 1}D or {dims + 2}D input (got {input.dim()}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """The last dimension continued around."""

    _sides = 2


class CircularPad2d(_CircularPad):
    """The last two dimensions continued around."""

    _sides = 4


class CircularPad3d(_CircularPad):
    """The last three dimensions continued around."""

    _sides = 6
