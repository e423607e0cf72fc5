// Loops over bags of table rows.
#include "gradus/kernels/embedding_bag.h"

#include <type_traits>
#include <vector>

namespace gradus {
namespace {

template <class F>
void by_dtype(DType t, F&& f) {
  dispatch(t, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16)
      f.template operator()<T, std::conditional_t<std::is_same_v<T, double>, double, float>>();
  });
}

// f(bag, position) for every index that counts.
template <class F>
void for_each_index(const Bags& b, F&& f) {
  const int64_t *index = b.index.as<int64_t>(), *bound = b.bounds.as<int64_t>();
  for (int64_t bag = 0; bag < b.count(); ++bag)
    for (int64_t i = bound[bag]; i < bound[bag + 1]; ++i)
      if (index[i] != b.padding) f(bag, i);
}

// sum[c] += w * row[c]; the compiler vectorises the contiguous case.
template <class T, class A>
void add_row(A* __restrict sum, const T* __restrict row, int64_t columns, int64_t stride, A w) {
  if (stride == 1) {
    for (int64_t c = 0; c < columns; ++c) sum[c] += w * static_cast<A>(row[c]);
  } else {
    for (int64_t c = 0; c < columns; ++c) sum[c] += w * static_cast<A>(row[c * stride]);
  }
}

template <class T, class A>
void sum_bag(const Bags& b, int64_t bag, bool mean, const Array& table, const Array& weights, A* sum) {
  const int64_t *index = b.index.as<int64_t>(), *bound = b.bounds.as<int64_t>(), columns = table.sizes[1];
  for (int64_t c = 0; c < columns; ++c) sum[c] = 0;
  int64_t n = 0;
  for (int64_t i = bound[bag]; i < bound[bag + 1]; ++i) {
    if (index[i] == b.padding) continue;
    ++n;
    const T* row = table.as<T>() + index[i] * table.strides[0];
    const A w = weights.data ? static_cast<A>(weights.as<T>()[i]) : A(1);
    add_row(sum, row, columns, table.strides[1], w);
  }
  if (mean && n)
    for (int64_t c = 0; c < columns; ++c) sum[c] /= static_cast<A>(n);
}

template <class T>
void max_bag(const Bags& b, int64_t bag, const Array& table, T* out, int64_t* best) {
  const int64_t *index = b.index.as<int64_t>(), *bound = b.bounds.as<int64_t>(), columns = table.sizes[1];
  for (int64_t c = 0; c < columns; ++c) out[c] = T(0.0f), best[c] = 0;
  bool first = true;
  for (int64_t i = bound[bag]; i < bound[bag + 1]; ++i) {
    if (index[i] == b.padding) continue;
    const T* row = table.as<T>() + index[i] * table.strides[0];
    for (int64_t c = 0; c < columns; ++c) {
      const T x = row[c * table.strides[1]];
      if (!first && !(static_cast<double>(x) > static_cast<double>(out[c]))) continue;
      out[c] = x;
      best[c] = index[i];
    }
    first = false;
  }
}

}  // namespace

int64_t Bags::size(int64_t bag) const {
  const int64_t *at = index.as<int64_t>(), *bound = bounds.as<int64_t>();
  int64_t n = 0;
  for (int64_t i = bound[bag]; i < bound[bag + 1]; ++i) n += at[i] != padding;
  return n;
}

void describe_bags(const Bags& bags, const Array& bag_of, const Array& sizes) {
  const int64_t* bound = bags.bounds.as<int64_t>();
  int64_t at = 0;
  for (int64_t bag = 0; bag < bags.count(); ++bag) {
    for (; at < bound[bag + 1]; ++at) bag_of.as<int64_t>()[at] = bag;
    sizes.as<int64_t>()[bag] = bags.size(bag);
  }
  for (; at < bags.index.sizes[0]; ++at) bag_of.as<int64_t>()[at] = bags.count();
}

