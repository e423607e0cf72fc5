"""What a benchmark program is: how to build its step, how large it is, and how fast it has to be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

# A step takes no arguments and returns what has to be observed: a tensor, or several made one after the other.
Step = Callable[[], Any]


def same(function):
    """The compiler of a library that has none."""
    return function


@dataclasses.dataclass(frozen=True)
class Program:
    """One row of the table.

    `build(lib, compiled, **size)` gives the step; `compiled` is applied to the functions that a user would hand to a
    compiler. `bar` is the time allowed where PyTorch takes `torch`, both in seconds of one machine: only their ratio
    counts.
    """

    name: str
    title: str
    build: Callable[..., Step]
    bar: float
    torch: float
    size: dict[str, Any] = dataclasses.field(default_factory=dict)
    small: dict[str, Any] = dataclasses.field(default_factory=dict)
    count: int = 1  # results of one step; the time is that of one of them
    compile: bool = True  # whether torch.compile is worth its seconds
    jax: Callable[..., Step] | None = None  # jax(jax, lib, **size): the same step, jitted
    rival: Callable[..., Step] | None = None  # rival(torch, **size): another kernel of PyTorch's; the better one counts
    torch_size: dict[str, Any] = dataclasses.field(default_factory=dict)  # what PyTorch does differently
    threads: int | None = None  # None: as many as asked for
    training: bool = False
    tolerance: float = 1e-4  # relative, of results against PyTorch's

    @property
    def allowed(self) -> float:
        """The largest share of PyTorch's time that still holds the bar."""
        return self.bar / self.torch

    def step(self, lib, compiled=same, **changes) -> Step:
        return self.build(lib, compiled, **{**self.size, **changes})


def of_function(inputs, function, count=1):
    """Builds the step of a pure function: `inputs(lib, **size)` are its arguments, `function(lib)` is the function."""

    def build(lib, compiled=same, **size):
        lib.manual_seed(0)
        args = inputs(lib, **size)
        call = compiled(function(lib))
        if count == 1:
            return lambda: call(*args)
        return lambda: [call(*args) for _ in range(count)]

    return build


def jitted(inputs, function, count=1):
    """The same for JAX: the arguments are those of `lib`, `function(jax)` is written with jax.numpy."""

    def build(jax, lib, **size):
        lib.manual_seed(0)
        args = [jax.numpy.asarray(argument.numpy()) for argument in inputs(lib, **size)]
        call = jax.jit(function(jax))
        return lambda: [call(*args) for _ in range(count)]

    return build
