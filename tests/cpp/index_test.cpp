// Indexing kernels against loops over coordinates.
#include "gradus/kernels/index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "gradus/core/error.h"
#include "gradus/kernels/nll.h"

namespace gradus {
namespace {

using Index = std::vector<int64_t>;

// A tensor with its dims laid out in memory in the order given, `step` elements apart.
template <class T>
struct Grid {
  Index sizes, strides;
  std::vector<T> memory;

  explicit Grid(Index s, std::vector<size_t> order = {}, int64_t step = 1)
      : sizes(std::move(s)), strides(sizes.size()) {
    if (order.empty())
      for (size_t d = 0; d < sizes.size(); ++d) order.push_back(d);
    int64_t n = step;
    for (size_t k = order.size(); k-- > 0;) {
      strides[order[k]] = n;
      n *= sizes[order[k]];
    }
    memory.assign(static_cast<size_t>(n), T{});
  }
  Array array() {
    return {memory.data(), DTypeOf<T>::value, static_cast<int>(sizes.size()), sizes.data(), strides.data()};
  }
  T& operator[](const Index& i) {
    int64_t o = 0;
    for (size_t d = 0; d < i.size(); ++d) o += i[d] * strides[d];
    return memory[static_cast<size_t>(o)];
  }
};

void for_each_index(const Index& sizes, const std::function<void(const Index&)>& f) {
  for (int64_t s : sizes)
    if (s == 0) return;
  Index i(sizes.size(), 0);
  while (true) {
    f(i);
    size_t d = sizes.size();
    while (d > 0 && ++i[d - 1] == sizes[d - 1]) i[--d] = 0;
    if (d == 0) return;
  }
}

Index join(const Index& a, const Index& b) {
  Index all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

template <class T>
void count_up(Grid<T>& g, double from = 1) {
  for_each_index(g.sizes, [&](const Index& i) { g[i] = static_cast<T>(static_cast<float>(from++)); });
}

void random_indices(Grid<int64_t>& g, int64_t low, int64_t high, unsigned seed) {
  std::mt19937 rng(seed);
  for_each_index(g.sizes, [&](const Index& i) { g[i] = std::uniform_int_distribution<int64_t>(low, high - 1)(rng); });
}

template <class T>
void check_nonzero(Index sizes, std::vector<size_t> order, int64_t step, double density) {
  Grid<T> x(sizes, order, step);
  std::mt19937 rng(7);
  Index wanted;
  int64_t count = 0;
  for_each_index(sizes, [&](const Index& i) {
    if (std::uniform_real_distribution<>(0, 1)(rng) >= density) return;
    x[i] = static_cast<T>(1.0f);
    ++count;
    wanted.insert(wanted.end(), i.begin(), i.end());
  });
  ASSERT_EQ(count_nonzero(x.array()), count);
  Index got(wanted.size() + 1, -77);
  const auto ndim = static_cast<int64_t>(sizes.size());
  nonzero(x.array(), got.data(), ndim, 1);
  EXPECT_EQ(got.back(), -77);  // nothing is written past the end
  got.pop_back();
  ASSERT_EQ(got, wanted);
  Index columns(wanted.size(), -77);
  nonzero(x.array(), columns.data(), 1, count);
  for (int64_t k = 0; k < count; ++k)
    for (int64_t d = 0; d < ndim; ++d)
      ASSERT_EQ(columns[static_cast<size_t>(d * count + k)], wanted[static_cast<size_t>(k * ndim + d)]);
}

TEST(Nonzero, CoordinatesInLogicalOrder) {
  for (double density : {0.0, 0.01, 0.5, 1.0}) {
    check_nonzero<uint8_t>({5000}, {}, 1, density);
    check_nonzero<float>({3, 4, 5}, {}, 1, density);
    check_nonzero<float>({3, 4, 5}, {2, 0, 1}, 2, density);
    check_nonzero<int64_t>({70, 45}, {}, 1, density);
    check_nonzero<Half>({70, 45}, {1, 0}, 1, density);
    check_nonzero<double>({2, 1300}, {}, 1, density);
    check_nonzero<int16_t>({900, 1, 3}, {}, 1, density);
    check_nonzero<uint8_t>({1}, {}, 1, density);
    check_nonzero<uint8_t>({0, 3}, {}, 1, density);
    check_nonzero<uint8_t>({}, {}, 1, density);
  }
  Grid<double> x({3});
  x.memory = {std::nan(""), -0.0, 1e-300};
  EXPECT_EQ(count_nonzero(x.array()), 2);
}

template <class F>
void expect_error(ErrorKind kind, const char* text, F&& f) {
  try {
    f();
    FAIL() << "no error: " << text;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind);
    EXPECT_STREQ(e.what(), text);
  }
}

TEST(IndexBounds, TorchsErrors) {
  Grid<int64_t> i({4});
  i.memory = {0, -3, 2, 5};
  expect_error(ErrorKind::Index, "index 5 is out of bounds for dimension 0 with size 3",
               [&] { check_index_bounds(i.array(), 3, 0); });
  i.memory = {0, -3, -4, 5};
  expect_error(ErrorKind::Index, "index -4 is out of bounds for dimension 1 with size 3",
               [&] { check_index_bounds(i.array(), 3, 1); });
  i.memory = {0, -3, 2, 1};
  EXPECT_NO_THROW(check_index_bounds(i.array(), 3, 0));
  expect_error(ErrorKind::Runtime, "index -3 is out of bounds for dimension 0 with size 3",
               [&] { check_gather_bounds(i.array(), 3, 0); });
  expect_error(ErrorKind::Index, "index out of range in self", [&] { check_row_bounds(i.array(), 3); });
  expect_error(ErrorKind::Index, "Target -3 is out of bounds.", [&] { check_targets(i.array(), 3, -100); });
  EXPECT_NO_THROW(check_targets(i.array(), 3, -3));
  Grid<int64_t> empty({0});
  EXPECT_NO_THROW(check_index_bounds(empty.array(), 0, 0));
}

// An indexed tensor: its leading `n` dims are indexed, B is the shape of the indices.
template <class T>
struct Indexed {
  Grid<T> table;
  size_t n;
  std::vector<Grid<int64_t>> indices;
  Index shape, trailing;

