// The callables of the package: functions of the module and methods of Tensor, made from the operator table, from
// functions written by hand and from Python functions. All can be overridden by __torch_function__.
#include <cstddef>
#include <string>

#include "python/bindings/named_tuple.h"
#include "python/bindings/py.h"
#include "python/bindings/signatures.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/torch_function.h"

namespace gradus::py {

namespace {

// One of the operator table (`group`), one written by hand in C++ (`def`) or one written in Python (`function`).
struct Callable {
  PyObject_HEAD vectorcallfunc vectorcall;
  const Group* group;
  const PyMethodDef* def;
  PyObject* function;
  bool method;
};
Callable* of(PyObject* o) { return reinterpret_cast<Callable*>(o); }
const Group& group_of(PyObject* o) { return *of(o)->group; }
std::string name_of(PyObject* o) { return of(o)->group ? of(o)->group->name : std::string(of(o)->def->ml_name); }

PyObject* call_function(PyObject* self, PyObject* const* args, size_t n, PyObject* keywords) {
  return guarded([&] { return call_group(group_of(self), self, nullptr, args, PyVectorcall_NARGS(n), keywords); });
}

bool is_self(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  if (n >= 1 && is_tensor(args[0])) return true;
  PyErr_Format(PyExc_TypeError, "descriptor '%s' for 'torch._C.TensorBase' objects doesn't apply to a '%s' object",
               name_of(self).c_str(), n ? type_name(args[0]).c_str() : "missing");
  return false;
}

PyObject* call_method(PyObject* self, PyObject* const* args, size_t nargs, PyObject* keywords) {
  const Py_ssize_t n = PyVectorcall_NARGS(nargs);
  if (!is_self(self, args, n)) return nullptr;
  return guarded([&] { return call_group(group_of(self), self, args[0], args + 1, n - 1, keywords); });
}

// ---- written by hand

using Plain = PyObject* (*)(PyObject*, PyObject*);
PyObject* call_def(const PyMethodDef& def, PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  const auto any = reinterpret_cast<void*>(def.ml_meth);
  const Py_ssize_t n_keywords = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  if (def.ml_flags & METH_FASTCALL) {
    if (def.ml_flags & METH_KEYWORDS) return reinterpret_cast<FastCall>(any)(self, args, n, keywords);
    if (n_keywords) return PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", def.ml_name);
    return reinterpret_cast<FastArgs>(any)(self, args, n);
  }
  if (n_keywords) return PyErr_Format(PyExc_TypeError, "TensorBase.%s() takes no keyword arguments", def.ml_name);
  if (def.ml_flags & METH_NOARGS) {
    if (n) return PyErr_Format(PyExc_TypeError, "TensorBase.%s() takes no arguments (%zd given)", def.ml_name, n);
    return def.ml_meth(self, nullptr);
  }
  if (n != 1)
    return PyErr_Format(PyExc_TypeError, "TensorBase.%s() takes exactly one argument (%zd given)", def.ml_name, n);
  return def.ml_meth(self, args[0]);
}

PyObject* call_def_method(PyObject* self, PyObject* const* args, size_t nargs, PyObject* keywords) {
  const Py_ssize_t n = PyVectorcall_NARGS(nargs);
  if (!is_self(self, args, n)) return nullptr;
  if (overridden(args[0])) [[unlikely]]
    return guarded([&] {
      Overloaded overloaded;
      overloaded.add(args[0]);
      return call_override(self, overloaded, nullptr, args, n, keywords);
    });
  return call_def(*of(self)->def, args[0], args + 1, n - 1, keywords);
}

PyObject* call_def_of_arguments(PyObject* self, PyObject* const* args, size_t nargs, PyObject* keywords) {
  const Py_ssize_t n = PyVectorcall_NARGS(nargs), all = n + (keywords ? PyTuple_GET_SIZE(keywords) : 0);
  Overloaded overloaded;
  for (Py_ssize_t i = 0; i < all; ++i) overloaded.add(args[i]);
  if (overloaded.active()) [[unlikely]]
    return guarded([&] { return call_override(self, overloaded, nullptr, args, n, keywords); });
  return call_def(*of(self)->def, nullptr, args, n, keywords);
}

PyObject* call_def_function(PyObject* self, PyObject* const* args, size_t nargs, PyObject* keywords) {
  const Py_ssize_t n = PyVectorcall_NARGS(nargs);
  if (function_mode_active()) [[unlikely]]
    return guarded([&] { return call_override(self, Overloaded(), nullptr, args, n, keywords); });
  return call_def(*of(self)->def, nullptr, args, n, keywords);
}

// ---- written in Python

PyObject* call_python(PyObject* self, PyObject* const* args, size_t nargs, PyObject* keywords) {
  const Py_ssize_t n = PyVectorcall_NARGS(nargs), all = n + (keywords ? PyTuple_GET_SIZE(keywords) : 0);
  Overloaded overloaded;
  for (Py_ssize_t i = 0; i < all; ++i) overloaded.add_any(args[i]);
  if (!overloaded.active()) return PyObject_Vectorcall(of(self)->function, args, nargs, keywords);
  return guarded([&] {
    Ref tuple = own(PyTuple_New(n)), dict = own(PyDict_New());
    for (Py_ssize_t i = 0; i < n; ++i) {
      Py_INCREF(args[i]);
      PyTuple_SET_ITEM(tuple.get(), i, args[i]);
    }
    for (Py_ssize_t i = n; i < all; ++i)
      ensure(PyDict_SetItem(dict.get(), PyTuple_GET_ITEM(keywords, i - n), args[i]) == 0);
    static PyObject* as_written = imported("gradus.overrides", "_as_written");
    Ref both = own(PyObject_CallFunctionObjArgs(as_written, of(self)->function, tuple.get(), dict.get(), nullptr));
    return call_override(self, overloaded, PyTuple_GetItem(both.get(), 0), PyTuple_GetItem(both.get(), 1), true);
  });
}
void dealloc_python(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_CLEAR(of(self)->function);
  type->tp_free(self);
  Py_DECREF(type);
}
int traverse_python(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(of(self)->function);
  Py_VISIT(Py_TYPE(self));
  return 0;
}
// Name, signature, text and attributes are those of the function inside.
PyObject* getattr_python(PyObject* self, PyObject* name) {
  for (const char* own_name : {"__class__", "__get__", "__call__", "__reduce__", "__reduce_ex__"})
    if (PyUnicode_CompareWithASCIIString(name, own_name) == 0) return PyObject_GenericGetAttr(self, name);
  if (PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0)
    return Py_INCREF(of(self)->function), of(self)->function;
  return PyObject_GetAttr(of(self)->function, name);
}
int setattr_python(PyObject* self, PyObject* name, PyObject* value) {
  return PyObject_SetAttr(of(self)->function, name, value);
}
PyObject* repr_python(PyObject* self) { return PyObject_Repr(of(self)->function); }
PyObject* reduce_python(PyObject* self, PyObject*) {
  return PyObject_GetAttrString(of(self)->function, "__qualname__");
}

PyObject* bind_method(PyObject* self, PyObject* object, PyObject*) {
  if (!object) {
    Py_INCREF(self);
    return self;
  }
  return PyMethod_New(self, object);
}

PyObject* get_name(PyObject* self, void*) { return text(name_of(self)); }
PyObject* get_qualname(PyObject* self, void*) {
  return text((of(self)->method ? "TensorBase." : "_VariableFunctionsClass.") + name_of(self));
}
PyObject* get_module(PyObject* self, void*) {
  if (of(self)->method) Py_RETURN_NONE;
  return PyUnicode_FromString("gradus");
}
PyObject* get_doc(PyObject* self, void*) {
  if (of(self)->def) return of(self)->def->ml_doc ? PyUnicode_FromString(of(self)->def->ml_doc) : none();
  const Group& g = group_of(self);
  std::string doc;
  for (const Overload& o : g.overloads)
    if (!o.hidden) doc += g.name + o.text + "\n";
  doc += "\n" + std::string(g.overloads[0].entry->op->doc);
  return text(doc);
}
PyObject* repr(PyObject* self) {
  return PyUnicode_FromFormat(
      of(self)->method ? "<method '%s' of 'torch._C.TensorBase' objects>" : "<built-in method %s of type object>",
      name_of(self).c_str());
}
PyObject* reduce(PyObject* self, PyObject*) {
  if (!of(self)->method) return text(name_of(self));
  static PyObject* getattr = imported("builtins", "getattr");
  return Py_BuildValue("O(Os)", getattr, tensor_type, name_of(self).c_str());
}

PyGetSetDef attributes[] = {{"__name__", &get_name, nullptr, nullptr, nullptr},
                            {"__qualname__", &get_qualname, nullptr, nullptr, nullptr},
                            {"__module__", &get_module, nullptr, nullptr, nullptr},
                            {"__doc__", &get_doc, nullptr, nullptr, nullptr},
                            {}};
PyMethodDef methods[] = {{"__reduce__", &reduce, METH_NOARGS, nullptr}, {}};
PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(Callable, vectorcall), READONLY, nullptr}, {}};

