// The kernels of normalising layers that every SIMD target provides. Internal.
#pragma once
#include <cstdint>

#include "gradus/kernels/target.h"

namespace gradus {

/// Columns of one call of the column kernels.
inline constexpr int64_t kNormColumns = 256;

/// Rows and segments are contiguous. Pointers to weights, shifts and gradients may be null where that is said.
template <class T>
struct NormTable {
  /// mean and 1 / sqrt(variance + eps) of a row; y = (x - mean) * rstd * weight + bias, either may be null.
  void (*row)(const T* x, const T* weight, const T* bias, T* y, int64_t n, T eps, T* mean, T* rstd);
  /// dx (may be null) of such a row; dweight and dbias (both or none) are added to.
  void (*row_backward)(const T* g, const T* x, const T* weight, T* dx, int64_t n, T mean, T rstd, T* dweight, T* dbias);

  T (*sum)(const T* x, int64_t n);
  T (*spread)(const T* x, int64_t n, T mean);                            // sum of (x - mean)²
  void (*dots)(const T* g, const T* x, int64_t n, T mean, T* sums);      // sums of g and of g * (x - mean)
  void (*affine)(const T* x, T* y, int64_t n, T mean, T scale, T bias);  // (x - mean) * scale + bias
  /// dx = g * scale - (x - mean) * slope - offset
  void (*combine)(const T* g, const T* x, T* dx, int64_t n, T mean, T scale, T slope, T offset);

  /// The same for w <= kNormColumns columns of n rows, `stride` elements from row to row; one number for each column.
  /// `scratch` holds column_slots(n) rows of w numbers.
  void (*columns_moments)(const T* x, int64_t stride, int64_t n, int64_t w, T* mean, T* spread, T* scratch);
  void (*columns_dots)(const T* g, const T* x, int64_t stride, int64_t n, int64_t w, const T* mean, T* sums, T* dots,
                       T* scratch);
  void (*columns_affine)(const T* x, T* y, int64_t stride, int64_t n, int64_t w, const T* mean, const T* scale,
                         const T* bias);
  void (*columns_combine)(const T* g, const T* x, T* dx, int64_t stride, int64_t n, int64_t w, const T* mean,
                          const T* scale, const T* slope, const T* offset);
};

GRADUS_DECLARE_TABLE(NormTable<float>, norm_table_float)
GRADUS_DECLARE_TABLE(NormTable<double>, norm_table_double)

}  // namespace gradus
