// Second names that PyTorch has for pointwise operators, and second handles on a tensor.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// What x[...] gives.
struct Alias {
  static constexpr Op op{"alias(Tensor(a) self) -> Tensor(a)", "A view of the whole.", Kind::ViewOp, ""};
  static Geometry geometry(const Geometry& g) { return g; }
  static Tensor d0(const Tensor& g) { return g; }
};

inline constexpr Op positive_op{"positive(Tensor(a) self) -> Tensor(a)", "self; raises for bool, which has no sign.",
                                Kind::Composite, "fm"};
inline constexpr Op multiply_tensor_op{"multiply.Tensor(Tensor self, Tensor other) -> Tensor", "Another name of mul.",
                                       Kind::Composite, "fmo"};
inline constexpr Op multiply_tensor_inplace_op{"multiply_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                               "Another name of mul_.", Kind::Composite, "m"};
inline constexpr Op multiply_scalar_op{"multiply.Scalar(Tensor self, Scalar other) -> Tensor", "Another name of mul.",
                                       Kind::Composite, "fm"};
inline constexpr Op multiply_scalar_inplace_op{"multiply_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                               "Another name of mul_.", Kind::Composite, "m"};
inline constexpr Op divide_tensor_op{"divide.Tensor(Tensor self, Tensor other) -> Tensor", "Another name of div.",
                                     Kind::Composite, "fmo"};
inline constexpr Op divide_tensor_inplace_op{"divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                             "Another name of div_.", Kind::Composite, "m"};
inline constexpr Op divide_scalar_op{"divide.Scalar(Tensor self, Scalar other) -> Tensor", "Another name of div.",
                                     Kind::Composite, "fm"};
inline constexpr Op divide_scalar_inplace_op{"divide_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                             "Another name of div_.", Kind::Composite, "m"};
inline constexpr Op divide_tensor_mode_op{
    "divide.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor", "Another name of div.",
    Kind::Composite, "fmo"};
inline constexpr Op divide_tensor_mode_inplace_op{
    "divide_.Tensor_mode(Tensor(a!) self, Tensor other, *, str? rounding_mode) -> Tensor(a!)", "Another name of div_.",
    Kind::Composite, "m"};
inline constexpr Op divide_scalar_mode_op{
    "divide.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor", "Another name of div.",
    Kind::Composite, "fm"};
inline constexpr Op divide_scalar_mode_inplace_op{
    "divide_.Scalar_mode(Tensor(a!) self, Scalar other, *, str? rounding_mode) -> Tensor(a!)", "Another name of div_.",
    Kind::Composite, "m"};
inline constexpr Op true_divide_tensor_op{"true_divide.Tensor(Tensor self, Tensor other) -> Tensor",
                                          "Another name of div.", Kind::Composite, "fmo"};
inline constexpr Op true_divide_tensor_inplace_op{"true_divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                                  "Another name of div_.", Kind::Composite, "m"};
inline constexpr Op true_divide_scalar_op{"true_divide.Scalar(Tensor self, Scalar other) -> Tensor",
                                          "Another name of div.", Kind::Composite, "fm"};
inline constexpr Op true_divide_scalar_inplace_op{"true_divide_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                                  "Another name of div_.", Kind::Composite, "m"};
inline constexpr Op subtract_tensor_op{"subtract.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
                                       "Another name of sub.", Kind::Composite, "fmo"};
inline constexpr Op subtract_tensor_inplace_op{
    "subtract_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)", "Another name of sub_.",
    Kind::Composite, "m"};
inline constexpr Op subtract_scalar_op{"subtract.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
                                       "Another name of sub.", Kind::Composite, "fm"};
inline constexpr Op subtract_scalar_inplace_op{
    "subtract_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)", "Another name of sub_.",
    Kind::Composite, "m"};
inline constexpr Op negative_op{"negative(Tensor self) -> Tensor", "Another name of neg.", Kind::Composite, "fmo"};
inline constexpr Op negative_inplace_op{"negative_(Tensor(a!) self) -> Tensor(a!)", "Another name of neg_.",
                                        Kind::Composite, "fm"};
inline constexpr Op absolute_op{"absolute(Tensor self) -> Tensor", "Another name of abs.", Kind::Composite, "fmo"};
inline constexpr Op absolute_inplace_op{"absolute_(Tensor(a!) self) -> Tensor(a!)", "Another name of abs_.",
                                        Kind::Composite, "m"};
inline constexpr Op fix_op{"fix(Tensor self) -> Tensor", "Another name of trunc.", Kind::Composite, "fmo"};
inline constexpr Op fix_inplace_op{"fix_(Tensor(a!) self) -> Tensor(a!)", "Another name of trunc_.", Kind::Composite,
                                   "fm"};
inline constexpr Op arcsin_op{"arcsin(Tensor self) -> Tensor", "Another name of asin.", Kind::Composite, "fmo"};
inline constexpr Op arcsin_inplace_op{"arcsin_(Tensor(a!) self) -> Tensor(a!)", "Another name of asin_.",
                                      Kind::Composite, "fm"};
inline constexpr Op arccos_op{"arccos(Tensor self) -> Tensor", "Another name of acos.", Kind::Composite, "fmo"};
inline constexpr Op arccos_inplace_op{"arccos_(Tensor(a!) self) -> Tensor(a!)", "Another name of acos_.",
                                      Kind::Composite, "fm"};
inline constexpr Op arctan_op{"arctan(Tensor self) -> Tensor", "Another name of atan.", Kind::Composite, "fmo"};
inline constexpr Op arctan_inplace_op{"arctan_(Tensor(a!) self) -> Tensor(a!)", "Another name of atan_.",
                                      Kind::Composite, "fm"};
inline constexpr Op arcsinh_op{"arcsinh(Tensor self) -> Tensor", "Another name of asinh.", Kind::Composite, "fmo"};
inline constexpr Op arcsinh_inplace_op{"arcsinh_(Tensor(a!) self) -> Tensor(a!)", "Another name of asinh_.",
                                       Kind::Composite, "fm"};
inline constexpr Op arccosh_op{"arccosh(Tensor self) -> Tensor", "Another name of acosh.", Kind::Composite, "fmo"};
inline constexpr Op arccosh_inplace_op{"arccosh_(Tensor(a!) self) -> Tensor(a!)", "Another name of acosh_.",
                                       Kind::Composite, "fm"};
inline constexpr Op arctanh_op{"arctanh(Tensor self) -> Tensor", "Another name of atanh.", Kind::Composite, "fmo"};
inline constexpr Op arctanh_inplace_op{"arctanh_(Tensor(a!) self) -> Tensor(a!)", "Another name of atanh_.",
                                       Kind::Composite, "fm"};
inline constexpr Op arctan2_op{"arctan2(Tensor self, Tensor other) -> Tensor", "Another name of atan2.",
                               Kind::Composite, "fmo"};
inline constexpr Op arctan2_inplace_op{"arctan2_(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                       "Another name of atan2_.", Kind::Composite, "m"};

}  // namespace gradus
