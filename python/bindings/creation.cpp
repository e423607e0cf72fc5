// tensor(), as_tensor(), Tensor(): tensors from numbers, nested sequences, arrays and other tensors.
#include "python/bindings/creation.h"

#include <cstring>

#include "gradus/core/format.h"
#include "gradus/core/read.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/pointwise_check.h"
#include "python/bindings/arguments.h"
#include "python/bindings/signatures.h"
#include "python/bindings/storage.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

using OptFormat = std::optional<MemoryFormat>;

// "numpy.float32" -> Float32, by the name of a scalar's type.
DType dtype_of_numpy_scalar(PyObject* o) {
  std::string_view name = Py_TYPE(o)->tp_name;
  name.remove_prefix(6);
  if (name == "bool_") return DType::Bool;
  if (name == "longlong") return DType::Int64;
  if (name == "intc") return DType::Int32;
  for (int i = 0; i < kNumDTypes; ++i)
    if (gradus::name(static_cast<DType>(i)) == name) return static_cast<DType>(i);
  fail(PyExc_TypeError,
       "can't convert np.ndarray of type %s. The only supported types are: float64, float32, float16, complex64, "
       "complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool.",
       Py_TYPE(o)->tp_name);
}

DType infer_dtype(PyObject* o) {
  if (PyFloat_CheckExact(o)) return default_dtype();
  if (PyBool_Check(o)) return DType::Bool;
  if (PyLong_CheckExact(o)) return DType::Int64;
  if (is_tensor(o)) return tensor_of(o).dtype();
  if (is_ndarray(o)) return tensor_from_ndarray(o, false).dtype();
  if (numpy_scalar(o) != NumpyKind::None) return dtype_of_numpy_scalar(o);
  if (PyFloat_Check(o)) return default_dtype();
  if (PyLong_Check(o)) return DType::Int64;
  if (PyUnicode_Check(o)) fail(PyExc_TypeError, "new(): invalid data type '%s'", Py_TYPE(o)->tp_name);
  if (!PySequence_Check(o)) fail(PyExc_RuntimeError, "Could not infer dtype of %s", Py_TYPE(o)->tp_name);
  Ref fast = own(PySequence_Fast(o, "not a sequence"));
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.get());
  if (n == 0) return default_dtype();
  DType dtype = infer_dtype(PySequence_Fast_GET_ITEM(fast.get(), 0));
  for (Py_ssize_t i = 1; i < n; ++i) dtype = promote(dtype, infer_dtype(PySequence_Fast_GET_ITEM(fast.get(), i)));
  return dtype;
}

Dims infer_sizes(PyObject* data) {
  Dims sizes;
  Ref at = Ref::borrow(data);
  while (PySequence_Check(at.get()) && !is_tensor(at.get())) {
    if (is_ndarray(at.get()) && PyObject_Length(at.get()) < 0) {  // a 0-d array
      PyErr_Clear();
      break;
    }
    const Py_ssize_t n = PySequence_Size(at.get());
    ensure(n >= 0);
    sizes.push_back(n);
    if (sizes.size() > 128) fail(PyExc_ValueError, "too many dimensions '%s'", Py_TYPE(at.get())->tp_name);
    if (n == 0) break;
    at = own(PySequence_GetItem(at.get(), 0));
  }
  return sizes;
}

[[noreturn]] void overflow(DType dtype) {
  raise(ErrorKind::Runtime, str("value cannot be converted to type ", name(dtype), " without overflow"));
}

