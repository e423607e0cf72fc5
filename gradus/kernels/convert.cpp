// Copies of any layout to any other.
#include "gradus/kernels/convert.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gradus/kernels/nest_parts.h"

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

// A tile's side in elements: one line of memory.
template <class T>
constexpr int64_t kTileSide = 64 / sizeof(T);

// d[i * drow + j] = s[j * srow + i] for a whole tile. Every line of memory is read and written once and at once,
// through a buffer: large powers of two between rows would push lines out of the cache before their next element's
// turn.
template <class T>
void transpose_tile(T* d, int64_t drow, const T* s, int64_t srow) {
  constexpr int64_t side = kTileSide<T>, w = 16 / sizeof(T);
  typedef T V __attribute__((vector_size(16)));
  constexpr auto interleave = []<int... I>(const V& a, const V& b, int half, std::integer_sequence<int, I...>) {
    constexpr int n = sizeof...(I);
    return half == 0 ? __builtin_shufflevector(a, b, (I % 2 * n + I / 2)...)
                     : __builtin_shufflevector(a, b, (I % 2 * n + I / 2 + n / 2)...);
  };
  constexpr auto all = std::make_integer_sequence<int, w>{};
  alignas(64) T buffer[side * side];
  for (int64_t j = 0; j < side; ++j) std::memcpy(buffer + j * side, s + j * srow, 64);
  for (int64_t i = 0; i < side; i += w) {
    for (int64_t j = 0; j < side; j += w) {
      V a[w], b[w];
      for (int64_t k = 0; k < w; ++k) std::memcpy(&a[k], buffer + (j + k) * side + i, 16);
      for (int64_t round = 1; round < w; round *= 2) {  // perfect shuffles of the rows transpose in log2(w) rounds
        for (int64_t k = 0; k < w / 2; ++k) {
          b[2 * k] = interleave(a[k], a[k + w / 2], 0, all);
          b[2 * k + 1] = interleave(a[k], a[k + w / 2], 1, all);
        }
        for (int64_t k = 0; k < w; ++k) a[k] = b[k];
      }
      for (int64_t k = 0; k < w; ++k) std::memcpy(d + (i + k) * drow + j, &a[k], 16);
    }
  }
}

// d[i * drow + j] = s[j * srow + i] for i < rows, j < cols; bands of tiles, so that few pages are in use.
template <class T>
void transpose(T* d, int64_t drow, const T* s, int64_t srow, int64_t rows, int64_t cols) {
  constexpr int64_t side = kTileSide<T>, band = 4 * side;
  for (int64_t j0 = 0; j0 < cols; j0 += band) {
    for (int64_t i = 0; i < rows; i += side) {
      for (int64_t j = j0; j < std::min(j0 + band, cols); j += side) {
        if (rows - i >= side && cols - j >= side) {
          transpose_tile(d + i * drow + j, drow, s + j * srow + i, srow);
          continue;
        }
        for (int64_t r = i; r < std::min(i + side, rows); ++r)
          for (int64_t c = j; c < std::min(j + side, cols); ++c) d[r * drow + c] = s[c * srow + r];
      }
    }
  }
}

// One array is dense along the innermost dim, the other along the next.
template <class T>
void copy_transposed(const Nest& nest) {
  const int64_t n = nest.size[0], rows = nest.size[1];
  const bool dense = nest.stride[0][0] == 1;  // the destination, along the innermost dim
  const int64_t drow = nest.stride[0][dense], srow = nest.stride[1][!dense];
  nest.for_each(2, [&](char* const* at) {
    T* d = reinterpret_cast<T*>(at[0]);
    const T* s = reinterpret_cast<const T*>(at[1]);
    transpose(d, drow, s, srow, dense ? rows : n, dense ? n : rows);
  });
}

// Rows of `bytes` adjacent bytes, 16 or more, but too few to be worth a call each.
void copy_runs(const Nest& nest, int64_t bytes) {
  const int64_t rows = nest.size[1], drow = nest.stride[0][1] * nest.bytes[0], srow = nest.stride[1][1] * nest.bytes[1];
  nest.for_each(2, [&](char* const* at) {
    char* d = at[0];
    const char* s = at[1];
    if (d == s) return;
    for (int64_t r = 0; r < rows; ++r, d += drow, s += srow) {
      for (int64_t i = 0; i + 16 <= bytes; i += 16) std::memcpy(d + i, s + i, 16);
      std::memcpy(d + bytes - 16, s + bytes - 16, 16);
    }
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

void copy_nest(const Nest& nest, DType to, DType from) {
  constexpr int64_t kRun = 256;
  const int64_t n = nest.inner(), ds = nest.inner_stride(0), ss = nest.inner_stride(1);
  const bool dense = to == from && ds == 1 && ss == 1;
  if (dense && nest.ndim > 1 && n * nest.bytes[0] >= 16 && n * nest.bytes[0] <= kRun)
    return copy_runs(nest, n * nest.bytes[0]);
  if (to == from && nest.ndim > 1 && n < 16)
    return of_bytes(nest.bytes[0], [&]<class T>() { copy_short_rows<T>(nest); });
  if (to == from && nest.ndim > 1 && (ds == 1) != (ss == 1) && nest.stride[ds == 1][1] == 1)
    return of_bytes(nest.bytes[0], [&]<class T>() { copy_transposed<T>(nest); });
  if (dense || (to == from && n == 1)) {
    const auto bytes = static_cast<size_t>(n * nest.bytes[0]);
    nest.for_each_row([&](char* const* at) {
      if (at[0] != at[1]) std::memcpy(at[0], at[1], bytes);
    });
    return;
  }
  const ConvertFn fn = convert_fn(to, from);
  nest.for_each_row([&](char* const* at) { fn(at[0], ds, at[1], ss, n); });
}

}  // namespace

void copy_array(const Array& dst, const Array& src) {
  const Array* arrays[] = {&dst, &src};
  Nest nest;
  if (!build_nest(nest, arrays, 2)) return;
  const bool dense = nest.inner_stride(0) == 1 && nest.inner_stride(1) <= 1 && nest.inner() >= 16;
  const double cost = elements(nest) * (dense ? 0.05 * static_cast<double>(nest.bytes[0] + nest.bytes[1]) : 1.0);
  for_each_part(nest, cost, [&](const Nest& part) { copy_nest(part, dst.dtype, src.dtype); });
}

void join_arrays(const Array* parts, int n, const Array& out, int dim) {
  int64_t rows = 1, inner = item_size(out.dtype);
  for (int d = 0; d < dim; ++d) rows *= out.sizes[d];
  for (int d = dim + 1; d < out.ndim; ++d) inner *= out.sizes[d];
  const int64_t width = out.sizes[dim] * inner;
  parallel_for(rows, grain_for(static_cast<double>(width) * 0.05), [&](int64_t begin, int64_t end) {
    char* to = out.as<char>() + begin * width;
    for (int64_t r = begin; r < end; ++r) {
      for (int k = 0; k < n; ++k) {
        const int64_t bytes = parts[k].sizes[dim] * inner;
        std::memcpy(to, parts[k].as<char>() + r * bytes, static_cast<size_t>(bytes));
        to += bytes;
      }
    }
  });
}

}  // namespace gradus
