"""Memory that is shared, lent, shrunk or somebody else's; overriding of functions: what must not leak or linger."""

from __future__ import annotations

import copy
import ctypes
import gc
import os
import pickle
import threading

import numpy as np
import pytest

gradus = pytest.importorskip("gradus")

from gradus.utils.dlpack import from_dlpack, to_dlpack  # noqa: E402


def census():
    gc.collect()
    return gradus._C._census()


# ---- storages


def test_a_shrunk_storage_refuses_access_until_it_has_grown_again():
    x = gradus.arange(4.0)
    front = x[:1]
    x.untyped_storage().resize_(4)
    uses = [
        x.item,
        x.tolist,
        x.numpy,
        x.sum,
        x.clone,
        lambda: x + 1,
        lambda: x.add_(1),
        lambda: str(x),
        lambda: x[3:] * 2,
    ]
    uses += [lambda: gradus.ones(4).copy_(x), lambda: bool(x[3]), lambda: to_dlpack(x), lambda: list(map(float, x))]
    uses += [lambda: gradus.add(gradus.ones(4), 1, out=x), lambda: x.fill_(0), lambda: gradus.cat([x, x])]
    for use in uses:
        with pytest.raises(RuntimeError, match="out of bounds for storage of size 4|cannot be converted to Scalar"):
            use()
    assert front.tolist() == [0.0] and x.shape == (4,) and x[:0].tolist() == []
    x.untyped_storage().resize_(16)
    assert x.fill_(2).tolist() == [2, 2, 2, 2]


def test_exported_memory_keeps_its_place_until_nobody_looks():
    x = gradus.arange(3.0)
    storage = x.untyped_storage()
    for export in (x.numpy, lambda: memoryview(storage), lambda: to_dlpack(x), lambda: np.from_dlpack(x)):
        held = export()
        assert not storage.resizable()
        for grow in (lambda: storage.resize_(100), lambda: x.resize_(10), x.share_memory_):
            with pytest.raises(RuntimeError, match="not resizable|belongs to somebody else"):
                grow()
        del held
        gc.collect()
        assert storage.resizable()
    assert x.resize_(10).shape == (10,)


def test_one_object_per_storage_and_no_leak():
    before = census()
    x = gradus.ones(3)
    first = x.untyped_storage()
    assert first is x[1:].untyped_storage() and first._cdata == x.detach().untyped_storage()._cdata
    part = first[4:8]
    del x, first
    gc.collect()
    assert part.tolist() == [0, 0, 128, 63]
    del part
    y = gradus.zeros(2).set_(gradus.ones(4).untyped_storage())
    y.set_(), y.resize_(5), y.share_memory_()
    del y
    assert census() == before


def test_pickled_views_of_one_storage_stay_views():
    x = gradus.arange(6.0)
    first, second = pickle.loads(pickle.dumps([x, x[2:]]))
    first[2] = 9
    assert second[0].item() == 9 and x[2].item() == 2
    again = copy.deepcopy({"a": x, "b": {"c": x.view(2, 3)}})
    again["a"][0] = 7
    assert again["b"]["c"][0, 0].item() == 7


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_shared_memory_is_seen_across_a_fork():
    shared, private = gradus.zeros(3).share_memory_(), gradus.zeros(3)
    child = os.fork()
    if child == 0:
        shared.add_(5)
        private.add_(5)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert shared.tolist() == [5, 5, 5] and private.tolist() == [0, 0, 0]
    assert shared.is_shared() and not private.is_shared()


# ---- DLPack with a lender of our own


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Managed(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", Deleter)]


class Versioned(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_uint32 * 2),
        ("context", ctypes.c_void_p),
        ("deleter", Deleter),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    ]


class Lender:
    """Three floats, lent with whatever is said of them; counts how often they are given back."""

    def __init__(self, kind=Managed, version=(1, 0), flags=0, **said):
        self.values = (ctypes.c_float * 3)(1, 2, 3)
        self.shape, self.strides = (ctypes.c_int64 * 2)(3, 1), (ctypes.c_int64 * 2)(1, 1)
        self.returned = 0
        self.deleter = Deleter(self.take_back)
        fields = {"ndim": 1, "code": 2, "bits": 32, "lanes": 1, "byte_offset": 0, **said}
        tensor = Tensor(data=ctypes.addressof(self.values), shape=self.shape, strides=self.strides, **fields)
        tensor.device[0] = said.pop("device_type", 1) if "device_type" in said else 1
        self.managed = kind(tensor=tensor, deleter=self.deleter)
        if kind is Versioned:
            self.managed.version[:] = version
            self.managed.flags = flags
        make = ctypes.pythonapi.PyCapsule_New
        make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        self.name = b"dltensor_versioned" if kind is Versioned else b"dltensor"
        self.capsule = make(ctypes.addressof(self.managed), self.name, None)

    def take_back(self, _):
        self.returned += 1


