// Graph nodes as Python objects, the backward pass, grad mode and hooks.
#include "python/bindings/autograd.h"

#include <memory>
#include <unordered_map>

#include "gradus/autograd/engine.h"
#include "gradus/autograd/hooks.h"
#include "gradus/core/format.h"
#include "gradus/core/modes.h"
#include "python/bindings/arguments.h"
#include "python/bindings/function.h"
#include "python/bindings/saved_hooks.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

PyTypeObject* node_base = nullptr;

namespace {

Node* node_of(PyObject* o) { return reinterpret_cast<PyNode*>(o)->node; }

void node_dealloc(PyObject* self) {
  auto* n = reinterpret_cast<PyNode*>(self);
  PyTypeObject* type = Py_TYPE(self);
  if (n->weakrefs) PyObject_ClearWeakRefs(self);
  Py_CLEAR(n->metadata);
  n->node->py = nullptr;
  drop(n->node);
  type->tp_free(self);
  Py_DECREF(type);
}

// One Python type per kind of node, named like it.
PyTypeObject* type_of(const Node& n) {
  static auto* types = new std::unordered_map<const NodeType*, PyTypeObject*>;
  PyTypeObject*& type = (*types)[n.type];
  if (!type) {
    PyType_Slot slots[] = {{0, nullptr}};
    auto* name = new std::string("gradus.autograd." + std::string(n.name()));  // the type may refer to it
    PyType_Spec spec{name->c_str(), sizeof(PyNode), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
    type = make_type(spec, node_base);
  }
  return type;
}

PyObject* node_repr(PyObject* self) { return PyUnicode_FromFormat("<%s object at %p>", node_of(self)->name(), self); }
// The nodes that PyTorch writes by hand show their namespace.
PyObject* node_name(PyObject* self, PyObject*) {
  const std::string_view name = node_of(self)->name();
  const bool by_hand = name == "AccumulateGrad" || name == "CopySlices" || name == "CopyBackwards" || name == "Error";
  return PyUnicode_FromFormat(by_hand ? "torch::autograd::%s" : "%s", node_of(self)->name());
}
PyObject* node_sequence(PyObject* self, PyObject*) { return PyLong_FromUnsignedLongLong(node_of(self)->seq); }
// PyTorch makes a tensor of the number in x + 1: its nodes have an edge for it that leads nowhere.
bool has_edge_for_number(const Node& n) {
  const std::string_view name = n.name();
  return n.n_next == 1 &&
         (name == "AddBackward0" || name == "SubBackward0" || name == "MulBackward0" || name == "DivBackward0");
}
PyObject* node_next(PyObject* self, void*) {
  return guarded([&] {
    Node* n = node_of(self);
    const int extra = has_edge_for_number(*n);
    Ref list = own(PyTuple_New(n->n_next + extra));
    for (int i = 0; i < n->n_next + extra; ++i) {
      const Edge e = i < n->n_next ? n->next()[i] : Edge{};
      Ref next = own(wrap_node(e.node));
      PyTuple_SET_ITEM(list.get(), i, own(Py_BuildValue("(OI)", next.get(), e.nr)).release());
    }
    return list.release();
  });
}
PyObject* node_metadata(PyObject* self, void*) {
  auto* n = reinterpret_cast<PyNode*>(self);
  if (!n->metadata) n->metadata = PyDict_New();
  Py_XINCREF(n->metadata);
  return n->metadata;
}
PyObject* node_variable(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    if (!is_accumulator(node_of(self)))
      fail(PyExc_AttributeError, "'%s' object has no attribute 'variable'", node_of(self)->name());
    TensorImpl* leaf = accumulator_leaf(node_of(self));
    if (!leaf) return none();
    retain(leaf);
    return wrap(Tensor(leaf));
  });
}
// (sizes, dtype, bytes) of each value the node keeps for its gradient.
PyObject* node_saved(PyObject* self, void*) {
  return guarded([&] {
    Node* n = node_of(self);
    Ref list = own(PyList_New(0));
    for (int i = 0; i < n->n_saved; ++i) {
      const View* v = n->saved()[i].view;
      if (!v) continue;
      Ref sizes(wrap_size(v->sizes())), dtype(wrap(v->dtype));
      Ref entry =
          own(Py_BuildValue("(OOL)", sizes.get(), dtype.get(), static_cast<long long>(v->numel * item_size(v->dtype))));
      ensure(PyList_Append(list.get(), entry.get()) == 0);
    }
    return list.release();
  });
}
PyObject* node_outputs(PyObject* self, void*) {
  return guarded([&] {
    Node* n = node_of(self);
    Ref list = own(PyTuple_New(n->n_out));
    for (int i = 0; i < n->n_out; ++i) PyTuple_SET_ITEM(list.get(), i, wrap_size(n->out()[i].sizes));
    return list.release();
  });
}

