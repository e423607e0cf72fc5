// Norms as reductions of absolute values and squares; distances row by row.
#include "gradus/kernels/vector_norm.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "gradus/kernels/pool.h"
#include "gradus/kernels/reduce_plan.h"
#include "gradus/kernels/vector_norm_table.h"

namespace gradus {
namespace {

const VectorNormTable& table() {
  static const VectorNormTable& chosen = GRADUS_PICK(vector_norm_table);
  return chosen;
}

template <class T>
void take_roots(void* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) static_cast<T*>(x)[i] = std::sqrt(static_cast<T*>(x)[i]);
}

int norm_of(double p) {
  if (p == 0) return static_cast<int>(Norm::Zero);
  if (p == 1) return static_cast<int>(Norm::One);
  if (p == 2) return static_cast<int>(Norm::Two);
  return static_cast<int>(std::isinf(p) ? Norm::Infinite : Norm::Any);
}

// The rows of contiguous [batch, n, m].
struct Rows {
  char* data;
  int64_t n, m, bytes;
  explicit Rows(const Array& a) : data(a.as<char>()), n(a.sizes[1]), m(a.sizes[2]), bytes(m * item_size(a.dtype)) {}
  char* row(int64_t batch, int64_t i) const { return data + (batch * n + i) * bytes; }
};

// f(batch, row of a), each of which meets all rows of b.
template <class F>
void for_each_row(int64_t batches, const Rows& a, const Rows& b, const F& f) {
  const double cost = 0.3 * static_cast<double>(b.n * (a.m + 4));
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) f(r / a.n, r % a.n);
  };
  parallel_for(batches * a.n, grain_for(cost), run, cost * static_cast<double>(batches * a.n));
}

}  // namespace

void reduce_mapped(Mapped map, const Array& in, const Array& out) {
  ReducePlan plan;
  plan_reduction(in, out, plan);
  if (plan.outputs == 0) return;
  const Acc acc = out.dtype == kFloat64 ? Acc::Double : Acc::Float;
  const int type = static_cast<int>(in.dtype);
  ReduceTable::Gather* gather = table().mapped[static_cast<int>(map)][type];
  const bool euclidean = map == Mapped::Square;
  const auto store = reductions().store[static_cast<int>(out.dtype)][static_cast<int>(acc)];
  for_each_part(plan, 0.5, [&](const ReducePlan& part) {
    Reducer reducer(part, in.data, in.dtype, Monoid::Sum, acc, gather, false, nullptr);
    reducer.for_each_tile([&](const ReduceTile& tile) {
      void* result = reducer.run(tile);
      if (euclidean && acc == Acc::Double) take_roots<double>(result, tile.n);
      if (euclidean && acc == Acc::Float) take_roots<float>(result, tile.n);
      store(out.as<char>() + tile.out * item_size(out.dtype), tile.out_stride, result, tile.n);
    });
  });
}

void row_distances(const Array& x, const Array& y, double p, const Array& out) {
  const Rows a(x), b(y), to(out);
  const auto distances = table().distances[x.dtype == kFloat64][norm_of(p)];
  for_each_row(x.sizes[0], a, b,
               [&](int64_t k, int64_t i) { distances(a.row(k, i), b.row(k, 0), b.n, a.m, p, to.row(k, i)); });
}

void row_distances_backward(const Array& grad, const Array& x, const Array& y, const Array& distance, double p,
                            const Array& out) {
  const Rows a(x), b(y), g(grad), d(distance), to(out);
  const auto backward = table().backward[x.dtype == kFloat64][norm_of(p)];
  std::memset(out.data, 0, static_cast<size_t>(out.numel() * item_size(out.dtype)));
  for_each_row(x.sizes[0], a, b, [&](int64_t k, int64_t i) {
    backward(a.row(k, i), b.row(k, 0), b.n, a.m, p, g.row(k, i), d.row(k, i), to.row(k, i));
  });
}

void pair_distances(const Array& x, double p, const Array& out) {
  const int64_t n = x.sizes[0], m = x.sizes[1], item = item_size(x.dtype);
  const auto distances = table().distances[x.dtype == kFloat64][norm_of(p)];
  char* to = out.as<char>();
  for (int64_t i = 0; i + 1 < n; ++i) {
    const char* row = x.as<char>() + i * m * item;
    distances(row, row + m * item, n - 1 - i, m, p, to);
    to += (n - 1 - i) * item;
  }
}

namespace {

// Row i against all others: the weights of the pairs (j, i) stand apart, those of (i, j) side by side. Its own distance
// is 0 and gives nothing.
template <class T>
void pairs_backward(const T* grad, const T* x, const T* distance, int64_t n, int64_t m, double p, T* out) {
  const auto backward = table().backward[sizeof(T) == 8][norm_of(p)];
  std::vector<T> g(static_cast<size_t>(n)), d(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const int64_t a = i < j ? i : j, b = i < j ? j : i;
      const int64_t pair = a * (2 * n - a - 1) / 2 + (b - a - 1);
      g[static_cast<size_t>(j)] = i == j ? T(0) : grad[pair];
      d[static_cast<size_t>(j)] = i == j ? T(0) : distance[pair];
    }
    backward(x + i * m, x, n, m, p, g.data(), d.data(), out + i * m);
  }
}

}  // namespace

void pair_distances_backward(const Array& grad, const Array& x, const Array& distance, double p, const Array& out) {
  const int64_t n = x.sizes[0], m = x.sizes[1];
  std::memset(out.data, 0, static_cast<size_t>(n * m * item_size(out.dtype)));
  if (x.dtype == kFloat64)
    pairs_backward(grad.as<double>(), x.as<double>(), distance.as<double>(), n, m, p, out.as<double>());
  else pairs_backward(grad.as<float>(), x.as<float>(), distance.as<float>(), n, m, p, out.as<float>());
}

}  // namespace gradus
