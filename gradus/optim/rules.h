// The update rules of the optimizers: options, state per parameter, one update. Both languages are built on them.
#pragma once
#include <tuple>

#include "gradus/core/tensor.h"

/// A rule has Options and State; `options(o, f)` shows f every option under PyTorch's name, `state(s, o, f)` every
/// tensor it keeps for a parameter. `check` raises ValueError for options out of range; `start` fills the state before
/// the first update, with zeros unless the rule has one of its own; `update` takes one step, whose number counts from
/// 1. Nothing is recorded for gradients.
namespace gradus::optim {

namespace detail {
Tensor zeros_of(const Tensor& param);
}

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

/// Options of AdamW: Adam's, with a weight decay by default.
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
  bool decoupled_weight_decay = true;
};

/// Options of RMSprop.
struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
  bool maximize = false;
};

/// Options of Adagrad.
struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
};

/// Options of Adadelta.
struct AdadeltaOptions {
  double lr = 1.0;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;
  bool maximize = false;
};

/// Options of Adamax.
struct AdamaxOptions {
  double lr = 2e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool maximize = false;
};

/// Options of NAdam.
struct NAdamOptions {
  double lr = 2e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;
  bool decoupled_weight_decay = false;
  bool maximize = false;
};

/// Options of RAdam.
struct RAdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;
  bool maximize = false;
};

/// v ← momentum·v + (1-dampening)·g, p ← p - lr·v with g the gradient plus weight_decay·p; the first v is g, and with
/// nesterov the step is g + momentum·v (Sutskever et al., 2013).
struct SGDRule {
  using Options = SGDOptions;
  struct State {
    Tensor momentum_buffer;  // undefined before the first step; without momentum it is left alone
  };
  static constexpr const char* name = "SGD";
  static constexpr bool counts_steps = false;
  template <class F>
  static void options(Options& o, F&& f) {
    f("lr", o.lr);
    f("momentum", o.momentum);
    f("dampening", o.dampening);
    f("weight_decay", o.weight_decay);
    f("nesterov", o.nesterov);
    f("maximize", o.maximize);
  }
  template <class F>
  static void state(State& s, const Options& o, F&& f) {
    if (o.momentum != 0) f("momentum_buffer", s.momentum_buffer);
  }
  static void check(const Options& o);
  static void update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o);
};

/// What Adam and its kin share: their options.
template <class AnyOptions>
struct AdamKin {
  using Options = AnyOptions;
  static constexpr bool counts_steps = true;
  template <class F>
  static void options(Options& o, F&& f) {
    f("lr", o.lr);
    f("betas", o.beta1, o.beta2);
    f("eps", o.eps);
    f("weight_decay", o.weight_decay);
    if constexpr (requires { o.momentum_decay; }) f("momentum_decay", o.momentum_decay);
    if constexpr (requires { o.amsgrad; }) f("amsgrad", o.amsgrad);
    if constexpr (requires { o.decoupled_weight_decay; }) f("decoupled_weight_decay", o.decoupled_weight_decay);
    f("maximize", o.maximize);
  }
  static void check(const Options& o);
};

/// Steps by the running mean of the gradient over the root of the running mean of its square (Kingma and Ba, 2015);
/// amsgrad keeps the largest second moment (Reddi et al., 2018). Weight decay is added to the gradient, or taken from
/// the parameter if decoupled (Loshchilov and Hutter, 2019).
template <class AnyAdamOptions>
struct AdamRuleOf : AdamKin<AnyAdamOptions> {
  using Options = AnyAdamOptions;
  struct State {
    Tensor mean, square, max_square;
  };
  static constexpr const char* name = "Adam";
  template <class F>
  static void state(State& s, const Options& o, F&& f) {
    f("exp_avg", s.mean);
    f("exp_avg_sq", s.square);
    if (o.amsgrad) f("max_exp_avg_sq", s.max_square);
  }
  static void update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o);
};
using AdamRule = AdamRuleOf<AdamOptions>;
struct AdamWRule : AdamRuleOf<AdamWOptions> {
  static constexpr const char* name = "AdamW";
};

/// Steps by the gradient over the root of the running mean of its square (Hinton, lecture 6e, 2012); centered takes
/// the square of the running mean off it (Graves, 2013).
struct RMSpropRule {
  using Options = RMSpropOptions;
  struct State {
    Tensor square, momentum_buffer, mean;
  };
  static constexpr const char* name = "RMSprop";
  static constexpr bool counts_steps = true;
  template <class F>
  static void options(Options& o, F&& f) {
    f("lr", o.lr);
    f("momentum", o.momentum);
    f("alpha", o.alpha);
    f("eps", o.eps);
    f("centered", o.centered);
    f("weight_decay", o.weight_decay);
    f("maximize", o.maximize);
  }
  template <class F>
  static void state(State& s, const Options& o, F&& f) {
    f("square_avg", s.square);
    if (o.momentum > 0) f("momentum_buffer", s.momentum_buffer);
    if (o.centered) f("grad_avg", s.mean);
  }
  static void check(const Options& o);
  static void update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o);
};

