"""Hooks on what the graph saves, and ways to look at and point into the graph."""

from __future__ import annotations

from contextlib import contextmanager

from gradus import _C, _missing

__all__ = ["disable_saved_tensors_hooks", "save_on_cpu", "saved_tensors_hooks"]


class saved_tensors_hooks:
    """Inside, every value saved for backward goes through `pack_hook(tensor)`; what that returns is kept instead.

    Backward gets the value back by `unpack_hook(packed)`, which must return a tensor with the same values. Hooks of
    nested blocks do not add up: the innermost pair is used. Changes of a packed value in place go unnoticed.
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        _C._push_saved_tensors_default_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *exc_info) -> None:
        _C._pop_saved_tensors_default_hooks()


class save_on_cpu(saved_tensors_hooks):
    """Inside, values saved for backward wait in CPU memory, where they are already: only the hooks differ."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        def pack(tensor):
            return tensor.device, tensor.detach().clone() if pin_memory else tensor.cpu()

        def unpack(packed):
            device, tensor = packed
            return tensor.to(device)

        super().__init__(pack, unpack)


@contextmanager
def disable_saved_tensors_hooks(error_message: str):
    """Inside (also as a decorator), hooks on saved values are refused with a RuntimeError of this text."""
    before = _C._saved_tensors_hooks_disabled()
    try:
        _C._saved_tensors_hooks_disable(error_message)
        yield
    finally:
        _C._saved_tensors_hooks_disable(before)


def __getattr__(name: str):
    if name == "Node":
        return _C.Node
    raise _missing.missing("gradus.autograd.graph", name)
