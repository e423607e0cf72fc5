"""Statements that make tensors: creation, pointwise expressions, reductions, compositions, movement, random draws."""

from __future__ import annotations

from .writing import kind

UNARY = (
    "tanh sigmoid exp sqrt rsqrt sin cos erf abs neg square sign floor ceil round trunc frac expm1 exp2 log log2 log1p "
    "reciprocal relu atan asinh sinh lgamma erfc logit isnan isfinite logical_not positive"
).split()
ACTIVATIONS = "gelu silu softplus elu leaky_relu hardtanh mish selu relu6 hardswish softsign logsigmoid".split()
BINARY = ("+", "-", "*", "+", "-", "*", "/")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
PAIRS = "maximum minimum atan2 hypot fmod remainder logaddexp add sub mul div xlogy copysign".split()


@kind(6)
def create(w):
    rng, shape = w.rng, w.shape()
    if not w.names():
        shape = tuple(w.dims)
    dtype = w.dtype() if rng.random() < 0.5 else "torch.float32"
    floating = dtype.split(".")[1] in ("float32", "float64", "bfloat16", "float16")
    if floating:
        made = rng.choice(
            (f"torch.randn({shape}", f"torch.rand({shape}", f"torch.full({shape}, {rng.choice((0.5, -2.0))}")
        )
        made += f", dtype={dtype})"
    else:
        high = 2 if dtype == "torch.bool" else rng.choice((2, 7, 100))
        made = f"torch.randint(0, {high}, {shape}, dtype={dtype})"
    layout = rng.random()
    if layout < 0.1 and len(shape) >= 2:
        made = f"{made}.transpose(0, {rng.randrange(1, len(shape))}).contiguous().transpose(0, 1)"
    elif layout < 0.2 and shape:
        made = f"torch.stack([{made}] * 2, -1)[..., {rng.randrange(2)}]"
    elif layout < 0.25 and len(shape) == 4:
        made = f"{made}.to(memory_format=torch.channels_last)"
    elif layout < 0.3 and shape:
        made = f"{made}[{':1, ' if shape[0] else ''}...].expand({shape})"
    if floating and w.grads and rng.random() < 0.5:
        made += ".requires_grad_()"
    return f"{w.name()} = {made}"


def leaf(w, anchor):
    """An operand of a pointwise expression: a tensor, a small view, a number."""
    rng = w.rng
    if rng.random() < 0.2:
        return w.number()
    name = anchor if rng.random() < 0.4 else w.operand_for(anchor) or anchor
    if rng.random() < 0.1 and w.tensor(name).dim():
        return f"{name}[:1]"
    return name


def expression(w, anchor, depth):
    """A pointwise expression over tensors that go with `anchor`."""
    rng = w.rng
    if depth <= 0:
        return leaf(w, anchor)

    def sub():
        return expression(w, anchor, depth - rng.choice((1, 1, 2)))

    roll = rng.random()
    if roll < 0.45:
        operator = rng.choice(BINARY)
        right = sub()
        if operator == "/":
            right = f"(abs({right}) + 0.5)"
        return f"({expression(w, anchor, depth - 1)} {operator} {right})"
    inner = expression(w, anchor, depth - 1)
    if inner[0] in "-0123456789T" and inner[:2] != "T.":
        inner = f"({anchor} * {inner})"
    if roll < 0.65:
        return f"torch.{rng.choice(UNARY)}({inner})"
    if roll < 0.7:
        return f"torch.nn.functional.{rng.choice(ACTIVATIONS)}({inner})"
    if roll < 0.75:
        return f"({inner} {rng.choice(COMPARISONS)} {leaf(w, anchor)})"
    if roll < 0.8:
        return f"{inner}.clamp({rng.choice(('-1, 1', '-0.5', 'max=0.75', '0, 2', 'min=0'))})"
    if roll < 0.85:
        return f"torch.where({anchor} > {rng.choice(('0', '0.5'))}, {inner}, {sub()})"
    if roll < 0.9:
        return f"{inner}.to({w.dtype()})"
    if roll < 0.94:
        return f"torch.{rng.choice(PAIRS)}({inner}, {w.operand_for(anchor) or anchor})"
    if roll < 0.97:
        name = rng.choice(("addcmul", "addcdiv", "lerp"))
        b = w.operand_for(anchor) or anchor
        last = ", 0.3" if name == "lerp" else f", {anchor}, value=0.5"
        return f"torch.{name}({inner}, {b}{last})"
    return f"{inner} ** {rng.choice(('2', '3', '0.5', '-1'))}"


