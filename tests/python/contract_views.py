"""Programs of test_contract.py: views, in-place writes, versions. Names at hand are explained there."""

PROGRAMS = {
    # ---- views and in-place writes
    "view_then_write": """
        x = t(2, 3); y = x.clone(); v = y[0]; v.mul_(2)
        see(fn(v), fn(y), y._version, v._version, v._base is y)
        (y * y).sum().backward(); see(x.grad)""",
    "backward_through_the_view": """
        x = t(2, 3); y = x.clone(); v = y[0]; v.mul_(3); v.sum().backward(); see(x.grad)""",
    "write_base_after_view": """
        x = t(2, 3); y = x.clone(); v = y[1]; y.mul_(2)
        see(v.requires_grad, v.is_leaf, fn(v), v._version)
        (v * v).sum().backward(); see(x.grad)""",
    "two_views_written_in_turn": """
        x = t(2, 3); y = x.clone(); a = y[0]; b = y[:, 1]
        a.mul_(2); b.mul_(5); a.add_(1); see(chain(y), fn(a), fn(b))
        (y * c(2, 3)).sum().backward(); see(x.grad)""",
    "view_of_view_written": """
        x = t(2, 3, 4); y = x.clone(); v = y[0][1:].t(); v.pow_(2)
        see(fn(v), v._base is y); (y * c(2, 3, 4)).sum().backward(); see(x.grad)""",
    "chained_writes": """
        x = t(3); y = x.clone(); y.mul_(2).add_(1).mul_(y.detach())
        see(chain(y), y._version); y.sum().backward(); see(x.grad)""",
    "write_into_constant_base": """
        x = t(3); y = lib.zeros(2, 3, dtype=lib.float64); v = y[0]; w = y[1]
        see(v.requires_grad); v.copy_(x); see(y.requires_grad, w.requires_grad, fn(w), fn(v), fn(y))
        (y * c(2, 3)).sum().backward(); see(x.grad)""",
    "write_after_view_of_constant": """
        x = t(3); y = lib.zeros(2, 3, dtype=lib.float64); v = y[1]; y[1] = x * 2
        see(v.is_leaf, fn(v), v.requires_grad); (v * v).sum().backward(); see(x.grad)""",
    "assignments_by_index": """
        x = t(4); y = lib.zeros(4, 4, dtype=lib.float64)
        for i in range(4):
            y[i] = x * i if i == 0 else x * i + y[i - 1]
        see(fn(y)); (y * c(4, 4)).sum().backward(); see(x.grad)""",
    "expanded_gradient_into_view": """
        x = t(3); y = lib.zeros(2, 3, dtype=lib.float64); y += x; y[0] *= x; y.sum().backward(); see(x.grad)""",
    "view_of_transpose_base": """
        x = t(3, 2); y = x.t().clone(); z = y.t(); z[0].mul_(4); (y * c(2, 3)).sum().backward(); see(x.grad)""",
    "base_transposed": """
        x = t(3, 2); y = (x * 2).t(); y[1].mul_(x[:, 0]); (y * y).sum().backward(); see(x.grad)""",
    "fill_zero_through_view": """
        x = t(2, 3); y = x * 2; y[0].zero_(); y[:, 1].fill_(7.0); see(chain(y)); (y * y).sum().backward()
        see(x.grad)""",
    "written_by_own_values": """
        x = t(3); y = x.clone(); y.mul_(y); see(fails(lambda: y.sum().backward()))""",
    "view_written_by_other_view": """
        x = t(2, 3); y = x.clone(); y[0].mul_(y[1]); see(y)
        see(fails(lambda: y.sum().backward()))""",
    "view_added_to_other_view": """
        x = t(2, 3); y = x.clone(); y[0].add_(y[1]); (y * c(2, 3)).sum().backward(); see(x.grad)""",
    "division_of_view": """
        x = t(2, 3); w = t(3); y = x.clone(); y[1].div_(w); (y * c(2, 3)).sum().backward(); see(x.grad, w.grad)""",
    "exp_through_view_keeps_output": """
        x = t(2, 3); y = x.clone(); v = y[1]; v.exp_(); (y * c(2, 3)).sum().backward(); see(x.grad)""",
    "write_constant_part": """
        x = t(2, 3); y = x.clone(); y[0] = 5; (y * y).sum().backward(); see(x.grad, y)""",
    "view_same_shape": """
        x = t(3); y = x.clone(); v = y.view(3); v.mul_(2); see(fn(y), fn(v)); (y + v).sum().backward()
        see(x.grad)""",
    "as_strided_view_written": """
        x = t(2, 3); y = x.clone(); v = y.as_strided((2, 2), (3, 1), 1); v.mul_(3); see(fn(y))
        (y * c(2, 3)).sum().backward(); see(x.grad)""",
    "diagonal_by_as_strided": """
        x = t(3, 3); y = x.clone(); y.as_strided((3,), (4,)).mul_(10); (y * c(3, 3)).sum().backward(); see(x.grad)""",
    "squeeze_unsqueeze_written": """
        x = t(3); y = x.clone(); y.unsqueeze(0).mul_(2); y.unsqueeze(1).squeeze(1).add_(x); see(chain(y))
        (y * y).sum().backward(); see(x.grad)""",
    "zero_dim_view_written": """
        x = t(3); y = x.clone(); y[1].mul_(5); y[2] = y[0] * y[1]; y.sum().backward(); see(x.grad)""",
    "empty_view_written": """
        x = t(2, 3); y = x.clone(); y[:0].mul_(2); y.sum().backward(); see(x.grad, y._version)""",
    "grad_fn_kept_before_write": """
        x = t(2, 3); y = x.clone(); v = y[0]; f = v.grad_fn; see(f.name()); y.add_(1)
        see(v.grad_fn.name(), f is v.grad_fn)""",
    "no_grad_write_into_base": """
        x = t(2, 3); y = x.clone(); v = y[0]
        with lib.no_grad():
            y.mul_(2)
        see(fn(v), fn(y), v._version); v.sum().backward(); see(x.grad)""",
    "no_grad_write_into_leaf_with_view": """
        x = t(2, 3); v = x[0]
        with lib.no_grad():
            x.mul_(2)
        see(fn(v)); (v * v).sum().backward(); see(x.grad)""",
    # ---- errors of in-place writes
    "leaf_written": """
        x = t(3); see(fails(lambda: x.add_(1)), fails(lambda: x.zero_()), fails(lambda: x.copy_(c(3))), x, x._version)
        with lib.no_grad():
            x.add_(1)
        see(x, x._version)""",
    "view_of_leaf_written": """
        x = t(2, 3); v = x[0]; see(fails(lambda: v.add_(1)), fails(lambda: v.fill_(1)), x._version)""",
    "view_of_leaf_assigned": """
        x = t(2, 3)
        def assign():
            x[0] = 1
        see(fails(assign), x)""",
    "leaf_times_itself": """
        x = t(3)
        def times():
            y = x
            y *= 2
        see(fails(times))""",
    "constant_written_by_leaf": """
        x = t(3); y = c(3).clone(); y.mul_(x); see(y.requires_grad, y.is_leaf, fn(y)); y.sum().backward()
        see(x.grad)""",
    "flagged_view_of_constant": """
        y = lib.ones(2, 3); v = y[0]; v.requires_grad_()
        see(fails(lambda: v.mul_(2)), y.requires_grad, v.requires_grad)
        see(v.is_leaf, fn(v)); (v * 3).sum().backward(); see(v.grad, y.grad)""",
    "flagged_view_base_written": """
        y = lib.ones(2, 3); v = y[0]; v.requires_grad_(); y.mul_(2); see(fn(v), v.is_leaf); v.sum().backward()
        see(v.grad)""",
    "multi_output_written": """
        x = t(4); y = x.clone()
        for pieces in (y.split(2), y.chunk(2), y.unbind(), y.split([1, 3])):
            see(fn(pieces[1]), fails(lambda: pieces[1].mul_(2)))
        see(y._version)""",
    "multi_output_base_written": """
        x = t(4); y = x.clone(); a, b = y.split(2); y.mul_(2)
        see(fails(lambda: a.grad_fn), fails(lambda: (a * 2).sum().backward()))""",
    "multi_output_of_leaf_written": """
        x = t(4); a, b = x.split(2); see(fails(lambda: a.mul_(2)))""",
    "multi_output_of_constant_written": """
        x = t(2); y = lib.zeros(4, dtype=lib.float64); a, b = y.split(2); a.add_(1); see(y)
        see(fails(lambda: a.mul_(x)))""",
    "view_of_multi_output_written": """
        x = t(2, 4); y = x.clone(); a, b = y.unbind(); v = a[1:]; see(fails(lambda: v.mul_(2)))""",
    "multi_output_without_grad": """
        x = t(4); y = x.clone()
        with lib.no_grad():
            a, b = y.split(2); a.mul_(2)
        see(y, y._version); see(fails(lambda: b.mul_(2)))""",
    "no_grad_view_written": """
        x = t(2, 3); y = x.clone()
        with lib.no_grad():
            v = y[0]
        see(v.requires_grad, v.is_leaf, fn(v)); see(fails(lambda: v.mul_(2)))""",
    "no_grad_view_of_leaf": """
        x = t(2, 3)
        with lib.no_grad():
            v = x[0]
        see(v.requires_grad, v.is_leaf, fn(v), v._base is x); see(fails(lambda: v.mul_(2)))
        z = v * 2; see(z.requires_grad, fn(z)); """,
    "no_grad_view_of_constant": """
        x = t(3); y = lib.zeros(2, 3, dtype=lib.float64)
        with lib.no_grad():
            v = y[0]
        v.add_(1); see(y); see(fails(lambda: v.mul_(x)))
        see(fails(lambda: y[1].mul_(x)), fn(y), fn(v), v.requires_grad)""",
    "no_grad_view_used": """
        x = t(2, 3); y = x * 2
        with lib.no_grad():
            v = y[0]
        z = (v * v).sum(); see(v.requires_grad, z.requires_grad, fails(lambda: z.backward()), x.grad, v.grad)""",
    "view_in_no_grad_of_view": """
        x = t(2, 3); y = x.clone(); v = y[0]
        with lib.no_grad():
            w = v[1:]
        see(fails(lambda: w.mul_(2)))
        u = w[1:]; see(fails(lambda: u.mul_(2)))""",
    "expanded_written": """
        x = lib.zeros(1, 3).expand(2, 3)
        see(fails(lambda: x.add_(1)), fails(lambda: x.fill_(1)), fails(lambda: x.zero_()))""",
    "overlapping_write": """
        x = lib.arange(6.0)
        def shift():
            x[1:] += x[:-1]
        see(fails(shift), x, x._version)""",
    "failed_write_changes_nothing": """
        x = t(2); y = x.clone(); v = y._version
        see(fails(lambda: y.add_(lib.ones(3))), fails(lambda: y.mul_(lib.ones(2, 2))), y._version == v, fn(y))
        z = lib.arange(3); see(fails(lambda: z.add_(1.5)), fails(lambda: z.div_(2)), z, z._version)""",
    "stale_no_grad_view_used": """
        x = t(2, 3)
        with lib.no_grad():
            v = x[0]; x.mul_(2)
        see(fails(lambda: v * 2), fails(lambda: v.grad_fn), fails(lambda: v.is_leaf), v.requires_grad)
        y = lib.ones(3, dtype=lib.float64); see(fails(lambda: y.add_(v)), y, y._version)""",
    "versions_of_fresh_tensors": """
        see([f._version for f in (lib.zeros(2), lib.ones(2), lib.full((2,), 3.0), lib.rand(2),
            lib.randn(2), lib.arange(3),
            lib.eye(2), lib.linspace(0, 1, 3), lib.tensor([1.0]), lib.zeros_like(lib.ones(2)), lib.randint(3, (2,)),
            lib.randperm(3), lib.ones(2).clone(), lib.ones(2) + 1, lib.cat([lib.ones(2)]),
                lib.ones(2)[lib.tensor([0])],
            lib.ones(2, 2).softmax(0), lib.empty(2), lib.where(lib.ones(2) > 0, 1.0, 2.0), lib.ones(2).double())])""",
    # ---- versions
    "saved_then_written": """
        x = t(3); y = x * 2; z = y * y; y.add_(1); see(fails(lambda: z.sum().backward()))""",
    "saved_leaf_then_written": """
        x = t(3); w = t(3); z = x * w
        with lib.no_grad():
            w.add_(1)
        see(fails(lambda: z.sum().backward()))""",
    "output_saved_then_written": """
        x = t(3); y = x.exp(); y.mul_(2); see(fails(lambda: y.sum().backward()))
        x = t(3); y = x.sigmoid(); y.add_(1); see(fails(lambda: y.sum().backward()))
        x = t(3); y = x.tanh(); y.add_(1); see(fails(lambda: y.sum().backward()))
        x = t(3); y = x.sqrt(); y.add_(1); see(fails(lambda: y.sum().backward()))""",
    "unsaved_then_written": """
        x = t(3); y = x + 1; z = y + 2; y.mul_(2); z.sum().backward(); see(x.grad)
        x = t(3); y = x.sin(); y.mul_(2); y.sum().backward(); see(x.grad)""",
    "relu_then_written": """
        x = t(3); y = (x - 1).relu(); y.add_(1); see(fails(lambda: y.sum().backward()))""",
    "constant_saved_then_written": """
        x = t(3); k = c(3).clone(); z = x * k; k.zero_(); see(fails(lambda: z.sum().backward()), k._version)""",
    "view_of_saved_written": """
        x = t(2, 3); y = x * 1; z = y * y; y[0].zero_(); see(fails(lambda: z.sum().backward()))""",
    "detach_shares_version": """
        x = t(3); y = x * 2; z = y * y; y.detach().add_(1); see(y._version)
        see(fails(lambda: z.sum().backward()))""",
    "data_has_own_version": """
        x = t(3); y = x * 2; z = y * y; y.data.zero_(); see(y._version, y.data._version); z.sum().backward()
        see(x.grad)""",
    "out_counts_versions": """
        a = c(3).clone(); b = lib.zeros(3, dtype=lib.float64); lib.add(a, a, out=b); see(b._version)
        lib.mul(a, 2, out=b[:]); see(b._version); b.copy_(a); see(b._version)""",
    "copy_to_itself": """
        a = c(3).clone(); a.copy_(a); see(a._version)""",
    "swapped_data_of_saved_leaf": """
        x = t(3); w = t(3); z = x * w; w.data = lib.full((3,), 9.0, dtype=lib.float64); z.sum().backward()
        see(x.grad)""",
    "data_of_another_shape": """
        x = t(3); x.data = lib.ones(2, 2, dtype=lib.float64); see(x.shape, x._version); (x * 2).sum().backward()
        see(x.grad)""",
    "grad_survives_data": """
        x = t(3); x.sum().backward(); x.data = lib.zeros(2, dtype=lib.float64); see(x.grad)""",
    "masked_fill_in_place": """
        x = t(2, 3); y = x * 2; m = y > 1; y.masked_fill_(m, 0.5); see(fn(y)); (y * y).sum().backward()
        see(x.grad)""",
}
