// Sums, means, products and truth values over all elements or some dims.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {

struct SumAll {
  static constexpr Op op{"sum(Tensor self, *, ScalarType? dtype=None) -> Tensor", "Sum of all elements.",
                         Kind::Structured, "fm"};
  static constexpr Reduction reduction = Reduction::Sum;
  static void infer(Call& c, const Tensor& self, OptDType dtype);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.expand(s); }
};

struct SumDim {
  static constexpr Op op{
      "sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
      "Sum over dims.", Kind::Structured, "fmo", "SumBackward1"};
  static constexpr Reduction reduction = Reduction::Sum;
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype);
  static void run(const Launch& l) { SumAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<bool, 2>& keepdim) {
    return restore_dims(g, dims_or_all(*dim), *keepdim, s.sizes.size()).expand(s);
  }
};

struct MeanAll {
  static constexpr Op op{"mean(Tensor self, *, ScalarType? dtype=None) -> Tensor", "Mean of all elements.",
                         Kind::Structured, "fmo"};
  static constexpr Reduction reduction = Reduction::Mean;
  static void infer(Call& c, const Tensor& self, OptDType dtype);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, OptDType dtype);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.expand(s) / product(s); }
};

struct MeanDim {
  static constexpr Op op{"mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
                         "Mean over dims.", Kind::Structured, "fmo", "MeanBackward1"};
  static constexpr Reduction reduction = Reduction::Mean;
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype);
  static void run(const Launch& l) { MeanAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<bool, 2>& keepdim);
};

struct ProdAll {
  static constexpr Op op{"prod(Tensor self, *, ScalarType? dtype=None) -> Tensor", "Product of all elements.",
                         Kind::Structured, "fm"};
  static void infer(Call& c, const Tensor& self, OptDType dtype);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& x);
};

struct ProdDim {
  static constexpr Op op{"prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
                         "Product along a dim.", Kind::Structured, "fmo", "ProdBackward1"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool keepdim, OptDType dtype);
  static void run(const Launch& l) { ProdAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, int64_t dim, bool keepdim, OptDType dtype);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<int64_t, 1>& dim, const Attr<bool, 2>& keepdim);
};

struct Logsumexp {
  static constexpr Op op{"logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
                         "log of the sum of exp over dims, without overflow.", Kind::Compound, "fmo"};
  static Tensor forward(const Tensor& self, const IntList& dim, bool keepdim);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<Dims, 1>& dim,
                   const Attr<bool, 2>& keepdim);
};

/// any and all give bool; uint8 for uint8. NaN is true.
struct AnyAll {
  static constexpr Op op{"any(Tensor self) -> Tensor", "Is any element nonzero?", Kind::Structured, "fmop"};
  static void infer(Call& c, const Tensor& self);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self);
};
struct AnyDim {
  static constexpr Op op{"any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
                         "Is any element along a dim nonzero?", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool keepdim);
  static void run(const Launch& l) { AnyAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, int64_t dim, bool keepdim);
};
struct AnyDims {
  static constexpr Op op{"any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
                         "Is any element over dims nonzero? An empty list reduces nothing.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim);
  static void run(const Launch& l) { AnyAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim);
};
struct AllAll {
  static constexpr Op op{"all(Tensor self) -> Tensor", "Are all elements nonzero?", Kind::Structured, "fmop"};
  static void infer(Call& c, const Tensor& self) { AnyAll::infer(c, self); }
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self);
};
struct AllDim {
  static constexpr Op op{"all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
                         "Are all elements along a dim nonzero?", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool keepdim) { AnyDim::infer(c, self, dim, keepdim); }
  static void run(const Launch& l) { AllAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, int64_t dim, bool keepdim);
};
struct AllDims {
  static constexpr Op op{"all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
                         "Are all elements over dims nonzero? An empty list reduces nothing.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim) {
    AnyDims::infer(c, self, dim, keepdim);
  }
  static void run(const Launch& l) { AllAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim);
};

}  // namespace gradus
