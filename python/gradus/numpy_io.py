"""NumPy's files without NumPy: tensors in .npy and .npz, bfloat16 included."""

from __future__ import annotations

import os

from gradus import _C

__all__ = ["load_npy", "load_npz", "save_npy", "save_npz"]


def save_npy(tensor, path) -> None:
    """Writes a tensor as `np.save` does (bfloat16 as type 'V2'). The file appears whole."""
    _C._npy_save(tensor, os.fspath(path))


def load_npy(path):
    """Reads an array into a tensor of its own memory. ValueError for broken files, TypeError for other types."""
    return _C._npy_load(os.fspath(path))


def save_npz(tensors: dict, path) -> None:
    """Writes a dict of tensors as `np.savez` does. The file appears whole."""
    _C._npz_save(tensors, os.fspath(path))


def load_npz(path) -> dict:
    """Reads the arrays of an archive, compressed or not, by name."""
    return _C._npz_load(os.fspath(path))
