// Activation functions and their gradients, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

namespace detail {
// The standard normal distribution and its density.
template <class T>
inline __attribute__((always_inline)) T normal_cdf(T x) {
  return T(0.5) * (1 + math::erf(x * T(0.7071067811865476)));
}
template <class T>
inline __attribute__((always_inline)) T normal_density(T x) {
  return math::exp(T(-0.5) * x * x) * T(0.3989422804014327);
}
// sqrt(2/pi) * (x + 0.044715 x^3), whose tanh approximates erf(x / sqrt(2)).
template <class T>
inline __attribute__((always_inline)) T gelu_inner(T x) {
  return T(0.7978845608028654) * (x + T(0.044715) * (x * x * x));
}
}  // namespace detail

struct Relu {
  static constexpr Op op{"relu(Tensor self) -> Tensor", "self where it is positive, else 0.", Kind::Promote, "fmi"};
  static auto value(auto a) { return a < 0 ? decltype(a)(0) : a; }
  static void validate(DType common) { check(common != DType::Bool, "Boolean inputs not supported for relu"); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return threshold_backward(g, y, 0); }
};
struct Threshold {
  static constexpr Op op{"threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor",
                         "self where it is above a threshold, else a number.", Kind::Promote, "fo"};
  static constexpr uint32_t untyped = 6;
  static auto value(auto a, auto threshold, auto v) { return a <= threshold ? v : a; }
  static void validate(DType common) { refuse_bool("threshold_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& threshold) {
    return threshold_backward(g, x, *threshold);
  }
};
struct ThresholdBackward {
  static constexpr Op op{"threshold_backward(Tensor grad_output, Tensor self, Scalar threshold) -> Tensor",
                         "The gradient where self is above a threshold, else 0.", Kind::Promote, ""};
  static constexpr uint32_t untyped = 4;
  static auto value(auto g, auto x, auto threshold) { return x <= threshold ? decltype(g)(0) : g; }
  static Tensor d0(const Tensor& g, const In<1>& x, const Attr<Scalar, 2>& threshold) {
    return threshold_backward(g, x, *threshold);
  }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};

struct Sigmoid {
  static constexpr Op op{"sigmoid(Tensor self) -> Tensor", "1 / (1 + exp(-self)).", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::sigmoid(a); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return sigmoid_backward(g, y); }
};
struct SigmoidBackward {
  static constexpr Op op{"sigmoid_backward(Tensor grad_output, Tensor output) -> Tensor",
                         "grad_output * output * (1 - output).", Kind::PromoteFloat, ""};
  static auto value(auto g, auto y) { return g * (1 - y) * y; }
  static Tensor d0(const Tensor& g, const In<1>& y) { return sigmoid_backward(g, y); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& y) { return g * grad * (1 - y * 2); }
};
struct Tanh {
  static constexpr Op op{"tanh(Tensor self) -> Tensor", "Hyperbolic tangent.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::tanh(a); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return tanh_backward(g, y); }
};
struct TanhBackward {
  static constexpr Op op{"tanh_backward(Tensor grad_output, Tensor output) -> Tensor",
                         "grad_output * (1 - output * output).", Kind::PromoteFloat, ""};
  static auto value(auto g, auto y) { return g * (1 - y * y); }
  static Tensor d0(const Tensor& g, const In<1>& y) { return tanh_backward(g, y); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& y) { return g * grad * (y * -2); }
};

// gelu is one of two operators, by `approximate`; their nodes have one name.
struct GeluErf {
  static constexpr Op op{"_gradus_gelu_erf(Tensor self) -> Tensor", "self times the normal distribution of self.",
                         Kind::PromoteFloat, "", "GeluBackward0"};
  static auto value(auto x) { return x * detail::normal_cdf(x); }
  static void validate(DType common) { refuse_integers("GeluKernelImpl", common); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return _gradus_gelu_erf_backward(g, x); }
};
struct GeluErfBackward {
  static constexpr Op op{"_gradus_gelu_erf_backward(Tensor grad_output, Tensor self) -> Tensor",
                         "grad_output times the derivative of gelu.", Kind::PromoteFloat, "", "GeluBackwardBackward0"};
  static auto value(auto g, auto x) { return g * (detail::normal_cdf(x) + x * detail::normal_density(x)); }
  static Tensor d0(const Tensor& g, const In<1>& x) { return _gradus_gelu_erf_backward(g, x); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x);
};
struct GeluTanh {
  static constexpr Op op{"_gradus_gelu_tanh(Tensor self) -> Tensor",
                         "self times the normal distribution of self, approximated by tanh.", Kind::PromoteFloat, "",
                         "GeluBackward0"};
  static auto value(auto x) {
    using T = decltype(x);
    return T(0.5) * x * (1 + math::tanh(detail::gelu_inner(x)));
  }
  static void validate(DType common) { refuse_integers("GeluKernelImpl", common); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return _gradus_gelu_tanh_backward(g, x); }
};
struct GeluTanhBackward {
  static constexpr Op op{"_gradus_gelu_tanh_backward(Tensor grad_output, Tensor self) -> Tensor",
                         "grad_output times the derivative of gelu by tanh.", Kind::PromoteFloat, "",
                         "GeluBackwardBackward0"};
  static auto value(auto g, auto x) {
    using T = decltype(x);
    const T t = math::tanh(detail::gelu_inner(x));
    const T slope = T(0.7978845608028654) * (1 + T(3 * 0.044715) * x * x);
    return g * (T(0.5) * (1 + t) + T(0.5) * x * (1 - t * t) * slope);
  }
  static Tensor d0(const Tensor& g, const In<1>& x) { return _gradus_gelu_tanh_backward(g, x); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x);
};
inline constexpr Op gelu_op{"gelu(Tensor self, *, str approximate='none') -> Tensor",
                            "self times the normal distribution of self (Hendrycks and Gimpel 2016), exact ('none') or "
                            "by 'tanh'.",
                            Kind::Composite, "no"};
inline constexpr Op gelu_backward_op{
    "gelu_backward(Tensor grad_output, Tensor self, *, str approximate='none') -> Tensor",
    "grad_output times the derivative of gelu.", Kind::Composite, ""};

struct Silu {
  static constexpr Op op{"silu(Tensor self) -> Tensor", "self * sigmoid(self).", Kind::PromoteFloat, "no"};
  static auto value(auto x) { return x * math::sigmoid(x); }
  static void validate(DType common) { refuse_integers("silu_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return silu_backward(g, x); }
};
struct SiluBackward {
  static constexpr Op op{"silu_backward(Tensor grad_output, Tensor self) -> Tensor",
                         "grad_output times the derivative of silu.", Kind::PromoteFloat, ""};
  static auto value(auto g, auto x) {
    const auto s = math::sigmoid(x);
    return g * s * (1 + x * (1 - s));
  }
  static Tensor d0(const Tensor& g, const In<1>& x) { return silu_backward(g, x); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x) {
    const Tensor s = x.sigmoid();
    return g * grad * (s * (1 - s) * (x * (1 - s * 2) + 2));
  }
};
inline constexpr Op silu_inplace_op{"silu_(Tensor(a!) self) -> Tensor(a!)", "Applies silu to self.", Kind::Composite,
                                    "n"};

struct Softplus {
  static constexpr Op op{"softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor",
                         "log(1 + exp(beta * self)) / beta; self where beta * self is above threshold.",
                         Kind::PromoteFloat, "no"};
  static constexpr uint32_t untyped = 6;
  static auto value(auto x, auto beta, auto threshold) {
    return x * beta > threshold ? x : math::log1p_exp(x * beta) / beta;
  }
  static void validate(DType common) { refuse_integers("softplus_cpu", common); }
  static void check_out(const Tensor& out, DType self) { check_out_dtype_is(out, self, OutWording::FoundDType); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& beta, const Attr<Scalar, 2>& threshold) {
    return softplus_backward(g, x, *beta, *threshold);
  }
};
struct SoftplusBackward {
  static constexpr Op op{"softplus_backward(Tensor grad_output, Tensor self, Scalar beta, Scalar threshold) -> Tensor",
                         "grad_output times the derivative of softplus.", Kind::PromoteFloat, ""};
  static constexpr uint32_t untyped = 12;
  static auto value(auto g, auto x, auto beta, auto threshold) {
    return x * beta > threshold ? g : g * math::sigmoid(x * beta);
  }
  static Tensor d0(const Tensor& g, const In<1>& x, const Attr<Scalar, 2>& beta, const Attr<Scalar, 3>& threshold) {
    return softplus_backward(g, x, *beta, *threshold);
  }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x, const Attr<Scalar, 2>& beta,
                   const Attr<Scalar, 3>& threshold) {
    const Tensor s = (x * *beta).sigmoid();
    return where(x * *beta > *threshold, 0, g * grad * (s * (1 - s) * *beta));
  }
};

struct LeakyRelu {
  static constexpr Op op{"leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor",
                         "self where it is positive, else negative_slope * self.", Kind::PromoteFloat, "no"};
  static constexpr uint32_t untyped = 2;
  static auto value(auto x, auto slope) { return x > 0 ? x : x * slope; }
  static void validate(DType common) { refuse_integers("leaky_relu_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& slope) {
    return leaky_relu_backward(g, x, *slope, false);
  }
};
struct LeakyReluBackward {
  static constexpr Op op{
      "leaky_relu_backward(Tensor grad_output, Tensor self, Scalar negative_slope, bool self_is_result) -> Tensor",
      "grad_output times the derivative of leaky_relu.", Kind::PromoteFloat, ""};
  static constexpr uint32_t untyped = 12;
  static auto value(auto g, auto x, auto slope, auto) { return x > 0 ? g : g * slope; }
  static Tensor d0(const Tensor& g, const In<1>& x, const Attr<Scalar, 2>& slope) {
    return leaky_relu_backward(g, x, *slope, false);
  }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};

inline constexpr Op leaky_relu_inplace_op{"leaky_relu_(Tensor(a!) self, Scalar negative_slope=0.01) -> Tensor(a!)",
                                          "Applies leaky_relu to self.", Kind::Composite, "n"};

struct Hardtanh {
  static constexpr Op op{"hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor",
                         "self, kept between two numbers.", Kind::Promote, "no"};
  static constexpr uint32_t untyped = 6;
  static constexpr bool like_self = true;
  static auto value(auto x, auto low, auto high) { return x < low ? low : x > high ? high : x; }
  static void validate(DType common) { check(common != DType::Bool, "Bool inputs not supported for hardtanh"); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& low, const Attr<Scalar, 2>& high) {
    return hardtanh_backward(g, x, *low, *high);
  }
};
struct HardtanhBackward {
  static constexpr Op op{"hardtanh_backward(Tensor grad_output, Tensor self, Scalar min_val, Scalar max_val) -> Tensor",
                         "The gradient where self lies strictly between two numbers, else 0.", Kind::Promote, ""};
  static constexpr uint32_t untyped = 12;
  static auto value(auto g, auto x, auto low, auto high) { return bool((x <= low) | (x >= high)) ? decltype(g)(0) : g; }
  static Tensor d0(const Tensor& g, const In<1>& x, const Attr<Scalar, 2>& low, const Attr<Scalar, 3>& high) {
    return hardtanh_backward(g, x, *low, *high);
  }
  static Tensor d1(const Tensor& g) { return zeros_like(g); }
};
inline constexpr Op hardtanh_inplace_op{"hardtanh_(Tensor(a!) self, Scalar min_val=-1, Scalar max_val=1) -> Tensor(a!)",
                                        "Applies hardtanh to self.", Kind::Composite, "n"};
inline constexpr Op relu6_inplace_op{"relu6_(Tensor(a!) self) -> Tensor(a!)", "Applies relu6 to self.", Kind::Composite,
                                     "n"};
inline constexpr Op threshold_inplace_op{"threshold_(Tensor(a!) self, Scalar threshold, Scalar value) -> Tensor(a!)",
                                         "Applies threshold to self.", Kind::Composite, "f"};
inline constexpr Op gelu_inplace_op{"gelu_(Tensor(a!) self, *, str approximate='none') -> Tensor(a!)",
                                    "Applies gelu to self.", Kind::Composite, "n"};
inline constexpr Op relu6_op{"relu6(Tensor self) -> Tensor", "self, kept between 0 and 6.", Kind::Composite, "n"};

}  // namespace gradus
