// Matrix products: bit for bit against a scalar std::fma chain over shapes, layouts, batches, starts and types.
#include "gradus/kernels/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gradus/kernels/target.h"

namespace gradus {
namespace {

using Rng = std::mt19937;
int64_t pick(Rng& rng, int64_t low, int64_t high) { return low + int64_t(rng() % uint64_t(high - low + 1)); }

/// A strided [batch, rows, cols] operand inside its own buffer.
template <class T>
struct Matrix {
  int64_t rows, cols, row, col, batch_stride;
  std::vector<T> data;
  const T& at(int64_t l, int64_t i, int64_t j) const { return data[l * batch_stride + i * row + j * col]; }
};

enum class Layout { Rows, Columns, WideRows, WideColumns, Strided, Expanded, kCount };

template <class T>
T random_value(Rng& rng) {
  if constexpr (std::is_same_v<T, bool>) return rng() % 5 == 0;
  else if constexpr (std::is_integral_v<T>) return static_cast<T>((uint64_t(rng()) << 32) | rng());
  else return static_cast<T>(float(std::normal_distribution<float>()(rng)));
}

template <class T>
struct Buffer {
  using type = T;
};
template <>
struct Buffer<bool> {
  using type = uint8_t;
};

template <class T>
Matrix<T> make(Rng& rng, int64_t batch, int64_t rows, int64_t cols, Layout layout, bool shared = false) {
  Matrix<T> x{rows, cols, 0, 0, 0, {}};
  const int64_t pad = layout == Layout::WideRows || layout == Layout::WideColumns ? pick(rng, 1, 40) : 0;
  switch (layout) {
    case Layout::Rows:
    case Layout::WideRows: x.row = cols + pad, x.col = 1; break;
    case Layout::Columns:
    case Layout::WideColumns: x.row = 1, x.col = rows + pad; break;
    case Layout::Strided: x.col = pick(rng, 2, 3), x.row = cols * x.col + pick(rng, 0, 3); break;
    default: x.row = pick(rng, 0, 1), x.col = 1 - x.row; break;
  }
  const int64_t extent = (rows - 1) * x.row + (cols - 1) * x.col + 1;
  x.batch_stride = shared ? 0 : extent + pick(rng, 0, 2);
  for (int64_t n = (batch - 1) * x.batch_stride + extent; n > 0; --n) x.data.push_back(random_value<T>(rng));
  return x;
}

float chain_step(float a, float b, float acc) { return std::fma(a, b, acc); }
double chain_step(double a, double b, double acc) { return std::fma(a, b, acc); }
uint64_t chain_step(uint64_t a, uint64_t b, uint64_t acc) { return acc + a * b; }

/// The definition, read literally: chunks of the chain in a list, neighbours added until one is left.
template <class Acc, class T>
Acc expected(const Matrix<T>& a, const Matrix<T>& b, int64_t l, int64_t i, int64_t j, Acc start) {
  const int64_t k = a.cols, chunk = k > 8192 ? 4096 : k;
  std::vector<Acc> parts;
  for (int64_t p = 0; p < k; ++p) {
    if (p % chunk == 0) parts.push_back(p ? Acc(0) : start);
    parts.back() = chain_step(Acc(a.at(l, i, p)), Acc(b.at(l, p, j)), parts.back());
  }
  if (parts.empty()) return start;
  while (parts.size() > 1) {
    std::vector<Acc> next;
    for (size_t p = 0; p < parts.size(); p += 2)
      next.push_back(p + 1 < parts.size() ? parts[p] + parts[p + 1] : parts[p]);
    parts = next;
  }
  return parts[0];
}

struct Shape {
  int64_t batch, m, n, k;
};

template <class T>
Gemm describe(DType dtype, Shape s, const Matrix<T>& a, const Matrix<T>& b, Matrix<T>& c, const Matrix<T>* start) {
  Gemm g;
  g.dtype = dtype;
  g.m = s.m, g.n = s.n, g.k = s.k, g.batch = s.batch;
  g.a = a.data.data(), g.a_row = a.row, g.a_col = a.col, g.a_batch = a.batch_stride;
  g.b = b.data.data(), g.b_row = b.row, g.b_col = b.col, g.b_batch = b.batch_stride;
  g.c = c.data.data(), g.c_row = c.row, g.c_col = c.col, g.c_batch = c.batch_stride;
  if (start)
    g.start = start->data.data(), g.start_row = start->row, g.start_col = start->col,
    g.start_batch = start->batch_stride;
  return g;
}

/// Runs one random case; every byte of C's buffer outside the product must survive.
template <class T, class Acc>
void run_case(Rng& rng, DType dtype, Shape s, Layout la, Layout lb, Layout lc, int start_kind) {
  const Matrix<T> a = make<T>(rng, s.batch, s.m, s.k, la, s.batch > 1 && rng() % 3 == 0);
  const Matrix<T> b = make<T>(rng, s.batch, s.k, s.n, lb, s.batch > 1 && rng() % 2 == 0);
  Matrix<T> c = make<T>(rng, s.batch, s.m, s.n, lc);
  const Matrix<T> before = c;
  const Matrix<T> other = make<T>(rng, s.batch, s.m, s.n, static_cast<Layout>(rng() % int(Layout::kCount)));
  const Matrix<T>* start = start_kind == 0 ? nullptr : start_kind == 1 ? &c : &other;
  gemm(describe(dtype, s, a, b, c, start));
  std::vector<T> want = before.data;
  for (int64_t l = 0; l < s.batch; ++l)
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < s.n; ++j) {
        const Acc first = start_kind == 0 ? Acc(0) : start_kind == 1 ? Acc(before.at(l, i, j)) : Acc(other.at(l, i, j));
        T& to = want[l * c.batch_stride + i * c.row + j * c.col];
        if constexpr (sizeof(T) == 1 && std::is_same_v<Acc, bool>) to = 0;
        to = static_cast<T>(expected<Acc>(a, b, l, i, j, first));
      }
  ASSERT_EQ(0, std::memcmp(want.data(), c.data.data(), want.size() * sizeof(T)))
      << target_name() << " " << name(dtype) << " batch " << s.batch << " m " << s.m << " n " << s.n << " k " << s.k
      << " layouts " << int(la) << int(lb) << int(lc) << " start " << start_kind;
}

Shape random_shape(Rng& rng, int64_t limit) {
  const auto size = [&] { return rng() % 3 ? pick(rng, 1, 20) : pick(rng, 1, limit); };
  return {rng() % 4 ? 1 : pick(rng, 2, 4), size(), size(), size()};
}

template <class T, class Acc = T>
void run_random(DType dtype, int cases, int64_t limit) {
  Rng rng(static_cast<unsigned>(dtype) * 977u + 5u);
  for (int i = 0; i < cases && !testing::Test::HasFatalFailure(); ++i) {
    const Shape s = random_shape(rng, limit);
    const auto layout = [&](int kinds) { return static_cast<Layout>(rng() % unsigned(kinds)); };
    const Layout la = layout(6), lb = layout(6), lc = layout(5);
    run_case<T, Acc>(rng, dtype, s, la, lb, lc, static_cast<int>(rng() % 3));
  }
}

TEST(Gemm, RandomFloat32) { run_random<float>(kFloat32, 400, 90); }
TEST(Gemm, RandomFloat64) { run_random<double>(kFloat64, 300, 90); }
TEST(Gemm, RandomFloat16) { run_random<Half, float>(kFloat16, 150, 60); }
TEST(Gemm, RandomBFloat16) { run_random<BFloat16, float>(kBFloat16, 150, 60); }

TEST(Gemm, RandomIntegers) {
  run_random<uint8_t, uint64_t>(kUInt8, 80, 60);
  run_random<int8_t, uint64_t>(kInt8, 80, 60);
  run_random<int16_t, uint64_t>(kInt16, 80, 60);
  run_random<int32_t, uint64_t>(kInt32, 80, 60);
  run_random<int64_t, uint64_t>(kInt64, 80, 60);
}

TEST(Gemm, EverySmallSize) {
  Rng rng(3);
  for (int64_t m = 1; m <= 30; ++m)
    for (int64_t n : {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65, 127, 130})
      for (Layout lb : {Layout::Rows, Layout::Columns}) {
        run_case<float, float>(rng, kFloat32, {1, m, n, 1 + (m * n) % 19}, Layout::Rows, lb, Layout::Rows, int(m % 3));
        run_case<double, double>(rng, kFloat64, {1, m, n, 1 + (m * n) % 19}, Layout::Rows, lb, Layout::Rows,
                                 int(n % 3));
        if (HasFatalFailure()) return;
      }
}

TEST(Gemm, BlockedSizesInEveryLayout) {
  Rng rng(4);
  for (Layout la : {Layout::Rows, Layout::Columns, Layout::WideRows, Layout::Strided})
    for (Layout lb : {Layout::Rows, Layout::Columns, Layout::WideColumns, Layout::Strided})
      run_case<float, float>(rng, kFloat32, {1, 131, 157, 500}, la, lb, Layout::Rows, int(la) % 3);
  run_case<float, float>(rng, kFloat32, {1, 200, 1100, 130}, Layout::WideRows, Layout::Rows, Layout::Rows, 2);
  run_case<float, float>(rng, kFloat32, {1, 700, 140, 450}, Layout::Rows, Layout::Rows, Layout::Rows, 0);
  run_case<float, float>(rng, kFloat32, {1, 401, 35, 70}, Layout::Rows, Layout::Rows, Layout::Rows, 0);
  run_case<float, float>(rng, kFloat32, {1, 70, 1700, 90}, Layout::Columns, Layout::Rows, Layout::Rows, 1);
  for (int start = 0; start < 3; ++start) {
    run_case<float, float>(rng, kFloat32, {1, 3, 1500, 300}, Layout::Rows, Layout::Rows, Layout::Rows, start);
    run_case<double, double>(rng, kFloat64, {1, 20, 700, 130}, Layout::Columns, Layout::Rows, Layout::Rows, start);
    run_case<float, float>(rng, kFloat32, {1, 4, 150, 2100}, Layout::Rows, Layout::Columns, Layout::Rows, start);
  }
  run_case<float, float>(rng, kFloat32, {5, 1, 70, 33}, Layout::Rows, Layout::Rows, Layout::Rows, 2);
  run_case<double, double>(rng, kFloat64, {1, 190, 150, 420}, Layout::Rows, Layout::Columns, Layout::Columns, 2);
  run_case<BFloat16, float>(rng, kBFloat16, {1, 40, 530, 401}, Layout::Rows, Layout::Rows, Layout::Rows, 2);
  run_case<Half, float>(rng, kFloat16, {1, 340, 33, 50}, Layout::Columns, Layout::Columns, Layout::Rows, 1);
}

TEST(Gemm, LongChainsAreCutIntoATree) {
  Rng rng(5);
  for (int64_t k : {8191, 8192, 8193, 12288, 12289, 20481, 28673})
    for (Layout lc : {Layout::Rows, Layout::Strided}) {
      run_case<float, float>(rng, kFloat32, {2, 3, 18, k}, Layout::Rows, Layout::Rows, lc, int(k % 3));
      run_case<double, double>(rng, kFloat64, {1, 1, 5, k}, Layout::Rows, Layout::Columns, lc, 1);
      run_case<BFloat16, float>(rng, kBFloat16, {1, 5, 2, k}, Layout::Rows, Layout::Columns, lc, 2);
    }
}

TEST(Gemm, EmptyChainGivesTheStart) {
  Rng rng(6);
  Matrix<float> a = make<float>(rng, 1, 2, 1, Layout::Rows), c = make<float>(rng, 1, 2, 3, Layout::Columns);
  const Matrix<float> start = make<float>(rng, 1, 2, 3, Layout::Rows);
  gemm(describe(kFloat32, {1, 2, 3, 0}, a, a, c, &start));
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t j = 0; j < 3; ++j) EXPECT_EQ(start.at(0, i, j), c.at(0, i, j));
  gemm(describe<float>(kFloat32, {1, 2, 3, 0}, a, a, c, nullptr));
  EXPECT_EQ(c.data, std::vector<float>(6));
}

