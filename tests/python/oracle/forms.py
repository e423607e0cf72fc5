"""Runs one sample in every form an operator has in a library, and records what can be seen of each outcome.

The same code runs on both libraries; `compare.py` sets the records side by side.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oracle import ops
from oracle.exceptions import FORMS
from oracle.library import neutral_text
from oracle.neutral import Array, freeze, is_tensor, row_major, thaw

OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "div/no_rounding_mode": "truediv", "pow": "pow", "matmul": "matmul",
    "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "neg": "neg", "abs": "abs",
    "floor_divide": "floordiv", "remainder": "mod", "bitwise_and": "and_", "bitwise_or": "or_", "bitwise_xor": "xor",
}  # fmt: skip
INPLACE_OPERATORS = {"add": "iadd", "sub": "isub", "mul": "imul", "div/no_rounding_mode": "itruediv", "pow": "ipow"}


@dataclass
class Sample:
    """Arguments in neutral form."""

    input: Any
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    name: str = ""


def signature(sample: Sample) -> str:
    parts = [brief(sample.input), *map(brief, sample.args), *(f"{k}={brief(v)}" for k, v in sample.kwargs.items())]
    return f"({', '.join(parts)}){sample.name}"[:200]


def brief(value: Any) -> str:
    if isinstance(value, Array):
        return f"{value.dtype}{list(value.shape)}" + ("" if value.data.size < 2 else f"/{list(value.strides)}")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(brief, value)) + "]"
    return getattr(value, "name", None) or repr(value)


@dataclass
class Outcome:
    """The tensors and values that came back, or the exception; and facts about them that are not values."""

    values: list[Any] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    error: tuple[str, str] | None = None


def attempt(run: Callable[[], Outcome]) -> Outcome:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return run()
        except Exception as exception:
            return Outcome(error=(type(exception).__name__, neutral_text(str(exception))))


def flatten(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from flatten(item)
    elif isinstance(value, dict):
        yield from flatten(list(value.values()))
    else:
        yield value


def tensors(*values: Any) -> list[Any]:
    return [v for v in flatten(values) if is_tensor(v)]


def without_gradient(value: Any) -> Any:
    """The same arguments, every tensor detached."""
    if is_tensor(value):
        return value.detach()
    if isinstance(value, dict):
        return {k: without_gradient(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(without_gradient(v) for v in value)
    return value


def span(tensor: Any) -> tuple[int, int]:
    """First and one past the last byte that the tensor's elements touch."""
    start = tensor.data_ptr()
    if tensor.numel() == 0:
        return start, start
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride()))
    return start, start + (last + 1) * tensor.element_size()


def alias_of(output: Any, inputs: list[Any]) -> Any:
    """(index of the input whose memory the output shows, distance in bytes), or None for fresh memory."""
    begin, end = span(output)
    for i, tensor in enumerate(inputs):
        if output is tensor:
            return i, "same object"
        first, last = span(tensor)
        if begin < last and first < end:
            return i, begin - first
    return None


def container(result: Any) -> list[str]:
    """What holds the results: nothing, a list, a tuple, or a tuple with named fields."""
    if not isinstance(result, (list, tuple)):
        return ["single"]
    fields = [n for n in ("values", "indices") if hasattr(result, n)]
    return ["list" if isinstance(result, list) else "tuple", *fields]


def record(result: Any, inputs: list[Any], lib: Any) -> Outcome:
    outcome = Outcome([freeze(v, lib) for v in flatten(result)])
    found = tensors(result)
    outcome.facts["container"] = container(result)
    outcome.facts["alias"] = [alias_of(t, inputs) for t in found]
    outcome.facts["requires_grad"] = [bool(t.requires_grad) for t in found]
    outcome.facts["grad_fn"] = [t.grad_fn.name() if t.grad_fn is not None else None for t in found]
    return outcome


