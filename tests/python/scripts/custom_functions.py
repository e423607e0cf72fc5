"""Functions with a backward of their own: a polynomial, a straight-through step, in place, several outputs."""

import torch


class LegendrePolynomial3(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, threshold=0.5):
        ctx.threshold = threshold
        return (x > threshold).to(x.dtype)

    @staticmethod
    def backward(ctx, g):
        return g, None


class MinMax(torch.autograd.Function):
    @staticmethod
    def forward(x):
        low, high = x.min(), x.max()
        return low, high

    @staticmethod
    def setup_context(ctx, inputs, output):
        (x,) = inputs
        ctx.save_for_backward(x, *output)

    @staticmethod
    def backward(ctx, g_low, g_high):
        x, low, high = ctx.saved_tensors
        return g_low * (x == low) + g_high * (x == high)


class ScaleInPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        x.mul_(factor)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return g * ctx.factor, None


torch.manual_seed(0)
x = torch.linspace(-1, 1, 100)
y = torch.sin(3 * x)
a, b, c, d = (torch.full((), v, requires_grad=True) for v in (0.0, -1.0, 0.0, 0.3))
for t in range(300):
    prediction = a + b * LegendrePolynomial3.apply(c + d * x)
    loss = (prediction - y).pow(2).mean()
    if t % 100 == 99:
        print(t, f"{loss.item():.6f}")
    loss.backward()
    with torch.no_grad():
        for p in (a, b, c, d):
            p -= 0.1 * p.grad
            p.grad = None
print(f"y = {a.item():.4f} + {b.item():.4f} P3({c.item():.4f} + {d.item():.4f} x)")
z = torch.randn(5, dtype=torch.float64, requires_grad=True)
print(
    torch.autograd.gradcheck(LegendrePolynomial3.apply, (z,)),
    torch.autograd.gradgradcheck(LegendrePolynomial3.apply, (z,)),
)
print(LegendrePolynomial3.apply(z).grad_fn.name(), type(LegendrePolynomial3.apply(z).grad_fn).__name__)
w = torch.rand(6, requires_grad=True)
hard = StraightThrough.apply(w, 0.3)
(hard * torch.arange(6.0)).sum().backward()
print(hard, w.grad)
w.grad = None
low, high = MinMax.apply(w)
(high - 2 * low).backward()
print(w.grad)
v = torch.ones(3, requires_grad=True)
u = v * 1.0
out = ScaleInPlace.apply(u, 4.0)
print(out is u, u)
out.sum().backward()
print(v.grad)
try:
    ScaleInPlace.apply(torch.ones(3, requires_grad=True), 2.0)
except RuntimeError as error:
    print("RuntimeError:", error)
try:
    StraightThrough.forward(None, 3)
except AttributeError as error:
    print("AttributeError", "threshold" in str(error))
