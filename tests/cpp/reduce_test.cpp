// Reductions against plain scalar code: values in float64, and the canonical order bit by bit.
#include "gradus/kernels/reduce.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace gradus {
namespace {

// A tensor over a private buffer: sizes, a permutation of memory order, a step between elements.
template <class T>
struct Data {
  std::vector<int64_t> sizes, strides;
  std::vector<T> memory;
  int64_t offset = 0;

  explicit Data(std::vector<int64_t> s, std::vector<int> order = {}, int64_t step = 1) : sizes(std::move(s)) {
    strides.assign(sizes.size(), 0);
    if (order.empty())
      for (size_t d = 0; d < sizes.size(); ++d) order.push_back(static_cast<int>(d));
    int64_t n = step;
    for (size_t k = order.size(); k-- > 0;) {
      strides[static_cast<size_t>(order[k])] = n;
      n *= sizes[static_cast<size_t>(order[k])];
    }
    memory.assign(static_cast<size_t>(n + 1), T{});
  }
  Array array() {
    return {memory.data() + offset, DTypeOf<T>::value, static_cast<int>(sizes.size()), sizes.data(), strides.data()};
  }
  T& at(const std::vector<int64_t>& index) {
    int64_t o = offset;
    for (size_t d = 0; d < index.size(); ++d) o += index[d] * strides[d];
    return memory[static_cast<size_t>(o)];
  }
};

// vector<bool> has no data(): bool tensors live in bytes.
struct Flag {
  bool value = false;
  Flag() = default;
  explicit Flag(double v) : value(v != 0) {}
  operator bool() const { return value; }
};

}  // namespace
template <>
struct DTypeOf<Flag> {
  static constexpr DType value = DType::Bool;
};
namespace {

void for_each_index(const std::vector<int64_t>& sizes, const std::function<void(const std::vector<int64_t>&)>& f) {
  std::vector<int64_t> index(sizes.size(), 0);
  for (int64_t s : sizes)
    if (s == 0) return;
  while (true) {
    f(index);
    size_t d = sizes.size();
    while (d > 0 && ++index[d - 1] == sizes[d - 1]) index[--d] = 0;
    if (d == 0) return;
  }
}

template <class T>
void randomise(Data<T>& x, unsigned seed, double low = -2, double high = 2) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> u(low, high);
  for_each_index(x.sizes, [&](const auto& i) { x.at(i) = static_cast<T>(static_cast<float>(u(rng))); });
}

std::vector<int64_t> keepdim(std::vector<int64_t> sizes, const std::vector<int>& dims) {
  for (int d : dims) sizes[static_cast<size_t>(d)] = 1;
  return sizes;
}

// The elements behind one output, in logical order.
template <class T>
std::vector<T> behind(Data<T>& x, const std::vector<int64_t>& out_sizes, const std::vector<int64_t>& o) {
  std::vector<int64_t> extent = x.sizes;
  for (size_t d = 0; d < extent.size(); ++d)
    if (out_sizes[d] != 1 || extent[d] == 1) extent[d] = 1;
  std::vector<T> list;
  for_each_index(extent, [&](std::vector<int64_t> i) {
    for (size_t d = 0; d < i.size(); ++d)
      if (extent[d] == 1) i[d] = o[d];
    list.push_back(x.at(i));
  });
  return list;
}

