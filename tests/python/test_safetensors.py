"""safetensors, both ways between Gradus and the package of that name."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import pytest
from bridge import gradus, torch
from file_support import DTYPES, described, outcome

reference = pytest.importorskip("safetensors.torch")
ours = gradus.safetensors


def tensors(library) -> dict:
    named = {f'{name} Ä\n"': library.arange(5).to(getattr(library, name)) for name in DTYPES}
    named |= {"scalar": library.tensor(2.5), "empty": library.zeros(2, 0), "": library.ones(1, 1, 2)}
    return named


def test_files_equal_the_packages_to_the_byte(tmp_path):
    for metadata in (None, {"format": "pt"}, {"ключ\\ \t": "\u0001\x1f\x7f"}):
        theirs = reference.save(tensors(torch), metadata)
        assert ours.save(tensors(gradus), metadata) == theirs
        ours.save_file(tensors(gradus), tmp_path / "x", metadata)
        assert (tmp_path / "x").read_bytes() == theirs
    assert ours.save({}) == reference.save({})


def test_both_ways(tmp_path):
    reference.save_file(tensors(torch), tmp_path / "theirs", {"a": "b"})
    ours.save_file(tensors(gradus), tmp_path / "ours")
    expected = described({k: v for k, v in sorted(tensors(torch).items())})
    for read in (
        ours.load_file(tmp_path / "theirs"),
        ours.load((tmp_path / "theirs").read_bytes()),
        reference.load_file(tmp_path / "ours"),
        gradus.load(renamed(tmp_path / "theirs")),
    ):
        assert described(dict(sorted(read.items()))) == expected


def renamed(path):
    target = path.with_suffix(".safetensors")
    target.write_bytes(path.read_bytes())
    return target


def test_safe_open(tmp_path):
    import safetensors

    ours.save_file({"b": gradus.arange(6).reshape(2, 3), "a": gradus.ones(2).half()}, tmp_path / "x", {"k": "v"})
    for opened in (ours.safe_open, safetensors.safe_open):
        with opened(tmp_path / "x", framework="pt") as file:
            assert list(file.keys()) == ["a", "b"] and file.metadata() == {"k": "v"}
            assert file.get_tensor("b").tolist() == [[0, 1, 2], [3, 4, 5]]
            part = file.get_slice("b")
            assert part.get_shape() == [2, 3] and part.get_dtype() == "I64" and part[:, 1:].tolist() == [[1, 2], [4, 5]]
            assert file.get_slice("a").get_dtype() == "F16"
            assert "missing" in outcome(file.get_tensor, "missing")[1]


def test_models(tmp_path):
    model, other = gradus.nn.Linear(2, 3), gradus.nn.Linear(2, 3)
    ours.save_model(model, tmp_path / "x")
    assert ours.load_model(other, tmp_path / "x") == ([], [])
    assert (other.weight == model.weight).all()
    assert sorted(reference.load_file(tmp_path / "x")) == ["bias", "weight"]


def test_mapped_tensors_are_private(tmp_path):
    ours.save_file({"x": gradus.arange(1000.0)}, tmp_path / "x")
    before = (tmp_path / "x").read_bytes()
    x = ours.load_file(tmp_path / "x")["x"]
    x.add_(1)
    assert x.sum() == 500500 and (tmp_path / "x").read_bytes() == before


def test_what_the_format_has_no_word_for(tmp_path):
    x = gradus.arange(6.0).reshape(2, 3)
    ours.save_file({"x": x}, tmp_path / "x")
    for wrong, error in (
        ({"x": x.t()}, ValueError),
        ({"x": x, "y": x}, RuntimeError),
        ({"x": x[0], "y": x.reshape(6)[2:]}, RuntimeError),
        ({"x": 1}, ValueError),
        ({1: x}, ValueError),
        ([x], ValueError),
        ({"__metadata__": x}, ValueError),
    ):
        with pytest.raises(error):
            ours.save_file(wrong, tmp_path / "x")
    with pytest.raises(TypeError, match="metadata must be a dict from str to str"):
        ours.save({"x": x}, {"a": 1})
    assert ours.load_file(tmp_path / "x")["x"].tolist() == x.tolist()
    assert len(list(tmp_path.iterdir())) == 1
    assert described(ours.load(ours.save({"a": x[0], "b": x[1]}))["b"]) == described(torch.tensor([3.0, 4.0, 5.0]))


def built(header, data=b"", length=None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype="F32", shape=(1,), begin=0, end=4) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


BROKEN = {
    "nothing": b"",
    "short": bytes(7),
    "no header": bytes(8),
    "length beyond the file": built({"x": entry()}, bytes(4), 1000),
    "length beyond the limit": built({"x": entry()}, bytes(4), 100_000_001),
    "huge length": built({}, b"", 2**64 - 1),
    "no object": built(b"[]"),
    "a space before": built(b" {}"),
    "no JSON": built(b"{'x': 1}"),
    "cut JSON": built(b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]'),
    "comma at the end": built(b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}', bytes(4)),
    "text behind": built(b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x', bytes(4)),
    "no UTF-8": built(b'{"\xff":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "half a surrogate": built(b'{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "unknown dtype": built({"x": entry("F31")}, bytes(4)),
    "missing field": built({"x": {"dtype": "F32", "shape": [1]}}, bytes(4)),
    "one offset": built({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}, bytes(4)),
    "three offsets": built({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 4]}}, bytes(4)),
    "negative shape": built({"x": entry(shape=(-1,))}, bytes(4)),
    "fraction": built({"x": entry(shape=(1.5,))}, bytes(4)),
    "negative offset": built({"x": entry(begin=-4, end=0)}, bytes(4)),
    "backwards": built({"x": entry(begin=4, end=0)}, bytes(4)),
    "outside": built({"x": entry(shape=(2,), end=8)}, bytes(4)),
    "gap": built({"x": entry(), "y": entry(begin=8, end=12)}, bytes(12)),
    "gap in front": built({"x": entry(begin=4, end=8)}, bytes(8)),
    "overlap": built({"x": entry(shape=(2,), end=8), "y": entry(shape=(2,), begin=4, end=12)}, bytes(12)),
    "same bytes": built({"x": entry(), "y": entry()}, bytes(4)),
    "bytes behind": built({"x": entry()}, bytes(5)),
    "too few bytes for the shape": built({"x": entry(shape=(2,))}, bytes(4)),
    "too many bytes for the shape": built({"x": entry(end=8)}, bytes(8)),
    "overflow": built({"x": entry(shape=(2**32, 2**32, 4), end=0)}),
    "overflow in one": built({"x": entry(shape=(2**63,), end=0)}),
    "number beyond 64 bits": built({"x": entry(shape=(2**64 + 1,))}, bytes(4)),
    "metadata of numbers": built({"__metadata__": {"a": 1}, "x": entry()}, bytes(4)),
    "a tensor twice": built(
        b'{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        bytes(8),
    ),
    "deep": built(b'{"x":' * 100_000),
    "lists": built(b'{"x":{"dtype":"F32","shape":' + b"[" * 100_000),
    "control character": built(b'{"x\n":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "long escape": built(b'{"x\\u12'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused(name, tmp_path):
    (tmp_path / "x").write_bytes(BROKEN[name])
    for load, source in ((ours.load, BROKEN[name]), (ours.load_file, tmp_path / "x")):
        with pytest.raises(ours.SafetensorError, match="^Error while deserializing header: ."):
            load(source)
    if name != "a space before":  # the specification forbids it, the package reads it
        assert isinstance(outcome(reference.load, BROKEN[name]), tuple)


def test_every_shortened_file_is_refused():
    data = ours.save({"x": gradus.arange(3), "y": gradus.ones(2, 2)}, {"a": "b"})
    for n in range(len(data)):
        with pytest.raises(ours.SafetensorError):
            ours.load(data[:n])


def test_spaces_in_the_header_are_fine():
    data = built(b'{ "x" :\t{"shape":[ ], "dtype":"I8","data_offsets":[0 , 1]}}  \n', b"\x05")
    assert ours.load(data)["x"].item() == 5 == reference.load(data)["x"].item()
    data = built(b'{"\\u00e9\\ud83d\\ude00\\n":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', b"\x05")
    assert list(ours.load(data)) == ["é\U0001f600\n"]


def test_programs_that_import_the_package(tmp_path):
    program = """
import safetensors.torch
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

save_file({"x": torch.ones(2)}, "x")
print(load_file("x")["x"], safetensors.torch.save is not None, safe_open("x", "pt").keys())
"""
    command = [sys.executable, "-m", "gradus", "-c", program]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "tensor([1., 1.]) True ['x']\n"
