// Conversion of elements to and from accumulators, for the *.simd.cpp files of reductions only. Internal.
#pragma once
#include <cstdint>
#include <type_traits>

#include "gradus/core/dtype.h"

namespace gradus::GRADUS_TARGET {
namespace {

// A bool is read as a byte: anything but 0 and 1 in memory must not be undefined here.
template <class T>
struct Stored {
  using type = T;
};
template <>
struct Stored<bool> {
  using type = uint8_t;
};

template <class To, class From>
[[gnu::always_inline]] inline To convert(From v) {
  if constexpr (sizeof(From) == 2 && !std::is_integral_v<From>) return static_cast<To>(static_cast<float>(v));
  else return static_cast<To>(v);
}

/// to[r][c] = element(from[r][c]), the result dense; what is strided goes through one loop a row.
template <class From, class To, class Element>
[[gnu::always_inline]] inline void gather_by(void* dst, const void* src, int64_t rows, int64_t row_stride, int64_t cols,
                                             int64_t col_stride, Element element) {
  To* __restrict to = static_cast<To*>(dst);
  const From* __restrict from = static_cast<const From*>(src);
  if (cols == 1) {  // one long strided column
    cols = rows;
    col_stride = row_stride;
    rows = 1;
  }
  for (int64_t r = 0; r < rows; ++r, to += cols, from += row_stride) {
    if (col_stride == 1) {
      for (int64_t c = 0; c < cols; ++c) to[c] = element(from[c]);
    } else {
      for (int64_t c = 0; c < cols; ++c) to[c] = element(from[c * col_stride]);
    }
  }
}

template <class From, class To, bool Nonzero = false>
[[gnu::flatten]] void gather(void* dst, const void* src, int64_t rows, int64_t row_stride, int64_t cols,
                             int64_t col_stride) {
  gather_by<From, To>(
      dst, src, rows, row_stride, cols, col_stride, [](From v) __attribute__((always_inline)) {
        if constexpr (Nonzero)
          return static_cast<To>(convert<std::conditional_t<(sizeof(From) < 8), float, From>>(v) != 0);
        else return convert<To>(v);
      });
}

template <class To, class From>
[[gnu::flatten]] void store(void* dst, int64_t stride, const void* src, int64_t n) {
  To* to = static_cast<To*>(dst);
  const From* from = static_cast<const From*>(src);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (sizeof(To) == 2 && !std::is_integral_v<To>) to[i * stride] = To(static_cast<float>(from[i]));
    else to[i * stride] = static_cast<To>(from[i]);
  }
}

}  // namespace
}  // namespace gradus::GRADUS_TARGET
