// Softmax kernels over rows and over columns.
#include "gradus/kernels/math.h"
#include "gradus/kernels/row_fold.h"
#include "gradus/kernels/softmax_table.h"

namespace gradus::GRADUS_TARGET {
namespace {

template <class T>
[[gnu::always_inline]] inline T row_max(const T* x, int64_t n) {
  return fold_row<Monoid::Max, T>(n, [&](int64_t from, int64_t) { return x + from; });
}

template <class T>
void softmax_row(const void* in, const void*, void* out, int64_t n) {
  const T* x = static_cast<const T*>(in);
  T* y = static_cast<T*>(out);
  const T m = row_max(x, n);
  const T sum = fold_row<Monoid::Sum, T>(n, [&](int64_t from, int64_t k) {
    map(
        x + from, x + from, y + from, k, [m](T v, T) __attribute__((always_inline)) { return math::exp(v - m); });
    return static_cast<const T*>(y + from);
  });
  const T share = 1 / sum;
  map(
      y, y, y, n, [share](T v, T) __attribute__((always_inline)) { return v * share; });
}

template <class T>
void log_softmax_row(const void* in, const void*, void* out, int64_t n) {
  const T* x = static_cast<const T*>(in);
  T* y = static_cast<T*>(out);
  const T m = row_max(x, n);
  alignas(64) T exps[kReduceChunk];
  const T log_sum = math::log(fold_row<Monoid::Sum, T>(n, [&](int64_t from, int64_t k) {
    map(
        x + from, x + from, exps, k, [m](T v, T) __attribute__((always_inline)) { return math::exp(v - m); });
    return static_cast<const T*>(exps);
  }));
  map(
      x, x, y, n, [=](T v, T) __attribute__((always_inline)) { return (v - m) - log_sum; });
}

template <class T>
void softmax_backward_row(const void* grad, const void* output, void* out, int64_t n) {
  const T *g = static_cast<const T*>(grad), *y = static_cast<const T*>(output);
  T* to = static_cast<T*>(out);
  alignas(64) T products[kReduceChunk];
  const T sum = fold_row<Monoid::Sum, T>(n, [&](int64_t from, int64_t k) {
    map(
        g + from, y + from, products, k, [](T d, T v) __attribute__((always_inline)) { return d * v; });
    return static_cast<const T*>(products);
  });
  map(
      g, y, to, n, [sum](T d, T v) __attribute__((always_inline)) { return (d - sum) * v; });
}

template <class T>
void log_softmax_backward_row(const void* grad, const void* output, void* out, int64_t n) {
  const T *g = static_cast<const T*>(grad), *y = static_cast<const T*>(output);
  const T sum = fold_row<Monoid::Sum, T>(n, [&](int64_t from, int64_t) { return g + from; });
  map(
      g, y, static_cast<T*>(out), n, [sum](T d, T v) __attribute__((always_inline)) { return d - math::exp(v) * sum; });
}

template <class T>
const T* column_max(const T* x, int64_t stride, int64_t n, int64_t w, T* m) {
  for (int64_t c = 0; c < w; ++c) m[c] = identity_of<Monoid::Max, T>();
  accumulate_rows<Monoid::Max>(m, x, n, stride, w);
  return m;
}

template <class T>
void softmax_columns(const void* in, int64_t xs, const void*, int64_t, void* out, int64_t ys, int64_t n, int64_t w,
                     void* scratch) {
  const T* x = static_cast<const T*>(in);
  T* y = static_cast<T*>(out);
  const T* m = column_max(x, xs, n, w, static_cast<T*>(scratch));
  const T* sum = sum_columns(
      n, w, static_cast<T*>(scratch) + w, [=](int64_t r, int64_t c) __attribute__((always_inline)) {
        return y[r * ys + c] = math::exp(x[r * xs + c] - m[c]);
      });
  T share[kSoftmaxColumns];
  for (int64_t c = 0; c < w; ++c) share[c] = 1 / sum[c];
  for (int64_t r = 0; r < n; ++r) {
#pragma GCC ivdep
    for (int64_t c = 0; c < w; ++c) y[r * ys + c] *= share[c];
  }
}

template <class T>
void log_softmax_columns(const void* in, int64_t xs, const void*, int64_t, void* out, int64_t ys, int64_t n, int64_t w,
                         void* scratch) {
  const T* x = static_cast<const T*>(in);
  T* y = static_cast<T*>(out);
  const T* m = column_max(x, xs, n, w, static_cast<T*>(scratch));
  const T* sum = sum_columns(
      n, w, static_cast<T*>(scratch) + w, [=](int64_t r, int64_t c) __attribute__((always_inline)) {
        return math::exp(x[r * xs + c] - m[c]);
      });
  T log_sum[kSoftmaxColumns];
  for (int64_t c = 0; c < w; ++c) log_sum[c] = math::log(sum[c]);
  for (int64_t r = 0; r < n; ++r) {
#pragma GCC ivdep
    for (int64_t c = 0; c < w; ++c) y[r * ys + c] = (x[r * xs + c] - m[c]) - log_sum[c];
  }
}

template <class T>
void softmax_backward_columns(const void* grad, int64_t gs, const void* output, int64_t ys, void* out, int64_t os,
                              int64_t n, int64_t w, void* scratch) {
  const T *g = static_cast<const T*>(grad), *y = static_cast<const T*>(output);
  T* to = static_cast<T*>(out);
  const T* sum = sum_columns(
      n, w, static_cast<T*>(scratch), [=](int64_t r, int64_t c) __attribute__((always_inline)) {
        return g[r * gs + c] * y[r * ys + c];
      });
  for (int64_t r = 0; r < n; ++r) {
#pragma GCC ivdep
    for (int64_t c = 0; c < w; ++c) to[r * os + c] = (g[r * gs + c] - sum[c]) * y[r * ys + c];
  }
}

template <class T>
void log_softmax_backward_columns(const void* grad, int64_t gs, const void* output, int64_t ys, void* out, int64_t os,
                                  int64_t n, int64_t w, void* scratch) {
  const T *g = static_cast<const T*>(grad), *y = static_cast<const T*>(output);
  T* to = static_cast<T*>(out);
  const T* sum = sum_columns(
      n, w,
      static_cast<T*>(scratch), [=](int64_t r, int64_t c) __attribute__((always_inline)) { return g[r * gs + c]; });
  for (int64_t r = 0; r < n; ++r) {
#pragma GCC ivdep
    for (int64_t c = 0; c < w; ++c) to[r * os + c] = g[r * gs + c] - math::exp(y[r * ys + c]) * sum[c];
  }
}

}  // namespace

constinit const SoftmaxTable softmax_table = {
    {{softmax_row<float>, softmax_row<double>},
     {log_softmax_row<float>, log_softmax_row<double>},
     {softmax_backward_row<float>, softmax_backward_row<double>},
     {log_softmax_backward_row<float>, log_softmax_backward_row<double>}},
    {{softmax_columns<float>, softmax_columns<double>},
     {log_softmax_columns<float>, log_softmax_columns<double>},
     {softmax_backward_columns<float>, softmax_backward_columns<double>},
     {log_softmax_backward_columns<float>, log_softmax_backward_columns<double>}}};

}  // namespace gradus::GRADUS_TARGET
