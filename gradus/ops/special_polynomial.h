// Orthogonal polynomials, element by element; PyTorch gives them no gradient.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/special_polynomial.h"
#include "gradus/ops/family.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

using math::Orthogonal;

namespace detail {
/// 16-bit floats are refused in the name of the family, which is the last operand.
void check_polynomial(const Operand* operands, DType common);
}  // namespace detail

struct PolynomialAt {
  static constexpr Op op{"_gradus_polynomial(Tensor x, Tensor n, *, Scalar family) -> Tensor",
                         "The polynomial of degree n at x.", Kind::PromoteFloat, ""};
  static auto value(auto x, auto n, auto family) {
    return math::orthogonal(static_cast<Orthogonal>(static_cast<int>(family)), x, n);
  }
  static void inspect(const Operand* operands, DType common) { detail::check_polynomial(operands, common); }
};
struct PolynomialAtNumber {
  static constexpr Op op{"_gradus_polynomial.x_scalar(Scalar x, Tensor n, *, Scalar family) -> Tensor",
                         "The polynomial of degree n at a number.", Kind::PromoteFloat, ""};
  static auto value(auto x, auto n, auto family) { return PolynomialAt::value(x, n, family); }
  static void inspect(const Operand* operands, DType common) { detail::check_polynomial(operands, common); }
};
struct PolynomialOfDegree {
  static constexpr Op op{"_gradus_polynomial.n_scalar(Tensor x, Scalar n, *, Scalar family) -> Tensor",
                         "The polynomial of one degree at x.", Kind::PromoteFloat, ""};
  static auto value(auto x, auto n, auto family) { return PolynomialAt::value(x, n, family); }
  static void inspect(const Operand* operands, DType common) { detail::check_polynomial(operands, common); }
};

inline constexpr Family polynomial_family{
    "special_{}(Tensor x, Tensor n) -> Tensor", "The {} of degree n at x.",
    "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w "
    "shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v "
    "shifted_chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l "
    "legendre_polynomial_p",
    "polynomial(Orthogonal::{}, x, n)", ""};
inline constexpr Family polynomial_family_at_number{
    "special_{}.x_scalar(Scalar x, Tensor n) -> Tensor", "The {} of degree n at a number.",
    "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w "
    "shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v "
    "shifted_chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l "
    "legendre_polynomial_p",
    "polynomial(Orthogonal::{}, x, n)", ""};
inline constexpr Family polynomial_family_of_degree{
    "special_{}.n_scalar(Tensor x, Scalar n) -> Tensor", "The {} of one degree at x.",
    "chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w "
    "shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v "
    "shifted_chebyshev_polynomial_w hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l "
    "legendre_polynomial_p",
    "polynomial(Orthogonal::{}, x, n)", ""};

Tensor polynomial(Orthogonal family, const Tensor& x, const Tensor& n);
Tensor polynomial(Orthogonal family, const Scalar& x, const Tensor& n);
Tensor polynomial(Orthogonal family, const Tensor& x, const Scalar& n);

}  // namespace gradus
