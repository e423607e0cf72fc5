// The multi-label margin loss, whose targets are a list of classes for every row, ended by -1.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

/// For x [rows, classes] and int64 targets of that shape: out[row] = Σ max(0, 1 - (x[y] - x[i])) / classes over targets
/// y and classes i that are none; `is_target` marks targets with 1. All contiguous; targets are checked by the caller.
void multilabel_margin(const Array& x, const Array& target, const Array& out, const Array& is_target);

/// dx of that, `grad` having one element for every row, contiguous.
void multilabel_margin_backward(const Array& grad, const Array& x, const Array& target, const Array& is_target,
                                const Array& dx);

}  // namespace gradus
