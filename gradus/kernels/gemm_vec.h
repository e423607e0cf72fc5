// Vectors of the product kernels: width, masked access and fused multiply-add for the target being compiled.
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

/// Transposes kLanes vectors in place: kLanes/2 perfect shuffles repeated log2(kLanes) times.
template <class X>
[[gnu::always_inline]] static inline void transpose(typename X::V (&r)[X::kLanes]) {
  constexpr int w = X::kLanes, h = w / 2;
  using T = typename X::T;
  typedef T V __attribute__((vector_size(w * sizeof(T))));
#pragma GCC unroll 4
  for (int stage = 1; stage < w; stage *= 2) {
    V next[w];
#pragma GCC unroll 8
    for (int i = 0; i < h; ++i) {
      const V x = (V)r[i], y = (V)r[i + h];
      if constexpr (w == 16) {
        next[2 * i] = __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        next[2 * i + 1] = __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      } else if constexpr (w == 8) {
        next[2 * i] = __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11);
        next[2 * i + 1] = __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15);
      } else if constexpr (w == 4) {
        next[2 * i] = __builtin_shufflevector(x, y, 0, 4, 1, 5);
        next[2 * i + 1] = __builtin_shufflevector(x, y, 2, 6, 3, 7);
      } else {
        next[2 * i] = __builtin_shufflevector(x, y, 0, 2);
        next[2 * i + 1] = __builtin_shufflevector(x, y, 1, 3);
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < w; ++i) r[i] = (typename X::V)next[i];
  }
}

}  // namespace
}  // namespace gradus::GRADUS_TARGET
