// The table of softmax kernels every SIMD target provides. Internal.
#pragma once
#include <cstdint>

#include "gradus/kernels/target.h"

namespace gradus {

enum class SoftmaxOp : uint8_t { Softmax, LogSoftmax, SoftmaxBackward, LogSoftmaxBackward };
inline constexpr int kNumSoftmaxOps = 4;

/// Columns of one call of the column kernels.
inline constexpr int64_t kSoftmaxColumns = 256;

struct SoftmaxTable {
  /// One contiguous row of n elements: `a` is the input or the gradient, `b` the output of forward (backward only).
  using Row = void(const void* a, const void* b, void* out, int64_t n);
  /// w <= 256 contiguous columns of n rows; strides between rows in elements. `scratch` holds
  /// tree_levels(n / 64) + 1 rows of w accumulators.
  using Columns = void(const void* a, int64_t a_stride, const void* b, int64_t b_stride, void* out, int64_t out_stride,
                       int64_t n, int64_t w, void* scratch);
  Row* row[kNumSoftmaxOps][2];  // float, double
  Columns* columns[kNumSoftmaxOps][2];
};

GRADUS_DECLARE_TABLE(SoftmaxTable, softmax_table)

}  // namespace gradus
