// Reduction kernels: canonical folds of contiguous rows, column accumulation, first-extremum search.
#include <cstring>
#include <type_traits>

#include "gradus/kernels/reduce_convert.h"
#include "gradus/kernels/reduce_table.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions only

namespace gradus::GRADUS_TARGET {
namespace {

template <class T>
struct Vec {
  typedef T type __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
  static constexpr int64_t size = 64 / sizeof(T);
};

// The same text serves scalars and vectors. `a` wins when it is NaN, `b` when it alone is.
template <Monoid M, class T>
[[gnu::always_inline]] inline T combine(const T& a, const T& b) {
  if constexpr (M == Monoid::Sum) return a + b;
  else if constexpr (M == Monoid::Prod) return a * b;
  else if constexpr (M == Monoid::Max) return (a > b) | (a != a) ? a : b;
  else return (a < b) | (a != a) ? a : b;
}

template <Monoid M, class T>
constexpr T identity_of() {
  constexpr bool floating = static_cast<T>(0.5) != 0;
  if constexpr (M == Monoid::Sum) return 0;
  else if constexpr (M == Monoid::Prod) return 1;
  else if constexpr (floating) return M == Monoid::Max ? -__builtin_huge_val() : __builtin_huge_val();
  else if constexpr (sizeof(T) == 1) return M == Monoid::Max ? 0 : 255;
  else return M == Monoid::Max ? INT64_MIN : INT64_MAX;
}

// The first t elements at x, the rest identity: an identity never changes a lane, so short rows need no other path.
template <Monoid M, class T>
[[gnu::always_inline]] inline typename Vec<T>::type load_part(const T* x, int64_t t) {
  using V = typename Vec<T>::type;
  const V rest = identity_of<M, T>() - V{};
#if defined(__AVX512F__) && defined(__AVX512BW__)
  if constexpr (sizeof(T) == 4) {
    return (V)_mm512_mask_loadu_ps((__m512)rest, static_cast<__mmask16>((1u << t) - 1), x);
  } else if constexpr (sizeof(T) == 8) {
    return (V)_mm512_mask_loadu_pd((__m512d)rest, static_cast<__mmask8>((1u << t) - 1), x);
  } else {
    return (V)_mm512_mask_loadu_epi8((__m512i)rest, _bzhi_u64(~0ull, static_cast<unsigned>(t)), x);
  }
#else
  alignas(64) T part[Vec<T>::size];
  std::memcpy(part, &rest, 64);
  for (int64_t i = 0; i < t; ++i) part[i] = x[i];
  V v;
  std::memcpy(&v, part, 64);
  return v;
#endif
}

// Halves until one element is left: element j takes element j + half.
template <Monoid M, class V>
[[gnu::always_inline]] inline auto fold_halves(const V& v) {
  using T = std::remove_reference_t<decltype(v[0])>;
  constexpr int n = sizeof(V) / sizeof(T);
  if constexpr (n == 16) {
    return fold_halves<M>(combine<M>(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7),
                                     __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)));
  } else if constexpr (n == 8) {
    return fold_halves<M>(
        combine<M>(__builtin_shufflevector(v, v, 0, 1, 2, 3), __builtin_shufflevector(v, v, 4, 5, 6, 7)));
  } else if constexpr (n == 4 && sizeof(T) == 4) {
    const V pairs = combine<M>(v, __builtin_shufflevector(v, v, 2, 3, 2, 3));
    return combine<M>(T{pairs[0]}, T{pairs[1]});
  } else if constexpr (n == 4) {
    return fold_halves<M>(combine<M>(__builtin_shufflevector(v, v, 0, 1), __builtin_shufflevector(v, v, 2, 3)));
  } else if constexpr (n == 2) {
    return combine<M>(T{v[0]}, T{v[1]});
  } else {
    T part[n];
    std::memcpy(part, &v, sizeof v);
    for (int half = n / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) part[j] = combine<M>(part[j], part[j + half]);
    return part[0];
  }
}

