// The canonical folds themselves, for the *.simd.cpp files that reduce only. Internal.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "gradus/kernels/reduce_table.h"
#if defined(__AVX__)
#include <immintrin.h>
#endif
#pragma GCC diagnostic ignored "-Wpsabi"                // vectors are passed between inlined functions only
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // masked loads touch written elements only

namespace gradus::GRADUS_TARGET {
namespace {

// As wide as the target: wider vectors would be taken apart, their comparisons element by element.
#if defined(__AVX512F__)
constexpr int kVecBytes = 64;
#elif defined(__AVX__)
constexpr int kVecBytes = 32;
#else
constexpr int kVecBytes = 16;
#endif

template <class T>
struct Vec {
  typedef T type __attribute__((vector_size(kVecBytes), aligned(sizeof(T)), may_alias));
  static constexpr int64_t size = kVecBytes / sizeof(T);
};

// The same text serves scalars and vectors. `x` wins when it is NaN, `y` when it alone is. Copies and two plain
// choices: a choice between references, or on a disjunction, would not vectorise.
template <Monoid M, class T>
[[gnu::always_inline]] inline T combine(const T& x, const T& y) {
  const T a = x, b = y;
  if constexpr (M == Monoid::Sum) {
    return a + b;
  } else if constexpr (M == Monoid::Prod) {
    return a * b;
  } else {
    const T better = (M == Monoid::Max ? a > b : a < b) ? a : b;
    return a != a ? a : better;
  }
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

#if defined(__AVX__) && !defined(__AVX512F__)
// All ones in the first t elements.
template <class T>
[[gnu::always_inline]] inline __m256i first_elements(int64_t t) {
  if constexpr (sizeof(T) == 4) {
    const __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(t)), place);
  } else {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(t), _mm256_setr_epi64x(0, 1, 2, 3));
  }
}
#endif

// The first t elements at x (t not above the size of a vector), the rest identity: an identity never changes a lane, so
// short rows need no other path.
template <Monoid M, class T>
[[gnu::always_inline]] inline typename Vec<T>::type load_part(const T* x, int64_t t) {
  using V = typename Vec<T>::type;
  const V rest = identity_of<M, T>() - V{};
#if defined(__AVX512F__)
  const unsigned n = static_cast<unsigned>(t);
  if constexpr (sizeof(T) == 4) return (V)_mm512_mask_loadu_ps((__m512)rest, _cvtu32_mask16(_bzhi_u32(~0u, n)), x);
  else if constexpr (sizeof(T) == 8) return (V)_mm512_mask_loadu_pd((__m512d)rest, _cvtu32_mask8(_bzhi_u32(~0u, n)), x);
  else return (V)_mm512_mask_loadu_epi8((__m512i)rest, _cvtu64_mask64(_bzhi_u64(~0ull, n)), x);
#else
#if defined(__AVX__)
  if constexpr (sizeof(T) == 4) {
    const __m256i first = first_elements<T>(t);
    return (V)_mm256_blendv_ps((__m256)rest, _mm256_maskload_ps(x, first), (__m256)first);
  } else if constexpr (sizeof(T) == 8) {
    const __m256i first = first_elements<T>(t);
    const __m256d part = _mm256_maskload_pd(reinterpret_cast<const double*>(x), first);
    return (V)_mm256_blendv_pd((__m256d)rest, part, (__m256d)first);
  }
#endif
  T part[Vec<T>::size];
  std::memcpy(part, &rest, sizeof rest);
  for (int64_t i = 0; i < t; ++i) part[i] = x[i];
  V v;
  std::memcpy(&v, part, sizeof v);
  return v;
#endif
}

// Writes the first t elements of a vector of float or double.
template <class T>
[[gnu::always_inline]] inline void store_part(T* x, typename Vec<T>::type v, int64_t t) {
#if defined(__AVX512F__)
  const unsigned first = _bzhi_u32(~0u, static_cast<unsigned>(t));
  if constexpr (sizeof(T) == 4) _mm512_mask_storeu_ps(x, _cvtu32_mask16(first), (__m512)v);
  else _mm512_mask_storeu_pd(x, _cvtu32_mask8(first), (__m512d)v);
#elif defined(__AVX__)
  if constexpr (sizeof(T) == 4) _mm256_maskstore_ps(x, first_elements<T>(t), (__m256)v);
  else _mm256_maskstore_pd(x, first_elements<T>(t), (__m256d)v);
#else
  for (int64_t i = 0; i < t; ++i) x[i] = v[i];
#endif
}

