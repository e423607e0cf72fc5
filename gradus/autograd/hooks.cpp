// Registration and execution of gradient hooks.
#include "gradus/autograd/hooks.h"

#include <algorithm>

#include "gradus/core/format.h"

namespace gradus {
namespace {

NodeHooks& hooks_of(Node& n) {
  if (!n.hooks) n.hooks = new NodeHooks;
  return *static_cast<NodeHooks*>(n.hooks);
}

Edge edge_with_hooks(const Tensor& t) {
  if (t.impl()->meta && t.impl()->meta->base) current_node(t.impl());
  return gradient_edge(t.impl());
}

}  // namespace

void release_hooks(void* hooks) noexcept { delete static_cast<NodeHooks*>(hooks); }
void forget_keeper(Node* n, TensorImpl* t) noexcept {
  if (n->hooks) std::erase_if(static_cast<NodeHooks*>(n->hooks)->keepers, [t](const auto& k) { return k.tensor == t; });
}

int64_t register_hook(const Tensor& t, GradientHook hook) {
  static int64_t next_id = 0;
  check(t.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  const Edge e = edge_with_hooks(t);
  hooks_of(*e.node).entries.push_back({e.nr, ++next_id, std::move(hook)});
  return next_id;
}

void remove_hook(const Tensor& t, int64_t id) {
  if (Node* n = t.impl()->node; n && n->hooks)
    std::erase_if(static_cast<NodeHooks*>(n->hooks)->entries, [id](const auto& e) { return e.id == id; });
}

void Tensor::retain_grad() const {
  check(requires_grad(), "can't retain_grad on Tensor that has requires_grad=False");
  if (is_leaf() || retains_grad()) return;
  meta_of(impl_).retains_grad = true;
  const Edge e = edge_with_hooks(*this);
  hooks_of(*e.node).keepers.push_back({e.nr, impl_});
}

void apply_hooks(Node& node, uint32_t nr, Tensor& gradient) {
  auto& hooks = *static_cast<NodeHooks*>(node.hooks);
  for (size_t i = 0; i < hooks.entries.size(); ++i) {
    if (hooks.entries[i].nr != nr) continue;
    const GradientHook hook = hooks.entries[i].hook;  // a copy: it may remove itself
    if (Tensor replaced = hook(gradient); replaced.defined()) gradient = replaced;
  }
  for (const auto& keeper : hooks.keepers) {
    if (keeper.nr != nr) continue;
    retain(keeper.tensor);
    const Tensor t(keeper.tensor);
    const Tensor before = t.grad();
    t.set_grad(before.defined() ? before + gradient : gradient.clone());
  }
}

}  // namespace gradus
