// Running log-sums of exponentials, sixteen lines at a time.
#include "gradus/kernels/math.h"
#include "gradus/kernels/scan_table.h"

namespace gradus::GRADUS_TARGET {
namespace {

template <class T>
[[gnu::always_inline]] inline double widened(T x) {
  if constexpr (sizeof(T) == 2) return static_cast<double>(static_cast<float>(x));
  else return static_cast<double>(x);
}
template <class T>
[[gnu::always_inline]] inline T rounded(double x) {
  if constexpr (sizeof(T) == 2) return T(static_cast<float>(x));
  else return static_cast<T>(x);
}

// log(exp(a) + exp(b)): equal infinities would leave inf - inf.
[[gnu::always_inline]] inline double add(double a, double b) {
  const double high = math::maximum(a, b), low = math::minimum(a, b);
  return high + math::log1p_exp(high == low ? 0.0 : low - high);
}

template <class T, int64_t width>
[[gnu::always_inline]] inline void logsumexp_lines(const void* in, void* out, const ScanBlock& b) {
  double acc[width], next[width];
  for (int64_t first = 0; first < b.lines; first += width) {
    const int64_t m = b.lines - first < width ? b.lines - first : width;
    const T* from = static_cast<const T*>(in) + first * b.in_next;
    T* to = static_cast<T*>(out) + first * b.out_next;
    for (int64_t c = 0; c < width; ++c) acc[c] = -__builtin_inf(), next[c] = 0;
    for (int64_t i = 0; i < b.n; ++i, from += b.in_step, to += b.out_step) {
      for (int64_t c = 0; c < m; ++c) next[c] = widened(from[c * b.in_next]);
      for (int64_t c = 0; c < width; ++c) acc[c] = add(next[c], acc[c]);
      for (int64_t c = 0; c < m; ++c) to[c * b.out_next] = rounded<T>(acc[c]);
    }
  }
}

template <class T>
[[gnu::flatten]] void logsumexp(const void* in, void* out, const ScanBlock& b) {
  if (b.lines == 1) logsumexp_lines<T, 1>(in, out, b);
  else logsumexp_lines<T, 16>(in, out, b);
}

constexpr ScanTable make_table() {
  ScanTable t{};
  t.logsumexp[static_cast<int>(kFloat16)] = logsumexp<Half>;
  t.logsumexp[static_cast<int>(kBFloat16)] = logsumexp<BFloat16>;
  t.logsumexp[static_cast<int>(kFloat32)] = logsumexp<float>;
  t.logsumexp[static_cast<int>(kFloat64)] = logsumexp<double>;
  return t;
}

}  // namespace

constinit const ScanTable scan_table = make_table();

}  // namespace gradus::GRADUS_TARGET