PyTypeObject* make_callable_type(const char* name, bool method) {
  PyType_Slot slots[] = {{Py_tp_getset, attributes},
                         {Py_tp_methods, methods},
                         {Py_tp_members, members},
                         {Py_tp_repr, slot(&repr)},
                         {Py_tp_call, slot(&PyVectorcall_Call)},
                         {method ? Py_tp_descr_get : 0, method ? slot(&bind_method) : nullptr},
                         {0, nullptr}};
  PyType_Spec spec{
      name, sizeof(Callable), 0,
      static_cast<unsigned>(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                            (method ? Py_TPFLAGS_METHOD_DESCRIPTOR : 0)),
      slots};
  return make_type(spec);
}

PyTypeObject *function_type = nullptr, *method_type = nullptr, *python_type = nullptr;

PyObject* make_callable(bool method, const Group* group, const PyMethodDef* def, vectorcallfunc call) {
  auto* c = PyObject_New(Callable, method ? method_type : function_type);
  ensure(c);
  c->vectorcall = call;
  c->group = group;
  c->def = def;
  c->function = nullptr;
  c->method = method;
  return reinterpret_cast<PyObject*>(c);
}
PyObject* make_callable(const Group* group) {
  return make_callable(group->method, group, nullptr, group->method ? &call_method : &call_function);
}

