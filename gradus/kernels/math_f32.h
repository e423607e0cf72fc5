// Elementary functions of float: the frequent ones in float arithmetic, the others in double, almost correctly rounded.
#pragma once

#include "gradus/kernels/math_base.h"

// Polynomials are minimax fits made with the Remez exchange in 200-bit arithmetic, then rounded to double (exp, exp2:
// coefficient by coefficient to float, refitting the rest); the stated error is that of the rounded polynomial.
namespace gradus::math {

namespace detail {

/// s = 2^n and q = e^r - 1 with x = n ln2 + r, |r| <= ln2 / 2: e^x = s + s q, e^x - 1 = s q + (s - 1). |x| <= 700.
/// (e^r - 1) / r: degree 6, relative error 2^-31.8.
[[gnu::always_inline]] static inline double expm1_short(double x, double& s) {
  double t = fma(x, 0x1.71547652b82fep+0, kMagic), n = t - kMagic;
  double r = fma(n, -0x1.62e42fefa39efp-1, x);
  double p = poly(r, 0x1.a2a39c9475b8fp-13, 0x1.6d839744d31eap-10, 0x1.11101d4ba9361p-7, 0x1.55549eab95d0fp-5,
                  0x1.555555a68f174p-3, 0x1.0000002daff3fp-1, 1.0);
  s = exp2_of_magic(t);
  return r * p;
}
[[gnu::always_inline]] static inline double exp_short(double x) {
  double s, q = expm1_short(x, s);
  return fma(s, q, s);
}

/// 1 / d for d in float's range, relative error 2^-46: a float division and one Newton step.
[[gnu::always_inline]] static inline double reciprocal_short(double d) {
  double r = double(1.0f / float(d));
  return fma(r, fma(-d, r, 1.0), r);
}

/// log(1 + f) for f in [sqrt(1/2) - 1, sqrt(2) - 1): f times a polynomial of degree 11, relative error 2^-32.6.
[[gnu::always_inline]] static inline double log1p_short(double f) {
  return f * poly(f, -0x1.1350d8f2c956ap-4, 0x1.cfd00e2ec012bp-4, -0x1.bc6532fb0c040p-4, 0x1.bea4540eda0e2p-4,
                  -0x1.fbdb738093d5dp-4, 0x1.24bb4092d83f7p-3, -0x1.556f09222f1b0p-3, 0x1.99990573ec82cp-3,
                  -0x1.ffff802fe0e2ap-3, 0x1.555555951d88cp-2, -0x1.0000002c4f598p-1, 1.0);
}

/// What every logarithm answers at 0, below 0, at inf and NaN, at_zero being the argument whose logarithm is -inf.
[[gnu::always_inline]] static inline float log_limits(float x, float at_zero, float r) {
  r = x < kInfF ? r : x;
  r = x < at_zero ? kNanF : r;
  return x == at_zero ? -kInfF : r;
}

/// 2^n = low * high for n = t - kMagicF in [-252, 252]; two factors, so that denormal results are rounded once.
struct Scale {
  float low, high;
};
[[gnu::always_inline]] static inline Scale scale_of_magic(float t) {
  float half = fma(t - kMagicF, 0.5f, kMagicF);
  uint32_t low = bits(half) << 23, high = (bits(t) - bits(half)) << 23;
  return {from_bits(low + 0x3f800000u), from_bits(high + 0x3f800000u)};
}

/// (e^r - 1 - r) / r^2 for |r| <= ln2 / 2: degree 4; e^r has a relative error of 2^-28.2.
[[gnu::always_inline]] static inline float exp_tail(float r) {
  return poly(r, 0.0013838813174515963f, 0.008369192481040955f, 0.04166810214519501f, 0.16666516661643982f,
              0.4999999403953552f);
}

/// e^r - 1 with x = n ln2 + r, n = t - kMagicF; ln2 is cut into two floats.
[[gnu::always_inline]] static inline float reduced_expm1(float x, float& t) {
  t = fma(x, 0x1.715476p+0f, kMagicF);
  float n = t - kMagicF, r = fma(n, -0x1.7f7d1cp-20f, fma(n, -0x1.62e400p-1f, x));
  return fma(r * r, exp_tail(r), r);
}

}  // namespace detail

/// e^x. Float arithmetic. Where the result is 0, as for masked scores of attention, nothing is multiplied down to it:
/// processors take a hundred cycles to underflow.
[[gnu::always_inline]] static inline float exp(float x) {
  using namespace detail;
  const bool vanishes = x <= bounds.exp_low;
  float t, q = reduced_expm1(vanishes ? 0.0f : at_most(x, bounds.exp_high), t);
  Scale s = scale_of_magic(t);
  const float r = (1.0f + q) * s.low * s.high;
  return vanishes ? 0.0f : r;
}

/// 2^x. Float arithmetic; exact for integers.
[[gnu::always_inline]] static inline float exp2(float x) {
  using namespace detail;
  x = at_least(at_most(x, bounds.exp2_high), bounds.exp2_low);
  float t = x + kMagicF, f = x - (t - kMagicF);
  float r = f * 0x1.62e430p-1f;
  float low = fma(f, 0x1.62e430p-1f, -r);
  low = fma(f, -0x1.05c610p-29f, low);
  float p = 1.0f + (r + fma(r * r, exp_tail(r), low));
  Scale s = scale_of_magic(t);
  return p * s.low * s.high;
}

/// e^x - 1.
[[gnu::always_inline]] static inline float expm1(float x) {
  using namespace detail;
  double s, q = expm1_short(at_least(at_most(x, 89.0f), -104.0f), s);
  return copysign(float(fma(s, q, s - 1.0)), x);
}

/// log(x). Float arithmetic: with x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)), k ln2 + f in two parts plus f^2 P(f);
/// P of degree 8, relative error of the whole 2^-27.4; ln2 is cut into two floats.
[[gnu::always_inline]] static inline float log(float x) {
  using namespace detail;
  constexpr uint32_t half_sqrt = 0x3f3504f3u;  // sqrt(1/2)
  bool small = x < 0x1p-126f;
  uint32_t u = bits(small ? x * 0x1p24f : x) + (0x3f800000u - half_sqrt);
  float k = float(int32_t(u >> 23) - (small ? 127 + 24 : 127));
  float f = from_bits((u & 0x007fffffu) + half_sqrt) - 1.0f;
  float p = poly(f, -0x1.42130ap-4f, 0x1.09adbcp-3f, -0x1.0dd5c4p-3f, 0x1.222700p-3f, -0x1.544c42p-3f, 0x1.99a8aep-3f,
                 -0x1.000358p-2f, 0x1.555546p-2f, -0x1.fffffcp-2f);
  float whole = k * 0x1.62e400p-1f, high = whole + f, low = (whole - high) + f;
  return log_limits(x, 0.0f, high + (fma(f * f, p, k * 0x1.7f7d1cp-20f) + low));
}

/// log2(x); exact for powers of two.
[[gnu::always_inline]] static inline float log2(float x) {
  using namespace detail;
  double m, k = split_log(double(x), m);
  return log_limits(x, 0.0f, float(fma(log1p_short(m - 1.0), 0x1.71547652b82fep+0, k)));
}

/// log10(x); exact for powers of ten.
[[gnu::always_inline]] static inline float log10(float x) {
  using namespace detail;
  double m, k = split_log(double(x), m);
  double r = fma(k, 0x1.34413509f79ffp-2, log1p_short(m - 1.0) * 0x1.bcb7b1526e50ep-2);
  return log_limits(x, 0.0f, float(r));
}

namespace detail {

/// log(1 + d) for d > -1, d exact or accurate to float's needs.
[[gnu::always_inline]] static inline double log1p_in_double(double d) {
  double m, k = split_log(1.0 + d, m);
  double f = k == 0.0 ? d : m - 1.0;  // 1 + d is not exact for tiny d
  return fma(k, 0x1.62e42fefa39efp-1, log1p_short(f));
}

}  // namespace detail

/// log(1 + x).
[[gnu::always_inline]] static inline float log1p(float x) {
  using namespace detail;
  return copysign(log_limits(x, -1.0f, float(log1p_in_double(double(x)))), x);
}

/// log(1 + e^x): softplus with beta 1 and no threshold.
[[gnu::always_inline]] static inline float log1p_exp(float x) {
  using namespace detail;
  double r = log1p_in_double(exp_short(-double(at_most(abs(x), 110.0f))));
  float y = float((x > 0.0f ? double(x) : 0.0) + r);
  return x < kInfF ? y : x;
}

/// 1 / (1 + e^-x). Float arithmetic: with z = e^-|x|, 1 / (1 + z) or z / (1 + z).
[[gnu::always_inline]] static inline float sigmoid(float x) {
  using namespace detail;
  float t, q = reduced_expm1(-at_most(abs(x), bounds.sigmoid), t);
  Scale s = scale_of_magic(t);
  float p = (1.0f + q) * s.low, y = 1.0f / fma(p, s.high, 1.0f);
  return or_nan(x, x < 0.0f ? p * y * s.high : y);
}

/// tanh(x). Float arithmetic: e / (e + 2) with e = e^(2 |x|) - 1.
[[gnu::always_inline]] static inline float tanh(float x) {
  using namespace detail;
  float a = at_most(abs(x), bounds.tanh), t, q = reduced_expm1(a + a, t);
  float s = from_bits((bits(t) << 23) + 0x3f800000u), e = fma(q, s, s - 1.0f);
  return copysign(e / (e + 2.0f), x);
}

/// erf(x). Float arithmetic: x + x P(x^2) for |x| < 1 (degree 6, relative error 2^-29.4), beyond that 1 - 2^-L(|x| - 1)
/// with L of degree 6 (2^-27.5 of the result) and a polynomial of degree 5 for 2^f (2^-22.9 of at most 0.16).
[[gnu::always_inline]] static inline float erf(float x) {
  using namespace detail;
  float a = at_most(abs(x), bounds.erf), z = x * x, u = a - 1.0f;
  float p = poly(z, 0x1.4771fcp-14f, -0x1.a3515ep-11f, 0x1.53f224p-8f, -0x1.b7f71ap-6f, 0x1.ce2ce6p-4f, -0x1.81273ep-2f,
                 0x1.06eba8p-3f);
  float l = poly(u, 0x1.19f2bep-12f, -0x1.59ee10p-9f, 0x1.d3cccep-7f, -0x1.ea82eep-5f, -0x1.37637ap+0f, -0x1.e75322p+1f,
                 -0x1.558eaep+1f);
  float t = l + kMagicF, f = l - (t - kMagicF);
  float e = poly(f, 0x1.657c08p-10f, 0x1.3d5aa4p-7f, 0x1.c6a2c2p-5f, 0x1.ebf80ap-3f, 0x1.62e438p-1f, 0x1.000002p+0f);
  float s = from_bits((bits(t) << 23) + 0x3f800000u);
  float big = copysign(fma(-e, s, 1.0f), x);
  return a < 1.0f ? fma(x, p, x) : big;
}

/// erfc(x) = e^(-x^2) P((|x| - 3) / (|x| + 3)), reflected below 0; P: degree 10, relative error 2^-29.4 up to 10.3.
[[gnu::always_inline]] static inline float erfc(float x) {
  using namespace detail;
  double a = double(at_most(abs(x), 10.2f));
  double t = (a - 3.0) * reciprocal_short(a + 3.0);
  double p = poly(t, 0x1.d576d32c1f15cp-15, 0x1.e66f4bd74bd2bp-16, -0x1.37b2ea6148686p-11, 0x1.7738bd536dfcfp-11,
                  0x1.17c3307f4d616p-8, -0x1.8faccbcec68a5p-6, 0x1.258b1d0641e25p-4, -0x1.336fe73072115p-3,
                  0x1.f6ff1fa23d068p-3, -0x1.4e102bde090fap-2, 0x1.6e9827d52d4d7p-3);
  double r = exp_short(-(a * a)) * p;
  return or_nan(x, float(x < 0.0f ? 2.0 - r : r));
}

/// x^y with C's answers at the limits.
[[gnu::always_inline]] static inline float pow(float x, float y) {
  using namespace detail;
  double m, k = split_log(double(abs(x)), m);
  double f = m - 1.0, s = f / (2.0 + f), z = s * s;
  // log(m) = 2 atanh(s): degree 4 in s^2, relative error 2^-44.9.
  double p = poly(z, 0x1.9114ddacaa418p-3, 0x1.c62b1ff73dbebp-3, 0x1.249411cec14a8p-2, 0x1.999996a98dce2p-2,
                  0x1.555555561e2d4p-1);
  double l = double(y) * fma(k, 0x1.62e42fefa39efp-1, fma(s * z, p, 2.0 * s));
  return pow_limits(x, y, float(exp_short(at_least(at_most(l, 200.0), -200.0))));
}

}  // namespace gradus::math
