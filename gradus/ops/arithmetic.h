// Sums, products and quotients, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/rule.h"

namespace gradus {

struct Add {
  static constexpr Op op{"add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
                         "self + alpha * other, element by element.", Kind::Promote, "fmio"};
  static auto value(auto a, auto b, auto alpha) { return a + b * alpha; }
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d1(const Tensor& g, const Attr<Scalar, 2>& alpha) { return alpha->equals(1) ? g : g * *alpha; }
};

struct AddScalar {
  static constexpr Op op{"add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
                         "self + alpha * other for a number.", Kind::Promote, "fmi"};
  static auto value(auto a, auto b, auto alpha) { return a + b * alpha; }
  static Tensor d0(const Tensor& g) { return g; }
};

struct Sub {
  static constexpr Op op{"sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
                         "self - alpha * other, element by element.", Kind::Promote, "fmio"};
  static auto value(auto a, auto b, auto alpha) { return a - b * alpha; }
  static void validate(DType common) {
    check(common != DType::Bool,
          "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
          "operator instead.");
  }
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d1(const Tensor& g, const Attr<Scalar, 2>& alpha) {
    return alpha->equals(1) ? -g : -(g * *alpha);
  }
};

struct SubScalar {
  static constexpr Op op{"sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
                         "self - alpha * other for a number.", Kind::Promote, "fmi"};
  static auto value(auto a, auto b, auto alpha) { return a - b * alpha; }
  static void validate(DType common) { Sub::validate(common); }
  static Tensor d0(const Tensor& g) { return g; }
};

struct Mul {
  static constexpr Op op{"mul.Tensor(Tensor self, Tensor other) -> Tensor", "Product, element by element.",
                         Kind::Promote, "fmio"};
  static auto value(auto a, auto b) { return a * b; }
  static Tensor d0(const Tensor& g, const In<1>& b) { return g * b; }
  static Tensor d1(const Tensor& g, const In<0>& a) { return g * a; }
};

struct MulScalar {
  static constexpr Op op{"mul.Scalar(Tensor self, Scalar other) -> Tensor", "Product with a number.", Kind::Promote,
                         "fmi"};
  static auto value(auto a, auto b) { return a * b; }
  static Tensor d0(const Tensor& g, const Attr<Scalar, 1>& b) { return g * *b; }
};

struct Div {
  static constexpr Op op{"div.Tensor(Tensor self, Tensor other) -> Tensor", "Quotient, element by element.",
                         Kind::PromoteFloat, "fmio"};
  static auto value(auto a, auto b) { return a / b; }
  static Tensor d0(const Tensor& g, const In<1>& b) { return g / b; }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return -g * ((a / b) / b); }
};

struct DivScalar {
  static constexpr Op op{"div.Scalar(Tensor self, Scalar other) -> Tensor", "Quotient by a number.",
                         Kind::PromoteFloat, "fmi"};
  static auto value(auto a, auto b) { return a / b; }
  static Tensor d0(const Tensor& g, const Attr<Scalar, 1>& b) { return g / *b; }
};

struct Neg {
  static constexpr Op op{"neg(Tensor self) -> Tensor", "-self.", Kind::Promote, "fmio"};
  static auto value(auto a) { return -a; }
  static void validate(DType common) {
    check(common != DType::Bool,
          "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
          "`~` or `logical_not()` operator instead.");
  }
  static Tensor d0(const Tensor& g) { return -g; }
};

}  // namespace gradus