void init_callables() {
  function_type = make_callable_type("gradus._C.Function", false);
  method_type = make_callable_type("gradus._C.Method", true);
  static PyMethodDef more[] = {{"__reduce__", &reduce_python, METH_NOARGS, nullptr}, {}};
  PyType_Slot slots[] = {{Py_tp_members, members},
                         {Py_tp_methods, more},
                         {Py_tp_repr, slot(&repr_python)},
                         {Py_tp_call, slot(&PyVectorcall_Call)},
                         {Py_tp_dealloc, slot(&dealloc_python)},
                         {Py_tp_traverse, slot(&traverse_python)},
                         {Py_tp_getattro, slot(&getattr_python)},
                         {Py_tp_setattro, slot(&setattr_python)},
                         {Py_tp_descr_get, slot(&bind_method)},
                         {0, nullptr}};
  PyType_Spec spec{"gradus._C.OverridableFunction", sizeof(Callable), 0,
                   static_cast<unsigned>(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                                         Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_METHOD_DESCRIPTOR),
                   slots};
  python_type = make_type(spec);
}

PyObject* make_overridable(PyObject*, PyObject* function) {
  return guarded([&] {
    auto* c = PyObject_GC_New(Callable, python_type);
    ensure(c);
    c->vectorcall = &call_python;
    c->group = nullptr;
    c->def = nullptr;
    c->function = function;
    c->method = false;
    Py_INCREF(function);
    PyObject_GC_Track(reinterpret_cast<PyObject*>(c));
    return reinterpret_cast<PyObject*>(c);
  });
}
PyMethodDef overridable_def{"_overridable", &make_overridable, METH_O,
                            "The same function, overridden by a __torch_function__ of its arguments."};

// ---- attributes

