// The rarer activation functions and their gradients, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

// ---- elu (Clevert et al. 2015), celu (Barron 2017), selu (Klambauer et al. 2017)

struct Elu {
  static constexpr Op op{"elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor",
                         "scale * self where it is positive, else scale * alpha * (exp(input_scale * self) - 1).",
                         Kind::PromoteFloat, "no"};
  static constexpr uint32_t untyped = 14;
  static auto value(auto x, auto alpha, auto scale, auto input_scale) {
    return x > 0 ? x * scale : math::expm1(x * input_scale) * (alpha * scale);
  }
  static void validate(DType common) { refuse_integers("elu_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& alpha, const Attr<Scalar, 2>& scale,
                   const Attr<Scalar, 3>& input_scale) {
    return _gradus_elu_backward(g, x, *alpha, *scale, *input_scale);
  }
};
struct EluBackward {
  static constexpr Op op{
      "_gradus_elu_backward(Tensor grad_output, Tensor self, Scalar alpha, Scalar scale, Scalar "
      "input_scale) -> Tensor",
      "grad_output times the derivative of elu.", Kind::PromoteFloat, "", "EluBackwardBackward0"};
  static constexpr uint32_t untyped = 28;
  static auto value(auto g, auto x, auto alpha, auto scale, auto input_scale) {
    const auto slope = input_scale * (alpha * scale) * math::exp(x * input_scale);
    return x <= 0 ? g * slope : g * scale;
  }
  static Tensor d0(const Tensor& g, const In<1>& x, const Attr<Scalar, 2>& alpha, const Attr<Scalar, 3>& scale,
                   const Attr<Scalar, 4>& input_scale) {
    return _gradus_elu_backward(g, x, *alpha, *scale, *input_scale);
  }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x, const Attr<Scalar, 2>& alpha,
                   const Attr<Scalar, 3>& scale, const Attr<Scalar, 4>& input_scale);
};
inline constexpr Op elu_inplace_op{
    "elu_(Tensor(a!) self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor(a!)", "Applies elu to self.",
    Kind::Composite, "n"};
struct Celu {
  static constexpr Op op{"_gradus_celu(Tensor self, Scalar alpha, Scalar inverse) -> Tensor",
                         "self where it is positive, else alpha * (exp(self / alpha) - 1).", Kind::PromoteFloat, "",
                         "CeluBackward0"};
  static constexpr uint32_t untyped = 6;
  static auto value(auto x, auto alpha, auto inverse) { return x > 0 ? x : math::expm1(x * inverse) * alpha; }
  static void validate(DType common) { refuse_integers("elu_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& alpha, const Attr<Scalar, 2>& inverse) {
    return _gradus_elu_backward(g, x, *alpha, 1, *inverse);
  }
};
inline constexpr Op celu_op{"celu(Tensor self, Scalar alpha=1.) -> Tensor",
                            "self where it is positive, else alpha * (exp(self / alpha) - 1).", Kind::Composite, "f"};
inline constexpr Op celu_inplace_op{"celu_(Tensor(a!) self, Scalar alpha=1.) -> Tensor(a!)", "Applies celu to self.",
                                    Kind::Composite, "f"};
inline constexpr Op selu_op{"selu(Tensor self) -> Tensor", "elu with the two numbers that keep mean and variance.",
                            Kind::Composite, "f"};
inline constexpr Op selu_inplace_op{"selu_(Tensor(a!) self) -> Tensor(a!)", "Applies selu to self.", Kind::Composite,
                                    "f"};

struct Glu {
  static constexpr Op op{"glu(Tensor self, int dim=-1) -> Tensor",
                         "The first half along a dim times the sigmoid of the second (Dauphin et al. 2017).",
                         Kind::Compound, "no"};
  static Tensor forward(const Tensor& self, int64_t dim);
  static void check_out(const Tensor& out, DType result);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<int64_t, 1>& dim);
};

// ---- pieces of straight lines

