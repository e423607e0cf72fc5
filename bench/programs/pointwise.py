"""Chains of pointwise operators and rows: what fusion is for."""

from __future__ import annotations

from programs.program import Program, jitted, of_function, same

US, MS = 1e-6, 1e-3


def three(lib, n):
    return lib.randn(n), lib.randn(n), lib.randn(n)


def chain(lib):
    return lambda a, b, c: ((a * b + c) * 0.5 - a).clamp(-1, 1)


def jax_chain(jax):
    return lambda a, b, c: ((a * b + c) * 0.5 - a).clip(-1, 1)


def one(lib, n):
    return (lib.randn(n),)


def gelu(lib):
    """The tanh form of GELU, by hand."""
    return lambda x: 0.5 * x * (1 + lib.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


def jax_gelu(jax):
    return gelu(jax.numpy)


def table(lib, rows, columns):
    return (lib.randn(rows, columns),)


def softmax(lib):
    return lambda x: lib.nn.functional.softmax(x, -1)


def composed_softmax(lib):
    def function(x):
        e = (x - x.amax(-1, keepdim=True)).exp()
        return e / e.sum(-1, keepdim=True)

    return function


def jax_softmax(jax):
    def function(x):
        e = jax.numpy.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    return function


def table_and_affine(lib, rows, columns):
    return lib.randn(rows, columns), lib.randn(columns), lib.randn(columns)


def layer_norm(lib):
    return lambda x, weight, bias: lib.nn.functional.layer_norm(x, weight.shape, weight, bias)


def table_and_weight(lib, rows, columns):
    return lib.randn(rows, columns), lib.randn(columns)


def rms_norm(lib):
    return lambda x, weight: x * lib.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * weight


def jax_rms_norm(jax):
    return lambda x, weight: x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-6) * weight


def gated_sum(lib, compiled=same, n=1 << 20):
    """A sum over a chain, and its gradient."""
    lib.manual_seed(0)
    p = lib.randn(n).requires_grad_()
    function = compiled(lambda p: (lib.tanh(p * 1.5 + 0.1) * lib.sigmoid(p)).sum())

    def step():
        p.grad = None
        function(p).backward()
        return p.grad

    return step


def jax_gated_sum(jax):
    def function(p):
        return (jax.numpy.tanh(p * 1.5 + 0.1) * jax.nn.sigmoid(p)).sum()

    return jax.grad(function)


def chain_program(name, title, n, bar, torch, count=1):
    build, twin = of_function(three, chain, count), jitted(three, jax_chain, count)
    return Program(f"chain-{name}", title, build, bar, torch, {"n": n}, {"n": 77}, count, jax=twin)


def gelu_program(name, title, n, bar, torch):
    build, twin = of_function(one, gelu), jitted(one, jax_gelu)
    return Program(f"gelu-{name}", title, build, bar, torch, {"n": n}, {"n": 77}, jax=twin)


ROWS = {"size": {"rows": 4096, "columns": 1024}, "small": {"rows": 5, "columns": 33}}
CHAIN = "((a*b+c)*0.5-a).clamp(-1, 1)"
GELU = "tanh-GELU by hand"
POINTWISE = [
    chain_program("4K", f"{CHAIN}, 4K", 1 << 12, 3 * US, 11 * US, count=16),
    chain_program("64K", f"{CHAIN}, 64K", 1 << 16, 14 * US, 34 * US),
    chain_program("1M", f"{CHAIN}, 1M", 1 << 20, 150 * US, 813 * US),
    chain_program("16M", f"{CHAIN}, 16M", 1 << 24, 7 * MS, 109 * MS),
    gelu_program("64K", f"{GELU}, 64K", 1 << 16, 35 * US, 141 * US),
    gelu_program("1M", f"{GELU}, 1M", 1 << 20, 0.35 * MS, 2.5 * MS),
    gelu_program("16M", f"{GELU}, 16M", 1 << 24, 9 * MS, 213 * MS),
    Program("softmax", "softmax, 4096 x 1024", of_function(table, softmax), 1.1 * MS, 1.27 * MS, **ROWS),
    Program(
        "softmax-composed",
        "softmax of max, exp and sum, 4096 x 1024",
        of_function(table, composed_softmax),
        1.2 * MS,
        5.7 * MS,
        jax=jitted(table, jax_softmax),
        **ROWS,
    ),
    Program(
        "layer-norm", "layer_norm, 4096 x 1024", of_function(table_and_affine, layer_norm), 1.1 * MS, 1.24 * MS, **ROWS
    ),
    Program(
        "rms-norm",
        "RMSNorm by hand, 4096 x 1024",
        of_function(table_and_weight, rms_norm),
        1.2 * MS,
        4.1 * MS,
        jax=jitted(table_and_weight, jax_rms_norm),
        **ROWS,
    ),
    Program(
        "gated-sum",
        "(tanh(p*1.5+0.1)*sigmoid(p)).sum() and gradient, 1M",
        gated_sum,
        0.6 * MS,
        3.6 * MS,
        size={"n": 1 << 20},
        small={"n": 91},
        jax=jitted(one, jax_gated_sum),
    ),
]
