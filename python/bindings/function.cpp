// Contexts of Python-defined functions: their life between Python and the graph, their attributes, their walk backward.
#include "python/bindings/function.h"

#include <memory>
#include <vector>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/rule.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/values.h"

namespace gradus::py {

PyTypeObject* function_base = nullptr;
PyObject* base_setup_context = nullptr;

namespace {

constexpr const char* kTwice =
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward.";

// Nodes may be walked and freed by threads that Python does not know.
class Gil {
 public:
  Gil() : state_(PyGILState_Ensure()) {}
  ~Gil() { PyGILState_Release(state_); }
  Gil(const Gil&) = delete;

 private:
  PyGILState_STATE state_;
};

void apply_nothing(Node&, const Tensor*, Tensor*) {}
constexpr NodeType kIdle{"Function", &apply_nothing, nullptr, nullptr};
Node* idle_node = nullptr;  // of contexts that are not in a graph

PyObject *backward_name, *vjp_name, *boxed_name, *once_name;
PyObject *base_backward, *base_vjp;  // what Function itself has

void apply_function(Node& n, const Tensor* grads, Tensor* out);
void destroy_function(Node& n) noexcept;
void release_function(Node& n) noexcept;

PyFunction* context_of(const Node& n) { return static_cast<PyFunction*>(n.py); }

// ---- life

// Python let go of a context whose node lives on: now the node owns it.
bool keep(PyFunction* f) {
  Node* node = f->base.node;
  if (node == idle_node || ref_count(node->refs) == 1) return false;
  auto* self = reinterpret_cast<PyObject*>(f);
  Py_SET_REFCNT(self, 1);
  f->kept = true;
  ref_dec(node->refs);
  return true;
}

int function_clear(PyObject* self) {
  PyFunction* f = as_function(self);
  Py_CLEAR(f->dict);
  Py_CLEAR(f->saved);
  Py_CLEAR(f->to_save);
  Py_CLEAR(f->saved_for_forward);
  Py_CLEAR(f->dirty);
  Py_CLEAR(f->non_differentiable);
  Py_CLEAR(f->notes);
  return 0;
}

void function_dealloc(PyObject* self) {
  PyFunction* f = as_function(self);
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (keep(f)) {
    PyObject_GC_Track(self);
    return;
  }
  if (f->base.weakrefs) PyObject_ClearWeakRefs(self);
  function_clear(self);
  Py_CLEAR(f->needs_input_grad);
  if (f->base.node != idle_node) f->base.node->py = nullptr;
  drop(f->base.node);
  f->inputs.~basic_string();
  f->outputs.~basic_string();
  f->slots.~basic_string();
  type->tp_free(self);
  Py_DECREF(type);
}

int function_traverse(PyObject* self, visitproc visit, void* arg) {
  PyFunction* f = as_function(self);
  Py_VISIT(Py_TYPE(self));
  // The graph, which the collector does not see, may need the context after Python has forgotten it.
  const Node* node = f->base.node;
  if (node != idle_node && ref_count(node->refs) > 1) return 0;
  Py_VISIT(f->dict);
  Py_VISIT(f->saved);
  Py_VISIT(f->to_save);
  Py_VISIT(f->saved_for_forward);
  Py_VISIT(f->dirty);
  Py_VISIT(f->non_differentiable);
  Py_VISIT(f->notes);
  return 0;
}

void destroy_function(Node& n) noexcept {
  if (!n.py || !Py_IsInitialized()) return;
  const Gil gil;
  PyFunction* f = context_of(n);
  n.py = nullptr;
  ref_inc(idle_node->refs);
  f->base.node = idle_node;
  f->kept = false;
  Py_DECREF(reinterpret_cast<PyObject*>(f));
}

void release_function(Node& n) noexcept {
  if (!n.py || !Py_IsInitialized()) return;
  const Gil gil;
  Py_CLEAR(context_of(n)->saved);
}

// ---- backward

Ref gradient_argument(const PyFunction& f, Node& n, int i, const Tensor& gradient) {
  if (gradient.defined()) return own(wrap(gradient));
  if (!f.materialize || f.outputs[static_cast<size_t>(i)] != PyFunction::kTensor) return Ref::borrow(Py_None);
  return own(wrap(zeros(n.out()[i].sizes, n.out()[i].dtype)));
}

// As many gradients as arguments; more are let pass if they are None.
Py_ssize_t count_gradients(const FunctionClass& kind, PyObject* const* items, Py_ssize_t given, Py_ssize_t expected) {
  bool surplus = true;
  for (Py_ssize_t i = expected; i < given; ++i) surplus &= items[i] == Py_None;
  if (given > expected && surplus) given = expected;
  check(given == expected, "function ", kind.name, " returned an incorrect number of gradients (expected ", expected,
        ", got ", given, ")");
  return given;
}

void take_gradients(const PyFunction& f, PyObject* result, Tensor* out) {
  const bool many = PyTuple_Check(result);
  PyObject* const* items = many ? &PyTuple_GET_ITEM(result, 0) : &result;
  const Py_ssize_t n =
      count_gradients(*f.kind, items, many ? PyTuple_GET_SIZE(result) : 1, static_cast<Py_ssize_t>(f.inputs.size()));
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (f.inputs[static_cast<size_t>(i)] != PyFunction::kTensor) {
      check(items[i] == Py_None, "function ", f.kind->name, " returned a gradient different than None at position ",
            i + 1, ", but the corresponding forward input was not a Variable");
      continue;
    }
    if (items[i] != Py_None) {
      check(is_tensor(items[i]), "expected Variable or None (got ", type_name(items[i]), ")");
      *out = tensor_of(items[i]);
    }
    ++out;
  }
}

void apply_function(Node& n, const Tensor* grads, Tensor* out) {
  const Gil gil;
  Ref self = own(wrap_function(n));
  const PyFunction& f = *as_function(self.get());
  std::vector<Ref> arguments;
  std::vector<PyObject*> borrowed;
  for (int i = 0; i < n.n_out; ++i) {
    arguments.push_back(gradient_argument(f, n, i, grads[i]));
    borrowed.push_back(arguments.back().get());
  }
  const Ref result = own(call_backward(as_function(self.get()), borrowed.data(), n.n_out));
  take_gradients(f, result.get(), out);
}

// ---- attributes

Ref unpack(PyFunction& f, Node& n, int i) {
  const char16_t slot = f.slots[static_cast<size_t>(i)];
  if (slot == PyFunction::kNone) return Ref::borrow(Py_None);
  if (slot == PyFunction::kHandle) {
    check(f.saved, kTwice);
    PyObject* item = PyTuple_GET_ITEM(f.saved, i);
    const Saved& s = n.saved()[i];
    if (s.version->n != s.number) {
      TensorImpl* impl = tensor_of(item).impl();
      unpack_saved(n, i, Edge{impl->node, impl->out_nr}, -1);  // raises
    }
    return Ref::borrow(item);
  }
  if (slot == PyFunction::kPacked) return own(wrap(unpack_saved(n, i, Edge{}, -1)));
  const bool input = slot >= PyFunction::kInput;
  const Edge edge = input ? n.next()[slot - PyFunction::kInput] : Edge{&n, slot};
  return own(wrap(unpack_saved(n, i, edge, input ? -1 : slot)));
}

bool flag_of_class(const PyFunction& f, PyObject* name) {
  const Ref value = own(PyObject_GetAttr(f.kind->forward, name));
  return value.get() == Py_True;
}

PyObject* get_saved(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    PyFunction& f = *as_function(self);
    Node& n = *f.base.node;
    check(!n.released, kTwice);
    check(!f.taken,
          "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on the "
          "autograd.Function. Either access saved_tensors only once, or set clear_saved_tensors_on_access=False.");
    Ref list = own(PyTuple_New(n.n_saved));
    for (int i = 0; i < n.n_saved; ++i) PyTuple_SET_ITEM(list.get(), i, unpack(f, n, i).release());
    if (n.n_saved && flag_of_class(f, once_name)) {
      f.taken = true;
      for (int i = 0; i < n.n_saved; ++i) drop(n.saved()[i]);
      Py_CLEAR(f.saved);
    }
    return list.release();
  });
}
PyObject* get_saved_variables(PyObject* self, void* context) {
  if (PyErr_WarnEx(PyExc_DeprecationWarning, "'saved_variables' is deprecated; use 'saved_tensors'", 1) < 0)
    return nullptr;
  return get_saved(self, context);
}
int set_materialize(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    if (!value || !PyBool_Check(value))
      fail(PyExc_TypeError,
           "set_materialize_grads received an invalid combination of arguments - got (%s), but expected (bool)",
           value ? type_name(value).c_str() : "");
    as_function(self)->materialize = value == Py_True;
  });
}
PyObject* get_requires_grad(PyObject* self, void*) {
  PyObject* needs = as_function(self)->needs_input_grad;
  for (Py_ssize_t i = 0; needs && i < PyTuple_GET_SIZE(needs); ++i)
    if (PyTuple_GET_ITEM(needs, i) == Py_True) Py_RETURN_TRUE;
  Py_RETURN_FALSE;
}
PyObject* get_name(PyObject* self, PyObject*) { return text(as_function(self)->kind->name); }
PyObject* get_metadata(PyObject* self, void*) {
  PyFunction* f = as_function(self);
  if (f->base.node != idle_node) {
    static PyObject* of_node = PyDict_GetItemString(node_base->tp_dict, "metadata");
    return Py_TYPE(of_node)->tp_descr_get(of_node, self, reinterpret_cast<PyObject*>(Py_TYPE(self)));
  }
  if (!f->notes) f->notes = PyDict_New();
  Py_XINCREF(f->notes);
  return f->notes;
}

