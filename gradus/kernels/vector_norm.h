// Sums of absolute values, Euclidean norms and sums without NaN over dims; distances between the rows of matrices.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

enum class Mapped : uint8_t { Absolute, Square, NanToZero };

/// Sum of |x|, square root of the sum of x², or sum with 0 for NaN, in the canonical order of reductions
/// (kernels/reduce.h): `out` has the dims of `in` with size 1 where reduced. float32 accumulates (also for 16-bit
/// floats) or float64.
void reduce_mapped(Mapped map, const Array& in, const Array& out);

/// The p-norms of all differences of rows: out[b, i, j] = |x[b, i] - y[b, j]|_p, all contiguous, [batch, n, m],
/// [batch, k, m] and [batch, n, k], float32 or float64. Differences are added up in order of the columns, in sixteen
/// sums that fold by halves.
void row_distances(const Array& x, const Array& y, double p, const Array& out);

/// Gradient of row_distances with respect to x, in the shape of x.
void row_distances_backward(const Array& grad, const Array& x, const Array& y, const Array& distance, double p,
                            const Array& out);

/// The distances of rows i < j of a contiguous [n, m], in the order of (i, j), and the gradient to the matrix.
void pair_distances(const Array& x, double p, const Array& out);
void pair_distances_backward(const Array& grad, const Array& x, const Array& distance, double p, const Array& out);

}  // namespace gradus
