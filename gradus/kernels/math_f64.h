// Elementary functions of double: leading terms carried in two doubles where one would cost accuracy.
#pragma once

#include "gradus/kernels/math_base.h"

// Polynomials are minimax fits made with the Remez exchange in 200-bit arithmetic, then rounded to double; the stated
// error is that of the rounded polynomial. A pair (x, x_low) stands for the unevaluated sum x + x_low.
namespace gradus::math {

namespace detail {

/// n = t - kMagic and r + r_low = x + x_low - n ln2, |r| <= ln2 / 2; ln2 is cut into two doubles.
[[gnu::always_inline]] static inline double reduce_exp(double x, double x_low, double& t, double& r_low) {
  t = fma(x, 0x1.71547652b82fep+0, kMagic);
  double n = t - kMagic, high = fma(n, -0x1.62e42fefa39efp-1, x);
  double low = fma(n, -0x1.abc9e3b39803fp-56, x_low), r = high + low;
  r_low = (high - r) + low;
  return r;
}

/// e^r - 1 - r, given r + r_low: r^2 times a polynomial of degree 10, relative error of e^r - 1 2^-56.2.
[[gnu::always_inline]] static inline double expm1_tail(double r, double r_low) {
  double p = poly(r, 0x1.e6327298aab75p-30, 0x1.af4dff9f12e01p-26, 0x1.28022a1ee7638p-22, 0x1.71de02287eff7p-19,
                  0x1.a019f391beef4p-16, 0x1.a01a01abea3b8p-13, 0x1.6c16c16f0bd9fp-10, 0x1.11111111100d9p-7,
                  0x1.5555555554d37p-5, 0x1.5555555555557p-3, 0x1.0000000000001p-1);
  return fma(r * r, p, fma(r, r_low, r_low));
}

/// e^(r + r_low) as a pair.
[[gnu::always_inline]] static inline double exp_pair(double r, double r_low, double& low) {
  double high = 1.0 + r, tail = ((1.0 - high) + r) + expm1_tail(r, r_low), sum = high + tail;
  low = (high - sum) + tail;
  return sum;
}

/// 2^n * p for n = t - kMagic in [-2044, 2044], in two steps so that denormal results are rounded once.
[[gnu::always_inline]] static inline double scale_by_magic(double p, double t) {
  double half = fma(t - kMagic, 0.5, kMagic);
  uint64_t low = bits(half) << 52, high = (bits(t) - bits(half)) << 52;
  return p * from_bits(low + 0x3ff0000000000000u) * from_bits(high + 0x3ff0000000000000u);
}

/// e^(x + x_low) for x in [-746, 710].
[[gnu::always_inline]] static inline double exp_of_pair(double x, double x_low) {
  double t, r_low, r = reduce_exp(x, x_low, t, r_low), low;
  return scale_by_magic(exp_pair(r, r_low, low), t);
}

/// (a + a_low) / (d + d_low) with about one rounding, by one division and one correction; d and a of moderate size.
[[gnu::always_inline]] static inline double divide_pairs(double a, double a_low, double d, double d_low) {
  double y = 1.0 / d, q = a * y;
  return fma(fma(-q, d_low, fma(-q, d, a) + a_low), y, q);
}

/// e^x - 1 as a pair for x in [-700, 0].
[[gnu::always_inline]] static inline double expm1_pair(double x, double& low) {
  double t, r_low, r = reduce_exp(x, 0.0, t, r_low), s = exp2_of_magic(t), c = s - 1.0;
  double head = fma(s, r, c);  // s r is exact; of the two summands c is the larger unless it is 0
  double tail = fma(s, expm1_tail(r, r_low), ((c - head) + s * r) + (s - (c + 1.0))), sum = head + tail;
  low = (head - sum) + tail;
  return sum;
}

/// Arguments of the logarithms below the normal range are scaled by 2^54; shift is what their exponents owe.
[[gnu::always_inline]] static inline double lift_denormal(double x, double& shift) {
  bool small = x < 0x1p-1022;
  shift = small ? -54.0 : 0.0;
  return small ? x * 0x1p54 : x;
}

/// What every logarithm answers at 0, below 0, at inf and NaN, at_zero being the argument whose logarithm is -inf.
[[gnu::always_inline]] static inline double log_limits(double x, double at_zero, double r) {
  r = x < kInf ? r : x;
  r = x < at_zero ? kNan : r;
  return x == at_zero ? -kInf : r;
}

/// k ln2 + log(1 + f + f_low) with f in [sqrt(1/2) - 1, sqrt(2) - 1): with s = f / (2 + f), log(1 + f) = 2 atanh(s) =
/// f - f^2 / 2 + s (f^2 / 2 + R(s^2)), R of degree 7 without a constant term, relative error of the whole 2^-59.5.
[[gnu::always_inline]] static inline double log_sum(double k, double f, double f_low) {
  double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
  double p = z * poly(z, 0x1.2f03bac74b9bcp-3, 0x1.39a1e8bd6b7c8p-3, 0x1.74663cedbf271p-3, 0x1.c71c52144ffb1p-3,
                      0x1.24924941e1565p-2, 0x1.999999997ff19p-2, 0x1.5555555555592p-1);
  double low = fma(k, 0x1.ef35793c76730p-45, f_low);
  return fma(k, 0x1.62e42fefa3800p-1, f - (half - fma(s, half + p, low)));  // k times the 42-bit head of ln2 is exact
}

/// log(m) as a pair for m in [sqrt(1/2), sqrt(2)), relative error below 2^-68: 2 atanh(s) with s = (m - 1) / (m + 1)
/// and the three leading terms in pairs; the rest is a polynomial of degree 6 in s^2 (relative error of the whole
/// 2^-72.3).
[[gnu::always_inline]] static inline double log_pair(double m, double& low) {
  double f = m - 1.0, d = 1.0 + m, d_low = (1.0 - d) + m, y = 1.0 / d;
  double s = f * y, s_low = fma(-s, d_low, fma(-s, d, f)) * y;
  double z = s * s, z_low = fma(2.0 * s, s_low, fma(s, s, -z));
  double w = z * poly(z, 0x1.e7dcf8cfe5be3p-4, 0x1.de9ed73d0f08cp-4, 0x1.111dcc8cc8a83p-3, 0x1.3b13783f4565bp-3,
                      0x1.745d17d73fa27p-3, 0x1.c71c71c65a445p-3, 0x1.24924924927ccp-2);
  double a = 0x1.999999999999ap-2 + w, a_low = ((0x1.999999999999ap-2 - a) + w) - 0x1.999999999999ap-56;  // 2/5 + ...
  double b = z * a, b_low = fma(z, a, -b) + fma(z, a_low, z_low * a);
  double c = 0x1.5555555555555p-1 + b;  // 2/3 + ...
  double c_low = ((0x1.5555555555555p-1 - c) + b) + (b_low + 0x1.5555555555555p-55);
  double u = z * c, u_low = fma(z, c, -u) + fma(z, c_low, z_low * c);
  double v = s * u, v_low = fma(s, u, -v) + fma(s, u_low, s_low * u);
  double high = 2.0 * s + v;
  low = ((2.0 * s - high) + v) + fma(2.0, s_low, v_low);
  return high;
}

}  // namespace detail

/// e^x.
[[gnu::always_inline]] static inline double exp(double x) {
  using namespace detail;
  return exp_of_pair(at_least(at_most(x, 710.0), -746.0), 0.0);
}

/// 2^x; exact for integers.
[[gnu::always_inline]] static inline double exp2(double x) {
  using namespace detail;
  x = at_least(at_most(x, 1025.0), -1076.0);
  double t = x + kMagic, f = x - (t - kMagic), r = f * 0x1.62e42fefa39efp-1;
  double low, r_low = fma(f, 0x1.abc9e3b39803fp-56, fma(f, 0x1.62e42fefa39efp-1, -r));
  return scale_by_magic(exp_pair(r, r_low, low), t);
}

/// e^x - 1.
[[gnu::always_inline]] static inline double expm1(double x) {
  using namespace detail;
  double t, r_low, r = reduce_exp(at_least(at_most(x, 710.0), -60.0), 0.0, t, r_low);
  double s = from_bits((bits(t) << 52) + 0x3fe0000000000000u);  // 2^(n - 1): n may be 1024
  double c = s - 0.5, head = fma(s, r, c);
  double lost = (s - (c - (c - s))) + (-0.5 - (c - s));  // what the rounding of s - 1/2 dropped
  double low = fma(s, expm1_tail(r, r_low), ((c - head) + s * r) + lost);
  double result = 2.0 * (head + low);
  return abs(x) < 0x1p-54 ? x : result;
}

/// log(x).
[[gnu::always_inline]] static inline double log(double x) {
  using namespace detail;
  double shift, m, k = split_log(lift_denormal(x, shift), m) + shift;
  return log_limits(x, 0.0, log_sum(k, m - 1.0, 0.0));
}

/// log2(x); exact for powers of two.
[[gnu::always_inline]] static inline double log2(double x) {
  using namespace detail;
  double shift, m, k = split_log(lift_denormal(x, shift), m) + shift;
  double low, high = log_pair(m, low), p = high * 0x1.71547652b82fep+0;
  double p_low = fma(high, 0x1.71547652b82fep+0, -p) + fma(high, 0x1.777d0ffda0d24p-56, low * 0x1.71547652b82fep+0);
  double sum = k + p;
  return log_limits(x, 0.0, sum + (((k - sum) + p) + p_low));
}

/// log10(x); exact for powers of ten.
[[gnu::always_inline]] static inline double log10(double x) {
  using namespace detail;
  double shift, m, k = split_log(lift_denormal(x, shift), m) + shift;
  double low, high = log_pair(m, low), p = high * 0x1.bcb7b1526e50ep-2;
  double p_low = fma(high, 0x1.bcb7b1526e50ep-2, -p) + fma(high, 0x1.95355baaafad3p-57, low * 0x1.bcb7b1526e50ep-2);
  double head = k * 0x1.34413509f7000p-2, sum = head + p;  // exact: 42 bits of log10(2)
  return log_limits(x, 0.0, sum + (((head - sum) + p) + fma(k, 0x1.3fde623e2566bp-43, p_low)));
}

namespace detail {

/// log(1 + x + x_low) for x > -1.
[[gnu::always_inline]] static inline double log1p_finite(double x, double x_low) {
  double u = 1.0 + x, v = u - x;
  double lost = (1.0 - v) + (x - (u - v)) + x_low;  // what the rounding of 1 + x dropped
  double m, k = split_log(u, m);
  double scale = from_bits((uint64_t(1023) << 52) - (bits(k + kMagic) << 52));  // 2^-k
  double g = m - 1.0, low = lost * (k < 1000.0 ? scale : 0.0), f = g + low;
  return log_sum(k, f, (g - f) + low);
}

}  // namespace detail

/// log(1 + x).
[[gnu::always_inline]] static inline double log1p(double x) {
  using namespace detail;
  double r = log_limits(x, -1.0, log1p_finite(x, 0.0));
  return abs(x) < 0x1p-54 ? x : r;
}

/// log(1 + e^x): softplus with beta 1 and no threshold.
[[gnu::always_inline]] static inline double log1p_exp(double x) {
  using namespace detail;
  double e = exp(-abs(x)), r = log1p_finite(e, 0.0);
  r = e < 0x1p-54 ? e : r;
  double y = x > 0.0 ? x + r : r;
  return x < kInf ? y : x;
}

/// 1 / (1 + e^-x).
[[gnu::always_inline]] static inline double sigmoid(double x) {
  using namespace detail;
  double a = at_least(-abs(x), -746.0);
  double t, r_low, r = reduce_exp(a, 0.0, t, r_low), low, high = exp_pair(r, r_low, low);
  double s = exp2_of_magic(t);  // of no use below 2^-1022, where e^x / (1 + e^x) is e^x
  double e = high * s, e_low = low * s, d = 1.0 + e, d_low = ((1.0 - d) + e) + e_low;
  bool negative = x < 0.0;
  double q = divide_pairs(negative ? e : 1.0, negative ? e_low : 0.0, d, d_low);
  double tiny = negative ? scale_by_magic(high, t) : 1.0;
  return or_nan(x, a < -700.0 ? tiny : q);
}

/// tanh(x) = -e / (2 + e) with e = e^(-2 |x|) - 1.
[[gnu::always_inline]] static inline double tanh(double x) {
  using namespace detail;
  double low, e = expm1_pair(-2.0 * at_most(abs(x), 20.0), low);
  double d = 2.0 + e, d_low = ((2.0 - d) + e) + low;
  double r = copysign(divide_pairs(-e, -low, d, d_low), x);
  return abs(x) < 0x1p-30 ? x : r;
}

namespace detail {

/// erfc(a) for 0 <= a: e^(-a^2) P(t) / (1 + 2 a) with t = (a - 4) / (a + 4); P: degree 22, relative error 2^-53.7 up to
/// 27.3, where the result underflows.
[[gnu::always_inline]] static inline double erfc_positive(double a) {
  a = at_most(a, 27.3);
  double d = a + 4.0, w = fma(2.0, a, 1.0), w_low = fma(2.0, a, 1.0 - w), y = 1.0 / (d * w);
  double n = a - 4.0, yd = w * y, q = n * yd, t = fma(fma(-q, d, n), yd, q);
  double p = poly(t, -0x1.eed3fa68f8fc5p-30, -0x1.d502bc55dd95ap-27, -0x1.0d73492b42b90p-27, 0x1.ee9c0e541e93fp-24,
                  0x1.0e1a83932b9fap-24, -0x1.c0295ca3308b9p-21, 0x1.437d51cfd05f5p-22, 0x1.7fb1dfb48c169p-18,
                  -0x1.78a47b2cb50d9p-17, -0x1.9969e3673b9f2p-16, 0x1.3be0b9ebe240dp-13, -0x1.a1de8654dbbc6p-13,
                  -0x1.8d4a9e70bbc25p-11, 0x1.49c67199697fbp-8, -0x1.0962388232a36p-6, 0x1.3079edf9d1262p-5,
                  -0x1.0fb06dfe4f8e2p-4, 0x1.7fee004df8447p-4, -0x1.9ddb23c3e909bp-4, 0x1.16ecefcfa5f67p-4,
                  0x1.f7f5df66fd7f7p-7, -0x1.1df1ad154a29bp-3, 0x1.3ba5916e9fd7fp+0);
  double yw = d * y, g = p * yw, g_low = fma(-g, w_low, fma(-g, w, p)) * yw;
  double square = a * a, square_low = fma(a, a, -square);
  double e_low, k, r_low, r = reduce_exp(-square, -square_low, k, r_low), e = exp_pair(r, r_low, e_low);
  return scale_by_magic(fma(e, g, fma(e_low, g, e * g_low)), k);
}

}  // namespace detail

namespace detail {

/// erf(s) for 0 <= s <= 1: s + s P(s^2), P of degree 11, relative error 2^-55.0.
[[gnu::always_inline]] static inline double erf_small(double s) {
  double p = poly(s * s, -0x1.abae52e61f53dp-31, 0x1.d71b125771510p-27, -0x1.5c07276610949p-23, 0x1.b97fd3ec66bdcp-20,
                  -0x1.f4ca4d7119e2cp-17, 0x1.f9a2baa91cc66p-14, -0x1.c02db03dd84e6p-11, 0x1.565bccf92b36fp-8,
                  -0x1.b82ce311fa941p-6, 0x1.ce2f21a040d16p-4, -0x1.812746b0379bdp-2, 0x1.06eba8214db68p-3);
  return fma(s, p, s);
}

}  // namespace detail

/// erf(x): a polynomial for |x| < 1, beyond that 1 - e^-L(|x| - 1), L of degree 18 (2^-57.7 of the result).
[[gnu::always_inline]] static inline double erf(double x) {
  using namespace detail;
  double a = at_most(abs(x), 5.95), small = erf_small(at_most(a, 1.0)), u = a - 1.0;
  double l = poly(u, 0x1.277096521d2cfp-40, -0x1.ff59c775c72ccp-36, 0x1.97e0a7db975b5p-32, -0x1.8c0a76b6fd70cp-29,
                  0x1.017a17fad9670p-26, -0x1.c0fbd2bd3e08ap-25, 0x1.a529d035c2442p-24, 0x1.310342ab55aefp-23,
                  -0x1.1451b565ae88bp-19, 0x1.4263b5ad935a5p-17, -0x1.c7a4c1f7790e9p-16, 0x1.b8dd4445913e1p-16,
                  0x1.f1b39889b604fp-13, -0x1.033f65e99bd21p-9, 0x1.48c9d3ed58f67p-7, -0x1.5477f09c1094bp-5,
                  -0x1.afabc11a29554p-1, -0x1.51c9b0006c237p+1, -0x1.d97fbf27aa2a1p+0);
  // e^l <= 0.16: a single constant for ln2 and degree 10 (2^-51.6) are enough.
  double t = fma(l, 0x1.71547652b82fep+0, kMagic), r = fma(t - kMagic, -0x1.62e42fefa39efp-1, l);
  double q = poly(r, 0x1.270797cf3317bp-22, 0x1.72e92d20f4a8ap-19, 0x1.a01b7c82353eep-16, 0x1.a0198d48863ffp-13,
                  0x1.6c16c0c810056p-10, 0x1.11111125b81a8p-7, 0x1.55555555891a2p-5, 0x1.55555555507b0p-3,
                  0x1.ffffffffffed2p-2);
  double big = fma(-(1.0 + fma(r * r, q, r)), exp2_of_magic(t), 1.0);
  return copysign(a < 1.0 ? small : big, x);
}

/// erfc(x): 1 - erf(x) for |x| < 1/2; beyond that the exponential form, reflected below 0.
[[gnu::always_inline]] static inline double erfc(double x) {
  using namespace detail;
  double a = abs(x), small = 1.0 - copysign(erf_small(at_most(a, 1.0)), x), big = erfc_positive(a);
  big = x < 0.0 ? 2.0 - big : big;
  return or_nan(x, a < 0.5 ? small : big);
}

/// x^y with C's answers at the limits: e^(y log x) with the logarithm and the product in pairs.
[[gnu::always_inline]] static inline double pow(double x, double y) {
  using namespace detail;
  double shift, m, k = split_log(lift_denormal(abs(x), shift), m) + shift;
  double low, high = log_pair(m, low);
  double head = k * 0x1.62e42fefa3800p-1, l = head + high;
  double l_low = ((head - l) + high) + fma(k, 0x1.ef35793c76730p-45, low);
  double e = y * l, e_low = fma(y, l, -e) + y * l_low;
  e_low = abs(e) < 800.0 ? e_low : 0.0;
  return pow_limits(x, y, exp_of_pair(at_least(at_most(e, 710.0), -746.0), e_low));
}

}  // namespace gradus::math