// Halves until one element is left: element j takes element j + half.
template <Monoid M, class V>
[[gnu::always_inline]] inline auto fold_halves(const V& v) {
  using T = std::remove_reference_t<decltype(v[0])>;
  constexpr int n = sizeof(V) / sizeof(T);
  if constexpr (n == 16 && sizeof(T) == 4) {
    return fold_halves<M>(combine<M>(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7),
                                     __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)));
  } else if constexpr (n == 8 && sizeof(T) > 1) {
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

// All lanes of one type: 256 bytes, in as many vectors as the target needs.
template <Monoid M, class T>
struct Lanes {
  using V = typename Vec<T>::type;
  static constexpr int64_t w = Vec<T>::size;
  static constexpr int count = 256 / kVecBytes;
  V v[count];

  template <int... I>
  [[gnu::always_inline]] void clear(std::integer_sequence<int, I...>) {
    ((v[I] = identity_of<M, T>() - V{}), ...);
  }
  template <int... I>
  [[gnu::always_inline]] void add(const T* x, std::integer_sequence<int, I...>) {
    ((v[I] = combine<M>(v[I], *reinterpret_cast<const V*>(x + I * w))), ...);
  }
  template <int I>
  [[gnu::always_inline]] void add_rest(const T* x, int64_t n) {
    if (n <= 0) return;
    v[I] = combine<M>(v[I], n < w ? load_part<M>(x, n) : *reinterpret_cast<const V*>(x));
    if constexpr (I + 1 < count) add_rest<I + 1>(x + w, n - w);
  }
  template <int Half, int... I>
  [[gnu::always_inline]] void halve(std::integer_sequence<int, I...>) {
    ((v[I] = combine<M>(v[I], v[I + Half])), ...);
  }
  template <int Left>
  [[gnu::always_inline]] T fold() {
    if constexpr (Left == 1) {
      return fold_halves<M>(v[0]);
    } else {
      halve<Left / 2>(std::make_integer_sequence<int, Left / 2>{});
      return fold<Left / 2>();
    }
  }
};

// The canonical fold of a chunk of n <= 4096 elements: element i belongs to lane i mod L.
template <Monoid M, class T>
[[gnu::always_inline]] inline T fold_chunk(const T* x, int64_t n) {
  using L = Lanes<M, T>;
  constexpr auto all = std::make_integer_sequence<int, L::count>{};
  if (n <= L::w) return fold_halves<M>(combine<M>(identity_of<M, T>() - typename L::V{}, load_part<M>(x, n)));
  L lanes;
  lanes.clear(all);
  for (; n >= L::count * L::w; n -= L::count * L::w, x += L::count * L::w) lanes.add(x, all);
  lanes.template add_rest<0>(x, n);
  return lanes.template fold<L::count>();
}

// acc[c] takes x[c], x[c + s], … of Rows rows in order; T is a vector or a scalar.
template <Monoid M, int Rows, class T, class E>
[[gnu::always_inline]] inline void accumulate_at(E* acc, const E* x, int64_t s) {
  T a = *reinterpret_cast<const T*>(acc);
  a = combine<M>(a, *reinterpret_cast<const T*>(x));
  if constexpr (Rows == 8) {
    a = combine<M>(a, *reinterpret_cast<const T*>(x + s));
    a = combine<M>(a, *reinterpret_cast<const T*>(x + 2 * s));
    a = combine<M>(a, *reinterpret_cast<const T*>(x + 3 * s));
    a = combine<M>(a, *reinterpret_cast<const T*>(x + 4 * s));
    a = combine<M>(a, *reinterpret_cast<const T*>(x + 5 * s));
    a = combine<M>(a, *reinterpret_cast<const T*>(x + 6 * s));
    a = combine<M>(a, *reinterpret_cast<const T*>(x + 7 * s));
  }
  *reinterpret_cast<T*>(acc) = a;
}

template <Monoid M, int Rows, class T>
[[gnu::always_inline]] inline void accumulate_block(T* acc, const T* x, int64_t row_stride, int64_t cols) {
  constexpr int64_t w = Vec<T>::size;
  int64_t c = 0;
  for (; c + w <= cols; c += w) accumulate_at<M, Rows, typename Vec<T>::type>(acc + c, x + c, row_stride);
  for (; c < cols; ++c) accumulate_at<M, Rows, T>(acc + c, x + c, row_stride);
}

// Eight rows at a time, so that the accumulators travel once per eight rows.
template <Monoid M, class T>
void accumulate_rows(T* acc, const T* x, int64_t count, int64_t row_stride, int64_t cols) {
  for (; count >= 8; count -= 8, x += 8 * row_stride) accumulate_block<M, 8>(acc, x, row_stride, cols);
  for (; count > 0; --count, x += row_stride) accumulate_block<M, 1>(acc, x, row_stride, cols);
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
