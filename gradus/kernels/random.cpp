// The samplers: memory order, blocks of draws, and the arithmetic that is done one element at a time.
#include "gradus/kernels/random.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <type_traits>
#include <utility>

#include "gradus/core/shape.h"

namespace gradus {
namespace {

using Guard = std::lock_guard<const Generator>;

constexpr int64_t kChunk = 1024;  // elements produced at a time
constexpr double kTwoPi = 6.283185307179586;

const RandomTable& table() { return GRADUS_PICK(random_table); }

template <class T, class V>
T cast(V value) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    return T(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

// ---- Memory order ----

/// Dims from the innermost in memory outwards, merged where `out` (and `other`) run on; `other` is any second operand.
struct Order {
  Dims sizes, strides, other;
  int64_t numel = 1;
  bool dense() const { return sizes.size() == 1 && strides[0] == 1; }
};

// Insertion sort by stride; equal strides (overlapping memory) go by size. Dims of one element cannot matter.
Order memory_order(const Array& out, const int64_t* other = nullptr) {
  Order order;
  for (int d = out.ndim - 1; d >= 0; --d) {
    const int64_t size = out.sizes[d], stride = out.strides[d];
    order.numel *= size;
    if (size == 1) continue;
    int64_t at = order.sizes.size();
    while (at > 0 &&
           (order.strides[at - 1] > stride || (order.strides[at - 1] == stride && order.sizes[at - 1] > size)))
      --at;
    order.sizes.insert(at, size);
    order.strides.insert(at, stride);
    order.other.insert(at, other ? other[d] : 0);
  }
  if (order.sizes.empty()) {
    order.sizes.push_back(1);
    order.strides.push_back(1);
    order.other.push_back(1);
    return order;
  }
  for (int64_t d = 0; d + 1 < order.sizes.size();) {
    const int64_t size = order.sizes[d];
    if (order.strides[d] * size != order.strides[d + 1] || (other && order.other[d] * size != order.other[d + 1])) {
      ++d;
      continue;
    }
    order.sizes[d] *= order.sizes[d + 1];
    order.sizes.erase(d + 1);
    order.strides.erase(d + 1);
    order.other.erase(d + 1);
  }
  return order;
}

/// Calls row(offset in out, offset in other) for every innermost row, in memory order.
template <class Row>
void for_each_row(const Order& order, Row&& row) {
  const int64_t ndim = order.sizes.size();
  Dims index(ndim, 0);
  int64_t offset = 0, other = 0;
  while (true) {
    row(offset, other);
    int64_t d = 1;
    for (; d < ndim; ++d) {
      offset += order.strides[d];
      other += order.other[d];
      if (++index[d] < order.sizes[d]) break;
      offset -= order.strides[d] * order.sizes[d];
      other -= order.other[d] * order.sizes[d];
      index[d] = 0;
    }
    if (d >= ndim) return;
  }
}

/// Fills `out` in memory order; source(T* to, n) writes the next n numbers.
template <class T, class Source>
void fill(const Array& out, Source&& source) {
  const Order order = memory_order(out);
  if (order.numel == 0) return;
  if (order.dense()) return source(out.as<T>(), order.numel);
  T buffer[kChunk];
  int64_t left = order.numel, at = 0, held = 0;
  for_each_row(order, [&](int64_t offset, int64_t) {
    T* to = out.as<T>() + offset;
    for (int64_t i = 0; i < order.sizes[0]; ++i, to += order.strides[0]) {
      if (at == held) {
        held = left < kChunk ? left : kChunk;
        source(buffer, held);
        left -= held;
        at = 0;
      }
      *to = buffer[at++];
    }
  });
}

/// Splits a run of n elements into chunks with `words` raw words for each element: use(raw, to, count).
template <int words, class T, class Use>
void in_chunks(Generator& gen, T* to, int64_t n, Use&& use) {
  uint32_t raw[kChunk * words];
  for (; n > 0; n -= kChunk, to += kChunk) {
    const int64_t count = n < kChunk ? n : kChunk;
    table().draw(gen.state().engine, raw, count * words);
    use(static_cast<const uint32_t*>(raw), to, count);
  }
}

/// The same for samplers that turn one 53-bit uniform into one number.
template <class T, class F>
void from_uniform(Generator& gen, const Array& out, F&& f) {
  fill<T>(out, [&](T* data, int64_t n) {
    in_chunks<2>(gen, data, n, [&](const uint32_t* raw, T* to, int64_t count) {
      double u[kChunk];
      table().uniform_f64(raw, u, count, 0.0, 1.0);
      for (int64_t i = 0; i < count; ++i) to[i] = cast<T>(f(u[i]));
    });
  });
}

template <class F>
void dispatch_floating(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Float16: return f.template operator()<Half>();
    case DType::BFloat16: return f.template operator()<BFloat16>();
    case DType::Float64: return f.template operator()<double>();
    default: return f.template operator()<float>();
  }
}

void narrow(const float* in, Half* out, int64_t n) { table().to_f16(in, reinterpret_cast<uint16_t*>(out), n); }
void narrow(const float* in, BFloat16* out, int64_t n) { table().to_bf16(in, reinterpret_cast<uint16_t*>(out), n); }

// ---- Uniform ----

// The 16-bit types compute in float, bounds included.
template <class T>
using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class T>
void uniform_chunk(const uint32_t* raw, T* to, int64_t n, Compute<T> from, Compute<T> end) {
  if constexpr (std::is_same_v<T, float>) {
    table().uniform_f32(raw, to, n, from, end);
  } else if constexpr (std::is_same_v<T, double>) {
    table().uniform_f64(raw, to, n, from, end);
  } else {
    float wide[kChunk];
    table().uniform_f32(raw, wide, n, from, end);
    narrow(wide, to, n);
    // Rounding may reach the open end; zero has two spellings.
    const T first(from), open(end);
    const uint16_t mask = (open.bits & 0x7fff) == 0 ? 0x7fff : 0xffff;
    for (int64_t i = 0; i < n; ++i) to[i].bits = ((to[i].bits ^ open.bits) & mask) == 0 ? first.bits : to[i].bits;
  }
}

// ---- Normal ----

void box_muller(double u_radius, double u_angle, double& first, double& second) {
  const double radius = std::sqrt(-2.0 * std::log1p(-u_radius));
  const double angle = kTwoPi * u_angle;
  first = radius * std::cos(angle);
  second = radius * std::sin(angle);
}

/// The next n standard normals, in pairs; the second of a broken pair waits in the generator. At most kChunk.
void next_normals(Generator& gen, double* out, int64_t n) {
  Generator::State& state = gen.state();
  if (n > 0 && state.has_next_double) {
    state.has_next_double = false;
    *out++ = state.next_double;
    --n;
  }
  uint32_t raw[2 * kChunk + 2];
  double u[kChunk + 1];
  const int64_t draws = (n + 1) & ~int64_t{1};
  table().draw(state.engine, raw, 2 * draws);
  table().uniform_f64(raw, u, draws, 0.0, 1.0);
  for (int64_t i = 0; i + 1 < n; i += 2) box_muller(u[i + 1], u[i], out[i], out[i + 1]);
  if (n % 2 == 0) return;
  box_muller(u[n], u[n - 1], out[n - 1], state.next_double);
  state.has_next_double = true;
}

/// Elements made of normals one by one: f(normal·std + mean).
template <class T, class F>
void from_normal(Generator& gen, const Array& out, double mean, double std, F&& f) {
  fill<T>(out, [&](T* data, int64_t n) {
    double values[kChunk];
    for (; n > 0; n -= kChunk, data += kChunk) {
      const int64_t count = n < kChunk ? n : kChunk;
      next_normals(gen, values, count);
      table().affine_f64(values, count, std, mean);
      for (int64_t i = 0; i < count; ++i) data[i] = cast<T>(f(values[i]));
    }
  });
}

bool is_row_major(const Array& a) {
  int64_t expected = 1;
  for (int d = a.ndim - 1; d >= 0; --d) {
    if (a.sizes[d] != 1 && a.strides[d] != expected) return false;
    expected *= a.sizes[d];
  }
  return true;
}

void box_muller_16(double* data) {
  for (int j = 0; j < 8; ++j) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - data[j]));
    const double angle = kTwoPi * data[j + 8];
    data[j] = radius * std::cos(angle);
    data[j + 8] = radius * std::sin(angle);
  }
}

