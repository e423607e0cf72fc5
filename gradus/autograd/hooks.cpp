// Registration and execution of hooks.
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

Edge edge_with_hooks(const Tensor& t) {
  if (t.impl()->meta && t.impl()->meta->base) current_node(t.impl());
  const Edge e = gradient_edge(t.impl());
  check(e.node, "cannot register a hook on a view that was made without gradients");
  return e;
}

template <class F>
int64_t add(Node& n, std::vector<NodeHooks::Entry<F>> NodeHooks::*list, F hook, void* object, uint32_t nr = 0) {
  NodeHooks& hooks = hooks_of(n);
  Places& p = places();
  std::lock_guard lock(p.mutex);
  const int64_t id = ++p.last;
  (hooks.*list).push_back({id, std::move(hook), object, nr});
  p.of[id] = &hooks;
  return id;
}

}  // namespace

NodeHooks& hooks_of(Node& n) {
  if (!n.hooks) n.hooks = new NodeHooks;
  return *static_cast<NodeHooks*>(n.hooks);
}
void release_hooks(void* hooks) noexcept { delete static_cast<NodeHooks*>(hooks); }
void forget_keeper(Node* n, TensorImpl* t) noexcept {
  if (n->hooks) std::erase_if(static_cast<NodeHooks*>(n->hooks)->keepers, [t](const auto& k) { return k.tensor == t; });
}

int64_t register_hook(const Tensor& t, GradientHook hook, void* object) {
  check(t.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  const Edge e = edge_with_hooks(t);
  return add(*e.node, &NodeHooks::gradient, std::move(hook), object, e.nr);
}
int64_t register_prehook(Node& n, NodePreHook hook, void* object) {
  return add(n, &NodeHooks::before, std::move(hook), object);
}
int64_t register_posthook(Node& n, NodePostHook hook, void* object) {
  return add(n, &NodeHooks::after, std::move(hook), object);
}
int64_t register_post_accumulate_grad_hook(const Tensor& t, LeafHook hook, void* object) {
  check(t.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  check(t.is_leaf(), "post accumulate grad hooks cannot be registered on non-leaf tensors");
  return add(*edge_with_hooks(t).node, &NodeHooks::accumulated, std::move(hook), object);
}

NodeHooks::~NodeHooks() {
  if (parent) drop(parent);
  Places& p = places();
  std::lock_guard lock(p.mutex);
  for_each([&](const auto& list) {
    for (const auto& e : list) p.of.erase(e.id);
  });
}

void remove_hook(int64_t id) {
  std::shared_ptr<void> dropped;  // freed after the lock: it may own anything
  Places& p = places();
  std::lock_guard lock(p.mutex);
  const auto at = p.of.find(id);
  if (at == p.of.end()) return;
  at->second->for_each([&](auto& list) {
    const auto e = std::find_if(list.begin(), list.end(), [id](const auto& x) { return x.id == id; });
    if (e == list.end()) return;
    dropped = std::make_shared<std::decay_t<decltype(e->call)>>(std::move(e->call));
    list.erase(e);
  });
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

// Lists are copied before they are run: hooks may add and remove hooks.

void apply_gradient_hooks(Node& node, Tensor* gradients) {
  auto& hooks = *static_cast<NodeHooks*>(node.hooks);
  const auto entries = hooks.gradient;
  for (const auto& entry : entries) {
    Tensor& gradient = gradients[entry.nr];
    Tensor replaced = entry.call(gradient);
    if (!replaced.defined()) continue;
    check(gradient.defined(), "can't replace a None gradient with a non-None value");
    check(replaced.sizes() == gradient.sizes(), "hook has changed the size of value");
    gradient = replaced;
  }
  for (size_t i = 0; i < hooks.keepers.size(); ++i) {
    const auto keeper = hooks.keepers[i];
    const Tensor& gradient = gradients[keeper.nr];
    if (!gradient.defined()) continue;
    retain(keeper.tensor);
    const Tensor t(keeper.tensor);
    const Tensor before = t.grad();
    t.set_grad(before.defined() ? before + gradient : gradient.clone());
  }
}

void apply_prehooks(Node& node, Tensor* gradients) {
  const auto entries = static_cast<NodeHooks*>(node.hooks)->before;
  if (entries.empty()) return;
  Tensors list(gradients, gradients + node.n_out);
  for (const auto& entry : entries) entry.call(list);
  check(list.size() == static_cast<size_t>(node.n_out), "a hook has changed the number of gradients");
  std::move(list.begin(), list.end(), gradients);
}

void apply_posthooks(Node& node, Tensor* made, const Tensors& given) {
  const auto entries = static_cast<NodeHooks*>(node.hooks)->after;
  if (entries.empty()) return;
  Tensors list(made, made + node.n_next);
  for (const auto& entry : entries) entry.call(list, given);
  check(list.size() == static_cast<size_t>(node.n_next), "a hook has changed the number of gradients");
  std::move(list.begin(), list.end(), made);
}

void apply_leaf_hooks(Node& accumulator) {
  const auto entries = static_cast<NodeHooks*>(accumulator.hooks)->accumulated;
  for (const auto& entry : entries) {
    TensorImpl* leaf = accumulator_leaf(&accumulator);
    if (!leaf) return;
    retain(leaf);
    entry.call(Tensor(leaf));
  }
}

}  // namespace gradus
