// StorageBase, what gradus.storage.UntypedStorage is made from: the bytes that tensors look at.
#include "python/bindings/storage.h"

#include <cstring>

#include "gradus/core/format.h"
#include "gradus/core/impl.h"
#include "gradus/ops/pointwise_check.h"
#include "python/bindings/arguments.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

struct PyStorage {
  PyObject_HEAD Storage* storage;
};
PyTypeObject* base_type = nullptr;

// What waits and mentions the memory runs first.
Storage& of(PyObject* o) {
  Storage& s = *reinterpret_cast<PyStorage*>(o)->storage;
  if (s.pending()) settle(s);
  return s;
}
void* escaped_data(Storage& s) {
  __atomic_fetch_or(&s.flags, uint32_t{Storage::kEscaped}, __ATOMIC_RELAXED);
  return s.data;
}
bool is_untyped(PyObject* o) { return PyObject_TypeCheck(o, base_type); }
unsigned char* bytes_of(PyObject* o) { return static_cast<unsigned char*>(of(o).data); }

// Takes over the reference to the storage.
PyObject* new_object(PyTypeObject* type, Storage* storage) {
  PyObject* self = type->tp_alloc(type, 0);
  if (!self) {
    drop(storage);
    throw PythonError{};
  }
  reinterpret_cast<PyStorage*>(self)->storage = storage;
  storage->py = self;
  return self;
}

