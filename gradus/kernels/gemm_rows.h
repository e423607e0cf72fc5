// Few rows times a transposed B: its rows are turned in registers, without a packed copy.
#pragma once
#include "gradus/kernels/gemm_vec.h"

namespace gradus::GRADUS_TARGET {
namespace {

constexpr int kMaxTurnedRows = 4;

/// R rows of C for at most kLanes columns, B contiguous along k: blocks of kLanes × kLanes are transposed and used up.
template <class X, int R, class S>
static void turned_tile(const S* a, int64_t a_row, int64_t a_col, const S* b, int64_t b_col, int64_t kc,
                        const typename X::T* s, int64_t s_row, typename X::T* c, int64_t c_row, int width) {
  constexpr int w = X::kLanes;
  const typename X::Mask tail = X::mask(width);
  typename X::V acc[R];
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i) acc[i] = s ? X::load(s + i * s_row, tail) : X::zero();
  typename X::V r[w];
  int64_t k = 0;
  for (; width == w && k + w <= kc; k += w, a += w * a_col) {
    if constexpr (sizeof(S) == sizeof(typename X::T)) load_transposed<X>(b + k, b_col, r);
    else load_transposed_part<X>(b + k, b_col, w, w, r);
#pragma GCC unroll 16
    for (int q = 0; q < w; ++q)
#pragma GCC unroll 4
      for (int i = 0; i < R; ++i) acc[i] = X::fma(X::splat(widen(a[i * a_row + q * a_col])), r[q], acc[i]);
  }
  for (; k < kc; k += w, a += w * a_col) {
    const int steps = kc - k < w ? static_cast<int>(kc - k) : w;
    load_transposed_part<X>(b + k, b_col, width, steps, r);
    alignas(64) typename X::T rows[w * w];
#pragma GCC unroll 16
    for (int q = 0; q < w; ++q) X::store(rows + q * w, r[q]);
    for (int q = 0; q < steps; ++q)
#pragma GCC unroll 4
      for (int i = 0; i < R; ++i)
        acc[i] = X::fma(X::splat(widen(a[i * a_row + q * a_col])), X::load(rows + q * w), acc[i]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i) X::store(c + i * c_row, acc[i], tail);
}

template <class X, class S, class... Rest>
[[gnu::always_inline]] static inline void turned_rows(int64_t m, Rest... rest) {
  if (m == 1) turned_tile<X, 1, S>(rest...);
  else if (m == 2) turned_tile<X, 2, S>(rest...);
  else if (m == 3) turned_tile<X, 3, S>(rest...);
  else turned_tile<X, 4, S>(rest...);
}

}  // namespace
}  // namespace gradus::GRADUS_TARGET