// `n` is a multiple of 16 and at most kChunk.
template <class T>
void normal_chunk(const uint32_t* raw, T* to, int64_t n, Compute<T> mean, Compute<T> std) {
  if constexpr (std::is_same_v<T, double>) {
    table().uniform_f64(raw, to, n, 0.0, 1.0);
    for (int64_t i = 0; i < n; i += 16) box_muller_16(to + i);
    table().affine_f64(to, n, std, mean);
  } else if constexpr (std::is_same_v<T, float>) {
    table().uniform_f32(raw, to, n, 0.0f, 1.0f);
    table().normal_f32(to, n / 16, mean, std);
  } else {
    float wide[kChunk];
    table().uniform_f32(raw, wide, n, 0.0f, 1.0f);
    table().normal_f32(wide, n / 16, mean, std);
    narrow(wide, to, n);
  }
}

// Rows of 16: where the length is no multiple of 16, the last 16 elements are done once more with fresh draws.
template <class T>
void normal_rows(Generator& gen, T* data, int64_t n, Compute<T> mean, Compute<T> std) {
  constexpr int words = std::is_same_v<T, double> ? 2 : 1;
  const int64_t whole = n & ~int64_t{15};
  const auto use = [&](const uint32_t* raw, T* to, int64_t count) { normal_chunk(raw, to, count, mean, std); };
  in_chunks<words>(gen, data, whole, use);
  if (whole == n) return;
  uint32_t skipped[16 * words];
  if constexpr (item_size(DTypeOf<T>::value) > 2) table().draw(gen.state().engine, skipped, (n - whole) * words);
  in_chunks<words>(gen, data + n - 16, 16, use);
}