template <PyObject* (*Register)(PyObject*, PyObject*)>
PyObject* add_hook(PyObject* self, PyObject* hook) {
  if (as_function(self)->base.node != idle_node) return Register(self, hook);
  return PyErr_Format(PyExc_RuntimeError,
                      "hooks can be added to ctx once forward has returned, and recorded something");
}
PyObject* refuse_call(PyObject* self, PyObject*, PyObject*) {
  return PyErr_Format(PyExc_TypeError, "'%s' object is not callable", Py_TYPE(self)->tp_name);
}

PyObject* set_function_base(PyObject*, PyObject* cls) {
  return guarded([&] {
    base_backward = own(PyObject_GetAttr(cls, backward_name)).release();
    base_vjp = own(PyObject_GetAttr(cls, vjp_name)).release();
    base_setup_context = own(PyObject_GetAttrString(cls, "setup_context")).release();
    return none();
  });
}

// What the graph knows of a class outlives it: counters of writes refer to the type of node that wrote last.
FunctionClass* keep_class(std::unique_ptr<FunctionClass> kind) {
  static auto* all = new std::vector<std::unique_ptr<FunctionClass>>;
  all->push_back(std::move(kind));
  return all->back().get();
}

// Prepares the class of the contexts of a Function class.
PyObject* prepare_class(PyObject*, PyObject* const* args, Py_ssize_t) {
  return guarded([&] {
    auto* owner = reinterpret_cast<PyTypeObject*>(args[0]);
    auto kind = std::make_unique<FunctionClass>(std::string(owner->tp_name), kIdle, args[1], owner);
    kind->type = {kind->name.c_str(), &apply_function, &destroy_function, &release_function, true};
    owner->tp_dealloc = &function_dealloc;  // Python's own could not keep contexts alive
    Ref capsule = own(PyCapsule_New(keep_class(std::move(kind)), nullptr, nullptr));
    ensure(PyDict_SetItemString(owner->tp_dict, "_node_type", capsule.get()) == 0);
    PyType_Modified(owner);
    return none();
  });
}

