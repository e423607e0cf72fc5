// Python-defined functions in the graph: the context that forward and backward see is the Python object of the node.
#pragma once
#include <string>

#include "python/bindings/autograd.h"

namespace gradus::py {

/// What all calls of one Function class share. Kept by the class of its contexts.
struct FunctionClass {
  std::string name;     // "MulBackward"
  NodeType type;        // its name refers to `name`
  PyObject* forward;    // the Function class itself; not owned: it owns the class of the contexts
  PyTypeObject* owner;  // the class of the contexts; not owned
};

/// A context. While Python refers to it, it owns a reference to its node; later, the node owns it (`kept`), as long as
/// the graph has the node.
struct PyFunction {
  PyNode base;  // before forward returns, and if nothing is recorded, a node without edges
  PyObject* dict;
  PyObject* notes;  // `metadata` before there is a node
  PyObject* saved;  // the tensors of save_for_backward; None where the node has the value itself
  PyObject *to_save, *saved_for_forward, *dirty, *non_differentiable, *needs_input_grad;
  const FunctionClass* kind;
  bool materialize;      // undefined gradients reach backward as zeros
  bool kept;             // owned by the node
  bool taken;            // saved values were given away and forgotten
  std::string inputs;    // one char an argument: kTensor or kOther
  std::string outputs;   // one char a result: kTensor or kOther
  std::u16string slots;  // where saved value i belongs: a result, kInput + edge, or one of the last three

  static constexpr char kOther = 0, kTensor = 1;
  static constexpr char16_t kInput = 0x8000, kPacked = 0xfffd, kNone = 0xfffe, kHandle = 0xffff;
};

extern PyTypeObject* function_base;
extern PyObject* base_setup_context;  // Function.setup_context, if a class does not override it

inline PyFunction* as_function(PyObject* o) { return reinterpret_cast<PyFunction*>(o); }
bool is_function_node(const Node& node);
/// The context of a node (a new reference).
PyObject* wrap_function(Node& node);
/// The context that `node` alone keeps alive, or null: a tensor that alone owns the node answers for it to the cycle
/// collector.
PyObject* kept_function(const Node& node);

/// A context without a node of its own yet.
PyObject* new_function(const FunctionClass* kind);
const FunctionClass* function_class(PyObject* context_type);
/// The node of a call: created once forward has returned. The context owns the only reference.
Node* attach_node(PyFunction* ctx, int n_next, int n_saved, int n_out);

/// Calls backward (or vjp) of the context's class with gradients.
PyObject* call_backward(PyFunction* ctx, PyObject* const* grads, Py_ssize_t n);

void init_function(PyObject* module);
void init_function_apply(PyObject* module);

}  // namespace gradus::py
