// tensor(), as_tensor(), Tensor(): tensors from numbers, nested sequences, arrays and other tensors.
#include "python/bindings/creation.h"

#include <cstring>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "python/bindings/arguments.h"
#include "python/bindings/torch_function.h"
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
PyObject* shared(const char* function, PyObject* data, std::optional<DType> dtype, bool copy) {
  if (is_tensor(data)) {
    const Tensor& t = tensor_of(data);
    if (!copy && (!dtype || *dtype == t.dtype())) return Py_INCREF(data), data;
    return wrap(to(t, dtype.value_or(t.dtype()), false, copy, OptFormat{}));
  }
  if (is_ndarray(data) && !copy) {
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
    return shared("as_tensor", a[0], dtype, false);
  });
}

PyObject* asarray(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<5> names{"asarray", {"obj", "dtype", "device", "copy", "requires_grad"}, 1};
    Bound<5> a(names, args, n, keywords);
    if (!a[0]) fail(PyExc_TypeError, "asarray() missing 1 required positional arguments: \"obj\"");
    const auto dtype = dtype_argument("asarray", a.given(1));
    Ref result = own(shared("asarray", a[0], dtype, a.given(3) && to_bool(a[3])));
    return finish("asarray", tensor_of(result.get()), a.given(2), a[4]);
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
  dispatch(type, [&]<class T>() { store(static_cast<T*>(t.data_ptr()), data, sizes, 0); });
  return t;
}

PyObject* to_list(const Tensor& t) {
  const View& v = *t.impl()->view;
  return dispatch(v.dtype,
                  [&]<class T>() { return list_of(static_cast<const T*>(t.data_ptr()), v.sizes(), v.strides(), 0); });
}

Tensor legacy_tensor(PyObject* args, PyObject* kwargs, DType dtype) {
  PyObject* sizes = kwargs ? PyDict_GetItemString(kwargs, "size") : nullptr;
  PyObject* first = PyTuple_GET_SIZE(args) ? PyTuple_GET_ITEM(args, 0) : nullptr;
  if (first && is_int(first)) sizes = args;
  if (first && Py_TYPE(first) == size_type) sizes = first;
  if (sizes) {
    Ref list = own(PySequence_Fast(sizes, "new(): size must be a sequence"));
    Dims dims;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
      dims.push_back(to_int(PySequence_Fast_GET_ITEM(list.get(), i)));
      check(dims.back() >= 0, "Trying to create tensor with negative dimension ", dims.back(), ": ", dims);
    }
    return empty(dims, dtype);
  }
  if (!first) return empty(0, dtype);
  if (is_tensor(first)) {
    check_as(ErrorKind::Type, tensor_of(first).dtype() == dtype, "expected a tensor of dtype ", name(dtype), " (got ",
             name(tensor_of(first).dtype()), ")");
    return tensor_of(first).variable_data();
  }
  if (!PySequence_Check(first))
    fail(PyExc_TypeError, "new(): data must be a sequence (got %s)", type_name(first).c_str());
  return tensor_from_data(first, dtype);
}

PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded([&] { return wrap_as(type, legacy_tensor(args, kwargs, default_dtype())); });
}

void init_creation(PyObject* module) {
  add_functions(module, functions, false);
  ensure(PyModule_AddFunctions(module, plain_functions) == 0);
}

}  // namespace gradus::py
