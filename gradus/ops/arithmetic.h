// Sums, products, quotients and remainders, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/kernels/math_divide.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

namespace detail {

/// Refuses bools, as PyTorch's subtraction does.
void check_subtraction(const Operand* operands, DType common);

/// Exact remainder m first, as Python's float.__floordiv__: a / b may round up to the next integer.
template <class T>
inline __attribute__((always_inline)) T floor_quotient_of(T a, T b, T m) {
  const T q = (a - m) / b;
  const T below = m != 0 && ((b < 0) != (m < 0)) ? q - 1 : q;
  const T f = math::floor(below);
  const T rounded = below - f > T(0.5) ? f + 1 : f;
  const T signed_zero = math::copysign(T(0), a / b);
  return b == 0 ? a / b : below != 0 ? rounded : signed_zero;
}
template <class T>
inline __attribute__((always_inline)) T floor_quotient(T a, T b) {
  if constexpr (T(0.5) == 0) {
    const T divisor = b == 0 || b == -1 ? T(1) : b;  // INT_MIN / -1 would trap
    const T q = a / divisor, r = a - q * divisor;
    const T floored = r != 0 && ((r < 0) != (divisor < 0)) ? q - 1 : q;
    return b == -1 ? -a : floored;
  } else {
    return floor_quotient_of(a, b, math::fmod(a, b));
  }
}
template <class T>
inline __attribute__((always_inline)) T trunc_quotient(T a, T b) {
  if constexpr (T(0.5) == 0) {
    const T divisor = b == 0 || b == -1 ? T(1) : b;
    return b == -1 ? -a : a / divisor;
  } else {
    return math::trunc(a / b);
  }
}
/// The remainder with the sign of the dividend.
template <class T>
inline __attribute__((always_inline)) T trunc_remainder(T a, T b) {
  if constexpr (T(0.5) == 0) {
    const T divisor = b == 0 || b == -1 ? T(1) : b;
    return a - (a / divisor) * divisor;
  } else {
    return math::fmod(a, b);
  }
}
/// The remainder with the sign of the divisor.
template <class T>
inline __attribute__((always_inline)) T floor_remainder_of(T b, T m) {
  return m != 0 && ((b < 0) != (m < 0)) ? m + b : m;
}
template <class T>
inline __attribute__((always_inline)) T floor_remainder(T a, T b) {
  return floor_remainder_of(b, trunc_remainder(a, b));
}

/// The tile loops of the three.
template <math::Divided What, class T>
inline __attribute__((always_inline)) void divided_tile(T* out, const void* const* in, int64_t n) {
  const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[1]);
  if constexpr (T(0.5) == 0) {
    math::divided_integers_n<What>(
        out, a, b, n, [](T x, T y) __attribute__((always_inline)) {
          if constexpr (What == math::Divided::FloorQuotient) return floor_quotient(x, y);
          else if constexpr (What == math::Divided::FloorRemainder) return floor_remainder(x, y);
          else return trunc_remainder(x, y);
        });
  } else {
    math::divided_n(
        out, a, b, n, [](T x, T y, T m) __attribute__((always_inline)) {
          if constexpr (What == math::Divided::FloorQuotient) return floor_quotient_of(x, y, m);
          else if constexpr (What == math::Divided::FloorRemainder) return floor_remainder_of(y, m);
          else return m;
        });
  }
}

}  // namespace detail

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
  static void inspect(const Operand* operands, DType common) { detail::check_subtraction(operands, common); }
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d1(const Tensor& g, const Attr<Scalar, 2>& alpha) { return alpha->equals(1) ? -g : -(g * *alpha); }
};
struct SubScalar {
  static constexpr Op op{"sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
                         "self - alpha * other for a number.", Kind::Promote, "fmi"};
  static auto value(auto a, auto b, auto alpha) { return a - b * alpha; }
  static void inspect(const Operand* operands, DType common) { detail::check_subtraction(operands, common); }
  static Tensor d0(const Tensor& g) { return g; }
};
struct Rsub {
  static constexpr Op op{"rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
                         "other - alpha * self, element by element.", Kind::Promote, "f"};
  static auto value(auto a, auto b, auto alpha) { return b - a * alpha; }
  static void inspect(const Operand* operands, DType common) { detail::check_subtraction(operands, common); }
  static Tensor d0(const Tensor& g, const Attr<Scalar, 2>& alpha) { return alpha->equals(1) ? -g : -(g * *alpha); }
  static Tensor d1(const Tensor& g) { return g; }
};
struct RsubScalar {
  static constexpr Op op{"rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
                         "other - alpha * self for a number.", Kind::Promote, "f", "RsubBackward1"};
  static auto value(auto a, auto b, auto alpha) { return b - a * alpha; }
  static void inspect(const Operand* operands, DType common) { detail::check_subtraction(operands, common); }
  static Tensor d0(const Tensor& g, const Attr<Scalar, 2>& alpha) { return alpha->equals(1) ? -g : -(g * *alpha); }
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
  static constexpr Op op{"div.Scalar(Tensor self, Scalar other) -> Tensor", "Quotient by a number.", Kind::PromoteFloat,
                         "fmi"};
  static auto value(auto a, auto b) { return a / b; }
  static Tensor d0(const Tensor& g, const Attr<Scalar, 1>& b) { return g / *b; }
};

