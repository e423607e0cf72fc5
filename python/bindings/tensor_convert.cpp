// to(), type(), float() and their kin.
#include "python/bindings/tensor_convert.h"

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "python/bindings/arguments.h"
#include "python/bindings/creation.h"
#include "python/bindings/signatures.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

using OptFormat = std::optional<MemoryFormat>;
OptFormat format_argument(const char* function, PyObject* o) {
  if (!o) return {};
  if (Py_TYPE(o) != memory_format_type)
    fail(PyExc_TypeError, "%s(): argument 'memory_format' must be torch.memory_format, not %s", function,
         type_name(o).c_str());
  return static_cast<MemoryFormat>(reinterpret_cast<PyConstant*>(o)->value);
}

PyObject* converted(PyObject* self, DType dtype, bool copy, OptFormat format) {
  const Tensor& t = tensor_of(self);
  if (!copy && dtype == t.dtype() && (!format || *format == MemoryFormat::Preserve)) {
    Py_INCREF(self);
    return self;
  }
  return wrap(to(t, dtype, false, copy, format));
}

template <DType T>
PyObject* convert(const char* function, PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<1> names{"", {"memory_format"}, 0};
    names.function = function;
    Bound<1> a(names, args, n, keywords);
    return converted(self, T, false, format_argument(function, a[0]));
  });
}

bool is_python_type(PyObject* o, DType& dtype) {
  if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) dtype = DType::Float64;
  else if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) dtype = DType::Bool;
  else if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) dtype = DType::Int64;
  else return false;
  return true;
}

[[noreturn]] void no_such_to(const Arguments& a) {
  fail(PyExc_TypeError,
       "to() received an invalid combination of arguments - got %s, but expected one of:\n * (torch.device device = "
       "None, torch.dtype dtype = None, bool non_blocking = False, bool copy = False, *, torch.memory_format "
       "memory_format = None)\n * (torch.dtype dtype, bool non_blocking = False, bool copy = False, *, "
       "torch.memory_format memory_format = None)\n * (Tensor tensor, bool non_blocking = False, bool copy = False, *, "
       "torch.memory_format memory_format = None)\n",
       describe_call(a).c_str());
}

// What the arguments of to() ask for: a device, a dtype and two flags, or a dtype or a tensor and two flags.
struct ToArguments {
  PyObject *device = nullptr, *dtype = nullptr, *other = nullptr, *non_blocking = nullptr, *copy = nullptr,
           *format = nullptr;

  explicit ToArguments(const Arguments& a) {
    if (a.n > 4) no_such_to(a);
    PyObject* first = a.n ? a.values[0] : nullptr;
    PyObject** order[4] = {&device, &dtype, &non_blocking, &copy};
    if (first && !is_device_like(first) && first != Py_None) {
      order[0] = is_tensor(first) ? &other : &dtype;
      order[1] = &non_blocking;
      order[2] = &copy;
      if (a.n > 3) no_such_to(a);
    }
    for (Py_ssize_t i = 0; i < a.n; ++i) *order[i] = a.values[i];
    for (Py_ssize_t k = 0; k < a.n_keywords(); ++k) {
      PyObject** target = named(utf8(PyTuple_GET_ITEM(a.keywords, k)));
      if (!target || *target) no_such_to(a);
      *target = a.values[a.n + k];
    }
    DType unused;
    auto empty = [](PyObject* o) { return !o || o == Py_None; };
    const bool fits = (empty(device) || is_device_like(device)) &&
                      (empty(dtype) || is_dtype(dtype) || is_python_type(dtype, unused)) &&
                      (!other || is_tensor(other)) && (!non_blocking || PyBool_Check(non_blocking)) &&
                      (!copy || PyBool_Check(copy)) && (empty(format) || Py_TYPE(format) == memory_format_type);
    if (!fits || (other && (device || dtype))) no_such_to(a);
  }

  PyObject** named(std::string_view name) {
    if (name == "device") return &device;
    if (name == "dtype") return &dtype;
    if (name == "non_blocking") return &non_blocking;
    if (name == "copy") return &copy;
    if (name == "memory_format") return &format;
    return name == "tensor" ? &other : nullptr;
  }
};

DType dtype_argument(PyObject* o) {
  DType dtype = DType::Float32;
  if (is_dtype(o)) return dtype_of(o);
  if (is_python_type(o, dtype)) return dtype;
  fail(PyExc_TypeError, "dtype must be a type, str, or dtype object");
}

