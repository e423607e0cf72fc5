"""Operators on lists of tensors against PyTorch: its own tables of samples, refusals, gradients, what is given back."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from bridge import both, gradus, names, to_gradus, torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal import common_methods_invocations as tables

INFOS = {
    info.name: info
    for kind in ("unary", "binary", "pointwise", "reduce", "other")
    for info in getattr(tables, f"foreach_{kind}_op_db")
}
DTYPES = ["float32", "int64", "bool", "bfloat16"]
SAMPLES = 12


def other(value):
    """The same value in Gradus."""
    if isinstance(value, torch.Tensor):
        if value.dtype == torch.bfloat16:
            return to_gradus(value.float()).to(gradus.bfloat16)
        return to_gradus(value)
    if isinstance(value, torch.dtype):
        return getattr(gradus, names(value).removeprefix("torch."))
    if isinstance(value, (list, tuple)):
        return type(value)(other(v) for v in value)
    return value


def copied(tensors):
    return [t.detach().clone() for t in tensors]


def numbers(tensor):
    return tensor.detach().double().numpy()


def samples(info, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(info.sample_inputs("cpu", getattr(torch, dtype), noncontiguous=False))
    found = [s for s in found if not any(t.is_complex() for t in s.input)]
    return found[:: max(1, len(found) // SAMPLES)]


def outcome(function, tensors, args, kwargs):
    try:
        return function(tensors, *args, **kwargs)
    except Exception as error:
        return error


def compare(got, expected):
    if isinstance(expected, Exception):
        assert isinstance(got, type(expected)), (got, expected)
        return
    assert not isinstance(got, Exception), got
    assert type(got) is type(expected)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert names(a.dtype) == str(b.dtype)
        assert tuple(a.shape) == tuple(b.shape)
        rtol, atol = {"torch.bfloat16": (1.6e-2, 0.2), "torch.float32": (2e-6, 1e-6)}.get(str(b.dtype), (1e-7, 1e-9))
        np.testing.assert_allclose(numbers(a), numbers(b), rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", INFOS)
def test_samples(name, dtype):
    info = INFOS[name]
    found = samples(info, dtype)
    functions = [(getattr(torch, n, None), getattr(gradus, n, None)) for n in (name, name + "_")]
    ran = 0
    for sample in found:
        kwargs = {k: other(v) for k, v in sample.kwargs.items()}
        for reference, subject in functions:
            if reference is None:
                assert subject is None
                continue
            mine = [other(t) for t in sample.input]
            expected = outcome(reference, copied(sample.input), sample.args, sample.kwargs)
            compare(outcome(subject, mine, other(sample.args), kwargs), expected)
            ran += 1
    assert ran or not found


@pytest.mark.parametrize("name", [n for n in INFOS if n not in ("_foreach_copy", "_foreach_zero")])
def test_gradients(name):
    """The gradients of the lists, that of the first argument and of those after it."""
    if name == "_foreach_powsum":
        pytest.skip("PyTorch has no gradient of it")
    for sample in samples(INFOS[name], "float64")[:12]:
        leaves = []

        def leaf(value, made=leaves):
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                made.append((value.detach().clone().requires_grad_(), other(value).requires_grad_()))
                return made[-1]
            if isinstance(value, (list, tuple)):
                pairs = [leaf(v) for v in value]
                return type(value)(p[0] for p in pairs), type(value)(p[1] for p in pairs)
            return value, other(value)

        tensors, args = leaf(sample.input), leaf(tuple(sample.args))
        kwargs = {k: other(v) for k, v in sample.kwargs.items()}
        expected = outcome(getattr(torch, name), tensors[0], args[0], sample.kwargs)
        if isinstance(expected, Exception):
            continue
        got = getattr(gradus, name)(tensors[1], *args[1], **kwargs)
        if not any(t.requires_grad for t in expected):
            continue
        try:
            sum(t.sum() for t in expected).backward()
        except (RuntimeError, IndexError):  # PyTorch's formula does not hold for lists of these shapes
            continue
        if any(t.requires_grad for t in got):
            sum(t.sum() for t in got).backward()
        for a, b in leaves:
            gradient = np.zeros(tuple(a.shape)) if b.grad is None else b.grad.numpy()
            expected_gradient = np.zeros(tuple(a.shape)) if a.grad is None else a.grad.numpy()
            np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-6, atol=1e-9)


REFUSED = [
    "lib._foreach_add(a, [a[0]])",
    "lib._foreach_add(a, [1.0])",
    "lib._foreach_add([], [])",
    "lib._foreach_add([], 1)",
    "lib._foreach_abs([])",
    "lib._foreach_add_([], 1)",
    "lib._foreach_addcmul(a, a, a, lib.ones(3))",
    "lib._foreach_addcmul(a, a, a, lib.ones(2, 2))",
    "lib._foreach_addcmul(a, a, [a[0]])",
    "lib._foreach_addcmul(a, a, a, [1.0])",
    "lib._foreach_lerp(a, a, [a[0]])",
    "lib._foreach_lerp(a, a, [1.0])",
    "lib._foreach_lerp(a, [a[0]], 0.5)",
    "lib._foreach_mul(a, lib.ones(2))",
    "lib._foreach_copy_(a, [a[0]])",
    "lib._foreach_pow(a, [a[0]])",
    "lib._foreach_max([lib.ones(0)])",
    "lib._foreach_norm([lib.ones(2, dtype=lib.int64)])",
    "lib._foreach_add(a, 'x')",
    "lib._foreach_add(lib.ones(2), 1)",
]


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(call):
    got, expected = both(lambda lib: eval(call, {"lib": lib, "a": [lib.ones(2), lib.ones(3)]}))
    assert got == expected


def test_a_list_written_in_place_comes_back():
    tensors = [gradus.ones(2), gradus.ones(3)]
    assert gradus._foreach_add_(tensors, 1) is tensors
    assert [t._version for t in tensors] == [1, 1]
    assert isinstance(gradus._foreach_add(tensors, 1), tuple)
