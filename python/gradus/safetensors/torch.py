"""safetensors with tensors: loading and saving of files, of bytes, and of a module's state."""

from __future__ import annotations

import os

from gradus import _C
from gradus.safetensors import _check_device

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model"]


def save_file(tensors: dict, filename, metadata: dict[str, str] | None = None) -> None:
    """Writes a dict of tensors to a file, which appears whole.

    ValueError for tensors that are not contiguous, RuntimeError for tensors that share memory: the format has no word
    for either.
    """
    _C._safetensors_save(tensors, os.fspath(filename), metadata)


def save(tensors: dict, metadata: dict[str, str] | None = None) -> bytes:
    """The bytes that `save_file` would write."""
    return _C._safetensors_save(tensors, None, metadata)


def load_file(filename, device="cpu") -> dict:
    """The tensors of a file by name. They lie in the mapped file: pages are read when they are used."""
    _check_device(device)
    return _C._safetensors_load(os.fspath(filename))[0]


def load(data: bytes) -> dict:
    """The tensors in a file's bytes, copied."""
    return _C._safetensors_load(data)[0]


def save_model(model, filename, metadata: dict[str, str] | None = None) -> None:
    """Writes a module's state dict. RuntimeError if parts of it share memory."""
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, filename, metadata)


def load_model(model, filename, strict: bool = True, device="cpu"):
    """Copies the tensors of a file into a module, as `load_state_dict` does; returns (missing, unexpected) names."""
    return model.load_state_dict(load_file(filename, device), strict=strict)
