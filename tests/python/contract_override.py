"""Programs of test_contract.py: subclasses of Tensor, other classes that take its place, and modes."""

PROGRAMS = {
    "subclass": """
        class Named(lib.Tensor):
            note = "class"
        x = Named([1.0, 2.0]); see(type(x).__name__, x, type(x + 1).__name__, type(x[0]).__name__, x.note)
        y = lib.ones(2).as_subclass(Named); see(type(y).__name__, type(y.sum()).__name__)
        see(type(lib.stack([y, y])).__name__)
        see(type(y.split(1)[0]).__name__, type(y.max(0)).__name__, type(y.max(0)[0]).__name__)
        z = lib.Tensor._make_subclass(Named, lib.ones(2), True); see(type(z).__name__, z.requires_grad, z.is_leaf)
        w = (z * 2).sum(); see(type(w).__name__, fn(w)); w.backward(); see(type(z.grad).__name__, z.grad)
        base = lib.zeros(2); v = base.as_subclass(Named); v.add_(1); see(base, type(v.detach()).__name__, v._version)
        see(fails(lambda: base.as_subclass(int)), fails(lambda: lib.Tensor._make_subclass(int, base)), repr(v)[:5])
        see(isinstance(x, lib.Tensor), type(lib.Tensor(x)).__name__, type(x.data).__name__, type(x.numpy()).__name__)
        see(type(lib.zeros_like(x)).__name__, type(x.new_zeros(2)).__name__, type(x.to(lib.float64)).__name__)
        with lib._C.DisableTorchFunctionSubclass():
            see(type(x + 1).__name__)
        class Other(lib.Tensor):
            pass
        see(fails(lambda: x + Other([1.0, 2.0])))""",
    "subclass_copied": """
        import copy
        class Named(lib.Tensor):
            def new_empty(self, *args, **kwargs):
                return super().new_empty(*args, **kwargs).as_subclass(Named)
        x = Named([1.0, 2.0]); x.tag = [1]; y = copy.deepcopy(x); see(type(y).__name__, y, y.tag, y.tag is x.tag)
        f, a = x.__reduce_ex__(2); see(f.__name__, a[0].__name__, a[1].__name__, a[3])
        z = f(*a); see(type(z).__name__, z, z.tag)""",
    "parameters": """
        p = lib.nn.Parameter(c(2)); see(p.requires_grad, p.is_leaf, type(p + 1).__name__, type(p.data).__name__)
        see(isinstance(p, lib.nn.Parameter), type(p.detach()).__name__, repr(lib.nn.Parameter(lib.ones(2))))
        base = c(2).clone(); q = lib.nn.Parameter(base, requires_grad=False); base.add_(1); see(q, q._version)
        see(fails(lambda: lib.nn.Parameter(lib.ones(2).long())), lib.nn.Parameter(lib.ones(2).long(), False))
        see(type(lib.nn.Parameter(p)).__name__, type(lib.nn.Parameter()).__name__, lib.nn.Parameter().shape)""",
    # ---- __torch_function__
    "calls_seen_by_a_subclass": """
        log = []
        class Logged(lib.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                name = getattr(func, "__name__", ""); kinds = [k.__name__ for k in types]
                log.append((name, kinds, len(args), sorted(kwargs or {})))
                return super().__torch_function__(func, types, args, kwargs)
        f = lib.nn.functional
        def seen_by(function):
            log.clear(); r = function(); return [*log], type(r).__name__
        x = lib.arange(4.0).as_subclass(Logged); i = lib.arange(4).as_subclass(Logged)
        for call in (
            lambda: x + 1, lambda: 1 + x, lambda: x - 1, lambda: 1 - x, lambda: x * x, lambda: x / 2, lambda: x // 2,
            lambda: 2 // x, lambda: x ** 2, lambda: 2 ** x, lambda: x % 2, lambda: -x, lambda: +x, lambda: abs(x),
            lambda: x @ x, lambda: ~i, lambda: i & 1, lambda: 1 & i, lambda: i << 1, lambda: x == 1, lambda: x < x,
            lambda: 1 > x, lambda: x[0], lambda: x.__setitem__(0, 1), lambda: len(x), lambda: bool(x[0]),
            lambda: int(x[0]), lambda: float(x[0]), lambda: i[0].__index__(), lambda: 1 in x, lambda: x.shape,
            lambda: x.dtype, lambda: x.T, lambda: x.grad, lambda: x.requires_grad, lambda: x.data, lambda: x.size(),
            lambda: x.dim(), lambda: x.numel(), lambda: x.tolist(), lambda: x.numpy(), lambda: x.to(lib.float64),
            lambda: x.long(), lambda: lib.add(x, 1), lambda: lib.cat([x, x]), lambda: lib.stack((lib.ones(4), x)),
            lambda: x.mean(0, keepdim=True), lambda: f.relu(x), lambda: f.softmax(x, 0), lambda: x.__iadd__(1),
            lambda: f.linear(x, lib.ones(2, 4)), lambda: x.detach(), lambda: x.clone(), lambda: x.split(2),
            lambda: lib.split(x, 2), lambda: lib.nonzero(x, as_tuple=True), lambda: lib.zeros_like(x),
            lambda: lib.is_tensor(x), lambda: lib.is_floating_point(x), lambda: x.is_floating_point(),
            lambda: lib.where(x > 0, x, 0), lambda: setattr(x, "requires_grad", False), lambda: x.untyped_storage(),
            lambda: lib.add(lib.ones(4), 1, out=x), lambda: lib.tensor(x), lambda: x._version, lambda: list(x)[0],
            lambda: f.cross_entropy(x.reshape(1, 4), lib.tensor([0])), lambda: setattr(x, "data", lib.zeros(4)),
        ):
            see(seen_by(call))""",
    "not_implemented_everywhere": """
        class Shy(lib.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                return NotImplemented
        n = lib.ones(2).as_subclass(Shy)
        text = lambda call: fails(call)[1].split("tensor subclass")[0].split("implement __torch_function__")[0]
        see(text(lambda: lib.add(n, 1)), text(lambda: n + 1), text(lambda: n.size()), text(lambda: n.shape))
        see(text(lambda: lib.nn.functional.relu(n)))""",
    "other_classes_as_tensors": """
        class Duck:
            def __torch_function__(self, func, types, args=(), kwargs=None):
                return func.__name__, [k.__name__ for k in types], len(args), sorted(kwargs or {})
        f = lib.nn.functional; d = Duck(); x = lib.ones(2)
        for call in (lambda: lib.add(d, 1), lambda: lib.add(x, d, alpha=2), lambda: x + d, lambda: lib.cat([d, x]),
                     lambda: f.linear(x, d), lambda: f.relu(d), lambda: d + x, lambda: x.add_(d), lambda: x[d],
                     lambda: lib.mean(d), lambda: lib.zeros_like(d), lambda: x.matmul(d),
                     lambda: lib.where(x > 0, d, x)):
            see(call())
        see(lib.is_tensor(d), lib.overrides.is_tensor_like(d), lib.overrides.is_tensor_like(3))
        see(lib.overrides.has_torch_function((x, d)), lib.overrides.has_torch_function((x,)))
        see(lib.overrides.has_torch_function_unary(d), lib.overrides.has_torch_function_variadic(x, 3))
        def scale(input, factor=2):
            if lib.overrides.has_torch_function_unary(input):
                return lib.overrides.handle_torch_function(scale, (input,), input, factor=factor)
            return input * factor
        see(scale(x), scale(d, factor=3))
        see(lib.overrides.wrap_torch_function(lambda a: (a,))(lambda a: "plain")(x))""",
    "subclasses_come_first": """
        order = []
        def kind(name, base):
            def function(cls, func, types, args=(), kwargs=None):
                order.append((cls.__name__, [k.__name__ for k in types])); return NotImplemented
            return type(name, (base,), {"__torch_function__": classmethod(function)})
        A = kind("A", lib.Tensor); B = kind("B", A); C = kind("C", lib.Tensor)
        a, b, k = (lib.ones(2).as_subclass(s) for s in (A, B, C))
        for args in ((a, b), (b, a), (a, k), (k, a), (a, k, b)):
            order.clear(); fails(lambda: lib.stack(args)); see([*order])""",
    "modes": """
        over = lib.overrides; log = []
        class Log(over.TorchFunctionMode):
            def __init__(self, name=""):
                self.tag = name
            def __torch_function__(self, func, types, args=(), kwargs=None):
                log.append(self.tag + str(over.resolve_name(func))); return func(*args, **(kwargs or {}))
        with Log():
            lib.zeros(3); lib.ones(2) + 1; x = lib.tensor([1.0]); x.shape; x[0]; lib.arange(3); lib.is_tensor(x)
            lib.as_tensor(3); lib.get_default_dtype(); lib.nn.functional.linear(x, x); lib.Tensor([1.0]); x.add_(1)
        see([*log]); log.clear()
        with Log("a "), Log("b "):
            lib.zeros(3)
        see([*log]); log.clear(); lib.zeros(3); see([*log])
        with Log():
            with lib._C.DisableTorchFunctionSubclass():
                lib.zeros(2)
            with lib._C.DisableTorchFunction():
                lib.zeros(2)
        see([*log])
        with over.BaseTorchFunctionMode():
            see(lib.ones(2) * 2)
        names = [lib.Tensor.add, lib.add, lib.Tensor.shape.__get__, lib.nn.functional.relu, len]
        see([over.resolve_name(n) for n in names])
        see(over.is_tensor_method_or_property(lib.Tensor.add), over.is_tensor_method_or_property(lib.add))""",
}