// Division with a rounding mode: one of three operators, whose nodes have one name.
struct DivTrue {
  static constexpr Op op{"_gradus_div_true(Tensor self, Tensor other) -> Tensor", "Quotient, element by element.",
                         Kind::PromoteFloat, "", "DivBackward2"};
  static auto value(auto a, auto b) { return a / b; }
  static Tensor d0(const Tensor& g, const In<1>& b) { return g / b; }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return -g * ((a / b) / b); }
};
struct DivTrueScalar {
  static constexpr Op op{"_gradus_div_true.Scalar(Tensor self, Scalar other) -> Tensor", "Quotient by a number.",
                         Kind::PromoteFloat, "", "DivBackward2"};
  static auto value(auto a, auto b) { return a / b; }
  static Tensor d0(const Tensor& g, const Attr<Scalar, 1>& b) { return g / *b; }
};
struct DivFloor {
  static constexpr Op op{"_gradus_div_floor(Tensor self, Tensor other) -> Tensor",
                         "Quotient rounded down, element by element.", Kind::Promote, "", "DivBackward2"};
  static auto value(auto a, auto b) { return detail::floor_quotient(a, b); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    detail::divided_tile<math::Divided::FloorQuotient>(out, in, n);
  }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct DivTrunc {
  static constexpr Op op{"_gradus_div_trunc(Tensor self, Tensor other) -> Tensor",
                         "Quotient rounded towards zero, element by element.", Kind::Promote, "", "DivBackward2"};
  static auto value(auto a, auto b) { return detail::trunc_quotient(a, b); }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
inline constexpr Op div_mode_op{"div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor",
                                "Quotient, rounded down ('floor'), towards zero ('trunc') or not at all (None).",
                                Kind::Composite, "fmo"};
inline constexpr Op div_scalar_mode_op{"div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor",
                                       "Quotient by a number, rounded or not.", Kind::Composite, "fm"};
inline constexpr Op div_mode_inplace_op{
    "div_.Tensor_mode(Tensor(a!) self, Tensor other, *, str? rounding_mode) -> Tensor(a!)",
    "Divides self, rounded or not.", Kind::Composite, "m"};
inline constexpr Op div_scalar_mode_inplace_op{
    "div_.Scalar_mode(Tensor(a!) self, Scalar other, *, str? rounding_mode) -> Tensor(a!)",
    "Divides self by a number, rounded or not.", Kind::Composite, "m"};

struct FloorDivide {
  static constexpr Op op{"floor_divide(Tensor self, Tensor other) -> Tensor",
                         "Quotient rounded down, element by element.", Kind::Promote, "fmio", "NotImplemented"};
  static auto value(auto a, auto b) { return detail::floor_quotient(a, b); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    detail::divided_tile<math::Divided::FloorQuotient>(out, in, n);
  }
  static void inspect(const Operand* operands, DType common) { DivFloor::inspect(operands, common); }
  static Tensor d0(const Tensor&) { return no_derivative("floor_divide"); }
  static Tensor d1(const Tensor&) { return no_derivative("floor_divide"); }
};
struct FloorDivideScalar {
  static constexpr Op op{"floor_divide.Scalar(Tensor self, Scalar other) -> Tensor",
                         "Quotient by a number, rounded down.", Kind::Promote, "fmi", "NotImplemented"};
  static auto value(auto a, auto b) { return detail::floor_quotient(a, b); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    detail::divided_tile<math::Divided::FloorQuotient>(out, in, n);
  }
  static void inspect(const Operand* operands, DType common) { DivFloor::inspect(operands, common); }
  static Tensor d0(const Tensor&) { return no_derivative("floor_divide"); }
};

struct Remainder {
  static constexpr Op op{"remainder.Tensor(Tensor self, Tensor other) -> Tensor",
                         "Remainder with the sign of other, as Python's %.", Kind::Promote, "fmio",
                         "RemainderBackward1"};
  static auto value(auto a, auto b) { return detail::floor_remainder(a, b); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    detail::divided_tile<math::Divided::FloorRemainder>(out, in, n);
  }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return -g * div(a, b, "floor"); }
};
struct RemainderScalar {
  static constexpr Op op{"remainder.Scalar(Tensor self, Scalar other) -> Tensor",
                         "Remainder with the sign of a number, as Python's %.", Kind::Promote, "fmio"};
  static auto value(auto a, auto b) { return detail::floor_remainder(a, b); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    detail::divided_tile<math::Divided::FloorRemainder>(out, in, n);
  }
  static void inspect(const Operand* operands, DType common) { Remainder::inspect(operands, common); }
  static Tensor d0(const Tensor& g) { return g; }
};
struct RemainderOfScalar {
  static constexpr Op op{"remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
                         "Remainder of a number with the sign of other, as Python's %.", Kind::Promote, "f",
                         "NotImplemented"};
  static auto value(auto a, auto b) { return detail::floor_remainder(a, b); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    detail::divided_tile<math::Divided::FloorRemainder>(out, in, n);
  }
  static void inspect(const Operand* operands, DType common) { Remainder::inspect(operands, common); }
  static Tensor d1(const Tensor&) { return no_derivative("remainder"); }
};
struct Fmod {
  static constexpr Op op{"fmod.Tensor(Tensor self, Tensor other) -> Tensor",
                         "Remainder with the sign of self, as C's fmod.", Kind::Promote, "fmio", "FmodBackward1"};
  static auto value(auto a, auto b) { return detail::trunc_remainder(a, b); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    detail::divided_tile<math::Divided::TruncRemainder>(out, in, n);
  }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return -g * div(a, b, "trunc"); }
};
struct FmodScalar {
  static constexpr Op op{"fmod.Scalar(Tensor self, Scalar other) -> Tensor",
                         "Remainder by a number with the sign of self, as C's fmod.", Kind::Promote, "fmio"};
  static auto value(auto a, auto b) { return detail::trunc_remainder(a, b); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    detail::divided_tile<math::Divided::TruncRemainder>(out, in, n);
  }
  static void inspect(const Operand* operands, DType common) { Fmod::inspect(operands, common); }
  static Tensor d0(const Tensor& g) { return g; }
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

struct Lerp {
  static constexpr Op op{"lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor",
                         "self + weight * (end - self), element by element.", Kind::PromoteFloat, "fmio",
                         "LerpBackward1"};
  static constexpr uint32_t untyped = 4;
  // From the nearer end, so that weight 1 gives `end` exactly.
  static auto value(auto a, auto end, auto weight) {
    using T = decltype(a);
    const T step = end - a;
    return math::abs(weight) < T(0.5) ? a + weight * step : end - step * (1 - weight);
  }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<2>& weight) { return g * (1 - weight); }
  static Tensor d1(const Tensor& g, const In<2>& weight) { return g * weight; }
  static Tensor d2(const Tensor& g, const In<0>& a, const In<1>& end) { return g * (end - a); }
};
struct LerpScalar {
  static constexpr Op op{"lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor",
                         "self + weight * (end - self) for a number.", Kind::PromoteFloat, "fmio"};
  static constexpr uint32_t untyped = 4;
  static auto value(auto a, auto end, auto weight) { return Lerp::value(a, end, weight); }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const Attr<Scalar, 2>& weight) { return g * (1 - weight->to_double()); }
  static Tensor d1(const Tensor& g, const Attr<Scalar, 2>& weight) { return g * *weight; }
};

struct Addcmul {
  static constexpr Op op{"addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
                         "self + value * tensor1 * tensor2, element by element.", Kind::Promote, "fmio"};
  static auto value(auto a, auto x, auto y, auto v) { return a + v * x * y; }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d1(const Tensor& g, const In<2>& y, const Attr<Scalar, 3>& v) { return g * (y * *v); }
  static Tensor d2(const Tensor& g, const In<1>& x, const Attr<Scalar, 3>& v) { return g * (x * *v); }
};
struct Addcdiv {
  static constexpr Op op{"addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
                         "self + value * tensor1 / tensor2, element by element.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a, auto x, auto y, auto v) { return a + v * x / y; }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d1(const Tensor& g, const In<2>& y, const Attr<Scalar, 3>& v) { return g * (*v / y); }
  static Tensor d2(const Tensor& g, const In<1>& x, const In<2>& y, const Attr<Scalar, 3>& v) {
    return -g * (x * *v / (y * y));
  }
};

}  // namespace gradus