struct Case {
  std::vector<int64_t> sizes;
  std::vector<int> dims;
  std::vector<int> order;
  int64_t step = 1;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {{{1}, {0}, {}},
                                         {{7}, {0}, {}},
                                         {{64}, {0}, {}},
                                         {{1000}, {0}, {}, 3},
                                         {{4096}, {0}, {}},
                                         {{20001}, {0}, {}},
                                         {{3, 5}, {1}, {}},
                                         {{3, 5}, {0}, {}},
                                         {{3, 5}, {0, 1}, {}},
                                         {{700, 10}, {1}, {}},
                                         {{700, 10}, {0}, {}},
                                         {{9001, 3}, {0}, {}},
                                         {{130, 200}, {0}, {}},
                                         {{300, 1500}, {0}, {}},
                                         {{6, 70, 33}, {1}, {}},
                                         {{6, 70, 33}, {0, 2}, {}},
                                         {{40, 8, 90}, {0, 2}, {}},
                                         {{6, 70, 33}, {1}, {2, 0, 1}},
                                         {{6, 70, 33}, {0, 1}, {2, 1, 0}, 2},
                                         {{17, 300}, {1}, {1, 0}},
                                         {{17, 300}, {0}, {1, 0}},
                                         {{4, 1, 6, 5}, {0, 3}, {}},
                                         {{5, 4, 3, 80}, {0, 2}, {}},
                                         {{5, 4, 3, 80}, {0, 2}, {}, 2},
                                         {{2, 3, 4, 5}, {1}, {3, 1, 0, 2}},
                                         {{3, 9000}, {1}, {}},
                                         {{200, 64}, {0}, {}},
                                         {{600, 63}, {0}, {}},
                                         {{2, 8192, 2}, {1}, {}}};
  return list;
}

template <class In, class Out, class Expect>
void check(Reduction op, double low, double high, double tolerance, Expect expect) {
  unsigned seed = 1;
  for (const Case& c : cases()) {
    Data<In> x(c.sizes, c.order, c.step);
    randomise(x, seed++, low, high);
    Data<Out> out(keepdim(c.sizes, c.dims));
    reduce(op, x.array(), out.array());
    for_each_index(out.sizes, [&](const auto& o) {
      const auto list = behind(x, out.sizes, o);
      const double wanted = expect(list);
      const double got = static_cast<double>(out.at(o));
      ASSERT_LE(std::abs(got - wanted), tolerance * std::max(1.0, std::abs(wanted)))
          << "sizes " << ::testing::PrintToString(c.sizes) << " dims " << ::testing::PrintToString(c.dims) << " at "
          << ::testing::PrintToString(o) << " got " << got << " wanted " << wanted;
    });
  }
}

double as_double(double v) { return v; }
template <class L>
double sum_of(const L& list) {
  double s = 0;
  for (auto v : list) s += as_double(v);
  return s;
}
template <class L>
double prod_of(const L& list) {
  double p = 1;
  for (auto v : list) p *= as_double(v);
  return p;
}
template <class L>
double max_of(const L& list) {
  double m = as_double(list[0]);
  for (auto v : list) m = std::max(m, as_double(v));
  return m;
}
template <class L>
double min_of(const L& list) {
  double m = as_double(list[0]);
  for (auto v : list) m = std::min(m, as_double(v));
  return m;
}
template <class L>
double mean_of(const L& list) {
  return sum_of(list) / static_cast<double>(list.size());
}
const auto sum = [](const auto& l) { return sum_of(l); };
const auto prod = [](const auto& l) { return prod_of(l); };
const auto mean = [](const auto& l) { return mean_of(l); };
const auto largest = [](const auto& l) { return max_of(l); };
const auto smallest = [](const auto& l) { return min_of(l); };

TEST(Reduce, SumsOfEveryType) {
  check<float, float>(Reduction::Sum, -2, 2, 2e-5, sum);
  check<double, double>(Reduction::Sum, -2, 2, 1e-12, sum);
  check<Half, Half>(Reduction::Sum, 0, 1, 6e-4, sum);
  check<BFloat16, BFloat16>(Reduction::Sum, 0, 1, 4.5e-3, sum);
  check<float, double>(Reduction::Sum, -2, 2, 1e-12, sum);
  check<Half, float>(Reduction::Sum, -2, 2, 2e-5, sum);
  check<uint8_t, int64_t>(Reduction::Sum, 0, 255, 0, sum);
  check<int8_t, int64_t>(Reduction::Sum, -128, 127, 0, sum);
  check<int16_t, int64_t>(Reduction::Sum, -3000, 3000, 0, sum);
  check<int32_t, int64_t>(Reduction::Sum, -3e6, 3e6, 0, sum);
  check<int64_t, int64_t>(Reduction::Sum, -3e9, 3e9, 0, sum);
  check<Flag, int64_t>(Reduction::Sum, -1, 1, 0, sum);
  check<int32_t, float>(Reduction::Sum, -100, 100, 1e-5, sum);
}

