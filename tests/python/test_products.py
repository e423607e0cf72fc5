"""Matrix products: strides of their gradients, what is copied and what is not, and bits that ignore the layout."""

from __future__ import annotations

import numpy as np
import pytest
from bridge import to_gradus, torch

import gradus

SHAPES = [(5, 7, 3), (1, 7, 3), (5, 1, 3), (5, 7, 1), (1, 1, 1), (33, 70, 18)]


def product(lib, kind, bias, a, b):
    if kind == "mm":
        return a.mm(b)
    return lib.addmm(bias, a, b) if kind == "addmm" else lib.addmm(bias, a, b, beta=2, alpha=3)


@pytest.mark.parametrize("kind", ["mm", "addmm", "scaled addmm"])
@pytest.mark.parametrize("a_turned", [False, True])
@pytest.mark.parametrize("b_turned", [False, True])
def test_strides_are_pytorchs(kind, a_turned, b_turned):
    def strides(lib, n, k, m):
        leaves = [lib.ones(k, n) if a_turned else lib.ones(n, k), lib.ones(m, k) if b_turned else lib.ones(k, m)]
        leaves = [leaf.requires_grad_() for leaf in leaves]
        a, b = (x.t() if turned else x * 1 for x, turned in zip(leaves, (a_turned, b_turned)))
        seen = {}
        a.register_hook(lambda g: seen.update(a=g.stride()))
        b.register_hook(lambda g: seen.update(b=g.stride()))
        y = product(lib, kind, lib.ones(m), a, b)
        y.backward(lib.ones_like(y))
        return seen, [(leaf.grad.stride(), leaf.grad._is_view(), leaf.grad._version) for leaf in leaves]

    for shape in SHAPES:
        assert strides(gradus, *shape) == strides(torch, *shape), shape


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("shape", [*SHAPES, (300, 96, 400), (9000, 3, 5), (4, 9000, 3), (3, 5, 9000)])
def test_bits_do_not_depend_on_the_layout(dtype, shape):
    n, k, m = shape
    gradus.manual_seed(0)
    dtype = getattr(gradus, dtype)
    a, b, g = (gradus.randn(*size).to(dtype) for size in ((n, k), (k, m), (n, m)))

    def gradients(a_turned, b_turned):
        x, y = ((t.t().contiguous().t() if turned else t.clone()) for t, turned in ((a, a_turned), (b, b_turned)))
        x.requires_grad_()
        y.requires_grad_()
        x.mm(y).backward(g)
        return x.grad, y.grad

    plain = gradients(False, False)
    for turned in [(False, True), (True, False), (True, True)]:
        for got, wanted in zip(gradients(*turned), plain):
            assert gradus.equal(got, wanted)


@pytest.mark.parametrize("sizes", [(4, 8), (3, 4, 8), (2, 3, 4, 8)])
@pytest.mark.parametrize("bias", [False, True])
def test_the_gradient_of_a_weight_is_not_copied(sizes, bias):
    layer = gradus.nn.Linear(8, 5, bias=bias)
    arrived = []
    layer.weight.register_hook(lambda g: arrived.append((g.data_ptr(), g.stride())))
    for _ in range(2):
        layer.weight.grad = None
        layer(gradus.randn(*sizes)).square().sum().backward()
        assert arrived[-1] == (layer.weight.grad.data_ptr(), (8, 1))
        assert not layer.weight.grad._is_view()


def test_a_gradient_that_somebody_holds_is_copied():
    w, kept = gradus.randn(5, 8, requires_grad=True), []
    w.register_hook(kept.append)
    gradus.randn(3, 8).mm(w.t()).sum().backward()
    before = kept[0].clone()
    w.grad.mul_(2)
    assert gradus.equal(kept[0], before) and kept[0].data_ptr() != w.grad.data_ptr()


def test_gradients_of_parts_are_no_longer_than_the_parts():
    w = gradus.randn(4, 3, requires_grad=True)
    gradus.cat([gradus.randn(6, 3), w]).mul(2).sum().backward()
    assert w.grad.untyped_storage().nbytes() == 4 * 3 * 4


