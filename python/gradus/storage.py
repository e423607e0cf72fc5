"""Storages: the memory that tensors look at, as bytes (UntypedStorage) or as elements of a dtype (TypedStorage)."""

from __future__ import annotations

import functools
import warnings

from gradus import _C

# The dtypes by the names of PyTorch's legacy storage classes.
_KINDS = {
    "DoubleStorage": _C.float64,
    "FloatStorage": _C.float32,
    "HalfStorage": _C.float16,
    "BFloat16Storage": _C.bfloat16,
    "LongStorage": _C.int64,
    "IntStorage": _C.int32,
    "ShortStorage": _C.int16,
    "CharStorage": _C.int8,
    "ByteStorage": _C.uint8,
    "BoolStorage": _C.bool,
}
_NAMES = {dtype: name for name, dtype in _KINDS.items()}


def _tensor_over(storage, dtype):
    """A vector of `dtype` over all of a storage."""
    return _C.empty(0, dtype=dtype).set_(storage)


class _Shared:
    """What both kinds of storage have in common; `_untyped` gives the bytes."""

    is_cuda = is_sparse = is_sparse_csr = is_hpu = False
    filename = None

    def is_pinned(self, device="cuda"):
        """False: there is no accelerator to pin memory for."""
        return False

    def pin_memory(self, device="cuda"):
        """The storage itself, or an error: there is no accelerator to pin memory for."""
        raise RuntimeError("Cannot access accelerator device when none is available.")

    def get_device(self):
        """-1: the CPU."""
        return -1

    def cpu(self):
        """The storage itself."""
        return self

    def cuda(self, device=None, non_blocking=False):
        """Raises: there is no CUDA here."""
        raise AssertionError("Torch not compiled with CUDA enabled")

    def _as(self, dtype):
        typed = TypedStorage(wrap_storage=self.untyped(), dtype=getattr(self, "dtype", _C.uint8), _internal=True)
        if typed.dtype is dtype:
            return typed
        tensor = _tensor_over(typed._untyped_storage, typed.dtype).to(dtype)
        return TypedStorage(wrap_storage=tensor.untyped_storage(), dtype=dtype, _internal=True)

    def double(self):
        """The elements as float64."""
        return self._as(_C.float64)

    def float(self):
        """The elements as float32."""
        return self._as(_C.float32)

    def half(self):
        """The elements as float16."""
        return self._as(_C.float16)

    def bfloat16(self):
        """The elements as bfloat16."""
        return self._as(_C.bfloat16)

    def long(self):
        """The elements as int64."""
        return self._as(_C.int64)

    def int(self):
        """The elements as int32."""
        return self._as(_C.int32)

    def short(self):
        """The elements as int16."""
        return self._as(_C.int16)

    def char(self):
        """The elements as int8."""
        return self._as(_C.int8)

    def byte(self):
        """The elements as uint8."""
        return self._as(_C.uint8)

    def bool(self):
        """The elements as bool."""
        return self._as(_C.bool)


