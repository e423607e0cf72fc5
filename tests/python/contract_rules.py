"""Programs of test_contract.py: rules of the walk that no other file has. Names at hand are explained there."""

PROGRAMS = {
    "leaves_accumulate_in_reverse_order": """
        p, q, r = t(3), t(3), t(3); order = []
        for name, leaf in (("p", p), ("q", q), ("r", r)): leaf.register_hook(lambda g, n=name: order.append(n))
        ((p * q) * r).sum().backward(); see(order); order.clear(); (p + q + r).sum().backward(); see(order)
        order.clear(); lib.stack([r, p, q]).sum().backward(); see(order)""",
    "newest_node_runs_first": """
        x = t(3); order = []
        a = x * 2; b = a.exp(); d = x.sin(); e = a * d; f = b + e
        for name, y in dict(a=a, b=b, d=d, e=e, f=f).items(): y.register_hook(lambda g, n=name: order.append(n))
        f.sum().backward(); see(order)""",
    "contributions_add_in_order_of_arrival": """
        x = lib.tensor([1.0, 3.0, 7.0], requires_grad=True)
        parts = [x * 1e8, x * 1.0, x * -1e8, x * 1e-3, x * 3.3]
        y = parts[0]
        for p in parts[1:]: y = y + p
        y.sum().backward(); see(x.grad)
        x.grad = None; lib.stack([x * 1e8, x * 1.0, x * -1e8, x * 0.1]).sum().backward(); see(x.grad)
        x.grad = None; (x * 1e8).sum().backward(); (x * 1.1).sum().backward(); (x * -1e8).sum().backward()
        see(x.grad)""",
    "retained_gradient_after_hooks": """
        x = t(3); y = x * 2; y.retain_grad(); y.register_hook(lambda g: g * 10); y.sum().backward(); see(y.grad, x.grad)
        x = t(3); y = x * 2; y.register_hook(lambda g: g * 10); y.retain_grad(); y.sum().backward()
        see(y.grad, x.grad)""",
    "walk_after_an_error": """
        x, w = t(3), t(3); y = x * w; z = y.exp(); calls = []
        def bad(g):
            calls.append(1)
            if len(calls) == 1: raise ValueError("once")
        h = y.register_hook(bad); s = z.sum(); see(fails(lambda: s.backward()), x.grad, w.grad)
        see(fails(lambda: s.backward())[0], x.grad, len(calls)); u = (x * w).sum(); u.backward()
        see(x.grad, w.grad)""",
    "walk_after_an_error_retained": """
        x, w = t(3), t(3); y = x * w; z = y.exp(); calls = []
        def bad(g):
            calls.append(1)
            if len(calls) == 1: raise ValueError("once")
        y.register_hook(bad); s = z.sum(); see(fails(lambda: s.backward(retain_graph=True)), x.grad)
        s.backward(); see(x.grad, w.grad)""",
    "grad_mode_in_rules_and_hooks": """
        x = t(3); modes = []; y = x.exp()
        y.register_hook(lambda g: modes.append((lib.is_grad_enabled(), g.requires_grad)))
        y.sum().backward(retain_graph=True); y.sum().backward(create_graph=True); see(modes)
        s = y.sum()
        with lib.no_grad(): s.backward(create_graph=True)
        see(modes, x.grad.requires_grad)""",
    "undefined_gradients_stop": """
        x = t(3); y = x.exp(); z = y.max(0); order = []
        y.register_hook(lambda g: order.append(g)); z.values.sum().backward(); see(len(order), x.grad)
        A = make("A", lambda c, g: None); w = t(3); order = []; v = w.exp(); v.register_hook(lambda g: order.append(g))
        A.apply(v).sum().backward(); see(order, w.grad)""",
    "integers_have_no_gradient": """
        x = t(4); i = x.argmax(); b = x > 1; n = x.long()
        see(i.requires_grad, b.requires_grad, n.requires_grad, fn(n), fails(lambda: n.requires_grad_()))
        see(fails(lambda: lib.ones(2, dtype=lib.int64, requires_grad=True)), x.max(0).indices.requires_grad)
        v, k = x.max(0); see(fn(v), fn(k), k.requires_grad); v.backward(); see(x.grad)""",
    "composites_are_one_node": """
        x, y = t(2, 3), c(2, 3); f = lib.nn.functional
        made = f.mse_loss(x, y), f.relu(x), f.gelu(x), f.softmax(x, 1), f.log_softmax(x, 1), x.var(), x.std(1), x.prod()
        for r in made: see(fn(r), [fn_of(n) for n, _ in r.grad_fn.next_functions])""",
    "backward_of_many_elements": """
        x = t(2, 2); z = x * x; see(fails(lambda: z.backward()), fails(lambda: lib.autograd.grad(z, x)))
        see(fails(lambda: z.backward(lib.ones(3))), fails(lambda: z.backward(3)), x.grad); z.backward(z.detach())
        see(x.grad)
        see(fails(lambda: c(2).sum().backward()), fails(lambda: lib.autograd.backward(c(1))))""",
    "subclass_through_function": """
        class S(lib.Tensor): pass
        s = c(3).as_subclass(S).requires_grad_(); A = make("A"); B = make("B", forward=lambda c, x: x)
        see(type(A.apply(s)).__name__, type(B.apply(s)).__name__, type(B.apply(lib.nn.Parameter(c(2)))).__name__)
        A.apply(s).sum().backward(); see(type(s.grad).__name__)""",
    "gradients_of_the_caller": """
        p, go = lib.ones(2, 3, requires_grad=True), lib.full((2, 3), 2.0)
        z = (p * go).sum()
        w = lib.ones(3, 2, requires_grad=True)
        r, = lib.autograd.grad(w.t(), w, go)
        r.add_(1)
        see(r._is_view(), go._version, fails(lambda: z.backward()))
        a, b = lib.ones(3, 2, requires_grad=True), lib.ones(2, 3, requires_grad=True)
        ga, gb = lib.autograd.grad(a.t() + b, (a, b), lib.ones(2, 3))
        ga.mul_(5)
        see(gb, gb._version)""",
    "sums_to_sizes": """
        with lib.no_grad():
            for d in (lib.int32, lib.uint8, lib.bool, lib.float32, lib.float16):
                for shape, to in (((1, 3), (3,)), ((1, 1, 3), (1, 3)), ((1, 2, 3), (2, 3)), ((2, 3), (3,))):
                    see(lib.ones(shape, dtype=d).sum_to_size(to))""",
    "squared_error_in_16_bits": """
        for d in (lib.bfloat16, lib.float16, lib.float32):
            for reduction in ("mean", "sum"):
                for n in (3, 7, 1000):
                    x = (lib.arange(n, dtype=lib.float32) * 0.37 - 1).to(d).requires_grad_()
                    y = (lib.arange(n, dtype=lib.float32) * 0.21 + 0.3).to(d)
                    lib.nn.functional.mse_loss(x, y, reduction=reduction).backward(lib.tensor(1.3, dtype=d))
                    see(x.grad)""",
    "layouts_beside_a_zero_dim_tensor": """
        z = lib.tensor(2.0)
        for size, stride in (((2, 3, 1, 1), (3, 1, 3, 3)), ((1, 3), (1, 1)), ((2, 1, 3, 1), (3, 1, 1, 7)),
                             ((1, 2, 3), (1, 3, 1)), ((2, 1, 3, 3), (9, 1, 3, 1)), ((2, 3), (3, 1))):
            x = lib.empty_strided(size, stride)
            x.fill_(1)
            see((x + z).stride(), (z + x).stride(), (x > z).stride(), (x + z.double()).stride(), (x + x).stride())""",
    "kept_gradients_have_no_graph": """
        x = lib.ones(3, requires_grad=True)
        x.register_hook(lambda g: g.clone().requires_grad_())
        (x * 2).sum().backward()
        see(x.grad, x.grad.requires_grad)""",
    "views_of_leaves_that_are_views": """
        x = lib.ones(3).view(3).requires_grad_()
        see(fails(lambda: x[0:1].mul_(2)), x)""",
}
