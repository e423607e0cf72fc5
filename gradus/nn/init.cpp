// Ways to fill parameters in place.
#include "gradus/nn/init.h"

#include <algorithm>
#include <cmath>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"

namespace gradus::nn::init {

namespace {

double std_of(const Tensor& t, double a, Fan mode, std::string_view nonlinearity) {
  const Fans f = fans(t);
  return calculate_gain(nonlinearity, a) / std::sqrt(static_cast<double>(mode == Fan::In ? f.in : f.out));
}
double xavier_std(const Tensor& t, double gain) {
  const Fans f = fans(t);
  return gain * std::sqrt(2.0 / static_cast<double>(f.in + f.out));
}
double normal_cdf(double x) { return (1.0 + std::erf(x / std::sqrt(2.0))) / 2.0; }

}  // namespace

Fans fans(const Tensor& t) {
  check_as(ErrorKind::Value, t.dim() >= 2,
           "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
  int64_t field = 1;
  for (int64_t d = 2; d < t.dim(); ++d) field *= t.size(d);
  return {t.size(1) * field, t.size(0) * field};
}

double calculate_gain(std::string_view nonlinearity, double param) {
  for (std::string_view plain :
       {"linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"})
    if (nonlinearity == plain) return 1;
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "selu") return 3.0 / 4;
  check_as(ErrorKind::Value, nonlinearity == "leaky_relu", "Unsupported nonlinearity ", nonlinearity);
  return std::sqrt(2.0 / (1 + param * param));
}

const Tensor& uniform_(const Tensor& t, double a, double b, Generator* generator) {
  const NoGrad guard;
  t.uniform_(a, b, generator);
  return t;
}
const Tensor& normal_(const Tensor& t, double mean, double std, Generator* generator) {
  const NoGrad guard;
  t.normal_(mean, std, generator);
  return t;
}
const Tensor& constant_(const Tensor& t, double value) {
  const NoGrad guard;
  t.fill_(value);
  return t;
}
const Tensor& ones_(const Tensor& t) { return constant_(t, 1); }
const Tensor& zeros_(const Tensor& t) { return constant_(t, 0); }
const Tensor& eye_(const Tensor& t) {
  check_as(ErrorKind::Value, t.dim() == 2, "Only tensors with 2 dimensions are supported");
  const NoGrad guard;
  t.copy_(eye(t.size(0), t.size(1), t.dtype()));
  return t;
}

const Tensor& xavier_uniform_(const Tensor& t, double gain, Generator* generator) {
  const double bound = std::sqrt(3.0) * xavier_std(t, gain);
  return init::uniform_(t, -bound, bound, generator);
}
const Tensor& xavier_normal_(const Tensor& t, double gain, Generator* generator) {
  return init::normal_(t, 0, xavier_std(t, gain), generator);
}
const Tensor& kaiming_uniform_(const Tensor& t, double a, Fan mode, std::string_view nonlinearity,
                               Generator* generator) {
  if (t.numel() == 0) return t;
  const double bound = std::sqrt(3.0) * std_of(t, a, mode, nonlinearity);
  return init::uniform_(t, -bound, bound, generator);
}
const Tensor& kaiming_normal_(const Tensor& t, double a, Fan mode, std::string_view nonlinearity,
                              Generator* generator) {
  if (t.numel() == 0) return t;
  return init::normal_(t, 0, std_of(t, a, mode, nonlinearity), generator);
}

namespace {

/// Every round draws a full tensor and uses it where the value so far is out of bounds.
void redraw_outside(const Tensor& t, double mean, double std, double a, double b, Generator* generator) {
  const Scalar low = full({}, a, t.dtype()).item(), high = full({}, b, t.dtype()).item();  // as the dtype holds them
  t.normal_(mean, std, generator);
  for (;;) {
    const Tensor outside = logical_or(t<low, t> high);
    if (!outside.any().item<bool>()) return;
    t.copy_(where(outside, empty_like(t).normal_(mean, std, generator), t));
  }
}

/// Rejection sampling: every round draws full candidates, then full acceptance levels.
void accept_uniform(const Tensor& t, double mean, double std, double a, double b, Generator* generator) {
  const double peak = (std::max(a, std::min(mean, b)) - mean) / std;
  const double log_peak = -0.5 * (peak * peak);
  const Tensor levels = empty_like(t);
  const auto rejected = [&](const Tensor& values) {
    values.sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(log_peak);
    levels.uniform_(0, 1, generator).log_();
    return levels > values;
  };
  t.uniform_(a, b, generator);
  for (Tensor mask = rejected(t.clone()); mask.any().item<bool>();) {
    const Tensor fresh = empty_like(t).uniform_(a, b, generator);
    t.copy_(where(mask, fresh, t));
    mask = logical_and(mask, rejected(fresh.clone()));
  }
}

}  // namespace

const Tensor& trunc_normal_(const Tensor& t, double mean, double std, double a, double b, Generator* generator) {
  const NoGrad guard;
  const double inside = normal_cdf((b - mean) / std) - normal_cdf((a - mean) / std);
  (inside > 0.3 ? redraw_outside : accept_uniform)(t, mean, std, a, b, generator);
  return t;
}

const Tensor& orthogonal_(const Tensor& t, double gain, Generator* generator) {
  check_as(ErrorKind::Value, t.dim() >= 2, "Only tensors with 2 or more dimensions are supported");
  if (t.numel() == 0) return t;
  const NoGrad guard;
  const int64_t rows = t.size(0), columns = t.numel() / rows;
  const Tensor drawn = empty({rows, columns}, t.dtype()).normal_(0, 1, generator);
  const Tensor wide = _gradus_orthonormal_rows(rows >= columns ? drawn.t() : drawn);
  t.copy_((rows >= columns ? wide.t() : wide).reshape(t.sizes()));
  t.mul_(gain);
  return t;
}

const Tensor& sparse_(const Tensor& t, double sparsity, double std, Generator* generator) {
  check_as(ErrorKind::Value, t.dim() == 2, "Only tensors with 2 dimensions are supported");
  const NoGrad guard;
  const auto zeros = static_cast<int64_t>(std::ceil(sparsity * static_cast<double>(t.size(0))));
  t.normal_(0, std, generator);
  for (int64_t column = 0; column < t.size(1); ++column)
    t.select(1, column).scatter_(0, randperm(t.size(0)).narrow(0, 0, zeros), 0);
  return t;
}

const Tensor& dirac_(const Tensor& t, int64_t groups) {
  check_as(ErrorKind::Value, t.dim() >= 3 && t.dim() <= 5, "Only tensors with 3, 4, or 5 dimensions are supported");
  check_as(ErrorKind::Value, t.size(0) % groups == 0, "dim 0 must be divisible by groups");
  const NoGrad guard;
  t.zero_();
  const int64_t per_group = t.size(0) / groups;
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t c = 0; c < std::min(per_group, t.size(1)); ++c) {
      Tensor at = t.select(0, g * per_group + c).select(0, c);
      while (at.dim() > 0) at = at.select(0, at.size(0) / 2);
      at.fill_(1);
    }
  return t;
}

}  // namespace gradus::nn::init
