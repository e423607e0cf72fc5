"""The safetensors format, interchangeable with the package of that name: named tensors and texts, nothing that runs."""

from __future__ import annotations

import os

from gradus import _C


class SafetensorError(Exception):
    """A file breaks a rule of the format."""


class safe_open:
    """A file of tensors inside a `with` block: `keys()`, `get_tensor(name)`, `get_slice(name)`, `metadata()`."""

    def __init__(self, filename, framework: str = "pt", device="cpu"):
        if framework not in ("pt", "torch", "pytorch"):
            raise SafetensorError(f"framework {framework} is invalid: tensors of Gradus are opened with 'pt'")
        _check_device(device)
        self._tensors, self._metadata = _C._safetensors_load(os.fspath(filename))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self._tensors = {}

    def keys(self) -> list[str]:
        """Names of the tensors, sorted."""
        return sorted(self._tensors)

    def offset_keys(self) -> list[str]:
        """Names of the tensors, in the order of their bytes."""
        return list(self._tensors)

    def metadata(self) -> dict[str, str] | None:
        """The texts beside the tensors; None if there are none."""
        return dict(self._metadata) or None

    def get_tensor(self, name: str):
        """A tensor, as it lies in the mapped file."""
        if name not in self._tensors:
            raise SafetensorError(f"File does not contain tensor {name}")
        return self._tensors[name]

    def get_slice(self, name: str) -> _Slice:
        """A tensor of which an index takes a part."""
        return _Slice(self.get_tensor(name))


class _Slice:
    """A tensor in a file: `get_shape()`, `get_dtype()`, and the part that an index takes."""

    def __init__(self, tensor):
        self._tensor = tensor

    def get_shape(self) -> list[int]:
        return list(self._tensor.shape)

    def get_dtype(self) -> str:
        names = {_C.bool: "BOOL", _C.uint8: "U8", _C.bfloat16: "BF16"}
        kind = "F" if self._tensor.is_floating_point() else "I"
        return names.get(self._tensor.dtype, f"{kind}{8 * self._tensor.element_size()}")

    def __getitem__(self, index):
        return self._tensor[index]


def _check_device(device) -> None:
    if str(device) not in ("cpu", "cpu:0"):
        raise SafetensorError(f"device {device} is invalid: there is only the cpu here")


from gradus.safetensors.torch import load, load_file, load_model, save, save_file, save_model  # noqa: E402