class UntypedStorage(_Shared, _C.StorageBase):
    """Bytes that tensors look at; `UntypedStorage(n)` makes uninitialised ones, `UntypedStorage(list)` those given."""

    def __new__(cls, *args, device=None, wrap_storage=None):
        if wrap_storage is not None:
            return wrap_storage.untyped()
        return _C.StorageBase.__new__(cls, *args, device=device)

    def __init__(self, *args, **kwargs):
        pass

    def untyped(self):
        """The storage itself."""
        return self

    def __repr__(self):
        rows = "".join(f" {x}\n" for x in self.tolist())
        return f"{rows}[torch.storage.UntypedStorage(device=cpu) of size {len(self)}]"

    def __iter__(self):
        return iter(self.tolist())

    def __copy__(self):
        return self.clone()

    def __deepcopy__(self, memo):
        known = memo.setdefault("torch", {})
        if self._cdata not in known:
            known[self._cdata] = self.clone()
        return known[self._cdata]

    def __reduce__(self):
        return _storage_from_bytes, (bytes(memoryview(self)),)

    def __sizeof__(self):
        return super().__sizeof__() + self.size()

    def tolist(self):
        """The bytes as a list of ints."""
        return list(memoryview(self))

    def clone(self):
        """A copy of the bytes."""
        return type(self)(self.nbytes()).copy_(self)

    def new(self):
        """An empty storage."""
        return type(self)(0)

    def type(self, dtype=None, non_blocking=False):
        """The name of this class, or the elements in the dtype of a legacy class."""
        if dtype is None:
            return "torch.storage.UntypedStorage"
        name = dtype.rpartition(".")[2] if isinstance(dtype, str) else dtype.__name__
        return self if name == "UntypedStorage" else self._as(_KINDS[name])

    def to(self, *, device, non_blocking=False):
        """The storage itself; only the CPU is here."""
        _C.empty(0, device=device)
        return self

    @classmethod
    def from_buffer(cls, buffer, *, byte_order=None, dtype=None):
        """A copy of the bytes of an object with the buffer protocol."""
        view = memoryview(buffer).cast("B")
        storage = cls(len(view))
        memoryview(storage)[:] = view
        size = 1 if dtype is None else dtype.itemsize
        if byte_order == "big" and size > 1:
            storage.byteswap(dtype)
        return storage

    def byteswap(self, dtype):
        """Turns the bytes of every element around."""
        size = dtype.itemsize
        if size > 1:
            rows = _tensor_over(self, _C.uint8).view(-1, size)
            rows.copy_(rows[:, list(range(size - 1, -1, -1))])


def _storage_from_bytes(data):
    return UntypedStorage.from_buffer(data)


@functools.lru_cache(None)
def _warn_once(key):
    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage "
        "class. This should only matter to you if you are using storages directly.  To access UntypedStorage directly, "
        "use tensor.untyped_storage() instead of tensor.storage()",
        UserWarning,
        stacklevel=4,
    )


def _warn_typed_storage_removal(stacklevel=2):
    _warn_once(None)


class _TypedMeta(type):
    """Legacy classes are names: FloatStorage(...) makes a TypedStorage, and isinstance looks at the dtype."""

    def __instancecheck__(cls, instance):
        if cls is TypedStorage or cls is _LegacyStorage:
            return type.__instancecheck__(TypedStorage, instance)
        return type.__instancecheck__(TypedStorage, instance) and instance.dtype is cls.dtype


