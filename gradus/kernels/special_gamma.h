// The gamma function's family for kernels: logarithm, derivatives, Hurwitz's zeta.
#pragma once

#include "gradus/kernels/math.h"

// Of double; float goes through double and is rounded once. Polynomials interpolate at Chebyshev nodes in 60 digits and
// are then rounded; the stated error is that of the rounded polynomial. lgamma, digamma and trigamma are straight-line
// code, the others contain loops.
namespace gradus::math {

namespace detail {

/// lgamma(2 + u) / (u (u + 1)) for |u| <= 1: degree 27, relative error 2^-54.8.
[[gnu::always_inline]] static inline double lgamma_near_two(double u) {
  return poly(u, -0x1.c24088e35be62p-31, 0x1.b2ce2b26c6f85p-30, 0x1.53651fe17a808p-29, -0x1.2b89eb1f0ac7bp-28,
              -0x1.3396d35b164c5p-27, 0x1.18802b664e582p-26, -0x1.b026257991d54p-31, 0x1.86ed56211357bp-28,
              -0x1.bf023c3993d27p-25, 0x1.c0942204e1816p-24, -0x1.8fb6eb540584fp-23, 0x1.a8e6e7568fbdap-22,
              -0x1.cb48824c106bcp-21, 0x1.e643bfc1afa9ep-20, -0x1.02229c8b7bcf4p-18, 0x1.13db9d2fb229bp-17,
              -0x1.285117764e406p-16, 0x1.402f7b7217fbdp-15, -0x1.5c86af26929e5p-14, 0x1.7ed730477c42fp-13,
              -0x1.a96a403b519d7p-12, 0x1.dfebcf9ef9f67p-11, -0x1.145121f956242p-9, 0x1.479748539543dp-8,
              -0x1.95ce223a9d2adp-7, 0x1.0e0c9df2935d7p-5, -0x1.9ae6509ea109ep-4, 0x1.b0ee6072093cep-2);
}

/// x times what Stirling's formula lacks of lgamma(x), as a function of 1 / x^2 for x >= 8: degree 6, 2^-54.2.
[[gnu::always_inline]] static inline double stirling_rest(double inverse_square) {
  double v = fma(inverse_square, 128.0, -1.0);
  return poly(v, 0x1.4c1bf975f0773p-50, -0x1.b14d8191dcaffp-45, 0x1.94e3a1301fed2p-39, -0x1.2ade4be51be7dp-32,
              0x1.98f1bdd46f48ap-25, -0x1.6a7a422699390p-16, 0x1.553ea0d6c39e1p-4);
}

/// x minus the nearest integer.
[[gnu::always_inline]] static inline double off_integer(double x) { return x - round(x); }

}  // namespace detail

/// log |gamma(x)|: a polynomial between 1 and 3, where products and 1/x lead from below 8, Stirling's formula above,
/// and below 0 the reflection gamma(x) gamma(-x) = -pi / (x sin(pi x)).
[[gnu::always_inline]] static inline double lgamma(double x) {
  using namespace detail;
  double a = abs(x), whole = floor(at_most(a, 8.0));
  bool small = a < 1.0, large = a >= 8.0;
  double u = small ? a - 1.0 : a < 3.0 ? a - 2.0 : a - whole;
  double d = small ? a * u : u * (u + 1.0);
  double product = 1.0;
  for (int k = 1; k <= 5; ++k) product *= whole - k >= 2.0 ? a - k : 1.0;
  double l = log(small | large ? a : product);
  double polynomial = d * lgamma_near_two(large ? 0.0 : u);
  double inverse = 1.0 / (large ? a : 8.0);
  double stirling = fma(a - 0.5, l - 1.0, 0x1.acfe390c97d69p-2) + inverse * stirling_rest(inverse * inverse);
  double above = large ? stirling : small ? polynomial - l : polynomial + l;
  double sine = abs(sin_near(kPi * off_integer(x)));
  double below = log(kPi / (small ? sine : sine * a)) - (small ? polynomial : above);
  double r = x < 0.0 ? (sine == 0.0 ? kInf : below) : above;
  return a == kInf ? kInf : r;
}

/// The derivative of lgamma: eight steps up below 8, an asymptotic series there, the reflection below 0.
[[gnu::always_inline]] static inline double digamma(double x) {
  using namespace detail;
  double w = x < 0.0 ? 1.0 - x : x;
  bool stepped = w < 8.0;
  // The sum of 1 / (w + k), k < 8, as the logarithmic derivative of the product of w + k.
  double s = stepped ? w : 1.0;
  double slope = poly(s, 8.0, 196.0, 1932.0, 9800.0, 27076.0, 39396.0, 26136.0, 5040.0);
  double product = s * poly(s, 1.0, 28.0, 322.0, 1960.0, 6769.0, 13132.0, 13068.0, 5040.0);
  double steps = stepped ? slope / product : 0.0;
  double z = stepped ? w + 8.0 : w, inverse = 1.0 / z, square = inverse * inverse;
  double tail = poly(fma(square, 128.0, -1.0), -0x1.32cfc4f5c472ep-51, 0x1.04b45e52f051ap-46, -0x1.21baefc6cc1c8p-41,
                     0x1.bf0c6c8b27a24p-36, -0x1.0258bd0f58452p-29, 0x1.fbad925f0201dp-23, -0x1.0f0f38be0881ep-14,
                     0x1.5511518e7ecafp-4);
  double above = (log(z) - inverse * 0.5 - square * tail) - steps;
  double angle = kPi * off_integer(x);
  double below = above - kPi * (cos_near(angle) / sin_near(angle));
  return x < 0.0 ? (angle == 0.0 ? kNan : below) : above;
}

/// The second derivative of lgamma, in the same way.
[[gnu::always_inline]] static inline double trigamma(double x) {
  using namespace detail;
  double w = x < 0.0 ? 1.0 - x : x, steps = 0.0;
  bool stepped = w < 8.0;
  for (int k = 7; k >= 0; --k) {
    double s = (stepped ? w : 1.0) + k;
    steps += 1.0 / (s * s);
  }
  double z = stepped ? w + 8.0 : w, inverse = 1.0 / z, square = inverse * inverse;
  double tail = poly(fma(square, 128.0, -1.0), -0x1.250dad147cbbcp-47, 0x1.b7e2590abe0e4p-43, -0x1.a66a44d037dcbp-38,
                     0x1.11bf0bf578ef4p-32, -0x1.fdb547e2eefcep-27, 0x1.79bb239066052p-20, -0x1.0e1161f4d91c6p-12,
                     0x1.54cd8dc04f48dp-3);
  double above = (inverse + square * 0.5 + square * inverse * tail) + (stepped ? steps : 0.0);
  double sine = sin_near(kPi * off_integer(x)), cosecant = kPi / sine;
  double below = cosecant * cosecant - above;
  return x < 0.0 ? below : above;
}

namespace detail {

/// The sum of (q + i)^-s over i >= 0 by Euler and Maclaurin; power(a) is a^-s.
template <class Power>
[[gnu::always_inline]] static inline double hurwitz_sum(double s, double q, Power power) {
  // (2k)! / B_2k.
  constexpr double factors[] = {12.0,
                                -720.0,
                                30240.0,
                                -1209600.0,
                                47900160.0,
                                -1892437580.3183791606367,
                                74724249600.0,
                                -2950130727918.1642244954,
                                116467828143500.67248729,
                                -4597978722407472.6105457,
                                181521054019435467.73425,
                                -7166165256175667011.3346};
  double sum = 0, a = q, term = 0;
  for (int i = 0; i < 9 || a <= 9.0; ++i, a += 1) {
    term = power(a);
    sum += term;
    if (abs(term) < abs(sum) * 0x1p-54) return sum;
  }
  term = power(a);
  sum += term * a / (s - 1) + 0.5 * term;
  double rising = s, over = term / a;
  for (int k = 0; k < 12; ++k) {
    double next = rising * over / factors[k];
    sum += next;
    if (abs(next) < abs(sum) * 0x1p-54) break;
    rising *= (s + 2 * k + 1) * (s + 2 * k + 2);
    over /= a * a;
  }
  return sum;
}

}  // namespace detail

/// Hurwitz's zeta function, the sum of (q + i)^-s; inf at s = 1 and at poles q, NaN for s < 1 and where a negative q
/// has no real power.
[[gnu::always_inline]] static inline double zeta(double s, double q) {
  using namespace detail;
  if (s != s || q != q) return kNan;
  if (s == 1.0) return kInf;
  if (s < 1.0) return kNan;
  if (q <= 0.0) {
    if (q == floor(q)) return kInf;
    if (s != floor(s)) return kNan;
  }
  return hurwitz_sum(
      s, q, [=](double a) __attribute__((always_inline)) { return pow(a, -s); });
}

/// The n-th derivative of digamma, n >= 2: (-1)^(n+1) n! zeta(n + 1, x).
[[gnu::always_inline]] static inline double polygamma(int64_t n, double x) {
  using namespace detail;
  if (x != x) return x;
  if (x <= 0.0 && x == floor(x)) return n % 2 ? kInf : -kInf;
  double factorial = 1;
  for (int64_t k = 2; k <= n && k <= 171; ++k) factorial *= double(k);
  double sum = hurwitz_sum(
      double(n + 1), x, [=](double a) __attribute__((always_inline)) {
        double square = a, product = 1;
        for (int64_t e = n + 1; e > 0; e >>= 1) {
          product = e & 1 ? product * square : product;
          square *= square;
        }
        return 1.0 / product;
      });
  return (n % 2 ? factorial : -factorial) * sum;
}

[[gnu::always_inline]] static inline float lgamma(float x) { return float(lgamma(double(x))); }
[[gnu::always_inline]] static inline float digamma(float x) { return float(digamma(double(x))); }
[[gnu::always_inline]] static inline float trigamma(float x) { return float(trigamma(double(x))); }
[[gnu::always_inline]] static inline float zeta(float s, float q) { return float(zeta(double(s), double(q))); }
[[gnu::always_inline]] static inline float polygamma(int64_t n, float x) { return float(polygamma(n, double(x))); }

}  // namespace gradus::math
