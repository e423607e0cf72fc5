// A loop over one shape with several operands: size-one dims dropped, dims that merge for all operands merged.
// Internal.
#pragma once
#include <cstdint>

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
    int64_t offset[K] = {}, index[kDims];
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
  int64_t size_[kDims], stride_[K][kDims];
};

}  // namespace gradus
