// The walk from results back to leaves.
#pragma once
#include <span>

#include "gradus/core/node.h"
#include "gradus/core/tensor.h"

namespace gradus {

/// Propagates `grads` (undefined entries: ones, for one-element roots) from `roots` through the graph.
///
/// With `inputs`, only what leads to them is visited; `accumulate` then says whether their `.grad` is added to (and an
/// empty list returned) or their gradients are returned in order. Without `inputs` every leaf accumulates.
/// Nodes run in the reverse order of their creation; contributions are added as they arrive.
/// Raises RuntimeError for roots outside a graph, shapes that do not match, and graphs walked twice.
Tensors run_backward(TensorList roots, TensorList grads, bool keep_graph, bool create_graph, TensorList inputs,
                     bool accumulate, bool allow_unused);
/// The same between edges of the graph, with one gradient for every root (undefined: none). Nothing is checked.
Tensors run_backward(std::span<const Edge> roots, Tensors grads, bool keep_graph, bool create_graph,
                     std::span<const Edge> inputs, bool accumulate, bool allow_unused);
/// Where the gradient of a tensor arrives; of a view, after bringing it up to date. No node: it requires none.
Edge current_edge(const Tensor& t);
/// Identifies the backward pass under way on this thread; -1 if there is none.
int64_t current_walk();
/// False while that pass, or one around it, goes to chosen inputs only: then not every leaf accumulates.
bool reaches_all_leaves();
/// Whether that pass runs the node. RuntimeError if there is none.
bool will_run(const Node* node);

/// Gradients of the sum of `outputs` (weighted by `grad_outputs`) with respect to `inputs`.
Tensors grad(TensorList outputs, TensorList inputs, TensorList grad_outputs = {}, std::optional<bool> retain_graph = {},
             bool create_graph = false, bool allow_unused = false);

}  // namespace gradus
