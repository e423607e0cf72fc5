// What the binding shows of autograd: graph nodes, hooks and the backward pass.
#pragma once
#include "gradus/core/node.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// A graph node as Python sees it: one object per node.
struct PyNode {
  PyObject_HEAD Node* node;
  PyObject* weakrefs;
};
extern PyTypeObject* node_base;

/// The Python object of a node (one per node); None for null.
PyObject* wrap_node(Node* node);
/// The node of a Python object; null if it is none.
Node* unwrap_node(PyObject* object);
/// Edges that PyTorch's node has behind ours: it makes a tensor of the number in x + 1.
int extra_edges(const Node& node);

/// x.backward(gradient, retain_graph, create_graph, inputs).
PyObject* tensor_backward(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_register_hook(PyObject* self, PyObject* hook);
PyObject* tensor_register_post_accumulate_grad_hook(PyObject* self, PyObject* hook);
PyObject* node_register_hook(PyObject* self, PyObject* hook);
PyObject* node_register_prehook(PyObject* self, PyObject* hook);

/// For the cycle collector: hooks that nothing but this tensor keeps.
int visit_hooks(TensorImpl* tensor, visitproc visit, void* arg);
void clear_hooks(TensorImpl* tensor);

void add_node_type(PyObject* module);
void add_hooks(PyObject* module);
void add_anomaly(PyObject* module);

}  // namespace gradus::py
