"""Checkpoints: torch.save and torch.load, both ways between Gradus and PyTorch."""

from __future__ import annotations

import gzip
import io
import os
import pathlib
import stat
import struct
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest
from bridge import gradus, torch
from file_support import DTYPES, WAYS, archive, described, loaded, outcome, saved


def with_metadata(library):
    state = OrderedDict(weight=library.ones(2))
    state._metadata = OrderedDict({"": {"version": 1}})
    return state


def with_attribute(tensor):
    tensor.note = ["kept"]
    return tensor


BASE = {
    "dtypes": lambda L: [L.arange(3).to(getattr(L, name)) for name in DTYPES],
    "sizes": lambda L: [L.tensor(3.5), L.empty(0), L.zeros(2, 0, 3), L.ones(1, 1, 1, 1, 1, 1, 1)],
    "views": lambda L: (lambda x: [x.t(), x[1:, 2], x[::2], x.expand(2, 3, 4), x.reshape(12)])(
        L.arange(12.0).reshape(3, 4)
    ),
    "parameters": lambda L: [L.nn.Parameter(L.ones(2)), L.nn.Parameter(L.ones(2), requires_grad=False)],
    "gradients": lambda L: [L.ones(2, requires_grad=True), L.ones(2, requires_grad=True)[:1].detach()],
    "attributes": lambda L: [with_attribute(L.ones(2)), with_attribute(L.nn.Parameter(L.ones(2)))],
    "not a leaf": lambda L: L.ones(2, requires_grad=True) * 2,
    "integers": lambda L: (
        [0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), 2**63 - 1, -(2**63), 10**40, -(10**40)]
        + [s * 2**n + d for n in (7, 8, 15, 16, 39, 40, 47, 55, 63, 64, 71) for s in (1, -1) for d in (-1, 0, 1)]
    ),
    "numbers": lambda L: [1.5, -0.0, float("inf"), 1e-320, 1 + 2j, True, False, None],
    "texts": lambda L: ["", "a", "äöü €", "\U0001f600", "\ud800", "x" * 300, "a\0b", "\n"],
    "bytes": lambda L: [b"ab\xff\x00", bytearray(b"xyz"), bytearray()],
    "containers": lambda L: {
        "t": (),
        "a": (1,),
        "b": (1, 2),
        "c": (1, 2, 3),
        "d": (1, 2, 3, 4),
        5: [],
        (1, 2): {},
        None: {1},
    },
    "long": lambda L: [list(range(2500)), {i: str(i) for i in range(2001)}, [1], {1: 2}],
    "ordered": lambda L: [with_metadata(L), OrderedDict(), OrderedDict([("a", 1)]), Counter("aab")],
    "torch": lambda L: [
        L.Size([1, 2]),
        L.Size([]),
        L.Size(range(6)),
        L.float32,
        L.bool,
        L.device("cpu"),
        L.device("cuda", 1),
        L.strided,
    ],
    "deep": lambda L: [[[[{"x": ({"y": [L.ones(1)]},)}]]]],
    "storages": lambda L: [L.arange(3.0)._typed_storage(), L.arange(3).untyped_storage()],
    "none": lambda L: None,
}


@pytest.mark.parametrize("name", BASE)
@WAYS
def test_values_come_back(name, writer, reader):
    expected = BASE[name](torch)
    if name == "not a leaf":
        expected = expected.detach().requires_grad_()
    assert described(loaded(reader, saved(writer, BASE[name](writer)))) == described(expected)


@pytest.mark.parametrize("name", BASE)
def test_files_equal_torchs_to_the_byte(name):
    """All but the identifier, which PyTorch derives from hashes of its own."""
    ours, theirs = (zipfile.ZipFile(io.BytesIO(saved(L, BASE[name](L)))) for L in (gradus, torch))
    assert ours.testzip() is None
    for mine, other in zip(ours.infolist(), theirs.infolist(), strict=True):
        assert (mine.filename, mine.file_size, mine.header_offset) == (
            other.filename,
            other.file_size,
            other.header_offset,
        )
        assert (mine.flag_bits, mine.compress_type, mine.extra) == (other.flag_bits, other.compress_type, other.extra)
        if not mine.filename.endswith("serialization_id"):
            assert ours.read(mine) == theirs.read(other), mine.filename
            assert mine.CRC == other.CRC
    assert len(saved(gradus, BASE[name](gradus))) == len(saved(torch, BASE[name](torch)))