@pytest.mark.parametrize("kind", [Managed, Versioned])
def test_what_is_borrowed_is_given_back_exactly_once(kind):
    lender = Lender(kind)
    x = from_dlpack(lender.capsule)
    assert x.tolist() == [1, 2, 3] and "used_dltensor" in repr(lender.capsule)
    with pytest.raises(RuntimeError, match="can be consumed only once"):
        from_dlpack(lender.capsule)
    view = x[1:]
    lender.values[1] = 9
    assert view.tolist() == [9, 3] and lender.returned == 0
    with pytest.raises(RuntimeError, match="not resizable"):
        x.resize_(10)
    del x
    gc.collect()
    assert lender.returned == 0 and view[0].item() == 9
    del view
    gc.collect()
    assert lender.returned == 1


@pytest.mark.parametrize("kind", [Managed, Versioned])
@pytest.mark.parametrize(
    "said", [{"lanes": 4}, {"code": 99}, {"bits": 7}, {"ndim": -1}, {"ndim": 65}], ids=lambda said: next(iter(said))
)
def test_nonsense_is_refused_and_stays_with_its_owner(kind, said):
    lender = Lender(kind, **said)
    with pytest.raises((RuntimeError, NotImplementedError)):
        from_dlpack(lender.capsule)
    assert lender.returned == 0 and "used" not in repr(lender.capsule)


def test_impossible_geometry_is_refused():
    for shape, strides in ((-1, 1), (3, -1), (2**62, 2**62)):
        lender = Lender()
        lender.shape[0], lender.strides[0] = shape, strides
        with pytest.raises(RuntimeError):
            from_dlpack(lender.capsule)
        assert lender.returned == 0
    lender = Lender()
    lender.managed.tensor.device[0] = 2
    with pytest.raises(RuntimeError, match="only memory of the CPU"):
        from_dlpack(lender.capsule)


def test_a_newer_major_version_is_refused():
    lender = Lender(Versioned, version=(2, 0))
    with pytest.raises(BufferError, match="version 2"):
        from_dlpack(lender.capsule)
    assert lender.returned == 0


def test_capsules_that_nobody_takes_give_the_loan_back():
    before = census()
    x = gradus.ones(3)
    for capsule in (to_dlpack(x), x.__dlpack__(max_version=(1, 0)), x.__dlpack__(max_version=(1, 3), copy=True)):
        del capsule
    assert x.untyped_storage().resizable()
    assert not np.from_dlpack(gradus.from_numpy(np.frombuffer(b"abcd", np.uint8))).flags.writeable
    del x
    assert census() == before


def test_dlpack_with_pytorch():
    torch = pytest.importorskip("torch")
    x = gradus.arange(6.0).reshape(2, 3).t()
    y = torch.from_dlpack(x)
    y[0, 0] = 9
    assert x[0, 0].item() == 9 and y.stride() == x.stride()
    z = gradus.from_dlpack(torch.arange(6).reshape(2, 3)[:, 1:])
    assert z.tolist() == [[1, 2], [4, 5]] and z.stride() == (3, 1) and z.dtype is gradus.int64
    assert gradus.from_dlpack(torch.utils.dlpack.to_dlpack(torch.ones(2, dtype=torch.bool))).tolist() == [True, True]


# ---- overriding


class Doubling(gradus.overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {})) * 2


def test_modes_belong_to_their_thread_and_end_with_their_block():
    seen = []
    with Doubling():
        other = threading.Thread(target=lambda: seen.append(gradus.ones(1)))
        other.start()
        other.join()
        seen.append(gradus.ones(1))
    with pytest.raises(ZeroDivisionError), Doubling():
        1 / 0  # noqa: B018
    assert [x.item() for x in seen] == [1, 2] and gradus.ones(1).tolist() == [1]
    assert gradus._C._len_torch_function_stack() == 0


def test_an_error_inside_a_mode_leaves_it_active():
    class Failing(gradus.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            raise KeyError(func.__name__)

    with Failing():
        for _ in range(2):
            with pytest.raises(KeyError, match="zeros"):
                gradus.zeros(2)
    assert gradus.zeros(1).tolist() == [0]


def test_nothing_leaks_through_overriding():
    class Sub(gradus.Tensor):
        pass

    class Duck:
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return gradus.zeros(1)

    def work():
        x = gradus.ones(3).as_subclass(Sub).requires_grad_()
        y = (x * 2 + 1)[0] + x.sum()
        y.backward()
        gradus.add(gradus.ones(1), Duck())
        gradus.nn.functional.relu(x), x.shape, x.grad, len(x), list(x), repr(x)
        with pytest.raises(TypeError):
            gradus.add(x, "a")
        with Doubling():
            gradus.ones(2)

    work()
    before = census()
    for _ in range(20):
        work()
    assert census() == before


def test_functions_and_methods_are_pickled_by_name():
    for function in (gradus.add, gradus.Tensor.add, gradus.Tensor.size, gradus.tensor, gradus.split):
        assert pickle.loads(pickle.dumps(function)) is function
    assert gradus.nn.functional.relu.__name__ == "relu" and "inplace" in str(
        __import__("inspect").signature(gradus.nn.functional.relu)
    )


def test_overridable_functions_are_listed_and_named():
    listed = gradus.overrides.get_overridable_functions()
    assert gradus.add in listed[gradus] and gradus.Tensor.add in listed[gradus.Tensor]
    assert gradus.nn.functional.relu in listed[gradus.nn.functional]
    names = [gradus.overrides.resolve_name(f) for found in listed.values() for f in found]
    assert all(isinstance(name, str) and name.startswith("torch.") for name in names) and len(names) > 500
