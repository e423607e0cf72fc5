// Comparisons, tests and logic, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

// A comparison has a gradient, zero, only where it is written into a float tensor in place.
struct Eq {
  static constexpr Op op{"eq.Tensor(Tensor self, Tensor other) -> Tensor", "True where self equals other.",
                         Kind::Compare, "fmio", "EqBackward1"};
  static auto value(auto a, auto b) { return a == b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct EqScalar {
  static constexpr Op op{"eq.Scalar(Tensor self, Scalar other) -> Tensor", "True where self equals a number.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return a == b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Ne {
  static constexpr Op op{"ne.Tensor(Tensor self, Tensor other) -> Tensor", "True where self differs from other.",
                         Kind::Compare, "fmio", "NeBackward1"};
  static auto value(auto a, auto b) { return a != b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct NeScalar {
  static constexpr Op op{"ne.Scalar(Tensor self, Scalar other) -> Tensor", "True where self differs from a number.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return a != b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Lt {
  static constexpr Op op{"lt.Tensor(Tensor self, Tensor other) -> Tensor", "True where self is less than other.",
                         Kind::Compare, "fmio", "LtBackward1"};
  static auto value(auto a, auto b) { return a < b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct LtScalar {
  static constexpr Op op{"lt.Scalar(Tensor self, Scalar other) -> Tensor", "True where self is less than a number.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return a < b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Le {
  static constexpr Op op{"le.Tensor(Tensor self, Tensor other) -> Tensor", "True where self is at most other.",
                         Kind::Compare, "fmio", "LeBackward1"};
  static auto value(auto a, auto b) { return a <= b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct LeScalar {
  static constexpr Op op{"le.Scalar(Tensor self, Scalar other) -> Tensor", "True where self is at most a number.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return a <= b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Gt {
  static constexpr Op op{"gt.Tensor(Tensor self, Tensor other) -> Tensor", "True where self is greater than other.",
                         Kind::Compare, "fmio", "GtBackward1"};
  static auto value(auto a, auto b) { return a > b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct GtScalar {
  static constexpr Op op{"gt.Scalar(Tensor self, Scalar other) -> Tensor", "True where self is greater than a number.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return a > b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Ge {
  static constexpr Op op{"ge.Tensor(Tensor self, Tensor other) -> Tensor", "True where self is at least other.",
                         Kind::Compare, "fmio", "GeBackward1"};
  static auto value(auto a, auto b) { return a >= b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct GeScalar {
  static constexpr Op op{"ge.Scalar(Tensor self, Scalar other) -> Tensor", "True where self is at least a number.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return a >= b; }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

inline constexpr Op not_equal_op{"not_equal.Tensor(Tensor self, Tensor other) -> Tensor", "Another name of ne.",
                                 Kind::Composite, "fmo"};
inline constexpr Op not_equal_scalar_op{"not_equal.Scalar(Tensor self, Scalar other) -> Tensor", "Another name of ne.",
                                        Kind::Composite, "fmo"};
inline constexpr Op not_equal_inplace_op{"not_equal_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                         "Another name of ne_.", Kind::Composite, "m"};
inline constexpr Op not_equal_scalar_inplace_op{"not_equal_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                                "Another name of ne_.", Kind::Composite, "m"};
inline constexpr Op less_op{"less.Tensor(Tensor self, Tensor other) -> Tensor", "Another name of lt.", Kind::Composite,
                            "fmo"};
inline constexpr Op less_scalar_op{"less.Scalar(Tensor self, Scalar other) -> Tensor", "Another name of lt.",
                                   Kind::Composite, "fmo"};
inline constexpr Op less_inplace_op{"less_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)", "Another name of lt_.",
                                    Kind::Composite, "m"};
inline constexpr Op less_scalar_inplace_op{"less_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                           "Another name of lt_.", Kind::Composite, "m"};
inline constexpr Op less_equal_op{"less_equal.Tensor(Tensor self, Tensor other) -> Tensor", "Another name of le.",
                                  Kind::Composite, "fmo"};
inline constexpr Op less_equal_scalar_op{"less_equal.Scalar(Tensor self, Scalar other) -> Tensor",
                                         "Another name of le.", Kind::Composite, "fmo"};
inline constexpr Op less_equal_inplace_op{"less_equal_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                          "Another name of le_.", Kind::Composite, "m"};
inline constexpr Op less_equal_scalar_inplace_op{"less_equal_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                                 "Another name of le_.", Kind::Composite, "m"};
inline constexpr Op greater_op{"greater.Tensor(Tensor self, Tensor other) -> Tensor", "Another name of gt.",
                               Kind::Composite, "fmo"};
inline constexpr Op greater_scalar_op{"greater.Scalar(Tensor self, Scalar other) -> Tensor", "Another name of gt.",
                                      Kind::Composite, "fmo"};
inline constexpr Op greater_inplace_op{"greater_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                       "Another name of gt_.", Kind::Composite, "m"};
inline constexpr Op greater_scalar_inplace_op{"greater_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)",
                                              "Another name of gt_.", Kind::Composite, "m"};
inline constexpr Op greater_equal_op{"greater_equal.Tensor(Tensor self, Tensor other) -> Tensor", "Another name of ge.",
                                     Kind::Composite, "fmo"};
inline constexpr Op greater_equal_scalar_op{"greater_equal.Scalar(Tensor self, Scalar other) -> Tensor",
                                            "Another name of ge.", Kind::Composite, "fmo"};
inline constexpr Op greater_equal_inplace_op{"greater_equal_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                             "Another name of ge_.", Kind::Composite, "m"};
inline constexpr Op greater_equal_scalar_inplace_op{
    "greater_equal_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)", "Another name of ge_.", Kind::Composite, "m"};

struct LogicalAnd {
  static constexpr Op op{"logical_and(Tensor self, Tensor other) -> Tensor", "True where both are non-zero.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return bool((a != 0) & (b != 0)); }
};
struct LogicalOr {
  static constexpr Op op{"logical_or(Tensor self, Tensor other) -> Tensor", "True where one is non-zero.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return bool((a != 0) | (b != 0)); }
};
struct LogicalXor {
  static constexpr Op op{"logical_xor(Tensor self, Tensor other) -> Tensor", "True where exactly one is non-zero.",
                         Kind::Compare, "fmio"};
  static auto value(auto a, auto b) { return (a != 0) != (b != 0); }
};
struct LogicalNot {
  static constexpr Op op{"logical_not(Tensor self) -> Tensor", "True where self is zero.", Kind::Compare, "fmio"};
  static auto value(auto a) { return a == 0; }
};
struct Isnan {
  static constexpr Op op{"isnan(Tensor self) -> Tensor", "True where self is NaN.", Kind::Compare, "fm"};
  static auto value(auto a) { return a != a; }
};
struct Isinf {
  static constexpr Op op{"isinf(Tensor self) -> Tensor", "True where self is infinite.", Kind::Compare, "fm"};
  static auto value(auto a) {
    if constexpr (decltype(a)(0.5) == 0) return false;
    else return math::isinf(a);
  }
};
struct IsfiniteFloat {
  static constexpr Op op{"_gradus_isfinite(Tensor self) -> Tensor", "True where self is neither infinite nor NaN.",
                         Kind::Compare, ""};
  static auto value(auto a) { return a - a == 0; }
};
inline constexpr Op isfinite_op{"isfinite(Tensor self) -> Tensor", "True where self is neither infinite nor NaN.",
                                Kind::Composite, "fm"};
struct IscloseFloat {
  static constexpr Op op{
      "_gradus_isclose(Tensor self, Tensor other, *, Scalar rtol, Scalar atol, Scalar equal_nan) -> Tensor",
      "True where |self - other| <= atol + rtol * |other|.", Kind::Compare, ""};
  static auto value(auto a, auto b, auto rtol, auto atol, auto equal_nan) {
    if constexpr (decltype(a)(0.5) == 0) {
      return a == b;
    } else {
      const auto distance = math::abs(a - b);
      const bool near = (distance - distance == 0) & (distance <= atol + math::abs(rtol * b));
      return bool((a == b) | near | ((equal_nan != 0) & (a != a) & (b != b)));
    }
  }
};
inline constexpr Op isclose_op{
    "isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> Tensor",
    "True where |self - other| <= atol + rtol * |other|, or both are NaN if equal_nan.", Kind::Composite, "fm"};
inline constexpr Op allclose_op{
    "allclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> bool",
    "True if isclose is true of every element.", Kind::Composite, "fm"};
inline constexpr Op equal_op{"equal(Tensor self, Tensor other) -> bool", "True if shapes and all elements are equal.",
                             Kind::Composite, "fm"};

}  // namespace gradus