def test_torch_finds_our_storages_by_calculation(monkeypatch, tmp_path):
    """PyTorch can derive where each storage lies from the layout alone: it checks that with this variable."""
    monkeypatch.setenv("TORCH_SERIALIZATION_DEBUG", "1")
    for n in (0, 1, 15, 16, 17, 100):
        gradus.save({f"k{i}": gradus.ones(i * n) for i in range(20)}, tmp_path / "x.pt")
        assert torch.load(tmp_path / "x.pt")["k3"].sum() == 3 * n


@WAYS
def test_shared_memory_stays_shared(writer, reader):
    x = writer.arange(6.0)
    a, b, c, again, own = loaded(reader, saved(writer, [x, x[2:], x.reshape(2, 3).t(), x, writer.arange(6.0)]))
    assert again is a
    a[3] = 50
    assert b[1] == 50 and c[0, 1] == 50 and own[3] == 3
    assert len(saved(writer, [x[:1], x[1:2]])) < len(saved(writer, [x[:1].clone(), x[1:2].clone()])) + 64


@WAYS
def test_containers_in_circles(writer, reader):
    one = [1]
    one.append(one)
    one.append((one, 2))
    table = {}
    table["self"] = [table]
    one, table = loaded(reader, saved(writer, [one, table]))
    assert one[1] is one and one[2][0] is one and table["self"][0] is table


def test_one_memory_of_two_dtypes_is_refused(tmp_path):
    for library in (gradus, torch):
        x = library.arange(4.0)
        with pytest.raises(RuntimeError, match="^Cannot save multiple tensors or storages that view the same data as"):
            library.save([x, x.view(library.int32)], tmp_path / "x.pt")


# ---- modules and optimizers


def network(library):
    return library.nn.Sequential(library.nn.Linear(3, 4), library.nn.Tanh(), library.nn.Linear(4, 2))


@WAYS
def test_state_dicts_fit_the_other_library(writer, reader):
    writer.manual_seed(3)
    source, target = network(writer), network(reader)
    state = loaded(reader, saved(writer, source.state_dict()))
    assert state._metadata == source.state_dict()._metadata
    assert str(target.load_state_dict(state)) == "<All keys matched successfully>"
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3)
    given, wanted = target(reader.from_numpy(x)), source(writer.from_numpy(x))
    np.testing.assert_allclose(given.detach().numpy(), wanted.detach().numpy(), rtol=1e-6)


OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"lr": 0.01},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "Adagrad": {"lr": 0.1},
    "Adadelta": {"lr": 0.5},
    "Adamax": {"lr": 0.01},
    "NAdam": {"lr": 0.01},
    "RAdam": {"lr": 0.01},
}


SCHEDULED = hasattr(gradus.optim, "lr_scheduler")


