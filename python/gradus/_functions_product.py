"""Products and norms whose arguments come in several shapes: PyTorch writes these in Python too."""

from __future__ import annotations

from gradus import _C

_Base: type[_C.Tensor] = _C.Tensor.__mro__[1]  # type: ignore[assignment]
_einsum, _tensordot, _cdist, _chain_matmul = _C.einsum, _C.tensordot, _C.cdist, _C.chain_matmul


def _subscripts(indices) -> str:
    letters = []
    for s in indices:
        if s is Ellipsis:
            letters.append("...")
        elif not isinstance(s, int) and not hasattr(s, "__index__"):
            raise TypeError(f"'>=' not supported between instances of '{type(s).__name__}' and 'int'")
        elif 0 <= s < 52:
            letters.append(chr(ord("A") + s) if s < 26 else chr(ord("a") + s - 26))
        else:
            raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
    return "".join(letters)


def einsum(*args):
    """Products summed over indices: `einsum("bij,bjk->bik", a, b)`, or with lists of numbers for the letters,
    `einsum(a, [0, 1], b, [1, 2], [0, 2])`."""
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, "
            "or at least one operand and its subscripts list"
        )
    if isinstance(args[0], _Base):
        equation = ",".join(_subscripts(s) for s in args[1::2])
        operands = args[::2]
        if len(args) % 2 == 1:
            equation = ",".join(_subscripts(s) for s in args[1:-1:2]) + "->" + _subscripts(args[-1])
            operands = args[:-1:2]
    else:
        equation, operands = args[0], args[1:]
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        return einsum(equation, *operands[0])
    return _einsum(equation, operands)


def tensordot(a, b, dims=2, out=None):
    """Products summed over the last `dims` dims of `a` and the first of `b`, or over two lists of dims."""
    if not isinstance(dims, (tuple, list, _Base, int)):
        raise RuntimeError(
            "tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] containing two lists, "
            f"but got dims={dims}"
        )
    if isinstance(dims, (tuple, list)):
        dims_a, dims_b = dims
    elif isinstance(dims, _Base) and dims.numel() > 1:
        if dims.size(0) != 2:
            raise AssertionError(f"Expected dims.size(0) == 2, got {dims.size(0)}")
        dims_a, dims_b = dims[0].tolist(), dims[1].tolist()
    else:
        n = int(dims)
        if n < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={n}")
        if n > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={n}")
        dims_a, dims_b = list(range(-n, 0)), list(range(n))
    return _tensordot(a, b, dims_a, dims_b) if out is None else _tensordot(a, b, dims_a, dims_b, out=out)


_COMPUTE_MODES = {
    "use_mm_for_euclid_dist_if_necessary": None,
    "use_mm_for_euclid_dist": 1,
    "donot_use_mm_for_euclid_dist": 2,
}


def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """p-norms of the differences between all rows of two batches of matrices (B, P, M) and (B, R, M): (B, P, R)."""
    if compute_mode not in _COMPUTE_MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    return _cdist(x1, x2, p, _COMPUTE_MODES[compute_mode])


def chain_matmul(*matrices, out=None):
    """Product of matrices, in the order that needs the fewest multiplications."""
    return _chain_matmul(matrices) if out is None else _chain_matmul(matrices, out=out)


def norm(input, p="fro", dim=None, keepdim=False, out=None, dtype=None):
    """The p-norm of all elements or over `dim`; "fro" is the 2-norm."""
    input.layout  # noqa: B018 - refuses what is no tensor
    dims = [dim] if isinstance(dim, int) else dim
    rest = {"dtype": dtype} if out is None else {"dtype": dtype, "out": out}
    if isinstance(p, str):
        if p == "fro" and (dims is None or len(dims) <= 2):
            return _C.linalg_vector_norm(input, 2, dims, keepdim, **rest)
        return _C.linalg_matrix_norm(input, p, list(range(input.ndim)) if dims is None else dims, keepdim, **rest)
    return _C.linalg_vector_norm(input, 2.0 if p is None else p, dims, keepdim, **rest)


def _norm_method(self, p="fro", dim=None, keepdim=False, dtype=None):
    """The p-norm of all elements or over `dim`; see `gradus.norm`."""
    return norm(self, p, dim, keepdim, dtype=dtype)


einsum = _C._overridable(einsum)
tensordot = _C._overridable(tensordot)
cdist = _C._overridable(cdist)
chain_matmul = _C._overridable(chain_matmul)
norm = _C._overridable(norm)


def install() -> None:
    """Gives Tensor the methods of this file."""
    _norm_method.__name__, _norm_method.__qualname__ = "norm", "Tensor.norm"
    _C.Tensor.norm = _C._overridable(_norm_method)  # type: ignore[method-assign,assignment]
