"""Programs of test_contract.py: gradient modes, inference mode, anomaly mode. Names at hand are explained there."""

PROGRAMS = {
    "inference_tensors": """
        with lib.inference_mode(): a = c(3) * 1; b = lib.ones(3, requires_grad=True)
        see(a.is_inference(), lib.is_inference(a), b.requires_grad, lib.is_inference_mode_enabled())
        see(fails(lambda: a._version), fails(lambda: a.requires_grad_()), fails(lambda: b.sum().backward()))
        see((a * 2).is_inference(), a.view(3).is_inference(), a.view(3)._is_view(), a.detach().is_inference(),
            a[0].is_inference(), a.clone().is_inference(), a.data.is_inference())""",
    "inference_tensors_in_recorded_computation": """
        with lib.inference_mode(): a = c(3) * 1
        x = t(3); see(fails(lambda: x * a)); y = x + a; y.sum().backward(); see(x.grad)
        e = x.exp(); see(fails(lambda: e.mul_(a)), e, fn(e))
        with lib.no_grad(): see(x * a)""",
    "inference_tensors_written_outside": """
        for f in (lambda a: a.add_(1), lambda a: a.mul_(2), lambda a: a.copy_(c(3)), lambda a: a.fill_(1),
                  lambda a: a.zero_(), lambda a: a.__setitem__(0, 1),
                  lambda a: lib.add(c(3), 1, out=a), lambda a: a.view(3).add_(1)):
            with lib.inference_mode(): a = c(3) * 1
            see(fails(lambda: f(a)))
            with lib.no_grad(): see(fails(lambda: f(a)))
            with lib.inference_mode(): f(a)""",
    "ordinary_tensors_in_inference_mode": """
        n = c(3).clone(); x = t(3); y = x * 1
        with lib.inference_mode():
            v = n.view(3); w = y.view(3); see(v.is_inference(), w.is_inference(), w.requires_grad, fn(w), v._version)
            n.add_(1); y.add_(1); see(n._version, n.is_inference(), fn(y), y._version); x.add_(1); z = x * 2
            see(z.requires_grad, z.is_inference(), fails(lambda: z._version), n.data.is_inference())
        see(x, fails(lambda: z.sum().backward()))""",
    "views_made_in_inference_mode": """
        x = t(3); y = x * 1; n = c(3).clone()
        with lib.inference_mode(): v = n.view(3); w = y.view(3); u = x.view(3); p, q = y.chunk(2)
        with lib.no_grad(): k = y.view(3)
        with lib.inference_mode(): k2 = k.view(3)
        v.add_(1); see(v)
        for s in (w, u, p, k2, v, k): see(fails(lambda: s.mul_(x[0])))
        y.add_(1); see(fails(lambda: w.grad_fn), fails(lambda: w.is_leaf), w.requires_grad)""",
    "inference_mode_and_grad_mode": """
        x = t(3)
        with lib.inference_mode():
            see(lib.is_grad_enabled(), lib.is_inference_mode_enabled())
            with lib.enable_grad(): q = x * 2; see(lib.is_grad_enabled(), q.requires_grad, q.is_inference())
            see(lib.is_grad_enabled())
            with lib.inference_mode(False): r = x * 2; see(lib.is_grad_enabled(), r.requires_grad, r.is_inference())
            lib.set_grad_enabled(True); see(lib.is_grad_enabled())
        see(lib.is_grad_enabled(), lib.is_inference_mode_enabled())
        @lib.inference_mode
        def f(): return c(1) * 1
        @lib.inference_mode()
        def g(): return c(1) * 1
        see(f().is_inference(), g().is_inference())""",
    "modes_as_decorators": """
        x = t(3)
        @lib.no_grad()
        def f(): return (x * 2).requires_grad
        @lib.no_grad
        def g(): return (x * 2).requires_grad
        @lib.set_grad_enabled(False)
        def h(): return (x * 2).requires_grad
        see(f(), g(), lib.is_grad_enabled(), h(), lib.is_grad_enabled())
        lib.set_grad_enabled(False); see((x * 2).requires_grad); lib.set_grad_enabled(True)
        with lib.set_grad_enabled(False): see(lib.is_grad_enabled())
        see(lib.is_grad_enabled(), fails(lambda: lib.set_grad_enabled(3)))""",
    "modes_on_generators": """
        seen = []
        @lib.no_grad()
        def f():
            seen.append(lib.is_grad_enabled())
            try:
                got = yield 1
                seen.append((got, lib.is_grad_enabled())); yield 2
            finally: seen.append(lib.is_grad_enabled())
        g = f(); see(next(g), lib.is_grad_enabled(), g.send("x"), lib.is_grad_enabled()); g.close(); see(seen)""",
    "modes_end_with_exceptions": """
        for m in (lib.no_grad(), lib.inference_mode(), lib.set_grad_enabled(False)):
            def run():
                with m: raise KeyError(1)
            see(fails(run), lib.is_grad_enabled(), lib.is_inference_mode_enabled())""",
    # ---- anomaly mode
    "anomaly_nan": """
        import warnings
        x = lib.zeros(2, dtype=lib.float64, requires_grad=True)
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always")
            with lib.autograd.detect_anomaly(): y = (x.sqrt() * 0).sum(); see(fails(lambda: y.backward()), x.grad)
            text = str(w[1].message)
            see(len(w), str(w[0].message), text.split("\\n")[0], "x.sqrt()" in text or "string" in text)
        see(lib.is_anomaly_enabled())
        with lib.autograd.detect_anomaly(check_nan=False):
            (x.sqrt() * 0).sum().backward(); see(lib.is_anomaly_check_nan_enabled())
        see(lib.is_anomaly_enabled(), lib.is_anomaly_check_nan_enabled())""",
    "anomaly_forward_unknown": """
        import warnings
        x = lib.zeros(2, dtype=lib.float64, requires_grad=True); y = (x.sqrt() * 0).sum()
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always")
            with lib.autograd.set_detect_anomaly(True): see(fails(lambda: y.backward()))
            see([str(m.message).split("(Triggered")[0].strip() for m in w])""",
    "anomaly_error_in_hook": """
        import warnings
        def bad(g): raise KeyError("here")
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always")
            with lib.autograd.set_detect_anomaly(True):
                x = t(3); y = x.exp(); y.register_hook(bad); see(fails(lambda: y.sum().backward()))
            see(len(w), str(w[0].message).split("\\n")[0])""",
    "anomaly_second_derivative": """
        import warnings
        x = lib.zeros(2, dtype=lib.float64, requires_grad=True)
        with warnings.catch_warnings(record=True) as w:
            warnings.simplefilter("always")
            with lib.autograd.set_detect_anomaly(True):
                y = (x ** 1.5).sum(); (g,) = lib.autograd.grad(y, x, create_graph=True)
                see(fails(lambda: (g * 0).sum().backward()))
            see(len(w), str(w[0].message).split("\\n")[0], [str(m.message).split(". Trace")[0] for m in w[1:]])""",
    "anomaly_metadata": """
        with lib.autograd.set_detect_anomaly(True): y = t(3) * 2
        see(sorted(y.grad_fn.metadata), isinstance(y.grad_fn.metadata["traceback_"], list))
        see((t(3) * 2).grad_fn.metadata)""",
    "anomaly_as_call": """
        lib.autograd.set_detect_anomaly(True); see(lib.is_anomaly_enabled()); lib.autograd.set_detect_anomaly(False)
        see(lib.is_anomaly_enabled(), fails(lambda: lib.autograd.set_detect_anomaly(3)))""",
    # ---- gradcheck
    "gradcheck_undefined_gradients": """
        class Bad(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x): ctx.set_materialize_grads(False); return x * 2
            @staticmethod
            def backward(ctx, g): return lib.ones(3, dtype=lib.float64) if g is None else g * 2
        class Worse(Bad):
            @staticmethod
            def backward(ctx, g): return g * 2 if g is not None else lib.zeros(5)[7]
        x = t(3); check = lib.autograd.gradcheck
        see(fails(lambda: check(Bad.apply, x)), fails(lambda: check(Bad.apply, x, check_undefined_grad=False)))
        see(fails(lambda: check(Bad.apply, x, raise_exception=False)), fails(lambda: check(lambda v: v.unbind(0), x)))
        see(fails(lambda: check(lambda v: (v * v, v.exp()), x)))
        see(fails(lambda: lib.autograd.gradgradcheck(lib.exp, x)))""",
    "gradcheck_nondeterministic": """
        calls = [0]
        class Shaky(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x): return x * 2
            @staticmethod
            def backward(ctx, g): calls[0] += 1; return g * 2 + (calls[0] % 2) * 1e-9 * (g != 0)
        x = t(1); check = lib.autograd.gradcheck
        see(fails(lambda: check(Shaky.apply, x))[0], fails(lambda: check(Shaky.apply, x, nondet_tol=1e-6)))""",
    # ---- memory that overlaps
    "as_strided_overlapping": """
        x = t(6); y = x.as_strided((3, 4), (1, 1)); w = c(3, 4)
        (g,) = lib.autograd.grad((y * y * w).sum(), x, create_graph=True); see(g)
        see(*lib.autograd.grad((g * c(6)).sum(), x))
        e = t(3).expand(2, 3); see(e.as_strided((2, 2), (0, 1)))
        b = t(2, 3); v = (b * 1).as_strided((2, 2), (1, 2), 1); v.sum().backward(); see(b.grad)
        see(fails(lambda: lib.autograd.gradcheck(lambda u: u.as_strided((3, 3), (1, 2), 1), t(8))))
        see(fails(lambda: lib.autograd.gradgradcheck(lambda u: u.as_strided((3, 3), (1, 2), 1) ** 3, t(8))))""",
    "as_strided_written": """
        x = t(5); y = x * 1; y.as_strided((2, 2), (2, 1)).mul_(c(2, 2)); y.sum().backward(); see(x.grad, fn(y))""",
    # ---- long graphs
    "long_chain_with_hooks": """
        x = t(1); y = x * 1
        calls = [0]
        def count(*g): calls[0] += 1
        for i in range(20000):
            y = y + 0
            if i % 3 == 0: y.register_hook(count)
            if i % 3 == 1: y.grad_fn.register_hook(count)
            if i % 3 == 2: y.grad_fn.register_prehook(count)
        y.backward(); see(calls, x.grad); del y""",
}