// One chunk: lane i mod 4*size, four registers.
template <Monoid M, class T>
[[gnu::always_inline]] inline T fold_chunk(const T* x, int64_t n) {
  using V = typename Vec<T>::type;
  constexpr int64_t w = Vec<T>::size;
  if (n <= w) return fold_halves<M>(combine<M>(identity_of<M, T>() - V{}, load_part<M>(x, n)));
  V a0 = identity_of<M, T>() - V{}, a1 = a0, a2 = a0, a3 = a0;
  for (; n >= 4 * w; n -= 4 * w, x += 4 * w) {
    a0 = combine<M>(a0, *reinterpret_cast<const V*>(x));
    a1 = combine<M>(a1, *reinterpret_cast<const V*>(x + w));
    a2 = combine<M>(a2, *reinterpret_cast<const V*>(x + 2 * w));
    a3 = combine<M>(a3, *reinterpret_cast<const V*>(x + 3 * w));
  }
  if (n > 0) a0 = combine<M>(a0, n < w ? load_part<M>(x, n) : *reinterpret_cast<const V*>(x));
  if (n > w) a1 = combine<M>(a1, n < 2 * w ? load_part<M>(x + w, n - w) : *reinterpret_cast<const V*>(x + w));
  if (n > 2 * w)
    a2 = combine<M>(a2, n < 3 * w ? load_part<M>(x + 2 * w, n - 2 * w) : *reinterpret_cast<const V*>(x + 2 * w));
  if (n > 3 * w) a3 = combine<M>(a3, load_part<M>(x + 3 * w, n - 3 * w));
  return fold_halves<M>(combine<M>(combine<M>(a0, a2), combine<M>(a1, a3)));
}

template <Monoid M, class T>
void rows(const void* x, int64_t count, int64_t n, int64_t row_stride, void* out) {
  const T* p = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  for (int64_t r = 0; r < count; ++r) to[r] = fold_chunk<M>(p + r * row_stride, n);
}

// Eight rows at a time, so that the accumulators travel once per eight rows.
template <Monoid M, class T>
void accumulate(void* into, const void* from, int64_t count, int64_t row_stride, int64_t cols) {
  T* __restrict acc = static_cast<T*>(into);
  const T* __restrict x = static_cast<const T*>(from);
  const int64_t s = row_stride;
  for (; count >= 8; count -= 8, x += 8 * s) {
    for (int64_t c = 0; c < cols; ++c) {
      T a = combine<M>(acc[c], x[c]);
      a = combine<M>(a, x[c + s]);
      a = combine<M>(a, x[c + 2 * s]);
      a = combine<M>(a, x[c + 3 * s]);
      a = combine<M>(a, x[c + 4 * s]);
      a = combine<M>(a, x[c + 5 * s]);
      a = combine<M>(a, x[c + 6 * s]);
      acc[c] = combine<M>(a, x[c + 7 * s]);
    }
  }
  for (; count > 0; --count, x += s)
    for (int64_t c = 0; c < cols; ++c) acc[c] = combine<M>(acc[c], x[c]);
}

template <Monoid M, class T>
void identity(void* acc, int64_t n) {
  T* to = static_cast<T*>(acc);
  for (int64_t i = 0; i < n; ++i) to[i] = identity_of<M, T>();
}

// Indices run in the width of the value inside a block, so that both share one vector shape.
template <bool Max, class T>
void arg(const void* from, int64_t count, int64_t row_stride, int64_t cols, int64_t first, void* best, int64_t* index) {
  using I = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
  constexpr int64_t width = 256;
  const T* x = static_cast<const T*>(from);
  T* b = static_cast<T*>(best);
  for (int64_t c0 = 0; c0 < cols; c0 += width) {
    const int64_t w = cols - c0 < width ? cols - c0 : width;
    T value[width];
    I where[width];
    for (int64_t c = 0; c < w; ++c) value[c] = b[c0 + c], where[c] = -1;
    for (int64_t r = 0; r < count; ++r) {
      const T* row = x + r * row_stride + c0;
      for (int64_t c = 0; c < w; ++c) {
        const T v = row[c], old = value[c];
        const bool better = !(Max ? v <= old : v >= old) & (old == old);
        value[c] = better ? v : old;
        where[c] = better ? static_cast<I>(r) : where[c];
      }
    }
    for (int64_t c = 0; c < w; ++c) {
      b[c0 + c] = value[c];
      if (where[c] >= 0) index[c0 + c] = first + where[c];
    }
  }
}

