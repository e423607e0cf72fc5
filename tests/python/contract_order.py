"""Programs of test_contract.py: sorting, selection, scans and products at NaN, ties, zeros and odd shapes."""

PROGRAMS = {
    "order_of_nan_and_zeros": """
        nan, inf = float("nan"), float("inf")
        x = lib.tensor([0.0, nan, -0.0, inf, -inf, 2.0, nan, -1.5])
        for down in (False, True):
            v, i = lib.sort(x, stable=True, descending=down)
            see(str(v.tolist()), i.tolist())
        see(str(x.topk(4).values.tolist()), str(x.topk(4, largest=False).values.tolist()))
        see(str(x.median().item()), x.nanmedian().item(), str(x.median(0)[0].item()), x.median(0)[1].item())
        see(str(x.kthvalue(7)[0].item()), str(x.cummax(0)[0].tolist()), x.cummax(0)[1].tolist())
        see(str(x.cummin(0)[0].tolist()), x.cummin(0)[1].tolist(), str(lib.unique(x).tolist()))
        see(str(x.nansum().item()), str(lib.nanmean(x[5:]).item()), str(lib.nanquantile(x[5:], 0.5).item()))""",
    "stable_sort_of_many_equal": """
        x = lib.tensor([(7 * i) % 5 for i in range(300)])
        for d in (lib.uint8, lib.int16, lib.int32, lib.int64, lib.float16, lib.float32, lib.float64):
            for down in (False, True):
                v, i = lib.sort(x.to(d) - (0 if d == lib.uint8 else 2), stable=True, descending=down)
                see(v.tolist() == sorted(v.tolist(), reverse=down), i.tolist())""",
    "places_of_equal_elements": """
        for n in (5, 20, 100, 700):
            x = lib.tensor([(11 * i * i + 3 * i) % 7 for i in range(n)], dtype=lib.float32)
            see(x.median(0)[1].item(), x.kthvalue(n // 3 + 1)[1].item(), x.mode()[1].item())
            for k in (1, n // 64, n // 5, n - 1):
                if k:
                    see(x.topk(k)[1].tolist(), x.topk(k, largest=False)[1].tolist())
                    see(x.topk(k, sorted=False)[1].tolist())""",
    "distinct_slices": """
        x = lib.tensor([[1, 2], [0, 5], [1, 2], [0, 4], [1, 2]])
        see(*[y.tolist() for y in lib.unique(x, dim=0, return_inverse=True, return_counts=True)])
        see(*[y.tolist() for y in lib.unique(x.t(), dim=1, return_inverse=True, return_counts=True)])
        see(*[y.tolist() for y in lib.unique_consecutive(x[[0, 2, 1, 1]], dim=0, return_counts=True)])
        see(*[y.tolist() for y in lib.unique(x, return_inverse=True, return_counts=True)])""",
    "running_product_with_zeros": """
        for values in ([2.0, 3.0, 4.0], [2.0, 0.0, 4.0, 5.0], [0.0, 3.0, 0.0, 7.0]):
            x = lib.tensor(values, dtype=lib.float64, requires_grad=True)
            y = x.cumprod(0); w = c(len(values))
            g, = lib.autograd.grad((y * w).sum(), x, create_graph=True)
            h, = lib.autograd.grad((g * w * w).sum(), x)
            see(y, g, h)""",
    "scans_of_matrices": """
        x = t(3, 4)
        for d in (0, 1, -1):
            y = x.cumprod(d).sum() + (x.cumsum(d) ** 2).sum() + x.logcumsumexp(d).sum() + x.cummax(d)[0].sum()
            see(y, *lib.autograd.grad(y, x))""",
    "einsum_forms": """
        a, b, m = t(2, 3, 4), t(2, 4, 5), t(3, 3)
        for equation, operands in [("bij,bjk->bik", (a, b)), ("bij,bjk", (a, b)), ("bij,bjk->", (a, b)),
                                   ("...ij,...jk->...ik", (a, b)), ("ii", (m,)), ("ii->i", (m,)), ("ij->ji", (m,)),
                                   ("bij->i", (a,)), ("ij,jk,kl->il", (m, m, m)), ("b...,b...->...", (a, a)),
                                   ("ij,kl->ijkl", (m, m)), (" i j , k j -> i k ", (m, m)), ("iJ,Jk", (m, m))]:
            y = lib.einsum(equation, *operands)
            see(y, tuple(y.stride()), *lib.autograd.grad((y * y).sum(), operands[0]))
        see(lib.einsum(m, [0, 1], m, [2, 1], [0, 2]), lib.einsum(a, [..., 0, 1], [..., 1, 0]))""",
    "einsum_refusals": """
        m = t(3, 4)
        for args in [("ij,jk", m), ("ij", m, m), ("i$j", m), ("ijk", m), ("i...jk", m), ("i..j", m), ("...i...", m),
                     ("ii", m), ("ij->ik", m), ("ij->ii", m), ("ij->i.", m), ("...ij->......", m), ("ij->i$", m),
                     ("ij,jk", m, m), ("ij",), (m, [0, 60])]:
            see(fails(lambda: lib.einsum(*args)))""",
    "norms_at_zero": """
        for p in (0, 0.5, 1, 1.5, 2, 3, float("inf"), float("-inf")):
            x = lib.tensor([[0.0, 0.0], [3.0, -3.0], [0.0, 2.0]], dtype=lib.float64, requires_grad=True)
            y = lib.norm(x, p=p, dim=1)
            see(y, str(lib.autograd.grad(y.sum(), x)[0].tolist()))""",
    "distances_of_equal_rows": """
        for p in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, float("inf")):
            x, y = t(3, 4), t(2, 4)
            d = lib.cdist(x, lib.cat([y, x[:1]]), p=p)
            see(d, *lib.autograd.grad((d * c(3, 3)).sum(), [x, y]))
            e = lib.nn.functional.pdist(x, p)
            see(e, *lib.autograd.grad((e * c(3)).sum(), x))
        x = t(30, 4); d = lib.cdist(x, x[:3] + 1); see(d, *lib.autograd.grad((d * d).sum(), x))""",
    "histograms": """
        x = lib.tensor([0.0, 0.1, 0.5, 1.0, 0.99, 2.0, -1.0, float("nan")])
        see(lib.histc(x, 4, 0, 1), lib.histc(x[:5], 3), lib.histogram(x[:7], 4, range=(0.0, 1.0)).hist)
        see(*lib.histogram(x[:7], lib.tensor([0.0, 0.5, 1.0, 3.0]), density=True))
        see(lib.bincount(lib.tensor([3, 1, 1]), minlength=6), lib.bincount(lib.tensor([3, 1, 1]), c(3)))""",
    "searches": """
        s, v = lib.tensor([1.0, 2.0, 2.0, 5.0]), lib.tensor([[0.0, 2.0], [6.0, float("nan")]])
        see(lib.searchsorted(s, v), lib.searchsorted(s, v, right=True), lib.searchsorted(s, 2), lib.bucketize(v, s))
        see(lib.searchsorted(lib.stack([s, s + 1]), v, side="right"), lib.isin(v, s), lib.isin(v, s, invert=True))
        see(lib.searchsorted(s, 2.0, out_int32=True).dtype == lib.int32)""",
}