void dealloc(PyObject* self) {
  if (Storage* s = reinterpret_cast<PyStorage*>(self)->storage) {
    s->py = nullptr;
    drop(s);
  }
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

unsigned char byte_of(const char* function, PyObject* o) {
  if (!is_int(o) && !PyBool_Check(o))
    fail(PyExc_RuntimeError, "%s expects int, but got %s", function, type_name(o).c_str());
  return static_cast<unsigned char>(to_int(o));
}

Storage* storage_of_sequence(PyObject* o) {
  if (!PySequence_Check(o))
    fail(PyExc_RuntimeError, "torch.UntypedStorage(): Expected a sequence type, but got %s", type_name(o).c_str());
  Ref list = own(PySequence_Fast(o, "not a sequence"));
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(list.get());
  Ref bytes = own(PyBytes_FromStringAndSize(nullptr, n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(list.get(), i);
    if (!is_int(item) && !PyBool_Check(item))
      fail(PyExc_RuntimeError,
           "torch.UntypedStorage(): tried to construct a storage from a sequence (%s), but one of the items was of "
           "type %s instead of int",
           type_name(o).c_str(), type_name(item).c_str());
    PyBytes_AS_STRING(bytes.get())[i] = static_cast<char>(to_int(item));
  }
  Storage* s = new_storage(n);
  if (n) std::memcpy(s->data, PyBytes_AS_STRING(bytes.get()), static_cast<size_t>(n));
  return s;
}

PyObject* construct(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded([&] {
    static const char* names[] = {"", "device", nullptr};
    PyObject *first = nullptr, *device = nullptr;
    ensure(PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:UntypedStorage", const_cast<char**>(names), &first, &device));
    if (device && device != Py_None) device_of(device);
    if (!first) return new_object(type, new_storage(0));
    if (!is_int(first)) return new_object(type, storage_of_sequence(first));
    const int64_t n = to_int(first);
    check(n >= 0, "torch.UntypedStorage(): size must not be negative, got ", n);
    return new_object(type, new_storage(n));
  });
}

// ---- size and elements

PyObject* size(PyObject* self, PyObject*) { return PyLong_FromLongLong(of(self).bytes); }
Py_ssize_t length(PyObject* self) { return of(self).bytes; }
PyObject* data_ptr(PyObject* self, PyObject*) {
  return PyLong_FromVoidPtr(of(self).bytes ? escaped_data(of(self)) : nullptr);
}
PyObject* element_size(PyObject*, PyObject*) { return PyLong_FromLong(1); }
PyObject* resizable(PyObject* self, PyObject*) { return boolean(of(self).resizable()); }
PyObject* get_cdata(PyObject* self, void*) { return PyLong_FromVoidPtr(&of(self)); }
PyObject* get_device(PyObject*, void*) { return cpu_device(); }

PyObject* resize(PyObject* self, PyObject* o) {
  return guarded([&] {
    if (!is_int(o)) fail(PyExc_RuntimeError, "resize_ expects an int, but got %s", type_name(o).c_str());
    const int64_t n = to_int(o);
    check(n >= 0, "resize_(): size must not be negative, got ", n);
    resize_storage(of(self), n);
    Py_INCREF(self);
    return self;
  });
}

PyObject* fill(PyObject* self, PyObject* o) {
  return guarded([&] {
    const unsigned char value = byte_of("fill_", o);
    if (of(self).bytes) std::memset(bytes_of(self), value, static_cast<size_t>(of(self).bytes));
    Py_INCREF(self);
    return self;
  });
}

PyObject* copy(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<2> names{"copy_", {"src", "non_blocking"}};
    Bound<2> a(names, args, n, keywords);
    if (!a[0]) fail(PyExc_TypeError, "copy_() missing 1 required positional arguments: \"src\"");
    if (!is_storage(a[0]))
      fail(PyExc_TypeError, "copy_(): argument 'src' (position 1) must be torch.Storage, not %s",
           type_name(a[0]).c_str());
    const Storage& source = *storage_of(a[0], nullptr);
    check(source.bytes == of(self).bytes, "size does not match, self was ", of(self).bytes, " bytes but src was ",
          source.bytes, " bytes");
    if (source.bytes) std::memmove(of(self).data, source.data, static_cast<size_t>(source.bytes));
    Py_INCREF(self);
    return self;
  });
}

int64_t position(PyObject* self, PyObject* index) {
  const int64_t i = to_int(index), n = of(self).bytes;
  check_as(ErrorKind::Index, i >= -n && i < n, "index ", i, " out of range for storage of size ", n);
  return i < 0 ? i + n : i;
}
struct Range {
  Py_ssize_t start = 0, stop = 0, step = 1, length = 0;
  Range(PyObject* self, PyObject* slice) {
    ensure(PySlice_Unpack(slice, &start, &stop, &step) == 0);
    length = PySlice_AdjustIndices(of(self).bytes, &start, &stop, step);
    check(step == 1, "Trying to slice with a step of ", step, ", but only a step of 1 is supported");
  }
};
[[noreturn]] void bad_index(PyObject* index) {
  fail(PyExc_TypeError, "can't index a torch.UntypedStorage with %s", type_name(index).c_str());
}
void release_storage(void* storage) {
  auto* s = static_cast<Storage*>(storage);
  __atomic_fetch_sub(&s->exports, 1, __ATOMIC_ACQ_REL);
  drop(s);
}

PyObject* get_item(PyObject* self, PyObject* index) {
  return guarded([&]() -> PyObject* {
    if (is_int(index)) return PyLong_FromLong(bytes_of(self)[position(self, index)]);
    if (!PySlice_Check(index)) bad_index(index);
    const Range r(self, index);
    Storage& s = of(self);  // the slice looks at the same memory: nothing on it waits from now on
    Storage* slice = new_foreign_storage(bytes_of(self) + r.start, r.length, &release_storage, &s);
    ref_inc(s.refs);
    __atomic_fetch_add(&s.exports, 1, __ATOMIC_ACQ_REL);
    return new_object(Py_TYPE(self), slice);
  });
}
int set_item(PyObject* self, PyObject* index, PyObject* value) {
  return guarded_status([&] {
    if (!value) fail(PyExc_TypeError, "a storage does not support deleting items");
    if (!is_int(value))
      fail(PyExc_RuntimeError, "can only set storage content with a int, but got %s instead", type_name(value).c_str());
    const auto byte = static_cast<unsigned char>(to_int(value));
    if (is_int(index)) {
      bytes_of(self)[position(self, index)] = byte;
    } else if (PySlice_Check(index)) {
      const Range r(self, index);
      if (r.length) std::memset(bytes_of(self) + r.start, byte, static_cast<size_t>(r.length));
    } else {
      bad_index(index);
    }
  });
}

// ---- shared memory

PyObject* is_shared(PyObject* self, PyObject*) { return boolean(of(self).flags & Storage::kShared); }
PyObject* share_memory(PyObject* self, PyObject*) {
  return guarded([&] {
    share_storage(of(self));
    Py_INCREF(self);
    return self;
  });
}

// ---- the buffer protocol: while somebody looks, the memory stays where it is

int lend(PyObject* self, Py_buffer* view, int flags) {
  Storage& s = of(self);
  if (PyBuffer_FillInfo(view, self, s.data, s.bytes, (s.flags & Storage::kReadOnly) ? 1 : 0, flags) < 0) return -1;
  ++s.exports;
  return 0;
}
void take_back(PyObject* self, Py_buffer*) { --of(self).exports; }

PyMethodDef methods[] = {
    {"size", &size, METH_NOARGS, "Number of bytes."},
    {"nbytes", &size, METH_NOARGS, "Number of bytes."},
    {"data_ptr", &data_ptr, METH_NOARGS, "Address of the first byte."},
    {"element_size", &element_size, METH_NOARGS, "1."},
    {"resizable", &resizable, METH_NOARGS, "False if others look at the memory or own it."},
    {"resize_", &resize, METH_O, "Another number of bytes, keeping what fits."},
    {"fill_", &fill, METH_O, "Sets all bytes."},
    {"copy_", as_method(&copy), kFast, "Copies the bytes of a storage of the same size."},
    {"is_shared", &is_shared, METH_NOARGS, "True if processes forked from here see the same memory."},
    {"share_memory_", &share_memory, METH_NOARGS, "Moves the bytes to memory that forked processes share."},
    {}};
PyGetSetDef attributes[] = {{"_cdata", &get_cdata, nullptr, nullptr, nullptr},
                            {"device", &get_device, nullptr, "Where the memory is.", nullptr},
                            {}};

// A TypedStorage written in Python.
bool is_typed(PyObject* o) {
  static PyObject* typed = imported("gradus.storage", "TypedStorage");
  const int is = PyObject_IsInstance(o, typed);
  ensure(is >= 0);
  return is;
}

}  // namespace

