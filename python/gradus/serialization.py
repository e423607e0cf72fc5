"""Saving and loading: `torch.save` and `torch.load`, whose files PyTorch reads and writes as well.

Loading never runs anything from the file: a pickle may name the classes and functions of a list, to which
`add_safe_globals` adds classes of your own. `weights_only=False` reads with the same list.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import sys
import warnings
from _compat_pickle import REVERSE_NAME_MAPPING
from collections.abc import Callable
from enum import Enum
from typing import Any

from gradus import _C, _missing

__all__ = [
    "LoadEndianness",
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "safe_globals",
    "save",
]

DEFAULT_PROTOCOL = 2


MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # of the format before PyTorch 1.6
PROTOCOL_VERSION = 1001


class LoadEndianness(Enum):
    """The byte order of files that do not say theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


# ---- names that loading allows beyond the built-in list

_allowed: list = []


def add_safe_globals(safe_globals: list) -> None:
    """Lets files name these classes and functions: loading may then call them.

    An item may be a pair (class, "full.name") if files know the class by another name than `module.qualname`.
    """
    for item in safe_globals:
        if item not in _allowed:
            _allowed.append(item)


def get_safe_globals() -> list:
    """What was added by `add_safe_globals`."""
    return list(_allowed)


def clear_safe_globals() -> None:
    """Forgets everything that `add_safe_globals` added."""
    _allowed.clear()


class safe_globals:
    """Lets files name these classes and functions inside a `with` block."""

    def __init__(self, safe_globals: list):
        self.safe_globals = safe_globals

    def __enter__(self):
        add_safe_globals(self.safe_globals)

    def __exit__(self, kind, value, traceback):
        _allowed[:] = [item for item in _allowed if item not in self.safe_globals]


def _allowed_by_name() -> dict[str, Any]:
    names = {}
    for item in _allowed:
        if not isinstance(item, tuple):
            names[f"{item.__module__}.{item.__qualname__}"] = item
            continue
        if len(item) != 2:
            raise ValueError(
                f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(item)}"
            )
        if type(item[1]) is not str:
            raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(item[1])}")
        names[item[1]] = item[0]
    return names


def get_unsafe_globals_in_checkpoint(f) -> list[str]:
    """Names in a checkpoint that `load` would refuse. Nothing is loaded."""
    import pickletools
    import zipfile
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    if not zipfile.is_zipfile(f):
        raise ValueError("Expected input to be a checkpoint returned by torch.save")
    with zipfile.ZipFile(f) as archive:
        prefix = archive.namelist()[0].partition("/")[0]
        if f"{prefix}/constants.pkl" in archive.namelist():
            raise ValueError(
                "Expected input to be a checkpoint returned by torch.save but got a torchscript checkpoint"
            )
        pickled = archive.read(f"{prefix}/data.pkl")
    allowed = _allowed_by_name()
    unsafe = set()
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "GLOBAL":
            module, name = argument.split(" ", 1)
            module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
            full = f"{module}.{name}"
            if full not in allowed and not _is_known(full):
                unsafe.add(full)
    return list(unsafe)


def _is_known(name: str) -> bool:
    try:
        return _C._known_global(name)
    except NotImplementedError:  # PyTorch's own, missing here
        return True


# ---- what the core calls for classes of Python


def _global_name(obj, name: str | None = None) -> str:
    """Module and qualified name of a class or function, as files have them: PyTorch's where it is one of its own."""
    name = name or getattr(obj, "__qualname__", None) or obj.__name__
    module = pickle.whichmodule(obj, name)  # type: ignore[attr-defined]
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
        if found is None:
            raise pickle.PicklingError(f"Can't pickle {obj!r}: attribute lookup {name} on {module} failed")
    if found is not obj:
        raise pickle.PicklingError(f"Can't pickle {obj!r}: it's not the same object as {module}.{name}")
    if module == "gradus._C":
        module = "torch"
    elif module.partition(".")[0] == "gradus":
        module = "torch" + module.removeprefix("gradus")
    module, name = REVERSE_NAME_MAPPING.get((module, name), (module, name))  # protocol 2 has Python 2's names
    return {"builtins": "__builtin__", "copyreg": "copy_reg"}.get(module, module) + "\n" + name


def _reduces_itself(tensor) -> bool:
    """True for tensors of classes that say themselves how they are rebuilt."""
    from gradus.nn.parameter import Parameter

    for kind in type(tensor).__mro__:
        if "__reduce_ex__" in vars(kind) or "__reduce__" in vars(kind):
            return kind not in (Parameter, _C.Tensor, *_C.Tensor.__mro__)
    return False


