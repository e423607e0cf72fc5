// What the binding shows of autograd: graph nodes and the backward pass.
#pragma once
#include "gradus/core/node.h"
#include "python/bindings/py.h"

namespace gradus::py {

/// A graph node as Python sees it: one object per node.
struct PyNode {
  PyObject_HEAD Node* node;
  PyObject* metadata;
  PyObject* weakrefs;
};
extern PyTypeObject* node_base;

/// The Python object of a node (one per node); None for null.
PyObject* wrap_node(Node* node);
/// x.backward(gradient, retain_graph, create_graph, inputs).
PyObject* tensor_backward(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords);
PyObject* tensor_register_hook(PyObject* self, PyObject* hook);

}  // namespace gradus::py
