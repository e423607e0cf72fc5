// Building blocks of the elementary functions: bits, rounding, selection, polynomials, and the exactly rounded
// functions.
#pragma once

#include <cstdint>

/// Elementary functions written as straight-line code: a loop over them vectorises, and every target, vector body or
/// scalar tail, yields the same bits. Needs -ffp-contract=off; fused multiply-adds are explicit.
namespace gradus::math {

[[gnu::always_inline]] static inline uint32_t bits(float x) { return __builtin_bit_cast(uint32_t, x); }
[[gnu::always_inline]] static inline uint64_t bits(double x) { return __builtin_bit_cast(uint64_t, x); }
[[gnu::always_inline]] static inline float from_bits(uint32_t x) { return __builtin_bit_cast(float, x); }
[[gnu::always_inline]] static inline double from_bits(uint64_t x) { return __builtin_bit_cast(double, x); }

/// x * y + z with one rounding.
[[gnu::always_inline]] static inline float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
[[gnu::always_inline]] static inline double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }

[[gnu::always_inline]] static inline float abs(float x) { return __builtin_fabsf(x); }
[[gnu::always_inline]] static inline double abs(double x) { return __builtin_fabs(x); }
[[gnu::always_inline]] static inline float copysign(float x, float s) { return __builtin_copysignf(x, s); }
[[gnu::always_inline]] static inline double copysign(double x, double s) { return __builtin_copysign(x, s); }

[[gnu::always_inline]] static inline float sqrt(float x) { return __builtin_sqrtf(x); }
[[gnu::always_inline]] static inline double sqrt(double x) { return __builtin_sqrt(x); }
/// 1 / sqrt(x); two roundings, as PyTorch does it.
[[gnu::always_inline]] static inline float rsqrt(float x) { return 1.0f / __builtin_sqrtf(x); }
[[gnu::always_inline]] static inline double rsqrt(double x) { return 1.0 / __builtin_sqrt(x); }

[[gnu::always_inline]] static inline float floor(float x) { return __builtin_floorf(x); }
[[gnu::always_inline]] static inline double floor(double x) { return __builtin_floor(x); }
[[gnu::always_inline]] static inline float ceil(float x) { return __builtin_ceilf(x); }
[[gnu::always_inline]] static inline double ceil(double x) { return __builtin_ceil(x); }
[[gnu::always_inline]] static inline float trunc(float x) { return __builtin_truncf(x); }
[[gnu::always_inline]] static inline double trunc(double x) { return __builtin_trunc(x); }
/// The nearest integer, ties to even.
[[gnu::always_inline]] static inline float round(float x) { return __builtin_rintf(x); }
[[gnu::always_inline]] static inline double round(double x) { return __builtin_rint(x); }
/// C's fmod, always exact. A library call: the one function here that does not vectorise.
[[gnu::always_inline]] static inline float fmod(float x, float y) { return __builtin_fmodf(x, y); }
[[gnu::always_inline]] static inline double fmod(double x, double y) { return __builtin_fmod(x, y); }

template <class T>
[[gnu::always_inline]] static inline bool isnan(T x) {
  return x != x;
}
template <class T>
[[gnu::always_inline]] static inline bool isinf(T x) {
  return abs(x) == T(__builtin_inf());
}

/// c ? a : b with both sides computed.
template <class T>
[[gnu::always_inline]] static inline T select(bool c, T a, T b) {
  return c ? a : b;
}

/// The larger of a and b; NaN if either is NaN.
template <class T>
[[gnu::always_inline]] static inline T maximum(T a, T b) {
  T m = a > b ? a : b;
  return a != a ? a : m;
}
/// The smaller of a and b; NaN if either is NaN.
template <class T>
[[gnu::always_inline]] static inline T minimum(T a, T b) {
  T m = a < b ? a : b;
  return a != a ? a : m;
}

namespace detail {

constexpr float kInfF = __builtin_inff();
constexpr double kInf = __builtin_inf();
constexpr float kNanF = __builtin_nanf("");
constexpr double kNan = __builtin_nan("");

/// Adding 1.5 * 2^52 rounds a double below 2^51 to an integer and leaves that integer in the low bits.
constexpr double kMagic = 0x1.8p52;
constexpr float kMagicF = 0x1.8p23f;

/// Horner's rule, highest coefficient first.
[[gnu::always_inline]] static inline double poly(double, double acc) { return acc; }
template <class... C>
[[gnu::always_inline]] static inline double poly(double x, double acc, double c, C... rest) {
  return poly(x, fma(acc, x, c), rest...);
}

[[gnu::always_inline]] static inline float poly(float, float acc) { return acc; }
template <class... C>
[[gnu::always_inline]] static inline float poly(float x, float acc, float c, C... rest) {
  return poly(x, fma(acc, x, c), rest...);
}

/// min(x, hi) and max(x, lo) that let NaN through.
template <class T>
[[gnu::always_inline]] static inline T at_most(T x, T hi) {
  return x > hi ? hi : x;
}
template <class T>
[[gnu::always_inline]] static inline T at_least(T x, T lo) {
  return x < lo ? lo : x;
}

/// Bounds of arguments, kept where the compiler cannot see them: limiting a vector to a known number takes a comparison
/// and a blend, to one from memory a single instruction.
struct Bounds {
  float exp_low, exp_high, exp2_low, exp2_high, sigmoid, tanh, erf;
};
extern const Bounds bounds;

/// r, or x if that is NaN: where x meets its negative, the sign of a NaN would depend on the compiler's operand order.
template <class T>
[[gnu::always_inline]] static inline T or_nan(T x, T r) {
  return x != x ? x : r;
}

/// 2^n for n = t - kMagic, |n| <= 1022.
[[gnu::always_inline]] static inline double exp2_of_magic(double t) {
  return from_bits((bits(t) << 52) + 0x3ff0000000000000u);
}

/// 2^k * m == x for positive normal x, with m in [sqrt(1/2), sqrt(2)).
[[gnu::always_inline]] static inline double split_log(double x, double& m) {
  constexpr uint64_t half_sqrt = 0x3fe6a09e667f3bcdu;  // sqrt(1/2)
  uint64_t u = bits(x) + (0x3ff0000000000000u - half_sqrt);
  m = from_bits((u & 0x000fffffffffffffu) + half_sqrt);
  return from_bits((u >> 52) | 0x4330000000000000u) - (0x1p52 + 1023);
}

/// C's pow from r = |x|^y: the sign for negative x, NaN for their non-integer powers, the limits at 0, 1, inf and NaN.
template <class T>
[[gnu::always_inline]] static inline T pow_limits(T x, T y, T r) {
  constexpr T inf = T(kInf);
  T ax = abs(x), ay = abs(y), half = y * T(0.5);
  bool integer = trunc(y) == y, odd = integer & (trunc(half) != half);
  T edge_x = (y < 0) == (ax == 0) ? inf : T(0);  // |x| is 0 or inf
  T edge_y = (y > 0) == (ax > 1) ? inf : T(0);   // |y| is inf
  r = (ax == 0) | (ax == inf) ? edge_x : r;
  r = ay == inf ? edge_y : r;
  r = ax == 1 ? T(1) : r;
  T signed_r = odd ? copysign(r, x) : r;
  T result = (x < 0) & !integer & (ax != inf) ? T(kNan) : signed_r;
  result = y == 2 ? x * x : result;
  result = y != y ? y : result;
  result = x != x ? x : result;
  return (x == 1) | (y == 0) ? T(1) : result;
}

}  // namespace detail
}  // namespace gradus::math