def train(library, model, optimizer, scheduler, steps):
    for step in range(steps):
        x = library.linspace(-1, 1, 12).reshape(4, 3) + step
        loss = (model(x) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return [p.detach().numpy() for p in model.parameters()]


def trainer(library, name):
    model = network(library)
    optimizer = getattr(library.optim, name)(model.parameters(), **OPTIMIZERS[name])
    return model, optimizer, library.optim.lr_scheduler.StepLR(optimizer, 2, 0.5) if SCHEDULED else None


@pytest.mark.parametrize("name", OPTIMIZERS)
@WAYS
def test_training_goes_on_in_the_other_library(name, writer, reader):
    if not hasattr(gradus.optim, name):
        pytest.skip(f"optim.{name} is not here yet")
    torch.manual_seed(5)
    model, optimizer, scheduler = trainer(writer, name)
    model.load_state_dict(loaded(writer, saved(torch, network(torch).state_dict())))
    train(writer, model, optimizer, scheduler, 5)
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 5}
    if SCHEDULED:
        parts["scheduler"] = scheduler.state_dict()
    checkpoint = loaded(reader, saved(writer, parts))
    other, other_optimizer, other_scheduler = trainer(reader, name)
    other.load_state_dict(checkpoint["model"])
    other_optimizer.load_state_dict(checkpoint["optimizer"])
    if SCHEDULED:
        other_scheduler.load_state_dict(checkpoint["scheduler"])
    assert described(other_optimizer.state_dict()["param_groups"]) == described(optimizer.state_dict()["param_groups"])
    for mine, expected in zip(
        train(reader, other, other_optimizer, other_scheduler, 5), train(writer, model, optimizer, scheduler, 5)
    ):
        np.testing.assert_allclose(mine, expected, rtol=2e-5, atol=1e-6)


def test_whole_modules_are_named_as_torchs_and_refused():
    data = saved(gradus, gradus.nn.Linear(2, 3))
    for library in (gradus, torch):
        with pytest.raises(Exception, match="GLOBAL torch.nn.modules.linear.Linear was not an allowed global"):
            loaded(library, data)
    theirs = loaded(torch, saved(gradus, gradus.nn.Linear(2, 3)), weights_only=False)
    assert type(theirs) is torch.nn.Linear and theirs._parameters["weight"].shape == (3, 2)


# ---- the format before PyTorch 1.6


@pytest.mark.parametrize("name", sorted(set(BASE) - {"not a leaf", "storages"}))  # PyTorch fails on its own
@WAYS
def test_legacy_format(name, writer, reader):
    data = saved(writer, BASE[name](writer), _use_new_zipfile_serialization=False)
    assert described(loaded(reader, data)) == described(BASE[name](torch))


@WAYS
def test_legacy_files_one_behind_the_other(writer, reader, tmp_path):
    with open(tmp_path / "x", "wb") as file:
        for value in ([writer.ones(2)], writer.arange(5), "end"):
            writer.save(value, file, _use_new_zipfile_serialization=False)
    with open(tmp_path / "x", "rb") as file:
        assert reader.load(file)[0].tolist() == [1, 1]
        assert reader.load(file).tolist() == [0, 1, 2, 3, 4]
        assert reader.load(file) == "end"
    assert reader.load(tmp_path / "x")[0].tolist() == [1, 1]


def test_legacy_cannot_be_mapped(tmp_path):
    torch.save(torch.ones(2), tmp_path / "x", _use_new_zipfile_serialization=False)
    for library in (gradus, torch):
        with pytest.raises(RuntimeError, match="^mmap can only be used with files saved with"):
            library.load(tmp_path / "x", mmap=True)


# ---- paths and file objects


@WAYS
def test_paths_and_file_objects(writer, reader, tmp_path):
    x = writer.arange(4)
    for path in (str(tmp_path / "a.pt"), tmp_path / "b", tmp_path / "ünï.pt", tmp_path / "with space.tar.gz"):
        writer.save(x, path)
        assert reader.load(path).tolist() == [0, 1, 2, 3]
        assert reader.load(pathlib.Path(path), mmap=True).tolist() == [0, 1, 2, 3]
        with open(path, "rb") as file:
            assert reader.load(file).tolist() == [0, 1, 2, 3]
        with open(path, "rb", buffering=0) as file:
            assert reader.load(file).tolist() == [0, 1, 2, 3]
    with gzip.open(tmp_path / "c", "wb") as file:
        writer.save(x, file)
    with gzip.open(tmp_path / "c", "rb") as file:
        assert reader.load(file).tolist() == [0, 1, 2, 3]
    with open(tmp_path / "d", "wb", buffering=0) as file:
        file.write(b"before")
        writer.save(x, file)
    with open(tmp_path / "d", "rb") as file:
        file.seek(6)
        assert reader.load(file).tolist() == [0, 1, 2, 3]