struct Attribute {
  const char* name;
  getter get;
  setter set;
};
PyObject* override_attribute(PyObject* self, const char* name, const char* access, PyObject* value) {
  Overloaded overloaded;
  overloaded.add(self);
  Ref descriptor = own(PyObject_GetAttrString(reinterpret_cast<PyObject*>(tensor_type), name));
  Ref function = own(PyObject_GetAttrString(descriptor.get(), access));
  Ref args = own(value ? PyTuple_Pack(2, self, value) : PyTuple_Pack(1, self));
  return call_override(function.get(), overloaded, args.get(), nullptr);
}
PyObject* get_attribute(PyObject* self, void* closure) {
  const auto* a = static_cast<const Attribute*>(closure);
  if (!overridden(self)) [[likely]]
    return a->get(self, nullptr);
  return guarded([&] { return override_attribute(self, a->name, "__get__", nullptr); });
}
int set_attribute(PyObject* self, PyObject* value, void* closure) {
  const auto* a = static_cast<const Attribute*>(closure);
  if (!value || !overridden(self)) [[likely]]
    return a->set(self, value, nullptr);
  return guarded_status([&] { Ref done(override_attribute(self, a->name, "__set__", value)); });
}

// Looks for functions of nn.functional in _nn, so that `_C.linear` works without being a public name.
PyObject* nn = nullptr;
PyObject* module_getattr(PyObject*, PyObject* name) {
  if (PyUnicode_Check(name)) {
    if (PyObject* found = PyDict_GetItemWithError(PyModule_GetDict(nn), name)) {
      Py_INCREF(found);
      return found;
    }
  }
  return PyErr_Occurred() ? nullptr
                          : PyErr_Format(PyExc_AttributeError, "module 'gradus._C' has no attribute '%U'", name);
}
PyMethodDef getattr_def{"__getattr__", &module_getattr, METH_O, nullptr};

}  // namespace

PyObject* make_method(PyMethodDef* def) { return make_callable(true, nullptr, def, &call_def_method); }
PyObject* make_function(PyMethodDef* def, bool by_arguments) {
  return make_callable(false, nullptr, def, by_arguments ? &call_def_of_arguments : &call_def_function);
}

void add_methods(PyTypeObject* type, PyMethodDef* defs) {
  if (!method_type) init_callables();
  for (PyMethodDef* d = defs; d->ml_name; ++d) {
    Ref method(d->ml_flags & METH_STATIC ? PyStaticMethod_New(Ref(PyCFunction_New(d, nullptr)).get()) : make_method(d));
    ensure(method.get() && PyDict_SetItemString(type->tp_dict, d->ml_name, method.get()) == 0);
  }
  PyType_Modified(type);
}
void add_functions(PyObject* module, PyMethodDef* defs, bool by_arguments) {
  for (PyMethodDef* d = defs; d->ml_name; ++d) add_object(module, d->ml_name, make_function(d, by_arguments));
}

PyGetSetDef* overridable(PyGetSetDef* defs) {
  size_t n = 0;
  while (defs[n].name) ++n;
  auto* attributes = new Attribute[n];
  auto* out = new PyGetSetDef[n + 1]();
  for (size_t i = 0; i < n; ++i) {
    attributes[i] = {defs[i].name, defs[i].get, defs[i].set};
    out[i] = {defs[i].name, &get_attribute, defs[i].set ? &set_attribute : nullptr, defs[i].doc, attributes + i};
  }
  return out;
}

void init_functions(PyObject* module) {
  Ref names = own(PyList_New(0));
  for (Group* g : build_groups(Home::Function)) {
    add_object(module, g->name.c_str(), make_callable(g));
    ensure(PyList_Append(names.get(), own(text(g->name)).get()) == 0);
  }
  add_object(module, "__functions__", names.release());
  nn = PyModule_New("gradus._C._nn");
  ensure(nn);
  for (Group* g : build_groups(Home::Nn)) add_object(nn, g->name.c_str(), make_callable(g));
  Py_INCREF(nn);
  add_object(module, "_nn", nn);
  add_object(module, "__getattr__", PyCFunction_New(&getattr_def, nullptr));

  PyObject* base = reinterpret_cast<PyObject*>(tensor_type->tp_base);
  for (Group* g : build_groups(Home::Method)) {
    Ref method(make_callable(g));
    // What is written by hand comes first.
    if (PyDict_GetItemString(tensor_type->tp_base->tp_dict, g->name.c_str())) continue;
    ensure(PyDict_SetItemString(tensor_type->tp_base->tp_dict, g->name.c_str(), method.get()) == 0);
  }
  PyType_Modified(reinterpret_cast<PyTypeObject*>(base));
  PyType_Modified(tensor_type);
  add_named_tuples(module);
  add_object(module, "_overridable", PyCFunction_New(&overridable_def, nullptr));
}

}  // namespace gradus::py
