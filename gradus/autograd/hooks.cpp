// Registration and execution of gradient hooks.
#include "gradus/autograd/hooks.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "gradus/core/format.h"

namespace gradus {
namespace {

// Where each hook is: a tensor may have got another producer since, or be gone.
struct Places {
  std::mutex mutex;
  std::unordered_map<int64_t, NodeHooks*> of;
  int64_t last = 0;
};
Places& places() {
  static auto* p = new Places;
  return *p;
}

NodeHooks& hooks_of(Node& n) {
  if (!n.hooks) n.hooks = new NodeHooks;
  return *static_cast<NodeHooks*>(n.hooks);
}

Edge edge_with_hooks(const Tensor& t) {
  if (t.impl()->meta && t.impl()->meta->base) current_node(t.impl());
  const Edge e = gradient_edge(t.impl());
  check(e.node, "cannot register a hook on a view that was made without gradients");
  return e;
}

}  // namespace

void release_hooks(void* hooks) noexcept { delete static_cast<NodeHooks*>(hooks); }
void forget_keeper(Node* n, TensorImpl* t) noexcept {
  if (n->hooks) std::erase_if(static_cast<NodeHooks*>(n->hooks)->keepers, [t](const auto& k) { return k.tensor == t; });
}

int64_t register_hook(const Tensor& t, GradientHook hook) {
  check(t.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  const Edge e = edge_with_hooks(t);
  NodeHooks& hooks = hooks_of(*e.node);
  Places& p = places();
  std::lock_guard lock(p.mutex);
  const int64_t id = ++p.last;
  hooks.entries.push_back({e.nr, id, std::move(hook)});
  p.of[id] = &hooks;
  return id;
}

NodeHooks::~NodeHooks() {
  Places& p = places();
  std::lock_guard lock(p.mutex);
  for (const Entry& e : entries) p.of.erase(e.id);
}

void remove_hook(int64_t id) {
  GradientHook dropped;  // freed after the lock: it may own anything
  Places& p = places();
  std::lock_guard lock(p.mutex);
  const auto at = p.of.find(id);
  if (at == p.of.end()) return;
  auto& entries = at->second->entries;
  const auto e = std::find_if(entries.begin(), entries.end(), [id](const auto& x) { return x.id == id; });
  dropped = std::move(e->hook);
  entries.erase(e);
  p.of.erase(at);
}

void keep_gradient(Node& node, uint32_t nr, TensorImpl* t) { hooks_of(node).keepers.push_back({nr, t}); }

void Tensor::retain_grad() const {
  check(requires_grad(), "can't retain_grad on Tensor that has requires_grad=False");
  if (is_leaf() || retains_grad()) return;
  const Edge e = edge_with_hooks(*this);
  meta_of(impl_).retains_grad = true;
  keep_gradient(*e.node, e.nr, impl_);
}

void apply_hooks(Node& node, uint32_t nr, Tensor& gradient) {
  auto& hooks = *static_cast<NodeHooks*>(node.hooks);
  const std::vector<NodeHooks::Entry> entries = hooks.entries;  // a copy: hooks may add and remove hooks
  for (const auto& entry : entries) {
    if (entry.nr != nr) continue;
    Tensor replaced = entry.hook(gradient);
    if (!replaced.defined()) continue;
    check(replaced.sizes() == gradient.sizes(), "hook has changed the size of value");
    gradient = replaced;
  }
  for (size_t i = 0; i < hooks.keepers.size(); ++i) {
    const auto keeper = hooks.keepers[i];
    if (keeper.nr != nr) continue;
    retain(keeper.tensor);
    const Tensor t(keeper.tensor);
    const Tensor before = t.grad();
    t.set_grad(before.defined() ? before + gradient : gradient.clone());
  }
}

}  // namespace gradus