def test_archive_is_named_after_the_file(tmp_path):
    for library in (gradus, torch):
        library.save(1, tmp_path / "net.v2.pt")
        assert zipfile.ZipFile(tmp_path / "net.v2.pt").namelist()[0] == "net.v2/data.pkl"


def test_wrong_files():
    for library in (gradus, torch):
        assert outcome(library.save, 1, 5) == (
            AttributeError,
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute",
        )
        assert outcome(library.load, "missing/x.pt") == (
            FileNotFoundError,
            "[Errno 2] No such file or directory: 'missing/x.pt'",
        )
        assert outcome(library.save, 1, "missing/x.pt") == (RuntimeError, "Parent directory missing does not exist.")
        assert outcome(library.load, io.BytesIO())[0] is EOFError
        assert outcome(library.load, 5)[0] is AttributeError
        assert outcome(library.load, io.BytesIO(b"PK\x03\x04" + bytes(50)))[1].startswith(
            "PytorchStreamReader failed reading zip archive: failed finding central directory"
        )
        assert outcome(library.load, io.BytesIO(b"\x80\x02K\x05."))[1] == "Invalid magic number; corrupt file?"
        assert outcome(library.load, os.curdir)[0] is IsADirectoryError
    with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_module is specified"):
        gradus.load(io.BytesIO(saved(torch, 1)), pickle_module=gradus.serialization.pickle, weights_only=True)


class Stubborn:
    """Takes some bytes, then fails."""

    def __init__(self, limit):
        self.limit = limit

    def write(self, data):
        self.limit -= len(data)
        if self.limit < 0:
            raise OSError("no space left")
        return len(data)


def test_failing_saves_leave_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    gradus.save("old", path)
    with pytest.raises(gradus.serialization.pickle.PicklingError):
        gradus.save([gradus.ones(1000), lambda: 1], path)
    x = gradus.arange(4.0)
    with pytest.raises(RuntimeError):
        gradus.save([x, x.view(gradus.int32)], path)
    assert gradus.load(path) == "old"
    assert os.listdir(tmp_path) == ["x.pt"]
    with pytest.raises(OSError, match="no space left"):
        gradus.save(gradus.ones(1000), Stubborn(2000))