// ---- Bernoulli ----

// k·2^-53 < p for whole k, decided on integers: the scaling is exact.
uint64_t bernoulli_threshold(double p) { return static_cast<uint64_t>(std::ceil(p * 0x1p53)); }

template <class T>
void bernoulli_run(Generator& gen, T* data, int64_t n, uint64_t threshold, T value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  const auto below = table().below[std::bit_width(sizeof(T)) - 1];
  in_chunks<2>(gen, data, n,
               [&](const uint32_t* raw, T* to, int64_t count) { below(raw, to, count, threshold, bits); });
}

template <class T, class P>
void set_hits(const Compute<P>* u, const P* p, T* to, int64_t n, int64_t p_stride, int64_t stride) {
  const T one = cast<T>(1), values[2] = {T{}, one};
  if (stride == 1 && p_stride == 1) {
    for (int64_t i = 0; i < n; ++i) to[i] = u[i] < p[i] ? one : T{};
  } else {
    for (int64_t i = 0; i < n; ++i) to[i * stride] = values[u[i] < p[i * p_stride]];
  }
}

// P is double (53 bits) or one of the narrower types (24 bits, compared in float).
template <class T, class P>
void bernoulli_against(Generator& gen, const Array& out, const Array& p) {
  using U = Compute<P>;
  constexpr int words = std::is_same_v<P, double> ? 2 : 1;
  const Order order = memory_order(out, p.strides);
  if (order.numel == 0) return;
  for_each_row(order, [&](int64_t offset, int64_t p_offset) {
    const int64_t stride = order.strides[0], p_stride = order.other[0];
    T* to = out.as<T>() + offset;
    const P* prob = p.as<const P>() + p_offset;
    for (int64_t left = order.sizes[0]; left > 0; left -= kChunk) {
      const int64_t count = left < kChunk ? left : kChunk;
      uint32_t raw[kChunk * words];
      U u[kChunk];
      table().draw(gen.state().engine, raw, count * words);
      if constexpr (words == 2) table().uniform_f64(raw, u, count, 0.0, 1.0);
      else table().uniform_f32(raw, u, count, 0.0f, 1.0f);
      set_hits<T, P>(u, prob, to, count, p_stride, stride);
      to += count * stride;
      prob += count * p_stride;
    }
  });
}

// ---- Integers ----

template <class T>
constexpr bool draws_64_bits = std::is_same_v<T, int64_t> || std::is_same_v<T, double>;

template <class T>
void any_integers(Generator& gen, T* data, int64_t n) {
  constexpr int words = draws_64_bits<T> ? 2 : 1;
  in_chunks<words>(gen, data, n, [](const uint32_t* raw, T* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (words == 2) {
        const uint64_t bits = (uint64_t{raw[2 * i]} << 32) | raw[2 * i + 1];
        if constexpr (std::is_same_v<T, double>) to[i] = static_cast<double>(bits % ((uint64_t{1} << 53) + 1));
        else to[i] = static_cast<int64_t>(bits & (~uint64_t{0} >> 1));
      } else if constexpr (std::is_same_v<T, bool>) {
        to[i] = raw[i] & 1;
      } else if constexpr (is_floating(DTypeOf<T>::value)) {
        constexpr uint32_t limit = std::is_same_v<T, float> ? 1u << 24 : std::is_same_v<T, Half> ? 1u << 11 : 1u << 8;
        to[i] = cast<T>(raw[i] % (limit + 1));
      } else {
        to[i] = static_cast<T>(raw[i] & static_cast<uint32_t>(std::numeric_limits<T>::max()));
      }
    }
  });
}

