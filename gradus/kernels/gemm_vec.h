// Vectors of the product kernels for the target being compiled: width, masked access, fused multiply-add, and the two
// steps of a transposition on lanes of 16 bytes. `strip` gathers 16 bytes of every E-th row (E = elements in 16 bytes);
// `turn` transposes E × E elements inside each lane.
#pragma once
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif
#include <cstdint>

#include "gradus/core/half.h"

namespace gradus::GRADUS_TARGET {
namespace {

#if defined(__AVX512F__)

struct F32 {
  using T = float;
  using V = __m512;
  using Mask = __mmask16;
  static constexpr int kLanes = 16, kRows = 14, kRegisters = 28;
  [[gnu::always_inline]] static inline Mask mask(int n) { return static_cast<Mask>((1u << n) - 1); }
  [[gnu::always_inline]] static inline V zero() { return _mm512_setzero_ps(); }
  [[gnu::always_inline]] static inline V splat(T x) { return _mm512_set1_ps(x); }
  [[gnu::always_inline]] static inline V load(const T* p) { return _mm512_loadu_ps(p); }
  [[gnu::always_inline]] static inline V load(const T* p, Mask m) { return _mm512_maskz_loadu_ps(m, p); }
  [[gnu::always_inline]] static inline void store(T* p, V x) { _mm512_storeu_ps(p, x); }
  [[gnu::always_inline]] static inline void store(T* p, V x, Mask m) { _mm512_mask_storeu_ps(p, m, x); }
  [[gnu::always_inline]] static inline V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
  [[gnu::always_inline]] static inline V strip(const T* p, int64_t stride) {
    V x = _mm512_maskz_broadcast_f32x4(0x000f, _mm_loadu_ps(p));
    x = _mm512_mask_broadcast_f32x4(x, 0x00f0, _mm_loadu_ps(p + 4 * stride));
    x = _mm512_mask_broadcast_f32x4(x, 0x0f00, _mm_loadu_ps(p + 8 * stride));
    return _mm512_mask_broadcast_f32x4(x, 0xf000, _mm_loadu_ps(p + 12 * stride));
  }
  [[gnu::always_inline]] static inline void turn(V* r) {
    const V a = low(r[0], r[2]), b = high(r[0], r[2]), c = low(r[1], r[3]), d = high(r[1], r[3]);
    r[0] = low(a, c);
    r[1] = high(a, c);
    r[2] = low(b, d);
    r[3] = high(b, d);
  }
  [[gnu::always_inline]] static inline V low(V a, V b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
  }
  [[gnu::always_inline]] static inline V high(V a, V b) {
    return __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
};

struct F64 {
  using T = double;
  using V = __m512d;
  using Mask = __mmask8;
  static constexpr int kLanes = 8, kRows = 14, kRegisters = 28;
  [[gnu::always_inline]] static inline Mask mask(int n) { return static_cast<Mask>((1u << n) - 1); }
  [[gnu::always_inline]] static inline V zero() { return _mm512_setzero_pd(); }
  [[gnu::always_inline]] static inline V splat(T x) { return _mm512_set1_pd(x); }
  [[gnu::always_inline]] static inline V load(const T* p) { return _mm512_loadu_pd(p); }
  [[gnu::always_inline]] static inline V load(const T* p, Mask m) { return _mm512_maskz_loadu_pd(m, p); }
  [[gnu::always_inline]] static inline void store(T* p, V x) { _mm512_storeu_pd(p, x); }
  [[gnu::always_inline]] static inline void store(T* p, V x, Mask m) { _mm512_mask_storeu_pd(p, m, x); }
  [[gnu::always_inline]] static inline V fma(V a, V b, V c) { return _mm512_fmadd_pd(a, b, c); }
  [[gnu::always_inline]] static inline V strip(const T* p, int64_t stride) {
    V x = _mm512_maskz_broadcast_f64x2(0x03, _mm_loadu_pd(p));
    x = _mm512_mask_broadcast_f64x2(x, 0x0c, _mm_loadu_pd(p + 2 * stride));
    x = _mm512_mask_broadcast_f64x2(x, 0x30, _mm_loadu_pd(p + 4 * stride));
    return _mm512_mask_broadcast_f64x2(x, 0xc0, _mm_loadu_pd(p + 6 * stride));
  }
  [[gnu::always_inline]] static inline void turn(V* r) {
    const V a = r[0];
    r[0] = __builtin_shufflevector(a, r[1], 0, 8, 2, 10, 4, 12, 6, 14);
    r[1] = __builtin_shufflevector(a, r[1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
};

#elif defined(__AVX2__)

alignas(64) static const int32_t kMaskWindow[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

struct F32 {
  using T = float;
  using V = __m256;
  using Mask = __m256i;
  static constexpr int kLanes = 8, kRows = 6, kRegisters = 12;
  [[gnu::always_inline]] static inline Mask mask(int n) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMaskWindow + 8 - n));
  }
  [[gnu::always_inline]] static inline V zero() { return _mm256_setzero_ps(); }
  [[gnu::always_inline]] static inline V splat(T x) { return _mm256_set1_ps(x); }
  [[gnu::always_inline]] static inline V load(const T* p) { return _mm256_loadu_ps(p); }
  [[gnu::always_inline]] static inline V load(const T* p, Mask m) { return _mm256_maskload_ps(p, m); }
  [[gnu::always_inline]] static inline void store(T* p, V x) { _mm256_storeu_ps(p, x); }
  [[gnu::always_inline]] static inline void store(T* p, V x, Mask m) { _mm256_maskstore_ps(p, m, x); }
  [[gnu::always_inline]] static inline V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
  [[gnu::always_inline]] static inline V strip(const T* p, int64_t stride) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + 4 * stride), 1);
  }
  [[gnu::always_inline]] static inline void turn(V* r) {
    const V a = _mm256_unpacklo_ps(r[0], r[1]), b = _mm256_unpackhi_ps(r[0], r[1]);
    const V c = _mm256_unpacklo_ps(r[2], r[3]), d = _mm256_unpackhi_ps(r[2], r[3]);
    r[0] = (V)_mm256_unpacklo_pd((__m256d)a, (__m256d)c);
    r[1] = (V)_mm256_unpackhi_pd((__m256d)a, (__m256d)c);
    r[2] = (V)_mm256_unpacklo_pd((__m256d)b, (__m256d)d);
    r[3] = (V)_mm256_unpackhi_pd((__m256d)b, (__m256d)d);
  }
};

struct F64 {
  using T = double;
  using V = __m256d;
  using Mask = __m256i;
  static constexpr int kLanes = 4, kRows = 6, kRegisters = 12;
  [[gnu::always_inline]] static inline Mask mask(int n) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMaskWindow + 8 - 2 * n));
  }
  [[gnu::always_inline]] static inline V zero() { return _mm256_setzero_pd(); }
  [[gnu::always_inline]] static inline V splat(T x) { return _mm256_set1_pd(x); }
  [[gnu::always_inline]] static inline V load(const T* p) { return _mm256_loadu_pd(p); }
  [[gnu::always_inline]] static inline V load(const T* p, Mask m) { return _mm256_maskload_pd(p, m); }
  [[gnu::always_inline]] static inline void store(T* p, V x) { _mm256_storeu_pd(p, x); }
  [[gnu::always_inline]] static inline void store(T* p, V x, Mask m) { _mm256_maskstore_pd(p, m, x); }
  [[gnu::always_inline]] static inline V fma(V a, V b, V c) { return _mm256_fmadd_pd(a, b, c); }
  [[gnu::always_inline]] static inline V strip(const T* p, int64_t stride) {
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p)), _mm_loadu_pd(p + 2 * stride), 1);
  }
  [[gnu::always_inline]] static inline void turn(V* r) {
    const V a = r[0];
    r[0] = _mm256_unpacklo_pd(a, r[1]);
    r[1] = _mm256_unpackhi_pd(a, r[1]);
  }
};

