// Operators of two tensors beyond arithmetic: signs, extremes without NaN, divisors, logarithms, neighbours.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

namespace detail {
/// Refuses operands of different dtypes, as heaviside does.
void check_same_dtype(const Operand* operands, DType common);

template <class T>
inline __attribute__((always_inline)) T hypotenuse(T a, T b);
/// The squares of two floats are exact in double.
template <>
inline __attribute__((always_inline)) float hypotenuse(float a, float b) {
  const double x = a, y = b;
  const bool infinite = math::isinf(a) | math::isinf(b);
  return infinite ? __builtin_inff() : float(math::sqrt(x * x + y * y));
}
/// Scaled by a power of 2 out of the way of overflow; the root is corrected by its remainder (Borges 2020).
template <>
inline __attribute__((always_inline)) double hypotenuse(double a, double b) {
  const double x = math::abs(a), y = math::abs(b);
  const double high = x < y ? y : x, low = x < y ? x : y;
  const double scale = high > 0x1p500 ? 0x1p-600 : high < 0x1p-500 ? 0x1p600 : 1.0;
  const double back = high > 0x1p500 ? 0x1p600 : high < 0x1p-500 ? 0x1p-600 : 1.0;
  const double p = high * scale, q = low * scale;
  const double h = math::sqrt(math::fma(p, p, q * q));
  const double h2 = h * h, p2 = p * p;
  const double rest = math::fma(-q, q, h2 - p2) + math::fma(h, h, -h2) - math::fma(p, p, -p2);
  const double r = (h == 0 ? h : h - rest / (2 * h)) * back;
  const bool infinite = math::isinf(x) | math::isinf(y);
  return infinite ? __builtin_inf() : bool((x != x) | (y != y)) ? x + y : r;
}

/// Euclid's algorithm on absolute values.
template <class T>
inline __attribute__((always_inline)) T greatest_divisor(T a, T b) {
  T x = a < 0 ? -a : a, y = b < 0 ? -b : b;
  while (y != 0) {
    const T r = x % y;
    x = y;
    y = r;
  }
  return x;
}

template <class T>
inline __attribute__((always_inline)) T times_log(T a, T log_b) {
  return log_b != log_b ? log_b : a == 0 ? T(0) : a * log_b;
}
}  // namespace detail

