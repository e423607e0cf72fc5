"""Programs of test_contract.py: storages, resizing, set_, .data, copies and pickles. Names at hand: see there."""

PROGRAMS = {
    # ---- storages as objects
    "storage_looks": """
        x = lib.arange(6.0).reshape(2, 3); s = x.untyped_storage()
        see(s.size(), s.nbytes(), len(s), s.element_size(), str(s.device), s.resizable(), type(s).__name__)
        see(s is x.untyped_storage(), s is x[1].untyped_storage(), s.data_ptr() == x.data_ptr(), s[4:8].tolist())
        see(x[1].storage_offset(), x.untyped_storage() is x.clone().untyped_storage(), lib.is_storage(s))
        see(repr(lib.UntypedStorage([1, 2])), s.type(), s.is_cuda, s.is_pinned(), s.filename)""",
    "storage_made": """
        s = lib.UntypedStorage([1, 2, 300]); see(s.tolist(), list(s), s[2], s[-1], s.clone().tolist())
        s[1] = 9; see(s.tolist(), lib.UntypedStorage().size(), lib.UntypedStorage(4).size(), s.new().size())
        v = s[1:]; v[0] = 7; see(s.tolist()); s.fill_(5); see(s.tolist())
        t2 = lib.UntypedStorage(3); t2.copy_(s); see(t2.tolist(), s == s, s == t2, s.cpu() is s)
        see(fails(lambda: s[3]), fails(lambda: s[::2]), fails(lambda: s["a"]), fails(lambda: s.fill_(1.5)))
        see(fails(lambda: s.copy_(lib.UntypedStorage(2))), fails(lambda: s.copy_(3)), fails(lambda: s.resize_("a")))
        see(fails(lambda: lib.UntypedStorage(1.5)), fails(lambda: s.resize_(1.5)))""",
    "typed_storage": """
        x = lib.arange(3.0); s = x.storage(); see(type(s).__name__, s.dtype is x.dtype, s.size(), len(s), s[1])
        see(s.tolist(), s.nbytes(), s.element_size(), s.data_ptr() == x.data_ptr(), s.type(), s.pickle_storage_type())
        s[1] = 7; see(x); s.fill_(2); see(x, fails(lambda: s[3]), fails(lambda: s[0:1]))
        see(isinstance(s, lib.FloatStorage), isinstance(s, lib.LongStorage), x.storage_type() is lib.FloatStorage)
        see(s.double().tolist(), s.double().dtype is lib.float64, s.untyped() is x.untyped_storage())
        see(repr(s), lib.FloatStorage([1, 2]).tolist(), lib.LongStorage(3).size(), lib.LongStorage.dtype is lib.int64)
        s.resize_(5); see(s.size(), x.untyped_storage().nbytes(), lib.is_storage(s), lib.is_storage(3))
        see(lib.FloatTensor(lib.FloatStorage([1, 2])), lib.tensor(lib.FloatStorage([1, 2])))""",
    "storage_from_buffer": """
        s = lib.UntypedStorage.from_buffer(b"abcdefgh", byte_order="little", dtype=lib.float32); see(s.tolist())
        s = lib.UntypedStorage.from_buffer(b"abcdefgh", byte_order="big", dtype=lib.float32); see(s.tolist())""",
    # ---- resizing
    "storage_resized": """
        x = lib.arange(4.0); s = x.untyped_storage(); p = x.data_ptr(); v = x._version
        s.resize_(0); see(s.nbytes(), s.size(), x.shape, x.data_ptr(), x._version == v)
        s.resize_(16); x.fill_(3); see(x, s.nbytes(), x._version)""",
    "storage_grown_keeps_bytes": """
        x = lib.arange(4.0); y = x[1:]; x.untyped_storage().resize_(64); see(x, y); y[0] = 9; see(x)""",
    "resize": """
        x = lib.arange(6.0); see(x.resize_(2, 2), x._version, x.untyped_storage().nbytes(), x.stride())
        y = x[1:]; x.resize_(4, 3); see(x.shape, x._version, x.untyped_storage().nbytes(), x.reshape(-1)[:6], y)
        y[0, 0] = 50; see(x[0, 2]); see(x.resize_((1,)), x.resize_(()), x.resize_([2]))
        see(fails(lambda: x.resize_(2, memory_format=lib.channels_last)), fails(lambda: x.resize_(-1)))
        see(lib.ones(1, 2, 3, 4).resize_(1, 2, 3, 4, memory_format=lib.channels_last).stride())
        see(fails(lambda: x.resize_(2, 3, memory_format=lib.preserve_format)), fails(lambda: x.resize_("a")))
        z = lib.arange(6.0).reshape(2, 3).t(); z.resize_(3, 2); see(z.stride()); z.resize_(2, 3); see(z.stride(), z)""",
    "resize_of_gradients": """
        x = t(3); see(fails(lambda: x.resize_(2)), fails(lambda: (x * 2).resize_(2)), fails(lambda: x.resize_(3)))
        see(fails(lambda: x.resize_as_(c(2)))); x.detach().resize_(2); see(x.shape)""",
    "resize_as": """
        x = lib.arange(6.0); see(x.resize_as_(lib.ones(2, 2)), x._version)
        like = lib.ones(1, 2, 3, 4).to(memory_format=lib.channels_last); see(x.resize_as_(like).stride())
        see(x.resize_as_(like, memory_format=lib.preserve_format).stride(), lib.resize_as_(x, lib.ones(3)).shape)""",
    "foreign_memory_keeps_its_size": """
        import numpy as np
        a = np.zeros(3, dtype=np.float32); x = lib.from_numpy(a)
        s = x.untyped_storage()
        see(fails(lambda: x.resize_(10)), fails(lambda: s.resize_(100)), s.resizable())
        see(x.resize_(2).shape, x._version); y = lib.zeros(3); b = y.numpy()
        see(fails(lambda: y.resize_(10)))""",
    "as_strided_reaches_what_there_is": """
        x = lib.arange(6.0); see(x.as_strided((2, 2), (1, 2)), x.as_strided((2,), (1,), 4))
        see(fails(lambda: x.as_strided((2, 4), (3, 1))), fails(lambda: x.as_strided((2,), (1, 1))))
        see(fails(lambda: x.as_strided((2,), (-1,))), fails(lambda: x.as_strided((2,), (1,), -1)))
        y = x[2:]; see(y.as_strided((2,), (1,)), y.as_strided((2,), (1,), 0), y.as_strided((0,), (1,)).shape)
        x.as_strided_((3, 2), (1, 3)); see(x, x._version)""",
    # ---- set_
    "set": """
        a = lib.arange(6.0); b = lib.zeros(2); r = b.set_(a); see(r is b, b, b._version, a._version, b.is_set_to(a))
        see(b.data_ptr() == a.data_ptr(), b.set_(a.untyped_storage()).shape, b.set_(a.untyped_storage(), 2, (2,), (1,)))
        see(b.set_(a.untyped_storage(), 1, (2, 2)), b.set_(a, 1, (2, 2), (2, 1)), b.stride(), b.set_(a, 3, (2,)))
        see(b.set_(source=a), b.set_(source=a.untyped_storage(), storage_offset=1, size=(2,), stride=(1,)), b._version)
        b.set_(a, 1, (20, 2), (2, 1)); see(b.shape, a.untyped_storage().nbytes()); b.set_(); see(b.shape, b)
        see(a.untyped_storage().nbytes(), a.is_set_to(a), a.is_set_to(a[:]), a.is_set_to(a[1:]), b.is_set_to(a))""",
    "set_errors": """
        a = lib.arange(6.0); b = lib.zeros(2); s = a.untyped_storage()
        see(fails(lambda: b.set_(lib.zeros(2).long())), fails(lambda: b.set_(3)), fails(lambda: b.set_(a, 1)))
        see(fails(lambda: b.set_(s, -1, (2,), (1,))), fails(lambda: b.set_(s, 0, (2,), (-1,))))
        see(fails(lambda: b.set_(s, 0, (2,), (1, 1))), fails(lambda: b.set_(lib.arange(3).storage())))
        x = t(3); see(fails(lambda: x.set_(c(3))), x, x._version)""",
    "set_without_grad": """
        x = t(3); y = x * 2
        with lib.no_grad():
            x.set_(c(4)); y.set_(c(2))
        see(x.shape, x._version, x.requires_grad, x.is_leaf, y.shape, fn(y), y._version)""",
    "set_of_view": """
        base = c(4); v = base[:2]; v.set_(c(5)); see(v, v._base is base, base._version, v._version, base)""",
    # ---- .data
    "data_replaced": """
        w = t(3); w.grad = c(3)
        def to(value):
            w.data = value
        see(fails(lambda: to(lib.zeros(2, 2, dtype=lib.float64))), w.shape, w.grad, w._version, w.requires_grad)
        see(fails(lambda: to(lib.zeros(2).long())), fails(lambda: to(3)), fails(lambda: to(None)), w.shape)
        see(fails(lambda: to(lib.zeros(2))), str(w.dtype).rpartition(".")[2], fails(lambda: delattr(w, "data")))
        see(w.data is w.data, w.data.requires_grad, w.data.data_ptr() == w.data_ptr())""",
    "data_replaced_keeps_version": """
        a = c(3).clone(); a.mul_(2); d = c(3).clone(); d.add_(1); d.add_(1); a.data = d
        see(a._version, d._version, a.data_ptr() == d.data_ptr()); d.add_(1); see(a, a._version)""",
    "data_of_result_replaced": """
        x = t(3); y = x * 2; y.data = c(2, 2); see(fn(y), y.shape, y.requires_grad)
        base = c(4); v = base[:2]; v.data = c(5); see(v, v._base is base, base)""",
    # ---- what a tensor says of its memory
    "memory_facts": """
        x = lib.zeros(2, 3)[:, 1:]; see(x.element_size(), x.nbytes, x.itemsize, x.storage_offset(), x.is_shared())
        see(x.data_ptr() - x.untyped_storage().data_ptr(), lib.zeros(0).data_ptr(), lib.zeros(3)[3:].data_ptr())
        see(lib.zeros(2, 0).untyped_storage().data_ptr(), lib.zeros(2, dtype=lib.bool).nbytes, lib.ones(2, 2).itemsize)
        for d in (lib.float64, lib.bfloat16, lib.int16, lib.bool, lib.uint8):
            see(lib.zeros(3, dtype=d).storage_type().__name__, lib.zeros(3, dtype=d).untyped_storage().nbytes())""",
    "shared_memory": """
        x = lib.arange(4.0); r = x.share_memory_(); see(r is x, x, x.is_shared(), x.untyped_storage().is_shared())
        see(x[1:].is_shared(), x.clone().is_shared(), x.share_memory_() is x); x.add_(1); see(x)""",
    # ---- copies
    "deepcopy_shares_storage": """
        import copy
        a = lib.arange(6.0); q = copy.deepcopy([a, a[2:], a.view(2, 3), a]); q[0][3] = 99; see(q, q[0] is q[3], a)
        see(q[1].storage_offset(), q[0].untyped_storage().nbytes(), q[1].is_set_to(q[0][2:]), q[0]._version)
        x = lib.arange(6.0)[2:4]; y = copy.deepcopy(x); see(y.untyped_storage().nbytes(), y.storage_offset(), y)
        z = lib.arange(6.0).reshape(2, 3).t(); see(copy.deepcopy(z).stride())""",
    "deepcopy_of_leaf": """
        import copy
        x = t(3); x.grad = c(3); x.note = ["kept"]; y = copy.deepcopy(x)
        see(y, y.requires_grad, y.is_leaf, y.grad, y.grad is x.grad, y.note, y.note is x.note)
        y.data.zero_(); y.grad.zero_(); see(x, x.grad); see(fails(lambda: copy.deepcopy(x * 2)))
        shared = {}; see(copy.deepcopy(x, shared) is copy.deepcopy(x, shared))""",
    "deepcopy_of_parameters": """
        import copy
        p = lib.nn.Parameter(c(2)); q = copy.deepcopy(p); see(type(q).__name__, q, q.requires_grad, q.is_leaf)
        layer = lib.nn.Linear(2, 2); layer.twin = layer.weight; other = copy.deepcopy(layer)
        see(other.twin is other.weight, other.weight is layer.weight, bool((other.weight == layer.weight).all()))""",
    "copy": """
        import copy
        x = c(3); y = copy.copy(x); see(y is x, y, y.data_ptr() == x.data_ptr(), y.requires_grad)
        x = t(3); x.note = 1; y = copy.copy(x)
        see(y.requires_grad, y.is_leaf, y.note, y.data_ptr() == x.data_ptr())""",
    "pickle": """
        import pickle
        for protocol in range(2, 6):
            x = c(2, 3); y = pickle.loads(pickle.dumps(x, protocol)); see(y, y.requires_grad, y.stride(), y._version)
            y = pickle.loads(pickle.dumps(c(2, 3).t(), protocol)); see(y, y.stride(), y.untyped_storage().nbytes())
            y = pickle.loads(pickle.dumps(t(2), protocol)); see(y, y.requires_grad, y.is_leaf, y.grad)
        x = c(3); x.note = "kept"; y = pickle.loads(pickle.dumps(x)); see(y, y.note)
        for d in (lib.bool, lib.uint8, lib.int64, lib.bfloat16, lib.float16):
            see(pickle.loads(pickle.dumps(lib.ones(2).to(d))))
        p = pickle.loads(pickle.dumps(lib.nn.Parameter(c(2)))); see(type(p).__name__, p, p.requires_grad)
        x = c(6)[2:4]; y = pickle.loads(pickle.dumps(x)); see(y, y.storage_offset(), y.untyped_storage().nbytes())
        see(pickle.loads(pickle.dumps((lib.float32, lib.device("cpu"), lib.strided, lib.Size([2, 3])))) is not None)""",
    "reduce": """
        f, a = c(2, 3).t().__reduce_ex__(2); see(f.__name__, type(a[0]).__name__, a[1:5], type(a[5]).__name__)
        f, a = t(2).__reduce_ex__(2); see(f.__name__, a[1:5])
        f, a = lib.nn.Parameter(c(2)).__reduce_ex__(2); see(f.__name__, a[0], a[1])
        x = c(2); x.note = 1; f, a = x.__reduce_ex__(2); see(f.__name__, a[0].__name__, a[1].__name__, a[3])
        s = c(3).storage(); r = lib._utils._rebuild_tensor_v2(s, 1, (2,), (1,), True, {}); see(r, r.requires_grad)
        r = lib._utils._rebuild_parameter(c(2), False, {}); see(type(r).__name__, r.requires_grad)
        r = lib._utils._rebuild_tensor(s, 0, (3,), (1,)); see(r, r.storage_offset())""",
    "setstate": """
        x = lib.zeros(0, dtype=lib.float64); s = c(3).storage(); x.__setstate__((s, 1, (2,), (1,))); see(x)
        y = lib.zeros(2); y.__setstate__((True, None, {})); see(y.requires_grad)
        see(fails(lambda: (t(2) * 2).__setstate__((True, None, {}))))""",
}
