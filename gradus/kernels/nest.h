// Loop nests over several arrays at once: unit dims dropped, neighbours merged, innermost dim first.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

template <int K>
struct NestOf {
  static constexpr int kMaxDims = 64, kMaxArrays = K;
  int ndim = 0, n = 0;
  int64_t size[kMaxDims];
  int64_t stride[kMaxArrays][kMaxDims];  // in elements
  char* data[kMaxArrays];
  int64_t bytes[kMaxArrays];  // element sizes

  int64_t inner() const { return ndim ? size[0] : 1; }
  int64_t inner_stride(int array) const { return ndim ? stride[array][0] : 0; }

  /// Calls body(pointers) at the start of every innermost run.
  template <class F>
  void for_each_row(F&& body) const {
    for_each(1, body);
  }
  /// Calls body(pointers) at the start of every block over the `inner_dims` innermost dims.
  template <class F>
  void for_each(int inner_dims, F&& body) const {
    char* at[kMaxArrays];
    for (int k = 0; k < n; ++k) at[k] = data[k];
    int64_t index[kMaxDims];
    for (int d = inner_dims; d < ndim; ++d) index[d] = 0;
    for (;;) {
      body(static_cast<char* const*>(at));
      int d = inner_dims;
      for (; d < ndim; ++d) {
        for (int k = 0; k < n; ++k) at[k] += stride[k][d] * bytes[k];
        if (++index[d] < size[d]) break;
        for (int k = 0; k < n; ++k) at[k] -= stride[k][d] * bytes[k] * size[d];
        index[d] = 0;
      }
      if (d >= ndim) return;
    }
  }
};

using Nest = NestOf<8>;
using WideNest = NestOf<48>;  // of fused programs

/// Orders the dims of a nest by the strides of its first arrays, and merges neighbours that are one loop for all
/// arrays.
template <int K>
void arrange(NestOf<K>& nest);
/// `arrays[0]` gives the shape and the loop order; the others broadcast against it. False if there is nothing to do.
template <int K>
bool build_nest(NestOf<K>& nest, const Array* const* arrays, int n);
extern template bool build_nest(NestOf<8>&, const Array* const*, int);
extern template void arrange(NestOf<48>&);

}  // namespace gradus
