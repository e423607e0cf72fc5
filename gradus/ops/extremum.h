// Largest and smallest elements, their places, and the gradients that go to them.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {

/// 1 where self equals value, else 0, in their dtype; with `nan` nonzero two NaNs are equal.
struct Ties {
  static constexpr Op op{"_gradus_ties(Tensor self, Tensor value, *, Scalar nan) -> Tensor",
                         "1 where self equals value, else 0.", Kind::Promote, ""};
  static auto value(auto a, auto b, auto nan) {
    using T = decltype(a);
    return ((a == b) | ((a != a) & (b != b) & (nan != T(0)))) ? T(1) : T(0);
  }
};

/// The gradient of the elements that `indices` select along a dim: grad at those places, zero elsewhere.
struct SelectedBackward {
  static constexpr Op op{
      "value_selecting_reduction_backward(Tensor grad, int dim, Tensor indices, SymInt[] sizes, bool keepdim) -> "
      "Tensor",
      "Zeros with grad at the indices along a dim.", Kind::Structured, "", "ValueSelectingReductionBackward0"};
  static void infer(Call& c, const Tensor& grad, int64_t dim, const Tensor& indices, const IntList& sizes,
                    bool keepdim);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& indices, const Attr<bool, 4>& keepdim);
};
/// Its inverse: the elements that `indices` select along a dim.
struct SelectedElements {
  static constexpr Op op{"_gradus_selected(Tensor self, int dim, Tensor indices, bool keepdim) -> Tensor",
                         "The elements at the indices along a dim.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& self, int64_t dim, const Tensor& indices, bool keepdim);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const In<2>& indices,
                   const Attr<bool, 3>& keepdim);
};

struct MaxAll {
  static constexpr Op op{"max(Tensor self) -> Tensor", "Largest element; NaN if there is one.", Kind::Structured, "fmo",
                         "MaxBackward1"};
  static constexpr Reduction reduction = Reduction::Max;
  static void infer(Call& c, const Tensor& self);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y);
};
struct MinAll {
  static constexpr Op op{"min(Tensor self) -> Tensor", "Smallest element; NaN if there is one.", Kind::Structured,
                         "fmo", "MinBackward1"};
  static constexpr Reduction reduction = Reduction::Min;
  static void infer(Call& c, const Tensor& self);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y) { return MaxAll::d0(g, x, y); }
};

struct MaxDim {
  static constexpr Op op{"max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
                         "Largest element along a dim and where it first is.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Out<1>& indices, const Attr<int64_t, 1>& dim,
                   const Attr<bool, 2>& keepdim);
};
struct MinDim {
  static constexpr Op op{"min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
                         "Smallest element along a dim and where it first is.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Out<1>& indices, const Attr<int64_t, 1>& dim,
                   const Attr<bool, 2>& keepdim) {
    return MaxDim::d0(g, s, indices, dim, keepdim);
  }
};

struct Amax {
  static constexpr Op op{"amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor",
                         "Largest element over dims; ties share the gradient.", Kind::Structured, "fmo"};
  static constexpr Reduction reduction = Reduction::Max;
  static void infer(Call& c, const Tensor& self, const IntList& dim, bool keepdim);
  static void run(const Launch& l) { MaxAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, const IntList& dim, bool keepdim);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<Dims, 1>& dim,
                   const Attr<bool, 2>& keepdim);
};
struct Amin {
  static constexpr Op op{"amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor",
                         "Smallest element over dims; ties share the gradient.", Kind::Structured, "fmo"};
  static constexpr Reduction reduction = Reduction::Min;
  static void infer(Call& c, const Tensor& self, const IntList& dim, bool keepdim);
  static void run(const Launch& l) { MinAll::run(l); }
  static void write_out(const Tensor* out, const Tensor& self, const IntList& dim, bool keepdim);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<Dims, 1>& dim,
                   const Attr<bool, 2>& keepdim) {
    return Amax::d0(g, x, y, dim, keepdim);
  }
};

struct Aminmax {
  static constexpr Op op{"aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)",
                         "Smallest and largest element, of all or along a dim.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
  static Tensor d0(const Tensor& g, const Grad<1>& g_max, const In<0>& x, const Out<0>& min, const Out<1>& max,
                   const Attr<std::optional<int64_t>, 1>& dim, const Attr<bool, 2>& keepdim);
};

struct Argmax {
  static constexpr Op op{"argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor",
                         "Index of the largest element, in the flattened tensor or along a dim.", Kind::Structured,
                         "fmo"};
  static void infer(Call& c, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
};
struct Argmin {
  static constexpr Op op{"argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor",
                         "Index of the smallest element, in the flattened tensor or along a dim.", Kind::Structured,
                         "fmo"};
  static void infer(Call& c, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, std::optional<int64_t> dim, bool keepdim);
};

}  // namespace gradus
