// The backward pass and the modes of recording.
#include "python/bindings/autograd.h"

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/engine.h"
#include "gradus/core/format.h"
#include "gradus/core/modes.h"
#include "python/bindings/arguments.h"
#include "python/bindings/function.h"
#include "python/bindings/saved_hooks.h"
#include "python/bindings/tensor_type.h"
#include "python/bindings/types.h"
#include "python/bindings/values.h"

namespace gradus::py {

namespace {

// ---- backward

Tensors gradients_of(PyObject* sequence) {
  Ref fast = own(PySequence_Fast(sequence, "expected a tuple of gradients"));
  Tensors list;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.get()); ++i) {
    PyObject* o = PySequence_Fast_GET_ITEM(fast.get(), i);
    if (is_tensor(o)) list.push_back(tensor_of(o));
    else if (o == Py_None) list.emplace_back();
    else fail(PyExc_TypeError, "element %zd of gradients tuple is not a Tensor or None", i);
  }
  return list;
}

// Tensors and GradientEdges, as the edges where their gradients arrive.
struct Ends {
  Tensors tensors;  // undefined for an edge
  std::vector<Edge> edges;
  bool all_tensors = true;
  explicit Ends(PyObject* sequence) {
    Ref fast = own(PySequence_Fast(sequence, "expected a tuple of tensors"));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.get()); ++i) add(PySequence_Fast_GET_ITEM(fast.get(), i));
  }

 private:
  void add(PyObject* o) {
    if (is_tensor(o)) {
      tensors.push_back(tensor_of(o));
      edges.emplace_back();
      return;
    }
    Node* node = PyTuple_Check(o) && PyTuple_GET_SIZE(o) >= 2 ? unwrap_node(PyTuple_GET_ITEM(o, 0)) : nullptr;
    if (!node)
      fail(PyExc_RuntimeError, "all inputs have to be Tensors or GradientEdges, but got %s", type_name(o).c_str());
    const int64_t nr = to_int(PyTuple_GET_ITEM(o, 1));
    if (nr < 0 || nr >= node->n_out)
      fail(PyExc_IndexError, "a GradientEdge names a result that its node does not have");
    tensors.emplace_back();
    edges.push_back({node, static_cast<uint32_t>(nr)});
    all_tensors = false;
  }
};

std::vector<Edge> root_edges(const Ends& roots, Tensors& grads) {
  std::vector<Edge> edges = roots.edges;
  grads.resize(edges.size());
  for (size_t i = 0; i < edges.size(); ++i) {
    if (!edges[i].node) edges[i] = current_edge(roots.tensors[i]);
    check(edges[i].node, "element ", i, " of tensors does not require grad and does not have a grad_fn");
    check(grads[i].defined(), "a root of backward has no gradient");
    const OutMeta& wanted = edges[i].node->out()[edges[i].nr];
    if (wanted.defined && grads[i].dtype() != wanted.dtype) grads[i] = grads[i].to(wanted.dtype);
  }
  return edges;
}

std::vector<Edge> input_edges(const Ends& inputs, bool accumulate) {
  std::vector<Edge> edges = inputs.edges;
  for (size_t i = 0; i < edges.size(); ++i) {
    const Tensor& t = inputs.tensors[i];
    if (edges[i].node) continue;
    check(t.requires_grad(), "One of the differentiated Tensors does not require grad");
    if (accumulate) t.retain_grad();
    edges[i] = current_edge(t);
  }
  return edges;
}

// (tensors, grad_tensors, keep_graph, create_graph, inputs, allow_unused, accumulate_grad)
PyObject* run_backward(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&]() -> PyObject* {
    if (n != 7) fail(PyExc_TypeError, "_run_backward() takes 7 positional arguments but %zd were given", n);
    const Ends roots(args[0]);
    Tensors grads = gradients_of(args[1]);
    const Ends inputs(args[4]);
    const bool keep = to_bool(args[2]), create = to_bool(args[3]), unused = to_bool(args[5]);
    const bool accumulate = to_bool(args[6]);
    Tensors result;
    if (roots.all_tensors && inputs.all_tensors) {
      result = gradus::run_backward(roots.tensors, grads, keep, create, inputs.tensors, accumulate, unused);
    } else {
      const std::vector<Edge> from = root_edges(roots, grads), to = input_edges(inputs, accumulate);
      result = gradus::run_backward(from, std::move(grads), keep, create, to, accumulate, unused);
    }
    return accumulate ? none() : wrap_list(result);
  });
}

