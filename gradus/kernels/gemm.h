// Matrix products: one definition of the result's bits for every shape, layout, batch and instruction set.
#pragma once
#include <cstdint>

#include "gradus/core/dtype.h"

namespace gradus {

/// C = A·B or C = start + A·B for `batch` matrices A [m,k], B [k,n], C and start [m,n], all of `dtype`.
/// Strides are in elements and not negative; any layout is allowed, stride 0 (expanded) for A, B and start.
/// C overlaps no operand, except that `start` may be C itself with C's strides.
struct Gemm {
  DType dtype = DType::Float32;
  int64_t m = 0, n = 0, k = 0;
  int64_t batch = 1;
  const void* a = nullptr;
  int64_t a_row = 0, a_col = 0, a_batch = 0;
  const void* b = nullptr;
  int64_t b_row = 0, b_col = 0, b_batch = 0;
  void* c = nullptr;
  int64_t c_row = 0, c_col = 0, c_batch = 0;
  const void* start = nullptr;
  int64_t start_row = 0, start_col = 0, start_batch = 0;
};

/// Each element of a floating product is one chain acc = fma(A[i,p], B[p,j], acc), p = 0, 1, …, k-1, from start[i,j]
/// or 0. For k > kGemmChain the chain is cut every kGemmChunk steps; the first part begins at start[i,j], the others
/// at 0, and the parts are added in pairs of neighbours, level by level (an odd last one moves up unchanged).
/// float16 and bfloat16 run a float32 chain and round once. Integers wrap around; bool is or-of-ands.
/// k == 0 gives start or 0.
void gemm(const Gemm& g);

inline constexpr int64_t kGemmChain = 8192, kGemmChunk = 4096;

}  // namespace gradus
