// The normal distribution's family for kernels: inverse error function, quantiles, scaled and logarithmic tails.
#pragma once

#include "gradus/kernels/math.h"

// Straight-line code of double; float goes through double and is rounded once. Polynomials as in special_gamma.h.
namespace gradus::math {

namespace detail {

/// The x >= 0 with a normal tail of p, for p <= e^-2: with z = sqrt(-2 log p), z - (log(z) + P(1/z)) / z. P in three
/// pieces, for z from 2 to 4, to 8 and to 40: relative errors 2^-53.2, 2^-53.1, 2^-52.8.
[[gnu::always_inline]] static inline double normal_tail(double p) {
  double z = sqrt(-2.0 * log(p)), v = 1.0 / z;
  double near = poly((v - 0.37625628140703518) * (1 / 0.12625628140703518), 0x1.1fb4d9eee5238p-37,
                     -0x1.ee1064a1afe08p-36, 0x1.1db02f331c6dbp-34, -0x1.0830cf04124d1p-32, 0x1.087e5c8a7a2eep-30,
                     -0x1.f9cd1f48907aep-29, 0x1.ec259654dadffp-27, -0x1.e4213c3f7d91ap-25, 0x1.d4ca22c5feabbp-23,
                     -0x1.b13455d1e9ea5p-21, 0x1.6e37375c3e3e3p-19, -0x1.08b500ca4fb28p-17, 0x1.1525a00ef2057p-16,
                     0x1.613de0ba7354bp-17, -0x1.2815033471d4ep-10, 0x1.8855ccd0c6e68p-5, 0x1.0ed51b313ef78p+0);
  double mid = poly(fma(v, 16.0, -3.0), -0x1.1dafb92f649eep-37, 0x1.fb57f0c63153ap-36, -0x1.434182eccaa10p-34,
                    0x1.33ee018c74763p-32, -0x1.36ff723967f8cp-30, 0x1.3101903a79fe1p-28, -0x1.336dadaa471e0p-26,
                    0x1.42a6e4e926a25p-24, -0x1.617e34c98851ap-22, 0x1.90789d06e97c6p-20, -0x1.c486a7fe760a5p-18,
                    0x1.dba8db625e841p-16, -0x1.93266fc05de30p-14, -0x1.d4cbfedd0ad70p-15, 0x1.9b1665870938bp-6,
                    0x1.f7cb5c70370b0p-1);
  double far = poly(fma(v, 20.0, -1.5), -0x1.7f07299e0d03ep-29, 0x1.1aa4b84981da1p-28, 0x1.84cf8afe5781ap-27,
                    -0x1.0b87734acc920p-26, -0x1.c705e8613368ep-26, 0x1.2fddffe7268fbp-25, 0x1.ee2addcfe5d45p-26,
                    -0x1.21753521e563ap-25, -0x1.53e76782a4eefp-25, 0x1.caeb51e9b7bfcp-25, -0x1.888a473b6babbp-26,
                    0x1.d119a67cef552p-25, -0x1.2ad1cdd5234f2p-23, 0x1.15cb2c2a339a7p-22, -0x1.0688f3f94db79p-21,
                    0x1.063b14b74e89fp-20, -0x1.0e4fb17634292p-19, 0x1.2161cb54b6b94p-18, -0x1.45d5f567d8647p-17,
                    0x1.8802b44d73848p-16, -0x1.00f8ad298294fp-14, 0x1.719afe4545ef3p-13, -0x1.14b7cdbc780f0p-11,
                    0x1.44877b9acc217p-10, 0x1.2dc239e65f470p-6, 0x1.e120628ac2a02p-1);
  return z - (log(z) + (z < 4.0 ? near : z < 8.0 ? mid : far)) * v;
}

/// The normal quantile of 1/2 + y over y, for |y| <= 1/2 - e^-2: degree 21 in y^2, relative error 2^-54.2.
[[gnu::always_inline]] static inline double normal_centre(double y) {
  double v = fma(y * y, 1 / 0.06781998138258195908, -1.0);
  return poly(v, 0x1.1e96e714fc067p-34, 0x1.8722f75e0c9e6p-33, 0x1.3e39a3c15a79fp-33, 0x1.eb843fb173653p-32,
              0x1.25da33760326ap-29, 0x1.9fdabf56e9dd5p-28, 0x1.17596035dffccp-26, 0x1.94f75496c42d0p-25,
              0x1.289ce3f45fd8cp-23, 0x1.b20f1eba702b6p-22, 0x1.3fde3fc00b3ffp-20, 0x1.dbcbe8adee39ap-19,
              0x1.659f19b9afe71p-17, 0x1.104c2e2bc5071p-15, 0x1.a578e42d6c2e6p-14, 0x1.4d24382e899c5p-12,
              0x1.0ee8835af266dp-10, 0x1.cab229b4fa26ep-9, 0x1.9ceacb657bf75p-7, 0x1.9cdc668e8c475p-5,
              0x1.0144d19c93033p-2, 0x1.5bd28a90d13e5p+1);
}

constexpr double kExpMinusTwo = 0x1.152aaa3bf81ccp-3;

/// The quantile of which `y` is the probability less 1/2 and `p` that of the nearer tail.
[[gnu::always_inline]] static inline double normal_quantile(double y, double p) {
  double centre = y * normal_centre(y);
  double tail = copysign(normal_tail(p < kExpMinusTwo ? p : kExpMinusTwo), y);
  double r = p > kExpMinusTwo ? centre : tail;
  r = p == 0.0 ? copysign(kInf, y) : r;
  return p >= 0.0 ? r : kNan;
}

}  // namespace detail

namespace detail {

/// -log(1 - x^2), of no consequence for |x| >= 1.
[[gnu::always_inline]] static inline double erfinv_argument(double x) {
  double m, k = split_log(fma(-x, x, 1.0), m);
  return -log_sum(k, m - 1.0, 0.0);
}
constexpr double kErfinvCentre = 6.25;

/// erfinv(x) by w = -log(1 - x^2) up to 6.25 (Giles 2011): x times a polynomial of degree 23, relative error 2^-55.5.
[[gnu::always_inline]] static inline double erfinv_centre(double x, double w) {
  return x * poly(w - 3.125, 0x1.fe1aa68040f12p-69, -0x1.310e1673d92d5p-70, -0x1.a61bf51fd7577p-62,
                  0x1.51c6548f0e813p-60, 0x1.22b651f3a660ep-56, -0x1.2bd9b3fa8ac57p-53, -0x1.8b5556068dea9p-55,
                  0x1.db32d13e00776p-48, -0x1.683239b3444d5p-45, -0x1.6d8ec6a1d8242p-44, 0x1.723084a220c85p-39,
                  -0x1.c8960c2a38756p-37, -0x1.dc3dd352560fep-35, 0x1.20f4eb23fd87ap-30, -0x1.1a9eb6f0ca839p-28,
                  -0x1.f36ce541d3d1ap-26, 0x1.c6b4f8af1e76dp-22, -0x1.6e8a53ee35afbp-20, -0x1.d1d1f7cb076a5p-17,
                  0x1.879c2a20d6bb6p-13, -0x1.8457694834121p-11, -0x1.8b6c33114ee40p-8, 0x1.ebd80d9b13df7p-3,
                  0x1.a755e7c99ae86p+0);
}
/// Beyond, by the quantile.
[[gnu::always_inline]] static inline double erfinv_tail(double x) {
  double h = x * 0.5, p = (1.0 - abs(x)) * 0.5;
  double r = copysign(normal_tail(p < kExpMinusTwo ? p : kExpMinusTwo), h);
  r = p == 0.0 ? copysign(kInf, h) : r;
  return or_nan(x, p >= 0.0 ? r * 0x1.6a09e667f3bcdp-1 : kNan);
}

}  // namespace detail

/// The x with erf(x) the argument.
[[gnu::always_inline]] static inline double erfinv(double x) {
  using namespace detail;
  double w = erfinv_argument(x), centre = erfinv_centre(x, w), tail = erfinv_tail(x);
  return (abs(x) < 1.0) & (w < kErfinvCentre) ? centre : tail;
}
/// out[i] = erfinv(in[i]), with the same bits; out may be in. Where tails are few they are done one by one.
[[gnu::always_inline]] static inline void erfinv_n(double* out, const double* in, int64_t n) {
  using namespace detail;
  constexpr int64_t part = 256;
  constexpr uint64_t few = 16;
  double r[part];
  uint64_t far[part];
  for (int64_t first = 0; first < n; first += part) {
    const int64_t m = n - first < part ? n - first : part;
    const double* x = in + first;
    uint64_t tails = 0;
    for (int64_t i = 0; i < m; ++i) {
      const double w = erfinv_argument(x[i]);
      r[i] = erfinv_centre(x[i], w);
      far[i] = uint64_t(!((abs(x[i]) < 1.0) & (w < kErfinvCentre)));
    }
    for (int64_t i = 0; i < m; ++i) tails += far[i];
    if (tails > few) {
      for (int64_t i = 0; i < m; ++i) {
        const double centre = r[i], tail = erfinv_tail(x[i]);
        r[i] = far[i] ? tail : centre;
      }
    } else if (tails > 0) {
      for (int64_t i = 0; i < m; ++i)
        if (far[i]) r[i] = erfinv_tail(x[i]);
    }
    for (int64_t i = 0; i < m; ++i) out[first + i] = r[i];
  }
}

/// The same in float arithmetic: x times a polynomial of x^2 up to x^2 = 9/16 (degree 9, relative error 2^-27.2);
/// beyond, s = sqrt(-log(1 - x^2)) plus a polynomial of s (degree 12, 2^-25.9 of the sum).
[[gnu::always_inline]] static inline float erfinv(float x) {
  using namespace detail;
  float v = x * x, v_low = fma(x, x, -v);
  float centre = x * poly(v, 0x1.8f9836p-1f, -0x1.5fc3bcp+0f, 0x1.356e04p+0f, -0x1.0097ecp-1f, 0x1.9cce9cp-3f,
                          0x1.4b4ed2p-5f, 0x1.6bcf80p-4f, 0x1.0504d6p-3f, 0x1.db2afap-3f, -0x1.148b3cp-25f);
  centre = fma(x, 0x1.c5bf8ap-1f, centre);
  // 1 - x^2 = 2^k (1 + f) without the rounding of x^2, and its logarithm.
  constexpr uint32_t half_sqrt = 0x3f3504f3u;  // sqrt(1/2)
  float p = 1.0f - v;
  uint32_t u = bits(p) + (0x3f800000u - half_sqrt), exponent = u & 0x7f800000u;
  float k = float(int32_t(exponent >> 23) - 127), m = from_bits((u & 0x007fffffu) + half_sqrt);
  float f = fma(v_low, -from_bits(0x7f000000u - exponent), m - 1.0f);
  float l = poly(f, -0x1.42130ap-4f, 0x1.09adbcp-3f, -0x1.0dd5c4p-3f, 0x1.222700p-3f, -0x1.544c42p-3f, 0x1.99a8aep-3f,
                 -0x1.000358p-2f, 0x1.555546p-2f, -0x1.fffffcp-2f);
  l = fma(f * f, l, k * 0x1.7f7d1cp-20f) + f;
  float log_high = k * -0x1.62e400p-1f, w = log_high - l, s = sqrt(w);
  // What the difference and the root lost, over 2 s within a fourteenth.
  float lost = (fma(-s, s, w) + ((log_high - w) - l)) * poly(s, -0.01789f, 0.1805f, -0.6472f, 0.9661f);
  float tail = poly(s - 2.5f, 0x1.dbf5fap-22f, 0x1.44482ap-19f, -0x1.83bb5ap-18f, -0x1.89d10ap-16f, 0x1.c1ca3cp-15f,
                    0x1.3ef2eep-14f, -0x1.857eaap-12f, 0x1.611e42p-12f, 0x1.4025e2p-10f, -0x1.8b297ep-8f,
                    0x1.c8175ap-7f, -0x1.e45dd8p-8f, -0x1.549a8ep-3f);
  float r = v < 0.5625f ? centre : s + (tail + lost);
  r = p == 0.0f ? kInfF : r;
  return or_nan(x, p >= 0.0f ? copysign(r, x) : kNanF);
}
/// The x below which a normal number lies with probability p.
[[gnu::always_inline]] static inline double ndtri(double p) {
  using namespace detail;
  return or_nan(p, normal_quantile(p - 0.5, p < 0.5 ? p : 1.0 - p));
}

/// e^(x^2) erfc(x): P(t) / (1 + 2 a) with a = |x|, t = (a - 4) / (a + 4), P of degree 24, relative error 2^-53.6;
/// reflected below 0.
[[gnu::always_inline]] static inline double erfcx(double x) {
  using namespace detail;
  double a = abs(x), b = at_most(a, 0x1p1000), t = (b - 4.0) / (b + 4.0);
  double p = poly(t, -0x1.246d137a7141bp-32, 0x1.ffeb28f8a7c30p-31, 0x1.b39ff8659b236p-29, -0x1.a83c2ea8364c9p-27,
                  -0x1.613ab11aa87fdp-26, 0x1.c8b87aa039fb6p-24, 0x1.4cbb15f961e46p-24, -0x1.b8d249727cce8p-21,
                  0x1.3981051d34c77p-22, 0x1.7ef6b7a31e6a9p-18, -0x1.78861f18ee7b4p-17, -0x1.995385e20c3b6p-16,
                  0x1.3be04bf52bb5ap-13, -0x1.a1df5db3b79f4p-13, -0x1.8d4a9b00c7997p-11, 0x1.49c672e0029c2p-8,
                  -0x1.0962388397d97p-6, 0x1.3079edf51fc68p-5, -0x1.0fb06dfe5229fp-4, 0x1.7fee004e1e9dcp-4,
                  -0x1.9ddb23c3e8a22p-4, 0x1.16ecefcfa4d42p-4, 0x1.f7f5df66fd6c2p-7, -0x1.1df1ad154a287p-3,
                  0x1.3ba5916e9fd7fp+0);
  double above = 0.5 * p / (0.5 + a);
  double c = at_most(a, 27.0), square = c * c;
  double below = 2.0 * exp_of_pair(square, fma(c, c, -square)) - above;
  below = a > 26.7 ? kInf : below;
  return or_nan(x, x < 0.0 ? below : above);
}

/// The logarithm of the normal distribution.
[[gnu::always_inline]] static inline double log_ndtr(double x) {
  double t = x * 0x1.6a09e667f3bcdp-1;
  double far = log(erfcx(-t) * 0.5) - t * t, near = log1p(erfc(t) * -0.5);
  return x < -1.0 ? far : near;
}

/// -x log(x): 0 at 0, -inf below.
template <class T>
[[gnu::always_inline]] static inline T entr(T x) {
  T r = -x * log(x);
  r = x == 0 ? T(0) : r;
  return x < 0 ? -T(detail::kInf) : detail::or_nan(x, r);
}

[[gnu::always_inline]] static inline float ndtri(float p) { return float(ndtri(double(p))); }
[[gnu::always_inline]] static inline float erfcx(float x) { return float(erfcx(double(x))); }
[[gnu::always_inline]] static inline float log_ndtr(float x) { return float(log_ndtr(double(x))); }

}  // namespace gradus::math
