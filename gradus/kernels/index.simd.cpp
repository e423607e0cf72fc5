// Bounds of indices.
#include "gradus/kernels/index_table.h"

namespace gradus::GRADUS_TARGET {
namespace {

bool any_outside(const int64_t* x, int64_t n, int64_t stride, int64_t low, uint64_t extent) {
  uint64_t outside = 0;
  if (stride == 1) {
    // Signed comparisons are vector instructions everywhere, unsigned ones are not.
    constexpr uint64_t sign = uint64_t{1} << 63;
    const int64_t limit = static_cast<int64_t>(extent ^ sign);
    for (int64_t i = 0; i < n; ++i)
      outside |= static_cast<int64_t>((static_cast<uint64_t>(x[i]) - static_cast<uint64_t>(low)) ^ sign) >= limit;
  } else {
    for (int64_t i = 0; i < n; ++i)
      outside |= static_cast<uint64_t>(x[i * stride]) - static_cast<uint64_t>(low) >= extent;
  }
  return outside != 0;
}

}  // namespace

constinit const IndexTable index_table = {any_outside};

}  // namespace gradus::GRADUS_TARGET
