// Who overrides a call, in which order they are asked, and the switches for it.
#include "python/bindings/torch_function.h"

#include <string>
#include <vector>

#include "python/bindings/arguments.h"

// Exported by CPython: a look-up along the classes through the cache of methods; borrowed, sets no error.
extern "C" PyObject* _PyType_Lookup(PyTypeObject*, PyObject*);

namespace gradus::py {

int function_modes = 0;

namespace {

enum class State : uint8_t { Enabled, NoSubclass, Disabled };
thread_local State state = State::Enabled;
thread_local std::vector<PyObject*> modes;  // owned

PyObject* torch_function_name = nullptr;
PyObject* disabled = nullptr;  // what classes have as __torch_function__ that are not to override anything

bool is_basic(PyTypeObject* t) {
  return t == &PyLong_Type || t == &PyFloat_Type || t == &PyBool_Type || t == &PyUnicode_Type || t == &PyTuple_Type ||
         t == &PyList_Type || t == Py_TYPE(Py_None) || t == &PySlice_Type || t == &PyDict_Type || t == &PySet_Type ||
         t == &PyBytes_Type || t == &PyEllipsis_Type || t == &PyComplex_Type || t == &PyType_Type ||
         t == &PyModule_Type || t == &PyFunction_Type;
}

// Functions written in Python count plain tensors, too.
PyObject* types_of(const Overloaded& overloaded, bool python) {
  const bool plain = python && overloaded.plain;
  PyObject* types = PyTuple_New(overloaded.n + plain);
  if (types && plain) {
    Py_INCREF(tensor_type);
    PyTuple_SET_ITEM(types, overloaded.n, reinterpret_cast<PyObject*>(tensor_type));
  }
  for (int i = 0; types && i < overloaded.n; ++i) {
    PyObject* type = reinterpret_cast<PyObject*>(Py_TYPE(overloaded.items[i]));
    Py_INCREF(type);
    PyTuple_SET_ITEM(types, i, type);
  }
  return types;
}

PyObject* ask(PyObject* overrider, PyObject* function, PyObject* types, PyObject* args, PyObject* kwargs) {
  Ref method = own(PyObject_GetAttr(overrider, torch_function_name));
  return own(PyObject_CallFunctionObjArgs(method.get(), function, types, args, kwargs, nullptr)).release();
}

// The innermost mode is asked with the others still active, but not itself.
PyObject* ask_mode(PyObject* function, PyObject* types, PyObject* args, PyObject* kwargs) {
  struct Popped {
    PyObject* mode;
    Popped() : mode(modes.back()) {
      modes.pop_back();
      --function_modes;
    }
    ~Popped() {
      modes.push_back(mode);
      ++function_modes;
    }
  } popped;
  return ask(popped.mode, function, types, args, kwargs);
}

std::string qualified_name(PyObject* function) {
  static PyObject* resolve = imported("gradus.overrides", "_display_name");
  Ref name = own(PyObject_CallOneArg(resolve, function));
  return std::string(utf8(name.get()));
}

[[noreturn]] void nobody(PyObject* function, const Overloaded& overloaded, bool python) {
  const std::string name = qualified_name(function);
  if (python) {
    Ref types = own(types_of(overloaded, false)), list = own(PySequence_List(types.get()));
    fail(PyExc_TypeError, "no implementation found for '%s' on types that implement __torch_function__: %R",
         name.c_str(), list.get());
  }
  std::string text =
      "Multiple dispatch failed for '" + name + "'; all __torch_function__ handlers returned NotImplemented:\n\n";
  if (function_mode_active()) {
    Ref shown = own(PyObject_Repr(modes.back()));
    text += "  - mode object " + std::string(utf8(shown.get())) + "\n";
  }
  for (int i = 0; i < overloaded.n; ++i) {
    PyObject* type = reinterpret_cast<PyObject*>(Py_TYPE(overloaded.items[i]));
    Ref shown = own(PyObject_Repr(type));
    text += std::string(is_tensor(overloaded.items[i]) ? "  - tensor subclass " : "  - tensor-like object ") +
            std::string(utf8(shown.get())) + "\n";
  }
  text += "\nFor more information, try re-running with TORCH_LOGS=not_implemented";
  fail(PyExc_TypeError, "%s", text.c_str());
}

}  // namespace

bool function_mode_active_slow() { return !modes.empty() && state != State::Disabled; }

bool overrides_slow(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  if (state != State::Enabled || is_basic(type)) return false;
  PyObject* found = _PyType_Lookup(type, torch_function_name);
  return found && found != disabled && found != Py_None;
}

void Overloaded::insert(PyObject* o) {
  int at = n;
  for (int i = 0; i < n; ++i) {
    if (Py_TYPE(items[i]) == Py_TYPE(o)) return;
    if (at == n && PyType_IsSubtype(Py_TYPE(o), Py_TYPE(items[i]))) at = i;
  }
  if (n == kMax) return;
  for (int i = n; i > at; --i) items[i] = items[i - 1];
  items[at] = o;
  ++n;
}

void Overloaded::add_any(PyObject* o) {
  if (PyTuple_Check(o) || PyList_Check(o)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) add(PySequence_Fast_GET_ITEM(o, i));
    return;
  }
  add(o);
}

