"""First and second derivatives of every operator against central differences in float64, on PyTorch's sample inputs.

Of each kind of sample (plain, not contiguous, broadcast, 0-d, empty) the smallest and the largest are taken.
"""

from __future__ import annotations

import warnings

import pytest
from oracle import ops, samples
from oracle.forms import flatten, signature
from oracle.library import reference, subject
from oracle.neutral import Array, is_tensor, thaw

pytestmark = pytest.mark.skipif(reference() is None, reason="the sample inputs come from PyTorch")

LARGEST = 40  # elements up to which all of a Jacobian is computed; above, one combination of its elements

# Operators whose derivative is not that of what they compute, and why.
WITHOUT = {
    "normal": "the derivative of a draw by its parameters is zero by definition",
    "normal/number_mean": "the derivative of a draw by its parameters is zero by definition",
    "linalg.norm/subgradients_at_zero": "the samples lie where norms have no derivative",
}


# Operators whose strides count in the memory of a tensor: on one with gaps they reach elements that it does not have.
ADDRESSES = ("as_strided", "as_strided_copy", "as_strided_scatter")


def names() -> list[str]:
    if reference() is None:
        return []
    found = [n for n in ops.selected(subject()) if ops.op_infos()[n].supports_autograd and n not in WITHOUT]
    return [n for n in found if ops.function(n, subject())]


def wanting(sample) -> list[Array]:
    values = flatten([sample.input, sample.args, sample.kwargs])
    return [v for v in values if isinstance(v, Array) and v.requires_grad and v.dtype == "float64"]


def kinds(sample) -> set[str]:
    """What is special about a sample."""
    arrays = [v for v in flatten([sample.input, sample.args, sample.kwargs]) if isinstance(v, Array)]
    found = set()
    if any(a.data.size == 0 for a in arrays):
        found.add("empty")
    if any(a.data.ndim == 0 for a in arrays):
        found.add("0-d")
    if len({a.shape for a in arrays}) > 1:
        found.add("broadcast")
    if sample.name.endswith("noncontiguous"):
        found.add("noncontiguous")
    return found or {"plain"}


def chosen(name: str) -> list:
    """The smallest and the largest sample of each kind."""
    best: dict[tuple[str, int], tuple[int, object]] = {}
    for sample in samples.op_samples(ops.op_infos()[name], "float64", reference(), 40):
        arrays = wanting(sample)
        size = sum(a.data.size for a in arrays)
        expanded = any(stride == 0 and n > 1 for a in arrays for stride, n in zip(a.strides, a.shape))
        if not arrays or expanded or (name in ADDRESSES and sample.name.endswith("noncontiguous")):
            continue
        for kind in kinds(sample) | ({"large"} if size > LARGEST else set()):
            for sign in (1, -1):
                if (kind, sign) not in best or sign * size < best[kind, sign][0]:
                    best[kind, sign] = (sign * size, sample)
    return list({id(sample): sample for _, sample in best.values()}.values())


def as_function(name: str, sample, lib):
    """A function of the tensors that want a gradient, and these tensors."""
    arguments = [thaw(v, lib) for v in (sample.input, sample.args, sample.kwargs)]
    leaves = [v for v in flatten(arguments) if is_tensor(v) and v.requires_grad and v.dtype == lib.float64]

    def put(value, places):
        if is_tensor(value):
            return next((new for old, new in places if old is value), value)
        if isinstance(value, dict):
            return {k: put(v, places) for k, v in value.items()}
        return type(value)(put(v, places) for v in value) if isinstance(value, (list, tuple)) else value

    def function(*tensors):
        x, args, kwargs = put(arguments, list(zip(leaves, tensors)))
        lib.manual_seed(0)
        result = ops.function(name, lib)(x, *args, **kwargs)
        return tuple(v for v in flatten(result) if is_tensor(v) and v.dtype == lib.float64)

    return function, tuple(leaves)


@pytest.mark.parametrize("name", names())
@pytest.mark.filterwarnings("ignore")
def test_derivatives(name):
    lib, info = subject(), ops.op_infos()[name]
    for sample in chosen(name):
        function, leaves = as_function(name, sample, lib)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outputs = function(*leaves)
            except Exception:  # refused, or a part that is missing: the comparison with PyTorch says which
                continue
            if not any(out.requires_grad for out in outputs) or not all(out.isfinite().all() for out in outputs):
                continue
            fast = sum(leaf.numel() for leaf in leaves) > LARGEST
            try:
                assert lib.autograd.gradcheck(function, leaves, fast_mode=fast)
                if info.supports_gradgrad:
                    lib.manual_seed(1)
                    assert lib.autograd.gradgradcheck(function, leaves, fast_mode=fast)
            except Exception as error:
                raise AssertionError(f"{name}{signature(sample)}") from error
