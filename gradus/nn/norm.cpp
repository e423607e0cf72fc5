// Normalising layers: initial values, values, text.
#include "gradus/nn/norm.h"

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/nn/init.h"

namespace gradus::nn {
namespace {

void start(const Tensor& weight, const Tensor& bias) {
  if (weight.defined()) init::ones_(weight);
  if (bias.defined()) init::zeros_(bias);
}

// A shape as Python prints a tuple: "(3,)", "(2, 3)".
std::string tuple_text(const Dims& shape) {
  std::string text = "(";
  for (int64_t i = 0; i < shape.size(); ++i) text += str(i ? ", " : "", shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

std::string optional_text(const std::optional<double>& value) { return value ? str(*value) : "None"; }

void check_spread(const Tensor& x) {
  int64_t values = x.size(0);
  for (int64_t d = 2; d < x.dim(); ++d) values *= x.size(d);
  check_as(ErrorKind::Value, values != 1,
           "Expected more than 1 value per channel when training, got input size torch.Size(", x.sizes(), ")");
}

}  // namespace

// ---- batch normalisation

detail::BatchNorm::BatchNorm(int64_t features, BatchNormOptions o) : num_features(features), options(o) {
  if (o.affine) weight = parameter(empty(IntList(features), o.dtype));
  if (o.affine && o.bias) bias = parameter(empty(IntList(features), o.dtype));
  if (o.track_running_stats) {
    running_mean = zeros(IntList(features), o.dtype);
    running_var = ones(IntList(features), o.dtype);
    num_batches_tracked = zeros({}, DType::Int64);
  }
  reset_parameters();
}
void detail::BatchNorm::reset_parameters() {
  if (options.track_running_stats) {
    const NoGrad guard;
    running_mean.zero_();
    running_var.fill_(1);
    num_batches_tracked.zero_();
  }
  start(weight, bias);
}
Tensor detail::BatchNorm::normalised(const Tensor& x) const {
  const bool by_batch = training || !running_mean.defined();
  if (by_batch) check_spread(x);
  check_as(ErrorKind::Value, options.eps > 0 || (!by_batch && options.eps == 0), "batch_norm eps must be ",
           by_batch ? "positive during training" : "non-negative", ", but got ", options.eps);
  double factor = options.momentum.value_or(0);
  if (training && num_batches_tracked.defined()) {
    const NoGrad guard;
    num_batches_tracked.add_(1);
    if (!options.momentum) factor = 1 / num_batches_tracked.item<double>();
  }
  return batch_norm(x, weight, bias, running_mean, running_var, by_batch, factor, options.eps, false);
}
std::string detail::BatchNorm::extra_repr() const {
  return str(num_features, ", eps=", options.eps, ", momentum=", optional_text(options.momentum),
             ", affine=", options.affine, ", bias=", bias.defined(),
             ", track_running_stats=", options.track_running_stats);
}

BatchNorm1d::BatchNorm1d(int64_t features, BatchNormOptions o) : BatchNorm(features, o) {}
Tensor BatchNorm1d::operator()(const Tensor& x) const {
  check_as(ErrorKind::Value, x.dim() == 2 || x.dim() == 3, "expected 2D or 3D input (got ", x.dim(), "D input)");
  return normalised(x);
}
BatchNorm2d::BatchNorm2d(int64_t features, BatchNormOptions o) : BatchNorm(features, o) {}
Tensor BatchNorm2d::operator()(const Tensor& x) const {
  check_as(ErrorKind::Value, x.dim() == 4, "expected 4D input (got ", x.dim(), "D input)");
  return normalised(x);
}
BatchNorm3d::BatchNorm3d(int64_t features, BatchNormOptions o) : BatchNorm(features, o) {}
Tensor BatchNorm3d::operator()(const Tensor& x) const {
  check_as(ErrorKind::Value, x.dim() == 5, "expected 5D input (got ", x.dim(), "D input)");
  return normalised(x);
}

// ---- layer, group and RMS normalisation

LayerNorm::LayerNorm(IntList shape, LayerNormOptions o) : normalized_shape(shape), options(o) {
  if (o.elementwise_affine) weight = parameter(empty(shape, o.dtype));
  if (o.elementwise_affine && o.bias) bias = parameter(empty(shape, o.dtype));
  reset_parameters();
}
void LayerNorm::reset_parameters() { start(weight, bias); }
Tensor LayerNorm::operator()(const Tensor& x) const {
  return layer_norm(x, normalized_shape, weight, bias, options.eps);
}
std::string LayerNorm::extra_repr() const {
  return str(tuple_text(normalized_shape), ", eps=", options.eps, ", elementwise_affine=", options.elementwise_affine,
             ", bias=", bias.defined());
}

GroupNorm::GroupNorm(int64_t groups, int64_t channels, GroupNormOptions o)
    : num_groups(groups), num_channels(channels), options(o) {
  check_as(ErrorKind::Value, groups > 0 && channels % groups == 0, "num_channels (", channels,
           ") must be divisible by num_groups (", groups, ")");
  if (o.affine) weight = parameter(empty(IntList(channels), o.dtype));
  if (o.affine && o.bias) bias = parameter(empty(IntList(channels), o.dtype));
  reset_parameters();
}
void GroupNorm::reset_parameters() { start(weight, bias); }
Tensor GroupNorm::operator()(const Tensor& x) const { return group_norm(x, num_groups, weight, bias, options.eps); }
std::string GroupNorm::extra_repr() const {
  return str(num_groups, ", ", num_channels, ", eps=", options.eps, ", affine=", options.affine,
             ", bias=", bias.defined());
}

RMSNorm::RMSNorm(IntList shape, RMSNormOptions o) : normalized_shape(shape), options(o) {
  if (o.elementwise_affine) weight = parameter(empty(shape, o.dtype));
  reset_parameters();
}
void RMSNorm::reset_parameters() { start(weight, {}); }
Tensor RMSNorm::operator()(const Tensor& x) const { return rms_norm(x, normalized_shape, weight, options.eps); }
std::string RMSNorm::extra_repr() const {
  return str(tuple_text(normalized_shape), ", eps=", optional_text(options.eps),
             ", elementwise_affine=", options.elementwise_affine);
}

}  // namespace gradus::nn
