// Graph nodes as Python objects.
#include <memory>
#include <unordered_map>

#include "gradus/autograd/hooks.h"
#include "gradus/core/format.h"
#include "gradus/ops/op.h"
#include "gradus/ops/rule.h"
#include "python/bindings/function.h"
#include "python/bindings/saved_hooks.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"

namespace gradus::py {

PyTypeObject* node_base = nullptr;

namespace {

Node* node_of(PyObject* o) { return reinterpret_cast<PyNode*>(o)->node; }

void node_dealloc(PyObject* self) {
  auto* n = reinterpret_cast<PyNode*>(self);
  PyTypeObject* type = Py_TYPE(self);
  if (n->weakrefs) PyObject_ClearWeakRefs(self);
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
PyObject* node_name(PyObject* self, PyObject*) {
  return guarded([&] { return text(full_name(*node_of(self)->type)); });
}
PyObject* node_sequence(PyObject* self, PyObject*) { return PyLong_FromUnsignedLongLong(node_of(self)->seq); }
PyObject* node_next(PyObject* self, void*) {
  return guarded([&] {
    Node* n = node_of(self);
    const int extra = extra_edges(*n);
    Ref list = own(PyTuple_New(n->n_next + extra));
    for (int i = 0; i < n->n_next + extra; ++i) {
      const Edge e = i < n->n_next ? n->next()[i] : Edge{};
      Ref next = own(wrap_node(e.node));
      PyTuple_SET_ITEM(list.get(), i, own(Py_BuildValue("(OI)", next.get(), e.nr)).release());
    }
    return list.release();
  });
}

// A dict that lives as long as the node; anomaly mode's notes are put into it.
PyObject* node_metadata(PyObject* self, void*) {
  return guarded([&] {
    NodeHooks& rare = hooks_of(*node_of(self));
    if (!rare.metadata) {
      Ref dict = own(PyDict_New());
      if (!rare.place.empty()) {
        Ref stack = own(Py_BuildValue("[s]", rare.place.c_str())), parent = own(wrap_node(rare.parent));
        ensure(PyDict_SetItemString(dict.get(), "traceback_", stack.get()) == 0);
        if (rare.parent) ensure(PyDict_SetItemString(dict.get(), "parent_", parent.get()) == 0);
      }
      rare.metadata = std::shared_ptr<void>(dict.release(), [](void* d) { release_object(static_cast<PyObject*>(d)); });
    }
    auto* dict = static_cast<PyObject*>(rare.metadata.get());
    Py_INCREF(dict);
    return dict;
  });
}
PyObject* node_input_metadata(PyObject* self, void*) {
  return guarded([&] {
    static PyObject* space = imported("types", "SimpleNamespace");
    Node* n = node_of(self);
    Ref list = own(PyTuple_New(n->n_out));
    for (int i = 0; i < n->n_out; ++i) {
      const OutMeta& m = n->out()[i];
      Ref shape = own(wrap_size(m.sizes)), dtype = own(wrap(m.dtype)), device = own(cpu_device());
      Ref keywords = own(Py_BuildValue("{s:O,s:O,s:O,s:O,s:O}", "shape", shape.get(), "dtype", dtype.get(), "device",
                                       device.get(), "is_nested_tensor", Py_False, "is_cpp_nested_tensor", Py_False));
      Ref nothing = own(PyTuple_New(0));
      PyTuple_SET_ITEM(list.get(), i, own(PyObject_Call(space, nothing.get(), keywords.get())).release());
    }
    return list.release();
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
PyObject* node_requires_grad(PyObject*, void*) { Py_RETURN_TRUE; }

// ---- saved values by name

/// A slot of a node: which edge its value hangs on, or which result it is.
struct Slot {
  int at;
  Edge edge;
  int output;
};

std::string_view result_name(const Schema& s, int i) {
  std::string_view rest = s.returns;
  if (rest.starts_with("(")) rest = rest.substr(1, rest.size() - 2);
  for (; i > 0; --i) rest = rest.substr(rest.find(',') + 2);
  rest = rest.substr(0, rest.find(','));
  const size_t space = rest.find(' ');
  return space == rest.npos ? std::string_view("result") : rest.substr(space + 1);
}

// The slot that holds what the operator calls `name`; false if there is none.
bool find_slot(Node& n, std::string_view name, Slot& slot) {
  if (!n.type->op) return false;
  const Schema& s = n.type->op->schema;
  for (int bit = 0, at = 0; bit < 32; ++bit) {
    if (!(n.type->saves >> bit & 1u)) continue;
    const bool is_result = bit >= 16;
    const std::string_view held = is_result ? result_name(s, bit - 16) : s.args[static_cast<size_t>(bit)].name;
    if (held == name) {
      slot = {at, is_result ? Edge{&n, static_cast<uint32_t>(bit - 16)} : Edge{}, is_result ? bit - 16 : -1};
      const int before = __builtin_popcount(n.type->edges & ((1u << (bit & 15)) - 1));
      if (!is_result && (n.type->edges >> bit & 1u) && before < n.n_next) slot.edge = n.next()[before];
      return true;
    }
    ++at;
  }
  return false;
}

struct PySaved {
  PyObject_HEAD Node* node;
  Slot slot;
};
PyTypeObject* saved_type = nullptr;
void saved_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  drop(reinterpret_cast<PySaved*>(self)->node);
  type->tp_free(self);
  Py_DECREF(type);
}
PyObject* saved_register_hooks(PyObject* self, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2) fail(PyExc_TypeError, "register_hooks() takes 2 positional arguments but %zd were given", n);
    auto* s = reinterpret_cast<PySaved*>(self);
    const Saved& saved = s->node->saved()[s->slot.at];
    check(!saved.is_packed,
          "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of hooks is "
          "allowed at a time.");
    if (!saved.view) {
      check(!s->node->released,
            "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph "
            "are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
            "through the graph a second time or if you need to access saved variables after calling backward.");
      fail(PyExc_RuntimeError, "Calling register_hooks on a saved tensor with value None is forbidden");
    }
    const Tensor value = unpack_saved(*s->node, s->slot.at, s->slot.edge, s->slot.output);
    SavedHooks* hooks = make_saved_hooks(args[0], args[1]);
    std::unique_ptr<SavedHooks, void (*)(SavedHooks*)> guard(hooks, [](SavedHooks* h) {
      if (ref_dec(h->refs)) delete h;
    });
    repack_saved(*s->node, s->slot.at, value, hooks);
    return none();
  });
}

PyObject* make_saved(Node& n, const Slot& slot) {
  auto* s = reinterpret_cast<PySaved*>(saved_type->tp_alloc(saved_type, 0));
  ensure(s);
  ref_inc(n.refs);
  s->node = &n;
  s->slot = slot;
  return reinterpret_cast<PyObject*>(s);
}

PyObject* node_getattro(PyObject* self, PyObject* name) {
  PyObject* found = PyObject_GenericGetAttr(self, name);
  if (found || !PyErr_ExceptionMatches(PyExc_AttributeError)) return found;
  PyErr_Clear();
  return guarded([&]() -> PyObject* {
    Node& n = *node_of(self);
    const std::string_view wanted = utf8(name);
    Slot slot;
    if (wanted == "variable" && is_accumulator(&n)) {
      TensorImpl* leaf = accumulator_leaf(&n);
      if (!leaf) return none();
      retain(leaf);
      return wrap(Tensor(leaf));
    }
    if (wanted.starts_with("_saved_") && find_slot(n, wanted.substr(7), slot))
      return wrap(unpack_saved(n, slot.at, slot.edge, slot.output));
    if (wanted.starts_with("_raw_saved_") && find_slot(n, wanted.substr(11), slot)) return make_saved(n, slot);
    fail(PyExc_AttributeError, "'%s' object has no attribute '%U'", type_name(self).c_str(), name);
  });
}

// node(gradients of the results...): what its rule makes of them.
PyObject* node_call(PyObject* self, PyObject* args, PyObject*) {
  return guarded([&]() -> PyObject* {
    Node& n = *node_of(self);
    if (is_function_node(n)) fail(PyExc_TypeError, "'%s' object is not callable", type_name(self).c_str());
    const Py_ssize_t given = PyTuple_GET_SIZE(args);
    if (given != n.n_out) fail(PyExc_TypeError, "expected %d arguments, got %zd instead", n.n_out, given);
    Tensors in(n.n_out), out(n.n_next);
    for (Py_ssize_t i = 0; i < given; ++i) {
      PyObject* o = PyTuple_GET_ITEM(args, i);
      if (is_tensor(o)) in[static_cast<size_t>(i)] = tensor_of(o);
      else if (o != Py_None) fail(PyExc_TypeError, "expected Variable argument %zd, got %s", i, type_name(o).c_str());
    }
    if (is_accumulator(&n)) fail(PyExc_NotImplementedError, "an AccumulateGrad node cannot be called; use backward()");
    n.type->apply(n, in.data(), out.data());
    return out.size() == 1 && !extra_edges(n) ? wrap(out[0]) : wrap_list(out);
  });
}

PyMethodDef node_methods[] = {
    {"name", &node_name, METH_NOARGS, "The kind of node."},
    {"_sequence_nr", &node_sequence, METH_NOARGS, "Order of creation on its thread."},
    {"register_hook", &node_register_hook, METH_O,
     "hook(grad_inputs, grad_outputs) is called after the rule; a tuple it returns replaces grad_inputs."},
    {"register_prehook", &node_register_prehook, METH_O,
     "hook(grad_outputs) is called before the rule; a tuple it returns replaces grad_outputs."},
    {}};
PyGetSetDef node_attributes[] = {
    {"next_functions", &node_next, nullptr, "(node, index of its result) for each input.", nullptr},
    {"metadata", &node_metadata, nullptr, "A dict for notes.", nullptr},
    {"requires_grad", &node_requires_grad, nullptr, nullptr, nullptr},
    {"_input_metadata", &node_input_metadata, nullptr, "Shape, dtype and device of each result.", nullptr},
    {"_saved", &node_saved, nullptr, "Sizes, dtype and bytes of the values kept for the gradient.", nullptr},
    {"_output_shapes", &node_outputs, nullptr, "Sizes of the results.", nullptr},
    {}};

void add_saved_type(PyObject* module) {
  static PyMethodDef methods[] = {{"register_hooks", as_method(&saved_register_hooks), METH_FASTCALL,
                                   "From now on the value goes through pack_hook and unpack_hook."},
                                  {}};
  PyType_Slot slots[] = {{Py_tp_dealloc, slot(&saved_dealloc)}, {Py_tp_methods, methods}, {0, nullptr}};
  PyType_Spec spec{"gradus.autograd.SavedTensor", sizeof(PySaved), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  saved_type = make_type(spec);
  add_object(module, "_SavedTensor", reinterpret_cast<PyObject*>(saved_type));
}

}  // namespace

// Its nodes have an edge for the number that leads nowhere.
int extra_edges(const Node& n) {
  const std::string_view name = n.name();
  return n.n_next == 1 &&
         (name == "AddBackward0" || name == "SubBackward0" || name == "MulBackward0" || name == "DivBackward0");
}

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

Node* unwrap_node(PyObject* o) { return PyObject_TypeCheck(o, node_base) ? node_of(o) : nullptr; }

void add_node_type(PyObject* module) {
  static PyMemberDef members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(PyNode, weakrefs), READONLY, nullptr},
                                  {}};
  PyType_Slot slots[] = {{Py_tp_dealloc, slot(&node_dealloc)},
                         {Py_tp_repr, slot(&node_repr)},
                         {Py_tp_call, slot(&node_call)},
                         {Py_tp_getattro, slot(&node_getattro)},
                         {Py_tp_methods, node_methods},
                         {Py_tp_getset, node_attributes},
                         {Py_tp_members, members},
                         {0, nullptr}};
  PyType_Spec spec{"gradus.autograd.Node", sizeof(PyNode), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  node_base = make_type(spec);
  add_object(module, "Node", reinterpret_cast<PyObject*>(node_base));
  add_saved_type(module);
}

}  // namespace gradus::py
