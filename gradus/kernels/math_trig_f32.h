// Circular and hyperbolic functions of float and their inverses, computed in double.
#pragma once

#include "gradus/kernels/math_base.h"
#include "gradus/kernels/math_f32.h"

namespace gradus::math {

namespace detail {

/// sin(r) for |r| <= pi/2: r times a polynomial of degree 5 in r^2, relative error 2^-35.3.
[[gnu::always_inline]] static inline double sin_short(double r) {
  return r * poly(r * r, -0x1.9a6885b0b6d51p-26, 0x1.7170800e06767p-19, -0x1.a017d99f9e3cfp-13, 0x1.11110c49ff22dp-7,
                  -0x1.5555554769603p-3, 1.0);
}

/// Below this an argument of sin or cos is reduced with pi alone.
constexpr float kNearF = 0x1p47f;

/// x - n pi for |x| < 2^47, n an integer (shift 0) or an integer and a half (shift 1/2) near x / pi; the sign of
/// sin(x) or -cos(x) relative to sin(x - n pi) goes to bit 63 of flip. pi is cut into two doubles.
[[gnu::always_inline]] static inline double reduce_near(double x, double shift, uint64_t& flip) {
  double t = fma(x, 0x1.45f306dc9c883p-2, -shift) + kMagic, n = (t - kMagic) + shift;
  flip = bits(t) << 63;
  return fma(n, -0x1.1a62633145c07p-53, fma(n, -0x1.921fb54442d18p+1, x));
}

/// The same for 2^47 <= |x| < 2^128: x / pi modulo 2, from 106 bits of 1 / pi that begin where the multiples of 2 end.
[[gnu::always_inline]] static inline double reduce_far(double x, double shift, uint64_t& flip) {
  double a = abs(x);
  bool c1 = a >= 0x1p71, c2 = a >= 0x1p95, c3 = a >= 0x1p119;
  double high = c1 ? 0x1.529fc2757d1f5p-53 : 0x1.b727220a94fe1p-24;
  double low = c1 ? 0x1.a6ee06db14acdp-108 : 0x1.d5f47d4d37703p-79;
  high = c2 ? 0x1.3abe8fa9a6ee0p-76 : high;
  low = c2 ? 0x1.b6c52b3278872p-130 : low;
  high = c3 ? 0x1.f534ddc0db629p-97 : high;
  low = c3 ? 0x1.664f10e4107f9p-151 : low;
  double h = x * high, l = fma(x, low, fma(x, high, -h));
  double t = (h - shift) + kMagic, n = (t - kMagic) + shift;
  flip = bits(t) << 63;
  return ((h - n) + l) * 0x1.921fb54442d18p+1;
}

[[gnu::always_inline]] static inline float sin_of(float x, double shift, uint64_t sign) {
  uint64_t flip, far_flip;
  double d = double(x), r = reduce_near(d, shift, flip), far_r = reduce_far(d, shift, far_flip);
  bool near = abs(d) < double(kNearF);
  r = near ? r : far_r;
  flip = near ? flip : far_flip;
  return float(sin_short(from_bits(bits(r) ^ flip ^ sign)));
}

}  // namespace detail

/// sin(x) and cos(x) for |x| < 2^47, with the bits of sin and cos; anything else gives no meaningful value.
[[gnu::always_inline]] static inline float sin_near(float x) {
  uint64_t flip;
  double r = detail::reduce_near(double(x), 0.0, flip);
  return float(detail::sin_short(from_bits(bits(r) ^ flip)));
}
[[gnu::always_inline]] static inline float cos_near(float x) {
  uint64_t flip;
  double r = detail::reduce_near(double(x), 0.5, flip);
  return float(detail::sin_short(from_bits(bits(r) ^ flip ^ (uint64_t(1) << 63))));
}

/// sin(x), right for every finite argument; NaN at infinity.
[[gnu::always_inline]] static inline float sin(float x) { return detail::sin_of(x, 0.0, 0); }
/// cos(x), right for every finite argument; NaN at infinity.
[[gnu::always_inline]] static inline float cos(float x) { return detail::sin_of(x, 0.5, uint64_t(1) << 63); }

namespace detail {

/// tan(x) from 2 x - n pi: tan(r) for |r| <= pi/4 is r times a polynomial of degree 8 in r^2, relative error 2^-33.4;
/// -1 / tan(r) for odd n.
[[gnu::always_inline]] static inline double tan_short(double twice_r, uint64_t flip) {
  double r = 0.5 * twice_r;
  double y = r * poly(r * r, 0x1.0b5e732e9f864p-9, -0x1.36e11b2a53a5cp-11, 0x1.4709244b7a80cp-8, 0x1.110a803fdfb9dp-7,
                      0x1.683136108d95cp-6, 0x1.b9ff230daf180p-5, 0x1.11117876080fdp-3, 0x1.5555545685c4dp-2, 1.0);
  bool odd = flip != 0;
  return (odd ? -1.0 : y) * reciprocal_short(odd ? y : 1.0);
}

/// asin(x) for |x| <= 1/2: x times a polynomial of degree 7 in x^2, relative error 2^-35.8.
[[gnu::always_inline]] static inline double asin_short(double x, double z) {
  return x * poly(z, 0x1.1bd28a0c4ac06p-5, 0x1.ec24974e349c5p-8, 0x1.931f98e0ef6acp-6, 0x1.ed5d17d533c49p-6,
                  0x1.6ddabfe7e0550p-5, 0x1.3332aa06466d0p-4, 0x1.55555605ccdd0p-3, 1.0);
}

/// atan(x) for |x| <= 1: x times a polynomial of degree 11 in x^2, relative error 2^-33.9.
[[gnu::always_inline]] static inline double atan_short(double x) {
  return x * poly(x * x, -0x1.6ded7ea2cdc25p-11, 0x1.42da078df19e7p-8, -0x1.0b0c88550d195p-6, 0x1.1a6cee5aed642p-5,
                  -0x1.be9814a3d6b48p-5, 0x1.2958accfd422dp-4, -0x1.700b2404e0c7fp-4, 0x1.c66e4ca49d616p-4,
                  -0x1.248a2cad26fc7p-3, 0x1.999937f245b6fp-3, -0x1.555554873fecfp-2, 1.0);
}

constexpr double kPi = 0x1.921fb54442d18p+1;

}  // namespace detail

/// tan(x) for |x| < 2^46, with the bits of tan; anything else gives no meaningful value.
[[gnu::always_inline]] static inline float tan_near(float x) {
  uint64_t flip;
  double r = detail::reduce_near(2.0 * double(x), 0.0, flip);
  return float(detail::tan_short(r, flip));
}

/// tan(x), right for every finite argument; NaN at infinity.
[[gnu::always_inline]] static inline float tan(float x) {
  using namespace detail;
  uint64_t flip, far_flip;
  double d = 2.0 * double(x), r = reduce_near(d, 0.0, flip), far_r = reduce_far(d, 0.0, far_flip);
  bool near = abs(d) < double(kNearF);
  return float(tan_short(near ? r : far_r, near ? flip : far_flip));
}

/// asin(x): beyond 1/2, pi/2 - 2 asin(sqrt((1 - |x|) / 2)).
[[gnu::always_inline]] static inline float asin(float x) {
  using namespace detail;
  double a = double(abs(x)), half = fma(a, -0.5, 0.5);
  bool big = a > 0.5;
  double z = big ? half : a * a, y = asin_short(big ? sqrt(half) : a, z);
  return copysign(float(big ? fma(-2.0, y, 0.5 * kPi) : y), x);
}

/// acos(x), by the same cases.
[[gnu::always_inline]] static inline float acos(float x) {
  using namespace detail;
  double d = double(x), a = abs(d), half = fma(a, -0.5, 0.5);
  bool big = a > 0.5;
  double z = big ? half : d * d, y = asin_short(big ? sqrt(half) : d, z);
  double edge = d < 0.0 ? fma(-2.0, y, kPi) : 2.0 * y;
  return float(big ? edge : 0.5 * kPi - y);
}

/// atan(x).
[[gnu::always_inline]] static inline float atan(float x) {
  using namespace detail;
  double a = double(at_most(abs(x), 0x1p100f));
  bool big = a > 1.0;
  double y = atan_short(big ? reciprocal_short(a) : a);
  return copysign(float(big ? 0.5 * kPi - y : y), x);
}

/// The angle of the point (x, y), with C's answers at zeros and infinities.
[[gnu::always_inline]] static inline float atan2(float y, float x) {
  using namespace detail;
  double a = double(abs(y)), b = double(abs(x));
  double low = a < b ? a : b, high = a < b ? b : a, q = low / high;
  q = high == 0.0 ? 0.0 : q;
  q = low == kInf ? 1.0 : q;
  double r = atan_short(q);
  r = a > b ? 0.5 * kPi - r : r;
  r = (bits(x) >> 31) != 0 ? kPi - r : r;
  return or_nan(x, or_nan(y, copysign(float(r), y)));
}

/// sinh(x) = ((e^|x| - 1) - (e^-|x| - 1)) / 2.
[[gnu::always_inline]] static inline float sinh(float x) {
  using namespace detail;
  double a = double(at_most(abs(x), 100.0f)), s, t, p = expm1_short(a, s), q = expm1_short(-a, t);
  return copysign(float(0.5 * (fma(s, p, s - 1.0) - fma(t, q, t - 1.0))), x);
}

/// cosh(x).
[[gnu::always_inline]] static inline float cosh(float x) {
  using namespace detail;
  double a = double(at_most(abs(x), 100.0f));
  return or_nan(x, float(0.5 * (exp_short(a) + exp_short(-a))));
}

/// asinh(x) = log1p(|x| + x^2 / (1 + sqrt(1 + x^2))).
[[gnu::always_inline]] static inline float asinh(float x) {
  using namespace detail;
  double a = double(abs(x)), z = a * a;
  float r = float(log1p_in_double(a + z / (1.0 + sqrt(1.0 + z))));
  return x - x != 0.0f ? x : copysign(r, x);
}

/// acosh(x) = log1p(t + sqrt(t (t + 2))) with t = x - 1.
[[gnu::always_inline]] static inline float acosh(float x) {
  using namespace detail;
  double t = double(x) - 1.0;
  float r = float(log1p_in_double(t + sqrt(t * (t + 2.0))));
  r = x < kInfF ? r : x;
  return x < 1.0f ? kNanF : r;
}

/// atanh(x) = log1p(2 |x| / (1 - |x|)) / 2.
[[gnu::always_inline]] static inline float atanh(float x) {
  using namespace detail;
  double a = double(abs(x));
  float r = float(0.5 * log1p_in_double(2.0 * a / (1.0 - a)));
  r = a < 1.0 ? r : x / 0.0f;
  return abs(x) > 1.0f ? kNanF : copysign(r, x);
}

}  // namespace gradus::math
