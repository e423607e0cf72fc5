// A loop over one shape with several operands: size-one dims dropped, dims that merge for all operands merged.
// Internal.
#pragma once
#include <cstdint>

#include "gradus/kernels/pool.h"

namespace gradus {

template <int K>
class StridedLoop {
 public:
  /// `strides[k]` holds ndim strides of operand k.
  StridedLoop(int ndim, const int64_t* sizes, const int64_t* const (&strides)[K]) {
    for (int d = 0; d < ndim; ++d) {
      if (sizes[d] == 0) empty_ = true;
      if (sizes[d] != 1) push(sizes[d], strides, d);
    }
    if (n_ == 0) {  // a scalar is a run of one
      size_[0] = 1;
      for (int k = 0; k < K; ++k) stride_[k][0] = 1;
      n_ = 1;
    }
  }
  int dims() const { return n_; }
  int64_t run() const { return size_[n_ - 1]; }
  int64_t stride(int operand) const { return stride_[operand][n_ - 1]; }

  /// Calls f(offsets) at the start of every run of the innermost dim, in logical order.
  template <class F>
  void for_each_run(F&& f) const {
    if (empty_) return;
    int64_t offset[K], index[kDims];
    for (int k = 0; k < K; ++k) offset[k] = first_[k];
    for (int d = 0; d < n_; ++d) index[d] = 0;
    while (true) {
      f(static_cast<const int64_t*>(offset));
      int d = n_ - 2;
      for (; d >= 0; --d) {
        for (int k = 0; k < K; ++k) offset[k] += stride_[k][d];
        if (++index[d] < size_[d]) break;
        for (int k = 0; k < K; ++k) offset[k] -= stride_[k][d] * size_[d];
        index[d] = 0;
      }
      if (d < 0) return;
    }
  }

  /// The number of elements, runs included.
  int64_t elements() const {
    int64_t n = empty_ ? 0 : 1;
    for (int d = 0; d < n_; ++d) n *= size_[d];
    return n;
  }

  /// Calls f(part) for loops that together are this one, on several threads if the whole takes `cost` nanoseconds and
  /// that is worth it. One dim is cut, runs at multiples of `step`.
  template <class F>
  void for_each_part(double cost, int64_t step, const F& f) const {
    const int64_t threads = cost < 2 * kChunkCost ? 1 : num_threads();
    if (threads == 1 || empty_) return f(*this);
    int d = 0;
    while (d + 1 < n_ && size_[d] < 4 * threads) ++d;
    for (int other = 0; d + 1 == n_ && other < n_; ++other)
      if (size_[other] > size_[d] / step) d = other;
    if (d + 1 < n_) step = 1;
    const auto grain = static_cast<int64_t>(static_cast<double>(size_[d]) * kChunkCost / cost);
    const auto run = [&](int64_t begin, int64_t end) {
      StridedLoop part = *this;
      part.size_[d] = end - begin;
      for (int k = 0; k < K; ++k) part.first_[k] += begin * stride_[k][d];
      f(static_cast<const StridedLoop&>(part));
    };
    parallel_for(size_[d], (grain / step + 1) * step, run, cost);
  }

 private:
  static constexpr int kDims = 64;

  void push(int64_t size, const int64_t* const (&strides)[K], int d) {
    bool merges = n_ > 0;
    for (int k = 0; merges && k < K; ++k) merges = stride_[k][n_ - 1] == size * strides[k][d];
    if (merges) {
      size_[n_ - 1] *= size;
    } else {
      size_[n_++] = size;
    }
    for (int k = 0; k < K; ++k) stride_[k][n_ - 1] = strides[k][d];
  }

  int n_ = 0;
  bool empty_ = false;
  int64_t first_[K] = {};  // where the loop begins
  int64_t size_[kDims], stride_[K][kDims];
};

}  // namespace gradus
