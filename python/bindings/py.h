// What all files of the extension share: owned references, errors across the border, creation of types.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <string>
#include <string_view>

#include "gradus/core/error.h"

namespace gradus::py {

/// Owns one reference to a Python object.
class Ref {
 public:
  Ref() = default;
  explicit Ref(PyObject* object) : object_(object) {}
  Ref(Ref&& other) noexcept : object_(other.release()) {}
  Ref& operator=(Ref&& other) noexcept {
    PyObject* before = object_;
    object_ = other.release();
    Py_XDECREF(before);
    return *this;
  }
  ~Ref() { Py_XDECREF(object_); }
  static Ref borrow(PyObject* object) {
    Py_XINCREF(object);
    return Ref(object);
  }
  PyObject* get() const { return object_; }
  PyObject* release() {
    PyObject* object = object_;
    object_ = nullptr;
    return object;
  }
  explicit operator bool() const { return object_; }

 private:
  PyObject* object_ = nullptr;
};

/// Thrown when a Python exception is set.
struct PythonError {};

/// Sets a Python exception as PyErr_Format does and throws.
[[noreturn]] void fail(PyObject* exception, const char* format, ...);
/// Turns the C++ exception being handled into the Python exception of its kind.
void set_python_error() noexcept;
/// Raises a warning of the library as Python does; throws if the filters make it an exception.
void python_warning(std::string_view message, WarningKind kind);
/// An owned reference to a new object; throws if there is none because Python raised.
inline Ref own(PyObject* object) {
  if (!object) throw PythonError{};
  return Ref(object);
}
inline void ensure(bool ok) {
  if (!ok) throw PythonError{};
}

/// Runs `f`, which returns a new reference; C++ exceptions become Python's.
template <class F>
PyObject* guarded(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    set_python_error();
    return nullptr;
  }
}
/// The same for functions that return 0, or -1 after an exception.
template <class F>
int guarded_status(F&& f) noexcept {
  try {
    f();
    return 0;
  } catch (...) {
    set_python_error();
    return -1;
  }
}

inline PyObject* none() { Py_RETURN_NONE; }
inline PyObject* boolean(bool value) { return PyBool_FromLong(value); }
inline PyObject* text(std::string_view s) {
  return PyUnicode_FromStringAndSize(s.data(), static_cast<Py_ssize_t>(s.size()));
}
std::string_view utf8(PyObject* unicode);
PyObject* intern(std::string_view s);
/// Name of a type as PyTorch's messages print it.
std::string type_name(PyObject* object);
/// An attribute of a module, imported on first use and kept.
PyObject* imported(const char* module, const char* attribute);

PyTypeObject* make_type(PyType_Spec& spec, PyTypeObject* base = nullptr);
void add_object(PyObject* module, const char* name, PyObject* object);  // takes over the reference

using FastCall = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
using FastArgs = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);
inline PyCFunction as_method(FastCall f) { return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f)); }
inline PyCFunction as_method(FastArgs f) { return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f)); }
inline PyCFunction as_method(PyCFunctionWithKeywords f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(f));
}
template <class T>
void* slot(T* function) {
  return reinterpret_cast<void*>(function);
}
constexpr int kFast = METH_FASTCALL | METH_KEYWORDS;
constexpr int kKeywords = METH_VARARGS | METH_KEYWORDS;

// Each adds its part to the module.
void init_types(PyObject* module);
void init_tensor(PyObject* module);
void init_generator(PyObject* module);
void init_functions(PyObject* module);
void init_torch_function(PyObject* module);
void init_storage(PyObject* module);
void init_dlpack(PyObject* module);
void init_viz(PyObject* module);
void init_creation(PyObject* module);
void init_tensor_kinds(PyObject* module);
void init_numpy(PyObject* module);
void init_autograd(PyObject* module);
void init_function(PyObject* module);
void init_module_base(PyObject* module);
void init_optim(PyObject* module);
void init_stream(PyObject* module);
void init_files(PyObject* module);

}  // namespace gradus::py
