"""Names of types as error messages print them."""

from __future__ import annotations

from gradus import _C


def typename(obj) -> str:
    """`torch.FloatTensor` for tensors, otherwise the qualified name of the object's type (or of the type itself)."""
    if isinstance(obj, _C.Tensor):
        return obj.type()
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", None) or ""
    return kind.__qualname__ if module in ("", "builtins") else f"{module}.{kind.__qualname__}"
