// Absolute values and squares on their way into a reduction; norms of differences of rows and their gradients.
#include "gradus/kernels/vector_norm.h"

#include "gradus/kernels/math.h"
#include "gradus/kernels/reduce_convert.h"
#include "gradus/kernels/vector_norm_table.h"

namespace gradus::GRADUS_TARGET {
namespace {

template <class From, class To, Mapped Map>
[[gnu::flatten]] void gather_norm(void* dst, const void* src, int64_t rows, int64_t row_stride, int64_t cols,
                                  int64_t col_stride) {
  gather_by<From, To>(
      dst, src, rows, row_stride, cols, col_stride, [](From x) __attribute__((always_inline)) {
        const To v = convert<To>(x);
        if constexpr (Map == Mapped::NanToZero) return v != v ? To(0) : v;
        else return Map == Mapped::Square ? v * v : math::abs(v);
      });
}

template <Norm N, class T>
[[gnu::always_inline]] inline T term(T difference) {
  const T a = math::abs(difference);
  if constexpr (N == Norm::Zero) return difference == 0 ? T(0) : T(1);
  else if constexpr (N == Norm::Two) return a * a;
  else return a;
}
template <Norm N, class T>
[[gnu::always_inline]] inline T combine(T a, T b) {
  if constexpr (N == Norm::Infinite) return math::maximum(a, b);
  else return a + b;
}

constexpr int64_t kLanes = 16;  // partial sums of a row
constexpr int64_t kPart = 256;  // powers taken together

template <Norm N, class T>
[[gnu::always_inline]] inline T fold_lanes(T* sum) {
  for (int64_t half = kLanes / 2; half > 0; half /= 2)
    for (int64_t l = 0; l < half; ++l) sum[l] = combine<N>(sum[l], sum[l + half]);
  return sum[0];
}

// x[i]^p for x >= 0: small whole powers by multiplication.
template <class T>
[[gnu::always_inline]] inline void raise_all(T* x, int64_t n, T p) {
  const int64_t whole = p >= 1 && p <= 16 ? static_cast<int64_t>(p) : 0;
  if (static_cast<T>(whole) == p) {
    for (int64_t i = 0; i < n; ++i) {
      T power = 1, square = x[i];
      for (int bit = 0; bit < 5; ++bit, square *= square) power = whole >> bit & 1 ? power * square : power;
      x[i] = power;
    }
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) x[i] = math::pow(x[i], p);
  }
}

template <Norm N, class T>
[[gnu::flatten]] void distances(const void* px, const void* py, int64_t k, int64_t m, double, void* pout) {
  const T* x = static_cast<const T*>(px);
  const T* y = static_cast<const T*>(py);
  T* out = static_cast<T*>(pout);
  for (int64_t j = 0; j < k; ++j, y += m) {
    T sum[kLanes] = {};
    int64_t c = 0;
    for (; c + kLanes <= m; c += kLanes)
      for (int64_t l = 0; l < kLanes; ++l) sum[l] = combine<N>(sum[l], term<N>(x[c + l] - y[c + l]));
    if (c < m) {
      T rest[kLanes] = {};
      for (int64_t l = 0; l < m - c; ++l) rest[l] = x[c + l] - y[c + l];
      for (int64_t l = 0; l < kLanes; ++l) sum[l] = combine<N>(sum[l], term<N>(rest[l]));
    }
    const T total = fold_lanes<N>(sum);
    out[j] = N == Norm::Two ? math::sqrt(total) : total;
  }
}

// Any other power: a part of a row at a time, so that the powers are one long loop.
template <class T>
[[gnu::flatten]] void power_distances(const void* px, const void* py, int64_t k, int64_t m, double power, void* pout) {
  const T* x = static_cast<const T*>(px);
  const T* y = static_cast<const T*>(py);
  T* out = static_cast<T*>(pout);
  const T p = static_cast<T>(power);
  for (int64_t j = 0; j < k; ++j, y += m) {
    T sum[kLanes] = {}, part[kPart];
    for (int64_t c = 0; c < m; c += kPart) {
      const int64_t n = m - c < kPart ? m - c : kPart;
      for (int64_t i = 0; i < n; ++i) part[i] = math::abs(x[c + i] - y[c + i]);
      raise_all(part, n, p);
      for (int64_t i = 0; i + kLanes <= n; i += kLanes)
        for (int64_t l = 0; l < kLanes; ++l) sum[l] += part[i + l];
      for (int64_t i = n / kLanes * kLanes, l = 0; i < n; ++i, ++l) sum[l] += part[i];
    }
    out[j] = fold_lanes<Norm::Any>(sum);
  }
#pragma GCC ivdep
  for (int64_t j = 0; j < k; ++j) out[j] = math::pow(out[j], T(1) / p);
}

// d |d|_p / d d_c = sign(d_c) (|d_c| / |d|_p)^(p - 1); 0 where the distance is 0.
template <Norm N, class T>
[[gnu::flatten]] void backward(const void* px, const void* py, int64_t k, int64_t m, double, const void* pgrad,
                               const void* pdist, void* pout) {
  const T* x = static_cast<const T*>(px);
  const T* y = static_cast<const T*>(py);
  const T* grad = static_cast<const T*>(pgrad);
  const T* dist = static_cast<const T*>(pdist);
  T* __restrict out = static_cast<T*>(pout);
  for (int64_t j = 0; j < k; ++j, y += m) {
    const T g = grad[j], d = dist[j];
    for (int64_t c = 0; c < m; ++c) {
      const T diff = x[c] - y[c], a = math::abs(diff), sign = T((diff > 0) - (diff < 0));
      T slope;
      if constexpr (N == Norm::Zero) slope = 0;
      else if constexpr (N == Norm::One) slope = sign;
      else if constexpr (N == Norm::Two) slope = diff / d;
      else slope = a == d ? sign : T(0);
      out[c] += d == 0 ? T(0) : g * slope;
    }
  }
}

template <class T>
[[gnu::flatten]] void power_backward(const void* px, const void* py, int64_t k, int64_t m, double power,
                                     const void* pgrad, const void* pdist, void* pout) {
  const T* x = static_cast<const T*>(px);
  const T* y = static_cast<const T*>(py);
  const T* grad = static_cast<const T*>(pgrad);
  const T* dist = static_cast<const T*>(pdist);
  const T p = static_cast<T>(power);
  for (int64_t j = 0; j < k; ++j, y += m) {
    const T g = grad[j], d = dist[j];
    if (d == 0) continue;
    T part[kPart];
    for (int64_t c = 0; c < m; c += kPart) {
      const int64_t n = m - c < kPart ? m - c : kPart;
      T* __restrict out = static_cast<T*>(pout) + c;
      for (int64_t i = 0; i < n; ++i) part[i] = math::abs(x[c + i] - y[c + i]) / d;
      raise_all(part, n, p - 1);
      for (int64_t i = 0; i < n; ++i) {
        const T diff = x[c + i] - y[c + i], slope = math::copysign(part[i], diff);
        out[i] += diff == 0 && p <= 1 ? T(0) : g * slope;
      }
    }
  }
}

template <class From, class To>
constexpr void fill_gather(VectorNormTable& t, DType dtype) {
  const int d = static_cast<int>(dtype);
  t.mapped[0][d] = gather_norm<From, To, Mapped::Absolute>;
  t.mapped[1][d] = gather_norm<From, To, Mapped::Square>;
  t.mapped[2][d] = gather_norm<From, To, Mapped::NanToZero>;
}

template <Norm N>
constexpr void fill_norm(VectorNormTable& t) {
  constexpr int n = static_cast<int>(N);
  if constexpr (N == Norm::Any) {
    t.distances[0][n] = power_distances<float>;
    t.distances[1][n] = power_distances<double>;
    t.backward[0][n] = power_backward<float>;
    t.backward[1][n] = power_backward<double>;
  } else {
    t.distances[0][n] = distances<N, float>;
    t.distances[1][n] = distances<N, double>;
    t.backward[0][n] = backward<N, float>;
    t.backward[1][n] = backward<N, double>;
  }
}

constexpr VectorNormTable make_table() {
  VectorNormTable t{};
  fill_gather<Half, float>(t, kFloat16);
  fill_gather<BFloat16, float>(t, kBFloat16);
  fill_gather<float, float>(t, kFloat32);
  fill_gather<double, double>(t, kFloat64);
  fill_norm<Norm::Zero>(t);
  fill_norm<Norm::One>(t);
  fill_norm<Norm::Two>(t);
  fill_norm<Norm::Infinite>(t);
  fill_norm<Norm::Any>(t);
  return t;
}

}  // namespace

constinit const VectorNormTable vector_norm_table = make_table();

}  // namespace gradus::GRADUS_TARGET
