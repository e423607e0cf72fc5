// Circular functions of double. Reduction by pi/2 is straight-line below 2^30 and a scalar path beyond.
#pragma once

#include "gradus/kernels/math_base.h"
#include "gradus/kernels/math_f64.h"

namespace gradus::math {

namespace detail {

/// Below this the reduction needs no more than pi/2 in three doubles.
constexpr double kNear = 0x1p30;

/// r + r_low = x - n pi/2, |r| <= pi/4 and a little, and n modulo 4 in the low bits of the result; |x| < kNear.
[[gnu::always_inline]] static inline uint64_t reduce_near(double x, double& r, double& r_low) {
  double t = fma(x, 0x1.45f306dc9c883p-1, kMagic), n = t - kMagic;
  double a = fma(n, -0x1.921fb54442d18p+0, x);  // exact
  double b = n * 0x1.1a62633145c07p-54, b_low = fma(n, 0x1.1a62633145c07p-54, -b);
  r = a - b;
  r_low = ((a - r) - b) - fma(n, -0x1.f1976b7ed8fbcp-110, b_low);
  return bits(t);
}

/// The same for any finite |x| >= kNear: the 53-bit integer in x times 192 bits of 2 / pi, chosen so that the product
/// modulo 2^192 is x 2/pi modulo 4. One element at a time.
[[gnu::noinline]] static inline uint64_t reduce_far(double x, double& r, double& r_low) {
  // 2 / pi in binary after 64 zeros.
  static constexpr uint64_t two_over_pi[] = {
      0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
      0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41,
      0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7,
      0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
      0xf0cfbc209af4361d};
  using Wide = unsigned __int128;
  uint64_t u = bits(x), m = (u & 0x000fffffffffffffu) | 0x0010000000000000u;
  unsigned first = 64 + unsigned((u >> 52) & 0x7ff) - 1075 - 2, word = first / 64, shift = first % 64;
  uint64_t w[3];
  for (unsigned i = 0; i < 3; ++i) {
    Wide pair = Wide(two_over_pi[word + i]) << 64 | two_over_pi[word + i + 1];
    w[i] = uint64_t(pair >> (64 - shift));
  }
  Wide low = Wide(m) * w[2], mid = Wide(m) * w[1] + uint64_t(low >> 64);
  Wide top = (Wide(m * w[0]) << 64) + mid;  // the product modulo 2^192, without its last 64 bits
  uint64_t n = uint64_t(top >> 126);
  Wide fraction = top << 2 | uint64_t(low) >> 62;
  bool up = fraction >> 127, negative = up != bool(u >> 63);
  n += up;
  fraction = up ? -fraction : fraction;
  double f = double(fraction), f_low = double(__int128(fraction - Wide(f))) * 0x1p-128;
  f *= 0x1p-128;
  r = f * 0x1.921fb54442d18p+0;
  r_low = fma(f, 0x1.921fb54442d18p+0, -r) + fma(f, 0x1.1a62633145c07p-54, f_low * 0x1.921fb54442d18p+0);
  r = negative ? -r : r;
  r_low = negative ? -r_low : r_low;
  return u >> 63 ? -n : n;
}

/// sin(r + r_low) as a pair, |r| <= pi/4: r + r^3 S(r^2), S of degree 5, relative error 2^-57.9.
[[gnu::always_inline]] static inline double sin_pair(double r, double r_low, double& low) {
  double z = r * r;
  double p = poly(z, 0x1.5d8b55946e251p-33, -0x1.ae5e4b83e3a5fp-26, 0x1.71de35552b523p-19, -0x1.a01a019be9217p-13,
                  0x1.111111110f730p-7, -0x1.5555555555548p-3);
  low = fma(r * z, p, fma(z * -0.5, r_low, r_low));
  return r;
}

/// cos(r + r_low) as a pair, |r| <= pi/4: 1 - r^2 / 2 + r^4 C(r^2), C of degree 5, relative error 2^-63.9.
[[gnu::always_inline]] static inline double cos_pair(double r, double r_low, double& low) {
  double z = r * r, half = 0.5 * z, w = 1.0 - half;
  double p = poly(z, -0x1.8fa684877c98ap-37, 0x1.1ee9dbcefc2a6p-29, -0x1.27e4f7f19148ep-22, 0x1.a01a019c8f254p-16,
                  -0x1.6c16c16c15015p-10, 0x1.555555555554bp-5);
  low = ((1.0 - w) - half) + fma(z * z, p, -(r * r_low));
  return w;
}

/// sin(r + r_low + n pi/2).
[[gnu::always_inline]] static inline double sin_quadrant(uint64_t n, double r, double r_low) {
  double s_low, s = sin_pair(r, r_low, s_low), c_low, c = cos_pair(r, r_low, c_low);
  double y = (n & 1) != 0 ? c + c_low : s + s_low;
  return or_nan(r, from_bits(bits(y) ^ ((n & 2) << 62)));
}

/// tan(r + r_low + n pi/2).
[[gnu::always_inline]] static inline double tan_quadrant(uint64_t n, double r, double r_low) {
  double s_low, s = sin_pair(r, r_low, s_low), c_low, c = cos_pair(r, r_low, c_low);
  bool odd = (n & 1) != 0;
  double s_sum = s + s_low, c_sum = c + c_low;
  s_low = (s - s_sum) + s_low;
  c_low = (c - c_sum) + c_low;
  double a = odd ? -c_sum : s_sum, a_low = odd ? -c_low : s_low, d = odd ? s_sum : c_sum, d_low = odd ? s_low : c_low;
  return or_nan(r, divide_pairs(a, a_low, d, d_low));
}

}  // namespace detail

/// sin, cos and tan for |x| < 2^30, with the bits of the full functions; anything else gives no meaningful value.
[[gnu::always_inline]] static inline double sin_near(double x) {
  double r, r_low;
  uint64_t n = detail::reduce_near(x, r, r_low);
  double y = detail::sin_quadrant(n, r, r_low);
  return abs(x) < 0x1p-27 ? x : y;
}
[[gnu::always_inline]] static inline double cos_near(double x) {
  double r, r_low;
  uint64_t n = detail::reduce_near(x, r, r_low);
  return detail::sin_quadrant(n + 1, r, r_low);
}
[[gnu::always_inline]] static inline double tan_near(double x) {
  double r, r_low;
  uint64_t n = detail::reduce_near(x, r, r_low);
  double y = detail::tan_quadrant(n, r, r_low);
  return abs(x) < 0x1p-27 ? x : y;
}

/// sin(x), right for every finite argument; NaN at infinity. Does not vectorise: see sin_n.
[[gnu::always_inline]] static inline double sin(double x) {
  if (abs(x) < detail::kNear) return sin_near(x);
  if (!(abs(x) < detail::kInf)) return x - x;
  double r, r_low;
  uint64_t n = detail::reduce_far(x, r, r_low);
  return detail::sin_quadrant(n, r, r_low);
}
/// cos(x), right for every finite argument; NaN at infinity. Does not vectorise: see cos_n.
[[gnu::always_inline]] static inline double cos(double x) {
  if (abs(x) < detail::kNear) return cos_near(x);
  if (!(abs(x) < detail::kInf)) return x - x;
  double r, r_low;
  uint64_t n = detail::reduce_far(x, r, r_low);
  return detail::sin_quadrant(n + 1, r, r_low);
}
/// tan(x), right for every finite argument; NaN at infinity. Does not vectorise: see tan_n.
[[gnu::always_inline]] static inline double tan(double x) {
  if (abs(x) < detail::kNear) return tan_near(x);
  if (!(abs(x) < detail::kInf)) return x - x;
  double r, r_low;
  uint64_t n = detail::reduce_far(x, r, r_low);
  return detail::tan_quadrant(n, r, r_low);
}

}  // namespace gradus::math
