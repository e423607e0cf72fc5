"""Writes python/gradus/_torch_names.txt: the public names of the installed PyTorch, by namespace.

    python tools/torch_names.py [FILE]

What a namespace merely imports (modules of the standard library, names of typing) is left out.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
import warnings
from pathlib import Path

SPACES = """
torch torch.Tensor torch.nn torch.nn.functional torch.nn.init torch.nn.utils torch.nn.utils.rnn torch.nn.parameter
torch.optim torch.optim.lr_scheduler torch.optim.swa_utils torch.autograd torch.autograd.functional torch.autograd.graph
torch.autograd.forward_ad torch.linalg torch.fft torch.special torch.random torch.distributions torch.utils
torch.utils.data torch.utils.checkpoint torch.utils.dlpack torch.cuda torch.amp torch.testing torch.overrides torch.func
torch.backends torch.storage torch.serialization torch.sparse torch.signal.windows torch.jit torch.multiprocessing
torch.profiler
""".split()
OUT = Path(__file__).parent.parent / "python" / "gradus" / "_torch_names.txt"


def is_own(value) -> bool:
    """False for what a namespace has only because it imported it."""
    if inspect.ismodule(value):
        return value.__name__.startswith("torch")
    module = getattr(value, "__module__", None)
    if isinstance(value, type) or callable(value):
        return not isinstance(module, str) or module.startswith(("torch", "builtins")) or module == "math"
    return type(value).__module__ != "typing" and type(value).__module__ != "__future__"


def names_of(space: str) -> list[str]:
    if space == "torch.Tensor":
        import torch

        members = {n for n in dir(torch.Tensor) if not n.startswith("_")}
        return sorted(members | {n for n in dir(torch.Tensor) if n.startswith("__") and "dlpack" in n})
    module = importlib.import_module(space)
    found = {n for n in dir(module) if not n.startswith("_") and is_own(getattr(module, n, None))}
    return sorted(found | {n for n in getattr(module, "__all__", ()) if not n.startswith("_")})


def main() -> int:
    import torch

    warnings.simplefilter("ignore")
    lines = [f"Public names of PyTorch {torch.__version__.partition('+')[0]}, written by tools/torch_names.py."]
    for space in SPACES:
        lines.append(f"[{space}]")
        lines += textwrap.wrap(" ".join(names_of(space)), 120, break_long_words=False, break_on_hyphens=False)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
