"""NumPy's files, both ways between Gradus and NumPy."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from bridge import gradus
from gradus.numpy_io import load_npy, load_npz, save_npy, save_npz

DTYPES = "bool uint8 int8 int16 int32 int64 float16 float32 float64".split()
SHAPES = [(), (0,), (3,), (2, 0, 3), (2, 3), (4, 3, 2), (1,) * 20]


def same(tensor, array):
    assert tuple(tensor.shape) == array.shape
    assert tensor.numpy().dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(tensor.numpy(), array)


def numbers(shape, dtype):
    return (np.arange(np.prod(shape, dtype=int)) % 120).reshape(shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_arrays_come_back(dtype, shape, tmp_path):
    array = numbers(shape, dtype)
    path = tmp_path / "x.npy"
    for order in "<>":
        for layout in "CF":
            np.save(path, np.asarray(array.astype(array.dtype.newbyteorder(order)), order=layout))
            same(load_npy(path), array)
    np.save(path, array)
    theirs = path.read_bytes()
    save_npy(gradus.from_numpy(array.copy()), path)
    same(gradus.from_numpy(np.load(path)), array)
    assert path.read_bytes() == theirs or len(shape) == 20


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions(version, tmp_path):
    array = numbers((2, 3), "float32")
    with open(tmp_path / "x", "wb") as file:
        np.lib.format.write_array(file, array, version)
    same(load_npy(tmp_path / "x"), array)


def test_layouts(tmp_path):
    array = np.asfortranarray(numbers((4, 3, 2), "float64"))
    np.save(tmp_path / "f.npy", array)
    assert load_npy(tmp_path / "f.npy").stride() == gradus.from_numpy(array).stride()
    x = gradus.arange(12.0).reshape(3, 4)
    for view in (x.t(), x[:, 1:3], x[1], x.expand(2, 3, 4), x.clone().requires_grad_()):
        save_npy(view, tmp_path / "v.npy")
        np.testing.assert_array_equal(np.load(tmp_path / "v.npy"), view.detach().numpy())


def test_bfloat16(tmp_path):
    x = gradus.tensor([1.5, -2.0, 3.0]).bfloat16()
    save_npy(x, tmp_path / "x.npy")
    assert load_npy(tmp_path / "x.npy").dtype == gradus.bfloat16 and (load_npy(tmp_path / "x.npy") == x).all()
    assert np.load(tmp_path / "x.npy").view(np.uint16).tolist() == [0x3FC0, 0xC000, 0x4040]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives(save, tmp_path):
    rng = np.random.default_rng(1)
    arrays = {
        "a": numbers((3, 4), "float32"),
        "empty": np.zeros((0, 2)),
        "b/c": numbers((5,), "int64"),
        "zeros": np.zeros(100_000),
        "noise": rng.standard_normal(50_000),
        "text": np.frombuffer(("the quick brown fox " * 900).encode(), np.uint8),
    }
    save(tmp_path / "x.npz", **arrays)
    read = load_npz(tmp_path / "x.npz")
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        same(read[name], array)
    save_npz(read, tmp_path / "y.npz")
    with np.load(tmp_path / "y.npz") as back:
        assert list(back) == list(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(back[name], array)
    assert zipfile.ZipFile(tmp_path / "y.npz").testzip() is None


@pytest.mark.parametrize("level", range(10))
def test_compression_of_every_level(level, tmp_path):
    rng = np.random.default_rng(level)
    arrays = [
        rng.integers(0, high, 70_000).astype(dtype) for high, dtype in ((2, np.uint8), (255, np.uint8), (9, np.int64))
    ]
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=level) as file:
        for i, array in enumerate(arrays):
            buffer = io.BytesIO()
            np.save(buffer, array)
            file.writestr(f"{i}.npy", buffer.getvalue())
    for tensor, array in zip(load_npz(tmp_path / "x.npz").values(), arrays, strict=True):
        same(tensor, array)


def npy(text: str, data=b"", version=1) -> bytes:
    head = text.encode()
    length = len(head).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + head + data


FINE = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
BROKEN = {
    "nothing": (b"", ValueError),
    "other": (b"PK\x03\x04" + bytes(30), ValueError),
    "version": (npy(FINE, bytes(8), 9), ValueError),
    "short header": (npy(FINE)[:-5], ValueError),
    "header beyond the file": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}", ValueError),
    "short data": (npy(FINE, bytes(7)), ValueError),
    "long data": (npy(FINE, bytes(9)), ValueError),
    "negative": (npy(FINE.replace("2,", "-2,")), ValueError),
    "overflow": (npy(FINE.replace("2,", "4611686018427387904, 4611686018427387904")), ValueError),
    "beyond 64 bits": (npy(FINE.replace("2,", "99999999999999999999999")), ValueError),
    "many dims": (npy(FINE.replace("2,", "1, " * 100), bytes(4)), ValueError),
    "objects": (npy(FINE.replace("<f4", "|O"), bytes(8)), TypeError),
    "complex": (npy(FINE.replace("<f4", "<c8"), bytes(16)), TypeError),
    "records": (npy(FINE.replace("'<f4'", "[('a', '<f4')]"), bytes(8)), TypeError),
    "texts": (npy(FINE.replace("<f4", "<U1"), bytes(8)), TypeError),
    "code": (npy("__import__('os').system('true')"), ValueError),
    "twice": (npy(FINE.replace("'fortran_order': False", "'descr': '<f4'"), bytes(8)), ValueError),
    "key": (npy(FINE.replace("shape", "sharp"), bytes(8)), ValueError),
    "behind": (npy(FINE + "x", bytes(8)), ValueError),
    "unclosed": (npy(FINE[:-20], bytes(8)), ValueError),
    "not even text": (npy("{'descr"), ValueError),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_arrays_are_refused(name, tmp_path):
    data, error = BROKEN[name]
    (tmp_path / "x.npy").write_bytes(data)
    with pytest.raises(error):
        load_npy(tmp_path / "x.npy")
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", data)
    with pytest.raises(error):
        load_npz(tmp_path / "x.npz")


def test_damaged_archives_are_refused(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", a=np.arange(2000), b=np.ones((3, 4)))
    data = bytearray((tmp_path / "x.npz").read_bytes())
    harmless = 0
    for i in range(0, len(data), 7):
        damaged = bytes(data[:i]) + bytes([data[i] ^ 0x55]) + bytes(data[i + 1 :])
        (tmp_path / "y.npz").write_bytes(damaged)
        try:
            read = load_npz(tmp_path / "y.npz")
        except (ValueError, RuntimeError, TypeError):
            continue
        harmless += 1  # times, versions and the like
        for array, tensor in zip([np.arange(2000), np.ones((3, 4))], read.values(), strict=True):
            np.testing.assert_array_equal(array, tensor.numpy())
    assert harmless < len(data) / 7 / 5
    for n in range(0, len(data), 11):
        (tmp_path / "y.npz").write_bytes(data[:n])
        with pytest.raises((ValueError, RuntimeError)):
            load_npz(tmp_path / "y.npz")


def test_missing_files_and_failing_saves(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_npy(tmp_path / "x.npy")
    with pytest.raises(RuntimeError, match="Parent directory .* does not exist"):
        save_npy(gradus.ones(2), tmp_path / "no" / "x.npy")
    with pytest.raises(ValueError, match="Key `a` is invalid"):
        save_npz({"a": 1}, tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []
