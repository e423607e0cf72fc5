// Counting and searching, element by element.
#include "gradus/kernels/statistics.h"

#include <algorithm>
#include <type_traits>

namespace gradus {
namespace {

template <class F>
void dispatch_integers(DType t, F&& f) {
  switch (t) {
    case DType::UInt8: return f.template operator()<uint8_t>();
    case DType::Int8: return f.template operator()<int8_t>();
    case DType::Int16: return f.template operator()<int16_t>();
    case DType::Int32: return f.template operator()<int32_t>();
    default: return f.template operator()<int64_t>();
  }
}

// 16-bit floats compare and add as float.
template <class T>
using Wide = std::conditional_t<sizeof(T) == 2 && !std::is_integral_v<T>, float, T>;

int64_t stride_of(const Array& a) { return a.ndim ? a.strides[0] : 0; }

template <class W, class T, class F>
void add_weights(const T* x, int64_t n, int64_t step, W* out, F&& weight) {
  for (int64_t i = 0; i < n; ++i) out[static_cast<int64_t>(x[i * step])] += weight(i);
}

// The bin of x inside [low, high].
template <class T>
int64_t bin_of(Wide<T> x, const T* edges, int64_t bins, const BinRule& rule) {
  using W = Wide<T>;
  int64_t k;
  if (!rule.even) {
    k = std::upper_bound(edges, edges + bins + 1, x, [](W a, T b) { return a < static_cast<W>(b); }) - edges - 1;
  } else {
    const W low = static_cast<W>(rule.low), high = static_cast<W>(rule.high);
    k = static_cast<int64_t>((x - low) * static_cast<W>(bins) / (high - low));
    if (rule.exact) {
      const int64_t first = std::max<int64_t>(0, k - 1), last = std::min(k + 2, bins + 1);
      k = std::upper_bound(edges + first, edges + last, x, [](W a, T b) { return a < static_cast<W>(b); }) - edges - 1;
    }
  }
  return k == bins ? k - 1 : k;
}

template <class T>
void histogram(const T* x, int64_t n, const T* edges, const T* weights, const BinRule& rule, T* hist, int64_t bins) {
  using W = Wide<T>;
  const W low = static_cast<W>(rule.low), high = static_cast<W>(rule.high);
  for (int64_t i = 0; i < n; ++i) {
    const W v = static_cast<W>(x[i]);
    if (!(v >= low && v <= high)) continue;
    T& count = hist[bin_of<T>(v, edges, bins, rule)];
    count = static_cast<T>(static_cast<W>(count) + (weights ? static_cast<W>(weights[i]) : W(1)));
  }
}

// True where the element stands before the place searched for.
template <bool Right, class W>
bool stands_before(W element, W value) {
  return Right ? !(element > value) : !(element >= value);
}

// Halves the rest without a branch.
template <bool Right, class T>
int64_t search(const T* row, const int64_t* order, int64_t n, Wide<T> value) {
  using W = Wide<T>;
  int64_t at = 0;
  const auto element = [=](int64_t i) { return static_cast<W>(row[order ? order[i] : i]); };
  while (n > 0) {
    const int64_t half = n / 2;
    const bool before = stands_before<Right>(element(at + half), value);
    at = before ? at + half + 1 : at;
    n = before ? n - half - 1 : half;
  }
  return at;
}

// Eight searches step by step, so that their loads overlap; each keeps base <= place <= base + rest.
template <bool Right, class T, class I>
void search_eight(const T* row, int64_t n, const T* values, I* out) {
  using W = Wide<T>;
  const T* base[8];
  W value[8];
  for (int k = 0; k < 8; ++k) base[k] = row, value[k] = static_cast<W>(values[k]);
  while (n > 1) {
    const int64_t half = n / 2;
    for (int k = 0; k < 8; ++k) {
      const T* next = base[k] + half;
      base[k] = stands_before<Right>(static_cast<W>(next[-1]), value[k]) ? next : base[k];
    }
    n -= half;
  }
  for (int k = 0; k < 8; ++k)
    out[k] = static_cast<I>(base[k] - row + (n == 1 && stands_before<Right>(static_cast<W>(*base[k]), value[k])));
}

template <bool Right, class T, class I>
void search_rows(const T* sorted, const int64_t* order, int64_t n, bool one_row, const T* values, int64_t rows,
                 int64_t m, I* out) {
  for (int64_t r = 0; r < rows; ++r, values += m, out += m) {
    const T* row = sorted + (one_row ? 0 : r * n);
    const int64_t* places = order ? order + (one_row ? 0 : r * n) : nullptr;
    int64_t i = 0;
    if (!places)
      for (; i + 8 <= m; i += 8) search_eight<Right>(row, n, values + i, out + i);
    for (; i < m; ++i) out[i] = static_cast<I>(search<Right>(row, places, n, static_cast<Wide<T>>(values[i])));
  }
}

}  // namespace

void integer_bounds(const Array& in, int64_t& low, int64_t& high) {
  dispatch_integers(in.dtype, [&]<class T>() {
    const T* x = in.as<T>();
    const int64_t n = in.numel(), step = stride_of(in);
    T least = *x, most = *x;
    for (int64_t i = 0; i < n; ++i) {
      const T v = x[i * step];
      least = v < least ? v : least;
      most = v > most ? v : most;
    }
    low = static_cast<int64_t>(least);
    high = static_cast<int64_t>(most);
  });
}

void count_integers(const Array& in, const Array& weights, const Array& out) {
  const int64_t n = in.numel(), step = stride_of(in), w_step = stride_of(weights);
  dispatch_integers(in.dtype, [&]<class T>() {
    const T* x = in.as<T>();
    if (!weights.data) add_weights(x, n, step, out.as<int64_t>(), [](int64_t) { return int64_t{1}; });
    else if (out.dtype == kFloat32)
      add_weights(x, n, step, out.as<float>(), [&](int64_t i) { return weights.as<float>()[i * w_step]; });
    else add_weights(x, n, step, out.as<double>(), [&](int64_t i) { return weights.as<double>()[i * w_step]; });
  });
}

void fill_histogram(const Array& in, const Array& edges, const Array& weights, const BinRule& rule, const Array& hist) {
  const int64_t n = in.numel(), bins = hist.numel();
  const auto run = [&]<class T>() {
    histogram(in.as<T>(), n, edges.as<T>(), weights.as<T>(), rule, hist.as<T>(), bins);
  };
  if (in.dtype == kFloat64) run.template operator()<double>();
  else if (in.dtype == kFloat16) run.template operator()<Half>();
  else if (in.dtype == kBFloat16) run.template operator()<BFloat16>();
  else run.template operator()<float>();
}

void search_sorted(const Array& sorted, const Array& order, const Array& values, bool right, const Array& out) {
  const int64_t total = values.numel(), n = sorted.ndim ? sorted.sizes[sorted.ndim - 1] : 1;
  const bool one_row = sorted.ndim <= 1;
  const int64_t m = one_row ? total : values.sizes[values.ndim - 1];
  if (total == 0) return;
  dispatch(sorted.dtype, [&]<class T>() {
    const auto run = [&]<class I>() {
      const auto search = right ? &search_rows<true, T, I> : &search_rows<false, T, I>;
      search(sorted.as<T>(), order.as<int64_t>(), n, one_row, values.as<T>(), total / m, m, out.as<I>());
    };
    if (out.dtype == kInt32) run.template operator()<int32_t>();
    else run.template operator()<int64_t>();
  });
}

}  // namespace gradus
