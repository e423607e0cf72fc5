"""Programs of test_contract.py: Functions written in Python. Names at hand are explained there; also `make`."""

PROGRAMS = {
    # ---- forward, backward, what ctx knows
    "function_product": """
        class Mul(F):
            @staticmethod
            def forward(ctx, x, y, k=3):
                ctx.save_for_backward(x, y); ctx.k = k
                see(ctx.needs_input_grad, ctx.saved_tensors, ctx.to_save is not None, ctx.name(), ctx.requires_grad)
                return x * y * k
            @staticmethod
            def backward(ctx, g):
                x, y = ctx.saved_tensors
                see(ctx.needs_input_grad, ctx.to_save)
                return g * y * ctx.k, g * x * ctx.k, None
        x, y = t(3), t(3); z = Mul.apply(x, y, 3); f = z.grad_fn
        see(z, fn(z), f.name(), f.saved_tensors[0] is x, f.k, f is z.grad_fn, [fn_of(n) for n, _ in f.next_functions])
        see(f.next_functions[0][0].variable is x, isinstance(f, lib.autograd.function.FunctionCtx), f.metadata)
        see(*lib.autograd.grad(z.sum(), x, retain_graph=True)); z.sum().backward(); see(x.grad, y.grad)
        see(fails(lambda: f.saved_tensors), fails(lambda: z.sum().backward()))
        see(fails(lambda: Mul.apply(x, y, k=3)), fails(lambda: Mul.apply(x, y=y)), fails(lambda: Mul.apply(x, s=2)))
        see(fails(lambda: Mul.apply(x)))""",
    "function_class_names": """
        A = make("A"); see(A._backward_cls.__name__, A._backward_cls._forward_cls is A, A.generate_vmap_rule)
        y = A.apply(t(3)); see(type(y.grad_fn) is A._backward_cls)
        see(repr(y.grad_fn).replace('gradus', 'torch')[:40], repr(y)[-22:])
        see(sorted(n for n in ("apply", "next_functions", "metadata", "saved_tensors", "dirty_tensors", "to_save",
            "non_differentiable", "needs_input_grad", "mark_dirty") if not hasattr(y.grad_fn, n)))""",
    "function_keywords": """
        class A(F):
            @staticmethod
            def forward(ctx, x, a=1, b=2): see(a, b, ctx.needs_input_grad); return x * 2
            @staticmethod
            def backward(ctx, *g): return g + (None,) * (len(ctx.needs_input_grad) - 1)
        x = t(3); see(fails(lambda: A.apply(x, b=5)), fails(lambda: A.apply(b=5, x=x)), fails(lambda: A.apply(x, a=7)))
        see(fails(lambda: A.apply(x, 1, a=2)), fails(lambda: A.apply(x, 1, 2, 3)), fails(lambda: A.apply(a=1)))
        class B(A):
            @staticmethod
            def forward(ctx, x, *a, k=4, **more): see(a, k, more); return x * 2
        see(fails(lambda: B.apply(x, k=5)), fails(lambda: B.apply(x, 2, 3)), fails(lambda: B.apply(x, z=3)))""",
    "function_setup_context": """
        class A(F):
            @staticmethod
            def forward(x, a=1): see(a, lib.is_grad_enabled()); return x * 2 * a
            @staticmethod
            def setup_context(ctx, inputs, output):
                see(inputs, output, ctx.needs_input_grad, lib.is_grad_enabled(), type(inputs).__name__)
                ctx.save_for_backward(inputs[0], output); ctx.a = inputs[1]
                return 5
            @staticmethod
            def backward(ctx, g): x, y = ctx.saved_tensors; return g * 2 * ctx.a + 0 * y, None
        x = t(3); y = A.apply(x); z = A.apply(a=3, x=x); see(y, z, fails(lambda: A.apply()))
        see(fails(lambda: A.apply(x, b=5)), fails(lambda: A.apply(x, 1, 2)))
        see(y.grad_fn.saved_tensors[1] is y, y.grad_fn.saved_tensors[1].grad_fn is y.grad_fn)
        (y * z).sum().backward(); see(x.grad)
        class B(A):
            @staticmethod
            def forward(x): return x
            @staticmethod
            def setup_context(ctx, inputs, output): see(output is inputs[0]); ctx.save_for_backward(inputs[0])
        see(fails(lambda: B.apply(x)))""",
    "function_missing_parts": """
        x = t(3); A = type("A", (F,), {"forward": staticmethod(lambda ctx, x: x * 2)})
        B = type("B", (A,), {"backward": staticmethod(lambda ctx, g: g), "vjp": staticmethod(lambda ctx, g: g)})
        V = type("V", (A,), {"vjp": staticmethod(lambda ctx, g: g * 5)})
        see(fails(lambda: F.apply(x)), fails(lambda: A.apply(x).sum().backward()))
        see(fails(lambda: B.apply(x).sum().backward())); V.apply(x).sum().backward(); see(x.grad)
        see(fails(lambda: F.jvp(None)), fails(lambda: F.vmap(None, None)), fails(lambda: F.setup_context(1, 2, 3)))""",
    "function_legacy": """
        import warnings
        A = make("A")
        with warnings.catch_warnings(record=True) as seen_warnings:
            warnings.simplefilter("always"); a = A(); b = lib.autograd.function.InplaceFunction(True)
        see(b.inplace, [(w.category.__name__, str(w.message).replace("__main__.", "")[-99:]) for w in seen_warnings])
        see(fails(lambda: a(t(3))))""",
    # ---- what backward returns
    "function_gradients_counted": """
        x, y = t(3), t(3)
        for result in (lambda g: (g,), lambda g: (g, g, None), lambda g: (g, g, g), lambda g: (g, 3), lambda g: [g, g],
                       lambda g: g, lambda g: None, lambda g: (None, None), lambda g: (g, None), lambda g: (g, 0.0)):
            A = make("A", lambda c, g: result(g)); x.grad = y.grad = None
            see(fails(lambda: A.apply(x, y).sum().backward()), x.grad, y.grad)
        A = make("A", lambda c, g: (g, g)); see(fails(lambda: A.apply(x, 3).sum().backward()))
        A = make("A", lambda c, g: ()); see(fails(lambda: A.apply(x).sum().backward()))""",
    "function_gradients_shaped": """
        x = t(3)
        for result in (lambda g: g[:2], lambda g: g.sum(), lambda g: g.float(), lambda g: g.expand(2, 3),
                       lambda g: g.long(), lambda g: g.reshape(3, 1)):
            A = make("A", lambda c, g: result(g)); x.grad = None
            see(fails(lambda: A.apply(x).sum().backward()), x.grad)""",
    "function_raises": """
        x = t(3)
        def bad(*args): raise ValueError("mine")
        see(fails(lambda: make("A", forward=bad).apply(x)), fails(lambda: make("A", bad).apply(x).sum().backward()))
        see(lib.is_grad_enabled(), x.grad); make("A").apply(x).sum().backward(); see(x.grad)""",
    "function_no_gradient_arrives": """
        A = make("A", lambda c, g: see("A", g) or g); B = make("B", lambda c, g: see("B", g) or None)
        x = t(3); B.apply(A.apply(x)).sum().backward(); see(x.grad)
        x = t(3); B.apply(A.apply(x).exp()).sum().backward(); see(x.grad)""",
    "function_unneeded_inputs": """
        x, y, k = t(3), t(3), c(3); A = make("A", lambda c, g: see(c.needs_input_grad) or (g, g * 2, None))
        z = A.apply(x, y, k); see(*lib.autograd.grad(z.sum(), y, retain_graph=True)); z.sum().backward(inputs=[x])
        see(x.grad, y.grad); with_none = A.apply(k, k, k); see(with_none.requires_grad, fn(with_none))
        with lib.no_grad(): z = A.apply(x, y, k); see(z.requires_grad)
        z = A.apply(x.detach(), y, 3); see([fn_of(n) for n, _ in z.grad_fn.next_functions])""",
    # ---- what forward returns
    "function_results": """
        x = t(3)
        for made in (lambda x: [x * 2], lambda x: (x * 2,), lambda x: None, lambda x: (), lambda x: {"a": x}):
            r = make("A", forward=lambda c, x: made(x)).apply(x); see(type(r).__name__, r if r != {"a": x} else 0)
        A = make("A", lambda c, *g: see(g), lambda c, x: (x * 2, 5, None, "s", x.long(), x > 1))
        o = A.apply(x); see(o, [fn(r) for r in o if isinstance(r, lib.Tensor)]); o[0].sum().backward()
        A = make("A", lambda c, g, h: g, lambda c, x: (x * 2,) * 2); o = A.apply(x)
        see(o[0] is o[1], o[0].output_nr)
        A = make("A", lambda c, g: None, lambda c, x: x[0] * 2); o = A.apply([x]); see(o, o.requires_grad)
        A = make("A", lambda c, g: g, lambda c, x: x.long()); see(A.apply(x).requires_grad)
        A = make("A", lambda c, g: g, lambda c, x: x.requires_grad); see(A.apply(x))""",
    "function_two_results": """
        A = make("A", lambda c, g, h: see(g, h) or (g * 2 + h * 3), lambda c, x: (x * 2, x * 3))
        x = t(3); a, b = A.apply(x); see(a.output_nr, b.output_nr, a.grad_fn is b.grad_fn); (a * b).sum().backward()
        see(x.grad); x = t(3); a, b = A.apply(x); b.sum().backward(); see(x.grad)""",
    "function_input_returned": """
        A = make("A", lambda c, g: g * 2, lambda c, x: x)
        x = t(3); w = x * 1; o = A.apply(w); see(o is w, fn(o), o._is_view(), o._base is w, o._version, fn(w))
        see(fails(lambda: o.add_(1)), fails(lambda: o[:1].add_(1)), w); o.sum().backward(); see(x.grad)
        o = A.apply(x); see(o.is_leaf, o._is_view(), o._base is x, fails(lambda: o.add_(1)))
        o = A.apply(x.detach()); see(fn(o), o._is_view(), fails(lambda: o.add_(1)))
        with lib.no_grad(): o = A.apply(x); see(fn(o), o._is_view(), o.requires_grad, o is x)
        A = make("A", lambda c, g, h: g * 2 + h, lambda c, x: (x, x)); o = A.apply(x)
        see(o[0] is o[1], o, fn(o[1]))""",
    "function_view_returned": """
        A = make("A", lambda c, g: lib.cat([g, g * 0, g * 0]), lambda c, x: x[:1])
        x = t(3); w = x * 1; o = A.apply(w); see(fn(o), o._is_view(), o._base is w, fails(lambda: o.add_(1)), o)
        w.add_(1); see(o, fails(lambda: o.grad_fn), fails(lambda: o * 2))
        B = make("B", lambda c, g, h: g + h, lambda c, x: (x[:], x * 2)); o = B.apply(x * 1)
        see(fails(lambda: o[0].add_(1)), fails(lambda: o[1].add_(1)))""",
    "function_graph_inside_forward": """
        class E(F):
            @staticmethod
            def forward(ctx, x):
                see(lib.is_grad_enabled())
                with lib.enable_grad(): y = x * 3
                see(fn(y)); ctx.y = y; return y
            @staticmethod
            def backward(ctx, g): return g * 7
        x = t(3); r = E.apply(x); see(fn(r), r.grad_fn.y is r); r.sum().backward(); see(x.grad)""",
    # ---- mark_dirty
    "function_dirty": """
        A = make("A", lambda c, g: g * 2, lambda c, x: c.mark_dirty(x) or x.add_(1))
        x = t(3); see(fails(lambda: A.apply(x)), x.grad)
        w = x * 1; o = A.apply(w); see(o is w, fn(w), w._version, o._is_view()); w.sum().backward(); see(x.grad)
        k = c(3).clone(); o = A.apply(k); see(o is k, k.requires_grad, k._version)
        a = x * 1; a.retain_grad(); A.apply(a); a.sum().backward(); see(a.grad)
        a = x * 1; a.register_hook(lambda g: see("hook", g)); A.apply(a); a.sum().backward()
        a = x * 1; b = a * a; A.apply(a); see(fails(lambda: b.sum().backward()))""",
    "function_dirty_under_no_grad": """
        A = make("A", lambda c, g: g * 2, lambda c, x: c.mark_dirty(x) or x.add_(1))
        with lib.no_grad(): x = t(3); o = A.apply(x); see(o, o is x, o.requires_grad, x.requires_grad, x)
        with lib.no_grad(): k = c(3).clone(); o = A.apply(k); see(o is k, o._version)""",
    "function_dirty_view": """
        A = make("A", lambda c, g: g * 2, lambda c, x: c.mark_dirty(x) or x.add_(1))
        x = t(4); b = x * 1; v = b[:2]; o = A.apply(v); see(o is v, fn(v), fn(b), v._version, b)
        b.sum().backward(); see(x.grad); v.add_(1); see(fn(v))
        see(fails(lambda: A.apply(x[:2])), fails(lambda: A.apply((x * 1).unbind()[0])))
        with lib.no_grad(): v = x[:2]
        see(fails(lambda: A.apply(v)))
        B = make("B", lambda c, g: (g * 5, g * 3), lambda c, x, y: c.mark_dirty(x) or x.add_(y))
        b = c(4).clone(); v = b[:2]; y = t(2); B.apply(v, y); see(fn(v), fn(b)); b.sum().backward(); see(y.grad)
        D = make("D", lambda c, g, h: (g, h), lambda c, x, y: c.mark_dirty(x, y) or (x.add_(1), y.add_(2)))
        see(fails(lambda: D.apply((x * 1)[:2], (x * 2)[:2])))""",
    "function_dirty_several": """
        D = make("D", lambda c, g, h: (h * 3, g), lambda c, x, y: c.mark_dirty(x, y) or (y.mul_(2), x.add_(1)))
        x = t(4); a, b = x * 1, x * 2; o = D.apply(a, b); see(a.output_nr, b.output_nr, o[0] is b, o[1] is a)
        (a * b).sum().backward(); see(x.grad)""",
    "function_dirty_not_returned": """
        import warnings
        A = make("A", lambda c, g: g * 2, lambda c, x: c.mark_dirty(x) or x.add_(1) * 2)
        see(fails(lambda: A.apply(t(3) * 1)), fails(lambda: A.apply(c(3).clone())))
        def forward(c, x): r = x * 2; c.mark_dirty(r); return r
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always"); o = make("A", forward=forward).apply(t(3) * 1)
        see(fn(o), [str(m.message)[:60] for m in w])""",
    # ---- mark_non_differentiable, set_materialize_grads
    "function_non_differentiable": """
        def forward(c, x): r, i = x * 2, x * 3; c.mark_non_differentiable(i); return r, i
        A = make("A", lambda c, g, h: see(g, h) or g, forward)
        x = t(3); r, i = A.apply(x); see(fn(r), fn(i), i.requires_grad); r.sum().backward(); see(x.grad)
        A = make("A", forward=lambda c, x: c.mark_non_differentiable(x) or x); o = A.apply(x * 1)
        see(o.requires_grad, o._is_view()); o = A.apply(x); see(o.requires_grad, x.requires_grad)
        A = make("A", forward=lambda c, x: c.mark_non_differentiable(c_(x)) or c.n)
        def c_(x): return x""",
    "function_materialize": """
        def forward(c, x): c.set_materialize_grads(False); return x * 2, x * 3, x > 1
        A = make("A", lambda c, g, h, i: see(g, h, i) or g, forward); x = t(3); A.apply(x)[0].sum().backward()
        see(fails(lambda: make("A", forward=lambda c, x: c.set_materialize_grads(3)).apply(x))[0])""",
    "function_marks_refuse": """
        x = t(3); save = lambda *a: make("A", forward=lambda c, x: c.save_for_backward(*a) or x * 2).apply(x)
        see(fails(lambda: save(x, 3)), fails(lambda: save(None)), fails(lambda: save((x,))))
        see(fails(lambda: make("A", forward=lambda c, x: c.save_for_backward(3) or x * 2).apply(c(3))))
        see(fails(lambda: make("A", forward=lambda c, x: c.mark_dirty(3) or x * 2).apply(x)))
        see(fails(lambda: make("A", forward=lambda c, x: c.mark_non_differentiable(3) or x * 2).apply(x)))
        see(fails(lambda: make("A", forward=lambda c, x: c.save_for_forward(3) or x * 2).apply(x)))""",
    # ---- saved tensors
    "function_saved_versions": """
        class V(F):
            @staticmethod
            def forward(ctx, x): y = x.exp(); ctx.save_for_backward(x, y); return y
            @staticmethod
            def backward(ctx, g): x, y = ctx.saved_tensors; return g * y
        x = t(3); w = x * 1; y = V.apply(w); w.add_(1); see(fails(lambda: y.sum().backward()))
        y = V.apply(x); y.add_(1); see(fails(lambda: y.sum().backward()), fails(lambda: y.grad_fn))
        y = V.apply(x)
        with lib.no_grad(): x.mul_(2)
        see(fails(lambda: y.sum().backward()), fails(lambda: y.grad_fn.saved_tensors))""",
    "function_saved_again": """
        def forward(c, x): c.save_for_backward(None, x); c.save_for_backward(x, None, x); return x * 2
        A = make("A", lambda c, g: see(c.saved_tensors) or g, forward); x = t(3); A.apply(x).sum().backward()
        def forward(c, x): c.inner = x * 2; c.save_for_backward(c.inner); return x * 2
        A = make("A", lambda c, g: see(c.saved_tensors[0] is c.inner) or g, forward); A.apply(x).sum().backward()""",
    "function_saved_are_released": """
        import weakref
        def forward(c, x): k = x * 2; refs.append(weakref.ref(k)); c.save_for_backward(k); return x * 2
        refs = []; A = make("A", lambda c, g: g, forward); x = t(3); y = A.apply(x); see(refs[0]() is None)
        y.sum().backward(retain_graph=True); see(refs[0]() is None); y.sum().backward(); see(refs[0]() is None)
        y = A.apply(x); see(refs[1]() is None); del y; see(refs[1]() is None)""",
    "function_walked_twice": """
        A = make("A"); x = t(3); y = A.apply(x).sum(); y.backward(); y.backward(); see(x.grad)
        A = make("A", lambda c, g: g * len(c.saved_tensors)); y = A.apply(x).sum(); y.backward()
        see(fails(lambda: y.backward()))""",
    "function_clear_on_access": """
        class C(F):
            clear_saved_tensors_on_access = True
            @staticmethod
            def forward(ctx, x): ctx.save_for_backward(x); return x * x
            @staticmethod
            def backward(ctx, g): x, = ctx.saved_tensors; see(fails(lambda: ctx.saved_tensors)); return g * 2 * x
        x = t(3); y = C.apply(x).sum(); y.backward(retain_graph=True); see(fails(lambda: y.backward()), x.grad)""",
    "function_boxed_gradients": """
        class C(F):
            boxed_grads_call = True
            @staticmethod
            def forward(ctx, x): return x * x, x * 2
            @staticmethod
            def backward(ctx, g): see(g, type(g).__name__); return g[0]
        x = t(3); C.apply(x)[0].sum().backward(); see(x.grad)""",
    "function_context_outlives_result": """
        def forward(c, x): y = x * 2; c.save_for_backward(x, y); c.note = 7; return y
        A = make("A", forward=forward); x = t(3); y = A.apply(x); f = y.grad_fn; f.more = 8; del y
        see(f.saved_tensors, f.note, f.more, f.name(), [fn_of(n) for n, _ in f.next_functions])
        y = A.apply(x); y.grad_fn.tag = 5; z = y * 2; del y; gc.collect(); see(z.grad_fn.next_functions[0][0].tag)
        see(z.grad_fn.next_functions[0][0].saved_tensors)""",
    "function_called_through_its_node": """
        A = make("A", lambda c, g: g * 3); y = A.apply(t(3)); see(y.grad_fn.apply(c(3)))
        see(fails(lambda: y.grad_fn(c(3)))[0])""",
    # ---- higher derivatives
    "function_second_derivative": """
        class Cube(F):
            @staticmethod
            def forward(ctx, x): ctx.save_for_backward(x); return x ** 3
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors; see(lib.is_grad_enabled(), x.requires_grad); return g * 3 * x * x
        x = t(3); g, = lib.autograd.grad(Cube.apply(x).sum(), x, create_graph=True); see(g, g.requires_grad)
        h, = lib.autograd.grad(g.sum(), x, create_graph=True); see(h); h.sum().backward(); see(x.grad)
        Cube.apply(x).sum().backward()""",
    "function_second_derivative_through_result": """
        class Exp(F):
            @staticmethod
            def forward(ctx, x): y = x.exp(); ctx.save_for_backward(y); return y
            @staticmethod
            def backward(ctx, g): y, = ctx.saved_tensors; names.append(fn(y)); return g * y
        names = []
        x = t(3); g, = lib.autograd.grad(Exp.apply(x).sum(), x, create_graph=True); see(g)
        h, = lib.autograd.grad(g.sum(), x, create_graph=True); see(h); h.sum().backward(); see(x.grad, names)
        see(lib.autograd.gradcheck(Exp.apply, (t(3),)), lib.autograd.gradgradcheck(Exp.apply, (t(3),)))""",
    "function_of_function": """
        class Double(F):
            @staticmethod
            def forward(ctx, x): return x * 2
            @staticmethod
            def backward(ctx, g): return Double.apply(g)
        x = t(3); y = Double.apply(x).sum()
        g, = lib.autograd.grad(y, x, c(3).sum().clone().requires_grad_(), create_graph=True)
        see(g, fn(g))""",
    "function_once_differentiable": """
        class O(F):
            @staticmethod
            def forward(ctx, x): ctx.save_for_backward(x); return x * x
            @staticmethod
            @lib.autograd.function.once_differentiable
            def backward(ctx, g): x, = ctx.saved_tensors; see(lib.is_grad_enabled()); return g * 2 * x
        x = t(3); O.apply(x).sum().backward(); see(x.grad)
        g, = lib.autograd.grad(O.apply(x).sum(), x, create_graph=True); see(g, g.requires_grad)
        g, = lib.autograd.grad(O.apply(x), x, t(3), create_graph=True); see(g, fn(g), g.grad_fn.name())
        see(fails(lambda: g.sum().backward()))
        class P(O):
            @staticmethod
            def forward(ctx, x, y): return x * x, y
            @staticmethod
            @lib.autograd.function.once_differentiable
            def backward(ctx, g, h): return g * 2, None
        g, = lib.autograd.grad(P.apply(x, x), x, [t(3)] * 2, create_graph=True)
        see(g, fails(lambda: g.sum().backward()))""",
}
