// Optimizers: they own handles to parameters and change them by their gradients.
#pragma once
#include <cstdint>
#include <vector>

#include "gradus/core/tensor.h"
#include "gradus/optim/update.h"

namespace gradus::optim {

/// What all optimizers share. Parameters must be leaves of the graph.
class Optimizer {
 public:
  const Tensors& params() const { return params_; }
  /// Drops the gradients of all parameters, or fills them with zeros.
  void zero_grad(bool set_to_none = true) const;

 protected:
  explicit Optimizer(Tensors params);

  Tensors params_;
};

/// Stochastic gradient descent with momentum: `SGD optimizer({weight, bias}, {.lr = 0.01});`
class SGD : public Optimizer {
 public:
  explicit SGD(Tensors params, SGDOptions options = {});
  /// Updates every parameter that has a gradient.
  void step();

  SGDOptions options;  // may be changed between steps

 private:
  Tensors momentum_buffers_;
};

/// Adam: `Adam optimizer(model.parameters(), {.lr = 1e-3});`
class Adam : public Optimizer {
 public:
  explicit Adam(Tensors params, AdamOptions options = {});
  /// Updates every parameter that has a gradient.
  void step();

  AdamOptions options;  // may be changed between steps

 private:
  struct State {
    double step = 0;
    Tensor mean, square, max_square;
  };
  std::vector<State> states_;
};

/// Options of AdamW: Adam's, with a weight decay by default.
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
};

/// Adam whose weight decay shrinks the parameters directly.
class AdamW : public Adam {
 public:
  explicit AdamW(Tensors params, AdamWOptions options = {});
};

}  // namespace gradus::optim