#else

/// Without vector intrinsics: 16 bytes in lane loops, which a compiler with a hardware FMA turns into vectors.
template <class Element, int kWidth>
struct Portable {
  using T = Element;
  typedef T V __attribute__((vector_size(16)));
  using Mask = int;
  static constexpr int kLanes = kWidth, kRows = 6, kRegisters = 12;
  [[gnu::always_inline]] static inline Mask mask(int n) { return n; }
  [[gnu::always_inline]] static inline V zero() { return V{}; }
  [[gnu::always_inline]] static inline V splat(T x) {
    V r;
    for (int i = 0; i < kLanes; ++i) r[i] = x;
    return r;
  }
  [[gnu::always_inline]] static inline V load(const T* p) {
    V x;
    __builtin_memcpy(&x, p, sizeof(V));
    return x;
  }
  [[gnu::always_inline]] static inline V load(const T* p, Mask m) {
    V x{};
    for (int i = 0; i < m; ++i) x[i] = p[i];
    return x;
  }
  [[gnu::always_inline]] static inline void store(T* p, V x) { __builtin_memcpy(p, &x, sizeof(V)); }
  [[gnu::always_inline]] static inline void store(T* p, V x, Mask m) {
    for (int i = 0; i < m; ++i) p[i] = x[i];
  }
  [[gnu::always_inline]] static inline V fma(V a, V b, V c) {
    V r;
    for (int i = 0; i < kLanes; ++i) {
      if constexpr (sizeof(T) == 4) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
      else r[i] = __builtin_fma(a[i], b[i], c[i]);
    }
    return r;
  }
  [[gnu::always_inline]] static inline V strip(const T* p, int64_t) { return load(p); }
  [[gnu::always_inline]] static inline void turn(V* r) {
    for (int i = 0; i < kLanes; ++i)
      for (int j = 0; j < i; ++j) {
        const T x = r[i][j];
        r[i][j] = r[j][i];
        r[j][i] = x;
      }
  }
};
using F32 = Portable<float, 4>;
using F64 = Portable<double, 2>;

