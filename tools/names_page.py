#!/usr/bin/env python3
"""Writes docs/pytorch-names.md: every public name of PyTorch, and whether Gradus has it. --check only compares."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "pytorch-names.md"
sys.path.insert(0, str(ROOT / "python"))

# What has the name and is not the same: name -> how.
DIFFERS = {
    "torch.load": "always as with weights_only=True: classes that are not on the list are refused by name",
    "torch.use_deterministic_algorithms": "accepted; every algorithm is deterministic whatever the mode",
    "torch.set_num_interop_threads": "accepted; operators run one after another",
    "torch.set_float32_matmul_precision": "accepted; products of float32 are computed in float32",
    "torch.Tensor.gather": "sparse_grad=True is refused where a gradient would be recorded",
    "torch.gather": "sparse_grad=True is refused where a gradient would be recorded",
    "torch.norm": "p='nuc' is refused: there are no singular values",
    "torch.linalg.norm": "orders 2, -2 and 'nuc' of matrices are refused: there are no singular values",
    "torch.linalg.matrix_norm": "orders 2, -2 and 'nuc' are refused: there are no singular values",
    "torch.linalg.matrix_power": "negative powers are refused: there is no inverse",
    "torch.sort": "always stable; PyTorch orders equal elements only with stable=True",
    "torch.argsort": "always stable; PyTorch orders equal elements only with stable=True",
    "torch.einsum": "contracts from left to right",
    "torch.nn.functional.embedding": "sparse=True is refused: there are no sparse tensors",
    "torch.nn.Embedding": "sparse=True is refused: there are no sparse tensors",
    "torch.utils.data.DataLoader": "num_workers > 0 is refused: batches are loaded in the program's own process",
    "torch.autograd.functional.jacobian": "strategy='forward-mode' is refused",
    "torch.autograd.functional.hessian": "outer_jacobian_strategy='forward-mode' is refused",
    "torch.optim.SGD": "differentiable=True is refused",
    "torch.optim.Adam": "differentiable=True and capturable=True are refused",
    "torch.optim.AdamW": "differentiable=True and capturable=True are refused",
    "torch.optim.RMSprop": "differentiable=True and capturable=True are refused",
    "torch.optim.Adagrad": "differentiable=True is refused",
    "torch.optim.Adadelta": "differentiable=True and capturable=True are refused",
    "torch.optim.Adamax": "differentiable=True and capturable=True are refused",
    "torch.optim.NAdam": "differentiable=True and capturable=True are refused",
    "torch.optim.RAdam": "differentiable=True and capturable=True are refused",
}
INTRODUCTION = """# PyTorch's names

Every public name of PyTorch 2.13, by namespace: whether it works here, and how it differs where it does. A name that is
missing raises an AttributeError that says so. `tools/names_page.py` writes this page from the installed package.

"""


def member(namespace: str, name: str) -> bool:
    """Whether the package has the name."""
    path = namespace.split(".")[1:]
    try:
        owner = importlib.import_module("gradus")
        for part in path:
            owner = getattr(owner, part)
        getattr(owner, name)
    except (AttributeError, ImportError, NotImplementedError):
        return False
    except Exception:  # a property that needs an instance is there
        return True
    return True


def page() -> str:
    """The text of the page."""
    from gradus._missing import torch_names

    spaces = {space: sorted(names) for space, names in torch_names().items()}
    state = {(s, n): member(s, n) for s, names in spaces.items() for n in names}
    counts = "| namespace | works | differs | missing |\n|---|---:|---:|---:|\n"
    body = ""
    for space, names in spaces.items():
        here = [n for n in names if state[space, n]]
        different = [n for n in here if f"{space}.{n}" in DIFFERS]
        counts += f"| `{space}` | {len(here) - len(different)} | {len(different)} | {len(names) - len(here)} |\n"
        body += f"\n## {space}\n\n| name | |\n|---|---|\n"
        for name in names:
            how = DIFFERS.get(f"{space}.{name}")
            what = "missing" if not state[space, name] else f"differs: {how}" if how else "works"
            body += f"| `{name}` | {what} |\n"
    return INTRODUCTION + counts + body


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = page()
    if parser.parse_args().check:
        return 0 if PAGE.exists() and PAGE.read_text() == text else 1
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