PyMethodDef module_functions[] = {{"_function_class", as_method(&prepare_class), METH_FASTCALL, nullptr},
                                  {"_function_base", &set_function_base, METH_O, nullptr},
                                  {}};

PyObject* run_backward(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] { return call_backward(as_function(self), args, n); });
}

}  // namespace

// ---- used by apply and by the rest of the binding

bool is_function_node(const Node& node) { return node.type->apply == &apply_function; }

PyObject* wrap_function(Node& node) {
  PyFunction* f = context_of(node);
  auto* self = reinterpret_cast<PyObject*>(f);
  if (f->kept) {  // the node's reference to the context goes to the caller
    f->kept = false;
    ref_inc(node.refs);
  } else {
    Py_INCREF(self);
  }
  return self;
}

PyObject* kept_function(const Node& node) {
  if (!node.py || ref_count(node.refs) != 1 || !is_function_node(node)) return nullptr;
  PyFunction* f = context_of(node);
  return f->kept ? reinterpret_cast<PyObject*>(f) : nullptr;
}

PyObject* new_function(const FunctionClass* kind) {
  PyObject* self = own(kind->owner->tp_alloc(kind->owner, 0)).release();
  PyFunction* f = as_function(self);
  new (&f->inputs) std::string;
  new (&f->outputs) std::string;
  new (&f->slots) std::u16string;
  f->kind = kind;
  f->materialize = true;
  ref_inc(idle_node->refs);
  f->base.node = idle_node;
  return self;
}

const FunctionClass* function_class(PyObject* context_type) {
  static PyObject* name = intern("_node_type");
  PyObject* capsule = PyDict_GetItemWithError(reinterpret_cast<PyTypeObject*>(context_type)->tp_dict, name);
  if (!capsule) fail(PyExc_TypeError, "not the context of a Function: %s", type_name(context_type).c_str());
  return static_cast<const FunctionClass*>(PyCapsule_GetPointer(capsule, nullptr));
}

