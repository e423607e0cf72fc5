// Absolute value, exponentials, logarithms, powers, roots and rounding, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

namespace detail {
/// f(a) for floats; integers are round as they are.
template <class T, class F>
inline __attribute__((always_inline)) T round_with(T a, F f) {
  if constexpr (T(0.5) == 0) return a;
  else return f(a);
}
}  // namespace detail

struct Abs {
  static constexpr Op op{"abs(Tensor self) -> Tensor", "Absolute value.", Kind::Promote, "fmio"};
  static auto value(auto a) {
    using T = decltype(a);
    if constexpr (T(0.5) == 0) return a < 0 ? -a : a;
    else return math::abs(a);
  }
  static void validate(DType common) { refuse_bool("abs_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * x.sgn(); }
};
struct Sign {
  static constexpr Op op{"sign(Tensor self) -> Tensor", "-1, 0 or 1 by the sign of self; 0 for NaN.", Kind::Promote,
                         "fmio"};
  static auto value(auto a) { return (a > 0) - (a < 0); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Sgn {
  static constexpr Op op{"sgn(Tensor self) -> Tensor", "-1, 0 or 1 by the sign of self; 0 for NaN.", Kind::Promote,
                         "fmio"};
  static auto value(auto a) { return (a > 0) - (a < 0); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Exp {
  static constexpr Op op{"exp(Tensor self) -> Tensor", "e to the power self.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::exp(a); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return g * y; }
};
struct Exp2 {
  static constexpr Op op{"exp2(Tensor self) -> Tensor", "2 to the power self.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::exp2(a); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return g * (y * 0.6931471805599453); }
};
struct Expm1 {
  static constexpr Op op{"expm1(Tensor self) -> Tensor", "exp(self) - 1, exact near 0.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::expm1(a); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return g * (y + 1); }
};
struct Log {
  static constexpr Op op{"log(Tensor self) -> Tensor", "Natural logarithm.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::log(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g / x; }
};
struct Log2 {
  static constexpr Op op{"log2(Tensor self) -> Tensor", "Logarithm to base 2.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::log2(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g / (x * 0.6931471805599453); }
};
struct Log10 {
  static constexpr Op op{"log10(Tensor self) -> Tensor", "Logarithm to base 10.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::log10(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g / (x * 2.302585092994046); }
};
struct Log1p {
  static constexpr Op op{"log1p(Tensor self) -> Tensor", "log(1 + self), exact near 0.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::log1p(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g / (x + 1); }
};
struct Sqrt {
  static constexpr Op op{"sqrt(Tensor self) -> Tensor", "Square root.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::sqrt(a); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return g / (y * 2); }
};
struct Rsqrt {
  static constexpr Op op{"rsqrt(Tensor self) -> Tensor", "1 / sqrt(self).", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::rsqrt(a); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return g * -0.5 * (y * y * y); }
};
struct Reciprocal {
  static constexpr Op op{"reciprocal(Tensor self) -> Tensor", "1 / self.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return 1 / a; }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return -g * (y * y); }
};
struct Erf {
  static constexpr Op op{"erf(Tensor self) -> Tensor",
                         "Error function, 2/sqrt(pi) times the integral of exp(-t*t) from 0 to self.",
                         Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::erf(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return (-(x * x)).exp() * 1.1283791670955126 * g; }
};
struct Erfc {
  static constexpr Op op{"erfc(Tensor self) -> Tensor", "1 - erf(self), exact for large self.", Kind::PromoteFloat,
                         "fmio"};
  static auto value(auto a) { return math::erfc(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return (-(x * x)).exp() * -1.1283791670955126 * g; }
};
struct Floor {
  static constexpr Op op{"floor(Tensor self) -> Tensor", "The largest integer not above self.", Kind::Promote, "fmio"};
  static auto value(auto a) {
    return detail::round_with(
        a, [](auto x) __attribute__((always_inline)) { return math::floor(x); });
  }
  static void validate(DType common) { refuse_bool("floor_vml_cpu", common); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Ceil {
  static constexpr Op op{"ceil(Tensor self) -> Tensor", "The smallest integer not below self.", Kind::Promote, "fmio"};
  static auto value(auto a) {
    return detail::round_with(
        a, [](auto x) __attribute__((always_inline)) { return math::ceil(x); });
  }
  static void validate(DType common) { refuse_bool("ceil_vml_cpu", common); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Trunc {
  static constexpr Op op{"trunc(Tensor self) -> Tensor", "self without its fraction.", Kind::Promote, "fmio"};
  static auto value(auto a) {
    return detail::round_with(
        a, [](auto x) __attribute__((always_inline)) { return math::trunc(x); });
  }
  static void validate(DType common) { refuse_bool("trunc_vml_cpu", common); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct Round {
  static constexpr Op op{"round(Tensor self) -> Tensor", "The nearest integer, ties to even.", Kind::Promote, "fmio"};
  static auto value(auto a) {
    return detail::round_with(
        a, [](auto x) __attribute__((always_inline)) { return math::round(x); });
  }
  static void validate(DType common) { refuse_bool("round_vml_cpu", common); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
// round to decimals is one of two operators, by the sign of `decimals`; their nodes have one name.
struct RoundTimes {
  static constexpr Op op{"_gradus_round_times(Tensor self, *, Scalar scale) -> Tensor", "round(self * scale) / scale.",
                         Kind::PromoteFloat, "", "RoundBackward1"};
  static auto value(auto a, auto scale) { return math::round(a * scale) / scale; }
  static void validate(DType common) { refuse_integers("round_cpu", common); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
struct RoundOver {
  static constexpr Op op{"_gradus_round_over(Tensor self, *, Scalar scale) -> Tensor", "round(self / scale) * scale.",
                         Kind::PromoteFloat, "", "RoundBackward1"};
  static auto value(auto a, auto scale) { return math::round(a / scale) * scale; }
  static void validate(DType common) { refuse_integers("round_cpu", common); }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
inline constexpr Op round_decimals_op{"round.decimals(Tensor self, *, int decimals) -> Tensor",
                                      "self rounded to decimals after the point, ties to even.", Kind::Composite,
                                      "fmo"};
inline constexpr Op round_decimals_inplace_op{"round_.decimals(Tensor(a!) self, *, int decimals) -> Tensor(a!)",
                                              "Rounds self to decimals after the point.", Kind::Composite, "m"};
struct Frac {
  static constexpr Op op{"frac(Tensor self) -> Tensor", "The fraction of self, with its sign.", Kind::PromoteFloat,
                         "fmio"};
  static auto value(auto a) { return a - math::trunc(a); }
  static void validate(DType common) { refuse_integers("frac_cpu", common); }
  static Tensor d0(const Tensor& g) { return g; }
};

namespace detail {
/// Integer power modulo 2^n by repeated squaring; powers of 2 and above below 1 are 0.
template <class T>
inline __attribute__((always_inline)) T power(T base, T exponent) {
  if constexpr (T(0.5) == 0) {
    T result = 1, square = base;
    for (T e = exponent; e > 0; e >>= 1) {
      result = (e & 1) ? result * square : result;
      square *= square;
    }
    const T below_one = base == 1 ? T(1) : base == -1 ? ((exponent & 1) ? T(-1) : T(1)) : T(0);
    return exponent < 0 ? below_one : result;
  } else {
    return math::pow(base, exponent);
  }
}
}  // namespace detail

struct Pow {
  static constexpr Op op{"pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
                         "self to the power exponent, element by element.", Kind::Promote, "fmio", "PowBackward1"};
  static auto value(auto a, auto b) { return detail::power(a, b); }
  static void validate(DType common) { refuse_bool("pow", common); }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b);
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y);
};
struct PowScalar {
  static constexpr Op op{"pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", "self to the power of a number.",
                         Kind::Promote, "fmio"};
  static constexpr bool unary = true;
  static auto value(auto a, auto b) { return detail::power(a, b); }
  // The exponent is one number: the usual ones need no logarithm.
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    const T* a = static_cast<const T*>(in[0]);
    const T* exponents = static_cast<const T*>(in[1]);  // n times the same; a loop over one does not vectorise
    const T e = *exponents;
    auto loop = [&](auto f) __attribute__((always_inline)) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = f(a[i]);
    };
    if (e == 2) return loop([](T x) __attribute__((always_inline)) { return x * x; });
    if (e == 3) return loop([](T x) __attribute__((always_inline)) { return x * x * x; });
    if (e == 1) return loop([](T x) __attribute__((always_inline)) { return x; });
    if constexpr (T(0.5) != 0) {
      if (e == T(0.5)) return loop([](T x) __attribute__((always_inline)) { return math::sqrt(x); });
      if (e == T(-0.5)) return loop([](T x) __attribute__((always_inline)) { return math::rsqrt(x); });
      if (e == -1) return loop([](T x) __attribute__((always_inline)) { return 1 / x; });
      if (e == -2) return loop([](T x) __attribute__((always_inline)) { return 1 / (x * x); });
    }
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) out[i] = detail::power(a[i], exponents[i]);
  }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<0>& a, const Attr<Scalar, 1>& b);
};
struct PowOfScalar {
  static constexpr Op op{"pow.Scalar(Scalar self, Tensor exponent) -> Tensor", "A number to the power exponent.",
                         Kind::Promote, "fo", "PowBackward2"};
  static constexpr bool row_major = true;
  static auto value(auto a, auto b) { return detail::power(a, b); }
  static void inspect(const Operand* operands, DType common);
  static Tensor d1(const Tensor& g, const Attr<Scalar, 0>& a, const In<1>& b, const Out<0>& y);
};
inline constexpr Op square_op{"square(Tensor self) -> Tensor", "self * self.", Kind::Composite, "fmo"};
inline constexpr Op square_inplace_op{"square_(Tensor(a!) self) -> Tensor(a!)", "Squares self.", Kind::Composite, "m"};

}  // namespace gradus
