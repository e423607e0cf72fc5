// Running sums.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

/// out[…, i, …] = in[…, 0, …] + … + in[…, i, …] along `dim`; from the other end if `reversed`. Every element is first
/// converted to `out.dtype`; elements are added in order, in int64 (integers wrap), float64 (float32, float64) or
/// float32 (16-bit floats), and each result is rounded from there. bool adds as "or".
void running_sum(const Array& in, const Array& out, int dim, bool reversed);

}  // namespace gradus