bool is_storage(PyObject* o) {
  if (is_untyped(o)) return true;
  return !is_tensor(o) && !PyLong_Check(o) && is_typed(o);
}

Storage* storage_of(PyObject* o, PyObject* self) {
  if (is_untyped(o)) return &of(o);
  Ref untyped = own(PyObject_GetAttrString(o, "_untyped_storage")), dtype = own(PyObject_GetAttrString(o, "dtype"));
  if (!is_untyped(untyped.get()) || !is_dtype(dtype.get())) fail(PyExc_TypeError, "not a storage");
  if (self) {
    const DType own_type = tensor_of(self).dtype(), other = dtype_of(dtype.get());
    check(own_type == other, "Expected a Storage of type ", cpp_type_name(own_type),
          " or an UntypedStorage, but got type ", other, " for argument 1 'storage'");
  }
  return &of(untyped.get());
}

PyObject* wrap_storage(Storage* storage) {
  if (auto* known = static_cast<PyObject*>(storage->py)) return Py_INCREF(known), known;
  static PyObject* untyped = imported("gradus.storage", "UntypedStorage");
  ref_inc(storage->refs);
  return new_object(reinterpret_cast<PyTypeObject*>(untyped), storage);
}

PyObject* tensor_untyped_storage(PyObject* self, PyObject*) {
  return guarded([&] { return wrap_storage(tensor_of(self).impl()->view->storage); });
}
PyObject* tensor_is_shared(PyObject* self, PyObject*) {
  return boolean(tensor_of(self).impl()->view->storage->flags & Storage::kShared);
}
PyObject* tensor_share_memory(PyObject* self, PyObject*) {
  return guarded([&] {
    share_storage(*tensor_of(self).impl()->view->storage);
    Py_INCREF(self);
    return self;
  });
}

void init_storage(PyObject* module) {
  PyType_Slot slots[] = {{Py_tp_new, slot(&construct)},
                         {Py_tp_dealloc, slot(&dealloc)},
                         {Py_tp_methods, methods},
                         {Py_tp_getset, attributes},
                         {Py_mp_length, slot(&length)},
                         {Py_mp_subscript, slot(&get_item)},
                         {Py_mp_ass_subscript, slot(&set_item)},
                         {Py_bf_getbuffer, slot(&lend)},
                         {Py_bf_releasebuffer, slot(&take_back)},
                         {0, nullptr}};
  PyType_Spec spec{"gradus._C.StorageBase", sizeof(PyStorage), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  base_type = make_type(spec);
  add_object(module, "StorageBase", reinterpret_cast<PyObject*>(base_type));
}

}  // namespace gradus::py
