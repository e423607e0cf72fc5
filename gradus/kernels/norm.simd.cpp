// Moments, normalisation and its gradient over rows, segments and columns.
#include "gradus/kernels/math.h"
#include "gradus/kernels/norm_table.h"
#include "gradus/kernels/row_fold.h"

namespace gradus::GRADUS_TARGET {
namespace {

template <class T>
T sum(const T* x, int64_t n) {
  T total;
  sum_terms<1>(
      n,
      &total, [x](int64_t i, int64_t left, auto* v) __attribute__((always_inline)) { v[0] = load_some(x + i, left); });
  return total;
}

template <class T>
T spread(const T* x, int64_t n, T mean) {
  T total;
  sum_terms<1>(
      n, &total, [ x, mean ](int64_t i, int64_t left, auto* v) __attribute__((always_inline)) {
        const auto d = load_some(x + i, left) - mean;
        v[0] = d * d;
      });
  return total;
}

template <class T>
void dots(const T* g, const T* x, int64_t n, T mean, T* sums) {
  sum_terms<2>(
      n, sums, [ g, x, mean ](int64_t i, int64_t left, auto* v) __attribute__((always_inline)) {
        v[0] = load_some(g + i, left);
        v[1] = v[0] * (load_some(x + i, left) - mean);
      });
}

template <class T>
void affine(const T* x, T* y, int64_t n, T mean, T scale, T bias) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale + bias;
}

template <class T>
void combine(const T* g, const T* x, T* dx, int64_t n, T mean, T scale, T slope, T offset) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) dx[i] = g[i] * scale - (x[i] - mean) * slope - offset;
}

template <class T>
void row(const T* x, const T* weight, const T* bias, T* y, int64_t n, T eps, T* mean_out, T* rstd_out) {
  const T mean = sum(x, n) / static_cast<T>(n);
  const T rstd = 1 / math::sqrt(spread(x, n, mean) / static_cast<T>(n) + eps);
  *mean_out = mean;
  *rstd_out = rstd;
  if (weight && bias) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd * weight[i] + bias[i];
  } else if (weight) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd * weight[i];
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd + (bias ? bias[i] : 0);
  }
}

template <class T>
void row_dx(const T* g, const T* x, const T* weight, T* dx, int64_t n, T mean, T rstd) {
  T sums[2];  // of g * weight, and of that times (x - mean)
  if (!weight) {
    dots(g, x, n, mean, sums);
  } else {
    sum_terms<2>(
        n, sums, [=](int64_t i, int64_t left, auto* v) __attribute__((always_inline)) {
          v[0] = load_some(g + i, left) * load_some(weight + i, left);
          v[1] = v[0] * (load_some(x + i, left) - mean);
        });
  }
  const T slope = sums[1] * rstd * rstd * rstd / static_cast<T>(n), offset = sums[0] * rstd / static_cast<T>(n);
  if (!weight) return combine(g, x, dx, n, mean, rstd, slope, offset);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) dx[i] = g[i] * weight[i] * rstd - (x[i] - mean) * slope - offset;
}

template <class T>
void row_backward(const T* g, const T* x, const T* weight, T* dx, int64_t n, T mean, T rstd, T* dweight, T* dbias) {
  if (dx) row_dx(g, x, weight, dx, n, mean, rstd);
  if (!dweight) return;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    dweight[i] += g[i] * ((x[i] - mean) * rstd);
    dbias[i] += g[i];
  }
}

template <class T>
void columns_moments(const T* x, int64_t stride, int64_t n, int64_t w, T* mean, T* spread, T* scratch) {
  const T* sums = sum_columns(
      n, w, scratch, [=](int64_t r, int64_t c) __attribute__((always_inline)) { return x[r * stride + c]; });
  for (int64_t c = 0; c < w; ++c) mean[c] = sums[c] / static_cast<T>(n);
  const T* squares = sum_columns(
      n, w, scratch, [=](int64_t r, int64_t c) __attribute__((always_inline)) {
        const T d = x[r * stride + c] - mean[c];
        return d * d;
      });
  for (int64_t c = 0; c < w; ++c) spread[c] = squares[c];
}

template <class T>
void columns_dots(const T* g, const T* x, int64_t stride, int64_t n, int64_t w, const T* mean, T* sums, T* dots,
                  T* scratch) {
  const T* s = sum_columns(
      n, w, scratch, [=](int64_t r, int64_t c) __attribute__((always_inline)) { return g[r * stride + c]; });
  for (int64_t c = 0; c < w; ++c) sums[c] = s[c];
  s = sum_columns(
      n, w, scratch, [=](int64_t r, int64_t c) __attribute__((always_inline)) {
        return g[r * stride + c] * (x[r * stride + c] - mean[c]);
      });
  for (int64_t c = 0; c < w; ++c) dots[c] = s[c];
}

template <class T>
void columns_affine(const T* x, T* y, int64_t stride, int64_t n, int64_t w, const T* mean, const T* scale,
                    const T* bias) {
  for (int64_t r = 0; r < n; ++r, x += stride, y += stride) {
#pragma GCC ivdep
    for (int64_t c = 0; c < w; ++c) y[c] = (x[c] - mean[c]) * scale[c] + bias[c];
  }
}

template <class T>
void columns_combine(const T* g, const T* x, T* dx, int64_t stride, int64_t n, int64_t w, const T* mean, const T* scale,
                     const T* slope, const T* offset) {
  for (int64_t r = 0; r < n; ++r, g += stride, x += stride, dx += stride) {
#pragma GCC ivdep
    for (int64_t c = 0; c < w; ++c) dx[c] = g[c] * scale[c] - (x[c] - mean[c]) * slope[c] - offset[c];
  }
}

template <class T>
constexpr NormTable<T> table() {
  return {row<T>,     row_backward<T>,    sum<T>,          spread<T>,         dots<T>,           affine<T>,
          combine<T>, columns_moments<T>, columns_dots<T>, columns_affine<T>, columns_combine<T>};
}

}  // namespace

constinit const NormTable<float> norm_table_float = table<float>();
constinit const NormTable<double> norm_table_double = table<double>();

}  // namespace gradus::GRADUS_TARGET
