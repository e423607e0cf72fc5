// Matrix products.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/view.h"

namespace gradus {

namespace detail {
inline Tensor scaled(const Tensor& t, const Scalar& by) { return by.equals(1) ? t : t * by; }
/// Gradients of the operands of a product alpha * a @ b, in the order of the operand. The weight of a linear layer
/// comes as a transpose: its gradient then fits without a copy. Each element is the same chain either way.
inline Tensor left_gradient(const Tensor& g, const Tensor& b, const TensorMeta& a, const Scalar& alpha = 1) {
  return a.column_major ? turned(scaled(b.mm(turned(g)), alpha)) : scaled(g.mm(turned(b)), alpha);
}
inline Tensor right_gradient(const Tensor& g, const Tensor& a, const TensorMeta& b, const Scalar& alpha = 1) {
  return b.column_major ? turned(scaled(turned(g).mm(a), alpha)) : scaled(turned(a).mm(g), alpha);
}
}  // namespace detail

struct Mm {
  static constexpr Op op{"mm(Tensor self, Tensor mat2) -> Tensor", "Product of two matrices.", Kind::Structured, "fmo"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static void infer(Call& c, const Tensor& self, const Tensor& mat2);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& b, const Shape<0>& a) { return detail::left_gradient(g, b, a); }
  static Tensor d1(const Tensor& g, const In<0>& a, const Shape<1>& b) { return detail::right_gradient(g, a, b); }
};

struct Bmm {
  static constexpr Op op{"bmm(Tensor self, Tensor mat2) -> Tensor", "Products of two batches of matrices.",
                         Kind::Structured, "fmo"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static void infer(Call& c, const Tensor& self, const Tensor& mat2);
  static void run(const Launch& l) { Mm::run(l); }
  static Tensor d0(const Tensor& g, const In<1>& b) { return g.bmm(b.transpose(1, 2)); }
  static Tensor d1(const Tensor& g, const In<0>& a) { return a.transpose(1, 2).bmm(g); }
};

struct Mv {
  static constexpr Op op{"mv(Tensor self, Tensor vec) -> Tensor", "Product of a matrix and a vector.", Kind::Structured,
                         "fmo"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static void infer(Call& c, const Tensor& self, const Tensor& vec);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& v) { return g.unsqueeze(1) * v; }
  static Tensor d1(const Tensor& g, const In<0>& m) { return m.t().mv(g); }
};

/// Raises unless `out` has the dtype of the operands; dot has a text of its own.
void check_dot_out(const Tensor& out, DType result);

struct Dot {
  static constexpr Op op{"dot(Tensor self, Tensor tensor) -> Tensor", "Sum of the products of two vectors.",
                         Kind::Structured, "fmo"};
  static void check_out(const Tensor& out, DType result) { check_dot_out(out, result); }
  static void infer(Call& c, const Tensor& self, const Tensor& tensor);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& b) { return g * b; }
  static Tensor d1(const Tensor& g, const In<0>& a) { return g * a; }
};

struct Addmm {
  static constexpr Op op{
      "addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
      "beta * self + alpha * mat1 @ mat2; with both 1, every element is one chain that starts from self.",
      Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, const Tensor& mat1, const Tensor& mat2, Scalar beta, Scalar alpha);
  static void check_self(const Tensor& self, const Tensor& mat1, const Tensor& mat2, Scalar beta, Scalar alpha);
  static Tensor d0(const Tensor& g, const Attr<Scalar, 3>& beta) { return detail::scaled(g, *beta); }
  static Tensor d1(const Tensor& g, const In<2>& b, const Shape<1>& a, const Attr<Scalar, 4>& alpha) {
    return detail::left_gradient(g, b, a, *alpha);
  }
  static Tensor d2(const Tensor& g, const In<1>& a, const Shape<2>& b, const Attr<Scalar, 4>& alpha) {
    return detail::right_gradient(g, a, b, *alpha);
  }
};

inline constexpr Op mm_dtype_op{"mm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor",
                                "Product of two matrices, computed and returned in another dtype.", Kind::Composite,
                                "fmo"};
inline constexpr Op addmm_dtype_op{
    "addmm.dtype(Tensor self, Tensor mat1, Tensor mat2, ScalarType out_dtype, *, Scalar beta=1, Scalar alpha=1) -> "
    "Tensor",
    "beta * self + alpha * mat1 @ mat2, computed and returned in another dtype.", Kind::Composite, "fmo"};
inline constexpr Op bmm_dtype_op{"bmm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor",
                                 "Products of two batches of matrices, computed and returned in another dtype.",
                                 Kind::Composite, "fmo"};

struct Matmul {
  static constexpr Op op{"matmul(Tensor self, Tensor other) -> Tensor",
                         "Product of vectors, matrices or batches of matrices, with broadcast batches.",
                         Kind::Composite, "fmo"};
  static constexpr bool differentiable = true;
  static void write_out(const Tensor* out, const Tensor& self, const Tensor& other);
};
inline constexpr Op outer_op{"outer(Tensor self, Tensor vec2) -> Tensor", "All products of two vectors.",
                             Kind::Composite, "fmo"};
struct Linear {
  static constexpr Op op{"linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor",
                         "input @ weight.t() + bias over the last dim.", Kind::Composite, "no"};
  static constexpr bool differentiable = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};

}  // namespace gradus