int64_t integer_item(PyObject* o, DType dtype) {
  int64_t v;
  if (PyFloat_Check(o)) {
    const double d = PyFloat_AS_DOUBLE(o);
    if (!(d >= -0x1p63 && d < 0x1p63)) overflow(dtype);
    v = static_cast<int64_t>(d);
  } else if (is_tensor(o)) {
    v = tensor_of(o).item().to_int();
  } else {
    Ref index = own(PyNumber_Index(o));
    int too_large = 0;
    v = PyLong_AsLongLongAndOverflow(index.get(), &too_large);
    if (too_large) fail(PyExc_ValueError, "Overflow when unpacking long long");
  }
  if (dtype != DType::Int64) {
    const int bits = static_cast<int>(item_size(dtype)) * 8;
    const int64_t high = dtype == DType::UInt8 ? 255 : (int64_t{1} << (bits - 1)) - 1;
    const int64_t low = dtype == DType::UInt8 ? -255 : -high - 1;
    if (v > high || v < low) overflow(dtype);
  }
  return v;
}

template <class T>
void store_item(T* to, PyObject* o) {
  constexpr DType dtype = DTypeOf<T>::value;
  if (is_tensor(o) && tensor_of(o).numel() != 1)
    fail(PyExc_ValueError, "only one element tensors can be converted to Python scalars");
  if constexpr (dtype == DType::Bool) *to = to_bool(o);
  else if constexpr (dtype == DType::Float64) *to = to_double(o);
  else if constexpr (dtype >= DType::Float16) *to = static_cast<T>(static_cast<float>(to_double(o)));
  else *to = static_cast<T>(integer_item(o, dtype));
}

template <class T>
T* store(T* to, PyObject* o, const Dims& sizes, int64_t dim) {
  if (dim == sizes.size()) {
    store_item(to, o);
    return to + 1;
  }
  Ref fast = own(PySequence_Fast(o, "not a sequence"));
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.get());
  if (n != sizes[dim])
    fail(PyExc_ValueError, "expected sequence of length %lld at dim %lld (got %lld)",
         static_cast<long long>(sizes[dim]), static_cast<long long>(dim), static_cast<long long>(n));
  for (Py_ssize_t i = 0; i < n; ++i) to = store(to, PySequence_Fast_GET_ITEM(fast.get(), i), sizes, dim + 1);
  return to;
}

Tensor converted_copy(const Tensor& t, std::optional<DType> dtype) {
  return to(t.variable_data(), dtype.value_or(t.dtype()), false, true, OptFormat{});
}

std::optional<DType> dtype_argument(const char* function, PyObject* o) {
  if (!o) return {};
  if (is_dtype(o)) return dtype_of(o);
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) return DType::Float64;
  if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) return DType::Bool;
  if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) return DType::Int64;
  fail(PyExc_TypeError, "%s(): argument 'dtype' must be torch.dtype, not %s", function, type_name(o).c_str());
}

PyObject* finish(const char* function, Tensor t, PyObject* device, PyObject* requires_grad) {
  if (device) {
    if (!is_device_like(device))
      fail(PyExc_TypeError, "%s(): argument 'device' must be torch.device, not %s", function,
           type_name(device).c_str());
    device_of(device);
  }
  if (bool_argument(function, "requires_grad", requires_grad, false)) {
    check(is_floating(t.dtype()), "Only Tensors of floating point and complex dtype can require gradients");
    t.requires_grad_(true);
  }
  return wrap(static_cast<Tensor&&>(t));
}

PyObject* tensor(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<6> names{"tensor", {"data", "dtype", "device", "requires_grad", "pin_memory", "names"}, 1};
    Bound<6> a(names, args, n, keywords);
    if (!a[0]) fail(PyExc_TypeError, "tensor() missing 1 required positional arguments: \"data\"");
    const auto dtype = dtype_argument("tensor", a.given(1));
    if (is_tensor(a[0]))
      ensure(PyErr_WarnEx(PyExc_UserWarning,
                          "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
                          "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
                          1) == 0);
    return finish("tensor", tensor_from_data(a[0], dtype), a.given(2), a[3]);
  });
}

// Shares memory where it can: the same tensor object, or the array's memory.
PyObject* shared(PyObject* data, std::optional<DType> dtype) {
  if (is_tensor(data)) {
    const Tensor& t = tensor_of(data);
    if (!dtype || *dtype == t.dtype()) return Py_INCREF(data), data;
    return wrap(to(t, *dtype));
  }
  if (is_ndarray(data)) {
    Tensor t = tensor_from_ndarray(data);
    if (!dtype || *dtype == t.dtype()) return wrap(static_cast<Tensor&&>(t));
  }
  return wrap(tensor_from_data(data, dtype));
}

