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
    return gradus.randn(*shape, generator=gradus.Generator().manual_seed(1)).to(dtype)


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