void embedding_bag(const Bags& bags, BagMode mode, const Array& table, const Array& weights, const Array& out,
                   const Array& best) {
  const int64_t columns = table.sizes[1];
  by_dtype(table.dtype, [&]<class T, class A>() {
    std::vector<A> sum(static_cast<size_t>(columns));
    for (int64_t bag = 0; bag < bags.count(); ++bag) {
      T* to = out.as<T>() + bag * columns;
      if (mode == BagMode::Max) {
        max_bag<T>(bags, bag, table, to, best.as<int64_t>() + bag * columns);
        continue;
      }
      sum_bag<T, A>(bags, bag, mode == BagMode::Mean, table, weights, sum.data());
      for (int64_t c = 0; c < columns; ++c) to[c] = static_cast<T>(sum[static_cast<size_t>(c)]);
    }
  });
}

void embedding_bag_backward(const Bags& bags, BagMode mode, const Array& grad, const Array& weights, const Array& best,
                            bool by_frequency, const Array& table) {
  const int64_t columns = table.sizes[1];
  const int64_t* index = bags.index.as<int64_t>();
  by_dtype(table.dtype, [&]<class T, class A>() {
    if (mode == BagMode::Max) {
      for (int64_t bag = 0; bag < bags.count(); ++bag)
        for (int64_t c = 0; bags.size(bag) && c < columns; ++c) {
          T& to = table.as<T>()[best.as<int64_t>()[bag * columns + c] * table.strides[0] + c * table.strides[1]];
          to = static_cast<T>(static_cast<A>(to) + static_cast<A>(grad.as<T>()[bag * columns + c]));
        }
      return;
    }
    std::vector<int64_t> frequency(by_frequency ? static_cast<size_t>(table.sizes[0]) : 0);
    if (by_frequency)
      for (int64_t i = 0; i < bags.index.sizes[0]; ++i) ++frequency[static_cast<size_t>(index[i])];
    std::vector<A> sum(static_cast<size_t>(table.sizes[0] * columns));  // rounded once
    std::vector<A> sizes;
    for (int64_t bag = 0; bag < bags.count(); ++bag) sizes.push_back(static_cast<A>(bags.size(bag)));
    for_each_index(bags, [&](int64_t bag, int64_t i) {
      A w = weights.data ? static_cast<A>(weights.as<T>()[i]) : A(1);
      if (mode == BagMode::Mean) w /= sizes[static_cast<size_t>(bag)];
      if (by_frequency) w /= static_cast<A>(frequency[static_cast<size_t>(index[i])]);
      const T* from = grad.as<T>() + bag * columns;
      add_row(sum.data() + index[i] * columns, from, columns, 1, w);
    });
    for (int64_t r = 0; r < table.sizes[0]; ++r)
      for (int64_t c = 0; c < columns; ++c) {
        T& to = table.as<T>()[r * table.strides[0] + c * table.strides[1]];
        to = static_cast<T>(static_cast<A>(to) + sum[static_cast<size_t>(r * columns + c)]);
      }
  });
}

void embedding_bag_weights_backward(const Bags& bags, const Array& grad, const Array& table, const Array& out) {
  const int64_t columns = table.sizes[1];
  by_dtype(table.dtype, [&]<class T, class A>() {
    for (int64_t i = 0; i < bags.index.sizes[0]; ++i) out.as<T>()[i] = T(0.0f);
    for_each_index(bags, [&](int64_t bag, int64_t i) {
      const T *g = grad.as<T>() + bag * columns, *row = table.as<T>() + bags.index.as<int64_t>()[i] * table.strides[0];
      A dot = 0;
      for (int64_t c = 0; c < columns; ++c) dot += static_cast<A>(g[c]) * static_cast<A>(row[c * table.strides[1]]);
      out.as<T>()[i] = static_cast<T>(dot);
    });
  });
}

}  // namespace gradus
