// Reductions: sums, means, extremes, over all or some dims.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/kernels/reduce.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// The gradient of a reduced result, with its dims put back so that it broadcasts against the input.
Tensor restore_dims(const Tensor& g, const IntList& dims, bool keepdim, int64_t ndim);

struct SumAll {
  static constexpr Op op{"sum(Tensor self, *, ScalarType? dtype=None) -> Tensor", "Sum of all elements.",
                         Kind::Structured, "fm"};
  static void infer(Call& c, const Tensor& self, OptDType dtype);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.expand(s); }
};

struct SumDim {
  static constexpr Op op{
      "sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
      "Sum over dims.", Kind::Structured, "fmo", "SumBackward1"};
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype);
  static void run(const Launch& l) { SumAll::run(l); }
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<bool, 2>& keepdim) {
    return restore_dims(g, *dim ? IntList(**dim) : IntList{}, *keepdim, s.sizes.size()).expand(s);
  }
};

}  // namespace gradus
