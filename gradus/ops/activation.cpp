// gelu by its approximation, second derivatives, activations made of others.
#include "gradus/ops/activation.h"

#include "gradus/ops/funnel.h"

namespace gradus {
namespace {

bool by_tanh(std::string_view approximate) {
  check(approximate == "tanh" || approximate == "none", "approximate argument must be either none or tanh.");
  return approximate == "tanh";
}

}  // namespace

// With density p: (x P(x))'' = p(x) (2 - x^2).
Tensor GeluErfBackward::d1(const Tensor& g, const In<0>& grad, const In<1>& x) {
  const Tensor density = (x * x * -0.5).exp() * 0.3989422804014327;
  return g * grad * (density * (2 - x * x));
}
// With u = k (x + c x^3), t = tanh(u): (x (1 + t) / 2)'' = (1 - t^2) (u' + x u'' / 2 - x t u'^2).
Tensor GeluTanhBackward::d1(const Tensor& g, const In<0>& grad, const In<1>& x) {
  constexpr double k = 0.7978845608028654, c = 0.044715;
  const Tensor square = x * x;
  const Tensor t = (x * (square * c + 1) * k).tanh();
  const Tensor slope = (square * (3 * c) + 1) * k;
  return g * grad * ((1 - t * t) * (slope + square * (3 * c * k) - x * t * slope * slope));
}

Tensor gelu(const Tensor& self, std::string_view approximate) {
  return by_tanh(approximate) ? pointwise<GeluTanh>(self) : pointwise<GeluErf>(self);
}
Tensor gelu_backward(const Tensor& grad_output, const Tensor& self, std::string_view approximate) {
  return by_tanh(approximate) ? pointwise<GeluTanhBackward>(grad_output, self)
                              : pointwise<GeluErfBackward>(grad_output, self);
}
const Tensor& silu_(const Tensor& self) { return pointwise_inplace<Silu>(self); }
const Tensor& gelu_(const Tensor& self, std::string_view approximate) {
  return by_tanh(approximate) ? pointwise_inplace<GeluTanh>(self) : pointwise_inplace<GeluErf>(self);
}
const Tensor& leaky_relu_(const Tensor& self, Scalar negative_slope) {
  return pointwise_inplace<LeakyRelu>(self, negative_slope);
}
const Tensor& hardtanh_(const Tensor& self, Scalar min_val, Scalar max_val) {
  return pointwise_inplace<Hardtanh>(self, min_val, max_val);
}
const Tensor& relu6_(const Tensor& self) { return hardtanh_(self, 0, 6); }
const Tensor& threshold_(const Tensor& self, Scalar threshold, Scalar value) {
  return pointwise_inplace<Threshold>(self, threshold, value);
}
Tensor relu6(const Tensor& self) { return hardtanh(self, 0, 6); }

}  // namespace gradus
