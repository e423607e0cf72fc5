// Tensors over memory that the caller owns.
#include "gradus/core/blob.h"

#include "gradus/core/format.h"
#include "gradus/core/geometry.h"
#include "gradus/core/impl.h"

namespace gradus::detail {

namespace {
int64_t checked_bytes(const IntList& sizes, const IntList& strides, DType dtype) {
  for (int64_t n : sizes) check(n >= 0, "Trying to create tensor with negative dimension ", n, ": ", sizes);
  if (strides.empty()) return storage_bytes(sizes, dense_strides(sizes), 0, item_size(dtype));
  check(strides.size() == sizes.size(), "from_blob: ", sizes.size(), " sizes but ", strides.size(), " strides");
  for (int64_t s : strides) check(s >= 0, "from_blob: negative strides are not supported, got ", strides);
  return storage_bytes(sizes, strides, 0, item_size(dtype));
}
}  // namespace

Tensor over_memory(void* data, const IntList& sizes, const IntList& strides, DType dtype, void (*release)(void*),
                   void* context) {
  Storage* s = nullptr;
  try {
    s = new_foreign_storage(data, checked_bytes(sizes, strides, dtype), release, context);
  } catch (...) {
    if (release) release(context);
    throw;
  }
  return Tensor(new_tensor(new_view(s, dtype, sizes, strides, 0)));
}

}  // namespace gradus::detail
