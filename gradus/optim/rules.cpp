// Update rules as compositions, in the order of operations that gives PyTorch's numbers.
#include "gradus/optim/rules.h"

#include <cmath>

#include "gradus/core/format.h"
#include "gradus/core/impl.h"
#include "gradus/core/modes.h"
#include "gradus/gen/functions.h"

namespace gradus::optim {
namespace {

void check_not_negative(double value, const char* what) {
  check_as(ErrorKind::Value, value >= 0, "Invalid ", what, ": ", value);
}

void check_beta(double beta, int index) {
  check_as(ErrorKind::Value, beta >= 0 && beta < 1, "Invalid beta parameter at index ", index, ": ", beta);
}

// The gradient, turned round to maximize; with weight decay as a penalty.
template <class Options>
Tensor descent(const Tensor& param, const Tensor& grad, const Options& o, bool add_decay = true) {
  Tensor g = o.maximize ? -grad : grad;
  return add_decay && o.weight_decay != 0 ? g.add(param, o.weight_decay) : g;
}

// The same for rules that may take the decay from the parameter itself.
template <class Options>
Tensor descent_decoupled(const Tensor& param, const Tensor& grad, const Options& o) {
  if (o.decoupled_weight_decay && o.weight_decay != 0) param.mul_(1 - o.lr * o.weight_decay);
  return descent(param, grad, o, !o.decoupled_weight_decay);
}

// Running means of the gradient and of its square.
void average(const Tensor& mean, const Tensor& square, const Tensor& g, double beta1, double beta2) {
  mean.lerp_(g, 1 - beta1);
  square.mul_(beta2).addcmul_(g, g, 1 - beta2);
}

}  // namespace

DType step_dtype() { return default_dtype() == DType::Float64 ? DType::Float64 : DType::Float32; }

// A plain float is counted here: the way through the operator costs more than a small parameter's whole update.
double count_step(const Tensor& step) {
  TensorImpl* t = step.impl();
  const View& v = *t->view;
  if (v.dtype == DType::Float32 && v.numel == 1 && v.storage->data && !v.storage->has(~0u) &&
      !gradus::detail::anomaly && !t->has(TensorImpl::kInference)) {
    bump_version(t);
    return *reinterpret_cast<float*>(v.raw()) += 1;
  }
  const NoGrad no_grad;
  step.add_(1);
  return step.item<double>();
}

Tensor detail::zeros_of(const Tensor& param) { return zeros_like(param); }

template <class O>
void AdamKin<O>::check(const O& o) {
  check_not_negative(o.lr, "learning rate");
  check_not_negative(o.eps, "epsilon value");
  check_beta(o.beta1, 0);
  check_beta(o.beta2, 1);
  check_not_negative(o.weight_decay, "weight_decay value");
  if constexpr (requires { o.momentum_decay; }) check_not_negative(o.momentum_decay, "momentum_decay value");
}
template struct AdamKin<AdamOptions>;
template struct AdamKin<AdamWOptions>;
template struct AdamKin<AdamaxOptions>;
template struct AdamKin<NAdamOptions>;
template struct AdamKin<RAdamOptions>;

void SGDRule::check(const Options& o) {
  check_not_negative(o.lr, "learning rate");
  check_not_negative(o.momentum, "momentum value");
  check_not_negative(o.weight_decay, "weight_decay value");
  check_as(ErrorKind::Value, !o.nesterov || (o.momentum > 0 && o.dampening == 0),
           "Nesterov momentum requires a momentum and zero dampening");
}

void SGDRule::update(const Tensor& param, const Tensor& grad, State& s, double, const Options& o) {
  NoGrad no_grad;
  Tensor g = descent(param, grad, o);
  if (o.momentum != 0) {
    if (s.momentum_buffer.defined()) s.momentum_buffer.mul_(o.momentum).add_(g, 1 - o.dampening);
    else s.momentum_buffer = g.detach().clone();
    g = o.nesterov ? g.add(s.momentum_buffer, o.momentum) : s.momentum_buffer;
  }
  param.add_(g, -o.lr);
}

template <class O>
void AdamRuleOf<O>::update(const Tensor& param, const Tensor& grad, State& s, double step, const O& o) {
  NoGrad no_grad;
  const Tensor g = descent_decoupled(param, grad, o);
  average(s.mean, s.square, g, o.beta1, o.beta2);
  if (o.amsgrad) s.max_square.copy_(maximum(s.max_square, s.square));
  // The running means start at zero; dividing by these makes up for it. The second division is left to the numbers:
  // m / (sqrt(v) / c + eps) = c m / (sqrt(v) + c eps).
  const double mean_share = 1 - std::pow(o.beta1, step);
  const double root_share = std::sqrt(1 - std::pow(o.beta2, step));
  const Tensor root = (o.amsgrad ? s.max_square : s.square).sqrt().add_(o.eps * root_share);
  param.addcdiv_(s.mean, root, -(o.lr * root_share / mean_share));
}
template struct AdamRuleOf<AdamOptions>;
template struct AdamRuleOf<AdamWOptions>;

void RMSpropRule::check(const Options& o) {
  check_not_negative(o.lr, "learning rate");
  check_not_negative(o.eps, "epsilon value");
  check_not_negative(o.momentum, "momentum value");
  check_not_negative(o.weight_decay, "weight_decay value");
  check_not_negative(o.alpha, "alpha value");
}

void RMSpropRule::update(const Tensor& param, const Tensor& grad, State& s, double, const Options& o) {
  NoGrad no_grad;
  const Tensor g = descent(param, grad, o);
  s.square.mul_(o.alpha).addcmul_(g, g, 1 - o.alpha);
  Tensor scale;
  if (o.centered) {
    s.mean.lerp_(g, 1 - o.alpha);
    scale = s.square.addcmul(s.mean, s.mean, -1).sqrt_();
  } else {
    scale = s.square.sqrt();
  }
  scale.add_(o.eps);
  if (o.momentum > 0) {
    s.momentum_buffer.mul_(o.momentum).addcdiv_(g, scale);
    param.add_(s.momentum_buffer, -o.lr);
  } else {
    param.addcdiv_(g, scale, -o.lr);
  }
}

void AdagradRule::check(const Options& o) {
  check_not_negative(o.lr, "learning rate");
  check_not_negative(o.lr_decay, "lr_decay value");
  check_not_negative(o.weight_decay, "weight_decay value");
  check_not_negative(o.initial_accumulator_value, "initial_accumulator_value value");
  check_not_negative(o.eps, "epsilon value");
}

void AdagradRule::start(State& s, const Tensor& param, const Options& o) {
  s.sum = full_like(param, o.initial_accumulator_value);
}

void AdagradRule::update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o) {
  NoGrad no_grad;
  const Tensor g = descent(param, grad, o);
  s.sum.addcmul_(g, g);
  param.addcdiv_(g, s.sum.sqrt().add_(o.eps), -o.lr / (1 + (step - 1) * o.lr_decay));
}

