"""Checkpoints that are cut off, damaged or made to harm: one error, bounded memory, nothing half loaded."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile

import pytest
from bridge import gradus, torch
from file_support import archive, described, loaded, outcome, saved

EXPECTED = (RuntimeError, ValueError, EOFError, NotImplementedError, pickle.UnpicklingError, TypeError, KeyError)


def small(library):
    return {"a": library.arange(4.0), "b": [library.ones(2, 2).t(), (1, "text")], "n": None}


FILES = {
    "zip": saved(torch, small(torch)),
    "legacy": saved(torch, small(torch), _use_new_zipfile_serialization=False),
    "own": saved(gradus, small(gradus)),
}


@pytest.mark.parametrize("data", list(FILES.values()), ids=list(FILES))
def test_every_shortened_file_is_refused(data, tmp_path):
    for n in range(len(data)):
        with pytest.raises(EXPECTED):
            loaded(gradus, data[:n])
        if n % 50 == 0:
            (tmp_path / "x").write_bytes(data[:n])
            with pytest.raises(EXPECTED):
                gradus.load(tmp_path / "x")
            with pytest.raises(EXPECTED):
                gradus.load(tmp_path / "x", mmap=True)


@pytest.mark.parametrize("data", list(FILES.values()), ids=list(FILES))
def test_damaged_bytes_never_load_as_something_else(data):
    """Any bit flipped in an archive is refused or harmless; the old format has no checksums, but nothing breaks."""
    expected = described(small(torch))
    for i in range(len(data)):
        damaged = bytearray(data)
        damaged[i] ^= 1 << i % 8
        try:
            value = loaded(gradus, bytes(damaged))
        except EXPECTED:
            continue
        if data.startswith(b"PK"):
            assert described(value) == expected, i


def test_nothing_of_a_broken_file_stays_in_memory():
    data = saved(torch, [torch.ones(100_000), torch.ones(50_000)])
    before = gradus._C._census(), gradus.memory_stats()["allocated"]
    for n in range(0, len(data), len(data) // 50):
        outcome(loaded, gradus, data[:n])
        outcome(loaded, gradus, data[:n] + b"\x00" + data[n + 1 :])
    assert (gradus._C._census(), gradus.memory_stats()["allocated"]) == before


# ---- pickles made by hand


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def storage(numel=4, key="0", kind="FloatStorage", location="cpu") -> bytes:
    return b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text(location) + number(numel) + b"tQ"


def rebuilt(sizes, strides, offset=0, what=None, tail=b"\x89}") -> bytes:
    many = [b"(" + b"".join(map(number, values)) + b"t" for values in (sizes, strides)]
    reference = storage() if what is None else what
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + reference + number(offset) + b"".join(many) + tail + b"tR."


def holding(code: bytes, record=bytes(16)) -> bytes:
    return archive(code, {"data/0": record, "byteorder": "little"})


def test_the_tools_make_good_files():
    assert loaded(gradus, holding(rebuilt([2, 2], [2, 1]))).tolist() == [[0, 0], [0, 0]]
    assert loaded(torch, holding(rebuilt([2, 2], [2, 1]))).tolist() == [[0, 0], [0, 0]]
    assert loaded(gradus, holding(rebuilt([10**6, 10**6], [0, 0]))).shape == (10**6, 10**6)


TENSORS = {
    "beyond its storage": rebuilt([5], [1]),
    "offset beyond": rebuilt([4], [1], 1),
    "far offset": rebuilt([1], [1], 2**62),
    "negative offset": rebuilt([1], [1], -1),
    "negative size": rebuilt([-1], [1]),
    "negative stride": rebuilt([2], [-1], 3),
    "huge": rebuilt([2**40], [1]),
    "overflow of sizes": rebuilt([2**32, 2**32], [0, 0]),
    "overflow with nothing": rebuilt([2**32, 2**32, 0], [0, 0, 0]),
    "overflow of strides": rebuilt([2, 2], [2**62, 2**62]),
    "overflow of bytes": rebuilt([2**61 + 1], [1]),
    "sizes beyond 64 bits": rebuilt([2**70], [0]),
    "more strides than sizes": rebuilt([2], [1, 1]),
    "hundred dims": rebuilt([1] * 100, [1] * 100),
    "sizes that are texts": rebuilt([2], [1]).replace(number(2) + b"t", text("a") + b"t", 1),
    "no storage": rebuilt([1], [1], what=number(3)),
    "storage of a list": rebuilt([1], [1], what=b"]"),
    "missing record": rebuilt([1], [1], what=storage(1, "7")),
    "storage beyond its record": rebuilt([1], [1], what=storage(5)),
    "endless storage": rebuilt([1], [1], what=storage(2**61)),
    "storage of negative size": rebuilt([1], [1], what=storage(-1)),
    "other path": rebuilt([1], [1], what=storage(1, "../data.pkl")),
    "gradient of integers": rebuilt([1], [1], what=storage(1, kind="LongStorage"), tail=b"\x88}"),
    "few arguments": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
    "a flag that is a tensor": rebuilt([1], [1], tail=b"]}"),
    "a class for a storage": rebuilt([1], [1], what=storage(1, kind="Tensor")),
    "nested reference": b"\x80\x02" + b"(" * 5 + b"tQ.",
    "reference to a module": b"\x80\x02(" + text("module") + b"tQ.",
}


@pytest.mark.parametrize("name", TENSORS)
def test_impossible_tensors(name):
    before = gradus._C._census()
    result = outcome(loaded, gradus, holding(TENSORS[name]))
    assert isinstance(result, tuple) and issubclass(result[0], EXPECTED), result
    assert len(result[1]) > 10
    assert gradus._C._census() == before


PICKLES = {
    "deep lists": b"]" * 200_000 + b"a" * 199_999 + b".",
    "deep tuples": b")" + b"\x85" * 200_000 + b".",
    "deep dicts": b"}K\x01" * 100_000 + b"}" + b"s" * 100_000 + b".",
    "marks": b"(" * 500_000 + b".",
    "marks never closed": b"(" * 500_000,
    "memory of numbers": b"K\x01r\xff\xff\xff\xff" * 10_000,
    "doubling": b"]" + b"2\x86" * 100_000 + b".",
    "long string": b"X\xff\xff\xff\xff.",
    "longer string": b"\x8d" + b"\xff" * 8 + b".",
    "negative string": b"T" + b"\xff" * 4 + b".",
    "long number": b"\x8b\xff\xff\xff\x7f.",
    "wrong UTF-8": b"X\x02\x00\x00\x00\xff\xfe.",
    "list as a key": b"}]K\x01s.",
    "list in a set": b"c__builtin__\nset\n]]a\x85R.",
    "set of itself": b"\x8fq\x01(h\x01\x90.",
    "empty": b"",
    "stop": b".",
    "no stop": b"K\x01",
    "name without end": b"c" + b"x" * 100_000,
    "name of nothing": b"c\n\n.",
    "call of a number": b"K\x01)R.",
    "call of a storage class": b"ctorch\nFloatStorage\n)R.",
    "call of a dtype": b"ctorch\nfloat32\n)R.",
    "state of a list": b"]}b.",
    "instance of a dtype": b"ctorch\nfloat32\n)\x81.",
    "extensions": b"\x82\x01.",
    "persistent text": b"P0\n.",
    "old instance": b"(ios\nsystem\n.",
    "old object": b"(cos\nsystem\no.",
    "out of band": b"\x97.",
}


@pytest.mark.parametrize("name", PICKLES)
def test_impossible_pickles(name):
    for data in (holding(b"\x80\x02" + PICKLES[name]), old(PICKLES[name])):
        result = outcome(loaded, gradus, data)
        if not isinstance(result, tuple) or result and not isinstance(result[0], type):
            pytest.fail(f"it loads as {type(result)}")
        assert issubclass(result[0], (*EXPECTED, RecursionError, UnicodeDecodeError)), result


def old(code: bytes) -> bytes:
    """A file of the format before PyTorch 1.6."""
    head = [pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    return b"".join(head) + b"\x80\x02" + code + pickle.dumps([], 2)


def test_old_storages_are_not_believed():
    four = struct.pack("<q4f", 4, 1, 2, 3, 4)

    def file(reference, keys=("0",), data=four):
        head = [pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, {})]
        code = rebuilt([2], [1], what=reference)
        return b"".join(head) + code + pickle.dumps(list(keys), 2) + data

    def reference(numel=4, view=b"N"):
        return storage(numel)[:-2] + view + b"tQ"

    def view(offset, size):
        return b"(" + text("v") + number(offset) + number(size) + b"t"

    assert loaded(gradus, file(reference())).tolist() == [1, 2]
    assert loaded(gradus, file(reference(4, view(1, 2)))).tolist() == [2, 3]
    for wrong in (
        file(reference(2**40)),
        file(reference(2**61)),
        file(reference(-4)),
        file(reference(3)),
        file(reference(), keys=()),
        file(reference(), keys=("0", "1")),
        file(reference(), data=b""),
        file(reference(), data=struct.pack("<q4f", -4, 1, 2, 3, 4)),
        file(reference(), data=struct.pack("<q3f", 4, 1, 2, 3)),
        file(reference(4, view(1, 4))),
        file(reference(4, view(-1, 2))),
        file(reference(4, view(2**62, 2))),
        file(reference(4, view(3, 1))),
        file(reference(4, b"K\x01")),
    ):
        with pytest.raises(EXPECTED):
            loaded(gradus, wrong)


# ---- archives


def zipped(records: dict, method=zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in records.items():
            file.writestr(name, data)
    return buffer.getvalue()


def test_bombs_and_odd_archives():
    good = {"x/data.pkl": rebuilt([4], [1]), "x/data/0": bytes(16)}
    assert loaded(gradus, zipped(good)).tolist() == [0] * 4
    bomb = zipped({"x/data.pkl": bytes(10**8), "x/version": "3"}, zipfile.ZIP_DEFLATED)
    for wrong in (
        bomb,
        zipped(good, zipfile.ZIP_DEFLATED),
        zipped({}),
        zipped({"x/version": "3"}),
        zipped({"x/data.pkl": good["x/data.pkl"]}),
        zipped({"y/first": "", **good}),
        zipped({**good, "x/byteorder": "up"}),
        zipped({**good, "x/byteorder": "little" * 1000}),
        zipped({**good, "x/constants.pkl": b"\x80\x02)."}),
    ):
        peak = gradus.memory_stats()["peak"]
        with pytest.raises(EXPECTED):
            loaded(gradus, wrong)
        assert gradus.memory_stats()["peak"] - peak < 10**6


def test_records_that_overlap_or_lie():
    data = zipped({"x/data.pkl": rebuilt([4], [1]), "x/data/0": bytes(16), "x/other": bytes(16)})
    directory = data.index(b"PK\x01\x02")
    starts = [i for i in range(len(data)) if data[i : i + 4] == b"PK\x01\x02"]

    def changed(at, fmt, *values):
        out = bytearray(data)
        struct.pack_into(fmt, out, at, *values)
        return bytes(out)

    second = struct.unpack_from("<I", data, starts[1] + 42)[0]
    for wrong in (
        changed(starts[2] + 42, "<I", second),  # two records in one place
        changed(starts[1] + 42, "<I", 0),
        changed(starts[1] + 42, "<I", directory),
        changed(starts[1] + 42, "<I", 2**32 - 1),
        changed(starts[1] + 20, "<II", 17, 17),  # into the next record
        changed(starts[1] + 20, "<II", 2**31, 2**31),
        changed(starts[1] + 20, "<II", 15, 16),
        changed(starts[1] + 24, "<I", 2**32 - 1),
        changed(starts[1] + 28, "<H", 65535),  # length of the name
        changed(starts[1] + 30, "<H", 65535),
        changed(second + 26, "<H", 65535),
        changed(second + 28, "<H", 65535),
        changed(second, "<I", 0),
        changed(starts[1] + 16, "<I", 12345),  # checksum
        changed(len(data) - 12, "<H", 9),  # number of records
        changed(len(data) - 10, "<I", 2**31),  # size of the directory
        changed(len(data) - 6, "<I", 2**31),  # its place
    ):
        with pytest.raises(EXPECTED):
            loaded(gradus, wrong)
    assert loaded(gradus, data).tolist() == [0] * 4


def test_loading_takes_no_more_than_the_file(tmp_path):
    torch.save({"a": torch.ones(500_000), "b": torch.ones(500_000)}, tmp_path / "x.pt")
    before = gradus.memory_stats()
    gradus._C._reset_peak_memory()
    state = gradus.load(tmp_path / "x.pt")
    assert gradus.memory_stats()["peak"] - before["allocated"] < 1.3 * 4_000_000
    del state
