// Tensors from C++ values.
#include "gradus/io/values.h"

#include <cstring>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"

namespace gradus::detail {

Tensor from_values(const void* values, DType from, int64_t count, IntList sizes, DType dtype) {
  check_as(ErrorKind::Value, count == product(sizes), "expected rows of equal length, the first has ", sizes.back());
  const NoGrad guard;
  const Tensor t = empty(sizes, from);
  if (count) std::memcpy(t.settled_data(), values, static_cast<size_t>(count * item_size(from)));
  return from == dtype ? t : t.to(dtype);
}

}  // namespace gradus::detail