def test_a_full_disk_leaves_the_old_file(tmp_path):
    import resource
    import signal

    path = tmp_path / "x.pt"
    gradus.save("old", path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        with pytest.raises(RuntimeError, match="cannot write '.*x.pt': File too large"):
            gradus.save(gradus.ones(100_000), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert gradus.load(path) == "old"
    assert os.listdir(tmp_path) == ["x.pt"]


def test_replacing_keeps_links_modes_and_readers(tmp_path):
    path, link = tmp_path / "x.pt", tmp_path / "link.pt"
    gradus.save(gradus.arange(3), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~current_umask()
    path.chmod(0o640)
    link.symlink_to(path)
    mapped = gradus.load(path, mmap=True)
    gradus.save(gradus.arange(3) + 10, link)
    assert link.is_symlink() and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert gradus.load(path).tolist() == [10, 11, 12]
    assert mapped.tolist() == [0, 1, 2]
    gradus.save(1, os.devnull)


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# ---- mapping and places


@pytest.mark.parametrize("writer", [gradus, torch])
def test_mapped_tensors_are_private(writer, tmp_path):
    x = writer.arange(100_000.0)
    writer.save({"x": x, "view": x[5:], "flags": writer.tensor([True, False, True])}, tmp_path / "x.pt")
    before = (tmp_path / "x.pt").read_bytes()
    live = gradus.memory_stats()["allocated"]
    state = gradus.load(tmp_path / "x.pt", mmap=True)
    assert gradus.memory_stats()["allocated"] - live < 10_000
    assert state["x"].data_ptr() % 64 == 0
    state["x"][7] = -1
    assert state["view"][2] == -1 and state["flags"].tolist() == [True, False, True]
    state["x"].mul_(2)
    assert (tmp_path / "x.pt").read_bytes() == before
    os.remove(tmp_path / "x.pt")
    assert state["view"].sum() == 2 * (x[5:].sum().item() - 8)
    del state


def test_map_location():
    cpu = saved(torch, torch.ones(2))
    gpu = cpu.replace(b"X\x03\x00\x00\x00cpu", b"X\x03\x00\x00\x00gpu")
    cuda = tagged(torch.ones(2), "cuda:1")
    for library in (gradus, torch):
        with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device but"):
            loaded(library, cuda)
        for place in (
            "cpu",
            library.device("cpu"),
            {"cuda:1": "cpu"},
            lambda storage, location: storage,
            lambda storage, location: storage.cpu(),
        ):
            assert loaded(library, cuda, map_location=place).tolist() == [1, 1]
        for place in ("cuda:0", {"cpu": "cuda:0"}, lambda storage, location: None):
            with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device but"):
                loaded(library, cuda if callable(place) else cpu, map_location=place)
        with pytest.raises(
            RuntimeError, match="don't know how to restore data location of torch.storage.UntypedStorage"
        ):
            loaded(library, cpu, map_location="nowhere")
    assert gpu != cpu
    seen = []
    loaded(gradus, cuda, map_location=lambda storage, location: seen.append((storage.nbytes(), location)) or storage)
    assert seen == [(8, "cuda:1")]


def tagged(tensor, location: str) -> bytes:
    original = zipfile.ZipFile(io.BytesIO(saved(torch, tensor)))
    text = location.encode()
    pickle = original.read("archive/data.pkl").replace(
        b"X\x03\x00\x00\x00cpu", b"X" + struct.pack("<I", len(text)) + text
    )
    return archive(pickle, {"byteorder": "little", "data/0": original.read("archive/data/0")})


def test_the_other_byte_order():
    pickle = zipfile.ZipFile(io.BytesIO(saved(torch, torch.tensor([1.5, -2.0])))).read("archive/data.pkl")
    for order, data in (("big", struct.pack(">2f", 1.5, -2)), ("little", struct.pack("<2f", 1.5, -2))):
        for library in (gradus, torch):
            assert loaded(library, archive(pickle, {"byteorder": order, "data/0": data})).tolist() == [1.5, -2]
    with pytest.raises(ValueError, match="Unknown endianness type: middle"):
        loaded(gradus, archive(pickle, {"byteorder": "middle", "data/0": bytes(8)}))


def test_protocols():
    for protocol in (2, 3, 4, 5):
        value = {"a": torch.ones(2), "b": [b"x", bytearray(b"y"), {1, 2}, frozenset([3]), 10**30], "c": ("t", 2.5)}
        result = loaded(gradus, saved(torch, value, pickle_protocol=protocol))
        assert described(result) == described(value)
    assert loaded(torch, saved(gradus, [1], pickle_protocol=5)) == [1]


def test_small_functions_of_the_module():
    for library in (gradus, torch):
        part = library.serialization
        storage = library.ones(2).untyped_storage()
        assert part.location_tag(storage) == "cpu" and part.default_restore_location(storage, "cpu") is storage
        assert part.get_crc32_options() and part.set_crc32_options(True) is None
        assert (part.MAGIC_NUMBER, part.PROTOCOL_VERSION, part.DEFAULT_PROTOCOL) == (0x1950A86A20F9469CFC6C, 1001, 2)
        for call in (
            lambda p=part: p.validate_cuda_device("cuda:0"),
            lambda p=part, s=storage: p.default_restore_location(s, "cuda"),
        ):
            with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device but"):
                call()
    with pytest.raises(
        AttributeError, match="'gradus.serialization' has no attribute 'skip_data': Gradus does not have"
    ):
        gradus.serialization.skip_data  # noqa: B018


def test_files_without_checksums_are_read():
    torch.serialization.set_crc32_options(False)
    try:
        data = saved(torch, {"x": torch.arange(5)})
    finally:
        torch.serialization.set_crc32_options(True)
    assert loaded(gradus, data)["x"].tolist() == [0, 1, 2, 3, 4]