void add_node_type(PyObject* module) {
  static PyMethodDef methods[] = {{"name", &node_name, METH_NOARGS, "The kind of node."},
                                  {"_sequence_nr", &node_sequence, METH_NOARGS, "Order of creation on its thread."},
                                  {}};
  static PyGetSetDef attributes[] = {
      {"next_functions", &node_next, nullptr, "(node, index of its result) for each input.", nullptr},
      {"metadata", &node_metadata, nullptr, "A dict for notes.", nullptr},
      {"variable", &node_variable, nullptr, "The leaf of an accumulator.", nullptr},
      {"_saved", &node_saved, nullptr, "Sizes, dtype and bytes of the values kept for the gradient.", nullptr},
      {"_output_shapes", &node_outputs, nullptr, "Sizes of the results.", nullptr},
      {}};
  static PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(PyNode, weakrefs), READONLY, nullptr},
                                  {}};
  PyType_Slot slots[] = {{Py_tp_dealloc, slot(&node_dealloc)}, {Py_tp_repr, slot(&node_repr)}, {Py_tp_methods, methods},
                         {Py_tp_getset, attributes},           {Py_tp_members, members},       {0, nullptr}};
  PyType_Spec spec{"gradus.autograd.Node", sizeof(PyNode), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  node_base = make_type(spec);
  add_object(module, "Node", reinterpret_cast<PyObject*>(node_base));
}

// ---- backward

Tensors tensors_of(const char* what, PyObject* sequence, bool allow_none) {
  Ref fast = own(PySequence_Fast(sequence, "expected a tuple of tensors"));
  Tensors list;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.get()); ++i) {
    PyObject* o = PySequence_Fast_GET_ITEM(fast.get(), i);
    if (is_tensor(o)) list.push_back(tensor_of(o));
    else if (o == Py_None && allow_none) list.emplace_back();
    else fail(PyExc_TypeError, "element %zd of %s tuple is not a Tensor%s", i, what, allow_none ? " or None" : "");
  }
  return list;
}

// (tensors, grad_tensors, keep_graph, create_graph, inputs, allow_unused, accumulate_grad)
PyObject* run_backward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&]() -> PyObject* {
    if (n != 7) fail(PyExc_TypeError, "_run_backward() takes 7 positional arguments but %zd were given", n);
    const Tensors roots = tensors_of("tensors", args[0], false);
    const Tensors grads = tensors_of("gradients", args[1], true);
    const Tensors inputs = args[4] == Py_None ? Tensors{} : tensors_of("inputs", args[4], false);
    const bool accumulate = to_bool(args[6]);
    Tensors result =
        gradus::run_backward(roots, grads, to_bool(args[2]), to_bool(args[3]), inputs, accumulate, to_bool(args[5]));
    return accumulate ? none() : wrap_list(result);
  });
}

struct HookHandle {
  PyObject* hook;
  explicit HookHandle(PyObject* h) : hook(h) { Py_INCREF(hook); }
  ~HookHandle() { release_object(hook); }
};