def _reduce(obj):
    """What rebuilds an object: (callee, arguments, by __new__?, list items, pairs[, state]), or a global's name."""
    import copyreg

    for singleton in (None, ..., NotImplemented):
        if obj is type(singleton):
            return type, (singleton,), False, None, None
    reducer = copyreg.dispatch_table.get(type(obj))
    parts = reducer(obj) if reducer is not None else obj.__reduce_ex__(DEFAULT_PROTOCOL)
    if isinstance(parts, str):
        return _global_name(obj, parts)
    if not isinstance(parts, tuple) or not 2 <= len(parts) <= 6:
        raise pickle.PicklingError("__reduce__ must return a string or tuple")
    callee, args, state, items, pairs, setter = (*parts, *[None] * (6 - len(parts)))
    if setter is not None or callee is getattr(copyreg, "__newobj_ex__", None):
        raise pickle.PicklingError(f"Can't pickle {obj!r}: protocol 2 has no word for how it is rebuilt")
    new = getattr(callee, "__name__", "") == "__newobj__"
    if new:
        callee, args = args[0], tuple(args[1:])
    result = (
        callee,
        tuple(args),
        new,
        None if items is None else list(items),
        None if pairs is None else dict(pairs),
    )
    return result if state is None else (*result, state)


def _build(obj, state) -> None:
    """Gives a rebuilt object its state, as pickle does."""
    if not isinstance(obj, _C.Tensor) and hasattr(obj, "__setstate__"):
        obj.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        obj.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(obj, name, value)


def _known_class(name: str):
    """A class of the built-in list that stands in a file as a value."""
    import importlib

    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(re.sub(r"^torch\b", "gradus", module)), attribute)
    except (ImportError, AttributeError):
        raise pickle.UnpicklingError(f"the file holds {name} itself, which Gradus does not have yet") from None


# ---- saving


def _is_path(f) -> bool:
    return isinstance(f, (str, os.PathLike))


def save(
    obj: object,
    f,
    pickle_module: Any = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Saves an object to a path or to a file object that has `write`.

    Tensors that share memory share it in the file. A file given by its path appears whole, once it is on the disk; a
    failing save leaves the old file. Whatever the other arguments say, the file has pickle protocol 2, which every
    version of PyTorch reads, and a record of its byte order.
    """
    if pickle_module is not pickle:
        raise NotImplementedError("save() writes its pickles itself: pickle_module must be Python's pickle")
    old = not _use_new_zipfile_serialization
    if _is_path(f):
        _C._checkpoint_save(obj, os.fspath(f), None, old)
        return
    if not hasattr(f, "write"):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    if not callable(f.write):
        raise TypeError(f"Buffer of {str(type(f)).strip('<>')} has no callable attribute 'write'")
    _C._checkpoint_save(obj, None, f.write, old)
    if hasattr(f, "flush"):
        f.flush()


# ---- loading

_UNSAFE = (
    "In PyTorch 2.6, we changed the default value of the `weights_only` argument in `torch.load` "
    "from `False` to `True`. Re-running `torch.load` with `weights_only` set to `False` will likely succeed, "
    "but it can result in arbitrary code execution. Do it only if you got the file from a "
    "trusted source."
)
_DOCS = (
    "\n\nCheck the documentation of torch.load to learn more about types accepted by default with "
    "weights_only https://pytorch.org/docs/stable/generated/torch.load.html."
)


def _explain(message: str, weights_only: bool) -> str:
    """PyTorch's text around what the unpickler said; the way out that Gradus does not have is left out of it."""
    if not weights_only:
        return (
            "Gradus runs nothing that stands in a file, also with `weights_only=False`, and reads both with the same "
            f"list of allowed names. {message}"
        )
    if re.search(r"GLOBAL (\S+) was not an allowed global by default.", message):
        return (
            "Weights only load failed. This file can still be loaded, to do so you have two options, "
            "\033[1mdo those steps only if you trust the source of the checkpoint\033[0m. "
            f"\n\t(1) {_UNSAFE}\n\t(2) Alternatively, to load with `weights_only=True` please check "
            f"the recommended steps in the following error message.\n\tWeightsUnpickler error: {message}{_DOCS}"
        )
    text = f"Weights only load failed. {_UNSAFE}\n"
    if not re.search(r"whose module (\S+) is blocked", message):
        text += (
            "Please file an issue with the following so that we can make "
            "`weights_only=True` compatible with your use case: WeightsUnpickler error: "
        )
    return f"{text}\n\n{message}{_DOCS}"


def _restore(location: str) -> None:
    """Raises for places where no tensor can be."""
    if location == "cpu":
        return
    if location.startswith("cuda"):
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. "
            "If you are running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') "
            "to map your storages to the CPU."
        )
    raise RuntimeError(
        "don't know how to restore data location of torch.storage.UntypedStorage (tagged with " + location + ")"
    )


def default_restore_location(storage, location: str):
    """The storage itself if the location is the CPU; raises for places where no tensor can be."""
    _restore(location)
    return storage


