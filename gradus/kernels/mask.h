// Elements chosen by a mask: packed into a vector, or filled from one.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

/// The elements of `in` where `mask` (bool, of the same shape) is true, in logical order, into `out`, which is dense.
void masked_take(const Array& in, const Array& mask, void* out);

/// dst = the next element of `from`, which is dense, where `mask` (bool, of the same shape) is true.
void masked_put(const Array& dst, const Array& mask, const void* from);

}  // namespace gradus