Tensor call_hook(PyObject* hook, const Tensor& gradient) {
  Ref argument = own(wrap(gradient));
  Ref result = own(PyObject_CallOneArg(hook, argument.get()));
  if (result.get() == Py_None) return {};
  if (!is_tensor(result.get()))
    fail(PyExc_TypeError, "expected Variable, but hook returned '%s'", type_name(result.get()).c_str());
  const Tensor replaced = tensor_of(result.get());
  const bool same_type = replaced.dtype() == gradient.dtype();
  if (!same_type || !(replaced.sizes() == gradient.sizes())) {
    PyObject* called = PyObject_GetAttrString(hook, "__name__");
    if (!called) PyErr_Clear();
    const Ref text = own(called ? called : PyUnicode_FromString("<unknown>"));
    const std::string name = PyUnicode_AsUTF8(text.get());
    check(same_type, "hook '", name, "' has changed the type of value (was torch.", gradient.dtype(),
          "Tensor got torch.", replaced.dtype(), "Tensor)");
    raise(ErrorKind::Runtime, str("hook '", name, "' has changed the size of value"));
  }
  return replaced;
}

PyObject* remove_hook(PyObject*, PyObject* id) {
  return guarded([&] {
    gradus::remove_hook(to_int(id));
    return none();
  });
}

// ---- modes

PyObject* is_grad_enabled(PyObject*, PyObject*) { return boolean(gradus::is_grad_enabled()); }
PyObject* set_grad_enabled(PyObject*, PyObject* mode) {
  return guarded([&] {
    if (!PyBool_Check(mode))
      fail(PyExc_TypeError, "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not %s",
           type_name(mode).c_str());
    gradus::set_grad_enabled(mode == Py_True);
    return none();
  });
}

PyMethodDef functions[] = {
    {"_run_backward", as_method(&run_backward), METH_FASTCALL, "Walks the graph from tensors back to leaves."},
    {"_remove_hook", &remove_hook, METH_O, nullptr},
    {"is_grad_enabled", &is_grad_enabled, METH_NOARGS, "True if operations are recorded for backward."},
    {"_set_grad_enabled", &set_grad_enabled, METH_O, nullptr},
    {}};

}  // namespace

PyObject* wrap_node(Node* node) {
  if (!node) return none();
  if (auto* existing = static_cast<PyObject*>(node->py)) {
    if (is_function_node(*node)) return wrap_function(*node);
    Py_INCREF(existing);
    return existing;
  }
  PyTypeObject* type = type_of(*node);
  auto* n = reinterpret_cast<PyNode*>(type->tp_alloc(type, 0));
  ensure(n);
  ref_inc(node->refs);
  n->node = node;
  node->py = n;
  return reinterpret_cast<PyObject*>(n);
}

PyObject* tensor_backward(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
  return guarded([&]() -> PyObject* {
    static Names<4> names{"backward", {"gradient", "retain_graph", "create_graph", "inputs"}};
    Bound<4> a(names, args, n, keywords);
    const Tensor& t = tensor_of(self);
    const bool create = a.given(2) && to_bool(a[2]);
    const bool simple = !a.given(0) && !a.given(3) && t.numel() == 1 && t.requires_grad();
    if (simple) {
      const bool keep = a.given(1) ? to_bool(a[1]) : create;
      const Tensor none_given;
      gradus::run_backward({&t, 1}, {&none_given, 1}, keep, create, {}, true, true);
      return none();
    }
    static PyObject* function = imported("gradus.autograd", "backward");
    auto or_none = [](PyObject* o) { return o ? o : Py_None; };
    return PyObject_CallFunction(function, "OOOOOO", self, or_none(a[0]), or_none(a[1]), create ? Py_True : Py_False,
                                 Py_None, or_none(a[3]));
  });
}

PyObject* tensor_register_hook(PyObject* self, PyObject* hook) {
  return guarded([&]() -> PyObject* {
    auto kept = std::make_shared<HookHandle>(hook);
    const int64_t id =
        gradus::register_hook(tensor_of(self), [kept](const Tensor& g) { return call_hook(kept->hook, g); });
    static PyObject* handle = imported("gradus.utils.hooks", "TensorHookHandle");
    return PyObject_CallFunction(handle, "L", static_cast<long long>(id));
  });
}

void init_autograd(PyObject* module) {
  add_node_type(module);
  add_saved_hooks(module);
  ensure(PyModule_AddFunctions(module, functions) == 0);
}

}  // namespace gradus::py
