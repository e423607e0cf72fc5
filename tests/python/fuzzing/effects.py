"""Statements that do something to tensors: views, writes, exports, derivatives, hooks, threads, optimizers."""

from __future__ import annotations

from .statements import expression
from .writing import kind

EXPORTED = ("float32", "float64", "int64", "int32")
HOOKS = (
    "lambda g: note(g) * 2",
    "lambda g: note(g.sum().item()) and None",
    "lambda g: g.clamp(-1, 1)",
    "lambda g: note(g.shape) and None",
    "raising",
)


def view_of(w, a):
    """The text of a view of the named tensor."""
    rng, t = w.rng, w.tensor(a)
    n, shape = t.dim(), tuple(t.shape)
    options = [f"{a}.reshape(-1)", f"{a}.unsqueeze({rng.randint(0, n)})", f"{a}.detach()", f"{a}.view({a}.shape)"]
    if n:
        d, other = rng.randrange(n), rng.randrange(n)
        size = shape[d]
        start = rng.randrange(size) if size else 0
        order = rng.sample(range(n), n)
        options += [
            f"{a}[{start}:]",
            f"{a}.narrow({d}, {start}, {max(size - start - 1, 0)})",
            f"{a}[..., ::{rng.choice((2, 3))}]",
            f"{a}.transpose({d}, {other})",
            f"{a}.permute({tuple(order)})",
            f"{a}.select({d}, {start})" if size else f"{a}.flip(0)",
            f"{a}[:1].expand({(rng.choice((3, 5)), *shape[1:])})" if t.numel() < 5000 else f"{a}[:1]",
            f"{a}.flatten()",
            f"{a}.unfold({d}, {min(2, size)}, 1)",
            f"{a}.squeeze()",
            f"{a}.split({max(size // 2, 1)}, {d})[0]",
        ]
        if t.numel() > 3:
            options += [f"{a}.as_strided((2, 2), (2, 1))", f"{a}.as_strided((3,), (1,), {a}.storage_offset() + 1)"]
    if n > 1:
        options += [
            f"{a}.diagonal()",
            f"{a}.mT",
            f"{a}.movedim(0, -1)",
            f"{a}.diagonal(1)",
            f"{a}.unbind({rng.randrange(n)})[0]",
        ]
    if n == 4:
        options.append(f"{a}.contiguous(memory_format=torch.channels_last)")
    return rng.choice(options)


@kind(9)
def view(w):
    a = w.pick()
    if w.rng.random() < 0.1:
        return f"{w.name()} = {a}.flip(0)" if w.tensor(a).dim() else None
    return f"{w.name()} = {view_of(w, a)}"


@kind(12)
def write_into(w):
    """In-place operators on tensors and on views of them."""
    rng = w.rng
    writable = w.pick(lambda t: not (t.requires_grad and t.is_leaf)) if rng.random() < 0.9 else w.pick()
    if writable is None:
        return None
    target = view_of(w, writable) if rng.random() < 0.35 else writable
    if ".unfold(" in target:  # writes to elements that are there twice have no defined result
        target = writable
    b = w.operand_for(writable, into=True) or w.number()
    if rng.random() < 0.5 or target != writable:
        b = w.number()
    mask = f"{writable} > 0" if target == writable else "True"
    return rng.choice(
        (
            f"{target}.add_({b})",
            f"{target}.mul_({b})",
            f"{target}.sub_({b}, alpha=2)",
            f"{target}.copy_({b})" if not b[0].isdigit() and b[0] not in "-T" else f"{target}.fill_({b})",
            f"{target}.zero_()",
            f"{target}.fill_({w.number()})",
            f"{target}.tanh_()",
            f"{target}.clamp_(-1, 1)",
            f"{target}.relu_()",
            f"{target}.div_(2)",
            f"{target}.masked_fill_({mask}, {w.number()})" if target == writable else f"{target}.neg_()",
            f"{target}.addcmul_({writable}, {writable}, value=0.1)" if target == writable else f"{target}.abs_()",
            f"{target}.lerp_({writable} * 2, 0.25)" if target == writable else f"{target}.exp_()",
            f"{target}.normal_()",
            f"{target}.bernoulli_(0.5)",
            f"{target}.uniform_()",
            f"{target}.cumsum_(0)",
            f"{writable}[...] = {b}",
            f"{writable}[{writable} > 0.5] = {w.number()}",
            f"{writable} += {b}",
            f"{writable} *= {w.number()}",
            f"{writable}.index_fill_(0, torch.tensor([0]), {w.number()})",
        )
    )


