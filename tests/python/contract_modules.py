"""Programs of test_contract.py: hooks of modules, and checkpoints. Names at hand are explained there.

`module` makes a module of a forward function; `linear` a Linear with fixed values.
"""

PROGRAMS = {
    # ---- calls
    "module_forward_hooks": """
        m = module(lambda self, x, k=1: x * 2 * k); order = []
        m.register_forward_pre_hook(lambda m, a: order.append("pre 1") or (a[0] + 1,))
        m.register_forward_pre_hook(lambda m, a: order.append("pre 2") or a[0] * 10, prepend=True)
        m.register_forward_pre_hook(lambda m, a, k: order.append(k) or (a, {"k": 3}), with_kwargs=True)
        h = m.register_forward_hook(lambda m, a, r: order.append("post 1") or r + 100)
        m.register_forward_hook(lambda m, a, k, r: order.append(k), with_kwargs=True)
        m.register_forward_hook(lambda m, a, r: order.append("post 0"), prepend=True)
        see(m(c(3)), order, m(c(3), k=5)); h.remove(); see(m(c(3)), len(m._forward_hooks))
        with m.register_forward_hook(lambda m, a, r: 7): see(m(c(3)))
        see(m(c(3)))""",
    "module_pre_hook_errors": """
        m = module(lambda self, x: x * 2)
        m.register_forward_pre_hook(lambda m, a, k: (1, 2, 3), with_kwargs=True); see(fails(lambda: m(c(3))))""",
    "module_always_called": """
        import warnings
        def forward(self, x):
            if x is None: raise ValueError("no x")
            return x * 2
        m = module(forward); order = []
        m.register_forward_hook(lambda m, a, r: order.append("plain"))
        m.register_forward_hook(lambda m, a, r: order.append(("always", r is None)), always_call=True)
        m.register_forward_hook(lambda m, a, k, r: order.append(("kwargs", k)), always_call=True, with_kwargs=True)
        see(fails(lambda: m(None)), order); order.clear(); m(c(3)); see(order); order.clear()
        def bad(m, a, r): raise KeyError("hook")
        m.register_forward_hook(bad, always_call=True)
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always"); see(fails(lambda: m(None)), [str(i.message) for i in w])
        order.clear(); see(fails(lambda: m(c(3))), order)""",
    "module_global_hooks": """
        M = lib.nn.modules.module; m = module(lambda self, x, k=1: x * 2 * k); order = []
        handles = [M.register_module_forward_pre_hook(lambda m, a: order.append("global pre")),
            M.register_module_forward_hook(lambda m, a, r: order.append("global post")),
            M.register_module_forward_hook(lambda m, a, k, r: order.append(k), with_kwargs=True),
            M.register_module_forward_hook(lambda m, a, r: order.append("always"), always_call=True)]
        m.register_forward_pre_hook(lambda m, a: order.append("own pre"))
        m.register_forward_hook(lambda m, a, r: order.append("own post"))
        m(c(3), k=2); see(order); order.clear()
        n = module(lambda self, x: x / {}); see(fails(lambda: n(c(3)))[0], order); order.clear()
        for h in handles: h.remove()
        m(c(3)); see(order)""",
    "module_registration_hooks": """
        M = lib.nn.modules.module; nn = lib.nn; seen = []
        handles = [M.register_module_parameter_registration_hook(lambda m, n, p: seen.append(("parameter", n))),
            M.register_module_module_registration_hook(lambda m, n, v: seen.append(("module", n, type(v).__name__))),
            M.register_module_buffer_registration_hook(lambda m, n, b: b + 1)]
        m = nn.Module(); m.w = nn.Parameter(c(2)); m.register_parameter("v", None); m.child = nn.Identity()
        m.add_module("other", nn.ReLU()); m.register_buffer("b", c(2)); m.child = nn.ReLU(); see(seen, m.b)
        for h in handles: h.remove()
        m.z = nn.Identity(); see(len(seen))""",
    # ---- gradients
    "module_full_backward_hooks": """
        m = linear(); seen = []
        m.register_full_backward_hook(lambda m, gi, go: seen.append(("hook", gi, go)))
        m.register_full_backward_pre_hook(lambda m, go: seen.append(("pre", go)))
        x = t(2, 3); y = m(x); see(fn(y), y._is_view()); y.sum().backward(); see(seen, x.grad, m.weight.grad)
        see(fails(lambda: m(x).add_(1)), fails(lambda: m.register_backward_hook(print)))""",
    "module_backward_hooks_replace": """
        m = linear(); m.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
        m.register_full_backward_hook(lambda m, gi, go: see(gi), prepend=True)
        m.register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
        m.register_full_backward_pre_hook(lambda m, go: see(go))
        x = t(2, 3); m(x).sum().backward(); see(x.grad, m.weight.grad)""",
    "module_backward_hooks_counted": """
        x = t(2, 3)
        m = linear(); m.register_full_backward_hook(lambda m, gi, go: gi * 2); see(fails(lambda: m(x).sum().backward()))
        m = linear(); m.register_full_backward_pre_hook(lambda m, go: go * 2); see(fails(lambda: m(x).sum().backward()))
        m = linear(); m.register_full_backward_hook(lambda m, gi, go: go)
        see(fails(lambda: m(c(2, 3)).sum().backward()))
        m = linear(); m.register_full_backward_hook(lambda m, gi, go: (None,)); m(c(2, 3)).sum().backward()""",
    "module_backward_hooks_without_gradients": """
        import warnings
        m = linear(); m.register_full_backward_hook(lambda m, gi, go: see(gi, go))
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always"); m(c(2, 3)).sum().backward(); see([str(i.message) for i in w])
        with lib.no_grad(): see(m(t(2, 3)))
        k = module(lambda self, x: x * 2); k.register_full_backward_hook(lambda m, gi, go: see(gi))
        see(fn(k(c(3))))""",
    "module_backward_hooks_several_values": """
        m = module(lambda self, x, n, y, z=None: (x * y, n, (x + y).detach(), y * z))
        m.register_full_backward_hook(lambda m, gi, go: see(gi, go)); x, y, z = t(3), t(3), t(3)
        a, n, d, b = m(x, 5, y, z=z); see(n, fn(d), d.requires_grad); (a.sum() + b.sum()).backward()
        see(x.grad, z.grad)
        m = module(lambda self, x: [x * 2]); m.register_full_backward_hook(lambda m, gi, go: see(gi, go))
        m(t(3))[0].sum().backward(); k = module(lambda self, x, y: x * 2)
        k.register_full_backward_hook(lambda m, gi, go: see(gi, go)); k(t(3), c(3)).sum().backward()""",
    "module_backward_hooks_nested": """
        outer = lib.nn.Sequential(linear(), lib.nn.ReLU()); seen = []
        note = lambda m, gi, go: seen.append((type(m).__name__, gi, go))
        for m in (outer, *outer): m.register_full_backward_hook(note)
        x = t(2, 3); outer(x).sum().backward(); see(seen)""",
    "module_backward_hook_second_derivative": """
        m = module(lambda self, x: x ** 3); m.register_full_backward_hook(lambda m, gi, go: see(len(gi)))
        x = t(3); (g,) = lib.autograd.grad(m(x).sum(), x, create_graph=True); g.sum().backward(); see(x.grad)""",
    "module_legacy_backward_hook": """
        import warnings
        m = module(lambda self, x, y: x * y); m.register_backward_hook(lambda m, gi, go: see(gi, go))
        x, y = t(3), t(3); m(x, y).sum().backward(); see(x.grad, fails(lambda: m.register_full_backward_hook(print)))
        cases = [(lambda self, x: [x * 2], (x,)), (lambda self, x: (x * 2, x * 3), (x,)),
            (lambda self, x, k: x * 2, (x, 3)),
            (lambda self, x: (x * 2).exp(), (x,)), (lambda self, x: {"a": x * 2}, (x,))]
        for forward, args in cases:
            m = module(forward); m.register_backward_hook(lambda m, gi, go: None)
            with warnings.catch_warnings(record=True) as w:
                warnings.simplefilter("always"); m(*args); see([str(i.message) for i in w])""",
    "module_global_backward_hooks": """
        M = lib.nn.modules.module; order = []
        pre = M.register_module_full_backward_pre_hook(lambda m, go: order.append("global pre"))
        m = module(lambda self, x: x * 2); x = t(3); m(x).sum().backward(); see(order, x.grad); order.clear()
        m.register_full_backward_pre_hook(lambda m, go: order.append("pre"))
        m.register_full_backward_hook(lambda m, gi, go: order.append("own")); m(x).sum().backward(); see(order)
        pre.remove(); order.clear(); m(x).sum().backward(); see(order)""",
    "module_hooks_copied": """
        import copy
        m = linear(); m.register_full_backward_hook(lambda m, gi, go: see(go)); k = copy.deepcopy(m)
        k(t(2, 3)).sum().backward(); see(len(k._backward_hooks), k._is_full_backward_hook)""",
    # ---- state
    "module_state_hooks": """
        m = linear(); order = []
        m.register_state_dict_pre_hook(lambda m, p, k: order.append((p, k)))
        m.register_state_dict_post_hook(lambda m, s, p, meta: order.append((sorted(s), p, meta)))
        m.register_load_state_dict_pre_hook(lambda m, s, p, meta, strict, missing, more, errors: s.pop("bias"))
        m.register_load_state_dict_post_hook(lambda m, keys: order.append((keys.missing_keys, keys.unexpected_keys)))
        s = m.state_dict(); see(fails(lambda: m.load_state_dict(s)), order)
        m.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear()); see(str(m.load_state_dict(s)))
        m.register_state_dict_post_hook(lambda m, s, p, meta: s); see(fails(m.state_dict))
        k = linear(); k.register_load_state_dict_post_hook(lambda m, keys: 5); see(fails(lambda: k.load_state_dict(s)))
        k._register_state_dict_hook(lambda m, s, p, meta: {"only": 1}); see(k.state_dict())""",
    # ---- checkpoints
    "checkpoint_both_kinds": """
        from_ = lib.utils.checkpoint; m = lib.nn.Sequential(linear(), lib.nn.Tanh()); x = t(2, 3)
        for reentrant in (False, True):
            runs = []; x.grad = None; m.zero_grad()
            def f(v, k): runs.append(lib.is_grad_enabled()); return m(v) * k
            y = from_.checkpoint(f, x, 3, use_reentrant=reentrant); see(y, fn(y), runs); y.sum().backward()
            see(runs, x.grad, m[0].weight.grad); see(fails(lambda: y.sum().backward())[0])""",
    "checkpoint_saves_only_inputs": """
        cp = lib.utils.checkpoint.checkpoint; x = t(3); saved = []
        f = lambda v: v.exp().sin().tanh()
        with lib.autograd.graph.saved_tensors_hooks(lambda v: saved.append(v) or v, lambda v: v):
            y = cp(f, x, use_reentrant=False)
        see(len(saved), saved[0] is x); y.sum().backward(); see(x.grad)""",
    "checkpoint_retained_graph": """
        cp = lib.utils.checkpoint.checkpoint; x = t(3); runs = []
        def f(v): runs.append(1); return v.exp().sin()
        y = cp(f, x, use_reentrant=False).sum(); y.backward(retain_graph=True); see(len(runs)); y.backward()
        see(len(runs), x.grad); see(fails(lambda: y.backward())[0])""",
    "checkpoint_keywords_and_grad": """
        cp = lib.utils.checkpoint.checkpoint; x, w = t(3), t(3)
        y = cp(lambda v, w: (v * w).exp(), x, w=w, use_reentrant=False); see(*lib.autograd.grad(y.sum(), (x, w)))
        y = cp(lambda v: v.exp(), x, use_reentrant=True); see(fails(lambda: lib.autograd.grad(y.sum(), x)))
        see(fails(lambda: y.sum().backward(inputs=[x])), fails(lambda: cp(lambda v: v, x, k=3, use_reentrant=True)))
        see(fails(lambda: cp(lambda v: v, x, use_reentrant=True, debug=True)))
        see(fails(lambda: cp(lambda v: v, x, use_reentrant=False, determinism_check="x")))""",
    "checkpoint_second_derivative": """
        cp = lib.utils.checkpoint.checkpoint; x = t(3); y = cp(lambda v: v.exp() * v, x, use_reentrant=False)
        (g,) = lib.autograd.grad(y.sum(), x, create_graph=True); see(g); g.sum().backward(); see(x.grad)""",
    "checkpoint_random_state": """
        cp = lib.utils.checkpoint.checkpoint; drop = lib.nn.Dropout(0.5)
        for reentrant in (False, True):
            for preserve in (True, False):
                lib.manual_seed(3); x = lib.ones(40, requires_grad=True)
                y = cp(lambda v: drop(v) * v, x, use_reentrant=reentrant, preserve_rng_state=preserve)
                y.sum().backward()
                see(((x.grad == 0) == (y == 0)).all().item(), lib.rand(2))""",
    "checkpoint_early_stop": """
        cp = lib.utils.checkpoint; x = t(3); runs = []
        def f(v): y = v.exp().sin(); runs.append(1); return y + 1
        def g(v): y = v.exp().sin(); z = y + 1; runs.append(2); return z
        for stop in (True, False):
            runs.clear(); cp.checkpoint(g, x, use_reentrant=False, early_stop=stop).sum().backward(); see(len(runs))
            runs.clear()
            with cp.set_checkpoint_early_stop(stop): y = cp.checkpoint(g, x, use_reentrant=False)
            y.sum().backward(); see(len(runs))""",
    "checkpoint_determinism": """
        cp = lib.utils.checkpoint; x = t(4); runs = []
        def shapes(v): runs.append(1); return (v[:2] if len(runs) % 2 else v[:3]).exp().sum()
        def kinds(v): runs.append(1); return (v if len(runs) % 2 else v.float()).exp().sum()
        def fewer(v): runs.append(1); return (v.exp() if len(runs) % 2 else v).sum()
        for f in (shapes, kinds, fewer):
            runs.clear(); y = cp.checkpoint(f, x, use_reentrant=False); e = fails(lambda: y.backward())
            see(e[0], e[1].split("tensor at position")[0][:98])
        see(issubclass(cp.CheckpointError, RuntimeError))
        def same(v): runs.append(1); return (v.exp() if len(runs) % 2 else v.exp() * 1).sum()
        runs.clear(); cp.checkpoint(same, x, use_reentrant=False, determinism_check="none").backward(); see(x.grad)""",
    "checkpoint_contexts": """
        import contextlib
        cp = lib.utils.checkpoint; x = t(3); order = []
        @contextlib.contextmanager
        def note(name): order.append(name); yield; order.append(name + " ends")
        y = cp.checkpoint(lambda v: order.append("f") or v.exp(), x, use_reentrant=False,
            context_fn=lambda: (note("first"), note("second"))); see(order); y.sum().backward(); see(order)
        see(fails(lambda: cp.checkpoint(lambda v: v, x, use_reentrant=True, context_fn=lambda: 0)))
        def bad(v): raise ValueError("mine")
        see(fails(lambda: cp.checkpoint(bad, x, use_reentrant=False)), (x * 2).grad_fn is not None)
        see(fails(lambda: cp.checkpoint(bad, x, use_reentrant=False,
            context_fn=lambda: (contextlib.suppress(ValueError), contextlib.nullcontext()))))""",
    "checkpoint_nested": """
        cp = lib.utils.checkpoint.checkpoint; x = t(3); runs = []
        def inner(v): runs.append("inner"); return v.exp().sin()
        def outer(v): runs.append("outer"); return cp(inner, v.cos(), use_reentrant=False).tanh()
        y = cp(outer, x, use_reentrant=False); y.sum().backward(); see(x.grad, runs); x.grad = None
        outer(x).sum().backward(); see(x.grad)""",
    "checkpoint_without_gradients": """
        import warnings
        cp = lib.utils.checkpoint.checkpoint
        double = lambda v: v * 2
        with lib.no_grad(): see(cp(double, t(3), use_reentrant=False), cp(double, t(3), use_reentrant=True))
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always"); y = cp(lambda v: v * 2, c(3), use_reentrant=True)
            z = cp(lambda v: v * 2, t(3)); see(y.requires_grad, z.requires_grad, [str(i.message) for i in w])
        y = cp(lambda v: v.detach() * 2, t(3), use_reentrant=True); see(fails(lambda: y.sum().backward()))
        see(cp(lambda v: v.detach() * 2, t(3), use_reentrant=False).requires_grad)""",
    "checkpoint_changed_input": """
        cp = lib.utils.checkpoint.checkpoint; x = t(3); w = x * 1; y = cp(lambda v: v.exp(), w, use_reentrant=False)
        w.add_(1); see(fails(lambda: y.sum().backward()))
        w = x * 1; y = cp(lambda v: v.exp(), w, use_reentrant=True); w.add_(1)
        see(fails(lambda: y.sum().backward()))""",
    "checkpoint_unpacked_twice": """
        cp = lib.utils.checkpoint.checkpoint
        def forward(ctx, x): ctx.save_for_backward(x); return x.exp()
        def backward(ctx, g): ctx.saved_tensors; return g * ctx.saved_tensors[0]
        A = make("A", backward, forward); y = cp(lambda v: A.apply(v), t(3), use_reentrant=False)
        see(fails(lambda: y.sum().backward()))""",
    "checkpoint_functions": """
        def backward(ctx, g): v, r = ctx.saved_tensors; return g * r
        def forward(ctx, x): r = x.exp(); ctx.save_for_backward(x, r); return r
        A = make("A", backward, forward); cp = lib.utils.checkpoint.checkpoint; x = t(3)
        y = cp(lambda v: A.apply(v * 2), x, use_reentrant=False); y.sum().backward(); see(x.grad)""",
    "checkpoint_sequential": """
        S = lib.utils.checkpoint.checkpoint_sequential; x = t(2, 3)
        steps = [linear(), lib.nn.Tanh(), lib.nn.ReLU(), lambda v: v * 2, lib.nn.Sigmoid()]
        for segments in (1, 2, 3, 5):
            for reentrant in (False, True):
                x.grad = None; y = S(steps, segments, x, use_reentrant=reentrant); y.sum().backward(); see(y, x.grad)
        m = lib.nn.Sequential(linear(), lib.nn.Tanh()); see(S(m, 2, x, use_reentrant=False))
        see(fails(lambda: S(m, 3, x, use_reentrant=False)), fails(lambda: S(m, 2, x, use_reentrant=False, k=1)))""",
}