def test_a_weight_used_by_many_steps_gathers_all_gradients():
    rng = np.random.default_rng(0)
    w0, xs = rng.standard_normal((6, 4)), rng.standard_normal((5, 3, 4))

    def gathered(lib, make):
        w = make(w0).requires_grad_()
        sum(((x.mm(w.t()) ** 2).sum() for x in map(make, xs)), start=0).backward()
        return w.grad

    wanted = 2 * sum(w0 @ x.T @ x for x in xs)
    got = gathered(gradus, lambda x: to_gradus(torch.from_numpy(x)))
    assert got.stride() == (4, 1)
    np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-12)


def test_a_weight_may_change_before_backward_if_only_its_gradient_is_wanted():
    x = gradus.randn(3, 8)
    w = gradus.randn(5, 8, requires_grad=True)
    for y in (x.mm(w.t()), gradus.addmm(gradus.zeros(5), x, w.t())):
        with gradus.no_grad():
            w.mul_(2)
        w.grad = None
        y.backward(gradus.ones(3, 5))
        np.testing.assert_array_equal(w.grad.numpy(), gradus.ones(5, 3).mm(x).numpy())


def test_second_derivatives_of_turned_operands():
    a, b = (gradus.randn(*size, dtype=gradus.float64, requires_grad=True) for size in ((4, 3), (2, 4)))
    bias = gradus.randn(2, dtype=gradus.float64, requires_grad=True)
    assert gradus.autograd.gradcheck(lambda a, b: a.t().mm(b.t()), (a, b))
    assert gradus.autograd.gradgradcheck(lambda a, b: a.t().mm(b.t()), (a, b))
    assert gradus.autograd.gradgradcheck(lambda s, a, b: gradus.addmm(s, a.t(), b.t(), alpha=2), (bias, a, b))


LAYOUTS = {
    "heads": lambda lib, x: x.transpose(1, 2).contiguous().transpose(1, 2),
    "turned": lambda lib, x: x.transpose(-2, -1).contiguous().transpose(-2, -1),
    "expanded": lambda lib, x: x[:, :1].expand(*x.shape),
    "sliced": lambda lib, x: lib.cat([x, x], -1)[..., : x.shape[-1]],
    "one batch": lambda lib, x: x[0],
    "a matrix": lambda lib, x: x[0, 0],
    "plain": lambda lib, x: x,
}


@pytest.mark.parametrize("first", sorted(LAYOUTS))
@pytest.mark.parametrize("second", sorted(LAYOUTS))
@pytest.mark.parametrize("threads", [1, 3])
def test_batches_are_multiplied_where_they_lie(first, second, threads):
    before = gradus.get_num_threads()
    gradus.set_num_threads(threads)
    gradus.manual_seed(0)
    try:
        for batch in [(2, 3), (9, 4), (3, 1), (0, 2)]:
            a = LAYOUTS[first](gradus, gradus.randn(*batch, 5, 7)) if batch[0] else gradus.randn(*batch, 5, 7)
            b = LAYOUTS[second](gradus, gradus.randn(*batch, 7, 33)) if batch[0] else gradus.randn(*batch, 7, 33)
            got = a @ b
            with_gradient = a.clone().requires_grad_() @ b
            assert got.stride() == with_gradient.stride() and not got._is_view()
            assert gradus.equal(got, with_gradient)
            wanted = torch.matmul(torch.tensor(a.numpy()).double(), torch.tensor(b.numpy()).double())
            np.testing.assert_allclose(got.numpy(), wanted.numpy(), atol=1e-5)
    finally:
        gradus.set_num_threads(before)


def test_operands_of_batched_products_may_change_before_backward_as_in_pytorch():
    def gradients(lib):
        x = lib.arange(48.0).reshape(2, 3, 8).requires_grad_()
        q, k = (part.view(2, 3, 2, 2).transpose(1, 2) for part in (x * 2).chunk(2, -1))
        q, k = q * 1, k * 1
        q, k = (t.transpose(1, 2).contiguous().transpose(1, 2) for t in (q, k))
        scores = q @ k.transpose(-2, -1)
        q.mul_(3)
        scores.sum().backward()
        return x.grad.numpy()

    np.testing.assert_array_equal(gradients(gradus), gradients(torch))
