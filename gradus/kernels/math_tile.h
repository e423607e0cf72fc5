// sin, cos and tan of whole tiles: the short argument reduction when every element allows it.
#pragma once

#include "gradus/kernels/math_trig_f32.h"
#include "gradus/kernels/math_trig_f64.h"

namespace gradus::math {

namespace detail {

/// Twice the argument of tan must stay below the bound, hence the half.
[[gnu::always_inline]] static constexpr float near_bound(float) { return 0.5f * kNearF; }
[[gnu::always_inline]] static constexpr double near_bound(double) { return kNear; }

template <class T>
[[gnu::always_inline]] static inline bool all_near(const T* in, int64_t n) {
  uint32_t far = 0;
  for (int64_t i = 0; i < n; ++i) far |= uint32_t(!(abs(in[i]) < near_bound(T())));
  return far == 0;
}

template <class T, class Near, class Full>
[[gnu::always_inline]] static inline void near_or_full(T* out, const T* in, int64_t n, Near near, Full full) {
  if (all_near(in, n)) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) out[i] = near(in[i]);
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) out[i] = full(in[i]);
  }
}

}  // namespace detail

/// out[i] = sin(in[i]), i < n, with the bits of sin; out may be in. Double vectorises only if all |in[i]| < 2^30, float
/// always but at half the speed if some |in[i]| >= 2^46.
template <class T>
[[gnu::always_inline]] static inline void sin_n(T* out, const T* in, int64_t n) {
  detail::near_or_full(
      out, in, n, [](T x) __attribute__((always_inline)) { return sin_near(x); },
      [](T x) __attribute__((always_inline)) { return sin(x); });
}
/// The same for cos.
template <class T>
[[gnu::always_inline]] static inline void cos_n(T* out, const T* in, int64_t n) {
  detail::near_or_full(
      out, in, n, [](T x) __attribute__((always_inline)) { return cos_near(x); },
      [](T x) __attribute__((always_inline)) { return cos(x); });
}
/// The same for tan.
template <class T>
[[gnu::always_inline]] static inline void tan_n(T* out, const T* in, int64_t n) {
  detail::near_or_full(
      out, in, n, [](T x) __attribute__((always_inline)) { return tan_near(x); },
      [](T x) __attribute__((always_inline)) { return tan(x); });
}

}  // namespace gradus::math
