"""Binds `import torch` and every `import torch.x` to Gradus, lazily."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

# Packages compiled against libtorch, and what to use in their place.
_COMPILED = {
    "torchvision": "read the images with Pillow or scikit-learn and wrap the arrays in gradus.utils.data.TensorDataset",
    "torchaudio": "read the sound with the standard library's wave or SciPy and use gradus.from_numpy",
    "torchtext": "build the vocabulary in Python and use gradus.tensor",
}


class _Loader(Loader):
    """Gives the module of the same name in Gradus, as it is."""

    def __init__(self, name: str, alias: str):
        self.name = name
        self.alias = alias

    def create_module(self, spec):
        module = importlib.import_module(self.name)
        self.spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self.spec  # the import system has put the alias's spec there
        # Submodules already loaded get their second name now. Importing them later would bind them as attributes of
        # their parent, over a function of the same name (autograd.gradcheck).
        for name, loaded in list(sys.modules.items()):
            if name.startswith(self.name + "."):
                sys.modules.setdefault(self.alias + name.removeprefix(self.name), loaded)


class TorchFinder(MetaPathFinder):
    """Finds torch.x as gradus.x; refuses packages that need the real PyTorch with a sentence that says why."""

    def find_spec(self, fullname, path=None, target=None):
        root, _, rest = fullname.partition(".")
        if root in _COMPILED:
            raise ImportError(
                f"{root} cannot be imported under `python -m gradus`: it is compiled against PyTorch's own C++ library "
                f"(libtorch), which is not here. Instead, {_COMPILED[root]}.",
                name=fullname,
            )
        if root == "safetensors":  # its tensors are those of `torch`
            name = "gradus." + fullname
        elif root == "torch":
            name = "gradus." + rest if rest else "gradus"
        else:
            return None
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise ModuleNotFoundError(f"No module named '{fullname}': Gradus does not have {name} yet", name=fullname)
        return ModuleSpec(fullname, _Loader(name, fullname), is_package=found.submodule_search_locations is not None)


def install() -> None:
    """Puts the finder first in line; PyTorch, if already imported, is left alone and that is an error."""
    real = sys.modules.get("torch")
    if real is not None and real.__name__ != "gradus":
        raise RuntimeError("gradus cannot take the name torch: PyTorch is already imported in this process")
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TorchFinder())
