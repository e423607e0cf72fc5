// The table of reduction kernels every SIMD target provides. Internal.
#pragma once
#include <cstdint>

#include "gradus/core/dtype.h"
#include "gradus/kernels/target.h"
#include "gradus/stream/record.h"

namespace gradus {

/// What accumulates; `monoid` says how.
enum class Acc : uint8_t { Byte, Long, Float, Double };
inline constexpr int kNumAccs = 4;
enum class Monoid : uint8_t { Sum, Prod, Max, Min };
inline constexpr int kNumMonoids = 4;

inline constexpr int64_t kReduceChunk = 4096;
constexpr int64_t lanes(Acc a) { return a == Acc::Byte ? 256 : a == Acc::Float ? 64 : 32; }
constexpr int64_t acc_size(Acc a) { return a == Acc::Byte ? 1 : a == Acc::Float ? 4 : 8; }

/// Slots that the pairwise tree over chunks may need at once.
constexpr int64_t tree_levels(int64_t chunks) {
  int64_t levels = 2;
  for (; chunks > 0; chunks >>= 1) ++levels;
  return levels;
}

struct ReduceTable {
  /// out[r] = canonical reduction of the n <= 4096 contiguous elements of row r; row_stride in elements.
  using Rows = void(const void* x, int64_t rows, int64_t n, int64_t row_stride, void* out);
  /// acc[c] = monoid(acc[c], x[r][c]) for r in order.
  using Accumulate = void(void* acc, const void* x, int64_t rows, int64_t row_stride, int64_t cols);
  using Fill = void(void* acc, int64_t n);
  /// dst[r*cols + c] = src[r*row_stride + c*col_stride], converted.
  using Gather = void(void* dst, const void* src, int64_t rows, int64_t row_stride, int64_t cols, int64_t col_stride);
  /// dst[i*stride] = src[i], converted with one rounding.
  using Store = void(void* dst, int64_t stride, const void* src, int64_t n);
  /// best[c], index[c] over rows first, first+1, …: the first extremum, the first NaN before everything.
  using Arg = void(const void* x, int64_t rows, int64_t row_stride, int64_t cols, int64_t first, void* best,
                   int64_t* index);
  /// First position of `value` (or of NaN) among n contiguous elements; n if there is none.
  using Find = int64_t(const void* x, int64_t n, const void* value);

  Rows* rows[kNumMonoids][kNumAccs];
  Accumulate* accumulate[kNumMonoids][kNumAccs];
  Fill* identity[kNumMonoids][kNumAccs];
  Gather* gather[kNumDTypes][kNumAccs];
  Gather* nonzero[kNumDTypes];  // to bytes 0 and 1
  Store* store[kNumDTypes][kNumAccs];
  Arg* arg[2][kNumAccs];  // [0] max, [1] min
  Find* find[kNumAccs];
  void (*round16[2])(float* x, int64_t n);  // to float16 and back, to bfloat16 and back
  void (*divide_float)(float* x, int64_t n, float by);
  void (*divide_double)(double* x, int64_t n, double by);
  /// x[r][c] = (x[r][c] - center[r*row_step + c*col_step])²
  void (*centre_square)(double* x, int64_t rows, int64_t cols, const double* center, int64_t row_step,
                        int64_t col_step);
};

GRADUS_DECLARE_TABLE(ReduceTable, reduce_table)

/// That of this processor.
const ReduceTable& reductions();
/// How elements combine.
Monoid monoid_of(Reduction op);
/// Sums to means: n results, each of `count` elements.
void divide(void* x, int64_t n, int64_t count, Acc acc);

}  // namespace gradus
