"""Small work, where the way in and out counts: single operators, a chain of scalars, small training steps."""

from __future__ import annotations

from programs.program import Program, of_function, same

NS, US = 1e-9, 1e-6
BATCH = 200


def additions(lib, compiled=same):
    """Results that live on, so that none can be dropped as unused."""
    a, b = lib.full((1,), 1.5), lib.full((1,), 2.5)
    return lambda: [a + b for _ in range(BATCH)]


def additions_and_items(lib, compiled=same):
    a, b = lib.full((1,), 1.5), lib.full((1,), 2.5)
    return lambda: [(a + b).item() for _ in range(BATCH)]


def scalar_chain(lib, compiled=same, operations=200):
    start = lib.full((), 0.5)

    def run():
        x = start
        for _ in range(operations // 2):
            x = x * 0.99 + 0.25
        return x

    return run


def trained(lib, model, criterion, optimizer, x, y, compiled):
    """The usual four lines; the state is what the step changes."""
    loss_of = compiled(lambda x, y: criterion(model(x), y))

    def step():
        loss = loss_of(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    step.state, step.data = list(model.parameters()), (x, y)
    return step


def small_network(lib, compiled=same):
    """6-64-8-4 with tanh, one example, SGD."""
    lib.manual_seed(0)
    nn = lib.nn
    model = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 4))
    optimizer = lib.optim.SGD(model.parameters(), lr=0.01)
    return trained(lib, model, nn.MSELoss(), optimizer, lib.randn(1, 6), lib.randn(1, 4), compiled)


def jax_small_network(jax, lib):
    start = small_network(lib)
    state = [jax.numpy.asarray(parameter.detach().numpy()) for parameter in start.state]
    x, y = (jax.numpy.asarray(tensor.numpy()) for tensor in start.data)

    def loss(state, x, y):
        for i in range(0, len(state), 2):
            x = x @ state[i].T + state[i + 1]
            x = jax.numpy.tanh(x) if i + 2 < len(state) else x
        return ((x - y) ** 2).mean()

    @jax.jit
    def update(state, x, y):
        value, gradients = jax.value_and_grad(loss)(state, x, y)
        return value, [p - 0.01 * g for p, g in zip(state, gradients)]

    def step():
        nonlocal state
        value, state = update(state, x, y)
        return value

    return step


def linear_regression(lib, compiled=same):
    """examples/linear_regression.py: one weight, one bias, a hundred points, SGD."""
    lib.manual_seed(1)
    nn = lib.nn
    x = lib.randn(100, 1) * 10
    y = x * 3 + lib.randn(100, 1) * 2

    class LinearRegression(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(lib.randn(1))
            self.bias = nn.Parameter(lib.randn(1))

        def forward(self, x):
            return x * self.weight + self.bias

    model = LinearRegression()
    return trained(lib, model, nn.MSELoss(), lib.optim.SGD(model.parameters(), lr=0.01), x, y, compiled)


def adamw(lib, compiled=same, tensors=200, elements=1000):
    """The optimizer alone; gradients stay as they are."""
    lib.manual_seed(0)
    parameters = [lib.nn.Parameter(lib.randn(elements)) for _ in range(tensors)]
    for parameter in parameters:
        parameter.grad = lib.randn(elements)
    update = compiled(lib.optim.AdamW(parameters, lr=1e-3, weight_decay=0.1).step)

    def step():
        update()
        return parameters[-1]

    step.state = parameters
    return step


def product_inputs(lib, n):
    return lib.randn(n, n), lib.randn(n, n)


def onednn(torch, n):
    """The product by oneDNN, as far as PyTorch lets one reach it."""
    torch.manual_seed(0)
    a, b = product_inputs(torch, n)
    weight = b.t().contiguous()
    return lambda: torch.ops.mkldnn._linear_pointwise(a, weight, None, "none", [], "")


def product(n, threads):
    build = of_function(product_inputs, lambda lib: lambda a, b: a @ b)
    title = f"{n} x {n} matrix product, {threads} thread{'s'[: threads - 1]}"
    sizes = {"size": {"n": n}, "small": {"n": 17}, "threads": threads, "compile": False, "rival": onednn}
    return Program(f"gemm-{n}-{threads}", title, build, 1 / 0.9, 1, **sizes)


NETWORK = {"training": True, "jax": jax_small_network}
ADD = {"count": BATCH, "compile": False}
SMALL = [
    Program("add", "a + b, one element", additions, 150 * NS, 1240 * NS, **ADD),
    Program("add-item", "(a + b).item()", additions_and_items, 400 * NS, 1410 * NS, **ADD),
    Program("scalar-chain", "200 operators on a scalar, item", scalar_chain, 40 * US, 559 * US, compile=False),
    Program("small-network", "6-64-8-4 network, SGD step", small_network, 20 * US, 256 * US, **NETWORK),
    Program("regression", "linear regression, SGD step", linear_regression, 15 * US, 136 * US, training=True),
    Program("adamw-200", "AdamW, 200 tensors of 1,000", adamw, 0.2e-3, 6.6e-3, small={"tensors": 3, "elements": 5}),
    Program(
        "adamw-1",
        "AdamW, one tensor of 4,000,000",
        adamw,
        3.5e-3,
        4.9e-3,
        size={"tensors": 1, "elements": 4_000_000},
        small={"tensors": 1, "elements": 50},
    ),
    *(product(n, threads) for n in (512, 1536) for threads in (1, 2)),
]
