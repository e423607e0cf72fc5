// Conversion between element types, and strided copies.
#pragma once
#include "gradus/core/array.h"
#include "gradus/kernels/target.h"

namespace gradus {

/// dst[i*dst_stride] = src[i*src_stride] converted; floats to integers truncate as x86 does, to bool test against zero.
using ConvertFn = void (*)(void* dst, int64_t dst_stride, const void* src, int64_t src_stride, int64_t n);
struct ConvertTable {
  ConvertFn fn[kNumDTypes][kNumDTypes];  // [dst][src]
};
GRADUS_DECLARE_TABLE(ConvertTable, convert_table)

inline ConvertFn convert_fn(DType dst, DType src) {
  return GRADUS_PICK(convert_table).fn[static_cast<int>(dst)][static_cast<int>(src)];
}

/// dst = src, `src` broadcast to the shape of `dst`; the arrays do not overlap, or are the same array.
void copy_array(const Array& dst, const Array& src);

/// Lays row-major arrays of one dtype side by side along `dim` of row-major `out`.
void join_arrays(const Array* parts, int n, const Array& out, int dim);

}  // namespace gradus
