// Reductions: sum, prod, mean, max, min, any, all, arg and value-with-index forms, variance.
//
// The order of a floating-point reduction is part of its definition and depends on sizes and strides only. Dims of size
// one are dropped, neighbours of the same class (kept, reduced) merge, and the remaining dim with the smallest stride
// decides. L is 64 (32 for float64). Reduced elements are taken in the order of memory: the reduced dim with the
// largest stride is outermost, and a transposed matrix sums as fast, and to the same bits, as the matrix.
//   It is reduced:  element i of a 4096-element chunk belongs to lane i mod L; a lane adds its elements in order.
//   It is kept, with C elements:  row r belongs to lane r mod G, G = 1 for C >= L, else the power of two with
//     G*C in [L, 2L); a chunk is 4096/L*G rows; a lane adds its rows in order.
// Lanes start at the identity and fold by halves (lane j takes lane j + G/2, and so on); chunks combine as a pairwise
// tree over the chunk index.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"
#include "gradus/stream/record.h"

namespace gradus {

/// Reduces `in` into `out`, which has the dims of `in` with size 1 where reduced.
///
/// Sum, Prod, Mean: every element is first converted to `out.dtype`; int64, float32 (also for 16-bit floats, rounded
/// once at the end) or float64 accumulates. An empty sum is 0, an empty product 1, an empty mean NaN.
/// Max, Min: NaN propagates; `out.dtype` is `in.dtype`; the caller refuses an empty reduction.
/// Any, All: NaN counts as true; `out` is bool or uint8.
/// ArgMax, ArgMin: int64 index of the first extremum (of the first NaN if there is one), over one dim or over all dims
/// (then in logical order).
void reduce(Reduction op, const Array& in, const Array& out);

/// Largest (`max`) or smallest value along `dim` and the int64 index of its first occurrence; the first NaN wins.
/// `values` has the dims of `in` with size 1 at `dim`; `indices` has its sizes and strides.
void reduce_with_index(bool max, const Array& in, const Array& values, const Array& indices, int dim);

/// Variance with divisor max(0, n - correction), or its square root; accumulated in float64 in two passes, in the
/// canonical order. `out` has the dims of `in` with size 1 where reduced; `mean`, if given, its sizes and strides.
void reduce_var(const Array& in, const Array& out, double correction, bool take_sqrt, const Array* mean = nullptr);

}  // namespace gradus