struct Copysign {
  static constexpr Op op{"copysign.Tensor(Tensor self, Tensor other) -> Tensor", "|self| with the sign of other.",
                         Kind::PromoteFloat, "fmio"};
  static auto value(auto a, auto b) { return math::copysign(a, b); }
  static Tensor d0(const Tensor& g, const In<0>& a, const Out<0>& y) { return g * (y / a).masked_fill(a == 0, 0); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct CopysignScalar {
  static constexpr Op op{"copysign.Scalar(Tensor self, Scalar other) -> Tensor", "|self| with the sign of a number.",
                         Kind::PromoteFloat, "fmio", "CopysignBackward1"};
  static auto value(auto a, auto b) { return math::copysign(a, b); }
  static Tensor d0(const Tensor& g, const In<0>& a, const Out<0>& y) { return g * (y / a).masked_fill(a == 0, 0); }
};
struct Hypot {
  static constexpr Op op{"hypot(Tensor self, Tensor other) -> Tensor",
                         "sqrt(self^2 + other^2) without overflow on the way.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a, auto b) { return detail::hypotenuse(a, b); }
  static void validate(DType common) { refuse_integers("hypot_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& a, const Out<0>& y) { return g * (a / y); }
  static Tensor d1(const Tensor& g, const In<1>& b, const Out<0>& y) { return g * (b / y); }
};
struct Heaviside {
  static constexpr Op op{"heaviside(Tensor self, Tensor values) -> Tensor", "0 below 0, 1 above, values at 0.",
                         Kind::Promote, "fmio", "NotImplemented"};
  static auto value(auto a, auto at_zero) { return a == 0 ? at_zero : decltype(a)(a > 0); }
  static void inspect(const Operand* operands, DType common) { detail::check_same_dtype(operands, common); }
  static Tensor d0(const Tensor&) { return no_derivative("heaviside"); }
  static Tensor d1(const Tensor&) { return no_derivative("heaviside"); }
};
struct Fmax {
  static constexpr Op op{"fmax(Tensor self, Tensor other) -> Tensor", "The larger of two; a NaN gives way to a number.",
                         Kind::Promote, "fmo"};
  static auto value(auto a, auto b) { return bool((a >= b) | (b != b)) ? a : b; }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) {
    return where((a >= b).logical_or(b.isnan()), g, 0);
  }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) {
    return where((a >= b).logical_or(b.isnan()), 0, g);
  }
};
struct Fmin {
  static constexpr Op op{"fmin(Tensor self, Tensor other) -> Tensor",
                         "The smaller of two; a NaN gives way to a number.", Kind::Promote, "fmo"};
  static auto value(auto a, auto b) { return bool((a <= b) | (b != b)) ? a : b; }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) {
    return where((a <= b).logical_or(b.isnan()), g, 0);
  }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) {
    return where((a <= b).logical_or(b.isnan()), 0, g);
  }
};

struct Gcd {
  static constexpr Op op{"gcd(Tensor self, Tensor other) -> Tensor", "The greatest common divisor, at least 0.",
                         Kind::PromoteInt, "fmio"};
  static auto value(auto a, auto b) { return detail::greatest_divisor(a, b); }
  static void validate(DType common) { refuse_bool("gcd_cpu", common); }
};
struct Lcm {
  static constexpr Op op{"lcm(Tensor self, Tensor other) -> Tensor", "The least common multiple, at least 0.",
                         Kind::PromoteInt, "fmio"};
  static auto value(auto a, auto b) {
    using T = decltype(a);
    const T divisor = detail::greatest_divisor(a, b);
    const T multiple = divisor == 0 ? T(0) : a / divisor * b;
    return multiple < 0 ? -multiple : multiple;
  }
  static void validate(DType common) { refuse_bool("lcm_cpu", common); }
};

struct Xlogy {
  static constexpr Op op{"xlogy.Tensor(Tensor self, Tensor other) -> Tensor",
                         "self * log(other); 0 where self is 0 unless other is NaN.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a, auto b) { return b != b ? b : a == 0 ? decltype(a)(0) : a * math::log(b); }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) {
    return xlogy(g, b).masked_fill((a == 0).logical_and(b <= 0), 0);
  }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return g * a / b; }
};
struct XlogyOfScalar {
  static constexpr Op op{"xlogy.Scalar_Self(Scalar self, Tensor other) -> Tensor",
                         "A number times log(other); 0 for 0 unless other is NaN.", Kind::PromoteFloat, "fo",
                         "XlogyBackward1"};
  static auto value(auto a, auto b) { return Xlogy::value(a, b); }
  static Tensor d1(const Tensor& g, const Attr<Scalar, 0>& a, const In<1>& b) { return g * *a / b; }
};
struct XlogyScalar {
  static constexpr Op op{"xlogy.Scalar_Other(Tensor self, Scalar other) -> Tensor",
                         "self * log of a number; 0 where self is 0 unless the number is NaN.", Kind::PromoteFloat,
                         "fmio", "XlogyBackward2"};
  static auto value(auto a, auto b) { return Xlogy::value(a, b); }
  static Tensor d0(const Tensor& g, const In<0>& a, const Attr<Scalar, 1>& b);
};

