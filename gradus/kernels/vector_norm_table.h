// Kernels of norms for every SIMD target. Internal.
#pragma once
#include <cstdint>

#include "gradus/kernels/reduce_table.h"

namespace gradus {

/// Which norm of a difference; Any takes a power.
enum class Norm : uint8_t { Zero, One, Two, Infinite, Any };
inline constexpr int kNumNorms = 5;

struct VectorNormTable {
  ReduceTable::Gather* mapped[3][kNumDTypes];  // |x|, x² or x without NaN as accumulators; floats only
  /// out[j] = |x - y[j]|_p for k rows y of m elements.
  void (*distances[2][kNumNorms])(const void* x, const void* y, int64_t k, int64_t m, double p, void* out);
  /// out[c] += the gradient of |x - y[j]|_p to x, over k rows y, weighted by grad[j].
  void (*backward[2][kNumNorms])(const void* x, const void* y, int64_t k, int64_t m, double p, const void* grad,
                                 const void* distance, void* out);
};

GRADUS_DECLARE_TABLE(VectorNormTable, vector_norm_table)

}  // namespace gradus