struct Hardshrink {
  static constexpr Op op{"hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor",
                         "self outside [-lambd, lambd], 0 within.", Kind::PromoteFloat, "fmo"};
  static constexpr uint32_t untyped = 2;
  static auto value(auto x, auto lambd) { return bool((x >= -lambd) & (x <= lambd)) ? decltype(x)(0) : x; }
  static void validate(DType common) { refuse_integers("hardshrink_cpu", common); }
  static void check_out(const Tensor& out, DType self) { check_out_dtype_is(out, self, OutWording::FoundDType); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& lambd) {
    return hardshrink_backward(g, x, *lambd);
  }
};
struct HardshrinkBackward {
  static constexpr Op op{"hardshrink_backward(Tensor grad_out, Tensor self, Scalar lambd) -> Tensor",
                         "The gradient where self lies outside [-lambd, lambd], else 0.", Kind::PromoteFloat, ""};
  static constexpr uint32_t untyped = 4;
  static auto value(auto g, auto x, auto lambd) { return bool((x >= -lambd) & (x <= lambd)) ? decltype(g)(0) : g; }
  static Tensor d0(const Tensor& g, const In<1>& x, const Attr<Scalar, 2>& lambd) {
    return hardshrink_backward(g, x, *lambd);
  }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
struct Softshrink {
  static constexpr Op op{"softshrink(Tensor self, Scalar lambd=0.5) -> Tensor",
                         "self moved towards 0 by lambd, 0 within [-lambd, lambd].", Kind::PromoteFloat, "no"};
  static constexpr uint32_t untyped = 2;
  static auto value(auto x, auto lambd) { return x > lambd ? x - lambd : x < -lambd ? x + lambd : x * 0; }
  static void inspect(const Operand* operands, DType common);
  static void check_out(const Tensor& out, DType self) { check_out_dtype_is(out, self, OutWording::FoundDType); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& lambd) {
    return softshrink_backward(g, x, *lambd);
  }
};
struct SoftshrinkBackward {
  static constexpr Op op{"softshrink_backward(Tensor grad_output, Tensor self, Scalar lambd) -> Tensor",
                         "The gradient where self lies outside [-lambd, lambd], else 0.", Kind::PromoteFloat, ""};
  static constexpr uint32_t untyped = 4;
  static auto value(auto g, auto x, auto lambd) { return HardshrinkBackward::value(g, x, lambd); }
  static Tensor d0(const Tensor& g, const In<1>& x, const Attr<Scalar, 2>& lambd) {
    return softshrink_backward(g, x, *lambd);
  }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};

namespace detail {
// x from 0 to 6; NaN stays.
template <class T>
inline __attribute__((always_inline)) T kept_to_six(T x) {
  const T low = x < 0 ? T(0) : x;
  return low > 6 ? T(6) : low;
}
}  // namespace detail

struct Hardsigmoid {
  static constexpr Op op{"hardsigmoid(Tensor self) -> Tensor", "(self + 3) / 6, kept between 0 and 1.",
                         Kind::PromoteFloat, "no"};
  static auto value(auto x) { return detail::kept_to_six(x + 3) / 6; }
  static void validate(DType common) { refuse_integers("hardsigmoid_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return hardsigmoid_backward(g, x); }
};
struct HardsigmoidBackward {
  static constexpr Op op{"hardsigmoid_backward(Tensor grad_output, Tensor self) -> Tensor",
                         "A sixth of the gradient where self lies between -3 and 3, else 0.", Kind::PromoteFloat, ""};
  static auto value(auto g, auto x) {
    using T = decltype(g);
    return bool((x > -3) & (x < 3)) ? g * T(0.16666666666666666) : T(0);
  }
  static Tensor d0(const Tensor& g, const In<1>& x) { return hardsigmoid_backward(g, x); }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
inline constexpr Op hardsigmoid_inplace_op{"hardsigmoid_(Tensor(a!) self) -> Tensor(a!)",
                                           "Applies hardsigmoid to self.", Kind::Composite, "n"};
struct Hardswish {
  static constexpr Op op{"hardswish(Tensor self) -> Tensor", "self * hardsigmoid(self) (Howard et al. 2019).",
                         Kind::PromoteFloat, "no"};
  static auto value(auto x) { return x * detail::kept_to_six(x + 3) / 6; }
  static void validate(DType common) { refuse_integers("hardswish_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return hardswish_backward(g, x); }
};
struct HardswishBackward {
  static constexpr Op op{"hardswish_backward(Tensor grad_output, Tensor self) -> Tensor",
                         "grad_output times the derivative of hardswish.", Kind::PromoteFloat, ""};
  static auto value(auto g, auto x) {
    using T = decltype(g);
    return x <= -3 ? T(0) : x < 3 ? g * (x / 3 + T(0.5)) : g;
  }
  static Tensor d0(const Tensor& g, const In<1>& x) { return hardswish_backward(g, x); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x) {
    return where((x > -3).logical_and(x < 3), g * grad / 3, 0);
  }
};
inline constexpr Op hardswish_inplace_op{"hardswish_(Tensor(a!) self) -> Tensor(a!)", "Applies hardswish to self.",
                                         Kind::Composite, "n"};

// ---- smooth ones

struct LogSigmoid {
  static constexpr Op op{"log_sigmoid(Tensor self) -> Tensor", "The logarithm of sigmoid(self).", Kind::PromoteFloat,
                         "no"};
  static auto value(auto x) { return -math::log1p_exp(-x); }
  static void validate(DType common) { refuse_integers("log_sigmoid_cpu", common); }
  static void check_out(const Tensor& out, DType self) { check_out_dtype_is(out, self, OutWording::ScalarType); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return _gradus_log_sigmoid_backward(g, x); }
};
struct LogSigmoidBackward {
  static constexpr Op op{"_gradus_log_sigmoid_backward(Tensor grad_output, Tensor self) -> Tensor",
                         "grad_output * sigmoid(-self).", Kind::PromoteFloat, "", "LogSigmoidBackwardBackward0"};
  static auto value(auto g, auto x) { return g * math::sigmoid(-x); }
  static Tensor d0(const Tensor& g, const In<1>& x) { return _gradus_log_sigmoid_backward(g, x); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x) {
    const Tensor s = x.sigmoid();
    return g * grad * (s * (s - 1));
  }
};
struct Mish {
  static constexpr Op op{"mish(Tensor self) -> Tensor", "self * tanh(softplus(self)) (Misra 2019).", Kind::PromoteFloat,
                         "no"};
  static auto value(auto x) { return x * math::tanh(math::log1p_exp(x)); }
  static void validate(DType common) { refuse_integers("mish_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return mish_backward(g, x); }
};
struct MishBackward {
  static constexpr Op op{"mish_backward(Tensor grad_output, Tensor self) -> Tensor",
                         "grad_output times the derivative of mish.", Kind::PromoteFloat, ""};
  static auto value(auto g, auto x) {
    const auto t = math::tanh(math::log1p_exp(x));
    return g * (t + x * math::sigmoid(x) * (1 - t * t));
  }
  static Tensor d0(const Tensor& g, const In<1>& x) { return mish_backward(g, x); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x);
};
inline constexpr Op mish_inplace_op{"mish_(Tensor(a!) self) -> Tensor(a!)", "Applies mish to self.", Kind::Composite,
                                    "n"};

// ---- with weights or noise

struct PreluKernel {
  static constexpr Op op{"_prelu_kernel(Tensor self, Tensor weight) -> Tensor",
                         "self where it is positive, else weight * self.", Kind::PromoteFloat, "f"};
  static constexpr bool like_self = true;
  static auto value(auto x, auto w) { return x > 0 ? x : w * x; }
  static void validate(DType common) { refuse_integers("prelu_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& w) { return where(x > 0, g, w * g); }
  static Tensor d1(const Tensor& g, const In<0>& x) { return where(x > 0, 0, x * g); }
};
inline constexpr Op prelu_op{
    "prelu(Tensor self, Tensor weight) -> Tensor",
    "self where it is positive, else times a weight: one, or one per channel (He et al. 2015).", Kind::Composite, "fm"};

struct RreluNoise {
  static constexpr Op op{"_gradus_rrelu(Tensor self, Tensor noise) -> Tensor", "self times the noise.", Kind::Promote,
                         "", "RreluWithNoiseBackward0"};
  static auto value(auto x, auto noise) { return x * noise; }
  static Tensor d0(const Tensor& g, const In<1>& noise) { return g * noise; }
};
struct RreluMean {
  static constexpr Op op{"_gradus_rrelu_mean(Tensor self, Scalar negative_slope) -> Tensor",
                         "leaky_relu as rrelu outside training.", Kind::PromoteFloat, "", "RreluWithNoiseBackward0"};
  static constexpr uint32_t untyped = 2;
  static auto value(auto x, auto slope) { return x > 0 ? x : x * slope; }
  static void validate(DType common) { refuse_integers("leaky_relu_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& slope) {
    return leaky_relu_backward(g, x, *slope, false);
  }
};
inline constexpr Op rrelu_with_noise_op{
    "rrelu_with_noise(Tensor self, Tensor(b!) noise, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool "
    "training=False, Generator? generator=None) -> Tensor",
    "rrelu that also gives its slopes.", Kind::Composite, "n"};
inline constexpr Op rrelu_with_noise_inplace_op{
    "rrelu_with_noise_(Tensor(a!) self, Tensor(b!) noise, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool "
    "training=False, Generator? generator=None) -> Tensor(a!)",
    "Applies rrelu to self and gives its slopes.", Kind::Composite, "n"};
inline constexpr Op rrelu_op{
    "rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? "
    "generator=None) -> Tensor",
    "leaky_relu whose slope is drawn from [lower, upper) in training, their mean otherwise (Xu et al. 2015).",
    Kind::Composite, "f"};
inline constexpr Op rrelu_inplace_op{
    "rrelu_(Tensor(a!) self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? "
    "generator=None) -> Tensor(a!)",
    "Applies rrelu to self.", Kind::Composite, "f"};

}  // namespace gradus
