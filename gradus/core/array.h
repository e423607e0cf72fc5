// What a kernel sees of a tensor: an address and a geometry, no ownership.
#pragma once
#include <cstdint>

#include "gradus/core/dtype.h"

namespace gradus {

/// `data` points at element (0, …, 0); strides are in elements. `sizes` and `strides` hold `ndim` entries.
struct Array {
  void* data = nullptr;
  DType dtype = DType::Float32;
  int ndim = 0;
  const int64_t* sizes = nullptr;
  const int64_t* strides = nullptr;

  int64_t numel() const {
    int64_t n = 1;
    for (int i = 0; i < ndim; ++i) n *= sizes[i];
    return n;
  }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

}  // namespace gradus
