// Looking at data without hurrying what waits to look at it as well.
#pragma once
#include "gradus/core/tensor.h"

namespace gradus {

/// Where the first element is, for reading alone: operations that write it have run, those that read it may still wait.
const void* read_data(const Tensor& t);

}  // namespace gradus
