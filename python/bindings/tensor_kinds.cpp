// FloatTensor, LongTensor and their kin: PyTorch's old names for tensors of one dtype, as constructors and in
// isinstance.
#include <string>

#include "python/bindings/creation.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"

namespace gradus::py {

namespace {

struct Kind {
  PyObject_HEAD DType dtype;
  const char* name;
};
PyTypeObject* kind_type = nullptr;
Kind* kind_of(PyObject* o) { return reinterpret_cast<Kind*>(o); }

PyObject* call(PyObject* self, PyObject* args, PyObject* kwargs) {
  return guarded([&] { return wrap(legacy_tensor(args, kwargs, kind_of(self)->dtype, false)); });
}
PyObject* instance_check(PyObject* self, PyObject* object) {
  return boolean(is_tensor(object) && tensor_of(object).dtype() == kind_of(self)->dtype);
}
PyObject* repr(PyObject* self) { return PyUnicode_FromFormat("<class 'torch.%s'>", kind_of(self)->name); }
PyObject* get_name(PyObject* self, void*) { return PyUnicode_FromString(kind_of(self)->name); }
PyObject* get_module(PyObject*, void*) { return PyUnicode_FromString("gradus"); }
PyObject* get_dtype(PyObject* self, void*) { return wrap(kind_of(self)->dtype); }

PyObject* get_layout(PyObject*, void*) { return strided_layout(); }
PyObject* is_false(PyObject*, void*) { Py_RETURN_FALSE; }
// No class derives from one of these, and they derive from none: PyTorch's answer to issubclass is always no.
PyObject* subclass_check(PyObject*, PyObject*) { Py_RETURN_FALSE; }
PyObject* get_bases(PyObject*, void*) { return PyTuple_New(0); }

// FloatTensor | None, in annotations.
PyObject* unite(PyObject* a, PyObject* b) {
  return guarded([&] {
    static PyObject* united = imported("typing", "Union");
    Ref pair = own(PyTuple_Pack(2, a, b));
    return PyObject_GetItem(united, pair.get());
  });
}

PyMethodDef methods[] = {{"__instancecheck__", &instance_check, METH_O, nullptr},
                         {"__subclasscheck__", &subclass_check, METH_O, nullptr},
                         {}};
PyGetSetDef attributes[] = {
    {"__name__", &get_name, nullptr, nullptr, nullptr},     {"__bases__", &get_bases, nullptr, nullptr, nullptr},
    {"__module__", &get_module, nullptr, nullptr, nullptr}, {"dtype", &get_dtype, nullptr, nullptr, nullptr},
    {"layout", &get_layout, nullptr, nullptr, nullptr},     {"is_cuda", &is_false, nullptr, nullptr, nullptr},
    {"is_sparse", &is_false, nullptr, nullptr, nullptr},    {}};

constexpr const char* kNames[kNumDTypes] = {"BoolTensor",  "ByteTensor",  "CharTensor", "ShortTensor",
                                            "IntTensor",   "LongTensor",  "HalfTensor", "BFloat16Tensor",
                                            "FloatTensor", "DoubleTensor"};

}  // namespace

const char* tensor_kind_name(DType dtype) { return kNames[static_cast<int>(dtype)]; }

bool is_tensor_kind(PyObject* o, DType& dtype) {
  if (Py_TYPE(o) != kind_type) return false;
  dtype = kind_of(o)->dtype;
  return true;
}

void init_tensor_kinds(PyObject* module) {
  PyType_Slot slots[] = {{Py_tp_call, slot(&call)}, {Py_tp_repr, slot(&repr)},  {Py_tp_methods, methods},
                         {Py_nb_or, slot(&unite)},  {Py_tp_getset, attributes}, {0, nullptr}};
  PyType_Spec spec{"gradus.tensortype", sizeof(Kind), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  kind_type = make_type(spec);
  for (int i = 0; i < kNumDTypes; ++i) {
    auto* k = PyObject_New(Kind, kind_type);
    ensure(k);
    k->dtype = static_cast<DType>(i);
    k->name = kNames[i];
    add_object(module, kNames[i], reinterpret_cast<PyObject*>(k));
  }
}

}  // namespace gradus::py