struct Logaddexp {
  static constexpr Op op{"logaddexp(Tensor self, Tensor other) -> Tensor", "log(exp(self) + exp(other)).",
                         Kind::PromoteFloat, "fmo"};
  static auto value(auto a, auto b) {
    const auto high = a < b ? b : a;
    return bool(math::isinf(a) & (a == b)) ? a : high + math::log1p(math::exp(-math::abs(a - b)));
  }
  static void validate(DType common) { refuse_integers("logaddexp_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) { return g / ((b - a).exp() + 1); }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return g / ((a - b).exp() + 1); }
};
struct Logaddexp2 {
  static constexpr Op op{"logaddexp2(Tensor self, Tensor other) -> Tensor", "log2(2^self + 2^other).",
                         Kind::PromoteFloat, "fmo"};
  static auto value(auto a, auto b) {
    using T = decltype(a);
    const T high = a < b ? b : a;
    const T rest = math::log1p(math::exp2(-math::abs(a - b))) * T(1.4426950408889634);
    return bool(math::isinf(a) & (a == b)) ? a : high + rest;
  }
  static void validate(DType common) { refuse_integers("logaddexp2_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) { return g / ((b - a).exp2() + 1); }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return g / ((a - b).exp2() + 1); }
};

/// The power is applied in two halves: neither overflows alone.
struct Ldexp {
  static constexpr Op op{"ldexp.Tensor(Tensor self, Tensor other) -> Tensor", "self * 2^other.", Kind::PromoteFloat,
                         "fmio"};
  static auto value(auto a, auto b) {
    const auto half = math::trunc(b / 2);
    return a * math::exp2(half) * math::exp2(b - half);
  }
  static Tensor d0(const Tensor& g, const In<1>& b) { return g * b.exp2(); }
  static Tensor d1(const Tensor& g, const Out<0>& y) { return g * (y * 0.6931471805599453); }
};

namespace detail {
/// The value after `a` on the way to `b`, one unit of the last place of a format away: with `step` units of float or
/// double above `smallest_normal`, `unit` apart below; `largest` is what precedes infinity.
template <class T, class Bits>
inline __attribute__((always_inline)) T neighbour(T a, T b, T step, T smallest_normal, T unit, T largest) {
  const Bits bits = __builtin_bit_cast(Bits, a), away = Bits(step);
  const bool outwards = (a < b) == (a > 0);
  const T normal = __builtin_bit_cast(T, outwards ? bits + away : bits - away);
  const T flat = a < b ? a + unit : a - unit;
  const T magnitude = math::abs(a);
  const bool is_flat = outwards ? magnitude < smallest_normal : magnitude <= smallest_normal;
  const T finite = is_flat ? (flat == 0 ? math::copysign(flat, a) : flat) : normal;
  const T next = math::isinf(a) ? math::copysign(largest, a) : finite;
  return a == b ? b : bool((a != a) | (b != b)) ? a + b : next;
}
}  // namespace detail

struct NextafterFormat {
  static constexpr Op op{
      "_gradus_nextafter(Tensor self, Tensor other, *, Scalar step, Scalar smallest_normal, Scalar "
      "unit, Scalar largest) -> Tensor",
      "The number after self towards other in a floating format.", Kind::PromoteFloat, "", "NextafterBackward0"};
  static auto value(auto a, auto b, auto step, auto smallest_normal, auto unit, auto largest) {
    if constexpr (sizeof(a) == 4) return detail::neighbour<float, uint32_t>(a, b, step, smallest_normal, unit, largest);
    else return detail::neighbour<double, uint64_t>(a, b, step, smallest_normal, unit, largest);
  }
  static void validate(DType common) { refuse_integers("nextafter_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) { return where(a == b, 0, g); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
inline constexpr Op nextafter_op{"nextafter(Tensor self, Tensor other) -> Tensor",
                                 "The next number of the dtype after self towards other.", Kind::Composite, "fmo"};
inline constexpr Op nextafter_inplace_op{"nextafter_(Tensor(a!) self, Tensor other) -> Tensor(a!)",
                                         "Moves self to its next number towards other.", Kind::Composite, "m"};

inline constexpr Op float_power_op{"float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
                                   "self to the power exponent in float64.", Kind::Composite, "fmo"};
inline constexpr Op float_power_scalar_op{"float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
                                          "self to the power of a number in float64.", Kind::Composite, "fmo"};
inline constexpr Op float_power_of_scalar_op{"float_power.Scalar(Scalar self, Tensor exponent) -> Tensor",
                                             "A number to the power exponent in float64.", Kind::Composite, "fo"};
inline constexpr Op float_power_inplace_op{"float_power_.Tensor(Tensor(a!) self, Tensor exponent) -> Tensor(a!)",
                                           "Raises a float64 tensor to the power exponent.", Kind::Composite, "m"};
inline constexpr Op float_power_scalar_inplace_op{"float_power_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)",
                                                  "Raises a float64 tensor to the power of a number.", Kind::Composite,
                                                  "m"};

}  // namespace gradus