@kind(3)
def write_out(w):
    a = w.pick()
    b = w.operand_for(a) or a
    out = w.pick() if w.rng.random() < 0.5 else None
    lines = []
    if out is None:
        out = w.name()
        lines = [f"{out} = torch.zeros({w.rng.choice(('0', f'{a}.shape'))}, dtype={a}.dtype)"]
    call = w.rng.choice(
        (f"torch.add({a}, {b}, out={out})", f"torch.mul({a}, {b}, out={out})", f"torch.tanh({a}, out={out})")
    )
    if w.tensor(a).dim():
        call = w.rng.choice((call, call, f"torch.sum({a} * 1, 0, out={out})", f"torch.cat([{a}, {a}], out={out})"))
    return [*lines, call]


@kind(3)
def copy_over(w):
    a = w.pick()
    b = w.operand_for(a, into=True)
    views = (
        f"{a}.copy_({b})",
        f"{a}.copy_({b} * 2 + 1)",
        f"{a}.t().copy_({a})" if w.tensor(a).dim() == 2 else f"{a}.copy_({a})",
    )
    return w.rng.choice(views)


@kind(2)
def reset(w):
    """Tensors that get other memory, another shape or other data."""
    rng = w.rng
    a, b, t = w.pick(), w.pick(), w.name()
    n = rng.choice((0, 3, 70, 5000))
    return rng.choice(
        (
            f"{a}.data = {b}.detach().clone()",
            f"{a}.data.mul_({w.number()})",
            f"{t} = {a}.detach().clone()\n{t}.resize_({n}).fill_(1)",
            f"{t} = {a}.detach().clone().resize_({n}).zero_()",
            f"{t} = torch.zeros(2, dtype={b}.dtype)\n{t}.set_({b}.detach())",
            f"{a}.detach_()",
            f"{t} = {a}.detach()",
            f"{t} = {a}.detach().clone().requires_grad_()"
            if w.tensor(a).dtype.is_floating_point
            else f"{t} = {a}.clone()",
            f"{t} = {a}.clone()",
            f"{t} = {a}.contiguous()",
            f"{t} = {a}.detach().clone()\n{t}.untyped_storage().resize_(0)",
            f"{t} = {a}.detach().clone()\n{t}.untyped_storage().fill_(1)",
        )
    )


@kind(4)
def forget(w):
    a = w.pick()
    return f"del {a}" if len(w.names()) > 4 else None


@kind(6)
def observe(w):
    rng, a = w.rng, w.pick()
    options = [
        f"note({a}.detach().tolist())" if w.tensor(a).numel() < 300 else f"note({a}.detach().flatten()[:5].tolist())",
        f"note({a})",
        f"note({a}.sum().item())",
        f"note(bool(({a} > 0).any()))",
        f"note(repr({a}.detach()))",
        f"note({a}.shape), note({a}._version)",
        f"note(torch.equal({a}, {a}.clone()))",
        f"note(torch.allclose({a}.double(), {a}.double() + 1e-12, equal_nan=True))",
        f"note(float({a}.detach().double().mean()))",
    ]
    if not w.exports:
        return rng.choice(options)
    number = w.name("n")
    can = str(w.tensor(a).dtype).split(".")[1] in EXPORTED
    options += [
        f"{number} = {a}.detach().numpy()",
        f"{w.name()} = torch.from_dlpack({a}.detach())",
        f"{w.name()} = torch.from_numpy(numpy_values({w.shape()}, '{rng.choice(EXPORTED)}'))",
        f"note(bytes({a}.detach().contiguous().numpy())[:40])",
        f"note(np.asarray({a}.detach()).copy())",
    ]
    if can:
        options += [f"poke({a}, {rng.choice((0, 3))})", f"note(peek({a}))"]
    arrays = [k for k in w.run.space if k[0] == "n" and k[1:].isdigit()]
    if arrays:
        array = rng.choice(arrays)
        options += [
            f"scribble({array}, {rng.choice((0, 2))})",
            f"del {array}",
            f"{w.name()} = torch.from_numpy({array})",
        ] * 2
    return rng.choice(options)


@kind(3)
def require(w):
    a = w.floating(lambda t: t.is_leaf)
    return f"{a}.requires_grad_({w.rng.choice((True, True, True, False))})" if a and w.grads else None


