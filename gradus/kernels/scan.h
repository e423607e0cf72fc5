// Running sums, products, extrema and log-sums along a dim, and the linear recurrence behind the gradient of products.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

enum class Scan : uint8_t { Sum, Prod };

/// out[i] = in[0] op … op in[i] along `dim` (from the other end if reversed), both of one dtype. float32 and float64
/// accumulate in float64, 16-bit floats in float32, integers modulo 2^64; every result is rounded once.
void running(Scan op, const Array& in, const Array& out, int dim, bool reversed);

/// out[i] = term[i] + factor[i] * out[i - 1] (or out[i + 1]) along `dim`; floats only, one dtype and shape.
void linear_recurrence(const Array& factor, const Array& term, const Array& out, int dim, bool reversed);

/// The largest or smallest element up to each and its last place; the first NaN stays, at its last place.
void running_extremum(bool max, const Array& in, int dim, const Array& values, const Array& indices);

/// log(exp(in[0]) + … + exp(in[i])) along `dim`, accumulated in float64; floats only.
void running_logsumexp(const Array& in, const Array& out, int dim, bool reversed);

}  // namespace gradus
