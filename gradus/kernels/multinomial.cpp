// Weighted choice.
#include "gradus/kernels/multinomial.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "gradus/core/format.h"

namespace gradus {
namespace {

// Calls f<T, A>: the element type and the type PyTorch adds in.
template <class F>
void with_types(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Float16: return f.template operator()<Half, float>();
    case DType::BFloat16: return f.template operator()<BFloat16, float>();
    case DType::Float32: return f.template operator()<float, float>();
    default: return f.template operator()<double, double>();
  }
}

struct Faults {
  bool negative = false, infinite = false, zero_sum = false;
};
Faults find_faults(const Array& w) {
  Faults found;
  with_types(w.dtype, [&]<class T, class A>() {
    for (int64_t r = 0; r < w.sizes[0]; ++r) {
      A sum = 0;
      for (int64_t i = 0; i < w.sizes[1]; ++i) {
        const A x = static_cast<A>(w.as<T>()[r * w.strides[0] + i * w.strides[1]]);
        found.negative |= !(x >= 0);
        found.infinite |= !std::isfinite(x);
        sum += x;
      }
      found.zero_sum |= !(sum > 0);
    }
  });
  return found;
}

}  // namespace

void check_weights(const Array& weights) {
  const Faults f = find_faults(weights);
  check(!f.negative && !f.infinite, "probability tensor contains either `inf`, `nan` or element < 0");
  check(!f.zero_sum, "invalid multinomial distribution (sum of probabilities <= 0)");
}

void check_weight_rows(const Array& weights) {
  const Faults f = find_faults(weights);
  check(!f.negative, "invalid multinomial distribution (encountering probability entry < 0)");
  check(!f.infinite, "invalid multinomial distribution (encountering probability entry = infinity or NaN)");
  check(!f.zero_sum, "invalid multinomial distribution (sum of probabilities <= 0)");
}

void choose_with_replacement(Generator& gen, const Array& w, const Array& out) {
  const std::lock_guard<Generator> guard(gen);
  with_types(w.dtype, [&]<class T, class A>() {
    const int64_t n = w.sizes[1];
    std::vector<A> running(static_cast<size_t>(n));
    for (int64_t r = 0; r < w.sizes[0]; ++r) {
      A sum = 0;
      for (int64_t i = 0; i < n; ++i)
        running[static_cast<size_t>(i)] = sum += static_cast<A>(w.as<T>()[r * w.strides[0] + i * w.strides[1]]);
      for (A& x : running) x /= sum;
      running.back() = 1;
      for (int64_t s = 0; s < out.sizes[1]; ++s) {
        const double u = static_cast<double>(gen.random64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
        const auto at =
            std::partition_point(running.begin(), running.end() - 1, [&](A x) { return static_cast<double>(x) < u; });
        out.as<int64_t>()[r * out.strides[0] + s * out.strides[1]] = at - running.begin();
      }
    }
  });
}

void largest_indices(const Array& keys, const Array& out) {
  with_types(keys.dtype, [&]<class T, class A>() {
    std::vector<std::pair<A, int64_t>> row(static_cast<size_t>(keys.sizes[1]));
    for (int64_t r = 0; r < keys.sizes[0]; ++r) {
      for (int64_t i = 0; i < keys.sizes[1]; ++i)
        row[static_cast<size_t>(i)] = {static_cast<A>(keys.as<T>()[r * keys.strides[0] + i * keys.strides[1]]), i};
      std::partial_sort(row.begin(), row.begin() + out.sizes[1], row.end(), [](const auto& a, const auto& b) {
        return a.first > b.first || (a.first == b.first && a.second < b.second);
      });
      for (int64_t s = 0; s < out.sizes[1]; ++s)
        out.as<int64_t>()[r * out.strides[0] + s * out.strides[1]] = row[static_cast<size_t>(s)].second;
    }
  });
}

}  // namespace gradus
