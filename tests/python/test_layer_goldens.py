"""Modules, initial values, optimizers, data order and printing against what PyTorch 2.13 gave, stored in goldens/.

`python tests/python/test_layer_goldens.py` makes the stored file anew, with PyTorch.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

STORED = Path(__file__).parent / "goldens" / "layer.json"
MODULES = [
    "Linear(64, 10)",
    "Linear(3, 2, bias=False)",
    "Embedding(7, 3, padding_idx=2)",
    "Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Dropout(0.1), nn.Linear(64, 4))",
    "ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.GELU()])",
    "ModuleDict({'a': nn.Linear(2, 3), 'b': nn.Flatten()})",
    "CrossEntropyLoss()",
]
INITIALISERS = [
    "xavier_uniform_(w, gain=2.0)",
    "xavier_normal_(w)",
    "kaiming_normal_(w, mode='fan_out', nonlinearity='relu')",
    "trunc_normal_(w, std=0.5)",
    "uniform_(w, -3, 5)",
]
OPTIMIZERS = [
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.2}),
]
PRINTED = [
    "lib.rand(3, 4)",
    "lib.randn(1200) * 1000",
    "lib.arange(6).view(2, 3)",
    "lib.tensor([1e-10, 1.0])",
    "lib.zeros(0, 3)",
    "lib.nn.Parameter(lib.ones(2))",
]


def digest(tensor) -> str:
    """A short fingerprint of dtype, shape and every bit."""
    array = tensor.detach().numpy()
    return hashlib.sha256(f"{array.dtype}{array.shape}".encode() + array.tobytes()).hexdigest()[:16]


def module_facts(lib, text):
    lib.manual_seed(0)
    module = eval("nn." + text, {"nn": lib.nn})
    return [repr(module), {name: digest(value) for name, value in module.state_dict().items()}]


def initial_facts(lib, call):
    lib.manual_seed(5)
    return digest(eval("init." + call, {"w": lib.empty(12, 9), "init": lib.nn.init}))


def training_facts(lib, name, options):
    """Losses of ten steps on a quadratic in float64."""
    lib.manual_seed(3)
    param = lib.nn.Parameter(lib.randn(5, dtype=lib.float64))
    optimizer = getattr(lib.optim, name)([param], **options)
    losses = []
    for step in range(10):
        loss = ((param - step) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [losses, repr(optimizer)]


def order_facts(lib):
    """Two shuffled passes with the default generator, two with an own one, a split, and what is drawn next."""
    data = lib.utils.data
    lib.manual_seed(0)
    plain = data.DataLoader(range(10), batch_size=4, shuffle=True)
    own = data.DataLoader(range(10), batch_size=4, shuffle=True, generator=lib.Generator().manual_seed(7))
    passes = [[batch.tolist() for batch in loader] for loader in (plain, plain, own, own)]
    split = [list(part.indices) for part in data.random_split(range(7), [0.5, 0.5])]
    return [passes, split, lib.rand(1).item()]


def printed_facts(lib, text):
    lib.manual_seed(2)
    return repr(eval(text, {"lib": lib}))


def facts(lib) -> dict:
    return {
        "modules": {text: module_facts(lib, text) for text in MODULES},
        "initialisers": {call: initial_facts(lib, call) for call in INITIALISERS},
        "training": {name: training_facts(lib, name, options) for name, options in OPTIMIZERS},
        "order": order_facts(lib),
        "printed": {text: printed_facts(lib, text) for text in PRINTED},
    }


@pytest.fixture(scope="module")
def stored():
    return json.loads(STORED.read_text())


@pytest.mark.parametrize("text", MODULES)
def test_modules(lib, stored, text):
    assert module_facts(lib, text) == stored["modules"][text]


@pytest.mark.parametrize("call", INITIALISERS)
def test_initial_values(lib, stored, call):
    assert initial_facts(lib, call) == stored["initialisers"][call]


@pytest.mark.parametrize("name, options", OPTIMIZERS)
def test_training(lib, stored, name, options):
    losses, text = training_facts(lib, name, options)
    expected, expected_text = stored["training"][name]
    assert losses == pytest.approx(expected, rel=1e-12)
    assert text == expected_text


def test_order(lib, stored):
    assert order_facts(lib) == stored["order"]


@pytest.mark.parametrize("text", PRINTED)
def test_printing(lib, stored, text):
    assert printed_facts(lib, text) == stored["printed"][text]


if __name__ == "__main__":
    import torch

    STORED.write_text(json.dumps(facts(torch), indent=1) + "\n")
