// Visits the lines of several arrays of one shape along a dim. Internal.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

/// Calls f(offsets in elements) at the first element of every line along `dim`; the sizes are those of `shape`.
template <int K, class F>
void for_each_line(const Array& shape, int dim, const Array* const (&arrays)[K], F&& f) {
  int64_t offset[K] = {}, index[64] = {};
  for (int d = 0; d < shape.ndim; ++d)
    if (d != dim && shape.sizes[d] == 0) return;
  for (;;) {
    f(static_cast<const int64_t*>(offset));
    int d = shape.ndim - 1;
    for (; d >= 0; --d) {
      if (d == dim) continue;
      for (int k = 0; k < K; ++k) offset[k] += arrays[k]->strides[d];
      if (++index[d] < shape.sizes[d]) break;
      for (int k = 0; k < K; ++k) offset[k] -= arrays[k]->strides[d] * shape.sizes[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

inline int64_t line_size(const Array& a, int dim) { return a.ndim ? a.sizes[dim] : 1; }
inline int64_t line_stride(const Array& a, int dim) { return a.ndim ? a.strides[dim] : 1; }

}  // namespace gradus
