"""Tensors of Gradus as tensors of PyTorch and back, and comparisons between the two libraries."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the reference of these tests and is not installed")

import gradus  # noqa: E402

torch.set_num_threads(1)
torch.backends.opt_einsum.enabled = False  # a package that may be there; it contracts in another order


def to_torch(tensor):
    """A copy of a tensor (of either library) as a plain tensor of PyTorch."""
    return torch.from_numpy(np.array(tensor.detach().numpy(), copy=True))


def to_gradus(tensor):
    """A copy of a tensor (of either library) as a plain tensor of Gradus."""
    return gradus.from_numpy(np.array(tensor.detach().numpy(), copy=True))


def assert_same(actual, expected):
    """Equal in dtype, shape and every bit (nan equals nan)."""
    actual, expected = np.asarray(actual.detach().numpy()), np.asarray(expected.detach().numpy())
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_array_equal(actual, expected)


def assert_near(actual, expected, rtol=1e-6, atol=1e-7):
    """Equal in dtype and shape, and close in value."""
    actual, expected = np.asarray(actual.detach().numpy()), np.asarray(expected.detach().numpy())
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def names(text) -> str:
    """Text with the library's own name replaced by PyTorch's."""
    return str(text).replace("gradus", "torch")


def outcome(function, *arguments):
    """What a call gives: its value, or the class and message of its exception."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error).__name__, names(error)


def both(function):
    """The outcomes of function(library) for Gradus and for PyTorch."""
    return outcome(function, gradus), outcome(function, torch)
