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
[[gnu::always_inline]] inline T term(T difference, T p) {
  const T a = math::abs(difference);
  if constexpr (N == Norm::Zero) return difference == 0 ? T(0) : T(1);
  else if constexpr (N == Norm::Two) return a * a;
  else if constexpr (N == Norm::Any) return math::pow(a, p);
  else return a;
}
template <Norm N, class T>
[[gnu::always_inline]] inline T combine(T a, T b) {
  if constexpr (N == Norm::Infinite) return math::maximum(a, b);
  else return a + b;
}
template <Norm N, class T>
[[gnu::always_inline]] inline T finish(T sum, T p) {
  if constexpr (N == Norm::Two) return math::sqrt(sum);
  else if constexpr (N == Norm::Any) return math::pow(sum, T(1) / p);
  else return sum;
}

template <Norm N, class T>
[[gnu::flatten]] void distances(const void* px, const void* py, int64_t k, int64_t m, double power, void* pout) {
  constexpr int64_t lanes = 16;
  const T* x = static_cast<const T*>(px);
  const T* y = static_cast<const T*>(py);
  T* out = static_cast<T*>(pout);
  const T p = static_cast<T>(power);
  for (int64_t j = 0; j < k; ++j, y += m) {
    T sum[lanes] = {};
    int64_t c = 0;
    for (; c + lanes <= m; c += lanes)
      for (int64_t l = 0; l < lanes; ++l) sum[l] = combine<N>(sum[l], term<N>(x[c + l] - y[c + l], p));
    if (c < m) {
      T rest[lanes] = {};
      for (int64_t l = 0; l < m - c; ++l) rest[l] = x[c + l] - y[c + l];
      for (int64_t l = 0; l < lanes; ++l) sum[l] = combine<N>(sum[l], term<N>(rest[l], p));
    }
    for (int64_t half = lanes / 2; half > 0; half /= 2)
      for (int64_t l = 0; l < half; ++l) sum[l] = combine<N>(sum[l], sum[l + half]);
    out[j] = finish<N>(sum[0], p);
  }
}

// d |d|_p / d d_c = sign(d_c) (|d_c| / |d|_p)^(p - 1); 0 where the distance is 0.
template <Norm N, class T>
[[gnu::flatten]] void backward(const void* px, const void* py, int64_t k, int64_t m, double power, const void* pgrad,
                               const void* pdist, void* pout) {
  const T* x = static_cast<const T*>(px);
  const T* y = static_cast<const T*>(py);
  const T* grad = static_cast<const T*>(pgrad);
  const T* dist = static_cast<const T*>(pdist);
  T* __restrict out = static_cast<T*>(pout);
  const T p = static_cast<T>(power);
  for (int64_t j = 0; j < k; ++j, y += m) {
    const T g = grad[j], d = dist[j];
    for (int64_t c = 0; c < m; ++c) {
      const T diff = x[c] - y[c], a = math::abs(diff), sign = T((diff > 0) - (diff < 0));
      T slope;
      if constexpr (N == Norm::Zero) slope = 0;
      else if constexpr (N == Norm::One) slope = sign;
      else if constexpr (N == Norm::Two) slope = diff / d;
      else if constexpr (N == Norm::Infinite) slope = a == d ? sign : T(0);
      else slope = sign * math::pow(a / d, p - 1);
      const bool none = d == 0 || (N == Norm::Any && p < 1 && diff == 0);
      out[c] += none ? T(0) : g * slope;
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
  t.distances[0][n] = distances<N, float>;
  t.distances[1][n] = distances<N, double>;
  t.backward[0][n] = backward<N, float>;
  t.backward[1][n] = backward<N, double>;
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