PyObject* as_tensor(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<3> names{"as_tensor", {"data", "dtype", "device"}};
    Bound<3> a(names, args, n, keywords);
    if (!a[0]) fail(PyExc_TypeError, "as_tensor() missing 1 required positional arguments: \"data\"");
    const auto dtype = dtype_argument("as_tensor", a.given(1));
    if (a.given(2)) device_of(a[2]);
    return shared(a[0], dtype);
  });
}

// The memory of `object` as a tensor (sharing it), if it has some that others may look at.
std::optional<Tensor> memory_of(PyObject* object, std::optional<DType> dtype) {
  if (is_tensor(object)) return tensor_of(object);
  if (is_ndarray(object)) return tensor_from_ndarray(object);
  if (PyObject_HasAttrString(object, "__dlpack__")) {
    static PyObject* from_dlpack = imported("gradus", "from_dlpack");
    return tensor_of(own(PyObject_CallOneArg(from_dlpack, object)).get());
  }
  if (numpy_scalar(object) != NumpyKind::None) return {};
  if (PyObject_CheckBuffer(object)) return tensor_from_buffer(object, dtype.value_or(default_dtype()), -1, 0);
  return {};
}

PyObject* asarray(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&]() -> PyObject* {
    static Names<5> names{"asarray", {"obj", "dtype", "device", "copy", "requires_grad"}, 1};
    Bound<5> a(names, args, n, keywords);
    if (!a[0]) fail(PyExc_TypeError, "asarray() missing 1 required positional arguments: \"obj\"");
    const auto dtype = dtype_argument("asarray", a.given(1));
    const bool copy = a.given(3) && to_bool(a[3]), share = a.given(3) && !copy;
    bool wants_grad = a.given(4) && bool_argument("asarray", "requires_grad", a[4], false);
    if (!a.given(4) && is_tensor(a[0])) wants_grad = tensor_of(a[0]).requires_grad();
    const std::optional<Tensor> memory = memory_of(a[0], dtype);
    Tensor result;
    if (memory) {
      const bool converts = dtype && *dtype != memory->dtype();
      check_as(ErrorKind::Value, !share || !converts, "can't alias tensor with dtype '", memory->dtype(),
               "' into dtype '", dtype.value_or(memory->dtype()), "'.");
      if (!converts && !copy && is_tensor(a[0]) && wants_grad == memory->requires_grad()) return Py_INCREF(a[0]), a[0];
      result = converts || copy ? to(*memory, dtype.value_or(memory->dtype()), false, copy) : *memory;
      if (!wants_grad && result.requires_grad()) result = detach(result);
    } else {
      check_as(ErrorKind::Value, !share, "can't alias arbitrary sequence into a tensor.");
      result = tensor_from_data(a[0], dtype);
    }
    if (result.requires_grad()) wants_grad = false;
    return finish("asarray", result, a.given(2), wants_grad ? Py_True : Py_False);
  });
}

int64_t count_argument(const char* name, PyObject* o, int64_t fallback) {
  if (!o) return fallback;
  if (!is_int(o)) fail(PyExc_TypeError, "frombuffer(): argument '%s' must be int, not %s", name, type_name(o).c_str());
  return to_int(o);
}
PyObject* frombuffer(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<5> names{"frombuffer", {"buffer", "dtype", "count", "offset", "requires_grad"}, 1};
    Bound<5> a(names, args, n, keywords);
    for (int i : {0, 1})
      if (!a[i]) fail(PyExc_TypeError, "frombuffer() missing 1 required positional arguments: \"%s\"", names.names[i]);
    const DType dtype = *dtype_argument("frombuffer", a[1]);
    const Tensor t =
        tensor_from_buffer(a[0], dtype, count_argument("count", a[2], -1), count_argument("offset", a[3], 0));
    return finish("frombuffer", t, nullptr, a[4]);
  });
}