Node* attach_node(PyFunction* ctx, int n_next, int n_saved, int n_out) {
  Node* n = new_node(ctx->kind->type, n_next, n_saved, n_out);
  n->py = ctx;
  drop(ctx->base.node);
  ctx->base.node = n;
  return n;
}

PyObject* call_backward(PyFunction* ctx, PyObject* const* grads, Py_ssize_t n) {
  PyObject* cls = ctx->kind->forward;
  const Ref backward = own(PyObject_GetAttr(cls, backward_name)), vjp = own(PyObject_GetAttr(cls, vjp_name));
  const bool own_vjp = vjp.get() != base_vjp;
  check(backward.get() == base_backward || !own_vjp,
        "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one of "
        "them.");
  PyObject* function = own_vjp ? vjp.get() : backward.get();
  auto* self = reinterpret_cast<PyObject*>(ctx);
  if (flag_of_class(*ctx, boxed_name)) {
    Ref list = own(PyList_New(n));
    for (Py_ssize_t i = 0; i < n; ++i) {
      Py_INCREF(grads[i]);
      PyList_SET_ITEM(list.get(), i, grads[i]);
    }
    PyObject* arguments[] = {self, list.get()};
    return own(PyObject_Vectorcall(function, arguments, 2, nullptr)).release();
  }
  std::vector<PyObject*> arguments{self};
  arguments.insert(arguments.end(), grads, grads + n);
  return own(PyObject_Vectorcall(function, arguments.data(), arguments.size(), nullptr)).release();
}

void init_function(PyObject* module) {
  idle_node = new_node(kIdle, 0, 0, 0);
  backward_name = intern("backward");
  vjp_name = intern("vjp");
  boxed_name = intern("boxed_grads_call");
  once_name = intern("clear_saved_tensors_on_access");
  static PyMethodDef methods[] = {
      {"apply", as_method(&run_backward), METH_FASTCALL, "Calls backward with these gradients."},
      {"name", &get_name, METH_NOARGS, "The kind of node."},
      {"register_hook", &add_hook<&node_register_hook>, METH_O, "As of every node."},
      {"register_prehook", &add_hook<&node_register_prehook>, METH_O, "As of every node."},
      {}};
  static PyGetSetDef attributes[] = {{"saved_tensors", &get_saved, nullptr, "What save_for_backward kept.", nullptr},
                                     {"saved_variables", &get_saved_variables, nullptr, nullptr, nullptr},
                                     {"materialize_grads", nullptr, &set_materialize, nullptr, nullptr},
                                     {"requires_grad", &get_requires_grad, nullptr, nullptr, nullptr},
                                     {"metadata", &get_metadata, nullptr, "A dict for notes.", nullptr},
                                     {"__dict__", &PyObject_GenericGetDict, &PyObject_GenericSetDict, nullptr, nullptr},
                                     {}};
  static PyMemberDef members[] = {
      {"to_save", T_OBJECT, offsetof(PyFunction, to_save), 0, nullptr},
      {"saved_for_forward", T_OBJECT, offsetof(PyFunction, saved_for_forward), 0, nullptr},
      {"dirty_tensors", T_OBJECT, offsetof(PyFunction, dirty), 0, nullptr},
      {"non_differentiable", T_OBJECT, offsetof(PyFunction, non_differentiable), 0, nullptr},
      {"needs_input_grad", T_OBJECT, offsetof(PyFunction, needs_input_grad), 0, "Which arguments want a gradient."},
      {"__dictoffset__", T_PYSSIZET, offsetof(PyFunction, dict), READONLY, nullptr},
      {}};
  PyType_Slot slots[] = {{Py_tp_dealloc, slot(&function_dealloc)},
                         {Py_tp_traverse, slot(&function_traverse)},
                         {Py_tp_clear, slot(&function_clear)},
                         {Py_tp_repr, slot(PyBaseObject_Type.tp_repr)},
                         {Py_tp_call, slot(&refuse_call)},
                         {Py_tp_getattro, slot(&PyObject_GenericGetAttr)},
                         {Py_tp_methods, methods},
                         {Py_tp_getset, attributes},
                         {Py_tp_members, members},
                         {0, nullptr}};
  PyType_Spec spec{"gradus._C._FunctionBase", sizeof(PyFunction), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                   slots};
  function_base = make_type(spec, node_base);
  add_object(module, "_FunctionBase", reinterpret_cast<PyObject*>(function_base));
  ensure(PyModule_AddFunctions(module, module_functions) == 0);
  init_function_apply(module);
}

}  // namespace gradus::py
