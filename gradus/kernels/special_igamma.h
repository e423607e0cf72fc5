// The incomplete integrals of the gamma function for kernels: whole tiles, several elements through each series at
// once.
#pragma once

#include "gradus/kernels/special_gamma.h"

// In double; the series of a float end sooner. What an element yields does not depend on its neighbours: a series that
// has ended adds zeros, or multiplies by one, until the last of its group has.
namespace gradus::math {

namespace detail {

constexpr int64_t kGammaTile = 64;  // elements classed and prefixed together
constexpr int64_t kGammaLanes = 8;  // elements in one series
constexpr int64_t kGammaSteps = 4;  // terms between two looks whether all have ended
constexpr int64_t kGammaTerms = 1 << 20;

/// log(1 + m) - m for |m| <= 0.4, by the series of 2 atanh(m / (2 + m)).
[[gnu::always_inline]] static inline double log1p_minus(double m) {
  double r = m / (2.0 + m), z = r * r;
  double p = poly(z, 1.0 / 31, 1.0 / 29, 1.0 / 27, 1.0 / 25, 1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                  1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3);
  return r * (2.0 * z * p - m);
}

/// x^a e^-x / gamma(a + 1), for a < 8 and from there on.
[[gnu::always_inline]] static inline double gamma_prefix_small(double a, double x) {
  return pow(x, a) * exp(-x - lgamma(a + 1.0));
}
[[gnu::always_inline]] static inline double gamma_prefix_large(double a, double x) {
  double m = (x - a) / a, inverse = 1.0 / a;
  double exponent = abs(m) < 0.4 ? log1p_minus(m) : log(x / a) - m;
  return exp(a * exponent - inverse * stirling_rest(inverse * inverse)) / sqrt(2.0 * kPi * a);
}

/// kGammaLanes numbers; the loops below are too short for the compiler to see vectors in them.
typedef double GammaVec __attribute__((vector_size(8 * kGammaLanes), aligned(8), may_alias));

[[gnu::always_inline]] static inline bool any_of(const decltype(GammaVec() < GammaVec())& flags) {
  int64_t any = 0;
  for (int64_t l = 0; l < kGammaLanes; ++l) any |= flags[l];
  return any != 0;
}

/// sum[l] becomes the power series of the lower integral, without its prefix, for x not far above a.
[[gnu::always_inline]] static inline void lower_series(const double* pa, const double* px, double* psum, double small) {
  GammaVec n = *reinterpret_cast<const GammaVec*>(pa), x = *reinterpret_cast<const GammaVec*>(px);
  const GammaVec zero = n - n;
  GammaVec term = zero + 1.0, sum = term;
  for (int64_t i = 0; i < kGammaTerms && any_of(term > sum * small); i += kGammaSteps) {
    for (int64_t k = 0; k < kGammaSteps; ++k) {
      n += 1.0;
      const GammaVec next = term * (x / n);
      term = term > sum * small ? next : zero;
      sum += term;
    }
  }
  *reinterpret_cast<GammaVec*>(psum) = sum;
}

/// h[l] becomes the continued fraction of the upper integral (Lentz's evaluation) without its prefix, for x > a + 1.
[[gnu::always_inline]] static inline void upper_fraction(const double* pa, const double* px, double* ph, double small) {
  const GammaVec a = *reinterpret_cast<const GammaVec*>(pa), x = *reinterpret_cast<const GammaVec*>(px);
  const GammaVec one = (a - a) + 1.0;
  GammaVec b = x + 1.0 - a, c = one * 0x1p1000, d = one / b, h = d, off = one;
  double i = 1;
  for (int64_t done = 0; done < kGammaTerms && any_of((off >= small) | (off <= -small)); done += kGammaSteps) {
    for (int64_t k = 0; k < kGammaSteps; ++k, i += 1) {
      const GammaVec n = (a - i) * i;
      b += 2.0;
      d = one / (n * d + b);
      c = b + n / c;
      const GammaVec next = c * d, ended = (off < small) & (off > -small) ? one : next;
      off = ended - one;
      h *= ended;
    }
  }
  *reinterpret_cast<GammaVec*>(ph) = h * a;
}

/// The upper integral for small x, where it is not far from 1 - x^a: a series without cancellation.
[[gnu::always_inline]] static inline double upper_series(double a, double x) {
  double sum = 0, factor = 1;
  for (int n = 1; n < 200; ++n) {
    factor *= -x / n;
    double term = factor / (a + n);
    sum += term;
    if (abs(term) <= abs(sum) * 0x1p-54) break;
  }
  double l = lgamma(1.0 + a), log_power = a * log(x);
  return -expm1(log_power - l) - a * exp(log_power - l) * sum;
}

/// Both integrals where no series is needed; NaN elsewhere. `lower` tells which.
[[gnu::always_inline]] static inline bool gamma_limits(double a, double x, bool lower, double& r) {
  double one = lower ? 1.0 : 0.0, zero = lower ? 0.0 : 1.0;
  r = kNan;
  if (x < 0.0 || a < 0.0) return true;
  if (a == 0.0) return r = x > 0.0 ? one : kNan, true;
  if (x == 0.0) return r = zero, true;
  if (a == kInf) return r = x == kInf ? kNan : zero, true;
  if (x == kInf) return r = one, true;
  return x != x || a != a;
}

/// Elements of a tile that take the same way.
struct GammaList {
  int32_t place[kGammaTile + kGammaLanes];
  int64_t size = 0;
  [[gnu::always_inline]] void add(int64_t i) { place[size++] = int32_t(i); }
};

/// r[i] = prefix[i] times the series of the elements in the list, or 1 less that.
template <class Series>
[[gnu::always_inline]] static inline void run_gamma_list(GammaList& list, const double* a, const double* x,
                                                         const double* prefix, bool complement, double* r,
                                                         Series series) {
  for (int64_t l = 0; l < kGammaLanes && list.size; ++l) list.place[list.size + l] = list.place[list.size - 1];
  for (int64_t first = 0; first < list.size; first += kGammaLanes) {
    double as[kGammaLanes], xs[kGammaLanes], sum[kGammaLanes];
    const int32_t* place = list.place + first;
    for (int64_t l = 0; l < kGammaLanes; ++l) as[l] = a[place[l]], xs[l] = x[place[l]];
    series(as, xs, sum);
    for (int64_t l = 0; l < kGammaLanes && first + l < list.size; ++l) {
      const double product = sum[l] * prefix[place[l]];
      r[place[l]] = complement ? 1.0 - product : product;
    }
  }
}

/// One tile of igamma (`lower`) or igammac.
[[gnu::always_inline]] static inline void gamma_tile(bool lower, double* r, double* a, double* x, int64_t m,
                                                     double small) {
  GammaList series, fraction;
  double prefix[kGammaTile];
  uint64_t any_small = 0, any_large = 0;
  for (int64_t i = 0; i < m; ++i) {
    if (gamma_limits(a[i], x[i], lower, r[i])) a[i] = x[i] = 1;  // of no consequence
    else if (x[i] > 1.0 && x[i] > a[i] + 1.0) fraction.add(i);
    else if (!lower && x[i] <= 1.1 && a[i] < 1.0) r[i] = upper_series(a[i], x[i]);
    else series.add(i);
    any_small |= a[i] < 8.0;
    any_large |= !(a[i] < 8.0);
  }
  if (any_small) {
#pragma GCC ivdep
    for (int64_t i = 0; i < m; ++i) prefix[i] = gamma_prefix_small(a[i], x[i]);
  }
  if (any_large) {
#pragma GCC ivdep
    for (int64_t i = 0; i < m; ++i) {
      const double large = gamma_prefix_large(a[i], x[i]), held = any_small ? prefix[i] : 0.0;
      prefix[i] = a[i] < 8.0 ? held : large;
    }
  }
  run_gamma_list(
      series, a, x, prefix, !lower,
      r, [small](const double* as, const double* xs, double* sum) __attribute__((always_inline)) {
        lower_series(as, xs, sum, small);
      });
  run_gamma_list(
      fraction, a, x, prefix, lower,
      r, [small](const double* as, const double* xs, double* sum) __attribute__((always_inline)) {
        upper_fraction(as, xs, sum, 2 * small);
      });
}

template <class T>
[[gnu::always_inline]] static inline void gamma_integrals(bool lower, T* out, const T* a, const T* x, int64_t n) {
  double as[kGammaTile], xs[kGammaTile], r[kGammaTile];
  for (int64_t first = 0; first < n; first += kGammaTile) {
    const int64_t m = n - first < kGammaTile ? n - first : kGammaTile;
    for (int64_t i = 0; i < m; ++i) as[i] = double(a[first + i]);
    for (int64_t i = 0; i < m; ++i) xs[i] = double(x[first + i]);
    gamma_tile(lower, r, as, xs, m, sizeof(T) == 4 ? 0x1p-32 : 0x1p-54);
    for (int64_t i = 0; i < m; ++i) out[first + i] = T(r[i]);
  }
}

}  // namespace detail

/// The regularised lower incomplete gamma function: the integral of t^(a-1) e^-t from 0 to x over gamma(a). `out` may
/// be one of the operands.
template <class T>
[[gnu::always_inline]] static inline void igamma_n(T* out, const T* a, const T* x, int64_t n) {
  detail::gamma_integrals(true, out, a, x, n);
}
/// The upper one, from x to infinity: 1 - igamma(a, x).
template <class T>
[[gnu::always_inline]] static inline void igammac_n(T* out, const T* a, const T* x, int64_t n) {
  detail::gamma_integrals(false, out, a, x, n);
}
template <class T>
[[gnu::always_inline]] static inline T igamma(T a, T x) {
  T r;
  igamma_n(&r, &a, &x, 1);
  return r;
}
template <class T>
[[gnu::always_inline]] static inline T igammac(T a, T x) {
  T r;
  igammac_n(&r, &a, &x, 1);
  return r;
}

}  // namespace gradus::math
