// transpose_, squeeze_ and their kin: a tensor takes over the geometry and history of a view of itself.
#include "gradus/core/modes.h"
#include "gradus/core/node.h"
#include "gradus/core/refcount.h"
#include "python/bindings/signatures.h"

namespace gradus::py {

namespace {

void take_history(TensorImpl* t, const TensorImpl* view) {
  if (view->is_leaf()) return;
  ref_inc(view->node->refs);
  if (!t->meta || !t->meta->base) {
    rebase_history(t, view->node);
    return;
  }
  if (t->node) drop(t->node);
  t->node = view->node;
  t->out_nr = view->out_nr;
  t->flags |= TensorImpl::kRequiresGrad;
}

}  // namespace

Tensor become_view(const Tensor& self, const Boxed& call, const Value* values) {
  check_inplace(self.impl(), self.requires_grad() && is_grad_enabled());
  Results results;
  call.call(call.fn, values, results);
  TensorImpl *t = self.impl(), *view = results.tensors[0].impl();
  std::swap(t->view, view->view);
  take_history(t, view);
  bump_version(t);
  if (t->meta) t->meta->view_version = version_number(t);
  return self;
}

}  // namespace gradus::py
