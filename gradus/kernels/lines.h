// Visits the lines of several arrays of one shape along a dim. Internal.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"
#include "gradus/kernels/pool.h"

namespace gradus {

inline int64_t line_size(const Array& a, int dim) { return a.ndim ? a.sizes[dim] : 1; }
inline int64_t line_stride(const Array& a, int dim) { return a.ndim ? a.strides[dim] : 1; }
inline int64_t count_lines(const Array& shape, int dim) {
  int64_t n = 1;
  for (int d = 0; d < shape.ndim; ++d)
    if (d != dim) n *= shape.sizes[d];
  return n;
}

/// Calls f(offsets in elements) at the first element of the lines [begin, end) along `dim`, in logical order; the sizes
/// are those of `shape`.
template <int K, class F>
void for_lines(const Array& shape, int dim, const Array* const (&arrays)[K], int64_t begin, int64_t end, const F& f) {
  int64_t offset[K] = {}, index[64] = {};
  int64_t rest = begin;
  for (int d = shape.ndim - 1; rest > 0 && d >= 0; --d) {
    if (d == dim) continue;
    index[d] = rest % shape.sizes[d];
    rest /= shape.sizes[d];
    for (int k = 0; k < K; ++k) offset[k] += index[d] * arrays[k]->strides[d];
  }
  for (int64_t line = begin; line < end; ++line) {
    f(static_cast<const int64_t*>(offset));
    for (int d = shape.ndim - 1; d >= 0; --d) {
      if (d == dim) continue;
      for (int k = 0; k < K; ++k) offset[k] += arrays[k]->strides[d];
      if (++index[d] < shape.sizes[d]) break;
      for (int k = 0; k < K; ++k) offset[k] -= arrays[k]->strides[d] * shape.sizes[d];
      index[d] = 0;
    }
  }
}

template <int K, class F>
void for_each_line(const Array& shape, int dim, const Array* const (&arrays)[K], const F& f) {
  for_lines<K>(shape, dim, arrays, 0, count_lines(shape, dim), f);
}

/// The lines of a shape spread over threads; `ns` is the time of one.
class LineParts {
 public:
  LineParts(const Array& shape, int dim, double ns)
      : shape_(shape), dim_(dim), lines_(count_lines(shape, dim)), cost_(ns * static_cast<double>(lines_)) {
    const int64_t most = cost_ < 2 * kChunkCost ? 1 : 4 * static_cast<int64_t>(num_threads());
    grain_ = most <= 4 || lines_ < 2 ? lines_ : (lines_ + most - 1) / most;
  }
  /// Parts that may run at the same time are numbered below this: each may have memory of its own.
  int64_t count() const { return grain_ ? (lines_ + grain_ - 1) / grain_ : 0; }

  /// Calls f(number of the part, offsets) for every line.
  template <int K, class F>
  void for_each(const Array* const (&arrays)[K], const F& f) const {
    const auto run = [&](int64_t begin, int64_t end) {
      for_lines<K>(shape_, dim_, arrays, begin, end, [&](const int64_t* at) { f(begin / grain_, at); });
    };
    parallel_for(lines_, grain_, run, cost_);
  }

 private:
  const Array& shape_;
  int dim_;
  int64_t lines_, grain_;
  double cost_;
};

}  // namespace gradus
