"""Programs of test_contract.py: the Tensor object in Python, its conversions and what overrides it."""

PROGRAMS = {
    # ---- constructors
    "legacy_constructors": '''
        import numpy as np
        x = lib.arange(4.0); i = lib.tensor(3)
        each("""
            lib.Tensor(2, 3).shape
            lib.Tensor([1, 2])
            lib.Tensor((2, 3))
            lib.Tensor(lib.Size([2, 3])).shape
            lib.Tensor().shape
            lib.Tensor(3.5)
            lib.Tensor("a")
            lib.Tensor(None)
            lib.Tensor(True)
            lib.Tensor(x) is x
            lib.Tensor(x).data_ptr() == x.data_ptr()
            lib.Tensor(lib.tensor([1, 2]))
            lib.Tensor(i)
            lib.Tensor(np.ones((2, 3)))
            lib.Tensor(np.int64(3)).shape
            lib.Tensor(2, dtype=lib.int32)
            lib.Tensor(device="cpu").shape
            lib.Tensor(2, device="cpu").shape
            lib.Tensor(size=(2, 3)).shape
            lib.Tensor([1, 2], device="cuda")
            lib.Tensor([[1, 2], [3]])
            lib.Tensor(-1)
            lib.Tensor(2, "a")
            lib.Tensor(range(3))
            lib.Tensor({1: 2})
            lib.Tensor(data=[1, 2])
            lib.Tensor(other=x)
            lib.Tensor(requires_grad=True)
            lib.FloatTensor([1, 2])
            lib.LongTensor([1.5, 2])
            lib.LongTensor(2, 3).dtype
            lib.ByteTensor([1, 255])
            lib.BoolTensor([1, 0])
            lib.FloatTensor(lib.LongTensor([1]))
            lib.LongTensor("a")
            lib.FloatTensor(4.5)
            isinstance(x, lib.FloatTensor)
            isinstance(x, lib.LongTensor)
            isinstance(lib.nn.Parameter(x), lib.FloatTensor)
            repr(lib.FloatTensor)
            lib.FloatTensor.__name__
            lib.FloatTensor.dtype
            lib.FloatTensor.is_cuda
            lib.FloatTensor.layout
            issubclass(lib.FloatTensor, lib.Tensor)
            (lib.FloatTensor | None) is not None
            lib.DoubleTensor == lib.FloatTensor""")''',
    "new": '''
        x = lib.arange(4.0); i = lib.tensor(3)
        each("""
            x.new(2, 3).shape
            x.new([1, 2])
            x.new(x)
            x.new(i)
            x.new().shape
            i.new([1.5])
            x.new(lib.Size([2])).shape
            x.new("a")
            x.new(2, device="cpu").shape
            x.new(x.untyped_storage())
            x.new(size=(2,)).shape
            x.new(2, device="cuda")
            x.new_tensor([1, 2])
            x.new_tensor([1, 2], dtype=lib.int8, requires_grad=False)
            x.new_tensor(x)
            x.new_tensor()
            x.new_tensor([1], requires_grad=True)
            i.new_tensor([1], requires_grad=True)
            x.new_tensor([1], device="cuda")
            x.new_tensor([1], 3)
            x.new_zeros(2, 3).shape
            x.new_zeros((2, 3), dtype=lib.int32)
            x.new_ones([2])
            x.new_full((2,), 3)
            i.new_full((2,), 3.5)
            x.new_empty(2, 3).shape
            x.new_empty_strided((2, 3), (1, 2)).stride()
            x.new_empty_strided((2,), (1, 2))
            x.new_zeros("a")
            x.new_full(2, 3)""")''',
    "type": '''
        x = lib.arange(4.0); i = lib.tensor(3)
        each("""
            x.type()
            x.type(lib.float64)
            x.type("torch.LongTensor")
            x.type(lib.IntTensor)
            x.type("LongTensor")
            x.type("torch.Foo")
            x.type(3)
            x.type(lib.float32) is x
            x.type(dtype=lib.int8)
            x.type(lib.FloatTensor) is x
            x.type(int)
            x.type(lib.Tensor)
            x.type(lib.long, non_blocking=True)
            x.type(lib.long, 3)
            lib.nn.Parameter(x).type()
            x.type_as(i)
            x.type_as(3)
            x.type(x.type()) is x""")''',
    "to": '''
        x = lib.arange(4.0); i = lib.tensor(3)
        each("""
            x.to()
            x.to("cuda")
            x.to(3)
            x.to("foo")
            x.to(lib.float64, lib.float32)
            x.to(dtype="a")
            x.to(None)
            x.to(device=None, dtype=None)
            x.to(copy=1)
            x.to(lib.float64, copy=True, foo=1)
            x.to(i).dtype
            x.to(other=i)
            x.to("cpu", lib.int64)
            x.to([1])
            x.to(lib.channels_last)
            x.to(memory_format=lib.channels_last)
            x.to(lib.device("cpu")) is x
            x.to(lib.float32) is x
            x.to(float).dtype
            x.float(3)
            x.long(memory_format=3)
            x.to("cpu", copy=True) is x
            x.to(lib.float64, False, True).dtype
            x.to(x, True, 3)
            x.cpu(3)
            x.cpu() is x
            x.cuda()""")''',
    # ---- as numbers, sequences, text
    "numbers": '''
        import math, numpy as np
        x = lib.arange(4.0); i = lib.tensor(3); f = lib.tensor(2.5); b = lib.tensor(True)
        each("""
            (float(f), int(f), int(lib.tensor(-2.7)), bool(f), int(b))
            complex(f).real
            int(lib.tensor(float("nan")))
            int(lib.tensor(float("inf")))
            float(x)
            int(x)
            bool(x)
            bool(lib.ones(0))
            complex(x)
            float(lib.ones(0))
            float(lib.ones(1, 1))
            bool(lib.zeros(1, 1))
            [1, 2, 3, 4][i]
            [1][f]
            [1, 2][b]
            list(range(i))
            range(f)
            "a" * i
            [0] * i
            hex(i)
            round(f)
            math.floor(f)
            math.ceil(f)
            math.sqrt(f)
            math.trunc(f)
            divmod(x, 2)
            pow(f, 2)
            pow(i, 2, 5)
            sum([f, f])
            sum(x)
            max(x)
            min([f, i])
            sorted(x)
            i.__index__()
            lib.tensor([2]).__index__()
            lib.tensor([2, 3]).__index__()
            x[i]
            x[b]
            x[f]
            x[i:]
            x[lib.tensor([1])]
            int(np.arange(5)[i])
            slice(i).indices(5)
            f.is_nonzero()
            x.is_nonzero()
            lib.is_nonzero(lib.ones(0))""")''',
    "format": '''
        x = lib.arange(4.0); i = lib.tensor(3); f = lib.tensor(2.5); b = lib.tensor(True)
        g = lib.tensor(2.5, requires_grad=True)
        each("""
            (f"{f}", f"{f:.3f}", f"{i:d}", f"{i:5d}|", f"{f:e}", f"{b}", f"{b:d}", f"{f!r}", "{:>8}".format(f))
            ("%d" % i, "%.2f" % f, "%s" % f, "%5.1f" % f, "%d" % f, str(f), format(f), format(f, ""))
            (f"{x}", f"{lib.tensor([2.5])}", f"{g:.2f}", f"{g}")
            "%d" % x
            f"{x:.2f}"
            f"{f:d}"
            "{:>8}".format(x)
            f"{lib.tensor([2.5]):.1f}"
            f"{lib.nn.Parameter(f):.2f}"
        """)''',
    "sequence": '''
        x = lib.arange(4.0); f = lib.tensor(2.5)
        each("""
            len(x)
            len(f)
            list(x)
            list(f)
            iter(f)
            [*lib.ones(2, 2)]
            (lambda a, b: a + b)(*lib.ones(2))
            reversed(x)
            reversed(f)
            (1 in x, 5 in x, f in x)
            "a" in x
            None in x
            [1] in x
            x.__contains__(x)
            next(iter(x))
            list(enumerate(lib.ones(2)))[1]
            list(zip(x, x))[1]
            {x: 1}[x]
            hash(x) == id(x)
            (x == None, x != None, x is None, x == "a")
            x < None
            x < "a"
            x == x
            bool(x == x)
            0 < f < 3
            0 < x < 3
            f in [1, f]
            x in [lib.ones(4)]
            [x].index(x)
            (x.tolist(), f.tolist(), lib.tensor(3).tolist(), lib.ones(2, 0).tolist(), lib.ones(0).tolist())
            lib.ones(2, 2, dtype=lib.bool).tolist()
            x.__delitem__(0)""")''',
    # ---- attributes
    "transposes": '''
        import warnings
        x = lib.arange(4.0); m = lib.arange(6.0).reshape(2, 3); k = lib.zeros(2, 3, 4); f = lib.tensor(2.5)
        each("""
            m.T
            k.mT.shape
            x.mT
            x.T
            m.H.shape
            k.H
            x.H
            k.mH.shape
            x.mH
            f.T
            f.H
            f.mT
            k.T.shape""")''',
    "attributes": '''
        x = lib.arange(4.0); m = lib.arange(6.0).reshape(2, 3); f = lib.tensor(2.5)
        each("""
            (x.is_cuda, x.is_cpu, x.is_sparse, x.is_sparse_csr, x.is_quantized, x.is_meta, x.is_mps, x.is_xpu)
            (x.is_ipu, x.is_xla, x.is_vulkan, x.is_mkldnn, x.is_nested, x.is_maia, x.is_mtia)
            (repr(x.layout), str(x.device), x.get_device(), x.ndim, x.dim(), x.ndimension(), x.nelement())
            (x.output_nr, x._base, x._is_view(), x[1:]._is_view(), x.retains_grad, x.is_leaf, x.name, x.grad)
            (x.is_inference(), x.is_conj(), x.is_neg(), x.is_pinned(), x.is_signed(), x.is_complex())
            (x.is_floating_point(), x.is_contiguous(), x.is_distributed(), x.is_shared(), x.real is x, x.conj() is x)
            x.imag
            x.names
            x.grad_dtype
            x.is_coalesced()
            (x.sparse_dim(), x.dense_dim(), x.dim_order(), m.t().dim_order(), x.resolve_conj() is x)
            x.to_dense() is x
            x.to_dense(lib.float64)
            m.resize(3, 2)
            m.resize(4)
            m.resize_as(lib.ones(6))
            x.clone().apply_(lambda q: q + 1)
            x.clone().map_(x, lambda a, b: a * b)
            setattr(x, "shape", 3)
            setattr(x, "dtype", 3)
            setattr(x, "foo", 3)
            x.foo
            x.bar
            (x.size(-1), x.size(0), m.stride(), m.stride(0), m.size())
            x.size(5)
            x.size("a")
            x.stride(3)
            x.item()
            lib.ones(0).item()
            x.__cuda_array_interface__
            hasattr(x, "__cuda_array_interface__")
            x.const_data_ptr() == x.data_ptr()""")''',
    "grad_assigned": '''
        p = lib.ones(3, requires_grad=True)
        each("""
            setattr(p, "grad", 3)
            setattr(p, "grad", lib.ones(2))
            setattr(p, "grad", lib.ones(3).double())
            setattr(p, "grad", p)
            setattr(p, "grad", lib.ones(3))
            p.grad
            setattr(p, "grad", None)
            p.grad
            delattr(p, "grad")
            setattr(p, "requires_grad", 3)
            setattr(lib.ones(2).long(), "requires_grad", True)
            p.requires_grad_(3)
            setattr(p * 2, "requires_grad", False)
            setattr(p, "is_leaf", False)
            setattr(p, "grad_fn", 3)""")''',
    # ---- functions of the module
    "dtypes_of_operations": '''
        x = lib.arange(4.0); i = lib.tensor(3)
        each("""
            lib.can_cast(lib.float32, lib.int64)
            lib.can_cast(from_=lib.int8, to=lib.float32)
            lib.can_cast(3, 4)
            lib.result_type(x, 3)
            lib.result_type(3, 2.5)
            lib.result_type(tensor=x, other=i)
            lib.result_type(i, 2.5)
            lib.result_type("a", 3)
            lib.promote_types(lib.int32, lib.uint8)
            lib.promote_types(3, 4)
            lib.promote_types(type1=lib.int8, type2=lib.int16)
            lib.is_floating_point(x)
            lib.is_floating_point(3)
            lib.is_complex(x)
            lib.is_complex(input=x)
            (lib.is_signed(x), lib.is_conj(x), lib.is_neg(x), lib.is_same_size(x, x), lib.is_tensor(3))
            (lib.numel(x), lib.numel(input=x))
            (lib.typename(x), lib.typename(lib.nn.Linear(1, 1)))""")''',
    "settings": '''
        each("""
            lib.get_default_device()
            lib.set_default_device("cpu")
            lib.set_default_device(None)
            lib.set_default_device(3)
            lib.set_default_device("foo")
            lib.set_default_dtype(lib.int64)
            lib.set_default_dtype("a")
            lib.set_default_tensor_type("torch.DoubleTensor")
            (repr(lib.get_default_dtype()), lib.ones(1))
            lib.set_default_tensor_type(lib.FloatTensor)
            lib.get_default_dtype()
            lib.set_default_tensor_type(lib.LongTensor)
            lib.set_default_tensor_type("torch.cuda.FloatTensor")
            lib.set_num_threads(0)
            lib.set_num_threads("a")
            lib.set_num_threads(1)
            lib.get_num_threads()
            lib.get_float32_matmul_precision()
            lib.set_float32_matmul_precision("fast")
            lib.is_grad_enabled()
            lib.get_deterministic_debug_mode()
            lib.is_autocast_enabled()
            lib.set_flush_denormal(False)
            lib.is_deterministic_algorithms_warn_only_enabled()
            lib.get_device(lib.ones(1))""")
        with lib.device("cpu"):
            see(str(lib.zeros(2).device))''',
    # ---- NumPy, buffers, DLPack
    "from_numpy": '''
        import numpy as np
        each("""
            lib.from_numpy(np.arange(3)[::-1])
            lib.tensor(np.arange(3)[::-1])
            lib.as_tensor(np.arange(3)[::-1])
            lib.from_numpy(np.array(["a"]))
            lib.from_numpy(np.array([object()]))
            lib.tensor(np.array(["a"]))
            lib.from_numpy(np.arange(3, dtype=">i4"))
            lib.from_numpy(np.zeros(2, np.longdouble))
            lib.from_numpy([1])
            lib.from_numpy(np.float32(3))
            lib.from_numpy(np.array(3.0))
            lib.from_numpy(np.zeros((2,), dtype=[("a", "i4")]))
            lib.from_numpy(np.lib.stride_tricks.as_strided(np.zeros(10, np.int32), (2,), (6,)))
            lib.from_numpy(np.arange(6.0).reshape(2, 3).T).stride()
            lib.from_numpy(np.zeros((2, 0))).shape""")
        a = np.zeros(3); x = lib.from_numpy(a); x[0] = 5; a[1] = 7; see(x, a.tolist(), x._version); a = None; see(x)''',
    "to_numpy": '''
        import numpy as np
        x = lib.arange(4.0); g = lib.arange(4.0).requires_grad_()
        each("""
            g.numpy()
            g.numpy(force=True).tolist()
            g.__array__()
            np.array(g)
            x.__array__(np.float64).dtype.name
            x.__array__(dtype=np.int32).tolist()
            np.asarray(x, dtype=np.float64).tolist()
            np.array(x, copy=True).ctypes.data == x.data_ptr()
            np.asarray(x).ctypes.data == x.data_ptr()
            lib.zeros(2, dtype=lib.bfloat16).numpy()
            x.numpy(2)
            x.numpy(force=1)
            x.__array_priority__
            np.float64(2) * x
            x * np.float64(2)
            np.ones(4) * x
            np.add(x, 1)
            np.stack([x, x]).shape
            np.maximum(x, np.ones(4))
            x.__array_wrap__(np.ones(2, dtype=bool))
            x.t().numpy().strides
            lib.zeros(2, 3)[:, 1:].numpy().strides""")
        a = x.numpy(); a[0] = 9; x[1] = 8; see(x, a.tolist(), x._version); x = None; see(a.tolist())
        y = t(3); z = y * y; w = z.detach().numpy(); w[0] = 100.0; see(z, z._version)''',
    "asarray": '''
        import numpy as np
        a = np.arange(6, dtype=np.float32).reshape(2, 3); x = lib.arange(4.0); g = lib.ones(2, requires_grad=True)
        each("""
            lib.asarray(a).data_ptr() == a.ctypes.data
            lib.asarray(a, dtype=lib.float64)
            lib.asarray(a, copy=True).data_ptr() == a.ctypes.data
            lib.asarray(a, dtype=lib.int32, copy=False)
            lib.asarray([1, 2], copy=False)
            lib.asarray([1, 2.5])
            lib.asarray(x) is x
            lib.asarray(3)
            lib.asarray(np.float32(3))
            lib.asarray(bytearray(b"abcd"), dtype=lib.uint8)
            lib.asarray(object())
            lib.asarray("a")
            lib.asarray(x, dtype=lib.float64, copy=False)
            lib.asarray(g, requires_grad=True).requires_grad
            lib.asarray(g, requires_grad=False).requires_grad
            lib.asarray()
            lib.asarray([1], dtype=lib.int64, requires_grad=True)
            lib.as_tensor(a).data_ptr() == a.ctypes.data
            lib.as_tensor(x) is x
            lib.as_tensor(3, device="cuda")
            lib.as_tensor([1, 2], dtype=3)
            lib.as_tensor()""")''',
    "frombuffer": '''
        b = bytearray(bytes([0, 0, 128, 63, 0, 0, 0, 64]))
        each("""
            lib.frombuffer(b, dtype=lib.float32)
            lib.frombuffer(b)
            lib.frombuffer(b, dtype=lib.float32, count=1)
            lib.frombuffer(b, dtype=lib.float32, count=3)
            lib.frombuffer(b, dtype=lib.float32, offset=4)
            lib.frombuffer(b, dtype=lib.float32, offset=8)
            lib.frombuffer(b, dtype=lib.float32, offset=-1)
            lib.frombuffer(b, dtype=lib.float32, offset=3)
            lib.frombuffer(b, dtype=lib.float32, count=0)
            lib.frombuffer(bytearray(), dtype=lib.float32)
            lib.frombuffer(3, dtype=lib.float32)
            lib.frombuffer(bytearray(b"abc"), dtype=lib.float32)
            lib.frombuffer(b, dtype=lib.float32, requires_grad=True).requires_grad
            lib.frombuffer(b, dtype=lib.int32, requires_grad=True)""")
        x = lib.frombuffer(b, dtype=lib.uint8); b[0] = 7; see(x); x[1] = 9; see(list(b))''',
    "dlpack": '''
        import numpy as np
        from importlib import import_module
        d = import_module(lib.__name__ + ".utils.dlpack"); x = lib.arange(4.0); g = lib.ones(2, requires_grad=True)
        capsule = d.to_dlpack(x); y = d.from_dlpack(capsule); y[0] = 9
        see(x, y.data_ptr() == x.data_ptr(), "used_dltensor" in repr(capsule), fails(lambda: d.from_dlpack(capsule)))
        each("""
            tuple(map(int, x.__dlpack_device__()))
            "dltensor_versioned" in repr(x.__dlpack__(max_version=(1, 0)))
            "dltensor_versioned" in repr(x.__dlpack__(max_version=(0, 8)))
            "dltensor_versioned" in repr(x.__dlpack__())
            x.__dlpack__(stream=1)
            g.__dlpack__()
            lib.from_dlpack(np.arange(3.0))
            lib.from_dlpack(np.ones(2, dtype=bool))
            np.from_dlpack(x).tolist()
            np.from_dlpack(x).ctypes.data == x.data_ptr()
            lib.from_dlpack(x).data_ptr() == x.data_ptr()
            lib.from_dlpack(x, copy=True).data_ptr() == x.data_ptr()
            lib.from_dlpack(x, device="cpu").data_ptr() == x.data_ptr()
            lib.from_dlpack(np.zeros((2, 0))).shape
            lib.from_dlpack(lib.zeros(3, 1, 2).transpose(0, 1)).stride()
            lib.from_dlpack(np.arange(6).reshape(2, 3).T).stride()
            np.from_dlpack(lib.ones(2, dtype=lib.bool)).dtype.name
            lib.from_dlpack(lib.ones(2, dtype=lib.bfloat16))""")
        a = np.from_dlpack(x); x = None; see(a.tolist())
        a = np.arange(3.0); y = lib.from_dlpack(a); a[0] = 5; see(y); a = None; see(y)''',
}
