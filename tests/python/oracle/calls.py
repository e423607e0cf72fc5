"""Evaluates Python expressions over a small fixed set of tensors, and describes each outcome in JSON's terms.

`t` is the library, `np` NumPy. The tensors are made anew for every call, and described again after a failing one: a
call that raises has to leave tensors, versions and the generator as they were.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from oracle.library import neutral_text, short_name
from oracle.neutral import is_tensor, to_numpy
from oracle.tolerance import TOLERANCES, difference

CASES = Path(__file__).with_name("cases")


def cases() -> dict[str, list[str]]:
    """The calls by group, one a line of the files in `cases/`."""
    return {path.stem: path.read_text().splitlines() for path in sorted(CASES.glob("*.txt"))}


def environment(t: Any) -> dict[str, Any]:
    """Fresh tensors under the names that the expressions use."""
    f32 = np.float32
    env = {
        "x": t.from_numpy(np.array([[1.5, -2.0, 3.0], [-0.5, 0.25, 4.0]], f32)).clone(),
        "y": t.from_numpy(np.array([[2.0, 1.0, -1.0], [0.5, 8.0, -4.0]], f32)).clone(),
        "v": t.from_numpy(np.array([1.0, 2.0, 3.0], f32)).clone(),
        "c": t.from_numpy(np.arange(24, dtype=f32).reshape(2, 3, 4)).clone(),
        "d": t.from_numpy(np.array([[1.0, 2.0], [3.0, 4.0]])).clone(),
        "i": t.from_numpy(np.array([[3, 1, 2], [6, 5, 4]])).clone(),
        "k": t.from_numpy(np.array([0, 2])).clone(),
        "b": t.from_numpy(np.array([[True, False, True], [False, True, False]])).clone(),
        "s": t.from_numpy(np.array(2.0, f32)).clone(),
        "n": t.from_numpy(np.array(2)).clone(),
        "e": t.zeros(0, 3),
        "g": t.from_numpy(np.array([1.0, -2.0, 3.0], f32)).clone().requires_grad_(),
        "h": t.from_numpy(np.array([[0.5, -1.0], [2.0, 3.0]])).clone().requires_grad_(),
    }
    return {**env, "t": t, "np": np, "F": t.nn.functional}


def state(env: dict[str, Any], t: Any) -> list[Any]:
    """Everything that a failing call must leave as it was."""
    found: list[Any] = [t.get_rng_state().numpy().tobytes()]
    for name, value in env.items():
        if is_tensor(value):
            found.append((name, to_numpy(value, t).tobytes(), tuple(value.shape), value._version, value.requires_grad))
    return found


def describe(value: Any, t: Any) -> Any:
    """A value in JSON's terms: tensors with dtype, shape, strides and elements, floats by their repr."""
    if is_tensor(value):
        array = to_numpy(value, t)
        kind = {"dtype": short_name(value.dtype), "shape": list(array.shape), "stride": list(value.stride())}
        if value.requires_grad:
            kind["grad_fn"] = value.grad_fn.name() if value.grad_fn is not None else "leaf"
        return {"tensor": kind, "data": [describe(item, t) for item in array.reshape(-1).tolist()]}
    if isinstance(value, (list, tuple)):
        return {"list" if isinstance(value, list) else "tuple": [describe(item, t) for item in value]}
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return neutral_text(value) if isinstance(value, str) else value
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, np.ndarray):
        return {"ndarray": str(value.dtype), "data": [describe(item, t) for item in value.reshape(-1).tolist()]}
    return {"repr": neutral_text(repr(value))}


def call(code: str, t: Any) -> dict[str, Any]:
    """The outcome of the last expression of `code`; statements before it, split by ";;", prepare."""
    env = environment(t)
    *setup, expression = [part.strip() for part in code.split(";;")]
    t.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before: list[Any] = []
        try:
            for statement in setup:
                exec(statement, env)
            before = state(env, t)
            if is_expression(expression):
                return {"value": describe(eval(expression, env), t)}
            exec(expression, env)
            return {"value": None}
        except Exception as exception:
            message = neutral_text(str(exception)).strip().partition("\n")[0]
            after = state(env, t)
            changed = [a[0] for a, b in zip(before[1:], after[1:]) if a != b]
            changed += ["generator"] if before and before[0] != after[0] else []
            return {"error": type(exception).__name__, "message": message, "changed": changed}


def is_expression(code: str) -> bool:
    try:
        compile(code, "<call>", "eval")
    except SyntaxError:
        return False
    return True


def comparable_message(message: str) -> str:
    """The first line of a message, without the signature that PyTorch's parser may add, or our own words."""
    for end in ("but expected", ": Torch does not have it", " The value was saved by "):
        message = message.partition(end)[0]
    return message.strip()


def same(expected: Any, actual: Any, exact: bool = False) -> bool:
    """Equality of two descriptions; elements of float tensors within the table's tolerance, or to the last bit."""
    if exact:
        return json.loads(json.dumps(actual)) == expected
    if isinstance(expected, dict) and isinstance(actual, dict) and "tensor" in expected and "tensor" in actual:
        if expected["tensor"] != actual["tensor"]:
            return False
        return same_numbers(expected["data"], actual["data"], expected["tensor"]["dtype"])
    if isinstance(expected, dict) and isinstance(actual, dict):
        if "float" in expected and "float" in actual:
            return same_numbers([expected], [actual], "float32")
        return expected.keys() == actual.keys() and all(same(expected[k], actual[k]) for k in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    return type(expected) is type(actual) and expected == actual


def same_numbers(expected: list[Any], actual: list[Any], dtype: str) -> bool:
    if dtype not in TOLERANCES:
        return expected == actual
    left, right = (np.array([float(item["float"]) for item in data]) for data in (expected, actual))
    return left.shape == right.shape and difference(left, right, dtype) is None
