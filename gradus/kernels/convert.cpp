// Copies of any layout to any other.
#include "gradus/kernels/convert.h"

#include <cstring>

#include "gradus/kernels/nest.h"

namespace gradus {

void copy_array(const Array& dst, const Array& src) {
  const Array* arrays[] = {&dst, &src};
  Nest nest;
  if (!build_nest(nest, arrays, 2)) return;
  const int64_t n = nest.inner(), ds = nest.inner_stride(0), ss = nest.inner_stride(1);
  if (dst.dtype == src.dtype && (n == 1 || (ds == 1 && ss == 1))) {
    const auto bytes = static_cast<size_t>(n * nest.bytes[0]);
    nest.for_each_row([&](char* const* at) {
      if (at[0] != at[1]) std::memcpy(at[0], at[1], bytes);
    });
    return;
  }
  const ConvertFn fn = convert_fn(dst.dtype, src.dtype);
  nest.for_each_row([&](char* const* at) { fn(at[0], ds, at[1], ss, n); });
}

}  // namespace gradus
