// Softmax and its gradients against the definition in long double.
#include "gradus/kernels/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace gradus {
namespace {

// A [outer, n, inner] tensor in a chosen order of memory; softmax runs along n.
template <class T>
struct Cube {
  int64_t sizes[3], strides[3];
  std::vector<T> memory;

  Cube(int64_t outer, int64_t n, int64_t inner, std::vector<int> order, int64_t step) : sizes{outer, n, inner} {
    int64_t count = step;
    for (size_t k = 3; k-- > 0;) {
      strides[order[k]] = count;
      count *= sizes[order[k]];
    }
    memory.assign(static_cast<size_t>(count), T{});
  }
  Array array() { return {memory.data(), DTypeOf<T>::value, 3, sizes, strides}; }
  T& at(int64_t o, int64_t i, int64_t c) {
    return memory[static_cast<size_t>(o * strides[0] + i * strides[1] + c * strides[2])];
  }
  void randomise(unsigned seed, double low, double high) {
    std::mt19937 rng(seed);
    std::uniform_real_distribution<double> u(low, high);
    for (T& v : memory) v = static_cast<T>(static_cast<float>(u(rng)));
  }
};

using Row = std::vector<long double>;

template <class T>
Row row_of(Cube<T>& x, int64_t o, int64_t c) {
  Row row;
  for (int64_t i = 0; i < x.sizes[1]; ++i) row.push_back(static_cast<long double>(static_cast<double>(x.at(o, i, c))));
  return row;
}

long double log_sum_exp(const Row& x) {
  long double m = x[0], sum = 0;
  for (long double v : x) m = std::max(m, v);
  for (long double v : x) sum += std::exp(v - m);
  return m + std::log(sum);
}

template <class T>
void expect_row(Cube<T>& got, int64_t o, int64_t c, const Row& wanted, double absolute, double relative) {
  for (size_t i = 0; i < wanted.size(); ++i)
    ASSERT_NEAR(static_cast<double>(got.at(o, static_cast<int64_t>(i), c)), static_cast<double>(wanted[i]),
                absolute + relative * std::abs(static_cast<double>(wanted[i])))
        << "element " << i << " of " << wanted.size() << ", row " << o << " " << c;
}

// `unit` is the rounding of the type: a few of them per element are allowed.
template <class T>
void check(int64_t outer, int64_t n, int64_t inner, std::vector<int> order, int64_t step, double unit) {
  Cube<T> x(outer, n, inner, order, step), y = x, log_y = x, g = x, gx = x, log_gx = x;
  x.randomise(1, -6, 6);
  g.randomise(2, -1, 1);
  softmax(x.array(), y.array(), 1);
  log_softmax(x.array(), log_y.array(), 1);
  softmax_backward(g.array(), y.array(), gx.array(), 1);
  log_softmax_backward(g.array(), log_y.array(), log_gx.array(), 1);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t c = 0; c < inner; ++c) {
      const Row in = row_of(x, o, c), grad = row_of(g, o, c), out = row_of(y, o, c), log_out = row_of(log_y, o, c);
      const long double lse = log_sum_exp(in);
      Row soft, log_soft, d, log_d;
      long double dot = 0, sum = 0, magnitude = 0;
      for (size_t i = 0; i < in.size(); ++i) {
        soft.push_back(std::exp(in[i] - lse));
        log_soft.push_back(in[i] - lse);
        dot += grad[i] * out[i];
        sum += grad[i];
        magnitude += std::abs(grad[i]);
      }
      for (size_t i = 0; i < in.size(); ++i) {
        d.push_back((grad[i] - dot) * out[i]);
        log_d.push_back(grad[i] - std::exp(log_out[i]) * sum);
      }
      // x - max rounds to 8 units at most, which exp passes on; float16 has subnormals below 6e-5.
      expect_row(y, o, c, soft, 0x1p-25 * (unit == 0x1p-11), 16 * unit);
      expect_row(log_y, o, c, log_soft, 12 * unit, 2 * unit);
      expect_row(gx, o, c, d, 4 * unit, 2 * unit);
      expect_row(log_gx, o, c, log_d, 4 * unit + unit * static_cast<double>(magnitude) / 8, 4 * unit);
    }
  }
}

template <class T>
void check_layouts(double unit) {
  for (int64_t n : {1, 2, 7, 16, 33, 100, 1000}) {
    check<T>(5, n, 1, {0, 1, 2}, 1, unit);   // rows
    check<T>(5, n, 1, {1, 0, 2}, 1, unit);   // a transposed matrix
    check<T>(3, n, 40, {0, 1, 2}, 1, unit);  // columns
    check<T>(2, n, 300, {0, 1, 2}, 1, unit);
    check<T>(3, n, 5, {0, 1, 2}, 1, unit);  // too narrow for columns
    check<T>(3, n, 20, {2, 0, 1}, 2, unit);
  }
  check<T>(2, 9000, 1, {0, 1, 2}, 1, unit);
  check<T>(1, 9000, 17, {0, 1, 2}, 1, unit);
}

TEST(Softmax, Float) { check_layouts<float>(0x1p-24); }
TEST(Softmax, Double) { check_layouts<double>(0x1p-53); }
TEST(Softmax, Half) { check_layouts<Half>(0x1p-11); }
TEST(Softmax, BFloat16) { check_layouts<BFloat16>(0x1p-8); }

TEST(Softmax, InPlace) {
  for (int64_t inner : {1, 30}) {
    Cube<float> x(4, 50, inner, {0, 1, 2}, 1);
    x.randomise(3, -3, 3);
    Cube<float> y = x, log_y = x;
    softmax(x.array(), y.array(), 1);
    log_softmax(x.array(), log_y.array(), 1);
    Cube<float> a = x, b = x;
    softmax(a.array(), a.array(), 1);
    log_softmax(b.array(), b.array(), 1);
    EXPECT_EQ(a.memory, y.memory);
    EXPECT_EQ(b.memory, log_y.memory);
  }
}

// As in PyTorch: -inf is a masked position, a fully masked row and a row with NaN or inf are NaN.
TEST(Softmax, Infinities) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  for (int64_t inner : {1, 16}) {
    Cube<float> x(1, 3, inner, {0, 1, 2}, 1), y = x;
    const auto run = [&](float a, float b, float c) {
      for (int64_t k = 0; k < inner; ++k) x.at(0, 0, k) = a, x.at(0, 1, k) = b, x.at(0, 2, k) = c;
      softmax(x.array(), y.array(), 1);
    };
    run(0, -inf, 0);
    EXPECT_EQ(y.at(0, 0, inner - 1), 0.5f);
    EXPECT_EQ(y.at(0, 1, inner - 1), 0.0f);
    run(-inf, -inf, -inf);
    EXPECT_TRUE(std::isnan(y.at(0, 0, inner - 1)));
    run(1, nan, 0);
    EXPECT_TRUE(std::isnan(y.at(0, 2, inner - 1)));
    run(1, inf, 0);
    EXPECT_TRUE(std::isnan(y.at(0, 1, inner - 1)));
    run(1000, 999, -1000);
    EXPECT_NEAR(y.at(0, 0, inner - 1), 1 / (1 + std::exp(-1.0)), 1e-7);
  }
}

}  // namespace
}  // namespace gradus
