"""Numeric limits of dtypes: finfo and iinfo."""

from __future__ import annotations

from gradus import _C

# name: bits, bits of the significand (with the implicit one), largest exponent, decimal digits that survive
_FLOATS = {
    _C.float16: (16, 11, 16, 3),
    _C.bfloat16: (16, 8, 128, 2),
    _C.float32: (32, 24, 128, 6),
    _C.float64: (64, 53, 1024, 15),
}
_INTEGERS = {_C.uint8: (8, False), _C.int8: (8, True), _C.int16: (16, True), _C.int32: (32, True), _C.int64: (64, True)}


class finfo:
    """Limits of a floating point dtype (the default dtype if none is given): eps, min, max, tiny, bits, resolution."""

    def __init__(self, type=None):
        dtype = _C.get_default_dtype() if type is None else type
        if dtype not in _FLOATS:
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{_short(dtype)}'"
            )
        self.bits, digits, exponent, decimals = _FLOATS[dtype]
        self.eps = 2.0 ** (1 - digits)
        self.max = (1.0 - 2.0**-digits) * 2.0 ** (exponent - 1) * 2.0
        self.min = -self.max
        self.smallest_normal = self.tiny = 2.0 ** (3 - exponent - 1)
        self.resolution = 10.0**-decimals
        self.dtype = _short(dtype)

    def __repr__(self):
        names = "resolution min max eps smallest_normal tiny".split()
        return "finfo(" + ", ".join(f"{n}={getattr(self, n):g}" for n in names) + f", dtype={self.dtype})"

    def __eq__(self, other):
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self):
        return hash(self.dtype)


class iinfo:
    """Limits of an integer dtype: min, max, bits."""

    def __init__(self, type):
        if type not in _INTEGERS:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{_short(type)}'")
        self.bits, signed = _INTEGERS[type]
        self.min = -(2 ** (self.bits - 1)) if signed else 0
        self.max = 2 ** (self.bits - signed) - 1
        self.dtype = _short(type)

    def __repr__(self):
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

    def __eq__(self, other):
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self):
        return hash(self.dtype)


def _short(dtype) -> str:
    return str(dtype).rsplit(".", 1)[-1]
