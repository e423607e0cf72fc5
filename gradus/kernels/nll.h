// Picks log-probabilities by class, and puts gradients back.
//
// `log_probs` is [C], [N, C] or [N, C, H, W] of any strides; `target` (int64) and unreduced losses have its dims
// without the classes. Nothing here checks targets: check_targets of index.h does. Sums run in logical order.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

/// -weight[target] * log_probs[target]: each (reduction 0), their mean by the weights (1) or their sum (2). Targets
/// that are `ignore_index` count nothing. `weight` may have no data. `total` receives the sum of the weights.
void nll_forward(const Array& log_probs, const Array& target, const Array& weight, int64_t reduction,
                 int64_t ignore_index, const Array& out, const Array& total);

/// The gradient for `log_probs`, into a contiguous `out` of its shape; `grad` is contiguous.
void nll_backward(const Array& grad, const Array& log_probs, const Array& target, const Array& weight,
                  int64_t reduction, int64_t ignore_index, const Array& total, const Array& out);

}  // namespace gradus