  Indexed(Index sizes, std::vector<size_t> order, int64_t step, size_t indexed, Index b, unsigned seed)
      : table(sizes, order, step), n(indexed), shape(b), trailing(sizes.begin() + static_cast<long>(n), sizes.end()) {
    for (size_t j = 0; j < n; ++j) {
      indices.emplace_back(b, j % 2 && b.size() == 2 ? std::vector<size_t>{1, 0} : std::vector<size_t>{});
      random_indices(indices.back(), -sizes[j], sizes[j], seed + static_cast<unsigned>(j));
    }
  }
  IndexSpec spec() {
    IndexSpec s;
    s.n_indexed = static_cast<int>(n);
    for (size_t j = 0; j < n; ++j) {
      s.dim_sizes[j] = table.sizes[j];
      s.dim_strides[j] = table.strides[j];
      s.index[j] = indices[j].array();
    }
    return s;
  }
  Array slice() {
    Array a = table.array();
    a.ndim -= static_cast<int>(n);
    a.sizes += n;
    a.strides += n;
    return a;
  }
  Index where(const Index& at) {  // B… s… to coordinates of the table
    const Index b(at.begin(), at.begin() + static_cast<long>(shape.size()));
    Index full;
    for (size_t j = 0; j < n; ++j) {
      const int64_t i = indices[j][b];
      full.push_back(i < 0 ? i + table.sizes[j] : i);
    }
    full.insert(full.end(), at.begin() + static_cast<long>(shape.size()), at.end());
    return full;
  }
};

template <class T>
void check_indexing(Index sizes, std::vector<size_t> order, int64_t step, size_t n, Index b,
                    std::vector<size_t> out_order) {
  Indexed<T> x(sizes, order, step, n, b, 31);
  count_up(x.table);
  Grid<T> out(join(b, x.trailing), out_order);
  index_get(x.slice(), x.spec(), out.array());
  for_each_index(out.sizes, [&](const Index& at) { ASSERT_EQ(float(out[at]), float(x.table[x.where(at)])); });

  Grid<T> values(join(b, x.trailing), out_order);
  count_up(values, 2);
  Grid<T> wanted = x.table;
  for_each_index(values.sizes, [&](const Index& at) { wanted[x.where(at)] = values[at]; });
  Indexed<T> y = x;
  index_put(y.slice(), y.spec(), values.array(), false);
  for_each_index(sizes, [&](const Index& at) { ASSERT_EQ(float(y.table[at]), float(wanted[at])); });

  wanted = x.table;
  for_each_index(values.sizes,
                 [&](const Index& at) { wanted[x.where(at)] = static_cast<T>(wanted[x.where(at)] + values[at]); });
  Indexed<T> z = x;
  index_put(z.slice(), z.spec(), values.array(), true);
  for_each_index(sizes, [&](const Index& at) { ASSERT_EQ(float(z.table[at]), float(wanted[at])); });
}

TEST(Index, GetPutAccumulate) {
  check_indexing<float>({10}, {}, 1, 1, {25}, {});
  check_indexing<float>({10, 7}, {}, 1, 1, {25}, {});
  check_indexing<float>({10, 7}, {}, 1, 1, {}, {});
  check_indexing<double>({10, 7}, {1, 0}, 1, 1, {1300}, {});
  check_indexing<Half>({10, 7}, {}, 1, 2, {4, 5}, {});
  check_indexing<uint8_t>({6, 5, 4}, {}, 1, 1, {3, 2}, {});
  check_indexing<float>({6, 5, 4}, {}, 1, 1, {600}, {1, 2, 0});
  check_indexing<float>({6, 5, 4}, {2, 0, 1}, 2, 2, {3, 20}, {});
  check_indexing<int64_t>({6, 5, 4}, {}, 1, 3, {3, 20}, {1, 0});
  check_indexing<int16_t>({6, 5, 4, 3}, {}, 1, 3, {700}, {});
  check_indexing<float>({6, 3, 4, 5}, {0, 3, 2, 1}, 1, 1, {9}, {});
  check_indexing<float>({6, 40}, {}, 1, 1, {0}, {});
}

TEST(Index, BroadcastValue) {
  Indexed<float> x({5, 3}, {}, 1, 1, {2}, 1);
  x.indices[0].memory = {-1, 2};
  Grid<float> value({2, 3});
  value.strides = {0, 0};
  value.memory[0] = 9;
  index_put(x.slice(), x.spec(), value.array(), false);
  for_each_index({5, 3}, [&](const Index& i) { EXPECT_EQ(x.table[i], i[0] == 4 || i[0] == 2 ? 9 : 0); });
}

TEST(Index, EmbeddingRows) {
  Grid<float> table({20, 33});
  count_up(table);
  Grid<int64_t> index({6, 50});
  random_indices(index, 0, 20, 4);
  Grid<float> out({6, 50, 33});
  gather_rows(table.array(), index.array(), out.array());
  for_each_index(out.sizes, [&](const Index& i) { ASSERT_EQ(out[i], (table[{index[{i[0], i[1]}], i[2]}])); });

  for (int64_t padding : {-1, 3}) {
    Grid<float> grad({6, 50, 33}), into({20, 33}), wanted({20, 33});
    for_each_index(grad.sizes, [&](const Index& i) { grad[i] = 0.1f * static_cast<float>(i[0] + i[1] * i[2]); });
    for_each_index(grad.sizes, [&](const Index& i) {  // the order of additions is the order of the index
      const int64_t row = index[{i[0], i[1]}];
      if (row != padding) wanted[{row, i[2]}] += grad[i];
    });
    scatter_add_rows(grad.array(), index.array(), into.array(), padding);
    EXPECT_EQ(into.memory, wanted.memory);
  }
}

template <class T>
void check_along(Index sizes, Index index_sizes, int dim, std::vector<size_t> order) {
  const auto d = static_cast<size_t>(dim);
  Grid<T> x(sizes, order);
  count_up(x);
  Grid<int64_t> index(index_sizes, order);
  random_indices(index, 0, sizes[d], 8);
  const auto at = [&](Index i) {
    i[d] = index[i];
    return i;
  };
  Grid<T> out(index_sizes);
  gather(x.array(), dim, index.array(), out.array());
  for_each_index(index_sizes, [&](const Index& i) { ASSERT_EQ(out[i], x[at(i)]); });

  for (ScatterMode mode : {ScatterMode::Set, ScatterMode::Add}) {
    Grid<T> src(index_sizes), got = x, wanted = x;
    count_up(src, 5);
    for_each_index(index_sizes, [&](const Index& i) {
      wanted[at(i)] = mode == ScatterMode::Add ? static_cast<T>(wanted[at(i)] + src[i]) : src[i];
    });
    scatter(got.array(), dim, index.array(), src.array(), mode);
    EXPECT_EQ(got.memory, wanted.memory);
  }
}

TEST(Index, GatherScatterAlongADim) {
  check_along<float>({5, 6}, {5, 4}, 1, {});
  check_along<float>({5, 6}, {9, 6}, 0, {});
  check_along<double>({5, 6, 7}, {4, 11, 7}, 1, {2, 0, 1});
  check_along<int32_t>({5, 6, 7}, {5, 6, 2}, 2, {});
  check_along<uint8_t>({50}, {13}, 0, {});
  Grid<float> scalar(Index{}), out(Index{});
  Grid<int64_t> zero(Index{});
  scalar.memory[0] = 4;
  gather(scalar.array(), 0, zero.array(), out.array());
  EXPECT_EQ(out.memory[0], 4);
}

TEST(Nll, PicksAndPutsByClass) {
  Grid<float> scores({4, 5, 3, 1});  // N, C, H, W
  count_up(scores);
  Grid<int64_t> target({4, 3, 1});
  random_indices(target, 0, 5, 2);
  target[{1, 2, 0}] = -100;
  Grid<float> out({4, 3, 1}), total(Index{});
  nll_forward(scores.array(), target.array(), {}, 0, -100, out.array(), total.array());
  Grid<float> grad_in({4, 5, 3, 1}), wanted({4, 5, 3, 1});
  for_each_index(out.sizes, [&](const Index& i) {
    const int64_t t = target[i];
    EXPECT_EQ(out[i], t == -100 ? 0 : -(scores[{i[0], t, i[1], 0}]));
    if (t != -100) wanted[{i[0], t, i[1], 0}] = -out[i];
  });
  nll_backward(out.array(), scores.array(), target.array(), {}, 0, -100, total.array(), grad_in.array());
  EXPECT_EQ(grad_in.memory, wanted.memory);
}

}  // namespace
}  // namespace gradus
