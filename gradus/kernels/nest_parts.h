// Spreads a loop nest over threads.
#pragma once
#include <algorithm>

#include "gradus/kernels/nest.h"
#include "gradus/kernels/pool.h"

namespace gradus {

/// Calls body(part) for nests that together are `nest`, on several threads if the whole takes `cost` nanoseconds and
/// that is worth it. One dim is cut, the innermost at multiples of 256; a part has as many dims as the nest.
template <class F>
void for_each_part(const Nest& nest, double cost, const F& body) {
  constexpr int64_t kInnerStep = 256;
  const int64_t threads = cost < 2 * kChunkCost ? 1 : num_threads();
  int d = nest.ndim - 1;
  while (d > 0 && nest.size[d] < 4 * threads) --d;
  if (d == 0) d = static_cast<int>(std::max_element(nest.size, nest.size + nest.ndim) - nest.size);
  if (threads == 1 || nest.ndim == 0) return body(nest);
  const int64_t n = nest.size[d], step = d ? 1 : kInnerStep;
  const auto grain = static_cast<int64_t>(static_cast<double>(n) * kChunkCost / cost);
  const auto run = [&](int64_t begin, int64_t end) {
    Nest part;
    part.ndim = nest.ndim;
    part.n = nest.n;
    std::copy(nest.size, nest.size + nest.ndim, part.size);
    part.size[d] = end - begin;
    for (int k = 0; k < nest.n; ++k) {
      std::copy(nest.stride[k], nest.stride[k] + nest.ndim, part.stride[k]);
      part.bytes[k] = nest.bytes[k];
      part.data[k] = nest.data[k] + begin * nest.stride[k][d] * nest.bytes[k];
    }
    body(part);
  };
  parallel_for(n, (grain / step + 1) * step, run, cost);
}

/// The product of all sizes.
inline double elements(const Nest& nest) {
  double n = 1;
  for (int d = 0; d < nest.ndim; ++d) n *= static_cast<double>(nest.size[d]);
  return n;
}

}  // namespace gradus
