// Running log-sums of exponentials and running extrema, several elements or lines at a time.
#include <type_traits>

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

constexpr int64_t kPart = 64;  // elements of a line that share one exponent

// The running log-sums of one part after `acc`. Sums of exp(x - top) where the first is not far below the largest
// element: its logarithm then loses nothing that counts.
[[gnu::always_inline]] inline double logsumexp_part(double* x, double acc) {
  constexpr int64_t lanes = 8;
  double tops[lanes];
  for (int64_t c = 0; c < lanes; ++c) tops[c] = math::maximum(x[c], acc);
  for (int64_t i = lanes; i < kPart; i += lanes)
    for (int64_t c = 0; c < lanes; ++c) tops[c] = math::maximum(tops[c], x[i + c]);
  double top = tops[0];
  for (int64_t c = 1; c < lanes; ++c) top = math::maximum(top, tops[c]);
  const bool first = acc == -__builtin_inf();
  const double before = first ? x[0] : acc, x0 = x[0];
  if (top - before <= 64.0) {
    double sum = math::exp(acc - top);
    for (int64_t i = 0; i < kPart; ++i) x[i] = math::exp(x[i] - top);
    for (int64_t i = 0; i < kPart; ++i) x[i] = sum += x[i];
    for (int64_t i = 0; i < kPart; ++i) x[i] = top + math::log(x[i]);
    if (first) x[0] = x0;
    return x[kPart - 1];
  }
  for (int64_t i = 0; i < kPart; ++i) x[i] = acc = add(x[i], acc);
  return acc;
}

// Up to sixteen lines take turns, part by part, so that neighbours in memory are used together.
template <class T>
[[gnu::flatten]] void logsumexp(const void* in, void* out, const ScanBlock& b) {
  constexpr int64_t width = 16;
  double acc[width], part[kPart];
  for (int64_t first = 0; first < b.lines; first += width) {
    const int64_t lines = b.lines - first < width ? b.lines - first : width;
    for (int64_t c = 0; c < lines; ++c) acc[c] = -__builtin_inf();
    for (int64_t i = 0; i < b.n; i += kPart) {
      const int64_t m = b.n - i < kPart ? b.n - i : kPart;
      for (int64_t c = 0; c < lines; ++c) {
        const T* from = static_cast<const T*>(in) + (first + c) * b.in_next + i * b.in_step;
        T* to = static_cast<T*>(out) + (first + c) * b.out_next + i * b.out_step;
        for (int64_t k = 0; k < m; ++k) part[k] = widened(from[k * b.in_step]);
        for (int64_t k = m; k < kPart; ++k) part[k] = -__builtin_inf();
        acc[c] = logsumexp_part(part, acc[c]);
        for (int64_t k = 0; k < m; ++k) to[k * b.out_step] = rounded<T>(part[k]);
      }
    }
  }
}

// 16-bit floats compare as float.
template <class T>
[[gnu::always_inline]] inline auto comparable(T x) {
  if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>) return T::decode(x.bits);
  else return x;
}
template <bool Max, class V>
[[gnu::always_inline]] inline bool replaces(V v, V best) {
  return (v != v) | ((best == best) & (Max ? v >= best : v <= best));
}

// One line. Parts without a new extremum are filled, which costs no comparison after another.
template <bool Max, class T>
[[gnu::always_inline]] inline void extremum_line(const T* x, T* values, int64_t* places, const ExtremumBlock& b) {
  using V = decltype(comparable(T()));
  using Flag = std::conditional_t<sizeof(V) == 8, uint64_t, std::conditional_t<sizeof(V) == 4, uint32_t, V>>;
  constexpr int64_t part = 16;
  T held = x[0];
  int64_t place = 0, i = 0;
  const bool dense = b.step[0] == 1 && b.step[1] == 1 && b.step[2] == 1;
  while (i < b.n) {
    const int64_t m = b.n - i < part ? b.n - i : part;
    const V best = comparable(held);
    if (dense && m == part && best == best) {
      Flag any = 0;
      for (int64_t k = 0; k < part; ++k) {
        const V v = comparable(x[i + k]);
        any |= Flag(!(Max ? v < best : v > best));
      }
      if (!any) {
        for (int64_t k = 0; k < part; ++k) values[i + k] = held;
        for (int64_t k = 0; k < part; ++k) places[i + k] = place;
        i += part;
        continue;
      }
    }
    for (const int64_t end = i + m; i < end; ++i) {
      const T v = x[i * b.step[0]];
      const bool better = replaces<Max>(comparable(v), comparable(held));
      held = better ? v : held;
      place = better ? i : place;
      values[i * b.step[1]] = held;
      places[i * b.step[2]] = place;
    }
  }
}

// Lines whose elements lie side by side, row by row.
template <bool Max, class T>
[[gnu::always_inline]] inline void extremum_rows(const T* x, T* values, int64_t* places, const ExtremumBlock& b) {
  for (int64_t c = 0; c < b.lines; ++c) values[c] = x[c];
  for (int64_t c = 0; c < b.lines; ++c) places[c] = 0;
  for (int64_t i = 1; i < b.n; ++i) {
    const T* from = x + i * b.step[0];
    const T* held = values + (i - 1) * b.step[1];
    const int64_t* place = places + (i - 1) * b.step[2];
    T* to = values + i * b.step[1];
    int64_t* at = places + i * b.step[2];
#pragma GCC ivdep
    for (int64_t c = 0; c < b.lines; ++c) {
      const bool better = replaces<Max>(comparable(from[c]), comparable(held[c]));
      to[c] = better ? from[c] : held[c];
      at[c] = better ? i : place[c];
    }
  }
}

template <bool Max, class T>
[[gnu::flatten]] void extremum(const void* in, void* out, int64_t* places, const ExtremumBlock& b) {
  const T* x = static_cast<const T*>(in);
  T* values = static_cast<T*>(out);
  if (b.lines > 1 && b.next[0] == 1 && b.next[1] == 1 && b.next[2] == 1)
    return extremum_rows<Max>(x, values, places, b);
  for (int64_t c = 0; c < b.lines; ++c)
    extremum_line<Max>(x + c * b.next[0], values + c * b.next[1], places + c * b.next[2], b);
}

template <class T>
constexpr void fill_extremum(ScanTable& t, DType dtype) {
  t.extremum[0][static_cast<int>(dtype)] = extremum<true, T>;
  t.extremum[1][static_cast<int>(dtype)] = extremum<false, T>;
}

constexpr ScanTable make_table() {
  ScanTable t{};
  t.logsumexp[static_cast<int>(kFloat16)] = logsumexp<Half>;
  t.logsumexp[static_cast<int>(kBFloat16)] = logsumexp<BFloat16>;
  t.logsumexp[static_cast<int>(kFloat32)] = logsumexp<float>;
  t.logsumexp[static_cast<int>(kFloat64)] = logsumexp<double>;
  fill_extremum<uint8_t>(t, kBool);
  fill_extremum<uint8_t>(t, kUInt8);
  fill_extremum<int8_t>(t, kInt8);
  fill_extremum<int16_t>(t, kInt16);
  fill_extremum<int32_t>(t, kInt32);
  fill_extremum<int64_t>(t, kInt64);
  fill_extremum<Half>(t, kFloat16);
  fill_extremum<BFloat16>(t, kBFloat16);
  fill_extremum<float>(t, kFloat32);
  fill_extremum<double>(t, kFloat64);
  return t;
}

}  // namespace

constinit const ScanTable scan_table = make_table();

}  // namespace gradus::GRADUS_TARGET