TEST(Reduce, ProductsMeansExtrema) {
  check<float, float>(Reduction::Prod, 0.97, 1.03, 1e-3, prod);
  check<double, double>(Reduction::Prod, 0.97, 1.03, 1e-11, prod);
  check<int32_t, int64_t>(Reduction::Prod, 1, 1.5, 0, prod);
  check<float, float>(Reduction::Mean, -2, 2, 1e-6, mean);
  check<double, double>(Reduction::Mean, -2, 2, 1e-14, mean);
  check<Half, Half>(Reduction::Mean, 0, 1, 6e-4, mean);
  check<float, float>(Reduction::Max, -2, 2, 0, largest);
  check<float, float>(Reduction::Min, -2, 2, 0, smallest);
  check<double, double>(Reduction::Max, -2, 2, 0, largest);
  check<BFloat16, BFloat16>(Reduction::Min, -2, 2, 0, smallest);
  check<uint8_t, uint8_t>(Reduction::Max, 0, 255, 0, largest);
  check<uint8_t, uint8_t>(Reduction::Min, 0, 255, 0, smallest);
  check<int8_t, int8_t>(Reduction::Max, -128, 0, 0, largest);
  check<int64_t, int64_t>(Reduction::Min, -3e9, 3e9, 0, smallest);
  check<Flag, Flag>(Reduction::Max, -0.001, 0.001, 0, largest);
}

TEST(Reduce, AnyAll) {
  const auto any = [](const auto& l) {
    for (auto v : l)
      if (as_double(v) != 0) return 1.0;
    return 0.0;
  };
  const auto all = [](const auto& l) {
    for (auto v : l)
      if (as_double(v) == 0) return 0.0;
    return 1.0;
  };
  check<int32_t, Flag>(Reduction::Any, -1.02, 1.02, 0, any);
  check<int16_t, Flag>(Reduction::All, -1.5, 40, 0, all);
  check<uint8_t, uint8_t>(Reduction::All, 0, 60, 0, all);
  check<double, Flag>(Reduction::Any, -1, 1, 0, any);
  check<int64_t, Flag>(Reduction::Any, -1.02, 1.02, 0, any);
  Data<float> x({70});
  Data<Flag> out({1});
  x.memory[69] = std::nanf("");
  reduce(Reduction::Any, x.array(), out.array());
  EXPECT_TRUE(out.memory[0]);
  Data<Flag> flags({5000});
  reduce(Reduction::Any, flags.array(), out.array());
  EXPECT_FALSE(out.memory[0]);
  flags.memory[4999] = Flag(1);
  reduce(Reduction::Any, flags.array(), out.array());
  EXPECT_TRUE(out.memory[0]);
}

// The canonical order written out: lanes, halves, chunks, tree.
template <class T>
T tree(std::vector<T> parts) {
  std::vector<std::pair<int, T>> stack;  // level, value
  for (T p : parts) {
    stack.push_back({0, p});
    while (stack.size() > 1 && stack[stack.size() - 2].first == stack.back().first) {
      const T right = stack.back().second;
      stack.pop_back();
      stack.back() = {stack.back().first + 1, stack.back().second + right};
    }
  }
  while (stack.size() > 1) {
    const T right = stack.back().second;
    stack.pop_back();
    stack.back().second = stack.back().second + right;
  }
  return stack.empty() ? T{0} : stack[0].second;
}

