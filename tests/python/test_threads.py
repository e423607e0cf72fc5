"""The number of threads changes no bit of any result."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import gradus


@pytest.fixture(autouse=True)
def restored_threads() -> Iterator[None]:
    before = gradus.get_num_threads()
    yield
    gradus.set_num_threads(before)


def bits(value: gradus.Tensor) -> bytes:
    return value.detach().contiguous().reshape(-1).view(gradus.uint8).numpy().tobytes()


def draw(*shape: int, dtype: gradus.dtype = gradus.float32) -> gradus.Tensor:
    return gradus.randn(shape, generator=gradus.Generator().manual_seed(1)).to(dtype)


MATMUL = {
    "square": lambda t: gradus.mm(draw(300, 311, dtype=t), draw(311, 257, dtype=t)),
    "large": lambda t: gradus.mm(draw(770, 131, dtype=t), draw(131, 900, dtype=t)),
    "transposed": lambda t: gradus.mm(draw(311, 300, dtype=t).t(), draw(257, 311, dtype=t).t()),
    "few rows": lambda t: gradus.mm(draw(5, 700, dtype=t), draw(700, 1111, dtype=t)),
    "few columns": lambda t: gradus.mm(draw(1111, 700, dtype=t), draw(700, 3, dtype=t)),
    "vector": lambda t: gradus.mv(draw(1500, 700, dtype=t), draw(700, dtype=t)),
    "long chain": lambda t: gradus.mm(draw(40, 9000, dtype=t), draw(9000, 50, dtype=t)),
    "batch": lambda t: gradus.bmm(draw(37, 40, 50, dtype=t), draw(37, 50, 33, dtype=t)),
    "small batch": lambda t: gradus.bmm(draw(3, 140, 150, dtype=t), draw(3, 150, 133, dtype=t)),
    "added": lambda t: gradus.addmm(draw(257, dtype=t), draw(300, 311, dtype=t), draw(311, 257, dtype=t), beta=0.5),
    "baddbmm": lambda t: gradus.baddbmm(
        draw(3, 140, 133, dtype=t), draw(3, 140, 150, dtype=t), draw(3, 150, 133, dtype=t)
    ),
}


def same_for_all(run: Callable[[], gradus.Tensor | tuple[gradus.Tensor, ...]]) -> None:
    seen = []
    for threads in (1, 2, 3, 2):
        gradus.set_num_threads(threads)
        for _ in range(3):
            out = run()
            seen.append([bits(v) for v in (out if isinstance(out, tuple) else (out,))])
    assert all(s == seen[0] for s in seen)


@pytest.mark.parametrize("dtype", [gradus.float32, gradus.float64, gradus.bfloat16])
@pytest.mark.parametrize("name", MATMUL)
def test_matmul(name: str, dtype: gradus.dtype) -> None:
    same_for_all(lambda: MATMUL[name](dtype))


def test_integer_matmul() -> None:
    a = gradus.arange(300 * 200).reshape(300, 200) % 91
    same_for_all(lambda: gradus.mm(a, a.t()))


def pointwise_cases() -> dict[str, Callable[[], gradus.Tensor]]:
    a, b = draw(700, 511), draw(700, 511) + 0.1
    column, row = draw(700, 1), draw(511)
    return {
        "dense": lambda: a * b,
        "dense, costly": lambda: gradus.lgamma(a),
        "mixed dtypes": lambda: a * b.double(),
        "half": lambda: a.bfloat16() + b.bfloat16(),
        "compare": lambda: a < b,
        "row": lambda: a + row,
        "column": lambda: a / column,
        "transposed": lambda: a.t() * b.t().contiguous(),
        "every second": lambda: a[:, ::2] - b[:, 1::2].contiguous()[:, :255].sum() * a[:, ::2],
        "short rows": lambda: a.reshape(-1, 7) * draw(7),
        "few long rows": lambda: a.reshape(2, -1)[:, 3:] + b.reshape(2, -1)[:, :-3],
        "parameter": lambda: gradus.clamp(a, -0.3, 0.4),
        "in place": lambda: a.clone().mul_(b).add_(row),
    }


COPIES: dict[str, Callable[[], gradus.Tensor]] = {
    "clone": lambda: draw(700, 511).clone(),
    "convert": lambda: draw(700, 511).to(gradus.float16),
    "transpose": lambda: draw(700, 511).t().contiguous(),
    "permute": lambda: draw(70, 51, 31).permute(2, 0, 1).contiguous(),
    "short rows": lambda: draw(70, 513, 3).transpose(0, 1).contiguous(),
    "expand": lambda: draw(700, 1).expand(700, 511).contiguous(),
    "flip": lambda: draw(700, 511).flip(1),
    "strided": lambda: draw(700, 1022)[::3, ::2].contiguous(),
    "joined": lambda: gradus.cat([draw(700, 511), draw(700, 100)], 1),
}


@pytest.mark.parametrize("name", pointwise_cases())
def test_pointwise(name: str) -> None:
    same_for_all(pointwise_cases()[name])


@pytest.mark.parametrize("name", COPIES)
def test_copies(name: str) -> None:
    same_for_all(COPIES[name])


def norm_cases() -> dict[str, Callable[[], tuple[gradus.Tensor, ...] | gradus.Tensor]]:
    f = gradus.nn.functional

    def differentiated(
        run: Callable[..., gradus.Tensor], *shapes: tuple[int, ...], dtype: gradus.dtype = gradus.float32
    ):
        def call() -> tuple[gradus.Tensor, ...]:
            leaves = [draw(*s, dtype=dtype).requires_grad_() for s in shapes]
            out = run(*leaves)
            return (out, *gradus.autograd.grad(out, leaves, draw(*out.shape, dtype=dtype)))

        return call

    return {
        "softmax": differentiated(lambda x: f.softmax(x, -1), (700, 513)),
        "softmax of columns": differentiated(lambda x: f.softmax(x, 0), (700, 513)),
        "softmax in the middle": differentiated(lambda x: f.softmax(x, 1), (30, 70, 111)),
        "softmax of half floats": differentiated(lambda x: f.softmax(x, -1), (700, 513), dtype=gradus.bfloat16),
        "softmax of one row": differentiated(lambda x: f.softmax(x, -1), (300000,)),
        "log_softmax": differentiated(lambda x: f.log_softmax(x, -1), (700, 513)),
        "log_softmax of columns": differentiated(lambda x: f.log_softmax(x, 0), (700, 513)),
        "layer norm": differentiated(lambda x, w, b: f.layer_norm(x, (513,), w, b), (700, 513), (513,), (513,)),
        "layer norm, many rows": differentiated(lambda x, w, b: f.layer_norm(x, (33,), w, b), (9000, 33), (33,), (33,)),
        "layer norm, double": differentiated(lambda x: f.layer_norm(x, (513,)), (700, 513), dtype=gradus.float64),
        "rms norm": differentiated(lambda x, w: f.rms_norm(x, (513,), w), (700, 513), (513,)),
        "group norm": differentiated(lambda x, w, b: f.group_norm(x, 4, w, b), (9, 24, 40, 41), (24,), (24,)),
        "group norm of one group": differentiated(lambda x: f.group_norm(x, 1), (9, 24, 40, 41)),
        "batch norm": differentiated(
            lambda x, w, b: f.batch_norm(x, None, None, w, b, training=True), (9, 24, 40, 41), (24,), (24,)
        ),
        "batch norm of columns": differentiated(
            lambda x, w, b: f.batch_norm(x, None, None, w, b, training=True), (1700, 333), (333,), (333,)
        ),
        "cross entropy": differentiated(lambda x: f.cross_entropy(x, gradus.arange(900) % 301), (900, 301)),
    }


@pytest.mark.parametrize("name", norm_cases())
def test_normalisation(name: str) -> None:
    same_for_all(norm_cases()[name])


def index_cases() -> dict[str, Callable[[], gradus.Tensor]]:
    table = draw(300, 515)
    places = gradus.arange(4000) * 7919 % 300
    within = gradus.arange(700 * 511).reshape(700, 511) * 7919 % 300
    return {
        "embedding": lambda: gradus.nn.functional.embedding(places, table),
        "index_select": lambda: gradus.index_select(table, 0, places),
        "index_select of columns": lambda: gradus.index_select(table, 1, places),
        "advanced": lambda: table[places, places % 500],
        "gather": lambda: gradus.gather(table.t(), 1, within[:515]),
        "gather along rows": lambda: gradus.gather(table, 0, within[:, :511]),
        "index_put": lambda: gradus.zeros(300, 515).index_put((places,), draw(4000, 515)),
        "accumulated": lambda: gradus.zeros(300, 515).index_put((places,), draw(4000, 515), accumulate=True),
        "index_add": lambda: gradus.zeros(300, 515).index_add(0, places, draw(4000, 515)),
        "scatter": lambda: gradus.zeros(700, 300).scatter_add(1, within, draw(700, 511)),
        "embedding, backward": lambda: gradus.autograd.grad(
            gradus.nn.functional.embedding(places, w := draw(300, 515).requires_grad_(), padding_idx=5),
            w,
            draw(4000, 515),
        )[0],
    }


@pytest.mark.parametrize("name", index_cases())
def test_indexing(name: str) -> None:
    same_for_all(index_cases()[name])


SHAPES = [
    ((1 << 20,), 0),
    ((1000003,), 0),
    ((2, 300007), 1),
    ((700, 513), 1),
    ((700, 513), 0),
    ((9001, 3), 0),
    ((90011, 5), 0),
    ((30000, 100), 0),
    ((5, 90001), 0),
    ((31, 70, 111), (0, 2)),
    ((31, 70, 111), 1),
    ((16, 8, 100, 41), (0, 2, 3)),
    ((16, 100, 41, 8), (0, 1, 2)),
]


@pytest.mark.parametrize("dtype", [gradus.float32, gradus.float64, gradus.float16, gradus.int64, gradus.bool])
@pytest.mark.parametrize(("shape", "dim"), SHAPES)
def test_reductions(shape: tuple[int, ...], dim: int | tuple[int, ...], dtype: gradus.dtype) -> None:
    x = draw(*shape, dtype=gradus.float32).mul(3).to(dtype)

    def run() -> tuple[gradus.Tensor, ...]:
        out = [x.sum(dim), x.sum(), x.t().sum(dim)] if x.dim() == 2 else [x.sum(dim), x.sum()]
        out += [x.amax(dim), x.amin(dim), x.any(dim), x.all(dim)]
        if isinstance(dim, int):
            out += [*(x.max(dim) if dtype != gradus.bool else ()), x.int().argmin(dim), x.prod(dim)]
        if dtype.is_floating_point:
            out += [x.mean(dim), x.var(dim), x.std(dim), gradus.linalg.vector_norm(x, dim=dim)]
        return tuple(out)

    same_for_all(run)


LINES: dict[str, Callable[[gradus.Tensor], gradus.Tensor | tuple[gradus.Tensor, ...]]] = {
    "cumsum": lambda x: (x.cumsum(0), x.cumsum(1), x.flip(1).cumprod(1)),
    "cummax": lambda x: (*x.cummax(0), *x.cummin(1)),
    "logcumsumexp": lambda x: (x.logcumsumexp(0), x.logcumsumexp(1)),
    "sort": lambda x: (*x.sort(0), *x.sort(1, descending=True)),
    "topk": lambda x: (*x.topk(5, 0), *x.topk(80, 1)),
    "kthvalue": lambda x: (*x.kthvalue(5, 0), *x.kthvalue(80, 1)),
    "median": lambda x: (*x.median(0), *x.median(1)),
    "mode": lambda x: x.round().mode(1),
    "cumsum in the middle": lambda x: x.reshape(20, 35, 513).cumsum(1),
    "cumsum of many groups": lambda x: x.reshape(70, 10, 27, 19).cumsum(2),
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name: str) -> None:
    x = draw(700, 513)
    same_for_all(lambda: LINES[name](x))


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_distances(p: float) -> None:
    def run() -> tuple[gradus.Tensor, ...]:
        x, y = draw(3, 90, 17).requires_grad_(), draw(3, 110, 17)
        d = gradus.cdist(x, y, p=p, compute_mode="donot_use_mm_for_euclid_dist")
        return d, gradus.autograd.grad(d, x, draw(3, 90, 110))[0]

    same_for_all(run)


def test_cross_products() -> None:
    same_for_all(lambda: gradus.linalg.cross(draw(3, 90001), draw(90001, 3).t(), dim=0))
