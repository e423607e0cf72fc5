// Orthonormal rows from independent ones.
#pragma once
#include <cstdint>

namespace gradus {

/// Makes the n rows (length m >= n, row-major) orthonormal, each in the span of those above it and turned towards what
/// it was: the transposed Q of the QR factorisation whose R has a positive diagonal. Gram-Schmidt, every projection
/// taken off twice, which keeps the rows orthogonal to rounding (Giraud et al., 2005). Rows that depend on those above
/// come out as zeros or noise.
void orthonormal_rows(double* rows, int64_t n, int64_t m);

}  // namespace gradus