/// Steps by the gradient over the root of the sum of its squares so far (Duchi et al., 2011).
struct AdagradRule {
  using Options = AdagradOptions;
  struct State {
    Tensor sum;
  };
  static constexpr const char* name = "Adagrad";
  static constexpr bool counts_steps = true;
  template <class F>
  static void options(Options& o, F&& f) {
    f("lr", o.lr);
    f("lr_decay", o.lr_decay);
    f("eps", o.eps);
    f("weight_decay", o.weight_decay);
    f("initial_accumulator_value", o.initial_accumulator_value);
    f("maximize", o.maximize);
  }
  template <class F>
  static void state(State& s, const Options&, F&& f) {
    f("sum", s.sum);
  }
  static void check(const Options& o);
  static void start(State& s, const Tensor& param, const Options& o);
  static void update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o);
};

/// Scales the gradient by the root of the running mean of squared steps over that of squared gradients (Zeiler, 2012).
struct AdadeltaRule {
  using Options = AdadeltaOptions;
  struct State {
    Tensor square, delta;
  };
  static constexpr const char* name = "Adadelta";
  static constexpr bool counts_steps = true;
  template <class F>
  static void options(Options& o, F&& f) {
    f("lr", o.lr);
    f("rho", o.rho);
    f("eps", o.eps);
    f("weight_decay", o.weight_decay);
    f("maximize", o.maximize);
  }
  template <class F>
  static void state(State& s, const Options&, F&& f) {
    f("square_avg", s.square);
    f("acc_delta", s.delta);
  }
  static void check(const Options& o);
  static void update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o);
};

/// Adam with the largest gradient, decaying, in place of the second moment (Kingma and Ba, 2015, section 7).
struct AdamaxRule : AdamKin<AdamaxOptions> {
  struct State {
    Tensor mean, largest;
  };
  static constexpr const char* name = "Adamax";
  template <class F>
  static void state(State& s, const Options&, F&& f) {
    f("exp_avg", s.mean);
    f("exp_inf", s.largest);
  }
  static void update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o);
};

/// Adam with Nesterov's momentum (Dozat, 2016).
struct NAdamRule : AdamKin<NAdamOptions> {
  struct State {
    Tensor momentum_product, mean, square;  // the first: zero-dim, of all momenta so far
  };
  static constexpr const char* name = "NAdam";
  template <class F>
  static void state(State& s, const Options&, F&& f) {
    f("mu_product", s.momentum_product);
    f("exp_avg", s.mean);
    f("exp_avg_sq", s.square);
  }
  static void start(State& s, const Tensor& param, const Options& o);
  static void update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o);
};

/// Adam that waits for the variance of its second moment to settle (Liu et al., 2020).
struct RAdamRule : AdamKin<RAdamOptions> {
  struct State {
    Tensor mean, square;
  };
  static constexpr const char* name = "RAdam";
  template <class F>
  static void state(State& s, const Options&, F&& f) {
    f("exp_avg", s.mean);
    f("exp_avg_sq", s.square);
  }
  static void update(const Tensor& param, const Tensor& grad, State& s, double step, const Options& o);
};

/// Fills the state of a parameter before its first update.
template <class Rule>
void start(typename Rule::State& state, const Tensor& param, const typename Rule::Options& o) {
  if constexpr (requires { &Rule::start; }) Rule::start(state, param, o);
  else if constexpr (Rule::counts_steps)
    Rule::state(state, o, [&param](const char*, Tensor& value) { value = detail::zeros_of(param); });
}

/// Calls f with every rule: `f.template operator()<SGDRule>()`. The one list of optimizers.
template <class F>
void for_each_rule(F&& f) {
  [&]<class... R>(std::tuple<R...>*) {
    (f.template operator()<R>(), ...);
  }(static_cast<std::tuple<SGDRule, AdamRule, AdamWRule, RMSpropRule, AdagradRule, AdadeltaRule, AdamaxRule, NAdamRule,
                           RAdamRule>*>(nullptr));
}

/// The dtype of step counts: the default dtype if that is float64, float32 otherwise.
DType step_dtype();
/// Adds 1 to a step count, in place; its new value.
double count_step(const Tensor& step);

}  // namespace gradus::optim
