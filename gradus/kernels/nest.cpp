// Orders and merges the dims of a loop nest.
#include "gradus/kernels/nest.h"

#include <utility>

namespace gradus {
namespace {

// Dim a belongs inside dim b.
template <int K>
bool inside(const NestOf<K>& nest, int a, int b) {
  for (int k = 0; k < nest.n; ++k) {
    const int64_t x = nest.stride[k][a], y = nest.stride[k][b];
    if (x == 0 || y == 0 || x == y) continue;
    return x < y;
  }
  return false;
}

template <int K>
void swap_dims(NestOf<K>& nest, int a, int b) {
  std::swap(nest.size[a], nest.size[b]);
  for (int k = 0; k < nest.n; ++k) std::swap(nest.stride[k][a], nest.stride[k][b]);
}

template <int K>
void merge(NestOf<K>& nest) {
  int kept = 0;
  for (int d = 1; d < nest.ndim; ++d) {
    bool joins = true;
    for (int k = 0; k < nest.n && joins; ++k) joins = nest.stride[k][d] == nest.stride[k][kept] * nest.size[kept];
    if (joins) {
      nest.size[kept] *= nest.size[d];
      continue;
    }
    ++kept;
    nest.size[kept] = nest.size[d];
    for (int k = 0; k < nest.n; ++k) nest.stride[k][kept] = nest.stride[k][d];
  }
  if (nest.ndim) nest.ndim = kept + 1;
}

}  // namespace

template <int K>
void arrange(NestOf<K>& nest) {
  for (int i = 1; i < nest.ndim; ++i)
    for (int j = i; j > 0 && inside(nest, j, j - 1); --j) swap_dims(nest, j, j - 1);
  merge(nest);
}

template <int K>
bool build_nest(NestOf<K>& nest, const Array* const* arrays, int n) {
  const Array& shape = *arrays[0];
  nest.n = n;
  nest.ndim = 0;
  for (int k = 0; k < n; ++k) {
    nest.data[k] = static_cast<char*>(arrays[k]->data);
    nest.bytes[k] = item_size(arrays[k]->dtype);
  }
  for (int d = shape.ndim - 1; d >= 0; --d) {
    if (shape.sizes[d] == 0) return false;
    if (shape.sizes[d] == 1) continue;
    const int at = nest.ndim++;
    nest.size[at] = shape.sizes[d];
    for (int k = 0; k < n; ++k) {
      const int own = d - (shape.ndim - arrays[k]->ndim);
      nest.stride[k][at] = own < 0 || arrays[k]->sizes[own] == 1 ? 0 : arrays[k]->strides[own];
    }
  }
  arrange(nest);
  return true;
}

template bool build_nest(NestOf<8>&, const Array* const*, int);
template void arrange(NestOf<48>&);

}  // namespace gradus
