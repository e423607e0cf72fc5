// Softmax and log-softmax along a dim, and their gradients.
//
// float32 and float64 compute in their own type, 16-bit floats in float32 with one rounding at the end. All arrays of a
// call have one shape and one dtype, any strides; the output may be the input. Sums are canonical: along a row when the
// dim is innermost, by columns otherwise (see reduce.h), so results depend on sizes and strides only.
#pragma once
#include "gradus/core/array.h"
#include "gradus/kernels/softmax_table.h"

namespace gradus {

/// out = exp(in - max) / sum(exp(in - max)) along `dim`.
void softmax(const Array& in, const Array& out, int dim);

/// out = (in - max) - log(sum(exp(in - max))) along `dim`.
void log_softmax(const Array& in, const Array& out, int dim);

/// grad_in = (grad - sum(grad * output)) * output along `dim`, `output` being softmax's result.
void softmax_backward(const Array& grad, const Array& output, const Array& grad_in, int dim);

/// grad_in = grad - exp(output) * sum(grad) along `dim`, `output` being log_softmax's result.
void log_softmax_backward(const Array& grad, const Array& output, const Array& grad_in, int dim);

/// The kernel of one contiguous row, float32 or float64.
SoftmaxTable::Row* softmax_row(SoftmaxOp op, DType dtype);

}  // namespace gradus
