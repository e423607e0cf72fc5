"""Programs of test_contract.py: hooks of saved values, of nodes and of tensors. Names at hand are explained there."""

PROGRAMS = {
    # ---- saved values
    "saved_hooks_see_every_value": """
        x = t(3); seen = []
        def pack(v):
            seen.append((v is x, v.requires_grad, v.is_leaf, fn(v), lib.is_grad_enabled(), v._version))
            return v
        with lib.autograd.graph.saved_tensors_hooks(pack, lambda v: v): y = (x * x).exp(); z = x + 1
        see(*seen); y.sum().backward(); see(x.grad, len(seen))""",
    "saved_hooks_replace_values": """
        x = t(3)
        with lib.autograd.graph.saved_tensors_hooks(lambda v: (v.numel(), v), lambda p: p[1] * 10): y = (x * c(3)).exp()
        y.sum().backward(); see(x.grad)""",
    "saved_hooks_second_derivative": """
        x = t(3)
        with lib.autograd.graph.saved_tensors_hooks(lambda v: v.detach().clone(), lambda p: p): y = x.exp() * x
        (g,) = lib.autograd.grad(y.sum(), x, create_graph=True); (h,) = lib.autograd.grad(g.sum(), x); see(g, h)""",
    "saved_hooks_slice_written": """
        x = t(2, 3); y = x * 1
        with lib.autograd.graph.saved_tensors_hooks(lambda v: v.detach().clone(), lambda p: p): y[0].exp_()
        (g,) = lib.autograd.grad((y * y).sum(), x, create_graph=True); (h,) = lib.autograd.grad(g.sum(), x)
        see(g, h)""",
    "saved_hooks_ignore_versions": """
        x = t(3); y = x * 1
        with lib.autograd.graph.saved_tensors_hooks(lambda v: v.clone(), lambda p: p): z = y * y
        y.add_(1); z.sum().backward(); see(x.grad)""",
    "saved_hooks_nest": """
        x = t(3); seen = []; h = lib.autograd.graph.saved_tensors_hooks
        def note(name): return lambda v: (seen.append(name), v)[1]
        with h(note("p1"), note("u1")):
            a = x.exp()
            with h(note("p2"), note("u2")): b = a.exp()
            d = b.exp()
        e = d.exp(); e.sum().backward(); see(seen)""",
    "saved_hooks_released": """
        x = t(3)
        with lib.autograd.graph.saved_tensors_hooks(lambda v: v, lambda p: p): y = (x * x).sum()
        y.backward(); see(fails(lambda: y.backward()))""",
    "saved_hooks_that_fail": """
        x = t(3); h = lib.autograd.graph.saved_tensors_hooks
        def bad(v): raise ValueError("no")
        def writes(v): v.add_(1); return v
        with h(bad, bad): see(fails(lambda: x * x))
        with h(writes, bad): see(fails(lambda: (x * 2) * (x * 2)))
        with h(lambda v: v, bad): y = x * x
        see(fails(lambda: y.sum().backward()), x.grad)
        for wrong in (3, None, "text"):
            with h(lambda v: v, lambda p: wrong): y = x * x
            see(fails(lambda: y.sum().backward()))""",
    "saved_hooks_in_place_that_fail": """
        x = t(3); y = x * 1; h = lib.autograd.graph.saved_tensors_hooks
        def bad(v): raise ValueError("no")
        with h(bad, bad): see(fails(lambda: y.mul_(c(3))))
        see(fn(y))""",
    "saved_hooks_disabled": """
        g = lib.autograd.graph; h = g.saved_tensors_hooks(lambda v: v, lambda p: p)
        with g.disable_saved_tensors_hooks("not here"): see(fails(h.__enter__))
        @g.disable_saved_tensors_hooks("nor here")
        def f(): h.__enter__()
        see(fails(f))
        with h: (t(3) * 2).sum().backward()""",
    "saved_hooks_save_on_cpu": """
        x = t(3)
        with lib.autograd.graph.save_on_cpu(): y = (x * x).exp()
        y.sum().backward(); see(x.grad)""",
    # ---- hooks of nodes
    "node_hooks_replace": """
        for h in (lambda i, o: (i[0] * 2, i[1] * 3), lambda i, o: (i[0], None), lambda i, o: None):
            x = t(3); w = t(3); y = x * w; y.grad_fn.register_hook(h); y.sum().backward(); see(x.grad, w.grad)
        for h in (lambda o: (o[0] * 2,), lambda o: (None,), lambda o: None):
            x = t(3); w = t(3); y = x * w; y.grad_fn.register_prehook(h); y.sum().backward(); see(x.grad, w.grad)""",
    "node_hooks_wrong_results": """
        bad = lib.ones(3); f = lib.ones(2, dtype=lib.float64)
        for h in (lambda i, o: i[0], lambda i, o: (i[0],), lambda i, o: (i[0], 3), lambda i, o: [*i], lambda i, o: (f,
                f),
                  lambda i, o: (bad, bad), lambda i: None):
            x = t(3); w = t(3); y = x * w; y.grad_fn.register_hook(h); see(fails(lambda: y.sum().backward()), x.grad)
        for h in (lambda o: o[0], lambda o: (o[0], None), lambda o: (3,), lambda o: [*o], lambda o: (f,),
                lambda o: (bad,)):
            x = t(3); w = t(3); y = x * w; y.grad_fn.register_prehook(h)
            see(fails(lambda: y.sum().backward()), x.grad)""",
    "hooks_in_order": """
        x = t(3); y = x * 2; log = []
        def note(name): return lambda *g: log.append(name)
        y.retain_grad(); y.register_hook(note("t1")); n = y.grad_fn; n.register_prehook(note("p1"))
        y.register_hook(note("t2")); n.register_hook(note("q1")); n.register_prehook(note("p2"))
        n.register_hook(note("q2")); a = n.next_functions[0][0]; a.register_prehook(note("ap"))
        a.register_hook(lambda i, o: log.append(("aq", i, len(o), x.grad is not None)))
        x.register_post_accumulate_grad_hook(lambda p: log.append(("pa", p is x, p.grad is not None)))
        x.register_hook(note("xt"))
        runs = (lambda: y.sum().backward(retain_graph=True), lambda: lib.autograd.grad(y.sum(), x, retain_graph=True),
                lambda: lib.autograd.grad(y.sum(), y, retain_graph=True),
                lambda: y.sum().backward(inputs=[x], retain_graph=True),
                lambda: y.sum().backward(inputs=[y], retain_graph=True))
        for run in runs: log.clear(); run(); see(log)""",
    "hooks_see_missing_gradients": """
        x = t(2, 3); a, b = x.unbind(0); log = []; see(fn(a))
        b.register_hook(lambda g: log.append(("b", g is None))); a.register_hook(lambda g: log.append(("a", g is None)))
        a.grad_fn.register_prehook(lambda o: log.append([g is None for g in o]))
        a.grad_fn.register_hook(lambda i, o: log.append(([g is None for g in i], [g is None for g in o])))
        a.sum().backward(); see(log, x.grad)
        c, d = (x * 1).unbind(0); d.register_hook(lambda g: lib.ones(3, dtype=lib.float64))
        see(fails(lambda: c.sum().backward()))""",
    "hooks_removed": """
        x = t(3); y = x * 2; n = y.grad_fn; log = []
        handles = [n.register_hook(lambda *g: log.append("q")), n.register_prehook(lambda *g: log.append("p")),
                   y.register_hook(lambda g: log.append("t")),
                           x.register_post_accumulate_grad_hook(lambda p: log.append("a"))]
        y.sum().backward(retain_graph=True); see(log)
        for h in handles: log.clear(); h.remove(); h.remove(); y.sum().backward(retain_graph=True); see(log)
        with y.register_hook(lambda g: log.append("w")): y.sum().backward(retain_graph=True)
        log.clear(); y.sum().backward(); see(log, isinstance(handles[0], lib.utils.hooks.RemovableHandle))""",
    "hook_removes_itself": """
        x = t(3); log = []
        def once(g): log.append("once"); h.remove()
        h = x.register_hook(once); x.register_hook(lambda g: log.append("always"))
        for _ in range(2): (x * 2).sum().backward()
        see(log)""",
    "hooks_on_number_operand": """
        x = t(3); log = []
        for y in (x + 1, x * 2, x - 1, x / 2):
            y.grad_fn.register_hook(lambda i, o: log.append([g is None for g in i])); y.sum().backward()
        see(log)""",
    "post_accumulate_returns": """
        for value in ("None", "p", "p.grad", "p * 1", "1", "False"):
            x = t(3); x.register_post_accumulate_grad_hook(lambda p: eval(value, {"p": p}))
            see(value, fails(lambda: (x * x).sum().backward()), x.grad)""",
    "post_accumulate_frees_grad": """
        x = t(3); seen = []
        def step(p): seen.append(p.grad.clone()); p.grad = None
        x.register_post_accumulate_grad_hook(step); (x * x).sum().backward(); see(seen, x.grad)
        y = x * 2; see(fails(lambda: y.register_post_accumulate_grad_hook(step)))
        see(fails(lambda: c(3).register_post_accumulate_grad_hook(step)), fails(lambda: c(3).register_hook(step)))
        w = t(3); w.register_post_accumulate_grad_hook(lambda p: 3); see(fails(lambda: w.sum().backward()), w.grad)""",
    "post_accumulate_sees_every_pass": """
        x = t(3); log = []; x.register_post_accumulate_grad_hook(lambda p: log.append(p.grad.clone()))
        y = x * 3; (y + x).sum().backward(); (x * x).sum().backward(); see(log)""",
    "hook_on_dropped_leaf": """
        log = []; x = t(3); y = x * 2; x.register_hook(lambda g: log.append(g)); del x; y.sum().backward(); see(log)""",
    "hook_on_tensor_written_later": """
        x = t(3); y = x * 2; log = []; y.register_hook(lambda g: log.append(("before", g))); y.mul_(3)
        y.register_hook(lambda g: log.append(("after", g))); (y * y).sum().backward(); see(log, x.grad)""",
    "hook_raises": """
        x = t(3); w = t(3)
        def bad(g): raise KeyError("in hook")
        y = x * 2; z = y * w; y.register_hook(bad); see(fails(lambda: z.sum().backward()), x.grad)""",
    "hook_runs_backward": """
        x = t(3); w = t(3); seen = []
        def inner(g): (w * w).sum().backward(); seen.append(w.grad.clone())
        y = x * 2; y.register_hook(inner); y.sum().backward(); see(seen, x.grad)""",
    "multi_grad_hook": """
        a = t(3); b = t(3); e = a * b; d = a * b; log = []; g = lib.autograd.graph
        h = g.register_multi_grad_hook((a, b, e, d), lambda gs: log.append([x is not None for x in gs]))
        e.sum().backward(retain_graph=True); e.sum().backward(inputs=(a,), retain_graph=True); h.remove()
        e.sum().backward(); see(log); log.clear()
        f = a * b; h = g.register_multi_grad_hook((a, f), lambda x: log.append(x), mode="any"); f.sum().backward()
        see(log, fails(lambda: g.register_multi_grad_hook((a,), print, mode="some")))""",
    # ---- nodes
    "node_identity_and_names": """
        x = t(3); y = x * 2; n = y.grad_fn; a = n.next_functions[0][0]
        see(y.grad_fn is n, a is y.grad_fn.next_functions[0][0], n.name(), a.name(), a.variable is x, a.requires_grad)
        see(isinstance(n, lib.autograd.graph.Node), fails(lambda: n.variable), fails(lambda: n.nothing))
        y[0] = 1; see(y.grad_fn.name(), y.grad_fn.next_functions[0][0] is n)""",
    "node_metadata_lives_with_the_node": """
        x = t(3); y = x * 2; y.grad_fn.metadata["a"] = 1; gc.collect(); see(y.grad_fn.metadata)
        y.grad_fn.next_functions[0][0].metadata["b"] = 2; see((x + 1).grad_fn.next_functions[0][0].metadata)""",
    "node_input_metadata": """
        m = (t(2, 3) * 2).grad_fn._input_metadata
        see(len(m), m[0].dtype is lib.float64, tuple(m[0].shape), str(m[0].device))""",
    "node_called": """
        x = t(3); w = c(3); y = (x * w).exp(); see(y.grad_fn(lib.ones(3, dtype=lib.float64)))
        see((x * t(3)).grad_fn(lib.ones(3, dtype=lib.float64)))""",
    "node_saved_values": """
        x = t(3); w = t(3); y = x * w; z = y.exp(); n = y.grad_fn
        see(n._saved_self is x, n._saved_other is w, z.grad_fn._saved_result, fn(z.grad_fn._saved_result))
        see(fails(lambda: n._saved_nothing)); z.sum().backward(); see(fails(lambda: n._saved_self))""",
    "saved_value_with_hooks_of_its_own": """
        x = t(3); y = x.exp(); n = y.grad_fn; s = n._raw_saved_result
        s.register_hooks(lambda v: (v.detach() * 2,), lambda p: p[0])
        see(fails(lambda: s.register_hooks(print, print)))
        y.sum().backward(); see(x.grad)
        z = x * t(3); r = z.grad_fn._raw_saved_self; z.sum().backward()
        see(fails(lambda: r.register_hooks(print, print)))""",
    # ---- edges
    "gradient_edges": """
        g = lib.autograd.graph; x = t(3); y = x * 2; z = (y * y).sum(); e = g.get_gradient_edge(y)
        r = g.get_gradient_edge(z)
        see(e.node is y.grad_fn, e.output_nr, g.get_gradient_edge(x).node is y.grad_fn.next_functions[0][0])
        see(*lib.autograd.grad(z, e, retain_graph=True), *lib.autograd.grad(r, x, retain_graph=True))
        see(*lib.autograd.grad([r, e], [x, e], [None, c(3)], retain_graph=True))
        lib.autograd.backward(r, inputs=[g.get_gradient_edge(x)], retain_graph=True); see(x.grad, y.grad)
        lib.autograd.backward(r, inputs=[e], retain_graph=True); see(x.grad)
        see(fails(lambda: lib.autograd.backward(e)), fails(lambda: lib.autograd.backward(e, c(2))))
        see(fails(lambda: lib.autograd.grad(z, g.get_gradient_edge(t(3)), retain_graph=True)))
        u = g.get_gradient_edge(t(3)); see(lib.autograd.grad(z, u, retain_graph=True, allow_unused=True)[0] is None)
        see(fails(lambda: lib.autograd.grad(z, u, retain_graph=True, materialize_grads=True)))
        see(fails(lambda: g.get_gradient_edge(c(3))))""",
    "gradient_edge_outlives_its_tensor": """
        g = lib.autograd.graph; x = t(3); y = x * x; e = g.get_gradient_edge(y); del y
        see(*lib.autograd.grad(e, x, c(3)))""",
    "wrong_ends": """
        x = t(3); z = x.sum(); grad = lib.autograd.grad
        for call in (lambda: grad(z, c(3)), lambda: grad(c(), x), lambda: grad(3, x), lambda: grad([3], x),
                lambda: grad(z, [3]),
                     lambda: grad(z, 3)): see(fails(call))""",
    "increment_version": """
        x = t(3); y = x * 1; z = y * y; lib.autograd.graph.increment_version(y); see(y._version)
        see(fails(lambda: z.sum().backward())); lib.autograd.graph.increment_version([y, x])
        see(y._version, x._version)""",
    "several_roots": """
        x = t(3); y = x * 2; z = x * x; lib.autograd.backward([y, z.sum()], [c(3), None]); see(x.grad)
        y = x * 2; (g,) = lib.autograd.grad([y, y.sum()], x, [c(3), None]); see(g)""",
    # ---- lifetime
    "cycle_through_hooks": """
        import weakref
        class Box: pass
        def make(hook):
            b = Box(); b.x = t(3); hook(b); return weakref.ref(b)
        r = make(lambda b: b.x.register_hook(lambda g, b=b: None)); gc.collect(); see(r() is None)""",
    "nothing_is_left_without_collection": """
        import weakref
        class Mark: pass
        m = Mark(); r = weakref.ref(m); gc.disable()
        def run(m):
            x = t(3); y = x * 2; y.register_hook(lambda g: m and None); y.grad_fn.register_hook(lambda *g: m and None)
            x.register_post_accumulate_grad_hook(lambda p: m and None); (y * y).sum().backward()
        run(m); del m; see(r() is None); gc.enable()""",
}
