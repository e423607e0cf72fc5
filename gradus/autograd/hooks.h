// Hooks: functions that see or replace gradients on their way through a node, tensors that keep them.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gradus/core/node.h"
#include "gradus/core/tensor.h"

namespace gradus {

/// Receives a gradient (undefined if none arrived); returns a replacement, or an undefined tensor to leave it.
using GradientHook = std::function<Tensor(const Tensor&)>;
/// Receives the gradients of all results of a node before its rule runs, and may replace them.
using NodePreHook = std::function<void(Tensors& gradients)>;
/// Receives what the rule made for each edge, which it may replace, and what the rule was given.
using NodePostHook = std::function<void(Tensors& made, const Tensors& given)>;
/// Receives a leaf whose .grad has just been added to.
using LeafHook = std::function<void(const Tensor& leaf)>;

/// The rare part of a node.
struct NodeHooks {
  template <class F>
  struct Entry {
    int64_t id;
    F call;
    void* object;  // of the binding: what `call` owns, for its cycle collector
    uint32_t nr = 0;
  };
  struct Keeper {
    uint32_t nr;
    TensorImpl* tensor;  // not owned: a dying tensor takes itself out
  };
  std::vector<Entry<GradientHook>> gradient;
  std::vector<Entry<NodePreHook>> before;
  std::vector<Entry<NodePostHook>> after;
  std::vector<Entry<LeafHook>> accumulated;
  std::vector<Keeper> keepers;
  std::shared_ptr<void> metadata;  // of the binding
  std::string place;               // anomaly mode: where the node was made
  Node* parent = nullptr;          // anomaly mode: the node in whose backward it was made

  NodeHooks() = default;
  NodeHooks(const NodeHooks&) = delete;
  ~NodeHooks();
  template <class F>
  void for_each(F&& f) {
    f(gradient), f(before), f(after), f(accumulated);
  }
};
/// The hooks of a node, made on first use.
NodeHooks& hooks_of(Node& node);

/// Calls `hook` with the gradient of `t` once it is complete. Returns an id for remove_hook. RuntimeError unless
/// `t` requires a gradient.
int64_t register_hook(const Tensor& t, GradientHook hook, void* object = nullptr);
/// Hooks of a node: before its rule, after its rule.
int64_t register_prehook(Node& node, NodePreHook hook, void* object = nullptr);
int64_t register_posthook(Node& node, NodePostHook hook, void* object = nullptr);
/// Calls `hook` with the leaf `t` whenever backward has added to its .grad. RuntimeError unless `t` is a leaf that
/// requires a gradient.
int64_t register_post_accumulate_grad_hook(const Tensor& t, LeafHook hook, void* object = nullptr);
/// Takes the hook out again, wherever it is; an id that is gone already is ignored.
void remove_hook(int64_t id);
/// Stores the gradient of result `nr` of the node in t.grad.
void keep_gradient(Node& node, uint32_t nr, TensorImpl* t);

/// Applies the hooks on single gradients, then stores them for the tensors that asked for it.
void apply_gradient_hooks(Node& node, Tensor* gradients);
void apply_prehooks(Node& node, Tensor* gradients);
void apply_posthooks(Node& node, Tensor* made, const Tensors& given);
void apply_leaf_hooks(Node& accumulator);

}  // namespace gradus