PyObject* from_numpy(PyObject*, PyObject* array) {
  return guarded([&] {
    if (!is_ndarray(array)) fail(PyExc_TypeError, "expected np.ndarray (got %s)", Py_TYPE(array)->tp_name);
    return wrap(tensor_from_ndarray(array));
  });
}

PyMethodDef functions[] = {
    {"tensor", as_method(&tensor), kFast, "A fresh tensor that holds a copy of `data`."},
    {"as_tensor", as_method(&as_tensor), kFast, "A tensor of `data`, which it shares where it can."},
    {"frombuffer", as_method(&frombuffer), kFast, "A vector over the memory of an object with the buffer protocol."},
    {"asarray", as_method(&asarray), kFast, "A tensor of an object, which it shares where it can."},
    {}};
PyMethodDef plain_functions[] = {{"from_numpy", &from_numpy, METH_O, "A tensor over the memory of a NumPy array."}, {}};

template <class T>
PyObject* list_of(const T* p, const IntList& sizes, const IntList& strides, int64_t dim) {
  if (dim == sizes.size()) {
    if constexpr (std::is_same_v<T, bool>) return boolean(*p);
    else if constexpr (DTypeOf<T>::value >= DType::Float16) return PyFloat_FromDouble(static_cast<double>(*p));
    else return PyLong_FromLongLong(*p);
  }
  Ref list = own(PyList_New(sizes[dim]));
  for (int64_t i = 0; i < sizes[dim]; ++i)
    PyList_SET_ITEM(list.get(), i, own(list_of(p + i * strides[dim], sizes, strides, dim + 1)).release());
  return list.release();
}

}  // namespace

Tensor tensor_from_data(PyObject* data, std::optional<DType> dtype) {
  if (is_tensor(data)) return converted_copy(tensor_of(data), dtype);
  if (is_ndarray(data)) return converted_copy(tensor_from_ndarray(data, false), dtype);
  if (PyUnicode_Check(data)) fail(PyExc_TypeError, "new(): invalid data type '%s'", Py_TYPE(data)->tp_name);
  const Dims sizes = infer_sizes(data);
  const DType type = dtype ? *dtype : infer_dtype(data);
  Tensor t = empty(sizes, type);
  dispatch(type, [&]<class T>() { store(static_cast<T*>(t.settled_data()), data, sizes, 0); });
  return t;
}

PyObject* to_list(const Tensor& t) {
  const View& v = *t.impl()->view;
  return dispatch(v.dtype,
                  [&]<class T>() { return list_of(static_cast<const T*>(read_data(t)), v.sizes(), v.strides(), 0); });
}

// ---- Tensor(...), FloatTensor(...), tensor.new(...)

namespace {

enum NewForm : size_t { kEmpty, kStorage, kOther, kOtherDevice, kSizes, kData };

const Group& new_group() {
  static constexpr Op ops[] = {
      {"new(*, Device? device=None) -> Tensor", "", Kind::Composite, ""},
      {"new(Storage storage) -> Tensor", "", Kind::Composite, ""},
      {"new(Tensor other) -> Tensor", "", Kind::Composite, ""},
      {"new(Tensor other, *, Device? device=None) -> Tensor", "", Kind::Composite, ""},
      {"new(int[] size, *, Device? device=None) -> Tensor", "", Kind::Composite, ""},
      {"new(Object data, *, Device? device=None) -> Tensor", "", Kind::Composite, ""},
  };
  static Group* group = [] {
    Group* g = make_group("new", ops, std::size(ops));
    g->overloads[kOtherDevice].hidden = true;
    return g;
  }();
  return *group;
}

void check_cpu(PyObject* device) {
  if (!device || device == Py_None) return;
  static PyObject* type = imported("gradus", "device");
  Ref parsed = own(PyObject_CallOneArg(type, device));
  Ref name = own(PyObject_GetAttrString(parsed.get(), "type"));
  if (utf8(name.get()) != "cpu")
    fail(PyExc_RuntimeError, "legacy constructor expects device type: cpu but device type: %U was passed", name.get());
}

std::string options_text(DType dtype) {
  return str("TensorOptions(dtype=", cpp_type_name(dtype),
             ", device=cpu, layout=Strided, requires_grad=false (default), pinned_memory=false (default), "
             "memory_format=(nullopt))");
}

Tensor of_sizes(PyObject* const* items, Py_ssize_t n, DType dtype) {
  Dims dims;
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (!is_index(items[i]))
      fail(PyExc_TypeError,
           "new(): argument 'size' failed to unpack the object at pos %zd with error \"type must be tuple of ints,but "
           "got %s\"",
           i + 1, type_name(items[i]).c_str());
    dims.push_back(to_int(items[i]));
  }
  return empty(dims, dtype);
}

