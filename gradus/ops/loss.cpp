// Losses element by element: checks, reductions, gradients.
#include "gradus/ops/loss.h"

#include <numbers>

#include "gradus/kernels/inspect.h"

namespace gradus {

Tensor detail::reduce_loss(const Tensor& loss, int64_t reduction) {
  return reduction == 1 ? loss.mean() : reduction == 2 ? loss.sum() : loss;
}
Tensor detail::expand_gradient(const Tensor& g, int64_t reduction, int64_t numel) {
  return reduction == 1 ? g / static_cast<double>(numel) : g;
}

namespace {

using detail::expand_gradient;
using detail::reduce_loss;

Tensor times(const Tensor& slope, const Tensor& g, int64_t reduction) {
  return slope * expand_gradient(g, reduction, slope.numel());
}

Tensor mse_slope(const Tensor& g, const Tensor& x, const Tensor& t, int64_t reduction) {
  double norm = 2;
  if (reduction == 1)
    norm /= static_cast<double>(x.sizes() == t.sizes() ? x.numel() : product(broadcast_sizes(x.sizes(), t.sizes())));
  if (is_reduced_floating(g.dtype())) {  // PyTorch rounds the factor, and after each step
    norm = g.dtype() == DType::Float16 ? static_cast<float>(Half(static_cast<float>(norm)))
                                       : static_cast<float>(BFloat16(static_cast<float>(norm)));
    return (x - t) * norm * g;
  }
  return _gradus_mse_slope(g, x, t, norm);
}

}  // namespace

// ---- squared, absolute, and what lies between

Tensor MseLoss::forward(const Tensor& self, const Tensor& target, int64_t reduction) {
  return reduce_loss(_gradus_squared_difference(self, target), reduction);
}
Tensor MseLoss::d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction) {
  return mse_slope(g, x, t, reduction);
}
Tensor MseLoss::d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction) {
  return mse_slope(g, t, x, reduction);
}

Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return reduce_loss((self - target).abs(), reduction);
}

Tensor SmoothL1Loss::forward(const Tensor& self, const Tensor& target, int64_t reduction, double beta) {
  check(beta >= 0, "smooth_l1_loss does not support negative values for beta.");
  if (beta == 0) return l1_loss(self, target, reduction);
  refuse_integers("smooth_l1_cpu", promote(self.dtype(), target.dtype()));
  return reduce_loss(_gradus_smooth_l1(self, target, beta), reduction);
}
Tensor SmoothL1Loss::d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction,
                        const Attr<double, 3>& beta) {
  return times(*beta == 0 ? (x - t).sign() : _gradus_smooth_l1_slope(x, t, *beta), g, *reduction);
}
Tensor SmoothL1Loss::d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction,
                        const Attr<double, 3>& beta) {
  return times(*beta == 0 ? (t - x).sign() : _gradus_smooth_l1_slope(t, x, *beta), g, *reduction);
}

Tensor HuberLoss::forward(const Tensor& self, const Tensor& target, int64_t reduction, double delta) {
  check(delta > 0, "huber_loss does not support non-positive values for delta.");
  refuse_integers("huber_cpu", self.dtype());
  Tensor loss = _gradus_smooth_l1(self, target, delta);
  if (delta != 1) loss = loss * delta;
  return reduce_loss(loss.dtype() == self.dtype() ? loss : loss.to(self.dtype()), reduction);
}
Tensor HuberLoss::d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction,
                     const Attr<double, 3>& delta) {
  return times(_gradus_smooth_l1_slope(x, t, *delta), g * *delta, *reduction);
}
Tensor HuberLoss::d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction,
                     const Attr<double, 3>& delta) {
  return times(_gradus_smooth_l1_slope(t, x, *delta), g * *delta, *reduction);
}

// ---- probabilities

namespace {
void check_probabilities(const Tensor& t, const char* what) {
  check(all_within_unit(t.impl()->view->array()), "all elements of ", what, " should be between 0 and 1");
}
}  // namespace

Tensor BceSlope::d0(const Tensor& g, const In<0>& x, const In<1>& t) {
  const Tensor a = x + 1e-12, b = 1 - x + 1e-12;
  return g * (x * x - x * t * 2 + t) / (a * a * b * b);
}
Tensor BceSlope::d1(const Tensor& g, const In<0>& x) { return -(g / ((1 - x) * x).clamp_min(1e-12)); }

Tensor BinaryCrossEntropy::forward(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction) {
  refuse_integers("binary_cross_entropy", self.dtype());
  check(target.dtype() == self.dtype(), "Found dtype ", target.dtype(), " but expected ", self.dtype());
  check_probabilities(self, "input");
  check_probabilities(target, "target");
  Tensor loss = _gradus_bce(self, target);
  if (weight.defined()) loss = loss * weight;
  return reduce_loss(loss, reduction);
}
Tensor BinaryCrossEntropy::d0(const Tensor& g, const In<0>& x, const In<1>& t, const In<2>& weight,
                              const Attr<int64_t, 3>& reduction) {
  Tensor slope = _gradus_bce_slope(x, t);
  if (weight.defined()) slope = slope * weight;
  return times(slope, g, *reduction);
}
Tensor BinaryCrossEntropy::d1(const Tensor& g, const In<0>& x, const In<2>& weight, const Attr<int64_t, 3>& reduction) {
  Tensor slope = (1 - x).log() - x.log();
  if (weight.defined()) slope = slope * weight;
  return times(slope, g, *reduction);
}

Tensor BceWithLogits::forward(const Tensor& x, const Tensor& t, const Tensor& weight, const Tensor& pos_weight,
                              int64_t reduction) {
  Tensor loss =
      pos_weight.defined() ? (1 - t) * x - ((pos_weight - 1) * t + 1) * log_sigmoid(x) : _gradus_bce_with_logits(x, t);
  if (weight.defined()) loss = loss * weight;
  return reduce_loss(loss, reduction);
}
Tensor BceWithLogits::d0(const Tensor& g, const In<0>& x, const In<1>& t, const In<2>& w, const In<3>& p,
                         const Attr<int64_t, 4>& reduction) {
  Tensor d;
  if (p.defined()) {
    const Tensor pt = p * t;
    d = (pt + 1 - t) * x.sigmoid() - pt;
  } else {
    d = x.sigmoid() - t;
  }
  if (w.defined()) d = d * w;
  return times(d, g, *reduction);
}
Tensor BceWithLogits::d1(const Tensor& g, const In<0>& x, const In<2>& w, const In<3>& p,
                         const Attr<int64_t, 4>& reduction) {
  const Tensor positive = p.defined() ? p * log_sigmoid(x) : log_sigmoid(x);
  Tensor d = log_sigmoid(-x) - positive;
  if (w.defined()) d = d * w;
  return times(d, g, *reduction);
}

Tensor kl_div(const Tensor& self, const Tensor& target, int64_t reduction, bool log_target) {
  if (log_target) return reduce_loss(target.exp() * (target - self), reduction);
  return reduce_loss(xlogy(target, target) - target * self, reduction);
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, bool log_input, bool full, double eps,
                        int64_t reduction) {
  Tensor loss = log_input ? input.exp() - target * input : input - target * (input + eps).log();
  if (full) {  // Stirling's approximation of log(target!)
    const Tensor stirling = target * target.log() - target + (target * (2 * std::numbers::pi)).log() * 0.5;
    loss = loss + stirling.masked_fill(target <= Scalar(1), 0);
  }
  return reduce_loss(loss, reduction);
}

}  // namespace gradus