void AdadeltaRule::check(const Options& o) {
  check_not_negative(o.lr, "learning rate");
  check_as(ErrorKind::Value, o.rho >= 0 && o.rho <= 1, "Invalid rho value: ", o.rho);
  check_not_negative(o.eps, "epsilon value");
  check_not_negative(o.weight_decay, "weight_decay value");
}

void AdadeltaRule::update(const Tensor& param, const Tensor& grad, State& s, double, const Options& o) {
  NoGrad no_grad;
  const Tensor g = descent(param, grad, o);
  s.square.mul_(o.rho).addcmul_(g, g, 1 - o.rho);
  const Tensor delta = s.delta.add(o.eps).sqrt_();
  delta.div_(s.square.add(o.eps).sqrt_()).mul_(g);
  s.delta.mul_(o.rho).addcmul_(delta, delta, 1 - o.rho);
  param.add_(delta, -o.lr);
}

void AdamaxRule::update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o) {
  NoGrad no_grad;
  const Tensor g = descent(param, grad, o);
  s.mean.lerp_(g, 1 - o.beta1);
  s.largest.copy_(maximum(s.largest * o.beta2, g.abs().add_(o.eps)));
  param.addcdiv_(s.mean, s.largest, -o.lr / (1 - std::pow(o.beta1, step)));
}

void NAdamRule::start(State& s, const Tensor& param, const Options&) {
  s.momentum_product = ones({}, step_dtype());
  s.mean = zeros_like(param);
  s.square = zeros_like(param);
}

void NAdamRule::update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o) {
  NoGrad no_grad;
  const Tensor g = descent_decoupled(param, grad, o);
  const auto momentum_at = [&o](double t) { return o.beta1 * (1 - 0.5 * std::pow(0.96, t * o.momentum_decay)); };
  const double momentum = momentum_at(step), next = momentum_at(step + 1);
  s.momentum_product.mul_(momentum);
  const double product = s.momentum_product.item<double>();
  average(s.mean, s.square, g, o.beta1, o.beta2);
  const Tensor scale = s.square.div(1 - std::pow(o.beta2, step)).sqrt_().add_(o.eps);
  param.addcdiv_(g, scale, -o.lr * (1 - momentum) / (1 - product));
  param.addcdiv_(s.mean, scale, -o.lr * next / (1 - product * next));
}

void RAdamRule::update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o) {
  NoGrad no_grad;
  const Tensor g = descent_decoupled(param, grad, o);
  average(s.mean, s.square, g, o.beta1, o.beta2);
  const double power = std::pow(o.beta2, step), square_share = 1 - power;
  const Tensor mean = s.mean / (1 - std::pow(o.beta1, step));
  const double longest = 2 / (1 - o.beta2) - 1;  // the length of the average in the limit, and now
  const double length = longest - 2 * step * power / square_share;
  if (length <= 5) {
    param.add_(mean * o.lr, -1);
    return;
  }
  const double rectified = std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  const Tensor rate = std::sqrt(square_share) / s.square.sqrt().add_(o.eps);
  param.add_((mean * o.lr).mul_(rate).mul_(rectified), -1);
}

}  // namespace gradus::optim
