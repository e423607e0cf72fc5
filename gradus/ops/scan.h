// Running sums along a dim.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct Cumsum {
  static constexpr Op op{"cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
                         "Sum of all elements up to each, along a dim.", Kind::Structured, "fmio"};
  static void infer(Call& c, const Tensor& self, int64_t dim, OptDType dtype);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, int64_t dim, OptDType dtype);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim) {
    return _gradus_cumsum_reversed(g.to(s.dtype), *dim);
  }
};

/// The gradient of cumsum.
struct CumsumReversed {
  static constexpr Op op{"_gradus_cumsum_reversed(Tensor self, int dim) -> Tensor",
                         "Sum of all elements from each on, along a dim.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& self, int64_t dim);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim) { return g.cumsum(*dim); }
};

}  // namespace gradus
