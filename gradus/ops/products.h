// Products of vectors, matrices and batches beyond matmul: sums over indices, outer and Kronecker products, powers.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/matmul.h"

namespace gradus {

struct Einsum {
  static constexpr Op op{"einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor",
                         "Products summed over indices, as an equation such as 'bij,bjk->bik' names them.",
                         Kind::Composite, "f"};
};
struct Tensordot {
  static constexpr Op op{"tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor",
                         "Products summed over pairs of dims.", Kind::Composite, "fo"};
  static bool copies_out(const Tensor&, const Tensor&, const IntList&, const IntList&) { return true; }
  static void check_out(const Tensor& out, DType result);
};
struct Inner {
  static constexpr Op op{"inner(Tensor self, Tensor other) -> Tensor", "Products summed over the last dims.",
                         Kind::Composite, "fmo"};
  static bool differentiable(const Tensor& a, const Tensor& b) { return a.dim() == 0 || b.dim() == 0; }
  static bool copies_out(const Tensor& a, const Tensor& b) { return a.dim() != 0 && b.dim() != 0; }
  static void check_out(const Tensor& out, DType result) { Tensordot::check_out(out, result); }
  static void write_out(const Tensor* out, const Tensor& self, const Tensor& other);
};
struct Ger {
  static constexpr Op op{"ger(Tensor self, Tensor vec2) -> Tensor", "Same as outer.", Kind::Composite, "fmo"};
  static constexpr bool differentiable = true;
};
struct Vdot {
  static constexpr Op op{"vdot(Tensor self, Tensor other) -> Tensor", "Sum of the products of two vectors.",
                         Kind::Compound, "fmo"};
  static void check_out(const Tensor& out, DType result);
  static Tensor forward(const Tensor& self, const Tensor& other) { return self.dot(other); }
  static Tensor d0(const Tensor& g, const In<1>& b) { return g * b; }
  static Tensor d1(const Tensor& g, const In<0>& a) { return g * a; }
};
struct Kron {
  static constexpr Op op{"kron(Tensor self, Tensor other) -> Tensor",
                         "Kronecker product: other once for every element of self, times that.", Kind::Composite,
                         "fmo"};
  static constexpr bool differentiable = true;
};

struct Addbmm {
  static constexpr Op op{
      "addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
      "beta * self + alpha * the sum of the products of two batches.", Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result);
  static Tensor forward(const Tensor& self, const Tensor& batch1, const Tensor& batch2, Scalar beta, Scalar alpha);
  static Tensor d0(const Tensor& g, const Attr<Scalar, 3>& beta) { return detail::scaled(g, *beta); }
  static Tensor d1(const Tensor& g, const In<2>& b, const Attr<Scalar, 4>& alpha) {
    return detail::scaled(g.unsqueeze(0).expand({b.size(0), g.size(0), g.size(1)}).bmm(b.transpose(1, 2)), *alpha);
  }
  static Tensor d2(const Tensor& g, const In<1>& a, const Attr<Scalar, 4>& alpha) {
    return detail::scaled(a.transpose(1, 2).bmm(g.unsqueeze(0).expand({a.size(0), g.size(0), g.size(1)})), *alpha);
  }
};
struct Baddbmm {
  static constexpr Op op{
      "baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
      "beta * self + alpha * the products of two batches.", Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static void check_self(const Tensor& self, const Tensor& batch1, const Tensor& batch2, Scalar beta, Scalar alpha);
  static Tensor forward(const Tensor& self, const Tensor& batch1, const Tensor& batch2, Scalar beta, Scalar alpha);
  static Tensor d0(const Tensor& g, const Attr<Scalar, 3>& beta) { return detail::scaled(g, *beta); }
  static Tensor d1(const Tensor& g, const In<2>& b, const Attr<Scalar, 4>& alpha) {
    return detail::scaled(g.bmm(b.transpose(1, 2)), *alpha);
  }
  static Tensor d2(const Tensor& g, const In<1>& a, const Attr<Scalar, 4>& alpha) {
    return detail::scaled(a.transpose(1, 2).bmm(g), *alpha);
  }
};
inline constexpr Op baddbmm_dtype_op{
    "baddbmm.dtype(Tensor self, Tensor batch1, Tensor batch2, ScalarType out_dtype, *, Scalar beta=1, Scalar alpha=1) "
    "-> Tensor",
    "beta * self + alpha * the products of two batches, computed and returned in another dtype.", Kind::Composite,
    "fmo"};
struct Addmv {
  static constexpr Op op{"addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
                         "beta * self + alpha * mat @ vec.", Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static void check_self(const Tensor& self, const Tensor& mat, const Tensor& vec, Scalar beta, Scalar alpha);
  static Tensor forward(const Tensor& self, const Tensor& mat, const Tensor& vec, Scalar beta, Scalar alpha);
  static Tensor d0(const Tensor& g, const Attr<Scalar, 3>& beta) { return detail::scaled(g, *beta); }
  static Tensor d1(const Tensor& g, const In<2>& v, const Attr<Scalar, 4>& alpha) {
    return detail::scaled(g.unsqueeze(1) * v, *alpha);
  }
  static Tensor d2(const Tensor& g, const In<1>& m, const Attr<Scalar, 4>& alpha) {
    return detail::scaled(m.t().mv(g), *alpha);
  }
};
struct Addr {
  static constexpr Op op{"addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
                         "beta * self + alpha * all products of two vectors.", Kind::Compound, "fmio"};
  static void check_self(const Tensor& self, const Tensor& vec1, const Tensor& vec2, Scalar beta, Scalar alpha);
  static Tensor forward(const Tensor& self, const Tensor& vec1, const Tensor& vec2, Scalar beta, Scalar alpha);
  static Tensor d0(const Tensor& g, const Attr<Scalar, 3>& beta) { return detail::scaled(g, *beta); }
  static Tensor d1(const Tensor& g, const In<2>& b, const Attr<Scalar, 4>& alpha) {
    return detail::scaled(g.mv(b.to(g.dtype())), *alpha);
  }
  static Tensor d2(const Tensor& g, const In<1>& a, const Attr<Scalar, 4>& alpha) {
    return detail::scaled(g.t().mv(a.to(g.dtype())), *alpha);
  }
};

struct ChainMatmul {
  static constexpr Op op{"chain_matmul(Tensor[] matrices) -> Tensor",
                         "Product of a chain of matrices, in the order that needs the fewest multiplications.",
                         Kind::Composite, "fo"};
  static constexpr bool differentiable = true;
};
struct LinalgMultiDot {
  static constexpr Op op{"linalg_multi_dot(Tensor[] tensors) -> Tensor",
                         "Product of a chain of matrices, in the order that needs the fewest multiplications; the ends "
                         "may be vectors.",
                         Kind::Composite, "no"};
  static constexpr bool differentiable = true;
};
struct LinalgMatrixPower {
  static constexpr Op op{"linalg_matrix_power(Tensor self, int n) -> Tensor",
                         "Product of n copies of each matrix of a batch; n >= 0.", Kind::Composite, "no"};
  static bool differentiable(const Tensor&, int64_t n) { return n != 0; }
  static void write_out(const Tensor* out, const Tensor& self, int64_t n);
};
struct MatrixPower {
  static constexpr Op op{"matrix_power(Tensor self, int n) -> Tensor", "Same as linalg.matrix_power.", Kind::Composite,
                         "fmo"};
  static bool differentiable(const Tensor&, int64_t n) { return n != 0; }
  static void write_out(const Tensor* out, const Tensor& self, int64_t n) {
    LinalgMatrixPower::write_out(out, self, n);
  }
};

struct LinalgCross {
  static constexpr Op op{"linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor",
                         "Cross products of vectors of length three along a dim.", Kind::Structured, "no"};
  static void check_out(const Tensor& out, DType result);
  static void infer(Call& c, const Tensor& self, const Tensor& other, int64_t dim);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& b, const Attr<int64_t, 2>& dim) { return linalg_cross(b, g, *dim); }
  static Tensor d1(const Tensor& g, const In<0>& a, const Attr<int64_t, 2>& dim) { return linalg_cross(g, a, *dim); }
};
struct Cross {
  static constexpr Op op{"cross(Tensor self, Tensor other, int? dim=None) -> Tensor",
                         "Cross products along a dim, by default the first of size three.", Kind::Composite, "fmo"};
  static constexpr bool differentiable = true;
  static void check_out(const Tensor& out, DType result) { LinalgCross::check_out(out, result); }
};
struct LinalgVecdot {
  static constexpr Op op{"linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor",
                         "Products of vectors along a dim, summed.", Kind::Composite, "no"};
  static constexpr bool differentiable = true;
  static void check_out(const Tensor& out, DType result);
};

/// input1 @ weight[k] @ input2 for every k, over the last dims.
inline constexpr Op bilinear_op{"bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor",
                                "A bilinear form for every matrix of weight, plus bias.", Kind::Composite, "fn"};

}  // namespace gradus