template <class T>
T canonical_sum(const std::vector<T>& x, size_t lanes, size_t chunk) {
  std::vector<T> parts;
  for (size_t from = 0; from < x.size(); from += chunk) {
    std::vector<T> lane(lanes, T{0});
    for (size_t i = from; i < std::min(x.size(), from + chunk); ++i) lane[(i - from) % lanes] += x[i];
    for (size_t half = lanes / 2; half > 0; half /= 2)
      for (size_t j = 0; j < half; ++j) lane[j] += lane[j + half];
    parts.push_back(lane[0]);
  }
  return tree(parts);
}

// The elements behind one output, in the order of memory.
template <class T>
std::vector<T> as_stored(Data<T>& x, const std::vector<int64_t>& out_sizes, const std::vector<int64_t>& o) {
  std::vector<std::pair<const T*, T>> list;
  for_each_index(x.sizes, [&](const std::vector<int64_t>& i) {
    for (size_t d = 0; d < i.size(); ++d)
      if (out_sizes[d] != 1 && i[d] != o[d]) return;
    list.push_back({&x.at(i), x.at(i)});
  });
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<T> values;
  for (const auto& entry : list) values.push_back(entry.second);
  return values;
}

template <class T>
void check_bits(const Case& c, size_t lanes, size_t chunk) {
  Data<T> x(c.sizes, c.order, c.step);
  randomise(x, 99);
  Data<T> out(keepdim(c.sizes, c.dims));
  reduce(Reduction::Sum, x.array(), out.array());
  for_each_index(out.sizes, [&](const auto& o) {
    const T wanted = canonical_sum(as_stored(x, out.sizes, o), lanes, chunk);
    ASSERT_EQ(std::memcmp(&wanted, &out.at(o), sizeof(T)), 0) << ::testing::PrintToString(c.sizes);
  });
}

TEST(Reduce, CanonicalOrderOfRows) {
  for (int64_t n : {1, 2, 15, 16, 17, 31, 33, 47, 48, 63, 64, 65, 100, 4095, 4096, 4097, 8200, 40000, 70001}) {
    for (int64_t step : {1, 2}) {
      check_bits<float>({{n}, {0}, {}, step}, 64, 4096);
      check_bits<double>({{n}, {0}, {}, step}, 32, 4096);
      check_bits<float>({{3, n}, {1}, {}, step}, 64, 4096);
    }
  }
  check_bits<float>({{50, 3, 111}, {0, 2}, {}}, 64, 4096);
  check_bits<float>({{111, 3, 50}, {0, 2}, {2, 1, 0}}, 64, 4096);
  check_bits<float>({{130, 170}, {0, 1}, {1, 0}}, 64, 4096);
  check_bits<double>({{13, 17, 19}, {0, 1, 2}, {1, 2, 0}, 2}, 32, 4096);
}

TEST(Reduce, CanonicalOrderOfColumns) {
  for (int64_t rows : {1, 3, 63, 64, 65, 200, 1000, 5000}) {
    for (int64_t step : {1, 2}) {
      check_bits<float>({{rows, 64}, {0}, {}, step}, 1, 64);
      check_bits<float>({{rows, 100}, {0}, {}, step}, 1, 64);
      check_bits<double>({{rows, 40}, {0}, {}, step}, 1, 128);
      check_bits<float>({{rows, 63}, {0}, {}, step}, 2, 128);
      check_bits<float>({{rows, 3}, {0}, {}, step}, 32, 2048);
      check_bits<float>({{2, rows, 10}, {1}, {}, step}, 8, 512);
      check_bits<double>({{rows, 5}, {0}, {}, step}, 8, 1024);
    }
  }
  check_bits<float>({{20, 9, 30, 70}, {0, 2}, {}}, 1, 64);
  check_bits<float>({{20, 9, 30, 7}, {0, 2}, {}}, 16, 1024);
  check_bits<float>({{3, 2000, 70}, {1}, {}}, 1, 64);
}