class TypedStorage(_Shared, metaclass=_TypedMeta):
    """Elements of one dtype over an UntypedStorage. Deprecated in PyTorch; kept for programs and files that name it."""

    def __new__(cls, *args, wrap_storage=None, dtype=None, device=None, _internal=False):
        if cls is not TypedStorage and issubclass(cls, _LegacyStorage):
            return TypedStorage(*args, wrap_storage=wrap_storage, dtype=cls.dtype, device=device, _internal=True)
        return object.__new__(cls)

    def __init__(self, *args, device=None, dtype=None, wrap_storage=None, _internal=False):
        if not _internal:
            _warn_typed_storage_removal()
        self.dtype = _C.get_default_dtype() if dtype is None else dtype
        if wrap_storage is not None:
            if args:
                raise RuntimeError("No positional arguments should be given when using 'wrap_storage'")
            if not isinstance(wrap_storage, UntypedStorage):
                raise TypeError(f"Argument 'wrap_storage' must be UntypedStorage, but got {type(wrap_storage)}")
            self._untyped_storage = wrap_storage
            return
        if len(args) > 1:
            raise RuntimeError(f"Too many positional arguments ({len(args)}) given")
        first = args[0] if args else 0
        if isinstance(first, int):
            self._untyped_storage = UntypedStorage(first * self._element_size())
        elif isinstance(first, TypedStorage):
            self._untyped_storage = first._untyped_storage
        else:
            self._untyped_storage = _C.tensor(list(first), dtype=self.dtype).untyped_storage()

    def untyped(self):
        """The bytes."""
        return self._untyped_storage

    def _vector(self):
        return _tensor_over(self._untyped_storage, self.dtype)

    def _element_size(self):
        return self.dtype.itemsize

    def _size(self):
        return self._untyped_storage.nbytes() // self._element_size()

    def __len__(self):
        return self._size()

    def size(self):
        """Number of elements."""
        return self._size()

    def nbytes(self):
        """Number of bytes."""
        return self._untyped_storage.nbytes()

    _nbytes = nbytes

    def element_size(self):
        """Bytes of one element."""
        return self._element_size()

    def data_ptr(self):
        """Address of the first element."""
        return self._untyped_storage.data_ptr()

    _data_ptr = data_ptr

    @property
    def device(self):
        """Where the memory is."""
        return self._untyped_storage.device

    @property
    def _cdata(self):
        return self._untyped_storage._cdata

    def _position(self, index):
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        if not isinstance(index, int):
            raise RuntimeError(f"can't index a {type(self)} with {type(index)}")
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} out of range for storage of size {len(self)}")
        return index % len(self)

    def __getitem__(self, index):
        return self._vector()[self._position(index)].item()

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            self._vector()[index] = value
        else:
            self._vector()[self._position(index)] = value

    def __iter__(self):
        return iter(self.tolist())

    def tolist(self):
        """The elements as a list."""
        return self._vector().tolist()

    def fill_(self, value):
        """Sets all elements."""
        self._vector().fill_(value)
        return self

    def copy_(self, source, non_blocking=None):
        """Copies the elements of another storage, converted to this dtype."""
        if isinstance(source, TypedStorage):
            self._vector().copy_(source._vector())
        else:
            self._untyped_storage.copy_(source)
        return self

    def resize_(self, size):
        """Another number of elements."""
        self._untyped_storage.resize_(size * self._element_size())

    def clone(self):
        """A copy."""
        return self._wrap(self._untyped_storage.clone())

    def _wrap(self, untyped):
        return TypedStorage(wrap_storage=untyped, dtype=self.dtype, _internal=True)

    def cpu(self):
        """The storage itself."""
        return self

    def is_shared(self):
        """True if processes forked from here see the same memory."""
        return self._untyped_storage.is_shared()

    def share_memory_(self):
        """Moves the elements to memory that forked processes share."""
        self._untyped_storage.share_memory_()
        return self

    def resizable(self):
        """False if others look at the memory or own it."""
        return self._untyped_storage.resizable()

    def pickle_storage_type(self):
        """Name of the legacy class of this dtype."""
        return _NAMES[self.dtype]

    _pickle_storage_type = pickle_storage_type

    def _get_legacy_storage_class(self):
        return globals()[_NAMES[self.dtype]]

    def type(self, dtype=None, non_blocking=False):
        """The name of the legacy class of this dtype, or the elements in another."""
        if dtype is None:
            return "torch." + _NAMES[self.dtype]
        return self._as(_KINDS[dtype.rpartition(".")[2] if isinstance(dtype, str) else dtype.__name__])

    def __repr__(self):
        rows = "".join(f" {x}\n" for x in self.tolist())
        return f"{rows}[torch.storage.TypedStorage(dtype={self.dtype}, device=cpu) of size {len(self)}]"

    def __eq__(self, other):
        return isinstance(other, TypedStorage) and self._cdata == other._cdata and self.dtype is other.dtype

    def __hash__(self):
        return hash((self._cdata, self.dtype))

    def __copy__(self):
        return self.clone()

    def _deepcopy(self, memo):
        return self._wrap(self._untyped_storage.__deepcopy__(memo))

    __deepcopy__ = _deepcopy

    def __reduce__(self):
        return _typed_storage, (self._untyped_storage, self.dtype)

    @classmethod
    def from_buffer(cls, *args, dtype=None, **kwargs):
        """A copy of the bytes of an object with the buffer protocol."""
        dtype = getattr(cls, "dtype", dtype)
        untyped = UntypedStorage.from_buffer(*args, dtype=dtype, **kwargs)
        return TypedStorage(wrap_storage=untyped, dtype=dtype, _internal=True)


def _typed_storage(untyped, dtype):
    return TypedStorage(wrap_storage=untyped, dtype=dtype, _internal=True)


class _LegacyStorage(TypedStorage):
    """Base of FloatStorage and its kin."""


for _name, _dtype in _KINDS.items():
    globals()[_name] = _TypedMeta(
        _name,
        (_LegacyStorage,),
        {"dtype": _dtype, "__module__": "gradus", "__doc__": f"A TypedStorage of {_dtype} by its old name."},
    )


def is_storage(obj) -> bool:
    """True for storages of either kind."""
    return isinstance(obj, (UntypedStorage, TypedStorage))
