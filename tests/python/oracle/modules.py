"""Runs PyTorch's table of module samples on both libraries: construction, forward, gradients, text, state.

A module is built under the same seed on both sides, so that initial values must agree to the last bit. Then it sees the
table's inputs in training and in evaluation; the gradient of a fixed cotangent reaches inputs and parameters.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oracle.library import neutral_text, reference, short_name, subject
from oracle.neutral import Array, NotExpressible, freeze, is_tensor, row_major, thaw
from oracle.tolerance import difference

DTYPES = ("float32", "float64")


@dataclass
class ModuleReport:
    name: str
    passed: int = 0
    total: int = 0
    skipped: int = 0
    renamed: int = 0  # samples whose results have a node of another name; that does not count against `passed`
    failures: list[str] = field(default_factory=list)


@dataclass
class Seen:
    """What one library made of a sample."""

    text: dict[str, Any] = field(default_factory=dict)  # compared as it is
    exact: dict[str, Any] = field(default_factory=dict)  # arrays, to the last bit
    near: dict[str, Any] = field(default_factory=dict)  # arrays, within the tolerance of their dtype


@functools.cache
def module_infos() -> dict[str, Any]:
    """PyTorch's table by class name, as far as its classes exist here."""
    from torch.testing._internal.common_modules import module_db

    found = {}
    for info in module_db:
        name = info.module_cls.__name__
        if info.module_cls.__module__.startswith("torch.nn.modules") and hasattr(subject().nn, name):
            found[name] = info
    return found


def check_module(name: str) -> ModuleReport:
    """Compares every sample of a module, in training and in evaluation."""
    torch, lib = reference(), subject()
    info = module_infos()[name]
    report = ModuleReport(name)
    for dtype in DTYPES:
        if getattr(torch, dtype) not in info.dtypes:
            continue
        for training in (True, False):
            torch.manual_seed(7)
            given = info.module_inputs_func(
                info, device="cpu", dtype=getattr(torch, dtype), requires_grad=True, training=training
            )
            for index, sample in enumerate(given):
                where = f"{dtype}{'' if training else ', eval'} [{index}] {sample.desc}"
                compare(report, where, info, sample, dtype, training, (torch, lib))
    return report


def compare(
    report: ModuleReport, where: str, info: Any, sample: Any, dtype: str, training: bool, worlds: tuple[Any, Any]
) -> None:
    torch = worlds[0]
    forward = sample.forward_input
    try:
        built = freeze((sample.constructor_input.args, sample.constructor_input.kwargs), torch)
        inputs = freeze((forward.args, forward.kwargs) if forward is not None else ((), None), torch)
    except NotExpressible:
        report.skipped += 1
        return
    name = info.module_cls.__name__
    theirs, ours = (observe(name, built, inputs, dtype, training, world) for world in worlds)
    renamed = theirs.text.pop("grad_fn", None) != ours.text.pop("grad_fn", None)
    wrong = differences(theirs, ours)
    report.total += 1
    report.renamed += renamed
    report.passed += not wrong
    report.failures += [f"{where}: {text}" for text in wrong]


def observe(name: str, built: Any, inputs: Any, dtype: str, training: bool, lib: Any) -> Seen:
    seen = Seen()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            run(seen, name, built, inputs, dtype, training, lib)
        except Exception as error:
            seen.text["error"] = (type(error).__name__, neutral_text(str(error)).partition("\n")[0])
    seen.text["warnings"] = [neutral_text(str(w.message)).partition("\n")[0] for w in caught if ours_or_theirs(w)]
    return seen


def ours_or_theirs(warning: Any) -> bool:
    return "Triggered internally" not in str(warning.message)


def run(seen: Seen, name: str, built: Any, inputs: Any, dtype: str, training: bool, lib: Any) -> None:
    args, kwargs = thaw(built, lib)
    lib.manual_seed(0)
    module = getattr(lib.nn, name)(*args, **kwargs).to(getattr(lib, dtype)).train(training)
    seen.text["repr"] = neutral_text(repr(module))
    state = module.state_dict()
    seen.text["keys"] = [(k, short_name(v.dtype), tuple(v.shape)) for k, v in state.items()]
    seen.text["versions"] = list(getattr(state, "_metadata", {}).items())
    seen.text["parameters"] = [(n, p.requires_grad) for n, p in module.named_parameters()]
    seen.text["training"] = module.training
    seen.exact |= {f"initial {k}": freeze(v, lib) for k, v in state.items()}
    if inputs[1] is None:
        return
    args, kwargs = thaw(inputs, lib)
    lib.manual_seed(1)
    results = tensors(module(*args, **kwargs))
    seen.near |= {f"result {i}": freeze(r, lib) for i, r in enumerate(results)}
    seen.text["grad_fn"] = [r.grad_fn.name() if r.grad_fn is not None else None for r in results]
    seen.near |= {f"buffer {k}": freeze(v, lib) for k, v in module.named_buffers()}
    outputs = [r for r in results if r.requires_grad]
    leaves = {f"argument {i}": t for i, t in enumerate(tensors((args, kwargs))) if t.requires_grad}
    leaves |= {f"parameter {n}": p for n, p in module.named_parameters() if p.requires_grad}
    if not outputs or not leaves:
        return
    cotangents = [cotangent(r, i, lib) for i, r in enumerate(outputs)]
    grads = lib.autograd.grad(outputs, list(leaves.values()), cotangents, allow_unused=True)
    seen.near |= {f"gradient of {n}": None if g is None else freeze(g, lib) for n, g in zip(leaves, grads)}


def tensors(value: Any) -> list[Any]:
    if is_tensor(value):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for v in value for t in tensors(v)] if isinstance(value, (list, tuple)) else []


def cotangent(tensor: Any, index: int, lib: Any) -> Any:
    shape = tuple(tensor.shape)
    values = np.asarray(np.random.default_rng(index).uniform(-1, 1, shape))
    return thaw(Array("float64", row_major(shape), 0, values), lib).to(tensor.dtype)


def differences(theirs: Seen, ours: Seen) -> list[str]:
    found = []
    for key in {**theirs.text, **ours.text}:
        left, right = theirs.text.get(key), ours.text.get(key)
        if left != right:
            found.append(f"{key}: {left} expected, got {right}")
    for kind, exact in (("exact", True), ("near", False)):
        left, right = getattr(theirs, kind), getattr(ours, kind)
        for key in {**left, **right}:
            text = array_difference(left.get(key), right.get(key), exact)
            if text:
                found.append(f"{key}: {text}")
    return found


def array_difference(left: Array | None, right: Array | None, exact: bool) -> str | None:
    if left is None or right is None:
        return None if left is right else f"{'no tensor' if left is None else 'a tensor'} expected"
    if (left.dtype, left.shape) != (right.dtype, right.shape):
        return f"{left.dtype}{left.shape} expected, got {right.dtype}{right.shape}"
    return difference(left.data, right.data, left.dtype, exact=exact)
