// Hooks on the gradients of a node's results: functions that see or replace them, tensors that keep them.
#pragma once
#include <functional>
#include <vector>

#include "gradus/core/node.h"
#include "gradus/core/tensor.h"

namespace gradus {

/// Receives a gradient; returns a replacement, or an undefined tensor to leave it.
using GradientHook = std::function<Tensor(const Tensor&)>;

struct NodeHooks {
  struct Entry {
    uint32_t nr;
    int64_t id;
    GradientHook hook;
  };
  struct Keeper {
    uint32_t nr;
    TensorImpl* tensor;  // not owned: a dying tensor takes itself out
  };
  std::vector<Entry> entries;
  std::vector<Keeper> keepers;

  NodeHooks() = default;
  NodeHooks(const NodeHooks&) = delete;
  ~NodeHooks();
};

/// Calls `hook` with the gradient of `t` once it is complete. Returns an id for remove_hook. RuntimeError unless
/// `t` requires a gradient.
int64_t register_hook(const Tensor& t, GradientHook hook);
/// Takes the hook out again, wherever it is; an id that is gone already is ignored.
void remove_hook(int64_t id);
/// Stores the gradient of result `nr` of the node in t.grad.
void keep_gradient(Node& node, uint32_t nr, TensorImpl* t);

/// Applies the hooks of result `nr`, then stores the gradient for the tensors that asked for it.
void apply_hooks(Node& node, uint32_t nr, Tensor& gradient);

}  // namespace gradus
