"""Checkpoints between C++ and PyTorch: a C++ program trains and saves, PyTorch goes on, C++ goes on from that."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest
from bridge import gradus, torch
from test_readme import BUILD, build_cpp

PROGRAM = r"""
#include <gradus/gradus.h>
#include <cstdio>
#include <string>
using namespace gradus;

void steps(nn::Sequential& model, optim::Optimizer& optimizer, int n) {
  for (int i = 0; i < n; ++i) {
    optimizer.zero_grad();
    model(linspace(-1, 1, 12).reshape({4, 3})).square().sum().backward();
    optimizer.step();
  }
}

int main(int, char** arguments) {
  manual_seed(3);
  nn::Sequential model{nn::Linear(3, 4), nn::Tanh(), nn::Linear(4, 2)};
  optim::OPTIMIZER optimizer(model.parameters(), OPTIONS);
  if (std::string(arguments[1]) == "save") {
    steps(model, optimizer, 3);
    save(dict({{"model", model.state_dict()}, {"optimizer", optimizer.state_dict()}, {"epoch", 3}}), arguments[2]);
    steps(model, optimizer, 4);
  } else {
    const Object checkpoint = load(arguments[2]);
    model.load_state_dict(checkpoint["model"].named_tensors());
    optimizer.load_state_dict(checkpoint["optimizer"].optimizer_state());
    steps(model, optimizer, 2);
  }
  save(model.state_dict(), arguments[3]);
}
"""


def go_on(library, optimizer_of, checkpoint, steps):
    nn = library.nn
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    model.load_state_dict(checkpoint["model"])
    optimizer = optimizer_of(library.optim, model.parameters())
    optimizer.load_state_dict(checkpoint["optimizer"])
    for _ in range(steps):
        optimizer.zero_grad()
        (model(library.linspace(-1, 1, 12).reshape(4, 3)) ** 2).sum().backward()
        optimizer.step()
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict()}


KINDS = {
    "Adam": ("{.lr = 0.02, .amsgrad = true}", lambda optim, params: optim.Adam(params, lr=1.0)),
    "SGD": ("{.lr = 0.02, .momentum = 0.9}", lambda optim, params: optim.SGD(params, lr=1.0, momentum=0.5)),
}


@pytest.mark.parametrize("name", KINDS)
def test_training_goes_on_across_languages_and_libraries(name, tmp_path):
    if not os.path.exists(BUILD / "libgradus.a"):
        pytest.skip("the C++ library is not built")
    options, optimizer_of = KINDS[name]
    program = build_cpp(tmp_path, PROGRAM.replace("OPTIMIZER", name).replace("OPTIONS", options))
    subprocess.run([*program, "save", "first.pt", "seven.pt"], cwd=tmp_path, check=True, timeout=60)
    for library in (torch, gradus):
        checkpoint = library.load(tmp_path / "first.pt")
        assert checkpoint["epoch"] == 3
        parts = go_on(library, optimizer_of, checkpoint, 2)
        library.save(parts, tmp_path / "second.pt")
        subprocess.run([*program, "load", "second.pt", "again.pt"], cwd=tmp_path, check=True, timeout=60)
        expected, given = torch.load(tmp_path / "seven.pt"), torch.load(tmp_path / "again.pt")
        assert list(given) == ["0.weight", "0.bias", "2.weight", "2.bias"] == list(expected)
        for key in given:
            np.testing.assert_allclose(given[key].numpy(), expected[key].numpy(), rtol=2e-5, atol=1e-6)
            if library is gradus:
                assert (given[key] == expected[key]).all()
