"""Programs of test_contract.py: autograd.functional. Names at hand are explained there; `A` is autograd.functional."""

PROGRAMS = {
    "functional_vjp": """
        A = lib.autograd.functional; x, y = c(3), c(2, 3); f = lambda a, b: (a * b).exp()
        for create in (False, True):
            out, v = A.vjp(f, (x, y), c(2, 3), create_graph=create)
            see(out, v, out.requires_grad, [g.requires_grad for g in v])
        see(A.vjp(lambda a: (a * a).sum(), x), A.vjp(lambda a: (a, a * 2), x, (x, x)))
        z = t(3); out, v = A.vjp(lambda a: a.exp(), z, t(3), create_graph=True); see(v.requires_grad)
        v.sum().backward(); see(z.grad)""",
    "functional_vjp_errors": """
        A = lib.autograd.functional; x = c(3); double = lambda a: a * 2
        see(fails(lambda: A.vjp(double, x)), fails(lambda: A.vjp(double, 3)), fails(lambda: A.vjp(double, (x, 3))))
        see(fails(lambda: A.vjp(double, [x])), fails(lambda: A.vjp(lambda a: 3, x)))
        see(fails(lambda: A.vjp(double, x, c(2))))
        see(fails(lambda: A.vjp(double, x, (x, x))), fails(lambda: A.vjp(lambda a: (a, a), x, (x,))))
        see(fails(lambda: A.vjp(lambda a: (a, a), x, (x, c(2)))), fails(lambda: A.vjp(double, x, 5)))
        see(fails(lambda: A.vjp(lambda a: c(3), x, x)[1]), fails(lambda: A.vjp(lambda a: c(3), x, x, strict=True)))
        see(fails(lambda: A.vjp(lambda a, b: a * 2, (x, x), x, strict=True)))
        see(fails(lambda: A.vjp(double, x, x, strict=True, create_graph=True)))""",
    "functional_jvp": """
        A = lib.autograd.functional; x, y = c(3), c(2, 3); f = lambda a, b: (a * b).exp()
        for create in (False, True):
            out, v = A.jvp(f, (x, y), (c(3), c(2, 3)), create_graph=create)
            see(out, v, out.requires_grad, v.requires_grad)
        see(A.jvp(lambda a: (a * 3, a.sum()), x, x), A.jvp(lambda a: a * a, c(1)))
        z = t(3); out, v = A.jvp(lambda a: a.exp(), z, c(3), create_graph=True); v.sum().backward(); see(z.grad)""",
    "functional_jvp_errors": """
        A = lib.autograd.functional; x = c(3); double = lambda a: a * 2
        see(fails(lambda: A.jvp(double, x)), fails(lambda: A.jvp(double, 3)), fails(lambda: A.jvp(double, x, c(2))))
        see(fails(lambda: A.jvp(lambda a, b: a, (x, x), x)), fails(lambda: A.jvp(lambda a: c(3), x, x, strict=True)))
        see(fails(lambda: A.jvp(double, x, x, strict=True)), fails(lambda: A.jvp(lambda a: a.exp(), x, x, strict=True)))
        see(fails(lambda: A.jvp(lambda a, b: a.exp(), (x, x), (x, x), strict=True)))
        see(A.jvp(lambda a, b: a.exp(), (x, x), (x, x)), A.jvp(lambda a: c(3), x, x))
        see(fails(lambda: A.jvp(double, x, x, strict=True, create_graph=True)))""",
    "functional_jacobian": """
        A = lib.autograd.functional; x, y = c(3), c(2, 3); f = lambda a, b: (a * b).exp()
        see(A.jacobian(f, (x, y)), A.jacobian(lambda a: a.exp(), y), A.jacobian(lambda a: a.sum(), x))
        see(A.jacobian(lambda a: (a.exp(), a.sum()), x), A.jacobian(lambda a, b: (a * 2, b.sum()), (x, y)))
        see(A.jacobian(lambda a: (a * 2,), x), A.jacobian(lambda a: a * 2, (x,)), A.jacobian(lambda a: c(2), x))
        j = A.jacobian(f, (x, y), vectorize=True); see(j)
        z = t(3); j = A.jacobian(lambda a: a.exp(), z, create_graph=True); see(j.requires_grad); j.sum().backward()
        see(z.grad, A.jacobian(lambda a: a.exp(), z).requires_grad)
        with lib.no_grad(): see(A.jacobian(lambda a: a.exp(), x))""",
    "functional_jacobian_errors": """
        A = lib.autograd.functional; x = c(3); f = lambda a: a.exp()
        see(fails(lambda: A.jacobian(f, 3)), fails(lambda: A.jacobian(lambda a: 3, x)))
        see(fails(lambda: A.jacobian(f, x, strategy="x")), fails(lambda: A.jacobian(f, x, strategy="forward-mode")))
        see(fails(lambda: A.jacobian(f, x, create_graph=True, strategy="forward-mode")))
        see(fails(lambda: A.jacobian(f, x, strict=True, strategy="forward-mode")))
        see(fails(lambda: A.jacobian(f, x, strict=True, vectorize=True)))
        see(fails(lambda: A.jacobian(lambda a: c(3), x, strict=True)))
        see(fails(lambda: A.jacobian(lambda a, b: a * 2, (x, x), strict=True)))
        see(fails(lambda: A.jacobian(lambda a: a * 2, x, strict=True, create_graph=True)))
        see(fails(lambda: A.jacobian(f, c(0))))""",
    "functional_forward_mode_vectorized": """
        A = lib.autograd.functional; x = c(3); f = lambda a: a.exp().cumsum(0)
        see(A.jacobian(f, x, strategy="forward-mode", vectorize=True))""",
    "functional_hessian": """
        A = lib.autograd.functional; x, y = c(3), c(3); f = lambda a: (a ** 3).sum()
        g = lambda a, b: (a.exp() * b).sum()
        see(A.hessian(f, x), A.hessian(g, (x, y)), A.hessian(f, (x,)), A.hessian(f, x, vectorize=True))
        see(A.hessian(lambda a: a.sum(), x), A.hessian(lambda a: (a * a).sum().reshape(1, 1), x))
        z = t(3); h = A.hessian(f, z, create_graph=True); see(h.requires_grad); h.sum().backward(); see(z.grad)""",
    "functional_hessian_errors": """
        A = lib.autograd.functional; x = c(3); f = lambda a: (a ** 3).sum()
        see(fails(lambda: A.hessian(f, 3)), fails(lambda: A.hessian(lambda a: a, x)))
        see(fails(lambda: A.hessian(lambda a: 3, x)))
        see(fails(lambda: A.hessian(lambda a: (a.sum(),), x)))
        see(fails(lambda: A.hessian(f, x, outer_jacobian_strategy="x")))
        see(fails(lambda: A.hessian(lambda a: a.sum(), x, strict=True)))
        see(fails(lambda: A.hessian(lambda a: (a * a).sum(), x, strict=True, create_graph=True)))
        see(fails(lambda: A.hessian(lambda a, b: (a * a).sum(), (x, x), strict=True)))
        see(fails(lambda: A.hessian(f, x, outer_jacobian_strategy="forward-mode")))
        see(fails(lambda: A.hessian(f, x, strict=True, vectorize=True)))""",
    "functional_hessian_products": """
        A = lib.autograd.functional; x, y = c(3), c(3); g = lambda a, b: (a.exp() * b).sum()
        f = lambda a: (a ** 3).sum()
        for product in (A.vhp, A.hvp):
            see(product(f, x, c(3)), product(g, (x, y), (c(3), c(3) * 2)), product(f, c(1)))
            z = t(3); out, v = product(f, z, c(3), create_graph=True); see(v.requires_grad); v.sum().backward()
            see(z.grad)
            see(product(lambda a: a.sum(), x, x), product(lambda a, b: (a * a).sum(), (x, y), (x, y)))""",
    "functional_hessian_products_errors": """
        A = lib.autograd.functional; x = c(3); f = lambda a: (a ** 3).sum()
        for product in (A.vhp, A.hvp):
            see(fails(lambda: product(f, x)), fails(lambda: product(f, 3)), fails(lambda: product(f, x, c(2))))
            see(fails(lambda: product(lambda a: a, x, x)), fails(lambda: product(lambda a: (a.sum(),), x, x)))
            see(fails(lambda: product(lambda a: a.sum(), x, x, strict=True)))
            see(fails(lambda: product(lambda a: c(1).sum(), x, x, strict=True)))
            see(fails(lambda: product(lambda a, b: (a ** 3).sum(), (x, x), (x, x), strict=True)))
            see(fails(lambda: product(lambda a: (a * a).sum(), x, x, strict=True, create_graph=True)))
            see(fails(lambda: product(lambda a, b: (a ** 3).sum() + b.sum(), (x, x), (x, x), strict=True)))""",
}