@kind(22)
def pointwise(w):
    anchor = w.pick()
    text = expression(w, anchor, w.rng.choice((1, 1, 2, 3, 4)))
    return f"{w.name()} = {text}"


@kind(4)
def in_a_loop(w):
    a = w.floating()
    if a is None:
        return None
    b, n = w.operand_for(a) or a, w.rng.choice((2, 3, 5))
    body = w.rng.choice(
        ("{a} = {a} * 0.9 + {b} * i", "{a} = torch.tanh({a} - i / 7)", "{a} = ({a} + {b}).sigmoid() * i")
    )
    return f"for i in range({n}):\n    {body.format(a=a, b=b)}"


@kind(8)
def reduction(w):
    rng, a = w.rng, w.pick()
    t = w.tensor(a)
    whole = rng.random() < 0.25
    several = ("sum", "mean", "amax", "amin", "var", "logsumexp", "any", "all", "norm", "nansum")
    single = ("prod", "argmax", "argmin", "cummax", "median", "max", "min", "count_nonzero")
    name = rng.choice(several if rng.random() < 0.8 else single)
    source = f"{a}.float()" if name in ("mean", "var", "logsumexp", "norm") and not t.dtype.is_floating_point else a
    if whole and name not in ("amax", "amin", "logsumexp", "cummax"):
        return f"{w.name()} = torch.{name}({source})"
    dim = w.dim(a, allow_list=name in several and name not in ("any", "all"))
    keep = rng.random() < 0.4 and name not in ("cummax", "count_nonzero")
    tail = "[0]" if name in ("cummax", "median", "max", "min") and rng.random() < 0.7 else ""
    tail = tail or ("[1]" if name in ("cummax", "median", "max", "min") else "")
    return f"{w.name()} = torch.{name}({source}, dim={dim}{', keepdim=True' * keep}){tail}"


@kind(6)
def normalised(w):
    """Softmax, norms and losses, as operators and as compositions of other operators."""
    a = w.floating(lambda t: t.dim() > 0)
    if a is None:
        return None
    rng, d, t = w.rng, w.dim(a), w.name()
    last = w.tensor(a).shape[-1]
    return rng.choice(
        (
            f"{t} = torch.softmax({a}, {d})",
            f"{t} = torch.log_softmax({a}, {d})",
            f"{t} = torch.nn.functional.layer_norm({a}, ({last},))",
            f"{t} = torch.nn.functional.normalize({a}, dim={d})",
            f"{t} = {a} * torch.rsqrt(({a} * {a}).mean({d}, keepdim=True) + 1e-5)",
            f"{t} = ({a} - {a}.mean({d}, keepdim=True)) / ({a}.var({d}, keepdim=True, unbiased=False) + 1e-5).sqrt()",
            f"{t} = torch.exp({a} - {a}.amax({d}, keepdim=True))\n{t} = {t} / {t}.sum({d}, keepdim=True)",
            f"{t} = {a} - torch.logsumexp({a}, {d}, keepdim=True)",
            f"{t} = torch.nn.functional.mse_loss({a}, torch.zeros_like({a}))",
            f"{t} = ({a} * {a}.detach()).sum({d}) + {a}.mean()",
        )
    )


@kind(3)
def product(w):
    rng = w.rng
    a = w.floating(lambda t: t.dim() >= 1 and t.numel() <= 5000)
    if a is None:
        return None
    t, last = w.tensor(a), w.tensor(a).shape[-1]
    if t.dim() == 1:
        return f"{w.name()} = torch.dot({a}, {a})" if rng.random() < 0.5 else f"{w.name()} = torch.outer({a}, {a}[:3])"
    weight = f"torch.randn(({last}, {rng.choice((1, 3, 8))}), dtype={a}.dtype)"
    if rng.random() < 0.3 and last <= 64:
        return f"{w.name()} = {a} @ {a}.transpose(-1, -2)" if t.numel() < 2100 else None
    if rng.random() < 0.3:
        return f"{w.name()} = torch.nn.functional.linear({a}, {weight}.t())"
    return f"{w.name()} = {a} @ {weight}"


