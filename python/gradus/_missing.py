"""Names that PyTorch has and Gradus does not: their absence says so.

`_torch_names.txt` holds PyTorch's public names by namespace, one `[namespace]` line before each group; it is written by
tools/torch_names.py.
"""

from __future__ import annotations

from gradus import _C

_names: dict[str, frozenset[str]] = {}


def torch_names() -> dict[str, frozenset[str]]:
    """PyTorch's public names by namespace ("torch", "torch.Tensor", "torch.nn.functional", ...)."""
    if not _names:
        with open(__file__.rpartition("_missing")[0] + "_torch_names.txt") as file:
            groups = file.read().split("\n[")
        for group in groups[1:]:
            space, _, names = group.partition("]")
            _names[space] = frozenset(names.split())
    return _names


def missing(module: str, name: str) -> AttributeError:
    """The error for a name that a module of the package does not have: it tells if PyTorch has it."""
    text = f"module '{module}' has no attribute '{name}'"
    if name in torch_names().get("torch" + module.removeprefix("gradus"), ()):
        text += ": Gradus does not have it yet"
    return AttributeError(text, name=name)


class _MissingMember:
    """Stands in Tensor for a method or attribute of PyTorch's that is not here: as good as absent, with a reason."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name

    def __get__(self, instance, owner):
        whose = "type object 'Tensor'" if instance is None else f"'{type(instance).__name__}' object"
        raise AttributeError(f"{whose} has no attribute '{self.name}': Gradus does not have it yet", name=self.name)


def _class_dir(cls):
    """dir() of Tensor and its subclasses, without what is missing."""
    names = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
    return [name for name, value in names.items() if type(value) is not _MissingMember]


def install() -> None:
    """Gives Tensor the names that are missing."""
    base = _C.Tensor.__mro__[1]
    for name in torch_names()["torch.Tensor"]:
        if not hasattr(_C.Tensor, name):
            setattr(base, name, _MissingMember(name))
    type(_C.Tensor).__dir__ = _class_dir
