"""Activation and dropout modules against PyTorch: text, values, gradients, what is written in place, draws."""

from __future__ import annotations

import warnings

import pytest
from bridge import assert_near, assert_same, gradus, names, to_gradus, to_torch, torch

MODULES = [
    "Threshold(0.1, 20)",
    "ReLU()",
    "RReLU()",
    "RReLU(0.2, 0.5)",
    "Hardtanh()",
    "Hardtanh(-2, 0.5)",
    "ReLU6()",
    "Sigmoid()",
    "Hardsigmoid()",
    "Tanh()",
    "SiLU()",
    "Mish()",
    "Hardswish()",
    "ELU()",
    "ELU(0.7)",
    "CELU(1.3)",
    "SELU()",
    "GLU()",
    "GLU(1)",
    "GELU()",
    "Hardshrink()",
    "Hardshrink(0.1)",
    "LeakyReLU(0.2)",
    "LogSigmoid()",
    "Softplus()",
    "Softplus(2.0, 1.0)",
    "Softshrink(0.3)",
    "PReLU()",
    "PReLU(4, init=0.1)",
    "Softsign()",
    "Tanhshrink()",
    "Softmin(1)",
    "Softmax2d()",
    "Dropout1d(0.4)",
    "Dropout2d(0.4)",
    "Dropout3d()",
    "AlphaDropout(0.3)",
    "FeatureAlphaDropout(0.3)",
]
SHAPES = {"Dropout1d": (2, 4, 6), "Dropout3d": (2, 4, 3, 2, 6)}
INPLACE = [
    "Threshold(0.1, 20, True)",
    *(f"{n}(inplace=True)" for n in "ReLU RReLU Hardtanh ReLU6 Hardsigmoid SiLU Mish Hardswish ELU CELU SELU".split()),
    *(f"{n}(inplace=True)" for n in "LeakyReLU Dropout1d Dropout2d Dropout3d AlphaDropout".split()),
]


def make(text, lib):
    return eval(f"nn.{text}", {"nn": lib.nn})


def inputs(text):
    """The same input in both libraries, a product so that it may be written in place, and its leaf."""
    shape = SHAPES.get(text.partition("(")[0], (2, 4, 6, 6))
    leaf = torch.randn(shape, generator=torch.Generator().manual_seed(3)) * 3
    pair = leaf.clone().requires_grad_(), to_gradus(leaf).requires_grad_()
    return pair, tuple(x * 1 for x in pair)


@pytest.mark.parametrize("text", MODULES + INPLACE)
def test_module(text):
    reference, subject = make(text, torch), make(text, gradus)
    assert names(repr(subject)) == repr(reference)
    leaves, (x, y) = inputs(text)
    torch.manual_seed(7)
    gradus.manual_seed(7)
    out, got = reference(x), subject(y)
    assert (got is y) == (out is x)
    assert_near(got, out, rtol=2e-6, atol=1e-6)
    out.square().sum().backward()
    got.square().sum().backward()
    assert_near(leaves[1].grad, leaves[0].grad, rtol=1e-5, atol=1e-5)
    assert_same(gradus.rand(1), torch.rand(1))  # as many draws


@pytest.mark.parametrize("text", ["RReLU()", "Dropout1d()", "Dropout2d()", "Dropout3d()", "AlphaDropout()"])
def test_draws_are_bit_equal(text):
    _, (x, y) = inputs(text)
    for seed in range(3):
        torch.manual_seed(seed)
        gradus.manual_seed(seed)
        assert_same(make(text, gradus)(y), make(text, torch)(x))
        x, y = x.double(), y.double()
    assert_same(make(text, gradus).eval()(y), make(text, torch).eval()(x))


@pytest.mark.parametrize("hard", [False, True])
def test_gumbel_softmax(hard):
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(2)
    gradus.manual_seed(2)
    expected = torch.nn.functional.gumbel_softmax(x, tau=0.7, hard=hard)
    assert_near(gradus.nn.functional.gumbel_softmax(to_gradus(x), tau=0.7, hard=hard), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("train", [True, False, None])
def test_native_dropout(p, train):
    x = torch.ones(40, requires_grad=True)
    y = to_gradus(x).requires_grad_()
    torch.manual_seed(2)
    gradus.manual_seed(2)
    expected, got = torch.native_dropout(x, p, train), gradus.native_dropout(y, p, train)
    for a, b in zip(got, expected, strict=True):
        assert_same(a, b)
    if not expected[0].requires_grad:
        return
    expected[0].sum().backward()
    got[0].sum().backward()
    assert_same(y.grad, x.grad)


@pytest.mark.parametrize("name, shape", [("dropout2d", (3, 4)), ("dropout2d", (2, 3, 4)), ("dropout3d", (3, 4))])
def test_unusual_ranks_warn(name, shape):
    said = []
    for lib in (torch, gradus):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(lib.nn.functional, name)(lib.ones(*shape), 0.5, False)
        said.append([(w.category.__name__, str(w.message)) for w in caught])
    assert said[0] == said[1] and said[0]


def test_hardtanh_takes_its_old_names():
    said = []
    for lib in (torch, gradus):
        with pytest.warns(FutureWarning) as caught:
            module = lib.nn.Hardtanh(min_value=-2, max_value=3)
        said.append((repr(module), [str(w.message) for w in caught]))
    assert said[0] == said[1]


def test_in_place_on_a_prelu_state():
    reference, subject = torch.nn.PReLU(3), gradus.nn.PReLU(3)
    subject.load_state_dict({"weight": gradus.tensor([0.1, 0.2, 0.3])})
    reference.load_state_dict({"weight": torch.tensor([0.1, 0.2, 0.3])})
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(5))
    out, got = reference(x), subject(to_gradus(x))
    assert_same(got, out)
    out.sum().backward()
    got.sum().backward()
    assert_near(to_torch(subject.weight.grad), reference.weight.grad)
