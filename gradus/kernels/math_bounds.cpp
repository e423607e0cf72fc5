// The bounds of math_base.h.
#include "gradus/kernels/math_base.h"

namespace gradus::math::detail {

extern const Bounds bounds{-104.0f, 89.0f, -151.0f, 129.0f, 104.0f, 10.0f, 4.0f};

}  // namespace gradus::math::detail
