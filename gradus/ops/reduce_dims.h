// What reductions share: which dims are reduced, the shape that remains, and the way back for gradients.
#pragma once
#include "gradus/core/format.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// The reduced dims as bits; an empty list means all. RuntimeError for a dim that is listed twice.
uint64_t dim_mask(const IntList& dims, int64_t ndim);
/// Sizes after a reduction of `sizes`.
Dims reduced_sizes(const IntList& sizes, uint64_t mask, bool keepdim);
/// How many elements each result is made of.
int64_t reduced_count(const IntList& sizes, uint64_t mask);
/// Dims of an optional list; none given is an empty list.
inline IntList dims_or_all(const OptIntList& dims) { return dims ? *dims : IntList{}; }
inline IntList dims_or_all(const std::optional<Dims>& dims) { return dims ? IntList(*dims) : IntList{}; }

/// The result or gradient of a reduction with its dims put back as dims of size one.
Tensor restore_dims(const Tensor& reduced, const IntList& dims, bool keepdim, int64_t ndim);

/// Makes the result of a reduction; the kernel finds the mask in ints[0] and keepdim in ints[1].
void output_reduced(Call& c, const Tensor& self, const IntList& dims, bool keepdim, DType dtype);

/// Kernels reduce into an array of the input's rank: `reduced` with size one where a dim was dropped.
struct KeptDims {
  int64_t sizes[64], strides[64];
  Array array;
  KeptDims(const Array& full, const Array& reduced, uint64_t mask, bool keepdim);
  KeptDims(const Launch& l, int output = 0)
      : KeptDims(l.in[0], l.out[output], static_cast<uint64_t>(l.ints[0]), l.ints[1]) {}
};

/// Raises PyTorch's "Expected out tensor to have dtype float, but got double instead".
void check_out_dtype(DType expected, const Tensor& out);

}  // namespace gradus
