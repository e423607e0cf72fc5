// Tensors over memory that the caller owns.
#pragma once
#include "gradus/core/tensor.h"

namespace gradus {

namespace detail {
Tensor over_memory(void* data, const IntList& sizes, const IntList& strides, DType dtype,
                   void (*release)(void* context), void* context);
template <class Deleter>
struct Blob {
  Deleter deleter;
  void* data;
  static void release(void* context) {
    auto* blob = static_cast<Blob*>(context);
    blob->deleter(blob->data);
    delete blob;
  }
};
}  // namespace detail

/// A tensor over `data`, which must outlive it: row-major, or with strides in elements. Such memory is never resized.
/// RuntimeError for negative sizes or strides, or if their numbers differ.
inline Tensor from_blob(void* data, const IntList& sizes, DType dtype = DType::Float32) {
  return detail::over_memory(data, sizes, {}, dtype, nullptr, nullptr);
}
inline Tensor from_blob(void* data, const IntList& sizes, const IntList& strides, DType dtype = DType::Float32) {
  return detail::over_memory(data, sizes, strides, dtype, nullptr, nullptr);
}
/// The same; `deleter(data)` is called exactly once, when the last tensor over this memory is gone (and at once if
/// making the tensor fails).
template <class Deleter>
requires requires(Deleter d, void* p) { d(p); }
Tensor from_blob(void* data, const IntList& sizes, const IntList& strides, Deleter deleter,
                 DType dtype = DType::Float32) {
  using Blob = detail::Blob<Deleter>;
  return detail::over_memory(data, sizes, strides, dtype, &Blob::release,
                             new Blob{static_cast<Deleter&&>(deleter), data});
}
template <class Deleter>
requires requires(Deleter d, void* p) { d(p); }
Tensor from_blob(void* data, const IntList& sizes, Deleter deleter, DType dtype = DType::Float32) {
  return from_blob(data, sizes, IntList{}, static_cast<Deleter&&>(deleter), dtype);
}

}  // namespace gradus
