// Update rules as compositions, in the order of operations that gives PyTorch's numbers.
#include "gradus/optim/update.h"

#include <cmath>

#include "gradus/core/modes.h"
#include "gradus/gen/functions.h"

namespace gradus::optim {

void sgd_update(const Tensor& param, const Tensor& grad, Tensor& momentum_buffer, const SGDOptions& options) {
  NoGrad no_grad;
  Tensor g = options.maximize ? -grad : grad;
  if (options.weight_decay != 0) g = g.add(param, options.weight_decay);
  if (options.momentum != 0) {
    if (momentum_buffer.defined()) momentum_buffer.mul_(options.momentum).add_(g, 1 - options.dampening);
    else momentum_buffer = g.detach().clone();
    g = options.nesterov ? g.add(momentum_buffer, options.momentum) : momentum_buffer;
  }
  param.add_(g, -options.lr);
}

void adam_update(const Tensor& param, const Tensor& grad, const Tensor& mean, const Tensor& square,
                 const Tensor& max_square, double step, const AdamOptions& options) {
  NoGrad no_grad;
  Tensor g = options.maximize ? -grad : grad;
  if (options.weight_decay != 0) {
    if (options.decoupled_weight_decay) param.mul_(1 - options.lr * options.weight_decay);
    else g = g.add(param, options.weight_decay);
  }
  mean.add_(g - mean, 1 - options.beta1);
  square.mul_(options.beta2).add_(g * g, 1 - options.beta2);
  if (options.amsgrad) max_square.copy_(maximum(max_square, square));
  // The running means start at zero; dividing by these makes up for it.
  const double mean_share = 1 - std::pow(options.beta1, step);
  const double square_share = 1 - std::pow(options.beta2, step);
  const Tensor root = (options.amsgrad ? max_square : square).sqrt();
  const Tensor denominator = root.div_(std::sqrt(square_share)).add_(options.eps);
  param.add_((mean * -(options.lr / mean_share)).div_(denominator));
}

}  // namespace gradus::optim