template <class T>
void integers_between(Generator& gen, T* data, int64_t n, IntegerRange r) {
  constexpr uint64_t kWide = uint64_t{1} << 28;  // from here on 32 bits would show a bias
  const auto shifted = [&](uint64_t v) { return cast<T>(static_cast<int64_t>(v + static_cast<uint64_t>(r.from))); };
  if (r.range == 0 || r.range >= kWide) {
    in_chunks<2>(gen, data, n, [&](const uint32_t* raw, T* to, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t bits = (uint64_t{raw[2 * i]} << 32) | raw[2 * i + 1];
        to[i] = shifted(r.range ? bits % r.range : bits);
      }
    });
  } else {
    const uint32_t range = static_cast<uint32_t>(r.range);
    in_chunks<1>(gen, data, n, [&](const uint32_t* raw, T* to, int64_t count) {
      uint32_t rest[kChunk];
      table().remainders(raw, rest, count, range);
      for (int64_t i = 0; i < count; ++i) to[i] = shifted(rest[i]);
    });
  }
}

// ---- Permutation ----

// PyTorch takes 32-bit draws while their bias stays under one in twenty.
constexpr int64_t kSmallPermutation = 0xffffffff / 20;

template <class T>
void shuffle_small(Generator& gen, T* data, int64_t n, int64_t stride) {
  for (int64_t i = 0; i < n; ++i) data[i * stride] = cast<T>(i);
  for (int64_t start = 0; start < n - 1; start += kChunk) {
    const int64_t count = n - 1 - start < kChunk ? n - 1 - start : kChunk;
    uint32_t raw[kChunk], ahead[kChunk];
    table().draw(gen.state().engine, raw, count);
    table().falling_remainders(raw, ahead, count, static_cast<uint32_t>(n - start));
    for (int64_t k = 0; k < count; ++k) {
      const int64_t i = start + k, j = i + ahead[k];
      std::swap(data[i * stride], data[j * stride]);
    }
  }
}

template <class T>
void shuffle_large(Generator& gen, T* data, int64_t n, int64_t stride) {
  for (int64_t start = 0; start < n; start += kChunk) {
    const int64_t count = n - start < kChunk ? n - start : kChunk;
    uint32_t raw[2 * kChunk];
    table().draw(gen.state().engine, raw, 2 * count);
    for (int64_t k = 0; k < count; ++k) {
      const int64_t i = start + k;
      const uint64_t bits = (uint64_t{raw[2 * k]} << 32) | raw[2 * k + 1];
      const int64_t j = static_cast<int64_t>(bits % static_cast<uint64_t>(i + 1));
      data[i * stride] = cast<T>(i);
      std::swap(data[i * stride], data[j * stride]);
    }
  }
}

}  // namespace

void random_uniform(Generator& gen, const Array& out, double from, double to) {
  Guard guard(gen);
  dispatch_floating(out.dtype, [&]<class T>() {
    const auto low = static_cast<Compute<T>>(from), high = static_cast<Compute<T>>(to);
    fill<T>(out, [&](T* data, int64_t n) {
      in_chunks<std::is_same_v<T, double> ? 2 : 1>(gen, data, n, [&](const uint32_t* raw, T* part, int64_t count) {
        uniform_chunk<T>(raw, part, count, low, high);
      });
    });
  });
}

void random_normal(Generator& gen, const Array& out, double mean, double std) {
  Guard guard(gen);
  dispatch_floating(out.dtype, [&]<class T>() {
    const int64_t n = out.numel();
    if (n >= 16 && is_row_major(out))
      return normal_rows<T>(gen, out.as<T>(), n, static_cast<Compute<T>>(mean), static_cast<Compute<T>>(std));
    from_normal<T>(gen, out, mean, std, [](double v) { return v; });
  });
}

void random_bernoulli(Generator& gen, const Array& out, double p) {
  Guard guard(gen);
  const uint64_t threshold = bernoulli_threshold(p);
  dispatch(out.dtype, [&]<class T>() {
    fill<T>(out, [&](T* data, int64_t n) { bernoulli_run<T>(gen, data, n, threshold, cast<T>(1)); });
  });
}

