// The optimizer classes: checks of the options, state per parameter, one update each.
#include "gradus/optim/optimizer.h"

#include <utility>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"

namespace gradus::optim {

namespace {

void check_not_negative(double value, const char* what) {
  check_as(ErrorKind::Value, value >= 0, "Invalid ", what, ": ", value);
}

void check_beta(double beta, int index) {
  check_as(ErrorKind::Value, beta >= 0 && beta < 1, "Invalid beta parameter at index ", index, ": ", beta);
}

}  // namespace

Optimizer::Optimizer(Tensors params) : params_(std::move(params)) {
  check_as(ErrorKind::Value, !params_.empty(), "optimizer got an empty parameter list");
  for (const Tensor& param : params_)
    check_as(ErrorKind::Value, param.is_leaf() || param.retains_grad(), "can't optimize a non-leaf Tensor");
}

void Optimizer::zero_grad(bool set_to_none) const {
  for (const Tensor& param : params_) {
    if (set_to_none) {
      param.set_grad({});
    } else if (const Tensor grad = param.grad(); grad.defined()) {
      // A fresh tensor rather than the old one cleared: it may belong to a graph.
      param.set_grad(zeros_like(grad));
    }
  }
}

SGD::SGD(Tensors params, SGDOptions given)
    : Optimizer(std::move(params)), options(given), momentum_buffers_(params_.size()) {
  check_not_negative(options.lr, "learning rate");
  check_not_negative(options.momentum, "momentum value");
  check_not_negative(options.weight_decay, "weight_decay value");
  check_as(ErrorKind::Value, !options.nesterov || (options.momentum > 0 && options.dampening == 0),
           "Nesterov momentum requires a momentum and zero dampening");
}

void SGD::step() {
  for (size_t i = 0; i < params_.size(); ++i)
    if (const Tensor grad = params_[i].grad(); grad.defined())
      sgd_update(params_[i], grad, momentum_buffers_[i], options);
}

Adam::Adam(Tensors params, AdamOptions given) : Optimizer(std::move(params)), options(given), states_(params_.size()) {
  check_not_negative(options.lr, "learning rate");
  check_not_negative(options.eps, "epsilon value");
  check_beta(options.beta1, 0);
  check_beta(options.beta2, 1);
  check_not_negative(options.weight_decay, "weight_decay value");
}

void Adam::step() {
  for (size_t i = 0; i < params_.size(); ++i) {
    const Tensor grad = params_[i].grad();
    if (!grad.defined()) continue;
    State& state = states_[i];
    if (!state.mean.defined()) {
      state.mean = zeros_like(params_[i]);
      state.square = zeros_like(params_[i]);
    }
    if (options.amsgrad && !state.max_square.defined()) state.max_square = zeros_like(params_[i]);
    state.step += 1;
    adam_update(params_[i], grad, state.mean, state.square, state.max_square, state.step, options);
  }
}

AdamW::AdamW(Tensors params, AdamWOptions given)
    : Adam(std::move(params), {.lr = given.lr,
                               .beta1 = given.beta1,
                               .beta2 = given.beta2,
                               .eps = given.eps,
                               .weight_decay = given.weight_decay,
                               .amsgrad = given.amsgrad,
                               .maximize = given.maximize,
                               .decoupled_weight_decay = true}) {}

}  // namespace gradus::optim
