"""Handles by which registered hooks are removed."""

from __future__ import annotations

import weakref
from itertools import count

from gradus import _C

_ids = count()


class RemovableHandle:
    """Returned by every register_*_hook; `remove()` (or leaving a `with` block) takes the hook out again."""

    def __init__(self, hooks, *, extra_dict=None):
        self.id = next(_ids)
        extras = extra_dict if isinstance(extra_dict, (list, tuple)) else [extra_dict] if extra_dict is not None else []
        self._tables = [weakref.ref(table) for table in (hooks, *extras)]

    def remove(self) -> None:
        for table in (reference() for reference in self._tables):
            if table is not None:
                table.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc_info) -> None:
        self.remove()


class TensorHookHandle:
    """Returned by Tensor.register_hook; `remove()` (or leaving a `with` block) takes the hook out again."""

    def __init__(self, id: int):
        self.id = id

    def remove(self) -> None:
        _C._remove_hook(self.id)

    def __enter__(self) -> TensorHookHandle:
        return self

    def __exit__(self, *exc_info) -> None:
        self.remove()
