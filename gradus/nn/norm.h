// Normalising layers: plain structs with PyTorch's names, initial values and text.
#pragma once
#include <optional>
#include <string>

#include "gradus/nn/module.h"

namespace gradus::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // none: running statistics are the plain average over all batches
  bool affine = true;                    // weight and bias
  bool track_running_stats = true;
  bool bias = true;
  OptDType dtype = {};
};

namespace detail {
/// What batch normalisations share: scale, shift and running statistics of channels.
struct BatchNorm {
  BatchNorm(int64_t num_features, BatchNormOptions options);
  /// Forgets the statistics; weight 1, bias 0.
  void reset_parameters();
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("weight", weight);
    f("bias", bias);
    f("running_mean", running_mean);
    f("running_var", running_var);
    f("num_batches_tracked", num_batches_tracked);
    f("training", training);
  }

  int64_t num_features;
  BatchNormOptions options;
  Tensor weight, bias, running_mean, running_var, num_batches_tracked;
  bool training = true;

 protected:
  Tensor normalised(const Tensor& x) const;
};
}  // namespace detail

/// Normalises the channels of (N, C) or (N, C, L) by the batch; in evaluation by the running statistics, which follow
/// the batches of training. ValueError for other shapes, and in training for a single value per channel.
struct BatchNorm1d : detail::BatchNorm {
  explicit BatchNorm1d(int64_t num_features, BatchNormOptions options = {});
  Tensor operator()(const Tensor& x) const;
};
/// The same for (N, C, H, W).
struct BatchNorm2d : detail::BatchNorm {
  explicit BatchNorm2d(int64_t num_features, BatchNormOptions options = {});
  Tensor operator()(const Tensor& x) const;
};
/// The same for (N, C, D, H, W).
struct BatchNorm3d : detail::BatchNorm {
  explicit BatchNorm3d(int64_t num_features, BatchNormOptions options = {});
  Tensor operator()(const Tensor& x) const;
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  // weight and bias
  bool bias = true;
  OptDType dtype = {};
};

/// Normalises over the last dims, whose sizes are `normalized_shape`, then scales and shifts each element.
struct LayerNorm {
  explicit LayerNorm(IntList normalized_shape, LayerNormOptions options = {});
  Tensor operator()(const Tensor& x) const;
  /// Weight 1, bias 0.
  void reset_parameters();
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("weight", weight);
    f("bias", bias);
  }

  Dims normalized_shape;
  LayerNormOptions options;
  Tensor weight, bias;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;  // weight and bias
  bool bias = true;
  OptDType dtype = {};
};

/// Normalises groups of the channels of each sample of (N, C, …), then scales and shifts channels.
struct GroupNorm {
  /// ValueError unless the number of groups divides the number of channels.
  GroupNorm(int64_t num_groups, int64_t num_channels, GroupNormOptions options = {});
  Tensor operator()(const Tensor& x) const;
  /// Weight 1, bias 0.
  void reset_parameters();
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("weight", weight);
    f("bias", bias);
  }

  int64_t num_groups, num_channels;
  GroupNormOptions options;
  Tensor weight, bias;
};

struct RMSNormOptions {
  std::optional<double> eps = {};  // none: the dtype's epsilon
  bool elementwise_affine = true;  // weight
  OptDType dtype = {};
};

/// Divides the last dims, whose sizes are `normalized_shape`, by their root mean square, then scales each element.
struct RMSNorm {
  explicit RMSNorm(IntList normalized_shape, RMSNormOptions options = {});
  Tensor operator()(const Tensor& x) const;
  /// Weight 1.
  void reset_parameters();
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("weight", weight);
  }

  Dims normalized_shape;
  RMSNormOptions options;
  Tensor weight;
};

}  // namespace gradus::nn
