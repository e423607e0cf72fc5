// Questions about the values of an array.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

/// True if some element is zero.
bool any_zero(const Array& a);

}  // namespace gradus