Tensor of_sequence(PyObject* data, DType dtype) {
  if (!PySequence_Check(data))
    fail(PyExc_TypeError, "new(): data must be a sequence (got %s)", type_name(data).c_str());
  return tensor_from_data(data, dtype);
}

Tensor of_storage(PyObject* storage, DType dtype) {
  Tensor t = empty(0, dtype);
  const Ref self(wrap(t));
  return set_(t, storage_of(storage, self.get()));
}

}  // namespace

Tensor legacy_tensor(const Arguments& a, DType dtype, bool any_dtype) {
  Matched m;
  const size_t form = match_group(new_group(), a, m);
  switch (form) {
    case kEmpty: check_cpu(m.objects[0]); return empty(0, dtype);
    case kStorage: return of_storage(m.objects[0], dtype);
    case kOther:
    case kOtherDevice: {
      if (form == kOtherDevice) check_cpu(m.objects[1]);
      const Tensor& other = tensor_of(m.objects[0]);
      check_as(ErrorKind::Type, any_dtype || other.dtype() == dtype, "expected ", options_text(dtype), " (got ",
               options_text(other.dtype()), ")");
      return detach(alias(other));
    }
    default: break;
  }
  check_cpu(m.objects[1]);
  if (form == kData) return of_sequence(m.objects[0], dtype);
  if (m.vararg_count >= 0) return of_sizes(a.values, m.vararg_count, dtype);
  PyObject* sizes = m.objects[0];
  if (is_int(sizes) || is_tensor(sizes)) return of_sizes(&sizes, 1, dtype);
  if (a.n && Py_TYPE(sizes) != size_type) return of_sequence(sizes, dtype);  // Tensor((2, 3)) holds 2 and 3
  return of_sizes(PySequence_Fast_ITEMS(sizes), PySequence_Fast_GET_SIZE(sizes), dtype);
}

Tensor legacy_tensor(PyObject* args, PyObject* kwargs, DType dtype, bool any_dtype) {
  std::vector<PyObject*> values;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) values.push_back(PyTuple_GET_ITEM(args, i));
  Ref names;
  if (kwargs && PyDict_GET_SIZE(kwargs)) {
    Ref keys = own(PyDict_Keys(kwargs)), list = own(PyDict_Values(kwargs));
    names = own(PyList_AsTuple(keys.get()));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i) values.push_back(PyList_GET_ITEM(list.get(), i));
  }
  return legacy_tensor({values.data(), PyTuple_GET_SIZE(args), names.get()}, dtype, any_dtype);
}

PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded([&] { return wrap_as(type, legacy_tensor(args, kwargs, default_dtype(), true)); });
}
PyObject* tensor_new_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] { return wrap(legacy_tensor({args, n, keywords}, tensor_of(self).dtype(), false)); });
}

void init_creation(PyObject* module) {
  add_functions(module, functions, false);
  ensure(PyModule_AddFunctions(module, plain_functions) == 0);
}

}  // namespace gradus::py