PyObject* call_override(PyObject* function, const Overloaded& overloaded, PyObject* args, PyObject* kwargs,
                        bool python) {
  Ref types = own(types_of(overloaded, python));
  if (function_mode_active()) {
    Ref result(ask_mode(function, types.get(), args, kwargs));
    if (result.get() != Py_NotImplemented) return result.release();
  }
  for (int i = 0; i < overloaded.n; ++i) {
    Ref result(ask(overloaded.items[i], function, types.get(), args, kwargs));
    if (result.get() != Py_NotImplemented) return result.release();
  }
  nobody(function, overloaded, python);
}

PyObject* call_override(PyObject* function, const Overloaded& overloaded, PyObject* self, PyObject* const* args,
                        Py_ssize_t n, PyObject* keywords) {
  const Py_ssize_t first = self ? 1 : 0;
  Ref tuple = own(PyTuple_New(n + first)), dict;
  auto put = [&](Py_ssize_t i, PyObject* o) {
    Py_INCREF(o);
    PyTuple_SET_ITEM(tuple.get(), i, o);
  };
  if (self) put(0, self);
  for (Py_ssize_t i = 0; i < n; ++i) put(first + i, args[i]);
  if (keywords && PyTuple_GET_SIZE(keywords)) {
    dict = own(PyDict_New());
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(keywords); ++k)
      ensure(PyDict_SetItem(dict.get(), PyTuple_GET_ITEM(keywords, k), args[n + k]) == 0);
  }
  return call_override(function, overloaded, tuple.get(), dict.get());
}

PyObject* override_method(const char* name, std::initializer_list<PyObject*> args, PyObject* kwargs) {
  Overloaded overloaded;
  Ref tuple = own(PyTuple_New(static_cast<Py_ssize_t>(args.size())));
  Py_ssize_t i = 0;
  for (PyObject* o : args) {
    overloaded.add(o);
    Py_INCREF(o);
    PyTuple_SET_ITEM(tuple.get(), i++, o);
  }
  Ref function = own(PyObject_GetAttrString(reinterpret_cast<PyObject*>(tensor_type), name));
  return call_override(function.get(), overloaded, tuple.get(), kwargs);
}

// ---- for Python

namespace {

PyObject* disabled_impl(PyObject*, PyObject* args) {
  PyObject *function, *types, *arguments = nullptr, *kwargs = nullptr;
  if (!PyArg_ParseTuple(args, "OO|OO:_disabled_torch_function_impl", &function, &types, &arguments, &kwargs))
    return nullptr;
  const State before = state;
  state = State::NoSubclass;
  Ref given(arguments ? PySequence_Tuple(arguments) : PyTuple_New(0));
  PyObject* result = given ? PyObject_Call(function, given.get(), kwargs == Py_None ? nullptr : kwargs) : nullptr;
  state = before;
  return result;
}

PyObject* has_variadic(PyObject*, PyObject* const* args, Py_ssize_t n) {
  bool found = function_mode_active();
  for (Py_ssize_t i = 0; i < n && !found; ++i) found = overrides(args[i]);
  return boolean(found);
}
PyObject* has_unary(PyObject*, PyObject* o) { return boolean(overridden(o)); }
PyObject* has_in(PyObject*, PyObject* sequence) {
  return guarded([&] {
    Ref list = own(PySequence_Fast(sequence, "expected a sequence"));
    return has_variadic(nullptr, PySequence_Fast_ITEMS(list.get()), PySequence_Fast_GET_SIZE(list.get()));
  });
}

PyObject* overloaded_args(PyObject*, PyObject* sequence) {
  return guarded([&] {
    Ref list = own(PySequence_Fast(sequence, "expected a sequence")), result = own(PyList_New(0));
    Overloaded overloaded;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i)
      overloaded.add(PySequence_Fast_GET_ITEM(list.get(), i));
    for (int i = 0; i < overloaded.n; ++i) ensure(PyList_Append(result.get(), overloaded.items[i]) == 0);
    return result.release();
  });
}