#endif

[[gnu::always_inline]] static inline float widen(float x) { return x; }
[[gnu::always_inline]] static inline double widen(double x) { return x; }
[[gnu::always_inline]] static inline float widen(BFloat16 x) {
  return __builtin_bit_cast(float, static_cast<uint32_t>(x.bits) << 16);
}
[[gnu::always_inline]] static inline float widen(Half x) {
  const uint32_t magnitude = static_cast<uint32_t>(x.bits & 0x7fffu) << 13;
  const float scaled = __builtin_bit_cast(float, magnitude) * 0x1p112f;
  const uint32_t bits =
      (x.bits & 0x7c00u) == 0x7c00u ? (magnitude | 0x7f800000u) : __builtin_bit_cast(uint32_t, scaled);
  return __builtin_bit_cast(float, bits | (static_cast<uint32_t>(x.bits & 0x8000u) << 16));
}

/// n (1 … kLanes) elements at p widened to the arithmetic type, the other lanes 0.
template <class X, class S>
[[gnu::always_inline]] static inline typename X::V load_widened(const S* p, int n) {
  if constexpr (sizeof(S) == sizeof(typename X::T)) {
    return n == X::kLanes ? X::load(p) : X::load(p, X::mask(n));
  } else {
    alignas(64) typename X::T lanes[X::kLanes] = {};
    if (n == X::kLanes) {
      for (int i = 0; i < X::kLanes; ++i) lanes[i] = widen(p[i]);
    } else {
      for (int i = 0; i < n; ++i) lanes[i] = widen(p[i]);
    }
    return X::load(lanes);
  }
}

/// r[k] = column k of kLanes rows that begin at p, `stride` apart: a transposed block of kLanes × kLanes.
template <class X>
[[gnu::always_inline]] static inline void load_transposed(const typename X::T* p, int64_t stride,
                                                          typename X::V (&r)[X::kLanes]) {
  constexpr int lane = 16 / sizeof(typename X::T);
  asm("" : "+r"(stride));  // keeps the compiler from holding a pointer to every row in memory
#pragma GCC unroll 4
  for (int q = 0; q < X::kLanes; q += lane) {
#pragma GCC unroll 4
    for (int i = 0; i < lane; ++i) r[q + i] = X::strip(p + i * stride + q, stride);
    X::turn(r + q);
  }
}

/// The same for a block cut to `width` rows and `steps` columns, or of a type to be widened; the rest is 0.
template <class X, class S>
[[gnu::always_inline]] static inline void load_transposed_part(const S* p, int64_t stride, int width, int steps,
                                                               typename X::V (&r)[X::kLanes]) {
  constexpr int w = X::kLanes;
  alignas(64) typename X::T block[w * w];
  for (int i = 0; i < w; ++i) X::store(block + i * w, i < width ? load_widened<X>(p + i * stride, steps) : X::zero());
  load_transposed<X>(block, w, r);
}

}  // namespace
}  // namespace gradus::GRADUS_TARGET
