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
}
