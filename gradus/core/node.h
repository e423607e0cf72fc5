// A node of the autograd graph: edges to what produced its inputs, what its rule needs, what its outputs look like.
#pragma once
#include <cstdint>

#include "gradus/core/impl.h"

namespace gradus {

class Tensor;
struct Node;

struct Edge {
  Node* node = nullptr;
  uint32_t nr = 0;
};

/// A saved value: the geometry and storage as they were, and the version they had. Never a tensor: no cycles.
struct Saved {
  View* view = nullptr;
  Version* version = nullptr;
  uint32_t number = 0;
};

/// Shape and dtype of an output, against which incoming gradients are checked. Kept small: no strides.
struct OutMeta {
  DType dtype = DType::Float32;
  bool defined = false;
  Dims sizes;
};

/// What all nodes of one kind share.
struct NodeType {
  const char* name;  // "MulBackward0"
  /// Writes one gradient per edge; entries of `grads` and `out` may be undefined tensors.
  void (*apply)(Node& node, const Tensor* grads, Tensor* out);
  void (*destroy)(Node& node) noexcept;            // frees `context`; may be null
  void (*release)(Node& node) noexcept = nullptr;  // gives back what `context` saved; may be null
};

/// One block: header, then edges, saved values and output descriptions.
struct Node {
  uint32_t refs = 1;
  int32_t n_next = 0, n_saved = 0, n_out = 0;
  uint32_t bytes = 0;
  bool released = false;  // saved values were given back by a backward pass
  bool saves = false;     // had saved values
  bool busy = false;      // of an accumulator: a thread is adding to its leaf
  uint64_t seq = 0;       // order of creation on its thread; accumulators: the maximum
  const NodeType* type = nullptr;
  void* context = nullptr;  // attributes of the rule
  void* hooks = nullptr;    // owned by autograd
  void* py = nullptr;

  Edge* next() { return reinterpret_cast<Edge*>(this + 1); }
  const Edge* next() const { return reinterpret_cast<const Edge*>(this + 1); }
  Saved* saved() { return reinterpret_cast<Saved*>(next() + n_next); }
  OutMeta* out() { return reinterpret_cast<OutMeta*>(saved() + n_saved); }
  const char* name() const { return type->name; }
};

Node* new_node(const NodeType& type, int n_next, int n_saved, int n_out);
void destroy(Node*) noexcept;  // iterative: a chain of any length does not recurse
inline void drop(Node* n) noexcept {
  if (ref_dec(n->refs)) destroy(n);
}
/// Gives back saved values; a second visit then raises.
void release_saved(Node&) noexcept;

/// The edge a tensor hangs on: its grad_fn, or its accumulator (made on demand); null if it requires no gradient.
Edge gradient_edge(TensorImpl*);
/// A leaf's accumulator, or null if `n` is not one or its leaf is gone.
TensorImpl* accumulator_leaf(const Node* n);
bool is_accumulator(const Node* n);
void detach_accumulator(Node* n) noexcept;  // the leaf is gone

/// Makes `node` the producer of an in-place result; a view passes it on to its base. Takes over one reference.
void rebase_history(TensorImpl* self, Node* node);
/// Raises PyTorch's error if `self` may not be written in place while gradients are recorded.
void check_inplace(TensorImpl* self, bool any_requires_grad);
/// The producer of `self`; a view whose base was written since gets a fresh one, or raises if its kind forbids that.
Node* current_node(TensorImpl* self);

/// The rule of a write into a view runs inside a CopySlices node: what it sees as its own result comes from there.
struct SlicePass {
  const Node* inner;
  Tensor (*result)(const SlicePass&, const Saved&);
  Node* outer;
  const SlicePass* before;
};
extern constinit thread_local const SlicePass* slice_pass;

}  // namespace gradus
