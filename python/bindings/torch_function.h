// Functions overridden by __torch_function__: of subclasses of Tensor, of other classes that act as tensors, of modes.
#pragma once
#include "python/bindings/tensor_type.h"

namespace gradus::py {

/// Modes entered on any thread; zero keeps every call on the fast path.
extern int function_modes;
bool function_mode_active_slow();
/// True if a TorchFunctionMode is active on this thread.
inline bool function_mode_active() { return function_modes && function_mode_active_slow(); }

bool overrides_slow(PyObject* o);
/// True if the class of `o` has a __torch_function__ that is not switched off.
inline bool overrides(PyObject* o) { return Py_TYPE(o) != tensor_type && overrides_slow(o); }
/// True for a call on one object that is not plain.
inline bool overridden(PyObject* self) { return function_mode_active() || overrides(self); }

/// Arguments that override a call, one of each class; subclasses come before the classes they derive from.
struct Overloaded {
  static constexpr int kMax = 16;
  PyObject* items[kMax];
  int n = 0;
  bool plain = false;  // a tensor of no subclass is among the arguments
  void add(PyObject* o) {
    if (Py_TYPE(o) == tensor_type) plain = true;
    else if (overrides_slow(o)) insert(o);
  }
  /// The object, or the elements of a list.
  void add_any(PyObject* o);
  bool active() const { return n || function_mode_active(); }

 private:
  void insert(PyObject* o);
};

/// What the overriding arguments or the innermost mode make of a call (a new reference). `args` is a tuple, `kwargs` a
/// dict or null. TypeError if all return NotImplemented.
PyObject* call_override(PyObject* function, const Overloaded& overloaded, PyObject* args, PyObject* kwargs,
                        bool python = false);
/// The same from the arguments of a vectorcall, with `self` (if any) in front.
PyObject* call_override(PyObject* function, const Overloaded& overloaded, PyObject* self, PyObject* const* args,
                        Py_ssize_t n, PyObject* keywords);
/// A call of Tensor.<name>(args...) overridden by one of its arguments.
PyObject* override_method(const char* name, std::initializer_list<PyObject*> args, PyObject* kwargs = nullptr);

/// A callable object around a method of Tensor or a function of the module that is written by hand; it can be
/// overridden like those of the operator table.
PyObject* make_function(PyMethodDef* def, bool by_arguments);
PyObject* make_method(PyMethodDef* def);
/// Puts methods written by hand into the class, functions into the module. All functions are overridden by modes, those
/// that ask a tensor something also by their arguments.
void add_methods(PyTypeObject* type, PyMethodDef* defs);
void add_functions(PyObject* module, PyMethodDef* defs, bool by_arguments);
/// Getters and setters that can be overridden, made from `defs`; lives as long as the process.
PyGetSetDef* overridable(PyGetSetDef* defs);

}  // namespace gradus::py
