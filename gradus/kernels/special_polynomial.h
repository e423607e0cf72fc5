// Orthogonal polynomials for kernels, by their recurrences.
#pragma once

#include "gradus/kernels/math.h"

namespace gradus::math {

/// The families, in the order of PyTorch's documentation.
enum class Orthogonal : uint8_t {
  chebyshev_polynomial_t,
  chebyshev_polynomial_u,
  chebyshev_polynomial_v,
  chebyshev_polynomial_w,
  shifted_chebyshev_polynomial_t,
  shifted_chebyshev_polynomial_u,
  shifted_chebyshev_polynomial_v,
  shifted_chebyshev_polynomial_w,
  hermite_polynomial_h,
  hermite_polynomial_he,
  laguerre_polynomial_l,
  legendre_polynomial_p,
};

namespace detail {

/// Chebyshev polynomials of every kind differ in the first: T, U, V, W (0 to 3). Inside (-1, 1) high degrees are
/// quotients of sines and cosines of multiples of acos(x).
[[gnu::always_inline]] static inline double chebyshev_kind(int kind, double x, int64_t n) {
  if (n < 0) return 0.0;
  if (n > 32 && abs(x) < 1.0) {
    double t = acos(x), m = double(n);
    if (kind == 0) return cos(m * t);
    if (kind == 1) return sin((m + 1.0) * t) / sin(t);
    return kind == 2 ? cos((m + 0.5) * t) / cos(0.5 * t) : sin((m + 0.5) * t) / sin(0.5 * t);
  }
  double before = 1.0, p = kind == 0 ? x : kind == 1 ? 2.0 * x : kind == 2 ? 2.0 * x - 1.0 : 2.0 * x + 1.0;
  if (n == 0) return before;
  for (int64_t k = 1; k < n && p == p; ++k) {
    double next = 2.0 * x * p - before;
    before = p;
    p = next;
  }
  return p;
}

/// Hermite's polynomials grow too fast for more degrees than this.
constexpr int64_t kHermiteLimit[] = {128, 512};

}  // namespace detail

/// The polynomial of degree n at x: 0 for n < 0, NaN for degrees of Hermite's beyond `limit`.
[[gnu::always_inline]] static inline double orthogonal(Orthogonal family, double x, int64_t n, int64_t limit) {
  using namespace detail;
  const int index = static_cast<int>(family);
  if (index < 4) return chebyshev_kind(index, x, n);
  if (index < 8) return chebyshev_kind(index - 4, 2.0 * x - 1.0, n);
  if (n < 0) return 0.0;
  if (n == 0) return 1.0;
  const bool physicist = family == Orthogonal::hermite_polynomial_h,
             laguerre = family == Orthogonal::laguerre_polynomial_l;
  const bool hermite = physicist || family == Orthogonal::hermite_polynomial_he;
  if (hermite && n > limit) return kNan;
  double before = 1.0, p = physicist ? 2.0 * x : laguerre ? 1.0 - x : x;
  for (int64_t i = 1; i < n && p == p; ++i) {
    const double k = double(i);
    const double step = physicist  ? 2.0 * x * p - 2.0 * k * before
                        : hermite  ? x * p - k * before
                        : laguerre ? ((2.0 * k + 1.0 - x) * p - k * before) / (k + 1.0)
                                   : ((2.0 * k + 1.0) * x * p - k * before) / (k + 1.0);
    before = p;
    p = step;
  }
  return p;
}
[[gnu::always_inline]] static inline double orthogonal(Orthogonal family, double x, double n) {
  return orthogonal(family, x, static_cast<int64_t>(n), detail::kHermiteLimit[1]);
}
[[gnu::always_inline]] static inline float orthogonal(Orthogonal family, float x, float n) {
  return float(orthogonal(family, double(x), static_cast<int64_t>(n), detail::kHermiteLimit[0]));
}

}  // namespace gradus::math
