// Cross products.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

/// out = a × b along `dim`, which has three elements; all of one dtype and shape, not bool. 16-bit floats compute in
/// float32.
void cross(const Array& a, const Array& b, const Array& out, int dim);

}  // namespace gradus
