// Inverse circular functions, hyperbolic functions and their inverses, of double.
#pragma once

#include "gradus/kernels/math_base.h"
#include "gradus/kernels/math_f64.h"

namespace gradus::math {

namespace detail {

constexpr double kHalfPi = 0x1.921fb54442d18p+0, kHalfPiLow = 0x1.1a62633145c07p-54;

/// asin(x) - x over x for |x| <= 1/2, z = x^2: z times a polynomial of degree 12, relative error of asin 2^-59.2.
[[gnu::always_inline]] static inline double asin_tail(double z) {
  return z * poly(z, 0x1.0b4b3d8a08dcbp-5, -0x1.580ca7a04baebp-6, 0x1.63a7cb6fa3885p-6, 0x1.e5cdd26eb646ap-9,
                  0x1.613f5d07e670fp-7, 0x1.7584fedfe0468p-7, 0x1.ca1f9fef4df5cp-7, 0x1.1c49ef82a0c97p-6,
                  0x1.6e8bdeede9dc8p-6, 0x1.f1c71a9463dbdp-6, 0x1.6db6db72142fap-5, 0x1.333333332e101p-4,
                  0x1.5555555555577p-3);
}

/// asin(sqrt(z)) as s and the rest, for z = s^2 + a little.
[[gnu::always_inline]] static inline double asin_of_root(double z, double& rest) {
  double s = sqrt(z), s_low = fma(-s, s, z) * 0.5 / s;
  rest = fma(s, asin_tail(z), z == 0.0 ? 0.0 : s_low);
  return s;
}

/// atan(a) for 0 <= a < 2^1000: with q = a, (a - 1) / (a + 1) from tan(pi/8) on or -1 / a from tan(3 pi/8) on, 0, pi/4
/// or pi/2 plus q + q^3 P(q^2), P of degree 10, relative error 2^-57.5.
[[gnu::always_inline]] static inline double atan_positive(double a) {
  bool mid = a > 0x1.a827999fcef32p-2, big = a > 0x1.3504f333f9de6p+1;
  double minus = a - 1.0, minus_low = a - (minus + 1.0), plus = a + 1.0, plus_low = a - (plus - 1.0);
  double n = mid ? minus : a, n_low = mid ? minus_low : 0.0, d = mid ? plus : 1.0, d_low = mid ? plus_low : 0.0;
  double base = mid ? 0.5 * kHalfPi : 0.0, base_low = mid ? 0.5 * kHalfPiLow : 0.0;
  n = big ? -1.0 : n;
  n_low = big ? 0.0 : n_low;
  d = big ? a : d;
  d_low = big ? 0.0 : d_low;
  base = big ? kHalfPi : base;
  base_low = big ? kHalfPiLow : base_low;
  double q = divide_pairs(n, n_low, d, d_low), z = q * q;
  double p = poly(z, -0x1.255b2681fbab7p-6, 0x1.37ce149e01061p-5, -0x1.9ccf7a6ebf68ep-5, 0x1.df0e7f2bd2928p-5,
                  -0x1.10eba8b744480p-4, 0x1.3b111793b6effp-4, -0x1.745cf8c36183dp-4, 0x1.c71c70e50dbb1p-4,
                  -0x1.24924922aa4d2p-3, 0x1.99999999957cdp-3, -0x1.555555555553dp-2);
  return base + (q + fma(q * z, p, base_low));
}

}  // namespace detail

/// asin(x): beyond 1/2, pi/2 - 2 asin(sqrt((1 - |x|) / 2)).
[[gnu::always_inline]] static inline double asin(double x) {
  using namespace detail;
  double a = abs(x), rest, s = asin_of_root(fma(a, -0.5, 0.5), rest), small = fma(a, asin_tail(a * a), a);
  double t = kHalfPi - 2.0 * s;
  double big = t + (((kHalfPi - t) - 2.0 * s) + fma(-2.0, rest, kHalfPiLow));
  return copysign(a > 0.5 ? big : small, x);
}

/// acos(x), by the same cases.
[[gnu::always_inline]] static inline double acos(double x) {
  using namespace detail;
  double a = abs(x), rest, s = asin_of_root(fma(a, -0.5, 0.5), rest);
  double t = kHalfPi - x, small = t + (((kHalfPi - t) - x) + fma(-x, asin_tail(x * x), kHalfPiLow));
  double u = 2.0 * (kHalfPi - s), left = u + 2.0 * (((kHalfPi - 0.5 * u) - s) + (kHalfPiLow - rest));
  double big = x < 0.0 ? left : 2.0 * (s + rest);
  return or_nan(x, a > 0.5 ? big : small);
}

/// atan(x).
[[gnu::always_inline]] static inline double atan(double x) {
  using namespace detail;
  double a = abs(x), r = copysign(atan_positive(at_most(a, 0x1p100)), x);
  return a < 0x1p-27 ? x : r;
}

/// The angle of the point (x, y), with C's answers at zeros and infinities.
[[gnu::always_inline]] static inline double atan2(double y, double x) {
  using namespace detail;
  double a = abs(y), b = abs(x), low = a < b ? a : b, high = a < b ? b : a, q = low / high;
  q = high == 0.0 ? 0.0 : q;
  q = low == kInf ? 1.0 : q;
  double t = atan_positive(q), r = q < 0x1p-27 ? q : t;
  bool steep = a > b, left = (bits(x) >> 63) != 0;
  double base = left ? 2.0 * kHalfPi : 0.0, base_low = left ? 2.0 * kHalfPiLow : 0.0;
  base = steep ? kHalfPi : base;
  base_low = steep ? kHalfPiLow : base_low;
  double signed_r = steep != left ? -r : r, sum = base + signed_r;
  r = base == 0.0 ? r : sum + (((base - sum) + signed_r) + base_low);
  return or_nan(x, or_nan(y, copysign(r, y)));
}

namespace detail {

/// e^a / 2 + sign e^-a / 2 for a >= 0, overflow included.
[[gnu::always_inline]] static inline double half_exp_sum(double a, double sign) {
  double t, r_low, low, r = reduce_exp(at_most(a, 712.0), 0.0, t, r_low), high = exp_pair(r, r_low, low);
  double limited = at_most(t, kMagic + 60.0);  // beyond 2^60, e^-a does not matter
  double inverse = sign / high * exp2_of_magic(kMagic - 2.0 * (limited - kMagic));
  double sum = high + inverse;
  sum += ((high - sum) + inverse) + low;
  return or_nan(a, scale_by_magic(0.5 * sum, t));
}

}  // namespace detail

/// sinh(x): x + x^3 P(x^2) for |x| < 1, P of degree 6, relative error 2^-56.6.
[[gnu::always_inline]] static inline double sinh(double x) {
  using namespace detail;
  double a = abs(x), s = at_most(a, 1.0), z = s * s;
  double p = poly(z, 0x1.b4c75aa291f92p-41, 0x1.611a561db825cp-33, 0x1.ae64671b188bcp-26, 0x1.71de3a465b1eap-19,
                  0x1.a01a01a02899dp-13, 0x1.11111111110a6p-7, 0x1.5555555555556p-3);
  double small = fma(s * z, p, s), big = half_exp_sum(a, -1.0);
  return copysign(a < 1.0 ? small : big, x);
}

/// cosh(x).
[[gnu::always_inline]] static inline double cosh(double x) { return detail::half_exp_sum(abs(x), 1.0); }

/// asinh(x) = log1p(|x| + x^2 / (1 + sqrt(1 + x^2))); log(2 |x|) from 2^30 on.
[[gnu::always_inline]] static inline double asinh(double x) {
  using namespace detail;
  double a = abs(x), s = at_most(a, 0x1p30), z = s * s;
  bool big = a > 0x1p30;
  double w = z / (1.0 + sqrt(1.0 + z)), u = a + w, u_low = (a - u) + w;
  double r = log1p_finite(big ? a - 1.0 : u, big ? 0.0 : u_low) + (big ? 0x1.62e42fefa39efp-1 : 0.0);
  r = a < 0x1p-28 ? a : r;
  return x - x != 0.0 ? x : copysign(r, x);
}

/// acosh(x) = log1p(t + sqrt(t (t + 2))) with t = x - 1; log(2 x) from 2^30 on.
[[gnu::always_inline]] static inline double acosh(double x) {
  using namespace detail;
  bool big = x > 0x1p30;
  double t = x - 1.0, s = at_most(t, 0x1p30);
  double w = sqrt(fma(s, s, 2.0 * s)), u = w + t, u_low = (w - u) + t;
  double r = log1p_finite(big ? t : u, big ? 0.0 : u_low) + (big ? 0x1.62e42fefa39efp-1 : 0.0);
  r = x < kInf ? r : x;
  return x < 1.0 ? kNan : r;
}

/// atanh(x) = log1p(2 |x| / (1 - |x|)) / 2.
[[gnu::always_inline]] static inline double atanh(double x) {
  using namespace detail;
  double a = abs(x), r = 0.5 * log1p_finite(2.0 * a / (1.0 - a), 0.0);
  r = a < 0x1p-28 ? a : r;
  r = a < 1.0 ? r : x / 0.0;
  return a > 1.0 ? kNan : copysign(r, x);
}

}  // namespace gradus::math
