// Reduction kernels: canonical folds of contiguous rows, column accumulation, first-extremum search.
#include <type_traits>

#include "gradus/kernels/reduce_convert.h"
#include "gradus/kernels/reduce_fold.h"
#include "gradus/kernels/reduce_table.h"

namespace gradus::GRADUS_TARGET {
namespace {

template <Monoid M, class T>
void rows(const void* x, int64_t count, int64_t n, int64_t row_stride, void* out) {
  const T* p = static_cast<const T*>(x);
  T* to = static_cast<T*>(out);
  for (int64_t r = 0; r < count; ++r) to[r] = fold_chunk<M>(p + r * row_stride, n);
}

template <Monoid M, class T>
void accumulate(void* acc, const void* x, int64_t count, int64_t row_stride, int64_t cols) {
  accumulate_rows<M>(static_cast<T*>(acc), static_cast<const T*>(x), count, row_stride, cols);
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
