// Triangles of matrices.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

/// out = in with zeros above (`lower`) or below the diagonal; the last two dims are the matrices. Both arrays have one
/// shape and may be the same.
void triangle(const Array& in, const Array& out, int64_t diagonal, bool lower);

}  // namespace gradus
