// The C base of nn.Module: calls without hooks go straight to forward, attributes are found among parameters, buffers
// and child modules.
#include "python/bindings/py.h"

// Exported by CPython, but not declared in every version's headers: no AttributeError is made when it would be dropped.
extern "C" PyObject* _PyObject_GenericGetAttrWithDict(PyObject* self, PyObject* name, PyObject* dict, int suppress);

namespace gradus::py {

namespace {

PyObject *forward_name, *hooks_name, *pre_hooks_name, *call_with_hooks_name;
PyObject* tables[3];  // _parameters, _buffers, _modules
PyTypeObject* base_type;

// Backward hooks and hooks on all modules are looked for once any were registered in this process.
bool more_hooks = false;
PyObject* global_hooks = nullptr;  // a tuple of dicts
PyObject *backward_name, *backward_pre_name;

bool is_empty(PyObject* dict, PyObject* name) {
  PyObject* hooks = dict ? PyDict_GetItemWithError(dict, name) : nullptr;
  return !hooks || (PyDict_Check(hooks) && PyDict_GET_SIZE(hooks) == 0);
}

bool has_more_hooks(PyObject* dict) {
  if (!is_empty(dict, backward_name) || !is_empty(dict, backward_pre_name)) return true;
  for (Py_ssize_t i = 0; global_hooks && i < PyTuple_GET_SIZE(global_hooks); ++i)
    if (PyDict_GET_SIZE(PyTuple_GET_ITEM(global_hooks, i))) return true;
  return false;
}

PyObject* call(PyObject* self, PyObject* args, PyObject* kwargs) {
  Ref dict(PyObject_GenericGetDict(self, nullptr));
  if (!dict) return nullptr;
  const bool plain = is_empty(dict.get(), hooks_name) && is_empty(dict.get(), pre_hooks_name) &&
                     !(more_hooks && has_more_hooks(dict.get()));
  PyObject* name = plain ? forward_name : call_with_hooks_name;
  const Py_ssize_t n = PyTuple_GET_SIZE(args);
  if (!kwargs && n < 8) {
    PyObject* stack[9] = {self};
    for (Py_ssize_t i = 0; i < n; ++i) stack[i + 1] = PyTuple_GET_ITEM(args, i);
    return PyObject_VectorcallMethod(name, stack, static_cast<size_t>(n) + 1, nullptr);
  }
  Ref method(PyObject_GetAttr(self, name));
  return method ? PyObject_Call(method.get(), args, kwargs) : nullptr;
}

// What the class and the instance's dict don't have.
PyObject* find_member(PyObject* self, PyObject* name) {
  Ref dict(PyObject_GenericGetDict(self, nullptr));
  if (!dict) return nullptr;
  for (PyObject* table : tables) {
    PyObject* members = PyDict_GetItemWithError(dict.get(), table);
    if (!members || !PyDict_Check(members)) continue;
    if (PyObject* found = PyDict_GetItemWithError(members, name)) {
      Py_INCREF(found);
      return found;
    }
  }
  if (PyErr_Occurred()) return nullptr;
  return PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute '%U'", Py_TYPE(self)->tp_name, name);
}

PyObject* getattro(PyObject* self, PyObject* name) {
  PyObject* found = _PyObject_GenericGetAttrWithDict(self, name, nullptr, 1);
  return found || PyErr_Occurred() ? found : find_member(self, name);
}

// Because the base has a __getattr__ (for super().__getattr__), Python gives every subclass a slot that calls
// __getattribute__ and __getattr__ as methods. Those that keep both get the C function back.
PyObject* init_subclass(PyObject* cls, PyObject* args, PyObject* kwargs) {
  auto* type = reinterpret_cast<PyTypeObject*>(cls);
  bool own = false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type->tp_mro); ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_mro, i));
    if (base == base_type) break;
    own |=
        PyDict_GetItemString(base->tp_dict, "__getattr__") || PyDict_GetItemString(base->tp_dict, "__getattribute__");
  }
  if (!own) type->tp_getattro = &getattro;
  // On to the next class in the order of resolution, which sees arguments that nobody has taken.
  Ref super = Ref(PyObject_CallFunctionObjArgs(reinterpret_cast<PyObject*>(&PySuper_Type),
                                               reinterpret_cast<PyObject*>(base_type), cls, nullptr));
  Ref next(super ? PyObject_GetAttrString(super.get(), "__init_subclass__") : nullptr);
  return next ? PyObject_Call(next.get(), args, kwargs) : nullptr;
}

PyMethodDef methods[] = {
    {"__getattr__", &find_member, METH_O | METH_COEXIST, nullptr},
    {"__init_subclass__", as_method(&init_subclass), METH_VARARGS | METH_KEYWORDS | METH_CLASS, nullptr},
    {}};

PyObject* use_module_hooks(PyObject*, PyObject*) {
  more_hooks = true;
  return none();
}
PyObject* set_global_hooks(PyObject*, PyObject* dicts) {
  Py_INCREF(dicts);
  Py_XSETREF(global_hooks, dicts);
  return none();
}
PyMethodDef functions[] = {{"_use_module_hooks", &use_module_hooks, METH_NOARGS, nullptr},
                           {"_set_global_module_hooks", &set_global_hooks, METH_O, nullptr},
                           {}};

}  // namespace

void init_module_base(PyObject* module) {
  backward_name = intern("_backward_hooks");
  backward_pre_name = intern("_backward_pre_hooks");
  ensure(PyModule_AddFunctions(module, functions) == 0);
  forward_name = intern("forward");
  hooks_name = intern("_forward_hooks");
  pre_hooks_name = intern("_forward_pre_hooks");
  call_with_hooks_name = intern("_call_with_hooks");
  tables[0] = intern("_parameters");
  tables[1] = intern("_buffers");
  tables[2] = intern("_modules");
  PyType_Slot slots[] = {
      {Py_tp_call, slot(&call)}, {Py_tp_getattro, slot(&getattro)}, {Py_tp_methods, methods}, {0, nullptr}};
  PyType_Spec spec{"gradus._C._ModuleBase", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  base_type = make_type(spec);
  add_object(module, "_ModuleBase", reinterpret_cast<PyObject*>(base_type));
}

}  // namespace gradus::py
