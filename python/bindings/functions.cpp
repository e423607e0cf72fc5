// The callables made from the operator table: functions of the module, methods of Tensor.
#include <cstddef>
#include <string>

#include "python/bindings/named_tuple.h"
#include "python/bindings/py.h"
#include "python/bindings/signatures.h"
#include "python/bindings/tensor_type.h"

namespace gradus::py {

namespace {

struct Callable {
  PyObject_HEAD vectorcallfunc vectorcall;
  const Group* group;
};
const Group& group_of(PyObject* o) { return *reinterpret_cast<Callable*>(o)->group; }

PyObject* call_function(PyObject* self, PyObject* const* args, size_t n, PyObject* keywords) {
  return guarded([&] { return call_group(group_of(self), nullptr, args, PyVectorcall_NARGS(n), keywords); });
}

PyObject* call_method(PyObject* self, PyObject* const* args, size_t nargs, PyObject* keywords) {
  const Group& g = group_of(self);
  const Py_ssize_t n = PyVectorcall_NARGS(nargs);
  if (n < 1 || !is_tensor(args[0]))
    return PyErr_Format(PyExc_TypeError,
                        "descriptor '%s' for 'torch._C.TensorBase' objects doesn't apply to a '%s' object",
                        g.name.c_str(), n ? type_name(args[0]).c_str() : "missing");
  return guarded([&] { return call_group(g, args[0], args + 1, n - 1, keywords); });
}

PyObject* bind_method(PyObject* self, PyObject* object, PyObject*) {
  if (!object) {
    Py_INCREF(self);
    return self;
  }
  return PyMethod_New(self, object);
}

PyObject* get_name(PyObject* self, void*) { return text(group_of(self).name); }
PyObject* get_module(PyObject* self, void*) {
  if (group_of(self).method) Py_RETURN_NONE;
  return PyUnicode_FromString("gradus");
}
PyObject* get_doc(PyObject* self, void*) {
  const Group& g = group_of(self);
  std::string doc;
  for (const Overload& o : g.overloads)
    if (!o.hidden) doc += g.name + o.text + "\n";
  doc += "\n" + std::string(g.overloads[0].entry->op->doc);
  return text(doc);
}
PyObject* repr(PyObject* self) {
  const Group& g = group_of(self);
  return PyUnicode_FromFormat(g.method ? "<method '%s' of 'torch._C.TensorBase' objects>" : "<built-in function %s>",
                              g.name.c_str());
}
PyObject* reduce(PyObject* self, PyObject*) { return text(group_of(self).name); }

PyGetSetDef attributes[] = {{"__name__", &get_name, nullptr, nullptr, nullptr},
                            {"__qualname__", &get_name, nullptr, nullptr, nullptr},
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

PyObject* make_callable(PyTypeObject* type, const Group* group) {
  auto* c = PyObject_New(Callable, type);
  ensure(c);
  c->vectorcall = group->method ? &call_method : &call_function;
  c->group = group;
  return reinterpret_cast<PyObject*>(c);
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

void init_functions(PyObject* module) {
  PyTypeObject* functions = make_callable_type("gradus._C.Function", false);
  PyTypeObject* descriptors = make_callable_type("gradus._C.Method", true);
  Ref names = own(PyList_New(0));
  for (Group* g : build_groups(Home::Function)) {
    add_object(module, g->name.c_str(), make_callable(functions, g));
    ensure(PyList_Append(names.get(), own(text(g->name)).get()) == 0);
  }
  add_object(module, "__functions__", names.release());
  nn = PyModule_New("gradus._C._nn");
  ensure(nn);
  for (Group* g : build_groups(Home::Nn)) add_object(nn, g->name.c_str(), make_callable(functions, g));
  Py_INCREF(nn);
  add_object(module, "_nn", nn);
  add_object(module, "__getattr__", PyCFunction_New(&getattr_def, nullptr));

  PyObject* base = reinterpret_cast<PyObject*>(tensor_type->tp_base);
  for (Group* g : build_groups(Home::Method)) {
    Ref method(make_callable(descriptors, g));
    // What is written by hand comes first.
    if (PyDict_GetItemString(tensor_type->tp_base->tp_dict, g->name.c_str())) continue;
    ensure(PyDict_SetItemString(tensor_type->tp_base->tp_dict, g->name.c_str(), method.get()) == 0);
  }
  PyType_Modified(reinterpret_cast<PyTypeObject*>(base));
  PyType_Modified(tensor_type);
  add_named_tuples(module);
}

}  // namespace gradus::py
