// The walk from results back to leaves.
#pragma once
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

/// Gradients of the sum of `outputs` (weighted by `grad_outputs`) with respect to `inputs`.
Tensors grad(TensorList outputs, TensorList inputs, TensorList grad_outputs = {}, std::optional<bool> retain_graph = {},
             bool create_graph = false, bool allow_unused = false);

}  // namespace gradus
