"""Contexts of Python-defined functions as objects: nothing leaks, cycles are collected, what the graph needs stays."""

from __future__ import annotations

import gc
import weakref

import pytest

gradus = pytest.importorskip("gradus")
Function = gradus.autograd.Function


class Doubled(Function):
    """Keeps its argument."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Cyclic(Doubled):
    """Refers to its own result."""

    @staticmethod
    def forward(ctx, x):
        ctx.result = x * 2
        return ctx.result


class Named(gradus.Tensor):
    """A subclass, for attributes and cycles."""


def census():
    gc.collect()
    return gradus._C._census()


@pytest.fixture
def leaf():
    """A leaf that has its accumulator already."""
    x = gradus.ones(3, requires_grad=True)
    (x * 1).sum().backward()
    return x


def test_nothing_leaks_without_the_collector(leaf):
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            result = x.exp()
            ctx.save_for_backward(x, result, None)
            ctx.note = [1]
            return result, 3

        @staticmethod
        def backward(ctx, grad, _):
            x, result, _ = ctx.saved_tensors
            return grad * result

    class Fails(Exp):
        @staticmethod
        def backward(ctx, grad, _):
            raise ValueError

    def work():
        y, _ = Exp.apply(leaf)
        y.grad_fn.more = y.shape
        (g,) = gradus.autograd.grad(y.sum(), leaf, create_graph=True)
        g.sum().backward()
        with pytest.raises(ValueError):
            Fails.apply(leaf)[0].sum().backward()
        with pytest.raises(RuntimeError):
            Doubled.apply(leaf)[0].backward(gradus.ones(5))
        with gradus.no_grad():
            Exp.apply(leaf)
        Exp.apply(leaf)

    work()
    gc.collect()
    gc.disable()
    try:
        before = gradus._C._census()
        for _ in range(30):
            work()
        assert gradus._C._census() == before
    finally:
        gc.enable()


def test_graphs_of_gradients_are_freed_without_the_collector():
    """Where `.grad` itself has a history, dropping the leaf is enough: accumulators do not own their leaves."""

    def work():
        x = gradus.ones(3, requires_grad=True)
        y = x.exp() * x
        y.sum().backward(create_graph=True)
        (x.grad * x).sum().backward(create_graph=True)
        Doubled.apply(x.grad).sum().backward()

    work()
    gc.collect()
    gc.disable()
    try:
        before = gradus._C._census()
        for _ in range(20):
            work()
        assert gradus._C._census() == before
    finally:
        gc.enable()


def test_hooks_of_modules_and_checkpoints_leave_nothing():
    from gradus.utils.checkpoint import checkpoint

    def work():
        model = gradus.nn.Sequential(gradus.nn.Linear(3, 3), gradus.nn.Tanh())
        model.register_full_backward_hook(lambda module, grad_input, grad_output: None)
        model[0].register_full_backward_pre_hook(lambda module, grad_output: None)
        x = gradus.ones(2, 3, requires_grad=True)
        model(x).sum().backward()
        for reentrant in (False, True):
            checkpoint(model, x, use_reentrant=reentrant).sum().backward()
        checkpoint(model, x, use_reentrant=False)

    work()
    before = census()
    for _ in range(10):
        work()
    assert census() == before


def test_context_that_refers_to_its_result_is_collected(leaf):
    before = census()
    y = Cyclic.apply(leaf)
    context = weakref.ref(y.grad_fn)
    del y
    assert context() is not None
    assert census() == before and context() is None


def test_saved_input_that_refers_to_the_result_is_collected(leaf):
    before = census()
    x = leaf * 1
    x.result = Doubled.apply(x)
    del x
    assert census() == before


def test_collector_spares_what_the_graph_needs(leaf):
    y = Cyclic.apply(leaf)
    y.grad_fn.note = "kept"
    z = y * 2
    del y
    gc.collect()
    context = z.grad_fn.next_functions[0][0]
    assert context.note == "kept" and context.result.tolist() == [2, 2, 2]
    context = weakref.ref(context)
    leaf.grad = None
    z.sum().backward()
    assert leaf.grad.tolist() == [4, 4, 4]
    del z
    gc.collect()
    assert context() is None


def test_context_keeps_identity_attributes_and_weak_references(leaf):
    z = Doubled.apply(leaf) * 3
    context = z.grad_fn.next_functions[0][0]
    seen, address = weakref.ref(context), id(context)
    context.note = "kept"
    del context
    gc.collect()
    again = z.grad_fn.next_functions[0][0]
    assert again is seen() and id(again) == address and again.note == "kept"
    del again, z
    assert seen() is None


def test_long_chains_neither_recurse_nor_leak(leaf):
    before = census()
    y = leaf
    for _ in range(20000):
        y = Doubled.apply(y)
    y.sum().backward()
    del y
    assert census() == before


def test_classes_are_collected():
    def make():
        class Local(Doubled):
            pass

        x = gradus.ones(2, requires_grad=True)
        Local.apply(x).sum().backward()
        return weakref.ref(Local)

    found = make()
    gc.collect()
    assert found() is None


class TestTensorObjects:
    """Objects of subclasses, and plain ones with attributes, through the collector and across owners."""

    def test_cycle_of_a_subclass_is_collected(self):
        before = census()
        tensor = gradus.Tensor._make_subclass(Named, gradus.ones(2))
        tensor.me = tensor
        del tensor
        assert census() == before

    def test_collector_spares_attributes_of_a_tensor_that_the_core_owns(self):
        owner = gradus.ones(2, requires_grad=True)
        grad = gradus.Tensor._make_subclass(Named, gradus.zeros(2))
        grad.me, seen = grad, weakref.ref(grad)
        owner.grad = grad
        del grad
        gc.collect()
        assert owner.grad is seen() and owner.grad.me is owner.grad and type(owner.grad) is Named
        del owner.grad.me
        owner.grad = None
        gc.collect()
        assert seen() is None

    def test_dict_and_weak_reference_survive_while_only_the_core_owns(self):
        for make in (gradus.zeros, lambda n: gradus.Tensor._make_subclass(Named, gradus.zeros(n))):
            owner, deaths = gradus.ones(2, requires_grad=True), []
            owner.grad = make(2)
            seen = weakref.ref(owner.grad, deaths.append)
            owner.grad.__dict__["note"] = 5
            for _ in range(3):
                gc.collect()
                assert seen().note == 5 and owner.grad is seen() and not deaths
            owner.grad = None
            assert seen() is None and len(deaths) == 1

    def test_base_of_a_view_keeps_its_object(self):
        base = gradus.ones(4)
        base.note, seen = "base", weakref.ref(base)
        view = base[:2]
        del base
        gc.collect()
        assert view._base is seen() and view._base.note == "base"
