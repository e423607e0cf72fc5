// The rarer nonlinearities and forms of dropout as layers, with PyTorch's names and text.
#pragma once
#include <string>

#include "gradus/nn/module.h"

namespace gradus::nn {

/// x where it is positive, else alpha (exp(x) - 1).
struct ELU {
  double alpha = 1.0;
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// x where it is positive, else alpha (exp(x / alpha) - 1).
struct CELU {
  double alpha = 1.0;
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// ELU, scaled so that mean 0 and variance 1 are kept.
struct SELU {
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// x where it is positive, else negative_slope x.
struct LeakyReLU {
  double negative_slope = 0.01;
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// x where it is positive, else `weight` x: one slope, or one for each channel (dim 1).
struct PReLU {
  explicit PReLU(int64_t num_parameters = 1, double init = 0.25, OptDType dtype = {});
  Tensor operator()(const Tensor& x) const;
  /// Sets every slope to `init`.
  void reset_parameters();
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("weight", weight);
  }

  int64_t num_parameters;
  double init;
  Tensor weight;
};

/// x, kept between min_val and max_val.
struct Hardtanh {
  /// RuntimeError unless max_val > min_val.
  explicit Hardtanh(double min_val = -1.0, double max_val = 1.0, bool inplace = false);
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
  template <class F>
  void fields(F&&) {}

  double min_val, max_val;
  bool inplace;
};

/// x, kept between 0 and 6.
struct ReLU6 {
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// x where it is above `threshold`, else `value`.
struct Threshold {
  double threshold, value;
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// x sigmoid(x).
struct SiLU {
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// x tanh(softplus(x)).
struct Mish {
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// x hardsigmoid(x).
struct Hardswish {
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
};

/// (x + 3) / 6, kept between 0 and 1.
struct Hardsigmoid {
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
};

/// log(1 + exp(beta x)) / beta; x where beta x is above `threshold`.
struct Softplus {
  double beta = 1.0, threshold = 20.0;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// The logarithm of 1 / (1 + exp(-x)).
struct LogSigmoid {
  Tensor operator()(const Tensor& x) const;
};

/// x / (1 + |x|).
struct Softsign {
  Tensor operator()(const Tensor& x) const;
};

/// x - tanh(x).
struct Tanhshrink {
  Tensor operator()(const Tensor& x) const;
};

/// x outside [-lambd, lambd], 0 within.
struct Hardshrink {
  double lambd = 0.5;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// x moved towards 0 by lambd, 0 within [-lambd, lambd].
struct Softshrink {
  double lambd = 0.5;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// The first half along `dim` times the sigmoid of the second.
struct GLU {
  int64_t dim = -1;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// softmax(-x) along `dim`.
struct Softmin {
  int64_t dim;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// softmax over the channels of (N, C, H, W) or (C, H, W).
struct Softmax2d {
  Tensor operator()(const Tensor& x) const;
};

/// LeakyReLU whose slopes are drawn from [lower, upper) in training and are their mean otherwise.
struct RReLU {
  double lower = 1.0 / 8, upper = 1.0 / 3;
  bool inplace = false;
  bool training = true;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("training", training);
  }
};

namespace detail {
/// What the forms of dropout below share: ValueError unless 0 ≤ p ≤ 1.
struct DropoutBase {
  explicit DropoutBase(double p, bool inplace);
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("training", training);
  }

  double p;
  bool inplace;
  bool training = true;
};
}  // namespace detail

/// Dropout of whole channels of (N, C, L) or (C, L).
struct Dropout1d : detail::DropoutBase {
  explicit Dropout1d(double p = 0.5, bool inplace = false) : DropoutBase(p, inplace) {}
  Tensor operator()(const Tensor& x) const;
};
/// Dropout of whole channels of (N, C, H, W).
struct Dropout2d : detail::DropoutBase {
  explicit Dropout2d(double p = 0.5, bool inplace = false) : DropoutBase(p, inplace) {}
  Tensor operator()(const Tensor& x) const;
};
/// Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W).
struct Dropout3d : detail::DropoutBase {
  explicit Dropout3d(double p = 0.5, bool inplace = false) : DropoutBase(p, inplace) {}
  Tensor operator()(const Tensor& x) const;
};
/// In training sends elements to SELU's limit with probability p, keeping mean and variance.
struct AlphaDropout : detail::DropoutBase {
  explicit AlphaDropout(double p = 0.5, bool inplace = false) : DropoutBase(p, inplace) {}
  Tensor operator()(const Tensor& x) const;
};
/// AlphaDropout of whole channels.
struct FeatureAlphaDropout : detail::DropoutBase {
  explicit FeatureAlphaDropout(double p = 0.5, bool inplace = false) : DropoutBase(p, inplace) {}
  Tensor operator()(const Tensor& x) const;
};

}  // namespace gradus::nn
