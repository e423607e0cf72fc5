// Remainders and floored quotients of whole tiles: by one division where it decides, which it nearly always does.
#pragma once

#include "gradus/kernels/math_base.h"

namespace gradus::math {

namespace detail {

constexpr int64_t kDividePart = 256;

/// Quotients below this are off by less than one after rounding.
[[gnu::always_inline]] static constexpr float sure_quotient(float) { return 0x1p22f; }
[[gnu::always_inline]] static constexpr double sure_quotient(double) { return 0x1p51; }

/// False where |x / y| is too large, not a number, or y infinite.
template <class T>
[[gnu::always_inline]] static inline bool divides_surely(T x, T y) {
  return (trunc(abs(x) / abs(y)) < sure_quotient(T())) & (abs(y) < T(kInf));
}

/// fmod where divides_surely: the product is not rounded, and a quotient rounded up shows in the sign.
template <class T>
[[gnu::always_inline]] static inline T fmod_sure(T x, T y) {
  const T a = abs(x), b = abs(y), r = fma(-trunc(a / b), b, a);
  return copysign(r < 0 ? r + b : r, x);
}

// Integers below 2^51 to doubles and back, by the bits of numbers near 1.5 * 2^52: vector instructions everywhere.
[[gnu::always_inline]] static inline double exact_double(int64_t x) {
  return from_bits(static_cast<uint64_t>(x) + bits(kMagic)) - kMagic;
}
[[gnu::always_inline]] static inline double exact_double(int32_t x) { return static_cast<double>(x); }
[[gnu::always_inline]] static inline void to_integer(double x, int64_t& r) {
  r = static_cast<int64_t>(bits(x + kMagic) - bits(kMagic));
}
[[gnu::always_inline]] static inline void to_integer(double x, int32_t& r) { r = static_cast<int32_t>(x); }

[[gnu::always_inline]] static inline bool divides_surely(int64_t x, int64_t y) {
  constexpr uint64_t half = uint64_t{1} << 51;
  return ((static_cast<uint64_t>(x) + half) >> 52 == 0) & ((static_cast<uint64_t>(y) + half) >> 52 == 0) & (y != 0);
}
[[gnu::always_inline]] static inline bool divides_surely(int32_t, int32_t y) { return (y != 0) & (y != -1); }

}  // namespace detail

/// What tiles of divisions yield.
enum class Divided : uint8_t { FloorQuotient, FloorRemainder, TruncRemainder };

namespace detail {

template <Divided What, class T>
[[gnu::always_inline]] static inline T divided_sure(T x, T y) {
  const double a = exact_double(x), b = exact_double(y);
  double result;
  if constexpr (What == Divided::TruncRemainder) {
    const double p = abs(a), q = abs(b), r = p - floor(p / q) * q, fixed = r < 0 ? r + q : r;
    result = a < 0 ? -fixed : fixed;
  } else {
    const double q = floor(a / b), r = a - q * b;
    const bool high = (r != 0) & ((r < 0) != (b < 0));
    result = What == Divided::FloorQuotient ? (high ? q - 1 : q) : high ? r + b : r;
  }
  T r;
  to_integer(result, r);
  return r;
}

}  // namespace detail

/// out[i] = fmod(x[i], y[i]); out must be neither.
template <class T>
[[gnu::always_inline]] static inline void fmod_n(T* out, const T* x, const T* y, int64_t n) {
  uint32_t unsure = 0;
  for (int64_t i = 0; i < n; ++i) {
    out[i] = detail::fmod_sure(x[i], y[i]);
    unsure |= uint32_t(!detail::divides_surely(x[i], y[i]));
  }
  if (unsure == 0) return;
  for (int64_t i = 0; i < n; ++i)
    if (!detail::divides_surely(x[i], y[i])) out[i] = fmod(x[i], y[i]);
}

/// out[i] = the quotient or remainder of floats, which finish(x, y, fmod(x, y)) makes; out may be an operand.
template <class T, class Finish>
[[gnu::always_inline]] static inline void divided_n(T* out, const T* x, const T* y, int64_t n, Finish finish) {
  T m[detail::kDividePart];
  for (int64_t first = 0; first < n; first += detail::kDividePart) {
    const int64_t count = n - first < detail::kDividePart ? n - first : detail::kDividePart;
    fmod_n(m, x + first, y + first, count);
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) out[first + i] = finish(x[first + i], y[first + i], m[i]);
  }
}

/// The same for integers; value(x, y) is what it is where a double does not hold the operands.
template <Divided What, class T, class Value>
[[gnu::always_inline]] static inline void divided_integers_n(T* out, const T* x, const T* y, int64_t n, Value value) {
  for (int64_t first = 0; first < n; first += detail::kDividePart) {
    const int64_t end = n - first < detail::kDividePart ? n : first + detail::kDividePart;
    T unsure = 0;
    for (int64_t i = first; i < end; ++i) unsure |= T(!detail::divides_surely(x[i], y[i]));
    if (unsure == 0) {
#pragma GCC ivdep
      for (int64_t i = first; i < end; ++i) out[i] = detail::divided_sure<What>(x[i], y[i]);
    } else {
      for (int64_t i = first; i < end; ++i) out[i] = value(x[i], y[i]);
    }
  }
}

}  // namespace gradus::math
