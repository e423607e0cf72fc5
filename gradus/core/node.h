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

/// Keeps saved values elsewhere: takes them when a node is made, brings them back in backward. Counted, since what it
/// took outlives the scope in which it was active.
class SavedHooks {
 public:
  uint32_t refs = 1;
  virtual ~SavedHooks() = default;
  /// Takes a value; called without recording. The result is what unpack and forget get.
  virtual void* pack(const Tensor& value) = 0;
  virtual Tensor unpack(void* packed) = 0;
  virtual void forget(void* packed) noexcept = 0;
};
/// Makes `hooks` the ones that saved values go through on this thread until pop_saved_hooks. Takes over one reference.
/// Raises the text of disable_saved_hooks while that is in force.
void push_saved_hooks(SavedHooks* hooks);
void pop_saved_hooks() noexcept;
SavedHooks* current_saved_hooks() noexcept;  // null if there are none
/// Refuses hooks on this thread with this text (at once, if there are any); null allows them again.
void disable_saved_hooks(const char* message);
const char* saved_hooks_disabled() noexcept;  // the text, or null

/// What hooks made of a saved value.
struct Packed {
  SavedHooks* hooks;
  void* value;
};

/// A saved value: the geometry and storage as they were, and the version they had; or what hooks made of it. Never a
/// tensor: no cycles.
struct Saved {
  View* view = nullptr;
  union {
    Version* version = nullptr;
    Packed* packed;  // if `is_packed`: `view` is null then
  };
  uint32_t number = 0;
  bool is_packed = false;
};
void drop(Saved&) noexcept;  // gives back what it holds and empties it

/// Shape and dtype of an output, against which incoming gradients are checked. Kept small: no strides.
struct OutMeta {
  DType dtype = DType::Float32;
  bool defined = false;
  Dims sizes;
  void set(const View& v) {
    dtype = v.dtype;
    defined = true;
    sizes = v.sizes();
  }
};

/// What all nodes of one kind share.
struct NodeType {
  const char* name;  // "MulBackward0"
  /// Writes one gradient per edge; entries of `grads` and `out` may be undefined tensors.
  void (*apply)(Node& node, const Tensor* grads, Tensor* out);
  void (*destroy)(Node& node) noexcept;            // frees `context`; may be null
  void (*release)(Node& node) noexcept = nullptr;  // gives back what `context` saved; may be null
  bool always = false;                             // runs even if no gradient arrives
  const Op* op = nullptr;                          // the operator whose rule this is
  uint32_t saves = 0;                              // bit I: argument I, bit 16 + I: result I, in the order of the slots
  uint32_t edges = 0;                              // bit I: argument I has an edge
};

/// One block: header, then edges, saved values, output descriptions, and what new_node() was asked to add.
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
  void* tail() { return out() + n_out; }
  const char* name() const { return type->name; }
};

Node* new_node(const NodeType& type, int n_next, int n_saved, int n_out, size_t tail_bytes = 0);
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
void detach_accumulator(Node* n, const TensorImpl* leaf) noexcept;  // the leaf is gone

/// Makes `node` the producer of an in-place result; a view passes it on to its base. Takes over one reference.
/// `nr`: which result of the node; of a view, the only one.
void rebase_history(TensorImpl* self, Node* node, uint32_t nr = 0);
/// Makes result `nr` of `node` the history of a tensor, views included. Takes over one reference.
void set_history(TensorImpl* self, Node* node, uint32_t nr) noexcept;
/// Raises PyTorch's error if `self` may not be written in place while gradients are recorded.
void check_inplace(TensorImpl* self, bool any_requires_grad);
/// Raises PyTorch's error for a write to an inference tensor in ordinary mode.
void check_inference_write(const TensorImpl* self);
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