// What type() converts to: a dtype, a legacy class or its name.
DType type_argument(PyObject* o) {
  DType dtype = DType::Float32;
  if (is_dtype(o)) return dtype_of(o);
  if (is_tensor_kind(o, dtype)) return dtype;
  Ref name = Ref::borrow(o);
  if (PyType_Check(o)) name = own(PyObject_GetAttrString(o, "__name__"));
  if (!PyUnicode_Check(name.get())) fail(PyExc_TypeError, "dtype must be a type, str, or dtype object");
  if (o == reinterpret_cast<PyObject*>(tensor_type) || utf8(name.get()) == "torch.Tensor") return default_dtype();
  const std::string_view text = utf8(name.get());
  if (text.starts_with("torch.cuda.")) fail(PyExc_AssertionError, "Torch not compiled with CUDA enabled");
  for (int i = 0; i < kNumDTypes; ++i)
    if (text == std::string("torch.") + tensor_kind_name(static_cast<DType>(i))) return static_cast<DType>(i);
  fail(PyExc_ValueError, "invalid type: '%U'", name.get());
}

}  // namespace

PyObject* tensor_to(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    const ToArguments a(Arguments{args, n, keywords});
    DType dtype = tensor_of(self).dtype();
    if (a.device && a.device != Py_None) device_of(a.device);
    if (a.dtype && a.dtype != Py_None) dtype = dtype_argument(a.dtype);
    if (a.other) dtype = tensor_of(a.other).dtype();
    const OptFormat format = a.format && a.format != Py_None ? format_argument("to", a.format) : OptFormat{};
    return converted(self, dtype, a.copy == Py_True, format);
  });
}

PyObject* tensor_type_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<2> names{"type", {"dtype", "non_blocking"}};
    Bound<2> a(names, args, n, keywords);
    const DType own_type = tensor_of(self).dtype();
    if (!a.given(0)) return PyUnicode_FromFormat("torch.%s", tensor_kind_name(own_type));
    if (a[1] && !PyBool_Check(a[1]))
      fail(PyExc_TypeError, "type(): argument 'non_blocking' (position 2) must be bool, not %s",
           type_name(a[1]).c_str());
    return converted(self, type_argument(a[0]), false, {});
  });
}

PyObject* tensor_to_float(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::Float32>("float", self, a, n, k);
}
PyObject* tensor_to_double(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::Float64>("double", self, a, n, k);
}
PyObject* tensor_to_half(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::Float16>("half", self, a, n, k);
}
PyObject* tensor_to_bfloat16(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::BFloat16>("bfloat16", self, a, n, k);
}
PyObject* tensor_to_long(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::Int64>("long", self, a, n, k);
}
PyObject* tensor_to_int(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::Int32>("int", self, a, n, k);
}
PyObject* tensor_to_short(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::Int16>("short", self, a, n, k);
}
PyObject* tensor_to_char(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::Int8>("char", self, a, n, k);
}
PyObject* tensor_to_byte(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::UInt8>("byte", self, a, n, k);
}
PyObject* tensor_to_bool(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* k) {
  return convert<DType::Bool>("bool", self, a, n, k);
}

PyObject* tensor_cpu(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<1> names{"cpu", {"memory_format"}, 0};
    Bound<1> a(names, args, n, keywords);
    return converted(self, tensor_of(self).dtype(), false, format_argument("cpu", a[0]));
  });
}
PyObject* tensor_cuda(PyObject*, PyObject* const*, Py_ssize_t, PyObject*) {
  PyErr_SetString(PyExc_AssertionError, "Torch not compiled with CUDA enabled");
  return nullptr;
}

PyObject* tensor_new_tensor(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&] {
    static Names<5> names{"new_tensor", {"data", "dtype", "device", "requires_grad", "pin_memory"}, 1};
    Bound<5> a(names, args, n, keywords);
    if (!a[0]) fail(PyExc_TypeError, "new_tensor() missing 1 required positional arguments: \"data\"");
    Tensor t = tensor_from_data(a[0], a.given(1) ? dtype_argument(a[1]) : tensor_of(self).dtype());
    if (a.given(2)) device_of(a[2]);
    if (bool_argument("new_tensor", "requires_grad", a[3], false)) {
      check(is_floating(t.dtype()), "Only Tensors of floating point and complex dtype can require gradients");
      t.requires_grad_(true);
    }
    return wrap(static_cast<Tensor&&>(t));
  });
}

}  // namespace gradus::py
