// Questions about the values of an array.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

/// True if some element is zero.
bool any_zero(const Array& a);

/// True if every element of a floating point array lies between 0 and 1; NaN does not.
bool all_within_unit(const Array& a);

}  // namespace gradus
