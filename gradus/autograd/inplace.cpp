// In-place writes and views: who may be written, and how a write into a view reaches the base.
#include "gradus/autograd/hooks.h"
#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/core/node.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/rule.h"

namespace gradus {

constinit thread_local const SlicePass* slice_pass = nullptr;

namespace {

// Geometry of a written view inside its base, and the node that computed what was written.
struct SliceWrite {
  Node* inner;
  Dims base_sizes, base_strides, sizes, strides;
  int64_t offset;
};

// The written slice as a part of the base that the CopySlices node produced.
Tensor slice_result(const SlicePass& pass, const Saved& saved) {
  const auto& w = *static_cast<SliceWrite*>(pass.outer->context);
  Tensor base;
  if (saved.view) {
    const View& v = *saved.view;
    ref_inc(v.storage->refs);
    base = Tensor(new_tensor(new_view(v.storage, v.dtype, w.base_sizes, w.base_strides, v.offset - w.offset)));
    ref_inc(saved.version->refs);
    base.impl()->version = saved.version;
  } else {  // hooks have the values: only the place in the graph counts
    base = empty_strided(w.base_sizes, w.base_strides, pass.outer->out()[0].dtype);
  }
  TensorImpl* t = base.impl();
  ref_inc(pass.outer->refs);
  t->node = pass.outer;
  t->flags = TensorImpl::kRequiresGrad;
  return base.as_strided(w.sizes, w.strides, base.storage_offset() + w.offset);
}

// Puts itself in front of the passes under way, and takes itself out again.
struct PassScope {
  SlicePass pass;
  PassScope(const Node* inner, Node* outer) : pass{inner, &slice_result, outer, slice_pass} { slice_pass = &pass; }
  ~PassScope() { slice_pass = pass.before; }
  PassScope(const PassScope&) = delete;
};

void apply_copy_slices(Node& n, const Tensor* grads, Tensor* out) {
  check(!n.released,
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
        "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
        "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
        "saved tensors after calling backward.");
  auto& w = *static_cast<SliceWrite*>(n.context);
  Tensor result = empty_strided(w.base_sizes, w.base_strides, grads[0].dtype());
  result.copy_(grads[0]);
  const Tensor slice = result.as_strided(w.sizes, w.strides, w.offset);
  const Tensor g = slice.clone();
  Tensors inner(w.inner->n_next);
  {
    const PassScope scope(w.inner, &n);
    w.inner->type->apply(*w.inner, &g, inner.data());
  }
  if (inner[0].defined())  // every in-place operator has a rule for self
    slice.copy_(inner[0]);
  else slice.zero_();
  if (n.next()[0].node) out[0] = result;
  for (int i = 1; i < n.n_next; ++i) out[i] = inner[static_cast<size_t>(i)];
}

void destroy_copy_slices(Node& n) noexcept {
  auto* w = static_cast<SliceWrite*>(n.context);
  drop(w->inner);
  w->~SliceWrite();
  pool_put(w, sizeof(SliceWrite));
}

void release_copy_slices(Node& n) noexcept { release_saved(*static_cast<SliceWrite*>(n.context)->inner); }

constexpr NodeType kCopySlices{"CopySlices", &apply_copy_slices, &destroy_copy_slices, &release_copy_slices};

void set_node(TensorImpl* t, Node* node, uint32_t nr = 0) {  // takes over the reference
  Node* before = t->node;
  if (before && t->meta && t->meta->retains_grad) {  // it keeps the gradient of what it is now
    forget_keeper(before, t);
    keep_gradient(*node, nr, t);
  }
  if (before && (t->flags & TensorImpl::kLeafNode)) detach_accumulator(before, t);
  t->node = node;
  t->out_nr = nr;
  if (!t->meta || !t->meta->base) version_of(t).producer = node->type;
  t->flags = (t->flags & ~TensorImpl::kLeafNode) | TensorImpl::kRequiresGrad;
  if (before) drop(before);
}

// Edges of the node go into a CopySlices node of the base; only the first one differs: there it is the base's own
// history. The node inside keeps its edge to the slice as it was, for second derivatives.
Node* make_copy_slices(TensorImpl* base, TensorImpl* view, Node* inner) {
  const int n_next = inner->n_next;
  Node* n = new_node(kCopySlices, n_next, 0, 1);
  Edge first = gradient_edge(base);
  if (first.node) ref_inc(first.node->refs);
  n->next()[0] = first;
  for (int i = 1; i < n_next; ++i) {
    n->next()[i] = inner->next()[i];
    if (n->next()[i].node) ref_inc(n->next()[i].node->refs);
  }
  n->out()[0] = {base->view->dtype, true, Dims(base->view->sizes())};
  n->context = new (pool_get(sizeof(SliceWrite))) SliceWrite{inner,
                                                             Dims(base->view->sizes()),
                                                             Dims(base->view->strides()),
                                                             Dims(view->view->sizes()),
                                                             Dims(view->view->strides()),
                                                             view->view->offset - base->view->offset};
  return n;
}

}  // namespace

void set_history(TensorImpl* self, Node* node, uint32_t nr) noexcept {
  set_node(self, node, nr);
  if (self->meta) self->meta->view_version = version_number(self);
}

void rebase_history(TensorImpl* self, Node* node, uint32_t nr) {
  TensorImpl* base = self->meta ? self->meta->base : nullptr;
  if (!base) {
    set_node(self, node, nr);
    return;
  }
  set_node(base, make_copy_slices(base, self, node));
  current_node(self);
}

namespace {
std::string advice(ViewKind kind) {
  if (kind == ViewKind::MultiOutput)
    return " This view is the output of a function that returns multiple views. Such functions do not allow the output "
           "views to be modified inplace. You should replace the inplace operation by an out-of-place one.";
  if (kind == ViewKind::Custom)
    return " This view was created inside a custom Function (or because an input was returned as-is) and the autograd "
           "logic to handle view+inplace would override the custom backward associated with the custom Function, "
           "leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the "
           "custom Function.";
  return str(
      " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by "
      "moving both the view and the inplace either both inside the ",
      kind == ViewKind::Inference ? "inference_mode" : "no_grad",
      " block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be "
      "tracked).");
}

// `indirect`: its base, or another view of that, was written.
[[noreturn]] void raise_view_written(const TensorImpl* self, bool indirect) {
  const ViewKind kind = self->meta->kind;
  const char* what = indirect ? "its base or another view of its base has been" : "is being";
  const std::string output = self->node ? str("Output ", self->out_nr, " of ", message_name(*self->node->type)) : "";
  const std::string prefix = self->node ? output + " is a view of a view which was created" : "A view was created";
  std::string text;
  if (kind == ViewKind::Inference)
    text = str(prefix, " in inference mode and ", what, " modified inplace in normal mode.");
  else if (kind == ViewKind::NoGrad || !self->node)
    text = str(prefix, " in no_grad mode and ", what, " modified inplace with grad mode enabled.");
  else text = str(output, " is a view and ", what, " modified inplace.");
  raise(ErrorKind::Runtime, text + advice(kind));
}
}  // namespace

Node* current_node(TensorImpl* self) {
  TensorImpl* base = self->meta ? self->meta->base : nullptr;
  if (!base || !base->requires_grad()) return self->node;
  const uint32_t version = version_number(self);
  if (self->meta->view_version == version) return self->node;
  if (self->meta->kind != ViewKind::Plain) raise_view_written(self, true);
  GradMode guard(true);
  retain(base);
  const Tensor root(base);
  const Tensor fresh = root.as_strided(self->view->sizes(), self->view->strides(), self->view->offset);
  ref_inc(fresh.impl()->node->refs);
  set_node(self, fresh.impl()->node);
  self->meta->view_version = version;
  return self->node;
}

void check_inference_write(const TensorImpl* self) {
  check(!self->has(TensorImpl::kInference) || is_inference_mode_enabled(),
        "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
        "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.");
}

void check_inplace(TensorImpl* self, bool recording) {
  check_inference_write(self);
  const bool own = self->requires_grad() && is_grad_enabled();
  if (!recording && !own) return;
  if (TensorImpl* base = self->meta ? self->meta->base : nullptr) {
    if (self->meta->kind != ViewKind::Plain) raise_view_written(self, false);
    current_node(self);
    check(!self->requires_grad() || !(base->is_leaf() || self->is_leaf()),
          "a view of a leaf Variable that requires grad is being used in an in-place operation.");
    return;
  }
  check(!(self->requires_grad() && self->is_leaf()),
        "a leaf Variable that requires grad is being used in an in-place operation.");
}

Node* Tensor::grad_fn() const {
  if (is_view()) current_node(impl_);
  return is_leaf() ? nullptr : impl_->node;
}

}  // namespace gradus