@kind(7)
def chosen(w):
    """What picks, joins, orders or scans elements."""
    rng = w.rng
    a = w.pick(lambda t: t.dim() > 0)
    if a is None:
        return None
    d, t, b = w.dim(a), w.name(), w.operand_for(a) or a
    size = w.tensor(a).shape[int(d)]
    indices = f"torch.randint(0, {max(size, 1)}, ({rng.choice((0, 1, 3, 9))},))"
    options = [
        f"{t} = {a}.masked_fill({a} > 0.5, {w.number()})",
        f"{t} = torch.cat([{a}, {a} * 2], {d})",
        f"{t} = torch.stack([{a}, {a}.clone()], {d})",
        f"{t} = {a}.index_select({d}, {indices})",
        f"{t} = torch.gather({a}, {d}, torch.zeros_like({a}, dtype=torch.int64))",
        f"{t} = torch.cumsum({a}, {d})",
        f"{t} = torch.cumprod({a} * 0.5, {d})",
        f"{t} = torch.sort({a}, stable=True, dim={d})[{rng.randrange(2)}]",
        f"{t} = torch.topk({a}, {min(size, 2)}, {d})[0]",
        f"{t} = torch.roll({a}, 1, {d})",
        f"{t} = {a}.repeat_interleave(2, {d})" if w.tensor(a).numel() < 5000 else f"{t} = {a}.clone()",
        f"{t} = torch.where({a} > 0, {a}, {b})",
        f"{t} = {a}[{a} > 0]",
        f"{t} = torch.nn.functional.pad({a}, (1, 2))",
        f"{t} = torch.tril({a})" if w.tensor(a).dim() > 1 else f"{t} = {a}.diff()",
        f"{t} = {a}.index_add({d}, torch.tensor([0, 0]), {a}.narrow({d}, 0, {min(size, 2)}).clone())"
        if size > 1
        else None,
        f"{t} = torch.nn.functional.embedding(torch.randint(0, {max(size, 1)}, (5,)), {a})" if d == "0" else None,
        f"{t} = torch.nonzero({a})",
        f"{t} = torch.unique({a})",
    ]
    return rng.choice(options)


@kind(3)
def rows(w):
    """Rows of a table in the order of an index, which loops may read where they are."""
    rng = w.rng
    a = w.pick(lambda t: t.dim() > 0 and t.shape[0] > 0)
    if a is None:
        return None
    t, size = w.name(), w.tensor(a).shape[0]
    width = max(w.tensor(a).numel() // size, 1)
    many = max(1, min(4100 // width, 300)) if w.tensor(a).numel() else 3
    shape = rng.choice((f"({many},)", f"(2, {many})", "(3,)"))
    index = f"torch.randint({rng.choice((0, -size))}, {size}, {shape})"
    options = [f"{a}[{index}]", f"{a}[{index}] * {w.number()}", f"({a}[{index}] - {a}[0]).exp()"]
    if w.tensor(a).dim() == 2:
        options.append(f"torch.nn.functional.embedding({index}.clamp(min=0), {a}) + 1")
    return f"{t} = {rng.choice(options)}"


@kind(4)
def drawn(w):
    rng, t, shape = w.rng, w.name(), w.shape()
    a = w.floating()
    options = [
        f"{t} = torch.rand({shape})",
        f"{t} = torch.randn({shape})",
        f"{t} = torch.randperm({rng.choice((0, 5, 2500))})",
    ]
    if a is not None:
        options += [
            f"{t} = torch.bernoulli(torch.sigmoid({a}))",
            f"{t} = torch.nn.functional.dropout({a}, {rng.choice((0.1, 0.5))})",
            f"{t} = torch.rand_like({a})",
            f"{t} = torch.randn_like({a}) * 0.5 + {a}",
            f"{t} = torch.normal({a}, 0.5)",
            f"{t} = {a}.detach().clone().uniform_(-1, 1)",
            f"{t} = {a}.detach().clone().bernoulli_(0.3)",
            f"{t} = {a}.detach().clone().normal_(0, 2)",
            f"{t} = torch.nn.functional.dropout({a} * 2 + 1, 0.3).relu()",
        ]
    return rng.choice(options)


@kind(1)
def generator(w):
    return w.rng.choice((f"torch.manual_seed({w.rng.randrange(9)})", "note(torch.initial_seed())"))
