// NumPy arrays over tensors' memory and tensors over the memory of arrays and buffers, through the buffer protocol.
#include <cstring>
#include <memory>

#include "gradus/core/format.h"
#include "gradus/core/impl.h"
#include "python/bindings/creation.h"
#include "python/bindings/tensor_type.h"

namespace gradus::py {

namespace {

// Formats of the buffer protocol by dtype; bfloat16 has none.
constexpr const char* kFormats[kNumDTypes] = {"?", "B", "b", "h", "i", "l", "e", nullptr, "f", "d"};

bool dtype_of_format(std::string_view f, DType& dtype) {
  if (f.size() == 2 && (f[0] == '@' || f[0] == '=' || f[0] == '<')) f.remove_prefix(1);
  if (f.size() != 1) return false;
  if (f == "q") f = "l";
  for (int i = 0; i < kNumDTypes; ++i)
    if (kFormats[i] && f == kFormats[i]) return dtype = static_cast<DType>(i), true;
  return false;
}

[[noreturn]] void unsupported(PyObject* array) {
  PyErr_Clear();
  Ref dtype = own(PyObject_GetAttrString(array, "dtype"));
  Ref type = own(PyObject_GetAttrString(dtype.get(), "type"));
  fail(PyExc_TypeError,
       "can't convert np.ndarray of type %s. The only supported types are: float64, float32, float16, complex64, "
       "complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool.",
       reinterpret_cast<PyTypeObject*>(type.get())->tp_name);
}

void drop_array(void* array) {
  if (!Py_IsInitialized()) return;
  const PyGILState_STATE gil = PyGILState_Ensure();
  Py_DECREF(static_cast<PyObject*>(array));
  PyGILState_Release(gil);
}

struct Buffer {
  Py_buffer view{};
  Buffer(PyObject* array, bool& read_only) {
    read_only = PyObject_GetBuffer(array, &view, PyBUF_RECORDS) < 0;
    if (!read_only) return;
    PyErr_Clear();
    if (PyObject_GetBuffer(array, &view, PyBUF_RECORDS_RO) < 0) unsupported(array);
  }
  ~Buffer() { PyBuffer_Release(&view); }
};

void warn_read_only_once() {
  static bool warned = false;
  if (warned) return;
  warned = true;
  ensure(PyErr_WarnEx(PyExc_UserWarning,
                      "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This "
                      "means writing to this tensor will result in undefined behavior. You may want to copy the array "
                      "to protect its data or make it writable before converting it to a tensor. This type of warning "
                      "will be suppressed for the rest of this program.",
                      1) == 0);
}

// ---- the other way: an object that lends a tensor's memory

struct PyExport {
  PyObject_HEAD View* view;
  Py_ssize_t* shape;  // sizes, then strides in bytes
};
PyTypeObject* export_type = nullptr;

int lend(PyObject* self, Py_buffer* b, int) {
  auto* e = reinterpret_cast<PyExport*>(self);
  const View& v = *e->view;
  b->obj = self;
  Py_INCREF(self);
  b->buf = v.data();
  b->len = v.numel * item_size(v.dtype);
  b->readonly = 0;
  b->itemsize = item_size(v.dtype);
  b->format = const_cast<char*>(kFormats[static_cast<int>(v.dtype)]);
  b->ndim = v.ndim;
  b->shape = e->shape;
  b->strides = e->shape + v.ndim;
  b->suboffsets = nullptr;
  b->internal = nullptr;
  return 0;
}

void export_dealloc(PyObject* self) {
  auto* e = reinterpret_cast<PyExport*>(self);
  --e->view->storage->exports;
  drop(e->view);
  delete[] e->shape;
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* new_export(const Tensor& t) {
  auto* e = PyObject_New(PyExport, export_type);
  ensure(e);
  e->view = t.impl()->view;
  ref_inc(e->view->refs);
  ++e->view->storage->exports;
  const int n = e->view->ndim;
  e->shape = new Py_ssize_t[static_cast<size_t>(2 * n) + 1];
  for (int i = 0; i < n; ++i) {
    e->shape[i] = e->view->sizes()[i];
    e->shape[n + i] = e->view->strides()[i] * item_size(e->view->dtype);
  }
  return reinterpret_cast<PyObject*>(e);
}

}  // namespace

bool is_ndarray(PyObject* o) {
  static PyTypeObject* ndarray = nullptr;
  if (!ndarray) {
    Ref numpy(PyImport_GetModule(own(PyUnicode_InternFromString("numpy")).get()));
    if (!numpy) return PyErr_Clear(), false;
    PyObject* type = PyObject_GetAttrString(numpy.get(), "ndarray");
    if (!type) return PyErr_Clear(), false;  // NumPy is being imported
    ndarray = reinterpret_cast<PyTypeObject*>(type);
  }
  return Py_TYPE(o) == ndarray || PyType_IsSubtype(Py_TYPE(o), ndarray);
}

// The strides that an empty array itself states: its buffer states others.
static void own_strides(PyObject* array, int64_t itemsize, Dims& strides) {
  Ref stated = own(PyObject_GetAttrString(array, "strides"));
  for (int64_t i = 0; i < strides.size() && i < PyTuple_Size(stated.get()); ++i)
    strides[i] = PyLong_AsLongLong(PyTuple_GetItem(stated.get(), i)) / itemsize;
}

Tensor tensor_from_ndarray(PyObject* array, bool warn_read_only) {
  bool read_only = false;
  Buffer buffer(array, read_only);
  const Py_buffer& b = buffer.view;
  DType dtype;
  const std::string_view format = b.format ? b.format : "B";
  if (format.size() == 2 && (format[0] == '>' || format[0] == '!'))
    fail(PyExc_ValueError,
         "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
         "currently not supported.");
  if (!dtype_of_format(format, dtype)) unsupported(array);
  Dims sizes, strides;
  for (int i = 0; i < b.ndim; ++i) {
    if (b.strides[i] < 0)
      fail(PyExc_ValueError,
           "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
           "currently supported. (You can probably work around this by making a copy of your array  with "
           "array.copy().) ");
    if (b.strides[i] % b.itemsize)
      fail(PyExc_ValueError,
           "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the "
           "memory.");
    sizes.push_back(b.shape[i]);
    strides.push_back(b.strides[i] / b.itemsize);
  }
  if (product(sizes) == 0) own_strides(array, b.itemsize, strides);
  if (read_only && warn_read_only) warn_read_only_once();
  int64_t extent = 1;
  for (int64_t i = 0; i < sizes.size(); ++i) extent = sizes[i] ? extent + (sizes[i] - 1) * strides[i] : 0;
  Py_INCREF(array);
  Storage* s = new_foreign_storage(b.buf, extent * b.itemsize, &drop_array, array, read_only ? Storage::kReadOnly : 0u);
  return Tensor(new_tensor(new_view(s, dtype, sizes, strides, 0)));
}

namespace {
void drop_buffer(void* buffer) {
  std::unique_ptr<Py_buffer> view(static_cast<Py_buffer*>(buffer));
  if (!Py_IsInitialized()) return;
  const PyGILState_STATE gil = PyGILState_Ensure();
  PyBuffer_Release(view.get());
  PyGILState_Release(gil);
}
void warn_read_only_buffer_once() {
  static bool warned = false;
  if (warned) return;
  warned = true;
  ensure(PyErr_WarnEx(PyExc_UserWarning,
                      "The given buffer is not writable, and PyTorch does not support non-writable tensors. This means "
                      "you can write to the underlying (supposedly non-writable) buffer using the tensor. You may want "
                      "to copy the buffer to protect its data or make it writable before converting it to a tensor. "
                      "This type of warning will be suppressed for the rest of this program.",
                      1) == 0);
}
}  // namespace

Tensor tensor_from_buffer(PyObject* object, DType dtype, int64_t count, int64_t offset) {
  check_as(ErrorKind::Value, PyObject_CheckBuffer(object), "object does not implement Python buffer protocol.");
  auto view = std::make_unique<Py_buffer>();
  bool read_only = false;
  if (PyObject_GetBuffer(object, view.get(), PyBUF_WRITABLE) < 0) {
    PyErr_Clear();
    read_only = true;
    ensure(PyObject_GetBuffer(object, view.get(), PyBUF_SIMPLE) == 0);
  }
  struct Release {
    Py_buffer* held;
    ~Release() {
      if (held) PyBuffer_Release(held);
    }
  } release{view.get()};
  const int64_t length = view->len, item = item_size(dtype);
  check_as(ErrorKind::Value, length > 0 && count != 0, "both buffer length (", length, ") and count (", count,
           ") must not be 0");
  check_as(ErrorKind::Value, offset >= 0 && offset < length, "offset (", offset,
           " bytes) must be non-negative and no greater than buffer length (", length, " bytes) minus 1");
  check_as(ErrorKind::Value, count > 0 || (length - offset) % item == 0, "buffer length (", length - offset,
           " bytes) after offset (", offset, " bytes) must be a multiple of element size (", item, ")");
  const int64_t n = count > 0 ? count : (length - offset) / item;
  check_as(ErrorKind::Value, n <= (length - offset) / item, "requested buffer length (", n, " * ", item,
           " bytes) after offset (", offset, " bytes) must not be greater than actual buffer length (", length,
           " bytes)");
  if (read_only) warn_read_only_buffer_once();
  release.held = nullptr;
  void* data = static_cast<char*>(view->buf) + offset;
  Storage* s = new_foreign_storage(data, n * item, &drop_buffer, view.release(), read_only ? Storage::kReadOnly : 0u);
  return Tensor(new_tensor(new_view(s, dtype, n, {}, 0)));
}

PyObject* ndarray_of(const Tensor& t) {
  if (!kFormats[static_cast<int>(t.dtype())])
    raise(ErrorKind::Type, str("Got unsupported ScalarType ", scalar_type_name(t.dtype())));
  t.impl()->view->array();  // raises if the storage is too small for it
  static PyObject* asarray = imported("numpy", "asarray");
  Ref source = own(new_export(t));
  return PyObject_CallOneArg(asarray, source.get());
}

void init_numpy(PyObject*) {
  PyType_Slot slots[] = {{Py_tp_dealloc, slot(&export_dealloc)}, {Py_bf_getbuffer, slot(&lend)}, {0, nullptr}};
  PyType_Spec spec{"gradus._C.Export", sizeof(PyExport), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                   slots};
  export_type = make_type(spec);
}

}  // namespace gradus::py
