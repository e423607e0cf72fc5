"""Programs of test_contract.py: backward, .grad, hooks, higher derivatives. Names at hand are explained there."""

PROGRAMS = {
    # ---- graphs walked twice
    "walked_twice": """
        x = t(3); z = (x * x).sum(); z.backward(); see(fails(lambda: z.backward()), x.grad)""",
    "walked_twice_without_saved": """
        x = t(3); z = (x + 1).sum(); z.backward(); z.backward(); see(x.grad)""",
    "walked_twice_view_write": """
        x = t(2, 3); y = x + 0; y[0].add_(1); z = y.sum(); z.backward(); see(fails(lambda: z.backward()), x.grad)""",
    "walked_twice_retained": """
        x = t(3); z = (x * x).sum(); z.backward(retain_graph=True); z.backward(); see(x.grad)
        see(fails(lambda: z.backward()))""",
    "walked_twice_shared_part": """
        x = t(3); h = x.exp(); h.sum().backward(); see(fails(lambda: (h * 2).sum().backward()), x.grad)""",
    "grad_of_intermediate_keeps_what_is_behind": """
        x = t(3); y = x.exp(); z = (y * y).sum(); (g,) = lib.autograd.grad(z, y); see(g)
        (h,) = lib.autograd.grad(y.sum(), x); see(h)""",
    "grad_of_intermediate_and_leaf": """
        x = t(3); y = x.exp(); z = (y * y).sum(); g = lib.autograd.grad(z, (y, x)); see(*g)""",
    "grad_releases_only_what_it_walks": """
        x = t(3); w = t(3); a = x * x; b = w * w; z = (a + b).sum(); (g,) = lib.autograd.grad(z, x); see(g)
        see(fails(lambda: lib.autograd.grad(b.sum(), w)), fails(lambda: lib.autograd.grad(a.sum(), x)))""",
    "grad_of_stale_view": """
        x = t(2, 3); y = x.clone(); v = y[0]; y.mul_(3); see(*lib.autograd.grad((v * v).sum(), v))
        w = y[1]; y.add_(1); z = (w * 2).sum(); see(*lib.autograd.grad(z, (w, x)))""",
    "grad_of_root": """
        x = t(3); y = x * 2; see(*lib.autograd.grad(y, y, c(3))); see(*lib.autograd.grad(x.sum(), x))
        z = y.sum(); see(*lib.autograd.grad(z, z))""",
    "same_input_twice": """
        x = t(3); see(*lib.autograd.grad((x * x).sum(), (x, x)))""",
    "same_root_twice": """
        x = t(3); y = (x * 2).sum(); lib.autograd.backward((y, y)); see(x.grad)""",
    "unused_input": """
        x = t(3); w = t(3); see(fails(lambda: lib.autograd.grad(x.sum(), (x, w))))
        see(lib.autograd.grad(x.sum(), (x, w), allow_unused=True)[1] is None)""",
    # ---- backward into inputs
    "backward_inputs_leaf": """
        x = t(3); w = t(3); ((x * w).sum() + w.sum()).backward(inputs=[w]); see(w.grad, x.grad)""",
    "backward_inputs_intermediate": """
        x = t(3); y = x * 2; (y * y).sum().backward(inputs=[y]); see(y.grad, x.grad, y.retains_grad)""",
    "backward_inputs_both": """
        x = t(3); y = x * 2; (y * y).sum().backward(inputs=[y, x]); see(y.grad, x.grad, y.retains_grad)""",
    "backward_inputs_twice": """
        x = t(3); y = x * 2; z = (y * y).sum(); z.backward(inputs=[y], retain_graph=True); z.backward(inputs=[y])
        see(y.grad)""",
    "backward_inputs_root": """
        x = t(3); y = (x * 2).sum(); y.backward(inputs=[y]); see(y.grad, x.grad)""",
    "backward_inputs_unused": """
        x = t(3); w = t(3); see(fails(lambda: x.sum().backward(inputs=[w])), w.grad, x.grad)""",
    # ---- .grad
    "grad_is_kept_object": """
        x = t(3); x.sum().backward(); g = x.grad; (x * x).sum().backward(); see(g is x.grad, g)""",
    "given_gradient_is_not_taken": """
        x = t(3); g = lib.ones(3, dtype=lib.float64); x.backward(g); see(x.grad is g); g.zero_(); see(x.grad)
        y = t(3); h = lib.ones(3, dtype=lib.float64); (y + 0).backward(h); h.zero_(); see(y.grad)""",
    "gradient_shared_by_two_leaves": """
        x = t(3); y = t(3); (x + y).sum().backward(); x.grad.zero_(); see(y.grad)
        x = t(3); y = t(3); (x + y).backward(lib.ones(3, dtype=lib.float64)); x.grad.zero_(); see(y.grad)""",
    "grad_layout_follows_leaf": """
        x = lib.ones(4, 3, dtype=lib.float64).t().requires_grad_(); (x * c(3, 4)).sum().backward()
        see(x.grad, x.grad.stride())
        x = lib.ones(3, 8)[:, ::2].requires_grad_(); (x * 2).sum().backward(); see(x.stride(), x.grad.stride())
        x = lib.ones(1, 3).expand(2, 3).requires_grad_(); (x * 2).sum().backward(); see(x.grad, x.grad.stride())
        x = lib.ones(2, 3).requires_grad_(); x.sum().backward(); see(x.grad, x.grad.stride())
        x = lib.ones(2, 3).requires_grad_(); x.t().contiguous().sum().backward(); see(x.grad.stride())
        x = lib.ones(2, 3).requires_grad_(); (x.t() * lib.ones(3, 2)).sum().backward(); see(x.grad.stride())""",
    "accumulation_into_strided_grad": """
        x = lib.ones(2, 3, dtype=lib.float64, requires_grad=True); x.grad = lib.ones(3, 2, dtype=lib.float64).t()
        g = x.grad; (x * c(2, 3)).sum().backward(); see(x.grad is g, g, g.stride())""",
    "grad_of_non_leaf_absent": """
        x = t(3); y = x * 2; y.retain_grad(); (y * y).sum().backward()
        see(y.grad, x.grad, y.retains_grad, x.retains_grad)""",
    "zero_dim_empty_expanded": """
        x = t(); (x * x).backward(); see(x.grad)
        x = t(0, 3); (x * 2).sum().backward(); see(x.grad)
        x = t(1, 3); x.expand(4, 3).sum().backward(); see(x.grad)
        x = t(3); (x * lib.ones(2, 4, 3, dtype=lib.float64)).sum().backward(); see(x.grad)
        x = t(2, 1); w = t(3); (x * w).sum().backward(); see(x.grad, w.grad)""",
    "mixed_dtypes": """
        x = t(3); w = lib.ones(3, requires_grad=True); z = (x.float() * w).sum(); z.backward(); see(x.grad, w.grad)
        x = t(3); w = lib.ones(3, requires_grad=True); (x * w).sum().backward(); see(x.grad, w.grad)
        h = lib.ones(3, dtype=lib.float16, requires_grad=True); (h * lib.ones(3)).sum().backward(); see(h.grad)""",
    "gradient_of_other_dtype": """
        x = t(3); x.backward(lib.ones(3)); see(x.grad); y = lib.ones(3, requires_grad=True)
        (y * 2).backward(c(3)); see(y.grad)""",
    "integer_results": """
        x = t(3); see(x.argmax().requires_grad, (x > 0).requires_grad, x.long().requires_grad)
        see(fails(lambda: lib.ones(3, dtype=lib.int64, requires_grad=True)),
            fails(lambda: lib.arange(3).requires_grad_()))
        v, i = x.max(0); see(v.requires_grad, i.requires_grad, fn(v), fn(i)); v.backward(); see(x.grad)""",
    "integer_receives_float": """
        x = t(3); k = lib.zeros(3, dtype=lib.int64); k.copy_(x); see(k.requires_grad, k)""",
    "flag_changes": """
        x = t(3); y = x * 2; see(fails(lambda: y.requires_grad_(False))); y.requires_grad_(True)
        def unset():
            y.requires_grad = False
        see(fails(unset)); x.requires_grad_(False); y.sum().backward(); see(x.grad, x.requires_grad)""",
    # ---- errors of backward
    "backward_errors": """
        x = t(3)
        see(fails(lambda: (x * 2).backward()), fails(lambda: c(3).sum().backward()), fails(lambda: c(3).backward()))
        see(fails(lambda: (x * 2).backward(lib.ones(2))), fails(lambda: x.sum().backward(lib.ones(1))))
        see(fails(lambda: x.detach().backward(lib.ones(3))), fails(lambda: lib.autograd.grad((x * 2).sum(), c(3))))
        see(fails(lambda: lib.autograd.backward((x.sum(), c(1)))), x.grad)""",
    "retain_grad_errors": """
        see(fails(lambda: c(3).retain_grad()), fails(lambda: c(3).register_hook(lambda g: None)))
        x = t(3); x.retain_grad(); see(x.retains_grad)""",
    # ---- hooks
    "hooks_in_order": """
        x = t(3); y = x * 2; order = []
        y.register_hook(lambda g: order.append(("a", g.sum().item())))
        y.register_hook(lambda g: g * 10); y.register_hook(lambda g: order.append(("b", g.sum().item())))
        y.retain_grad(); x.register_hook(lambda g: order.append(("x", g.sum().item()))); y.sum().backward()
        see(order, y.grad, x.grad)""",
    "hook_removes_itself": """
        x = t(3); order = []
        handles = []
        def first(g):
            order.append("first"); handles[0].remove()
        handles.append(x.register_hook(first)); x.register_hook(lambda g: order.append("second"))
        z = x.sum(); z.backward(); z.backward(); see(order)""",
    "hook_registers_another": """
        x = t(3); order = []
        def first(g):
            order.append("first"); x.register_hook(lambda g: order.append("late"))
        x.register_hook(first); z = x.sum(); z.backward(); z.backward(); see(order)""",
    "hook_raises": """
        x = t(3); w = t(3); y = x * w
        def bad(g):
            raise ValueError("stop")
        h = y.register_hook(bad); z = y.sum(); see(fails(lambda: z.backward()), x.grad, w.grad)
        h.remove(); z.backward(); see(x.grad, w.grad)""",
    "hook_raises_between_leaves": """
        x = t(3); w = t(3)
        def bad(g):
            raise KeyError("stop")
        x.register_hook(bad); see(fails(lambda: (x * w).sum().backward()), x.grad, w.grad is None)
        (w * 2).sum().backward(); see(w.grad is None)""",
    "hook_walks": """
        x = t(3); w = t(3); y = x * 2; order = []
        def inner(g):
            with lib.enable_grad():
                (w * w).sum().backward()
            order.append(lib.is_grad_enabled())
        y.register_hook(inner); y.sum().backward(); see(x.grad, w.grad, order)""",
    "hook_walks_same_graph": """
        x = t(3); y = x * x; z = y * 2; seen_inside = []
        z.register_hook(lambda g: seen_inside.append(lib.autograd.grad(y, x, g, retain_graph=True)[0]))
        z.sum().backward(); see(x.grad, *seen_inside)""",
    "hook_writes_root": """
        x = t(3); y = x.exp(); z = y.sum()
        def write(g):
            with lib.enable_grad():
                z.add_(1)
        z.register_hook(write); z.backward(); see(x.grad, fn(z), z)""",
    "hook_on_view_and_write": """
        x = t(2, 3); y = x.clone(); order = []; h = y.register_hook(lambda g: order.append(g.sum().item()))
        y[0].mul_(2); y.register_hook(lambda g: order.append(-g.sum().item())); y.sum().backward(); see(order)""",
    "hook_removed_after_write": """
        x = t(3); y = x.clone(); order = []; h = y.register_hook(lambda g: order.append(1)); y.mul_(2); h.remove()
        y.sum().backward(); see(order, x.grad)""",
    "hook_on_dropped_leaf": """
        x = t(3); order = []; x.register_hook(lambda g: order.append(g.sum().item())); z = x.sum(); del x
        gc.collect()
        z.backward(); see(order)""",
    "hook_removed_of_dropped_tensor": """
        x = t(3); y = x * 2; order = []; h = y.register_hook(lambda g: order.append(1)); z = y.sum(); del y
        h.remove()
        z.backward(); see(order)""",
    "retain_grad_after_write": """
        x = t(3); y = x.clone(); y.retain_grad(); y.mul_(3); (y * y).sum().backward()
        see(y.grad, x.grad, y.retains_grad)""",
    "retain_grad_on_view": """
        x = t(2, 3); y = x.clone(); v = y[0]; v.retain_grad(); (v * 2).sum().backward(); see(v.grad, x.grad)
        y = x.clone(); v = y[0]; v.retain_grad(); v.mul_(2); (v * c(3)).sum().backward(); see(v.grad)
        y = x.clone(); v = y[0]; v.retain_grad(); y.mul_(2); see(fn(v)); (v * c(3)).sum().backward()
        see(v.grad, v.retains_grad)""",
    "retain_grad_of_base": """
        x = t(2, 3); y = x.clone(); y.retain_grad(); y[0].mul_(2); y.sum().backward(); see(y.grad)""",
    "hook_replaces_with_other_shape": """
        x = t(3); y = x * 2; y.register_hook(lambda g: lib.ones(2)); see(fails(lambda: y.sum().backward()))""",
    "hook_returns_number": """
        x = t(3); y = x * 2; y.register_hook(lambda g: 3); see(fails(lambda: y.sum().backward()))""",
    "captured_gradient_after_hooks": """
        x = t(3); y = x * 2; y.register_hook(lambda g: g * 5); see(*lib.autograd.grad(y.sum(), (y, x)))
        x.register_hook(lambda g: g * 3); z = x * x; z.register_hook(lambda g: g * 7)
        see(*lib.autograd.grad((z * 2).sum(), z, retain_graph=True))
        see(*lib.autograd.grad((z * 2).sum(), x))""",
    "overflowing_sizes": """
        h = 2**40; one = lib.ones(4)
        for f in (lambda: lib.empty(h, h), lambda: lib.zeros(2**62, 2), lambda: lib.empty(0, h, h),
            lambda: lib.full((2**61,), 1.0),
            lambda: lib.ones(1).expand(h, h), lambda: one.as_strided((2,), (2**62,)),
                lambda: one.as_strided((2,), (1,), 2**62),
            lambda: one.as_strided((2, 2), (2**62, 2**62)), lambda: one.view(2**32, 2**32),
                lambda: one.reshape(-1, 2**62, 4),
            lambda: lib.empty_strided((2, 2), (2**62, 2**62)), lambda: lib.empty(3, -2),
                lambda: lib.ones(2**31, 1).expand(2**31, 2**31) + 1,
            lambda: one.as_strided((4,), (2,)), lambda: one.as_strided((2,), (-1,)),
                lambda: one.as_strided((2,), (1,), -1)):
            see(fails(f))
        see(one[1::2**62], one[-2**63:2**63 - 1], one.as_strided((2**62,), (0,)).numel())""",
    # ---- higher derivatives
    "second_derivative": """
        x = t(3); (g,) = lib.autograd.grad((x ** 3).sum(), x, create_graph=True); see(g, fn(g))
        (h,) = lib.autograd.grad(g.sum(), x); see(h)""",
    "second_derivative_through_write": """
        x = t(3); y = x.clone(); y.mul_(x).exp_(); (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
        (h,) = lib.autograd.grad((g * c(3)).sum(), x); see(g, h)""",
    "second_derivative_through_view_exp": """
        x = t(2, 3); y = x * x; y[0].exp_(); (g,) = lib.autograd.grad((y * c(2, 3)).sum(), x, create_graph=True)
        (h,) = lib.autograd.grad((g * g).sum(), x); see(g, h)""",
    "second_derivative_through_view_pow": """
        x = t(2, 3); y = x * x; y[0].pow_(3); y[:, 1].mul_(x[1, :2])
        (g,) = lib.autograd.grad((y * c(2, 3)).sum(), x, create_graph=True)
        (h,) = lib.autograd.grad((g * g).sum(), x); see(g, h)""",
    "second_derivative_through_square_base": """
        x = t(3, 3); y = x * x; y[0].sin_(); y.t()[1].tanh_()
        (g,) = lib.autograd.grad((y * y).sum(), x, create_graph=True)
        (h,) = lib.autograd.grad((g * g * c(3, 3)).sum(), x); see(g, h)""",
    "second_derivative_assigned": """
        x = t(3); y = lib.zeros(2, 3, dtype=lib.float64); y[0] = x * x; y[1] = x.exp() * y[0]
        (g,) = lib.autograd.grad((y * y).sum(), x, create_graph=True); (h,) = lib.autograd.grad(g.sum(), x)
        see(g, h)""",
    "third_derivative": """
        x = t(3); y = x.clone(); y[1:].pow_(4); g = y.sum()
        for _ in range(3):
            (g,) = lib.autograd.grad(g.sum(), x, create_graph=True); see(g)""",
    "backward_create_graph": """
        x = t(3); (x ** 3).sum().backward(create_graph=True); see(x.grad.requires_grad, fn(x.grad)); g = x.grad
        x.grad = None
        (g * g).sum().backward(); see(x.grad)""",
    "accumulation_with_graph": """
        x = t(3); x.sum().backward(); g = x.grad; (x * x).sum().backward(create_graph=True)
        see(g is x.grad, fn(x.grad), g, x.grad); x.grad.sum().backward(); see(x.grad)""",
    "grad_requires_grad_after_plain": """
        x = t(3); (x * x).sum().backward(); see(x.grad.requires_grad, fn(x.grad), x.grad.is_leaf)""",
    "gradient_given_requires_grad": """
        x = t(3); v = t(3); y = x * x; (g,) = lib.autograd.grad(y, x, v, create_graph=True); see(g)
        (h,) = lib.autograd.grad(g.sum(), v); see(h)""",
    # ---- results of several, undefined gradients
    "one_of_two_results": """
        x = t(2, 3); v, i = x.max(1); v.sum().backward(); see(x.grad)
        x = t(4); a, b = x.split(2); b.sum().backward(); see(x.grad)
        x = t(3, 2); r = x.unbind(); (r[0] * r[2]).sum().backward(); see(x.grad)""",
    "unused_branch": """
        x = t(3); a, b, d = x.unbind(); (a * 2).backward(); see(x.grad)""",
    "many_results": """
        x = t(40); parts = x.unbind(); sum(p * i for i, p in enumerate(parts)).backward(); see(x.grad)""",
    # ---- detach, names, misc
    "detach_in_place": """
        x = t(3); y = x * 2; y.detach_(); see(y.requires_grad, y.is_leaf, fn(y)); v = (x * 2)[0]
        see(fails(lambda: v.detach_()))""",
    "detached": """
        x = t(3); y = x * 2; d = y.detach(); see(d.requires_grad, d._base is None); d.zero_(); see(y)""",
    "no_grad_results": """
        x = t(3)
        with lib.no_grad():
            y = x * 2; see(y.requires_grad, y.is_leaf)
            with lib.enable_grad():
                z = x * 2
        see(z.requires_grad, fn(z), fails(lambda: y.sum().backward()))""",
    "out_with_gradient": """
        x = t(3); y = lib.zeros(3, dtype=lib.float64); see(fails(lambda: lib.mul(x, 2, out=y)), y, y._version)
        z = t(3); see(fails(lambda: lib.mul(y, 2, out=z)))
        with lib.no_grad():
            lib.mul(x, 2, out=y)
        see(y, y.requires_grad)""",
    "out_is_operand": """
        a = c(3).clone(); b = c(2, 3); see(fails(lambda: lib.add(a, b, out=a)), a, a.shape)
        e = c(2, 3).clone(); lib.add(e, b, out=e); see(e)""",
    "names_of_nodes": """
        x = t(2, 3)
        for y in (x + 1, x - x, x * 2, x / 2, -x, x ** 2, x.exp(), x.sum(), x.sum(0), x.mean(), x.view(3, 2),
            x.t(), x[0],
                  x[:, 1], x[None], x.reshape(6), x.expand(4, 2, 3), x.unsqueeze(0), x.clone(),
                      x.permute(1, 0), x @ x.t(),
                  x.relu(), x.softmax(0), x.max(), x.max(0)[0], x.float(), x.contiguous().t().contiguous(),
                      x.flatten(),
                  lib.cat([x, x]), lib.stack([x, x]),
                      lib.where(x > 0, x, x * 2), x.clamp(0), x.masked_fill(x > 0, 1.0),
                  x.split(1)[0], x.t().reshape(6), x.var(), x[[0, 1]], x.index_select(0, lib.tensor([0]))):
            see(fn(y), [fn_of(f) for f, _ in y.grad_fn.next_functions if f is not None])""",
    "edges": """
        x = t(3); w = t(3); y = x * w; see([(fn_of(f), i) for f, i in y.grad_fn.next_functions])
        y = x * c(3); see([(fn_of(f), i) for f, i in y.grad_fn.next_functions])
        a, b = x.split(2); y = b * x[1:]; see([(fn_of(f), i) for f, i in y.grad_fn.next_functions])""",
    "accumulator_is_shared": """
        x = t(3); a = (x * 2).grad_fn.next_functions[0][0]; b = (x + 2).grad_fn.next_functions[0][0]
        see(a is b, a.variable is x)""",
    "sum_of_many_branches": """
        x = t(3); y = x * 2; z = sum(y * i for i in range(1, 6)); z.sum().backward(); see(x.grad)""",
    "write_shared_by_branches": """
        x = t(3); y = x * 2; a = y + 1; y.mul_(3); b = y + 1; (a * 1 + b).sum().backward(); see(x.grad)""",
    "set_grad": """
        x = t(3)
        def put(g):
            x.grad = g
        see(fails(lambda: put(lib.ones(2, dtype=lib.float64))), fails(lambda: put(lib.ones(3))),
            fails(lambda: put(1)))
        see(fails(lambda: put(x)), x.grad); g = lib.ones(3, dtype=lib.float64); put(g); see(x.grad is g)
        put(None); see(x.grad)""",
    "version_of_first_gradient": """
        base = lib.arange(24.0).reshape(4, 6)
        leaves = base.clone(), base.t(), base[:, ::2], base[:1].expand(3, 6), base[0]
        rules = (lambda x: x.sum()), (lambda x: (x * 2).sum()), (lambda x: (x.t() if x.dim() == 2 else x).mul(2).sum())
        for create in (False, True):
            for leaf in leaves:
                for rule in rules:
                    x = leaf.detach().requires_grad_(); rule(x).backward(create_graph=create)
                    see(x.grad, x.grad._version, x.grad.stride(), x.grad.requires_grad)""",
    "list_with_a_leaf_is_refused_untouched": """
        a, b = c(3), t(3); see(fails(lambda: lib._foreach_add_([a, b], 1.0)), a)
        see(fails(lambda: lib._foreach_mul_([a, b], [b, a])), a, a._version)""",
}
