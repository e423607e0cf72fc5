// The canonical folds themselves, for the *.simd.cpp files that reduce only. Internal.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gradus/kernels/reduce_table.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions only

namespace gradus::GRADUS_TARGET {
namespace {

template <class T>
struct Vec {
  typedef T type __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
  static constexpr int64_t size = 64 / sizeof(T);
};

// The same text serves scalars and vectors. `a` wins when it is NaN, `b` when it alone is.
template <Monoid M, class T>
[[gnu::always_inline]] inline T combine(const T& a, const T& b) {
  if constexpr (M == Monoid::Sum) return a + b;
  else if constexpr (M == Monoid::Prod) return a * b;
  else if constexpr (M == Monoid::Max) return (a > b) | (a != a) ? a : b;
  else return (a < b) | (a != a) ? a : b;
}

template <Monoid M, class T>
constexpr T identity_of() {
  constexpr bool floating = static_cast<T>(0.5) != 0;
  if constexpr (M == Monoid::Sum) return 0;
  else if constexpr (M == Monoid::Prod) return 1;
  else if constexpr (floating) return M == Monoid::Max ? -__builtin_huge_val() : __builtin_huge_val();
  else if constexpr (sizeof(T) == 1) return M == Monoid::Max ? 0 : 255;
  else return M == Monoid::Max ? INT64_MIN : INT64_MAX;
}

// The first t elements at x, the rest identity: an identity never changes a lane, so short rows need no other path.
template <Monoid M, class T>
[[gnu::always_inline]] inline typename Vec<T>::type load_part(const T* x, int64_t t) {
  using V = typename Vec<T>::type;
  const V rest = identity_of<M, T>() - V{};
#if defined(__AVX512F__) && defined(__AVX512BW__)
  if constexpr (sizeof(T) == 4) {
    return (V)_mm512_mask_loadu_ps((__m512)rest, static_cast<__mmask16>((1u << t) - 1), x);
  } else if constexpr (sizeof(T) == 8) {
    return (V)_mm512_mask_loadu_pd((__m512d)rest, static_cast<__mmask8>((1u << t) - 1), x);
  } else {
    return (V)_mm512_mask_loadu_epi8((__m512i)rest, _bzhi_u64(~0ull, static_cast<unsigned>(t)), x);
  }
#else
  alignas(64) T part[Vec<T>::size];
  std::memcpy(part, &rest, 64);
  for (int64_t i = 0; i < t; ++i) part[i] = x[i];
  V v;
  std::memcpy(&v, part, 64);
  return v;
#endif
}

// Halves until one element is left: element j takes element j + half.
template <Monoid M, class V>
[[gnu::always_inline]] inline auto fold_halves(const V& v) {
  using T = std::remove_reference_t<decltype(v[0])>;
  constexpr int n = sizeof(V) / sizeof(T);
  if constexpr (n == 16) {
    return fold_halves<M>(combine<M>(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7),
                                     __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)));
  } else if constexpr (n == 8) {
    return fold_halves<M>(
        combine<M>(__builtin_shufflevector(v, v, 0, 1, 2, 3), __builtin_shufflevector(v, v, 4, 5, 6, 7)));
  } else if constexpr (n == 4 && sizeof(T) == 4) {
    const V pairs = combine<M>(v, __builtin_shufflevector(v, v, 2, 3, 2, 3));
    return combine<M>(T{pairs[0]}, T{pairs[1]});
  } else if constexpr (n == 4) {
    return fold_halves<M>(combine<M>(__builtin_shufflevector(v, v, 0, 1), __builtin_shufflevector(v, v, 2, 3)));
  } else if constexpr (n == 2) {
    return combine<M>(T{v[0]}, T{v[1]});
  } else {
    T part[n];
    std::memcpy(part, &v, sizeof v);
    for (int half = n / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) part[j] = combine<M>(part[j], part[j + half]);
    return part[0];
  }
}

// One chunk: lane i mod 4*size, four registers.
template <Monoid M, class T>
[[gnu::always_inline]] inline T fold_chunk(const T* x, int64_t n) {
  using V = typename Vec<T>::type;
  constexpr int64_t w = Vec<T>::size;
  if (n <= w) return fold_halves<M>(combine<M>(identity_of<M, T>() - V{}, load_part<M>(x, n)));
  V a0 = identity_of<M, T>() - V{}, a1 = a0, a2 = a0, a3 = a0;
  for (; n >= 4 * w; n -= 4 * w, x += 4 * w) {
    a0 = combine<M>(a0, *reinterpret_cast<const V*>(x));
    a1 = combine<M>(a1, *reinterpret_cast<const V*>(x + w));
    a2 = combine<M>(a2, *reinterpret_cast<const V*>(x + 2 * w));
    a3 = combine<M>(a3, *reinterpret_cast<const V*>(x + 3 * w));
  }
  if (n > 0) a0 = combine<M>(a0, n < w ? load_part<M>(x, n) : *reinterpret_cast<const V*>(x));
  if (n > w) a1 = combine<M>(a1, n < 2 * w ? load_part<M>(x + w, n - w) : *reinterpret_cast<const V*>(x + w));
  if (n > 2 * w)
    a2 = combine<M>(a2, n < 3 * w ? load_part<M>(x + 2 * w, n - 2 * w) : *reinterpret_cast<const V*>(x + 2 * w));
  if (n > 3 * w) a3 = combine<M>(a3, load_part<M>(x + 3 * w, n - 3 * w));
  return fold_halves<M>(combine<M>(combine<M>(a0, a2), combine<M>(a1, a3)));
}

// Eight rows at a time, so that the accumulators travel once per eight rows.
template <Monoid M, class T>
void accumulate_rows(T* __restrict acc, const T* __restrict x, int64_t count, int64_t row_stride, int64_t cols) {
  const int64_t s = row_stride;
  for (; count >= 8; count -= 8, x += 8 * s) {
    for (int64_t c = 0; c < cols; ++c) {
      T a = combine<M>(acc[c], x[c]);
      a = combine<M>(a, x[c + s]);
      a = combine<M>(a, x[c + 2 * s]);
      a = combine<M>(a, x[c + 3 * s]);
      a = combine<M>(a, x[c + 4 * s]);
      a = combine<M>(a, x[c + 5 * s]);
      a = combine<M>(a, x[c + 6 * s]);
      acc[c] = combine<M>(a, x[c + 7 * s]);
    }
  }
  for (; count > 0; --count, x += s)
    for (int64_t c = 0; c < cols; ++c) acc[c] = combine<M>(acc[c], x[c]);
}

// The pairwise tree over chunks of `width` accumulators: slots are filled in order, equal subtrees merge as in a binary
// counter. `slots` holds tree_levels(chunks) times `width`.
template <Monoid M, class T>
struct ChunkTree {
  T* slots;
  int64_t width;
  int64_t chunk = 0;
  int depth = 0;

  T* open() { return slots + depth++ * width; }
  void close() {
    for (int64_t i = chunk++; i & 1; i >>= 1) merge();
  }
  T* finish() {
    while (depth > 1) merge();
    return slots;
  }
  void merge() {
    --depth;
    accumulate_rows<M>(slots + (depth - 1) * width, slots + depth * width, 1, 0, width);
  }
};

}  // namespace
}  // namespace gradus::GRADUS_TARGET
