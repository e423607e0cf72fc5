// Errors, names and types between C++ and Python.
#include "python/bindings/py.h"

#include <cstdarg>
#include <exception>
#include <new>

namespace gradus::py {

namespace {
PyObject* out_of_memory = nullptr;

PyObject* exception_class(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Runtime: return PyExc_RuntimeError;
    case ErrorKind::Index: return PyExc_IndexError;
    case ErrorKind::Value: return PyExc_ValueError;
    case ErrorKind::Type: return PyExc_TypeError;
    case ErrorKind::NotImplemented: return PyExc_NotImplementedError;
    case ErrorKind::Attribute: return PyExc_AttributeError;
    case ErrorKind::OutOfMemory: return out_of_memory;
    case ErrorKind::ZeroDivision: return PyExc_ZeroDivisionError;
    case ErrorKind::Linalg: break;
  }
  return PyExc_RuntimeError;
}
}  // namespace

void fail(PyObject* exception, const char* format, ...) {
  va_list args;
  va_start(args, format);
  PyErr_FormatV(exception, format, args);
  va_end(args);
  throw PythonError{};
}

void python_warning(std::string_view message, WarningKind kind) {
  PyObject* const classes[] = {PyExc_UserWarning, PyExc_DeprecationWarning, PyExc_FutureWarning, PyExc_RuntimeWarning};
  PyObject *type, *value, *trace;  // a warning on the way of an exception must not replace it
  PyErr_Fetch(&type, &value, &trace);
  const int status = PyErr_WarnEx(classes[static_cast<int>(kind)], std::string(message).c_str(), 1);
  if (!type) return ensure(status == 0);
  PyErr_Restore(type, value, trace);
}

void set_python_error() noexcept {
  try {
    throw;
  } catch (const PythonError&) {
  } catch (const Error& error) {
    PyErr_SetString(exception_class(error.kind()), error.what());
  } catch (const std::bad_alloc&) { PyErr_NoMemory(); } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (...) { PyErr_SetString(PyExc_RuntimeError, "unknown C++ exception"); }
}

std::string_view utf8(PyObject* unicode) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(unicode, &size);
  ensure(data);
  return {data, static_cast<size_t>(size)};
}

PyObject* intern(std::string_view s) {
  PyObject* object = text(s);
  ensure(object);
  PyUnicode_InternInPlace(&object);
  return object;
}

std::string type_name(PyObject* object) {
  const std::string_view name = Py_TYPE(object)->tp_name;
  // Classes of this package show as PyTorch's; graph nodes by their last part.
  if (name.starts_with("gradus.autograd.")) return std::string(name.substr(name.rfind('.') + 1));
  return name.starts_with("gradus.") ? "torch." + std::string(name.substr(7)) : std::string(name);
}

PyObject* imported(const char* module, const char* attribute) {
  Ref m = own(PyImport_ImportModule(module));
  return own(PyObject_GetAttrString(m.get(), attribute)).release();
}

PyTypeObject* make_type(PyType_Spec& spec, PyTypeObject* base) {
  Ref bases;
  if (base) bases = own(PyTuple_Pack(1, base));
  return reinterpret_cast<PyTypeObject*>(own(PyType_FromSpecWithBases(&spec, bases.get())).release());
}

void add_object(PyObject* module, const char* name, PyObject* object) {
  ensure(object);
  if (PyModule_AddObject(module, name, object) < 0) {
    Py_DECREF(object);
    throw PythonError{};
  }
  if (!out_of_memory) {
    out_of_memory = PyErr_NewException("gradus.OutOfMemoryError", PyExc_RuntimeError, nullptr);
    Py_XINCREF(out_of_memory);
    add_object(module, "OutOfMemoryError", out_of_memory);
  }
}

}  // namespace gradus::py
