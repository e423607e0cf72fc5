// The update rules of the optimizers, for one parameter; the classes in both languages are built on them.
#pragma once
#include "gradus/core/tensor.h"

namespace gradus::optim {

/// Options of stochastic gradient descent.
struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
};

/// Options of Adam; `decoupled_weight_decay` makes it AdamW.
struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
  bool maximize = false;
  bool decoupled_weight_decay = false;
};

/// v ← momentum·v + (1-dampening)·g, p ← p - lr·v with g the gradient plus weight_decay·p; the first v is g, and with
/// nesterov the step is g + momentum·v (Sutskever et al., 2013). Records nothing. `momentum_buffer` is v, undefined
/// before the first step; without momentum it is left alone.
void sgd_update(const Tensor& param, const Tensor& grad, Tensor& momentum_buffer, const SGDOptions& options);

/// Adam's step number `step` (from 1; Kingma and Ba, 2015). `mean` and `square` are the running means of the gradient
/// and of its square, `max_square` the largest `square` so far (used with amsgrad; Reddi et al., 2018). Weight decay
/// is added to the gradient, or taken from the parameter if decoupled (Loshchilov and Hutter, 2019). Records nothing.
void adam_update(const Tensor& param, const Tensor& grad, const Tensor& mean, const Tensor& square,
                 const Tensor& max_square, double step, const AdamOptions& options);

}  // namespace gradus::optim