template <class T>
int64_t find(const void* from, int64_t n, const void* value) {
  const T* x = static_cast<const T*>(from);
  const T v = *static_cast<const T*>(value);
  constexpr int64_t block = 64;
  int64_t i = 0;
  for (; i + block <= n; i += block) {
    int hit = 0;
    for (int64_t j = 0; j < block; ++j) hit |= (x[i + j] == v) | (x[i + j] != x[i + j]);
    if (hit) break;
  }
  for (; i < n; ++i)
    if (x[i] == v || x[i] != x[i]) break;
  return i;
}

template <class F>
void divide(F* x, int64_t n, F by) {
  for (int64_t i = 0; i < n; ++i) x[i] /= by;
}

void centre_square(double* x, int64_t count, int64_t cols, const double* center, int64_t row_step, int64_t col_step) {
  for (int64_t r = 0; r < count; ++r, x += cols) {
    const double* m = center + r * row_step;
    if (col_step) {
      for (int64_t c = 0; c < cols; ++c) x[c] = (x[c] - m[c]) * (x[c] - m[c]);
    } else {
      const double mean = *m;
      for (int64_t c = 0; c < cols; ++c) x[c] = (x[c] - mean) * (x[c] - mean);
    }
  }
}

template <class F>
[[gnu::flatten]] void round16(float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = F(x[i]);
}

template <Monoid M>
constexpr void fill_monoid(ReduceTable& t) {
  constexpr int m = static_cast<int>(M);
  ReduceTable::Rows* r[] = {rows<M, uint8_t>, rows<M, int64_t>, rows<M, float>, rows<M, double>};
  ReduceTable::Accumulate* a[] = {accumulate<M, uint8_t>, accumulate<M, int64_t>, accumulate<M, float>,
                                  accumulate<M, double>};
  ReduceTable::Fill* f[] = {identity<M, uint8_t>, identity<M, int64_t>, identity<M, float>, identity<M, double>};
  for (int i = 0; i < kNumAccs; ++i) t.rows[m][i] = r[i], t.accumulate[m][i] = a[i], t.identity[m][i] = f[i];
}

template <class T>
constexpr void fill_dtype(ReduceTable& t, DType dtype) {
  using S = typename Stored<T>::type;
  const int d = static_cast<int>(dtype);
  ReduceTable::Gather* g[] = {gather<S, uint8_t>, gather<S, int64_t>, gather<S, float>, gather<S, double>};
  ReduceTable::Store* s[] = {store<S, uint8_t>, store<S, int64_t>, store<S, float>, store<S, double>};
  for (int i = 0; i < kNumAccs; ++i) t.gather[d][i] = g[i], t.store[d][i] = s[i];
  t.nonzero[d] = gather<S, uint8_t, true>;
}

template <class T>
constexpr void fill_acc(ReduceTable& t, Acc acc) {
  const int i = static_cast<int>(acc);
  t.arg[0][i] = arg<true, T>;
  t.arg[1][i] = arg<false, T>;
  t.find[i] = find<T>;
}

constexpr ReduceTable make_table() {
  ReduceTable t{};
  fill_monoid<Monoid::Sum>(t);
  fill_monoid<Monoid::Prod>(t);
  fill_monoid<Monoid::Max>(t);
  fill_monoid<Monoid::Min>(t);
  fill_dtype<bool>(t, kBool);
  fill_dtype<uint8_t>(t, kUInt8);
  fill_dtype<int8_t>(t, kInt8);
  fill_dtype<int16_t>(t, kInt16);
  fill_dtype<int32_t>(t, kInt32);
  fill_dtype<int64_t>(t, kInt64);
  fill_dtype<Half>(t, kFloat16);
  fill_dtype<BFloat16>(t, kBFloat16);
  fill_dtype<float>(t, kFloat32);
  fill_dtype<double>(t, kFloat64);
  fill_acc<uint8_t>(t, Acc::Byte);
  fill_acc<int64_t>(t, Acc::Long);
  fill_acc<float>(t, Acc::Float);
  fill_acc<double>(t, Acc::Double);
  t.round16[0] = round16<Half>;
  t.round16[1] = round16<BFloat16>;
  t.divide_float = divide<float>;
  t.divide_double = divide<double>;
  t.centre_square = centre_square;
  return t;
}

}  // namespace

constinit const ReduceTable reduce_table = make_table();

}  // namespace gradus::GRADUS_TARGET