TEST(Gemm, EmptyResultTouchesNothing) {
  Gemm g;
  g.k = 4, g.n = 3;
  gemm(g);
  g.m = 3, g.n = 0;
  gemm(g);
  g.n = 3, g.batch = 0;
  gemm(g);
}

TEST(Gemm, BoolIsOrOfAnds) {
  Rng rng(7);
  for (int round = 0; round < 20; ++round) {
    const int64_t m = pick(rng, 1, 9), n = pick(rng, 1, 40), k = pick(rng, 1, 12);
    std::vector<uint8_t> a(m * k), b(k * n), c(m * n, 7);
    for (uint8_t& x : a) x = rng() % 4 == 0;
    for (uint8_t& x : b) x = rng() % 4 == 0;
    Gemm g;
    g.dtype = kBool;
    g.m = m, g.n = n, g.k = k;
    g.a = a.data(), g.a_row = k, g.a_col = 1;
    g.b = b.data(), g.b_row = n, g.b_col = 1;
    g.c = c.data(), g.c_row = n, g.c_col = 1;
    gemm(g);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        bool want = false;
        for (int64_t p = 0; p < k; ++p) want = want || (a[i * k + p] && b[p * n + j]);
        EXPECT_EQ(int(want), int(c[i * n + j]));
      }
  }
}

TEST(Gemm, InfinityAndNaNStayInTheirRowsAndColumns) {
  const int64_t m = 17, n = 37, k = 23;
  std::vector<float> a(m * k, 1.0f), b(k * n, 1.0f), c(m * n);
  a[3 * k + 5] = INFINITY;
  b[7 * n + 36] = NAN;
  Gemm g;
  g.m = m, g.n = n, g.k = k;
  g.a = a.data(), g.a_row = k, g.a_col = 1;
  g.b = b.data(), g.b_row = n, g.b_col = 1;
  g.c = c.data(), g.c_row = n, g.c_col = 1;
  gemm(g);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      if (j == 36) EXPECT_TRUE(std::isnan(c[i * n + j]));
      else EXPECT_EQ(i == 3 ? INFINITY : 23.0f, c[i * n + j]);
    }
}

}  // namespace
}  // namespace gradus