@kind(9)
def differentiate(w):
    rng = w.rng
    a = w.differentiable() if w.grads else None
    if a is None:
        return None
    t, more = w.name(), rng.choice(("", "", "retain_graph=True"))
    leaves = w.names(lambda t: t.requires_grad and t.is_leaf)
    options = [
        f"{a}.sum().backward({more})",
        f"{a}.square().mean().backward({more})",
        f"({a} * 3).sum().backward({more})",
        f"{a}.backward(torch.ones_like({a}){', ' * bool(more)}{more})",
        f"{a}.backward()",
    ]
    if leaves:
        leaf = rng.choice(leaves)
        options += [
            f"{t} = torch.autograd.grad({a}.sum(), {leaf}, allow_unused=True, retain_graph=True)[0]",
            f"{t} = torch.autograd.grad(({a} * {a}).sum(), {leaf}, create_graph=True, allow_unused=True)[0]",
            f"{leaf}.grad = None",
            f"{leaf}.grad.zero_()",
            f"{t} = {leaf}.grad",
            f"{leaf}.grad.mul_(0.5)",
        ]
    return rng.choice(options)


@kind(3)
def hook(w):
    a = w.differentiable() if w.grads else None
    if a is None:
        return None
    hook = w.rng.choice(HOOKS)
    after = f"{a}.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))"
    options = [f"_h = {a}.register_hook({hook})", f"_h = {a}.register_hook({hook})", f"{a}.retain_grad()", after]
    return w.rng.choice(options)


@kind(2)
def without_grad(w):
    a = w.pick()
    body = w.rng.choice((f"{w.name()} = {expression(w, a, 2)}", f"{a}.mul_(0.5)", f"{a} -= 0.1 * {a}"))
    return f"with torch.{w.rng.choice(('no_grad', 'no_grad', 'enable_grad'))}():\n    {body}"


@kind(3)
def elsewhere(w):
    """Work of other threads: one that lives on, one that ends, two at a time."""
    if not w.threads:
        return None
    rng, a = w.rng, w.pick()
    text, t = expression(w, a, rng.choice((1, 2, 3))), w.name()
    second = expression(w, w.pick(), 2)
    changed = w.rng.choice((f"{a}.add_(1)", f"{a}.mul_({w.number()})", f"{a}.copy_({text})", f"{a}.detach().zero_()"))
    return rng.choice(
        (
            f"{t} = on_worker(lambda: {text})",
            f"{t} = on_worker(lambda: {text}, 1)",
            f"{t} = on_thread(lambda: {text})",
            f"on_worker(lambda: {changed})",
            f"on_thread(lambda: {changed})",
            f"{t}, {w.name('u')} = on_both(lambda: {text}, lambda: {second})",
            f"on_worker(lambda: ({text}).sum().backward())",
            f"note(on_worker(lambda: ({text}).sum().item()))",
        )
    )


@kind(3)
def optimise(w):
    """A few steps of an optimizer over the leaves."""
    leaves = w.names(lambda t: t.requires_grad and t.is_leaf and t.dtype.is_floating_point) if w.grads else []
    if not leaves:
        return None
    rng = w.rng
    known = [k for k in w.run.space if k[0] == "o" and k[1:].isdigit()]
    if known and rng.random() < 0.7:
        o = rng.choice(known)
        closing = rng.choice(("", f"\n{o}.zero_grad()", f"\n{o}.zero_grad(set_to_none=False)"))
        return [f"{o}.param_groups[0]['lr'] *= {rng.choice((0.5, 0.9))}", f"{o}.step(){closing}"]
    chosen = ", ".join(dict.fromkeys(rng.choice(leaves) for _ in range(3)))
    made = rng.choice(
        ("SGD([{}], lr=0.1, momentum=0.9)", "SGD([{}], lr=0.05)", "Adam([{}], lr=0.01)", "AdamW([{}])", "RMSprop([{}])")
    )
    o, a = w.name("o"), rng.choice(leaves)
    lines = [f"{o} = torch.optim.{made.format(chosen)}"]
    loss = f"({a} * {w.operand_for(a) or a}).square().mean().backward()"
    if rng.random() < 0.6:
        clip = rng.choice(("", f"\n    torch.nn.utils.clip_grad_norm_([{chosen}], 1.0)"))
        lines.append(f"for i in range({rng.choice((2, 4))}):\n    {o}.zero_grad()\n    {loss}{clip}\n    {o}.step()")
    return lines
