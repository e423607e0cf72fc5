"""Names of types for annotations, as PyTorch's `torch.types` has them."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import IO, Any, TypeAlias

from gradus import _C
from gradus.storage import TypedStorage, UntypedStorage

Tensor = _C.Tensor
Size = _C.Size
Storage = UntypedStorage | TypedStorage
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
_dtype = _C.dtype
_device = _C.device
_layout = _C.layout
_int = builtins.int
_float = builtins.float
_bool = builtins.bool
_str = builtins.str
_bytes = builtins.bytes
_complex = builtins.complex
_size = Size | list[int] | tuple[int, ...]
Number: TypeAlias = int | float | bool
_Number = (int, float, bool)
Device: TypeAlias = _C.device | str | int | None
FileLike: TypeAlias = str | os.PathLike[str] | IO[bytes]
IntLikeType: TypeAlias = int
FloatLikeType: TypeAlias = float
BoolLikeType: TypeAlias = bool

__all__ = ["Any", "Device", "FileLike", "Number", "Size", "Storage", "Tensor"]