void random_scaled_mask(Generator& gen, const Array& out, double p) {
  Guard guard(gen);
  const uint64_t threshold = bernoulli_threshold(p);
  dispatch_floating(out.dtype, [&]<class T>() {
    const T value = cast<T>(Compute<T>(1) / static_cast<Compute<T>>(p));
    fill<T>(out, [&](T* data, int64_t n) { bernoulli_run<T>(gen, data, n, threshold, value); });
  });
}

void random_slopes(Generator& gen, const Array& x, const Array& out, double from, double to) {
  Guard guard(gen);
  dispatch_floating(out.dtype, [&]<class T>() {
    const double low = static_cast<double>(cast<T>(from)), range = static_cast<double>(cast<T>(to)) - low;
    const T one = cast<T>(1);
    const int64_t n = out.numel();
    uint32_t raw[2 * kChunk];
    double u[kChunk];
    for (int64_t start = 0; start < n; start += kChunk) {
      const T* in = x.as<const T>() + start;
      T* slopes = out.as<T>() + start;
      const int64_t count = n - start < kChunk ? n - start : kChunk;
      int64_t drawn = 0;
      for (int64_t i = 0; i < count; ++i) drawn += static_cast<Compute<T>>(in[i]) <= 0;
      table().draw(gen.state().engine, raw, 2 * drawn);
      table().uniform_f64(raw, u, drawn, 0.0, 1.0);
      for (int64_t i = 0; i < drawn; ++i) u[i] = u[i] * range + low;
      for (int64_t i = 0, next = 0; i < count; ++i) {
        const bool drew = static_cast<Compute<T>>(in[i]) <= 0;
        const T slope = cast<T>(u[next < drawn ? next : 0]);
        slopes[i] = drew ? slope : one;
        next += drew;
      }
    }
  });
}

void random_bernoulli_tensor(Generator& gen, const Array& out, const Array& p) {
  Guard guard(gen);
  dispatch(out.dtype,
           [&]<class T>() { dispatch_floating(p.dtype, [&]<class P>() { bernoulli_against<T, P>(gen, out, p); }); });
}

void random_integers(Generator& gen, const Array& out) {
  Guard guard(gen);
  dispatch(out.dtype, [&]<class T>() { fill<T>(out, [&](T* data, int64_t n) { any_integers<T>(gen, data, n); }); });
}

void random_integers(Generator& gen, const Array& out, int64_t from, std::optional<int64_t> to) {
  const IntegerRange range = check_integers(out.dtype, out.numel(), from, to);
  Guard guard(gen);
  dispatch(out.dtype,
           [&]<class T>() { fill<T>(out, [&](T* data, int64_t n) { integers_between<T>(gen, data, n, range); }); });
}

void random_permutation(Generator& gen, const Array& out) {
  Guard guard(gen);
  const int64_t n = out.sizes[0], stride = out.strides[0];
  dispatch(out.dtype, [&]<class T>() {
    if (n < kSmallPermutation) shuffle_small(gen, out.as<T>(), n, stride);
    else shuffle_large(gen, out.as<T>(), n, stride);
  });
}

void random_exponential(Generator& gen, const Array& out, double lambd) {
  Guard guard(gen);
  const double scale = -1.0 / lambd;
  dispatch_floating(out.dtype,
                    [&]<class T>() { from_uniform<T>(gen, out, [&](double u) { return scale * std::log1p(-u); }); });
}

void random_geometric(Generator& gen, const Array& out, double p) {
  Guard guard(gen);
  const double scale = std::log1p(-p);
  dispatch(out.dtype,
           [&]<class T>() { from_uniform<T>(gen, out, [&](double u) { return std::ceil(std::log(u) / scale); }); });
}

void random_cauchy(Generator& gen, const Array& out, double median, double sigma) {
  Guard guard(gen);
  dispatch_floating(out.dtype, [&]<class T>() {
    from_uniform<T>(gen, out, [&](double u) { return std::fma(sigma, std::tan(kTwoPi * 0.5 * (u - 0.5)), median); });
  });
}

void random_log_normal(Generator& gen, const Array& out, double mean, double std) {
  Guard guard(gen);
  dispatch_floating(out.dtype,
                    [&]<class T>() { from_normal<T>(gen, out, mean, std, [](double v) { return std::exp(v); }); });
}

}  // namespace gradus
