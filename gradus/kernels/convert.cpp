// Copies of any layout to any other.
#include "gradus/kernels/convert.h"

#include <algorithm>
#include <cstring>

#include "gradus/kernels/nest.h"

namespace gradus {
namespace {

// Rows too short to be worth a call each: the two innermost dims in one loop.
template <class T>
void copy_short_rows(const Nest& nest) {
  const int64_t n = nest.size[0], ds = nest.stride[0][0], ss = nest.stride[1][0];
  const int64_t rows = nest.size[1], drow = nest.stride[0][1], srow = nest.stride[1][1];
  nest.for_each(2, [&](char* const* at) {
    T* d = reinterpret_cast<T*>(at[0]);
    const T* s = reinterpret_cast<const T*>(at[1]);
    for (int64_t r = 0; r < rows; ++r, d += drow, s += srow)
      for (int64_t i = 0; i < n; ++i) d[i * ds] = s[i * ss];
  });
}

// One array is dense along the innermost dim, the other along the next: squares that fit the cache, so that every line
// of memory is used whole.
template <class T>
void copy_transposed(const Nest& nest) {
  constexpr int64_t kSide = 32;
  const int64_t n = nest.size[0], ds = nest.stride[0][0], ss = nest.stride[1][0];
  const int64_t rows = nest.size[1], drow = nest.stride[0][1], srow = nest.stride[1][1];
  nest.for_each(2, [&](char* const* at) {
    T* d = reinterpret_cast<T*>(at[0]);
    const T* s = reinterpret_cast<const T*>(at[1]);
    for (int64_t r0 = 0; r0 < rows; r0 += kSide)
      for (int64_t i0 = 0; i0 < n; i0 += kSide)
        for (int64_t r = r0; r < std::min(r0 + kSide, rows); ++r)
          for (int64_t i = i0; i < std::min(i0 + kSide, n); ++i) d[i * ds + r * drow] = s[i * ss + r * srow];
  });
}

// Calls f<T>() with the unsigned integer of so many bytes.
template <class F>
void of_bytes(int64_t bytes, F&& f) {
  switch (bytes) {
    case 1: return f.template operator()<uint8_t>();
    case 2: return f.template operator()<uint16_t>();
    case 4: return f.template operator()<uint32_t>();
    default: return f.template operator()<uint64_t>();
  }
}

}  // namespace

void copy_array(const Array& dst, const Array& src) {
  const Array* arrays[] = {&dst, &src};
  Nest nest;
  if (!build_nest(nest, arrays, 2)) return;
  const int64_t n = nest.inner(), ds = nest.inner_stride(0), ss = nest.inner_stride(1);
  if (dst.dtype == src.dtype && nest.ndim > 1 && n < 16)
    return of_bytes(nest.bytes[0], [&]<class T>() { copy_short_rows<T>(nest); });
  if (dst.dtype == src.dtype && nest.ndim > 1 && (ds == 1) != (ss == 1) && nest.stride[ds == 1][1] == 1)
    return of_bytes(nest.bytes[0], [&]<class T>() { copy_transposed<T>(nest); });
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