class Run:
    """One sample on one library. Each form thaws its own arguments, so that none sees another's writes."""

    def __init__(self, name: str, sample: Sample, lib: Any, call: Callable[..., Any]):
        self.name, self.sample, self.lib, self.call = name, sample, lib, call

    def arguments(self) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        s = self.sample
        return thaw(s.input, self.lib), thaw(s.args, self.lib), thaw(s.kwargs, self.lib)

    def seeded(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.lib.manual_seed(0)
        return call(*args, **kwargs)

    def drawn(self, outcome: Outcome) -> Outcome:
        if self.name in ops.RANDOM:
            following = self.lib.empty(3, dtype=self.lib.float64).normal_()
            outcome.facts["next draws"] = following.tolist()
        return outcome

    def function(self) -> Outcome:
        x, args, kwargs = self.arguments()
        result = self.seeded(self.call, x, *args, **kwargs)
        return self.drawn(record(result, tensors(x, args, kwargs), self.lib))

    def method(self, method: str) -> Outcome:
        x, args, kwargs = self.arguments()
        result = self.seeded(getattr(x, method), *args, **kwargs)
        return self.drawn(record(result, tensors(x, args, kwargs), self.lib))

    def operator(self, symbol: str) -> Outcome:
        x, args, kwargs = self.arguments()
        return record(getattr(operator, symbol)(x, *args, **kwargs), tensors(x, args), self.lib)

    def inplace(self, method: str) -> Outcome:
        x, args, kwargs = self.arguments()
        x = x.clone() if x.requires_grad else x
        before = x._version
        try:
            result = self.inplace_call(method, x, args, kwargs)
        except Exception:
            if x._version != before:
                raise AssertionError("the failing call changed the version") from None
            raise
        outcome = self.drawn(record(result, [x, *tensors(args, kwargs)], self.lib))
        outcome.facts["version"] = x._version - before
        return outcome

    def inplace_call(self, method: str, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if method in INPLACE_OPERATORS.values():
            return self.seeded(getattr(operator, method), x, *args)
        return self.seeded(getattr(x, method), *args, **kwargs)

    def inplace_gradient(self, method: str) -> Outcome:
        x, args, kwargs = self.arguments()
        result = self.inplace_call(method, x.clone(), args, kwargs)
        return Outcome(self.gradient([result], tensors(x, args, kwargs))[0])

    def out(self, expected: list[Array], single: bool, key: str) -> Outcome:
        x, args, kwargs = self.arguments()
        if key != "out":  # that form keeps requires_grad, which torch refuses; the others show values
            x, args, kwargs = without_gradient((x, args, kwargs))
        prepare = BUFFERS[key]
        buffers = [prepare(array, self.lib) for array in expected]
        before = [b._version for b in buffers]
        target = buffers[0] if single else tuple(buffers)
        result = self.seeded(self.call, x, *args, **kwargs, out=target)
        outcome = self.drawn(record(result, buffers, self.lib))
        outcome.values += [freeze(b, self.lib) for b in buffers]
        outcome.facts["version"] = [b._version - v for b, v in zip(buffers, before)]
        return outcome

    def cotangent(self, tensor: Any, index: int) -> Any:
        shape = tuple(tensor.shape)
        values = np.random.default_rng(index).uniform(-1, 1, shape)
        built = thaw(Array("float64", row_major(shape), 0, np.asarray(values)), self.lib)
        return built.to(tensor.dtype).detach().requires_grad_()

    def gradient(self, results: Any, inputs: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """Frozen gradients, the gradients themselves, and the leaves that they can be differentiated by."""
        outputs = [t for t in tensors(results) if t.requires_grad]
        inputs = [t for t in inputs if t.requires_grad]
        if not outputs or not inputs:
            return [], [], []
        cotangents = [self.cotangent(t, i) for i, t in enumerate(outputs)]
        grads = self.lib.autograd.grad(outputs, inputs, cotangents, create_graph=True, allow_unused=True)
        return [freeze(g, self.lib) for g in grads], list(grads), [*inputs, *cotangents]

    def first_gradient(self) -> Outcome:
        x, args, kwargs = self.arguments()
        result = self.seeded(self.call, x, *args, **kwargs)
        return Outcome(self.gradient(result, tensors(x, args, kwargs))[0])

    def second_gradient(self) -> Outcome:
        x, args, kwargs = self.arguments()
        result = self.seeded(self.call, x, *args, **kwargs)
        _, grads, leaves = self.gradient(result, tensors(x, args, kwargs))
        second = self.gradient(grads, leaves)[0] or [None] * len(leaves)
        zeros = [freeze(self.lib.zeros_like(leaf), self.lib) for leaf in leaves]
        return Outcome([zero if g is None else g for g, zero in zip(second, zeros)])


def filled_buffer(array: Array, lib: Any) -> Any:
    return lib.full(array.shape, 77, dtype=getattr(lib, array.dtype))


def empty_buffer(array: Array, lib: Any) -> Any:
    return lib.empty(0, dtype=getattr(lib, array.dtype))


def reversed_buffer(array: Array, lib: Any) -> Any:
    """The right shape, with the strides of a transposed tensor."""
    order = list(range(len(array.shape)))[::-1]
    return lib.full(array.shape[::-1], 77, dtype=getattr(lib, array.dtype)).permute(order)


BUFFERS = {"out": filled_buffer, "out resized": empty_buffer, "out transposed": reversed_buffer}


def forms(info: Any, sample: Sample, torch: Any) -> dict[str, tuple[str, ...]]:
    """The forms in which PyTorch offers a sample: key -> what `observe` needs to run it."""
    found: dict[str, tuple[str, ...]] = {}
    name = ops.full_name(info)
    if isinstance(sample.input, Array):
        method = info.name.rpartition(".")[2]
        if hasattr(torch.Tensor, method) and not method.endswith("_"):
            found["method"] = ("method", method)
        if info.inplace_variant is not None and hasattr(torch.Tensor, method + "_"):
            found["in-place"] = ("inplace", method + "_")
            if sample.input.requires_grad:
                found["in-place grad"] = ("inplace_gradient", method + "_")
        plain = not sample.kwargs and len(sample.args) <= 1
        if name in OPERATORS and plain:
            found["operator"] = ("operator", OPERATORS[name])
        if name in INPLACE_OPERATORS and plain:
            found["in-place operator"] = ("inplace", INPLACE_OPERATORS[name])
    if info.supports_out:
        found |= {key: ("out", key) for key in BUFFERS if (name, key) not in FORMS}
    return found


def observe(run: Run, wanted: dict[str, tuple[str, ...]], function: Outcome, gradients: int) -> dict[str, Outcome]:
    """Outcomes by form. `function` is PyTorch's own outcome of the function: it gives the shapes of `out=`."""
    seen: dict[str, Outcome] = {}
    arrays = [v for v in function.values if isinstance(v, Array)]
    for key, (kind, what) in wanted.items():
        if kind == "out":
            if arrays and len(arrays) == len(function.values):
                single = function.facts["container"] == ["single"]
                seen[key] = attempt(lambda: run.out(arrays, single, what))  # noqa: B023
        else:
            seen[key] = attempt(lambda: getattr(run, kind)(what))  # noqa: B023
    if function.error is None and gradients >= 1:
        seen["grad"] = attempt(run.first_gradient)
        if gradients >= 2:
            seen["gradgrad"] = attempt(run.second_gradient)
    return seen