TEST(Reduce, ConvertsEachElementFirst) {
  Data<float> x({2});
  x.memory[0] = 2049;  // float16 has no 2049: torch.tensor([2049., 1.]).sum(dtype=torch.float16) is 2048
  x.memory[1] = 1;
  Data<Half> half({1});
  reduce(Reduction::Sum, x.array(), half.array());
  EXPECT_EQ(static_cast<float>(half.memory[0]), 2048);
  x.memory[0] = 300.7f;
  x.memory[1] = -2.5f;
  Data<int32_t> integer({1});
  reduce(Reduction::Sum, x.array(), integer.array());
  EXPECT_EQ(integer.memory[0], 298);
  Data<int64_t> y({2});
  y.memory[0] = 1;
  y.memory[1] = -1;
  Data<Flag> flag({1});
  reduce(Reduction::Sum, y.array(), flag.array());
  EXPECT_TRUE(flag.memory[0]);
}

TEST(Reduce, EmptyAndExpanded) {
  Data<float> x({0, 3});
  Data<float> out({1, 3});
  out.memory.assign(4, 7);
  reduce(Reduction::Sum, x.array(), out.array());
  EXPECT_EQ(out.memory[0], 0);
  EXPECT_EQ(out.memory[2], 0);
  EXPECT_EQ(out.memory[3], 7);
  reduce(Reduction::Prod, x.array(), out.array());
  EXPECT_EQ(out.memory[1], 1);
  Data<float> one({1, 1});
  reduce(Reduction::Mean, x.array(), one.array());
  EXPECT_TRUE(std::isnan(one.memory[0]));
  Data<uint8_t> truth({1, 1});
  reduce(Reduction::All, x.array(), truth.array());
  EXPECT_EQ(truth.memory[0], 1);
  reduce(Reduction::Any, x.array(), truth.array());
  EXPECT_EQ(truth.memory[0], 0);
  Data<float> e({100, 3});
  e.strides = {0, 1};
  e.memory[0] = 1, e.memory[1] = 2, e.memory[2] = 3;
  reduce(Reduction::Sum, e.array(), out.array());
  EXPECT_EQ(out.memory[1], 200);
  reduce(Reduction::Sum, e.array(), one.array());
  EXPECT_EQ(one.memory[0], 600);
  Data<float> scalar(std::vector<int64_t>{}), result(std::vector<int64_t>{});
  scalar.memory[0] = 5;
  reduce(Reduction::Sum, scalar.array(), result.array());
  EXPECT_EQ(result.memory[0], 5);
}

TEST(Reduce, NegativeZeroSumsToZero) {
  Data<float> x({100}), out({1});
  x.memory.assign(101, -0.0f);
  reduce(Reduction::Sum, x.array(), out.array());
  EXPECT_FALSE(std::signbit(out.memory[0]));
}

TEST(Reduce, NanPropagatesThroughExtrema) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  for (int64_t n : {1, 5, 20, 64, 100, 5000}) {
    for (int64_t at : {int64_t{0}, n / 2, n - 1}) {
      Data<float> x({n}), out({1});
      randomise(x, 5);
      x.memory[static_cast<size_t>(at)] = nan;
      for (Reduction op : {Reduction::Max, Reduction::Min}) {
        reduce(op, x.array(), out.array());
        EXPECT_TRUE(std::isnan(out.memory[0])) << n << " " << at;
      }
    }
  }
  Data<float> x({300, 70}), out({1, 70});
  for (float& v : x.memory) v = -inf;
  x.at({250, 9}) = nan;
  reduce(Reduction::Max, x.array(), out.array());
  EXPECT_TRUE(std::isnan(out.at({0, 9})));
  EXPECT_EQ(out.at({0, 8}), -inf);
}

// torch's rule: the first NaN, else the first extremum.
template <class L>
int64_t place(const L& list, bool max) {
  int64_t best = 0;
  for (size_t i = 1; i < list.size(); ++i) {
    const double v = as_double(list[i]), b = as_double(list[static_cast<size_t>(best)]);
    if (std::isnan(b)) break;
    if (std::isnan(v) || (max ? v > b : v < b)) best = static_cast<int64_t>(i);
  }
  return best;
}

