"""Ways to look at the graph and to point into it; hooks on what it saves and on several gradients together."""

from __future__ import annotations

from contextlib import contextmanager
from typing import NamedTuple

from gradus import _C, _missing
from gradus._C import Node
from gradus.utils.hooks import RemovableHandle

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class GradientEdge(NamedTuple):
    """A place in the graph where a gradient arrives; backward() and grad() take it in place of a tensor."""

    node: Node
    output_nr: int
    ownership_token: Node | None = None


def get_gradient_edge(tensor) -> GradientEdge:
    """The place where the gradient of `tensor` arrives; it stays valid when the tensor is gone."""
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(*_C._gradient_edge(tensor))


def increment_version(tensor) -> None:
    """Counts a write that the library could not see (through data_ptr, say) to a tensor or to each of several."""
    _C._increment_version((tensor,) if isinstance(tensor, _C.Tensor) else tuple(tensor))


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


class _MultiHandle(RemovableHandle):
    """Removes several hooks at once."""

    def __init__(self, handles):
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def _hook_all(tensors, function):
    """Collects gradients by backward pass; the last one expected brings them to `function`."""
    nodes = [get_gradient_edge(tensor).node for tensor in tensors]
    waiting: dict[int, list] = {}  # pass -> [gradients still expected, gradients]

    def hook(position, gradient):
        task = _C._current_graph_task_id()
        if task not in waiting:
            expected = sum(_C._will_engine_execute_node(node) for node in nodes)
            waiting[task] = [expected, [None] * len(nodes)]
        state = waiting[task]
        state[0] -= 1
        state[1][position] = gradient
        if state[0] == 0:
            del waiting[task]
            function(state[1])

    def hook_at(position):
        return lambda gradient: hook(position, gradient)

    return [tensor.register_hook(hook_at(position)) for position, tensor in enumerate(tensors)]


def _hook_any(tensors, function):
    """Brings the first gradient of each backward pass to `function`."""
    from functools import wraps

    seen: set[int] = set()

    @wraps(function)
    def hook(gradient):
        task = _C._current_graph_task_id()
        if task not in seen:
            seen.add(task)
            function(gradient)

    return [tensor.register_hook(hook) for tensor in tensors if tensor.requires_grad]


def register_multi_grad_hook(tensors, fn, *, mode: str = "all") -> RemovableHandle:
    """Calls `fn` once in a backward pass: with all gradients of `tensors` (None for those that the pass does not
    compute), or with mode="any" with the first of them that is ready. Returns a handle that removes it.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of {('all', 'any')} but got {mode}")
    return _MultiHandle((_hook_all if mode == "all" else _hook_any)(tuple(tensors), fn))


def __getattr__(name: str):
    if name == "Node":
        return _C.Node
    raise _missing.missing("gradus.autograd.graph", name)
