// In-place writes and views: who may be written, and how a write into a view reaches the base.
#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/core/node.h"
#include "gradus/gen/functions.h"

namespace gradus {
namespace {

// Geometry of a written view inside its base, and the node that computed what was written.
struct SliceWrite {
  Node* inner;
  Dims base_sizes, base_strides, sizes, strides;
  int64_t offset;
};

void apply_copy_slices(Node& n, const Tensor* grads, Tensor* out) {
  auto& w = *static_cast<SliceWrite*>(n.context);
  Tensor result = empty_strided(w.base_sizes, w.base_strides, grads[0].dtype());
  result.copy_(grads[0]);
  const Tensor slice = result.as_strided(w.sizes, w.strides, w.offset);
  const Tensor g = slice.clone();
  Tensors inner(w.inner->n_next);
  w.inner->type->apply(*w.inner, &g, inner.data());
  if (inner[0].defined())  // every in-place operator has a rule for self
    slice.copy_(inner[0]);
  else
    slice.zero_();
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

void set_node(TensorImpl* t, Node* node) {  // takes over the reference
  Node* before = t->node;
  if (before && t->meta && t->meta->retains_grad) forget_keeper(before, t);
  if (before && (t->flags & TensorImpl::kLeafNode)) detach_accumulator(before);
  t->node = node;
  t->out_nr = 0;
  t->flags = (t->flags & ~TensorImpl::kLeafNode) | TensorImpl::kRequiresGrad;
  if (before) drop(before);
}

// Edges of the node go into a CopySlices node of the base; the first one is replaced by the base's own history.
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
  n->context = new (pool_get(sizeof(SliceWrite)))
      SliceWrite{inner, Dims(base->view->sizes()), Dims(base->view->strides()), Dims(view->view->sizes()),
                 Dims(view->view->strides()), view->view->offset - base->view->offset};
  Edge& self = inner->next()[0];  // the inner rule gives the gradient of the slice if the base asks for it
  if (self.node) drop(self.node);
  if (first.node) ref_inc(first.node->refs);
  self = first;
  return n;
}

}  // namespace

void rebase_history(TensorImpl* self, Node* node) {
  TensorImpl* base = self->meta ? self->meta->base : nullptr;
  if (!base) {
    set_node(self, node);
    return;
  }
  set_node(base, make_copy_slices(base, self, node));
  current_node(self);
}

Node* current_node(TensorImpl* self) {
  TensorImpl* base = self->meta ? self->meta->base : nullptr;
  if (!base || !base->requires_grad()) return self->node;
  const uint32_t version = version_number(self);
  if (self->meta->view_version == version || self->meta->kind == ViewKind::NoGrad) return self->node;
  GradMode guard(true);
  retain(base);
  const Tensor root(base);
  const Tensor fresh = root.as_strided(self->view->sizes(), self->view->strides(),
                                       self->view->offset);
  ref_inc(fresh.impl()->node->refs);
  set_node(self, fresh.impl()->node);
  self->meta->view_version = version;
  return self->node;
}

void check_inplace(TensorImpl* self, bool recording) {
  const bool own = self->requires_grad() && is_grad_enabled();
  if (!recording && !own) return;
  if (TensorImpl* base = self->meta ? self->meta->base : nullptr) {
    check(self->meta->kind != ViewKind::NoGrad,
          "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this use "
          "case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and "
          "the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or both "
          "outside (if you want the inplace to be tracked).");
    check(self->meta->kind != ViewKind::MultiOutput, "Output ", self->out_nr, " of ",
          self->node ? self->node->name() : "a function",
          " is a view and is being modified inplace. This view is the output of a function that returns multiple views. "
          "Such functions do not allow the output views to be modified inplace. You should replace the inplace "
          "operation by an out-of-place one.");
    check(!(base->requires_grad() && base->is_leaf()),
          "a view of a leaf Variable that requires grad is being used in an in-place operation.");
  }
  check(!(self->requires_grad() && self->is_leaf() && !(self->meta && self->meta->base)),
        "a leaf Variable that requires grad is being used in an in-place operation.");
}

Node* Tensor::grad_fn() const {
  if (is_view()) current_node(impl_);
  return is_leaf() ? nullptr : impl_->node;
}

}  // namespace gradus
