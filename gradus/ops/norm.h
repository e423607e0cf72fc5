// Norms of vectors and matrices, and what is made of them.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {

/// The gradient of the p-norm `norm` of x over dims; a subgradient where there is none (0 at 0, shared by ties).
Tensor norm_gradient(const Tensor& g, const Tensor& x, double p, const Tensor& norm, const IntList& dims, bool keepdim);
/// The p-norm over dims (none: all), without a graph; x has the dtype of the result.
Tensor norm_value(const Tensor& x, double p, const IntList& dims, bool keepdim);

struct LinalgVectorNorm {
  static constexpr Op op{
      "linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) "
      "-> Tensor",
      "The p-norm over dims: (sum |x|^p)^(1/p), for inf the largest |x|, for 0 the count of what is not zero.",
      Kind::Compound, "no"};
  static Tensor forward(const Tensor& self, Scalar ord, const OptIntList& dim, bool keepdim, OptDType dtype);
  static void check_out(const Tensor& out, DType result);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<Scalar, 1>& ord,
                   const Attr<std::optional<Dims>, 2>& dim, const Attr<bool, 3>& keepdim);
};

void check_norm_out(std::string_view name, const Tensor& out, DType result);

struct LinalgMatrixNorm {
  static constexpr Op op{
      "linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) "
      "-> Tensor",
      "Norm of matrices: for ±1 the extreme sum of a column, for ±inf of a row.", Kind::Composite, "no"};
  static bool copies_out(const Tensor&, Scalar, const IntList&, bool, OptDType) { return true; }
  static void check_out(const Tensor& out, DType result) { check_norm_out("linalg.matrix_norm", out, result); }
};
struct LinalgMatrixNormStr {
  static constexpr Op op{
      "linalg_matrix_norm.str_ord(Tensor self, str ord='fro', int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? "
      "dtype=None) -> Tensor",
      "The Frobenius norm of matrices.", Kind::Composite, "no"};
  static bool copies_out(const Tensor&, std::string_view, const IntList&, bool, OptDType) { return true; }
  static void check_out(const Tensor& out, DType result) { check_norm_out("linalg.matrix_norm", out, result); }
};
struct LinalgNorm {
  static constexpr Op op{
      "linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> "
      "Tensor",
      "Norm of vectors, of matrices if two dims are meant and ord is given.", Kind::Composite, "no"};
  static bool copies_out(const Tensor&, const std::optional<Scalar>&, const OptIntList&, bool, OptDType) {
    return true;
  }
  static void check_out(const Tensor& out, DType result) { check_norm_out("linalg.norm", out, result); }
};
struct LinalgNormStr {
  static constexpr Op op{
      "linalg_norm.ord_str(Tensor self, str ord, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> "
      "Tensor",
      "Norm of matrices by name.", Kind::Composite, "no"};
  static bool copies_out(const Tensor&, std::string_view, const OptIntList&, bool, OptDType) { return true; }
  static void check_out(const Tensor& out, DType result) { check_norm_out("linalg.norm", out, result); }
};

struct NormAll {
  static constexpr Op op{"norm.Scalar(Tensor self, Scalar p=2) -> Tensor", "The p-norm of all elements.",
                         Kind::Compound, "fm"};
  static Tensor forward(const Tensor& self, Scalar p);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<Scalar, 1>& p) {
    return norm_gradient(g, x, p->to_double(), y, {}, false);
  }
};
struct NormDim {
  static constexpr Op op{"norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor",
                         "The p-norm over dims.", Kind::Compound, "fmo", "NormBackward1"};
  static Tensor forward(const Tensor& self, const std::optional<Scalar>& p, const IntList& dim, bool keepdim);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<std::optional<Scalar>, 1>& p,
                   const Attr<Dims, 2>& dim, const Attr<bool, 3>& keepdim) {
    return norm_gradient(g, x, *p ? (*p)->to_double() : 2, y, *dim, *keepdim);
  }
};
struct NormAllDtype {
  static constexpr Op op{"norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor",
                         "The p-norm of all elements, in a dtype.", Kind::Compound, "fm", "NormBackward2"};
  static Tensor forward(const Tensor& self, const std::optional<Scalar>& p, DType dtype);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<std::optional<Scalar>, 1>& p) {
    return norm_gradient(g, x.to(g.dtype()), *p ? (*p)->to_double() : 2, y, {}, false);
  }
};
struct NormDimDtype {
  static constexpr Op op{
      "norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor",
      "The p-norm over dims, in a dtype.", Kind::Compound, "fmo", "NormBackward3"};
  static Tensor forward(const Tensor& self, const std::optional<Scalar>& p, const IntList& dim, bool keepdim,
                        DType dtype);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<std::optional<Scalar>, 1>& p,
                   const Attr<Dims, 2>& dim, const Attr<bool, 3>& keepdim) {
    return norm_gradient(g, x.to(g.dtype()), *p ? (*p)->to_double() : 2, y, *dim, *keepdim);
  }
};
inline constexpr Op norm_except_dim_op{"norm_except_dim(Tensor v, int pow=2, int dim=0) -> Tensor",
                                       "The p-norm over all dims but one, which keep size one.", Kind::Composite, "f"};

struct Renorm {
  static constexpr Op op{"renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor",
                         "Scales down every slice of a dim whose p-norm exceeds maxnorm.", Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_out_dtype(result, out); }
  static Tensor forward(const Tensor& self, Scalar p, int64_t dim, Scalar maxnorm);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& p, const Attr<int64_t, 2>& dim,
                   const Attr<Scalar, 3>& maxnorm);
};

}  // namespace gradus
