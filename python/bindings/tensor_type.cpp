// Life and death of Tensor objects, and the class itself.
#include "python/bindings/tensor_type.h"

#include "gradus/core/refcount.h"
#include "python/bindings/autograd.h"
#include "python/bindings/function.h"
#include "python/bindings/torch_function.h"

namespace gradus::py {

PyTypeObject* tensor_type = nullptr;

void track(PyObject* tensor) {
  if (!PyObject_GC_IsTracked(tensor)) PyObject_GC_Track(tensor);
}

namespace {

constexpr int kMaxFree = 256;
PyTensor* free_list[kMaxFree];
int n_free = 0;

PyTensor* new_object() {
  PyTensor* o;
  if (n_free) {
    o = free_list[--n_free];
    PyObject_Init(reinterpret_cast<PyObject*>(o), tensor_type);
  } else {
    o = PyObject_GC_New(PyTensor, tensor_type);
    ensure(o);
  }
  o->dict = nullptr;
  o->weakrefs = nullptr;
  o->kept = false;
  return o;
}

void bind(PyTensor* o, Tensor&& tensor) {
  tensor.impl()->py = o;
  new (&o->tensor) Tensor(static_cast<Tensor&&>(tensor));
}

// True if the object lives on, owned by the implementation: something of it would be missed.
bool keep_object(PyTensor* o, bool tracked) {
  TensorImpl* impl = o->tensor.impl();
  auto* self = reinterpret_cast<PyObject*>(o);
  if (!impl || ref_count(impl->refs) == 1) return false;
  const bool plain = Py_TYPE(self) == tensor_type && !o->weakrefs && (!o->dict || PyDict_GET_SIZE(o->dict) == 0);
  if (plain) return false;
  Py_SET_REFCNT(self, 1);
  o->kept = true;
  ref_dec(impl->refs);
  if (tracked) PyObject_GC_Track(self);
  return true;
}

void tensor_dealloc(PyObject* self) {
  auto* o = reinterpret_cast<PyTensor*>(self);
  PyTypeObject* type = Py_TYPE(self);
  const bool tracked = PyObject_GC_IsTracked(self);
  if (type->tp_finalize && PyObject_CallFinalizerFromDealloc(self) < 0) return;
  if (tracked) PyObject_GC_UnTrack(self);
  if (keep_object(o, tracked)) return;
  if (o->weakrefs) PyObject_ClearWeakRefs(self);
  Py_CLEAR(o->dict);
  if (TensorImpl* impl = o->tensor.detach_impl()) {
    impl->py = nullptr;
    drop(impl);
  }
  if (type == tensor_type && n_free < kMaxFree) free_list[n_free++] = o;
  else type->tp_free(self);
  Py_DECREF(type);
}

// The last C++ owner of a kept object is gone: the object takes the tensor back and dies in Python's way.
void release_kept(TensorImpl* impl) {
  auto* o = static_cast<PyTensor*>(impl->py);
  if (!Py_IsInitialized()) {
    impl->py = nullptr;
    destroy(impl);
    return;
  }
  const PyGILState_STATE gil = PyGILState_Ensure();
  impl->refs = 1;
  o->kept = false;
  Py_DECREF(reinterpret_cast<PyObject*>(o));
  PyGILState_Release(gil);
}

int tensor_traverse(PyObject* self, visitproc visit, void* arg) {
  auto* o = reinterpret_cast<PyTensor*>(self);
  Py_VISIT(Py_TYPE(self));
  const TensorImpl* impl = o->tensor.impl();
  if (impl && !o->kept) {
    if (ref_count(impl->refs) > 1) return 0;  // C++ has it, too: it may come back, with its attributes
    if (const Node* n = impl->node) Py_VISIT(kept_function(*n));
    if (const int status = visit_hooks(o->tensor.impl(), visit, arg)) return status;
  }
  Py_VISIT(o->dict);
  return 0;
}

int tensor_clear(PyObject* self) {
  Py_CLEAR(reinterpret_cast<PyTensor*>(self)->dict);
  if (auto* o = reinterpret_cast<PyTensor*>(self); !o->kept) clear_hooks(o->tensor.impl());
  return 0;
}

// Plain tensors are of interest to the cycle collector only once they have attributes.
void track_if_needed(PyObject* self) {
  if (reinterpret_cast<PyTensor*>(self)->dict) track(self);
}
int tensor_setattro(PyObject* self, PyObject* name, PyObject* value) {
  const int status = PyObject_GenericSetAttr(self, name, value);
  track_if_needed(self);
  return status;
}
PyObject* get_dict(PyObject* self, void* context) {
  PyObject* dict = PyObject_GenericGetDict(self, context);
  track_if_needed(self);
  return dict;
}
PyGetSetDef dict_attribute[] = {{"__dict__", &get_dict, &PyObject_GenericSetDict, nullptr, nullptr}, {}};

PyMemberDef offsets[] = {{"__dictoffset__", T_PYSSIZET, offsetof(PyTensor, dict), READONLY, nullptr},
                         {"__weaklistoffset__", T_PYSSIZET, offsetof(PyTensor, weakrefs), READONLY, nullptr},
                         {}};

// Subclasses made by a class statement would get Python's own deallocation, which cannot keep objects alive.
int meta_init(PyObject* cls, PyObject* args, PyObject* kwargs) {
  if (PyType_Type.tp_init(cls, args, kwargs) < 0) return -1;
  reinterpret_cast<PyTypeObject*>(cls)->tp_dealloc = &tensor_dealloc;
  return 0;
}

// id(self), as in PyTorch.
Py_hash_t tensor_hash(PyObject* self) { return reinterpret_cast<Py_hash_t>(self); }

PyTypeObject* make_base() {
  static PyType_Slot slots[80];
  int n = 0;
  auto add = [&](int id, void* value) { slots[n++] = {id, value}; };
  add(Py_tp_dealloc, slot(&tensor_dealloc));
  add(Py_tp_traverse, slot(&tensor_traverse));
  add(Py_tp_clear, slot(&tensor_clear));
  add(Py_tp_setattro, slot(&tensor_setattro));
  add(Py_tp_members, offsets);
  add(Py_tp_getset, overridable(tensor_attributes));
  add(Py_tp_richcompare, slot(&tensor_richcompare));
  add(Py_tp_hash, slot(&tensor_hash));
  add(Py_tp_repr, slot(&tensor_repr));
  add(Py_tp_iter, slot(&tensor_iter));
  add(Py_tp_new, slot(&tensor_new));
  add(Py_mp_subscript, slot(&tensor_getitem));
  add(Py_mp_ass_subscript, slot(&tensor_setitem));
  add(Py_mp_length, slot(&tensor_length));
  add(Py_sq_contains, slot(&tensor_contains));
  n += number_slots(slots + n);
  slots[n] = {0, nullptr};
  static PyType_Spec spec{"gradus._C.TensorBase", sizeof(PyTensor), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  PyTypeObject* base = make_type(spec);
  Ref descriptor = own(PyDescr_NewGetSet(base, dict_attribute));
  ensure(PyDict_SetItemString(base->tp_dict, "__dict__", descriptor.get()) == 0);
  add_methods(base, tensor_methods);
  return base;
}

PyTypeObject* make_meta() {
  static PyType_Slot slots[] = {{Py_tp_init, slot(&meta_init)}, {0, nullptr}};
  static PyType_Spec spec{"gradus._C.TensorMeta", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  return make_type(spec, &PyType_Type);
}

}  // namespace

PyObject* wrap(Tensor tensor) {
  TensorImpl* impl = tensor.impl();
  if (!impl) Py_RETURN_NONE;
  if (auto* o = static_cast<PyTensor*>(impl->py)) {
    if (o->kept) {  // the implementation's reference to the object goes to the caller, ours to the object
      o->kept = false;
      tensor.detach_impl();
    } else {
      Py_INCREF(reinterpret_cast<PyObject*>(o));
    }
    return reinterpret_cast<PyObject*>(o);
  }
  PyTensor* o = new_object();
  bind(o, static_cast<Tensor&&>(tensor));
  return reinterpret_cast<PyObject*>(o);
}

PyObject* wrap_as(PyTypeObject* type, Tensor tensor) {
  if (type == tensor_type) return wrap(static_cast<Tensor&&>(tensor));
  PyObject* self = type->tp_alloc(type, 0);
  ensure(self);
  bind(reinterpret_cast<PyTensor*>(self), static_cast<Tensor&&>(tensor));
  return self;
}

PyObject* wrap_list(const Tensors& list) {
  Ref tuple = own(PyTuple_New(static_cast<Py_ssize_t>(list.size())));
  for (size_t i = 0; i < list.size(); ++i) PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), wrap(list[i]));
  return tuple.release();
}

void init_tensor(PyObject* module) {
  PyTypeObject* base = make_base();
  PyTypeObject* meta = make_meta();
  Ref space = own(Py_BuildValue("{s:s,s:s}", "__module__", "gradus", "__doc__",
                                "A multi-dimensional array of one dtype that remembers how it was computed."));
  tensor_type = reinterpret_cast<PyTypeObject*>(
      own(PyObject_CallFunction(reinterpret_cast<PyObject*>(meta), "s(O)O", "Tensor", base, space.get())).release());
  python_release = &release_kept;
  add_object(module, "TensorBase", reinterpret_cast<PyObject*>(base));
  Py_INCREF(tensor_type);
  add_object(module, "Tensor", reinterpret_cast<PyObject*>(tensor_type));
}

}  // namespace gradus::py