template <class T>
void check_places(bool with_nan) {
  unsigned seed = 3;
  for (const Case& c : cases()) {
    for (bool max : {true, false}) {
      Data<T> x(c.sizes, c.order, c.step);
      randomise(x, seed++, 0, 6);
      for_each_index(x.sizes, [&](const auto& i) {  // few distinct values: many ties
        const double v = std::floor(as_double(x.at(i)));
        x.at(i) = static_cast<T>(static_cast<float>(v));
        if (with_nan && seed % 2 && v == 3 && (i.back() % 7) == 5) x.at(i) = static_cast<T>(std::nanf(""));
      });
      Data<int64_t> out(keepdim(c.sizes, c.dims));
      reduce(max ? Reduction::ArgMax : Reduction::ArgMin, x.array(), out.array());
      Data<T> values(out.sizes);
      Data<int64_t> indices(out.sizes);
      reduce_with_index(max, x.array(), values.array(), indices.array(), c.dims[0]);
      for_each_index(out.sizes, [&](const auto& o) {
        const auto list = behind(x, out.sizes, o);
        const int64_t wanted = place(list, max);
        ASSERT_EQ(out.at(o), wanted) << ::testing::PrintToString(c.sizes);
        ASSERT_EQ(indices.at(o), wanted);
        const T value = list[static_cast<size_t>(wanted)];
        if (std::isnan(as_double(value))) ASSERT_TRUE(std::isnan(as_double(values.at(o))));
        else ASSERT_EQ(as_double(values.at(o)), as_double(value));
      });
    }
  }
}

TEST(Reduce, FirstExtremumAndFirstNan) {
  check_places<float>(false);
  check_places<float>(true);
  check_places<double>(true);
  check_places<BFloat16>(true);
  check_places<int64_t>(false);
  check_places<int32_t>(false);
  check_places<uint8_t>(false);
}

template <class T>
void check_variance(double shift, double tolerance) {
  unsigned seed = 11;
  for (const Case& c : cases()) {
    Data<T> x(c.sizes, c.order, c.step);
    randomise(x, seed++, shift - 1, shift + 1);
    Data<T> out(keepdim(c.sizes, c.dims)), average(out.sizes), deviation(out.sizes);
    const Array m = average.array();
    reduce_var(x.array(), out.array(), 1, false, &m);
    reduce_var(x.array(), deviation.array(), 0, true);
    for_each_index(out.sizes, [&](const auto& o) {
      const auto list = behind(x, out.sizes, o);
      const long double n = static_cast<long double>(list.size());
      long double mean = 0, squares = 0;
      for (T v : list) mean += static_cast<long double>(as_double(v)) / n;
      for (T v : list) squares += (as_double(v) - mean) * (as_double(v) - mean);
      ASSERT_NEAR(as_double(average.at(o)), static_cast<double>(mean), tolerance * std::abs(mean) + tolerance);
      ASSERT_NEAR(as_double(deviation.at(o)), static_cast<double>(std::sqrt(squares / n)), tolerance);
      if (list.size() == 1) ASSERT_TRUE(std::isnan(as_double(out.at(o))));
      else ASSERT_NEAR(as_double(out.at(o)), static_cast<double>(squares / (n - 1)), tolerance);
    });
  }
}

TEST(Reduce, Variance) {
  check_variance<float>(0, 1e-6);
  check_variance<float>(10000, 1e-6);  // the spread is a few units in the last place of the mean
  check_variance<double>(3, 1e-13);
  check_variance<Half>(0, 1e-3);
  Data<float> x({2}), out({1});
  x.memory = {1, 5, 0};
  reduce_var(x.array(), out.array(), 2, false);  // torch: inf
  EXPECT_TRUE(std::isinf(out.memory[0]));
}

}  // namespace
}  // namespace gradus
