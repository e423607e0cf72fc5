// Numbers of Python, NumPy and 0-d tensors as C++ numbers, and results as Python objects.
#include "python/bindings/values.h"

#include <cstring>

#include "python/bindings/types.h"

namespace gradus::py {

namespace {

struct NumpyTypes {
  PyTypeObject *boolean = nullptr, *integer = nullptr, *floating = nullptr;
};

const NumpyTypes* numpy_types() {
  static NumpyTypes types;
  if (types.floating) return &types;
  PyObject* numpy = PyImport_GetModule(own(PyUnicode_InternFromString("numpy")).get());  // only if already imported
  if (!numpy) {
    PyErr_Clear();
    return nullptr;
  }
  Ref module(numpy);
  types.boolean = reinterpret_cast<PyTypeObject*>(own(PyObject_GetAttrString(numpy, "bool_")).release());
  types.integer = reinterpret_cast<PyTypeObject*>(own(PyObject_GetAttrString(numpy, "integer")).release());
  types.floating = reinterpret_cast<PyTypeObject*>(own(PyObject_GetAttrString(numpy, "floating")).release());
  return &types;
}

bool has_index(PyObject* o) {
  PyNumberMethods* number = Py_TYPE(o)->tp_as_number;
  return number && number->nb_index;
}

int64_t from_long(PyObject* o) {
  int overflow = 0;
  const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
  if (overflow) fail(PyExc_RuntimeError, "Overflow when unpacking long long");
  ensure(v != -1 || !PyErr_Occurred());
  return v;
}

}  // namespace

NumpyKind numpy_scalar(PyObject* o) {
  if (std::strncmp(Py_TYPE(o)->tp_name, "numpy.", 6) != 0) return NumpyKind::None;
  const NumpyTypes* types = numpy_types();
  if (!types) return NumpyKind::None;
  PyTypeObject* t = Py_TYPE(o);
  if (PyType_IsSubtype(t, types->floating)) return NumpyKind::Float;
  if (PyType_IsSubtype(t, types->integer)) return NumpyKind::Int;
  return t == types->boolean ? NumpyKind::Bool : NumpyKind::None;
}

bool is_int(PyObject* o) {
  if (PyLong_Check(o)) return !PyBool_Check(o);
  return numpy_scalar(o) == NumpyKind::Int;
}

bool is_number(PyObject* o) { return PyFloat_Check(o) || PyLong_Check(o) || numpy_scalar(o) != NumpyKind::None; }

bool is_number_tensor(PyObject* o, bool integer) {
  if (!is_tensor(o)) return false;
  const Tensor& t = tensor_of(o);
  return t.dim() == 0 && !t.requires_grad() && (!integer || is_integral(t.dtype()));
}

bool is_index(PyObject* o) {
  if (PyLong_Check(o)) return true;
  if (is_tensor(o)) return tensor_of(o).numel() == 1 && is_integral(tensor_of(o).dtype());
  if (!has_index(o)) return false;
  Ref index(PyNumber_Index(o));
  if (!index) PyErr_Clear();
  return static_cast<bool>(index);
}

Scalar to_scalar(PyObject* o) {
  if (PyFloat_Check(o)) return Scalar(PyFloat_AS_DOUBLE(o));
  if (PyBool_Check(o)) return Scalar(o == Py_True);
  if (PyLong_Check(o)) return Scalar(static_cast<long>(from_long(o)));
  if (is_tensor(o)) return tensor_of(o).item();
  switch (numpy_scalar(o)) {
    case NumpyKind::Bool: return Scalar(PyObject_IsTrue(o) == 1);
    case NumpyKind::Int: return Scalar(static_cast<long>(to_int(o)));
    default: break;
  }
  return Scalar(to_double(o));
}

int64_t to_int(PyObject* o) {
  if (PyLong_Check(o)) return from_long(o);
  if (is_tensor(o)) return tensor_of(o).item().to_int();
  return from_long(own(PyNumber_Index(o)).get());
}

double to_double(PyObject* o) {
  if (PyFloat_Check(o)) return PyFloat_AS_DOUBLE(o);
  if (is_tensor(o)) return tensor_of(o).item().to_double();
  const double v = PyFloat_AsDouble(o);
  ensure(v != -1.0 || !PyErr_Occurred());
  return v;
}

bool to_bool(PyObject* o) {
  if (is_tensor(o)) return tensor_of(o).item().to_bool();
  const int v = PyObject_IsTrue(o);
  ensure(v >= 0);
  return v;
}

PyObject* to_python(const Scalar& s) {
  if (s.is_float()) return PyFloat_FromDouble(s.to_double());
  if (s.is_bool()) return boolean(s.to_bool());
  return PyLong_FromLongLong(s.to_int());
}

PyObject* to_python(Results& r) {
  switch (r.kind) {
    case Results::Kind::Nothing: return none();
    case Results::Kind::List: return wrap_list(r.list);
    case Results::Kind::DType: return wrap(static_cast<DType>(r.number.to_int()));
    case Results::Kind::Tensors: break;
    default: return to_python(r.number);
  }
  if (r.n == 1) return wrap(static_cast<Tensor&&>(r.tensors[0]));
  Ref tuple = own(PyTuple_New(r.n));
  for (int i = 0; i < r.n; ++i) PyTuple_SET_ITEM(tuple.get(), i, wrap(static_cast<Tensor&&>(r.tensors[i])));
  return tuple.release();
}

}  // namespace gradus::py
