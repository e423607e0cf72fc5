// Dropout of channels and to selu's limit, with PyTorch's draws.
#include "gradus/ops/dropout.h"

#include <cmath>

#include "gradus/kernels/random.h"
#include "gradus/ops/random_draw.h"

namespace gradus {
namespace {

// The limit of selu far below zero, negated.
constexpr double kAlpha = 1.7580993408473766;

enum class Result : uint8_t { Fresh, InPlace };

struct Kept {
  Tensor factor, offset;  // offset is undefined for plain dropout
};

Tensor noise_for(const Tensor& input, bool feature) {
  if (!feature) return empty_like(input);
  check(input.dim() >= 2, "Feature dropout requires at least 2 dimensions in the input");
  Dims sizes{input.size(0), input.size(1)};
  for (int64_t d = 2; d < input.dim(); ++d) sizes.push_back(1);
  return empty(sizes, input.dtype());
}

Kept draw_kept(const Tensor& input, double p, bool feature, bool alpha) {
  const NoGrad guard;
  Kept k{noise_for(input, feature), {}};
  if (!alpha) {
    draw_scaled_mask(k.factor, 1 - p);
    return k;
  }
  k.factor.bernoulli_(1 - p);
  const double a = 1 / std::sqrt((kAlpha * kAlpha * p + 1) * (1 - p));
  k.offset = k.factor.add(-1).mul_(kAlpha * a).add_(kAlpha * a * p);
  k.factor.mul_(a);
  return k;
}

Tensor multiply_by(const Tensor& input, const Tensor& factor, Result result) {
  return result == Result::InPlace ? input.mul_(factor) : input * factor;
}

Tensor drop_out(const Tensor& input, double p, bool train, bool feature, bool alpha, Result result) {
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (p == 0 || !train || input.numel() == 0) return input;
  if (p == 1) return multiply_by(input, zeros({}, input.dtype()), result);
  const Rewind rewind(input);
  const Kept k = draw_kept(input, p, feature, alpha);
  const Tensor scaled = multiply_by(input, k.factor, result);
  return k.offset.defined() ? Tensor(scaled.add_(k.offset)) : scaled;
}

}  // namespace

void draw_scaled_mask(const Tensor& noise, double kept) {
  if (is_floating(noise.dtype()))
    return draw(noise, nullptr, [kept](Generator& gen, const Array& out) { random_scaled_mask(gen, out, kept); });
  const NoGrad guard;  // integers draw, and then cannot be divided
  noise.bernoulli_(kept);
  noise.div_(kept);
}

Tensor feature_dropout(const Tensor& input, double p, bool train) {
  return drop_out(input, p, train, true, false, Result::Fresh);
}
const Tensor& feature_dropout_(const Tensor& self, double p, bool train) {
  drop_out(self, p, train, true, false, Result::InPlace);
  return self;
}
Tensor alpha_dropout(const Tensor& input, double p, bool train) {
  return drop_out(input, p, train, false, true, Result::Fresh);
}
const Tensor& alpha_dropout_(const Tensor& self, double p, bool train) {
  drop_out(self, p, train, false, true, Result::InPlace);
  return self;
}
Tensor feature_alpha_dropout(const Tensor& input, double p, bool train) {
  return drop_out(input, p, train, true, true, Result::Fresh);
}
const Tensor& feature_alpha_dropout_(const Tensor& self, double p, bool train) {
  drop_out(self, p, train, true, true, Result::InPlace);
  return self;
}

std::tuple<Tensor, Tensor> NativeDropout::forward(const Tensor& input, double p, std::optional<bool> train) {
  if (input.numel() == 0) return {input.clone(), empty_like(input, DType::Bool)};
  if (train && !*train) return {input.clone(), ones(input.sizes(), DType::Bool)};
  const double kept = 1 - p;
  const Rewind rewind(input);
  const Tensor mask = empty(input.sizes(), DType::Bool);
  mask.bernoulli_(kept);
  return {input.mul(mask).mul_(kept == 0 ? 0.0 : 1 / kept), mask};
}
Tensor NativeDropout::d0(const Tensor& g, const Out<1>& mask, const Attr<double, 1>& p,
                         const Attr<std::optional<bool>, 2>& train) {
  const bool training = train->has_value() && **train;
  return native_dropout_backward(g, mask, !training ? 1.0 : *p == 1 ? 0.0 : 1 / (1 - *p));
}
Tensor native_dropout_backward(const Tensor& grad_output, const Tensor& mask, double scale) {
  return grad_output * mask * scale;
}

}  // namespace gradus
