"""The Tensor object itself: identity, lifetime, subclasses, memory shared with NumPy, copies, leaks."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

gradus = pytest.importorskip("gradus")


def census():
    return gradus._C._census()


def test_one_object_per_tensor():
    x = gradus.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    assert x.grad is x.grad
    y = (x * 2).exp()
    assert y.grad_fn is y.grad_fn
    assert y.grad_fn.next_functions[0][0].next_functions[0][0].variable is x
    assert x.add_ is not None and gradus.zeros(2).fill_(1).add_(1).tolist() == [2, 2]


def test_attributes_and_weak_references_survive_while_the_tensor_lives():
    x = gradus.ones(2, requires_grad=True)
    x.grad = gradus.zeros(2)
    x.grad.note = "kept"
    seen = weakref.ref(x.grad)
    gc.collect()
    assert x.grad.note == "kept"
    assert seen() is x.grad
    x.grad = None
    assert seen() is None


def test_a_subclass_object_outlives_its_last_python_reference():
    class Named(gradus.Tensor):
        pass

    owner = gradus.ones(2, requires_grad=True)
    grad = gradus.Tensor._make_subclass(Named, gradus.zeros(2))
    owner.grad = grad
    address = id(grad)
    del grad
    gc.collect()
    assert type(owner.grad) is Named and id(owner.grad) == address


def test_finalizers_run_once():
    deaths = []

    class Mortal(gradus.Tensor):
        def __del__(self):
            deaths.append(self.shape)

    tensor = gradus.Tensor._make_subclass(Mortal, gradus.zeros(2))
    del tensor
    gc.collect()
    assert deaths == [(2,)]


def test_cycles_through_attributes_are_collected():
    gc.collect()
    before = census()["tensors"]
    for _ in range(100):
        x = gradus.ones(2)
        x.me = x
        p = gradus.nn.Parameter(gradus.ones(2))
        p.me = p
    del x, p
    gc.collect()
    assert census()["tensors"] == before


def test_nothing_leaks_without_the_collector():
    def work():
        x = gradus.ones(3, 3, requires_grad=True)
        y = (x @ x + 1).relu()[0] * 2
        y.sum().backward()
        gradus.autograd.grad((x * x).sum(), x, create_graph=True)
        with pytest.raises(RuntimeError):
            x + gradus.ones(2)
        with pytest.raises(TypeError):
            x.sum("a")
        x.max(0), x.detach().numpy(), x.tolist(), list(x), x[x > 0], gradus.stack([x, x])
        gradus.ones(2).squeeze_().unsqueeze_(0)

    work()
    gc.collect()
    gc.disable()
    try:
        before = census()
        for _ in range(50):
            work()
        assert census() == before
    finally:
        gc.enable()


def test_numpy_shares_memory_both_ways():
    array = np.arange(6.0).reshape(2, 3)[:, ::2]
    x = gradus.from_numpy(array)
    assert x.stride() == (3, 2) and x.dtype == gradus.float64
    array[0, 0] = 7
    x[1, 1] = -1
    assert x[0, 0].item() == 7 and array[1, 1] == -1
    back = x.numpy()
    assert np.shares_memory(back, array)
    del x, array
    gc.collect()
    assert back[0, 0] == 7
    fresh = gradus.tensor([0.0, 0.0])
    fresh.numpy()[0] = 3
    assert fresh._version == 0 and fresh.tolist() == [3, 0]


@pytest.mark.parametrize("name", ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"])
def test_numpy_round_trip(name):
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(name)
    x = gradus.from_numpy(array)
    assert x.dtype == getattr(gradus, name)
    assert x.numpy().dtype == array.dtype
    np.testing.assert_array_equal(x.T.numpy(), array.T)
    assert x.tolist() == array.tolist()


def test_views_stay_views_when_copied():
    x = gradus.arange(6.0)
    pair = copy.deepcopy([x, x.view(2, 3)])
    pair[0][0] = 9
    assert pair[1][0, 0].item() == 9 and x[0].item() == 0
    p = gradus.nn.Parameter(x)
    p.grad = gradus.ones(6)
    twin = copy.deepcopy(p)
    assert type(twin) is gradus.nn.Parameter and twin.requires_grad and twin is not p


def test_pickle_keeps_values_dtype_and_flags():
    for dtype in (gradus.float32, gradus.bfloat16, gradus.int64, gradus.bool):
        x = gradus.ones(2, 3, dtype=dtype).T
        y = pickle.loads(pickle.dumps(x))
        assert y.dtype is dtype and y.shape == x.shape and y.tolist() == x.tolist()
    assert pickle.loads(pickle.dumps(gradus.ones(1, requires_grad=True))).requires_grad
    assert pickle.loads(pickle.dumps(gradus.float32)) is gradus.float32
    assert pickle.loads(pickle.dumps(gradus.add)) is gradus.add
    assert type(pickle.loads(pickle.dumps(gradus.ones(2, 3).shape))) is gradus.Size


def test_geometry_in_place():
    x = gradus.arange(6.0).view(2, 3).clone()
    assert x.transpose_(0, 1) is x and x.shape == (3, 2) and x.stride() == (1, 3) and x._version == 1
    leaf = gradus.tensor([[1.0] * 3] * 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        leaf.t_()
    assert leaf.shape == (2, 3) and leaf._version == 0
    y = leaf * gradus.arange(6.0).view(2, 3)
    y.t_().unsqueeze_(0)
    (y * gradus.tensor([1.0, 10.0])).sum().backward()
    assert leaf.grad.tolist() == [[0, 1, 2], [30, 40, 50]]


def test_calls_from_many_forms_agree():
    x, y = gradus.tensor([1.0, 2.0]), gradus.tensor([3.0, 5.0])
    expected = [4.0, 7.0]
    keywords = {"".join(["ot", "her"]): y}  # a name that is not interned
    for result in (x + y, x.add(y), gradus.add(x, y), gradus.add(input=x, other=y), x.add(**keywords)):
        assert result.tolist() == expected
    out = gradus.empty(2)
    assert gradus.add(x, y, out=out) is out and out.tolist() == expected
    assert gradus.Tensor.add(x, y).tolist() == expected
    assert list(map(gradus.Tensor.sum, [x, y])) == [3.0, 8.0]


def test_numpy_numbers_are_numbers():
    x = gradus.ones(2)
    for number in (np.float64(2), np.float32(2), np.int64(2), np.uint8(2)):
        for result in (x * number, number * x, x + number - 0):
            assert type(result) is gradus.Tensor and result.dtype == gradus.float32
    assert x.reshape(np.int64(2), np.int32(1)).shape == (2, 1)
    assert x.sum(np.int64(0)).item() == 2
    with pytest.raises(TypeError):
        np.ones(2) * x


def test_draws_from_parameters_are_new_tensors():
    p = gradus.full((3,), 0.5)
    made = [gradus.bernoulli(p), gradus.bernoulli(p, 0.5), p.bernoulli(), gradus.normal(p, 1.0), gradus.normal(0.0, p)]
    made += [gradus.normal(p, p), gradus.normal(0.0, 1.0, (3,)), gradus.rand_like(p)]
    assert [t._version for t in made] == [0] * len(made)
    out = gradus.normal(p, p, out=gradus.zeros(3))
    assert out._version == 1