def location_tag(storage) -> str:
    """The name of the place where a storage lies: "cpu"."""
    return "cpu"


def validate_cuda_device(location: str) -> int:
    """Raises: there is no CUDA here."""
    _restore("cuda")
    return -1


def get_crc32_options() -> bool:
    """True: files always have checksums, and `load` compares them."""
    return True


def set_crc32_options(compute_crc32: bool) -> None:
    """Accepts True; files without checksums are read, but not written."""
    if not compute_crc32:
        raise NotImplementedError("files are always written with checksums")


def _placer(map_location) -> Callable | None:
    """What the reader asks where a storage goes, given the storage and the place it was saved from."""
    if map_location is None:
        return None
    if isinstance(map_location, bytes):
        map_location = map_location.decode()

    def place(storage, location: str):
        if isinstance(map_location, dict):
            location = map_location.get(location, location)
        elif isinstance(map_location, (str, _C.device)):
            location = str(map_location)
        else:
            result = map_location(storage, location)
            if result is not None:
                return result
        _restore(location)
        return storage

    return place


def _bytes_of(f):
    """What a file object holds from its position on: without a copy where it is in memory already."""
    for name in ("seek", "tell"):
        if not hasattr(f, name):
            raise AttributeError(
                f"'{type(f).__name__}' object has no attribute '{name}'. You can only torch.load from a file that is "
                "seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
            )
    try:
        start = f.tell()
        f.seek(start)
    except io.UnsupportedOperation as error:
        raise io.UnsupportedOperation(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer "
            "like io.BytesIO and try to load from it instead."
        ) from None
    if type(f) is io.BytesIO:
        return start, f.getbuffer()[start:]
    if type(f) in (io.BufferedReader, io.BufferedRandom, io.FileIO):
        import mmap

        if type(f) is io.BufferedRandom:
            f.flush()
        try:
            return start, memoryview(mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ))[start:]
        except (OSError, ValueError):  # no regular file, or an empty one
            pass
    data = f.read()
    if isinstance(data, str):
        raise TypeError("torch.load needs a file opened for bytes: open it with mode 'rb'")
    return start, data


def _load_path(path: str, map_location, weights_only: bool, mmap: bool, place, encoding: str):
    if path.endswith(".safetensors"):
        from gradus import safetensors

        if isinstance(map_location, dict) or (place is not None and not isinstance(map_location, (str, _C.device))):
            kind = "dict" if isinstance(map_location, dict) else "callable"
            raise RuntimeError(
                f"Loading safetensors file with {kind} map_location is not supported. "
                "Use a device string or torch.device instead."
            )
        return safetensors.load_file(path, "cpu" if map_location is None else str(map_location))
    if mmap:
        with open(path, "rb") as file:
            zipped = file.read(4) == b"PK\x03\x04"
        if not zipped:
            raise RuntimeError(
                f"mmap can only be used with files saved with `torch.save({path}, "
                "_use_new_zipfile_serialization=True), please torch.save your checkpoint with this option in order to "
                "use mmap."
            )
    return _C._checkpoint_load(path, mmap, _allowed_by_name(), place, encoding == "bytes")[0]


def load(
    f,
    map_location=None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Loads what `save` or PyTorch's `torch.save` wrote, from a path or from a file object at its position.

    `map_location` says where tensors go that were saved from a device: a device, its name, a dict of names, or a
    function of a storage and a name. With `mmap=True` tensors lie in the mapped file (a path is needed) and are read
    when they are used; writing to them does not change the file. Nothing in a file is executed: names of classes that
    are neither PyTorch's own nor were given to `torch.serialization.add_safe_globals` raise pickle.UnpicklingError,
    with `weights_only=False` as well.
    """
    if weights_only is None:
        weights_only = pickle_module is None
    if pickle_module is not None:
        if weights_only:
            raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
        if pickle_module is not pickle:
            raise NotImplementedError("load() reads pickles itself: pickle_module must be left out")
    if pickle_load_args and weights_only:
        warnings.warn("pickle_load_args only works if `weights_only=False`.", stacklevel=2)
    encoding = pickle_load_args.get("encoding", "utf-8")
    place = _placer(map_location)
    try:
        if _is_path(f):
            return _load_path(os.fspath(f), map_location, weights_only, bool(mmap), place, encoding)
        if mmap:
            raise ValueError("f must be a file path in order to use the mmap argument")
        start, data = _bytes_of(f)
        try:
            value, used = _C._checkpoint_load(data, False, _allowed_by_name(), place, encoding == "bytes")
        finally:
            if isinstance(data, memoryview):
                data.release()
        f.seek(start + used)
        return value
    except pickle.UnpicklingError as error:
        raise pickle.UnpicklingError(_explain(str(error), weights_only)) from None


def __getattr__(name: str):
    raise _missing.missing("gradus.serialization", name)