PyObject* is_checkpoint_valid(PyObject*, PyObject*) { return boolean(reaches_all_leaves()); }
PyObject* current_graph_task(PyObject*, PyObject*) { return PyLong_FromLongLong(current_walk()); }
PyObject* will_execute(PyObject*, PyObject* node) {
  return guarded([&] {
    if (!unwrap_node(node)) fail(PyExc_TypeError, "expected a Node, but got %s", type_name(node).c_str());
    return boolean(will_run(unwrap_node(node)));
  });
}
PyObject* current_node(PyObject*, PyObject*) {
  return guarded([] { return wrap_node(executing_node()); });
}
PyObject* gradient_edge_of(PyObject*, PyObject* tensor) {
  return guarded([&] {
    if (!is_tensor(tensor)) fail(PyExc_TypeError, "expected a Tensor, but got %s", type_name(tensor).c_str());
    const Edge e = current_edge(tensor_of(tensor));
    Ref node = own(wrap_node(e.node));
    return Py_BuildValue("(OI)", node.get(), e.nr);
  });
}

// ---- modes

// What set_grad_enabled said last; in inference mode nothing is recorded whatever it said.
PyObject* is_grad_enabled(PyObject*, PyObject*) { return boolean(!(detail::modes.no_grad & detail::kGradOff)); }
PyObject* is_inference_mode(PyObject*, PyObject*) { return boolean(is_inference_mode_enabled()); }
// Enters (or with False leaves) inference mode; returns what _restore_mode brings back.
PyObject* set_inference_mode(PyObject*, PyObject* mode) {
  const long before = detail::modes.no_grad;
  detail::modes.no_grad = mode == Py_True ? detail::kGradOff | detail::kInferring : 0;
  return PyLong_FromLong(before);
}
PyObject* restore_mode(PyObject*, PyObject* before) {
  return guarded([&] {
    detail::modes.no_grad = static_cast<uint8_t>(to_int(before) & (detail::kGradOff | detail::kInferring));
    return none();
  });
}
PyObject* increment_version(PyObject*, PyObject* tensors) {
  return guarded([&] {
    Ref fast = own(PySequence_Fast(tensors, "expected a list of tensors"));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast.get()); ++i) {
      PyObject* o = PySequence_Fast_GET_ITEM(fast.get(), i);
      if (!is_tensor(o)) fail(PyExc_TypeError, "increment_version expect each element of the iterable to be a tensor");
      if (!tensor_of(o).is_inference()) bump_version(tensor_of(o).impl());
    }
    return none();
  });
}
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
    {"is_grad_enabled", &is_grad_enabled, METH_NOARGS, "True if operations are recorded for backward."},
    {"_set_grad_enabled", &set_grad_enabled, METH_O, nullptr},
    {"is_inference_mode_enabled", &is_inference_mode, METH_NOARGS, "True inside inference_mode."},
    {"_set_inference_mode", &set_inference_mode, METH_O, nullptr},
    {"_restore_mode", &restore_mode, METH_O, nullptr},
    {"_increment_version", &increment_version, METH_O, "Counts a write to each tensor of a list."},
    {"_is_checkpoint_valid", &is_checkpoint_valid, METH_NOARGS, "True unless backward goes to chosen inputs only."},
    {"_current_graph_task_id", &current_graph_task, METH_NOARGS, "Number of the backward pass under way, or -1."},
    {"_will_engine_execute_node", &will_execute, METH_O, "Whether the backward pass under way runs a node."},
    {"_current_autograd_node", &current_node, METH_NOARGS, "The node whose rule or hooks run, or None."},
    {"_gradient_edge", &gradient_edge_of, METH_O,
     "(node, index of its result) where the gradient of a tensor arrives."},
    {}};

}  // namespace

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

void init_autograd(PyObject* module) {
  add_node_type(module);
  add_hooks(module);
  add_saved_hooks(module);
  add_anomaly(module);
  ensure(PyModule_AddFunctions(module, functions) == 0);
}

}  // namespace gradus::py