// _handle_torch_function(function, relevant arguments, args, kwargs)
PyObject* handle(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 4) fail(PyExc_TypeError, "_handle_torch_function() takes 4 arguments");
    Ref list = own(PySequence_Fast(args[1], "expected a sequence"));
    Overloaded overloaded;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i)
      overloaded.add(PySequence_Fast_GET_ITEM(list.get(), i));
    return call_override(args[0], overloaded, args[2], args[3], true);
  });
}

PyObject* push_mode(PyObject*, PyObject* mode) {
  Py_INCREF(mode);
  modes.push_back(mode);
  ++function_modes;
  Py_RETURN_NONE;
}
PyObject* pop_mode(PyObject*, PyObject*) {
  if (modes.empty()) return PyErr_Format(PyExc_AssertionError, "Trying to pop from empty mode stack");
  PyObject* mode = modes.back();
  modes.pop_back();
  --function_modes;
  return mode;
}
PyObject* mode_count(PyObject*, PyObject*) { return PyLong_FromSize_t(modes.size()); }
PyObject* mode_at(PyObject*, PyObject* index) {
  const Py_ssize_t i = PyLong_AsSsize_t(index);
  if (i < 0 || i >= static_cast<Py_ssize_t>(modes.size()))
    return PyErr_Occurred() ? nullptr : PyErr_Format(PyExc_AssertionError, "no function mode at position %zd", i);
  return Py_INCREF(modes[static_cast<size_t>(i)]), modes[static_cast<size_t>(i)];
}
PyObject* mode_enabled(PyObject*, PyObject*) { return boolean(function_mode_active()); }
PyObject* subclass_enabled(PyObject*, PyObject*) { return boolean(state == State::Enabled); }
PyObject* all_disabled(PyObject*, PyObject*) { return boolean(state == State::Disabled); }

// ---- DisableTorchFunctionSubclass and DisableTorchFunction

struct Switch {
  PyObject_HEAD State before;
};
template <State S>
PyObject* enter(PyObject* self, PyObject*) {
  reinterpret_cast<Switch*>(self)->before = state;
  if (state < S) state = S;
  Py_RETURN_NONE;
}
PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) {
  state = reinterpret_cast<Switch*>(self)->before;
  Py_RETURN_NONE;
}
template <State S>
void add_switch(PyObject* module, const char* name, const char* full_name) {
  static PyMethodDef methods[] = {
      {"__enter__", &enter<S>, METH_NOARGS, nullptr}, {"__exit__", as_method(&leave), METH_FASTCALL, nullptr}, {}};
  PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, nullptr}};
  PyType_Spec spec{full_name, sizeof(Switch), 0, Py_TPFLAGS_DEFAULT, slots};
  add_object(module, name, reinterpret_cast<PyObject*>(make_type(spec)));
}

PyMethodDef functions[] = {{"_has_torch_function", &has_in, METH_O, nullptr},
                           {"_has_torch_function_unary", &has_unary, METH_O, nullptr},
                           {"_has_torch_function_variadic", as_method(&has_variadic), METH_FASTCALL, nullptr},
                           {"_get_overloaded_args", &overloaded_args, METH_O, nullptr},
                           {"_handle_torch_function", as_method(&handle), METH_FASTCALL, nullptr},
                           {"_push_on_torch_function_stack", &push_mode, METH_O, nullptr},
                           {"_pop_torch_function_stack", &pop_mode, METH_NOARGS, nullptr},
                           {"_len_torch_function_stack", &mode_count, METH_NOARGS, nullptr},
                           {"_get_function_stack_at", &mode_at, METH_O, nullptr},
                           {"_is_torch_function_mode_enabled", &mode_enabled, METH_NOARGS, nullptr},
                           {"_is_torch_function_enabled", &subclass_enabled, METH_NOARGS, nullptr},
                           {"_is_torch_function_all_disabled", &all_disabled, METH_NOARGS, nullptr},
                           {}};
PyMethodDef disabled_def{"_disabled_torch_function_impl", &disabled_impl, METH_VARARGS, nullptr};

}  // namespace

void init_torch_function(PyObject* module) {
  torch_function_name = intern("__torch_function__");
  disabled = own(PyCFunction_New(&disabled_def, nullptr)).release();
  Py_INCREF(disabled);
  add_object(module, "_disabled_torch_function_impl", disabled);
  ensure(PyModule_AddFunctions(module, functions) == 0);
  add_switch<State::NoSubclass>(module, "DisableTorchFunctionSubclass", "gradus._C.DisableTorchFunctionSubclass");
  add_switch<State::Disabled>(module, "DisableTorchFunction", "gradus._C.DisableTorchFunction");
}

}  // namespace gradus::py
