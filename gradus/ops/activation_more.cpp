// Activations made of others, second derivatives, randomised slopes.
#include "gradus/ops/activation_more.h"

#include <cstdio>

#include "gradus/kernels/random.h"
#include "gradus/ops/random_draw.h"

namespace gradus {
namespace {

constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScale = 1.0507009873554804934193349852946;

Scalar inverse_alpha(const Scalar& alpha) {
  check(alpha.to_double() != 0, "ZeroDivisionError: alpha cannot be 0 for CELU");
  return Scalar(1.0 / alpha.to_double());
}

Tensor weight_per_channel(const Tensor& self, const Tensor& weight) {
  check(self.defined() && weight.defined(), "prelu: expected two tensors");
  check(self.dtype() == weight.dtype(), "prelu: Type promoting not supported. Got ", scalar_type_name(self.dtype()),
        " and ", scalar_type_name(weight.dtype()));
  const int64_t ndim = self.dim(), n = weight.numel();
  if (n != 1) {
    check(ndim > 0, "Not allow zero-dim input tensor.");
    const int64_t channels = ndim < 2 ? 1 : self.size(1);
    check(channels == n, "Mismatch of parameter numbers and input channel size. Found parameter numbers = ", n,
          " and channel size = ", channels, ".");
  }
  check(weight.dim() <= 1, "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = ", weight.dim());
  if (weight.dim() == ndim) return weight;
  Dims sizes;
  for (int64_t d = 0; d < ndim; ++d) sizes.push_back(d == 1 ? n : 1);
  return weight.reshape(sizes);
}

void check_slopes(const Tensor& self, const Tensor& noise, const Scalar& lower, const Scalar& upper, bool training) {
  check(lower.to_double() <= upper.to_double(), "Lower bound should be less than or equal to the upper bound");
  check(self.sizes() == noise.sizes(),
        "noise tensor shape must match self tensor shape. Got self.shape = ", self.sizes(),
        " noise.shape = ", noise.sizes());
  if (training && !is_floating(self.dtype())) raise_unsupported("rrelu_with_noise_out_cpu", self.dtype());
}

void fill_slopes(const Tensor& self, const Tensor& noise, const Scalar& lower, const Scalar& upper,
                 Generator* generator) {
  const NoGrad guard;
  const Tensor x = self.contiguous();
  const Tensor slopes = noise.is_contiguous() ? noise : empty_like(x);
  x.settled_data();  // the number of draws depends on the values
  draw(slopes, generator, [&](Generator& gen, const Array& out) {
    random_slopes(gen, x.impl()->view->array(), out, lower.to_double(), upper.to_double());
  });
  if (!slopes.is_same(noise)) noise.copy_(slopes);
  else bump_version(noise.impl());
}
Scalar mean_of(const Scalar& lower, const Scalar& upper) { return Scalar((lower.to_double() + upper.to_double()) / 2); }

}  // namespace

Tensor EluBackward::d1(const Tensor& g, const In<0>& grad, const In<1>& x, const Attr<Scalar, 2>& alpha,
                       const Attr<Scalar, 3>& scale, const Attr<Scalar, 4>& input_scale) {
  const double s = input_scale->to_double(), factor = s * s * alpha->to_double() * scale->to_double();
  return where(x <= 0, g * grad * ((x * s).exp() * factor), 0);
}
const Tensor& elu_(const Tensor& self, Scalar alpha, Scalar scale, Scalar input_scale) {
  return pointwise_inplace<Elu>(self, alpha, scale, input_scale);
}
Tensor celu(const Tensor& self, Scalar alpha) { return pointwise<Celu>(self, alpha, inverse_alpha(alpha)); }
const Tensor& celu_(const Tensor& self, Scalar alpha) {
  return pointwise_inplace<Celu>(self, alpha, inverse_alpha(alpha));
}
Tensor selu(const Tensor& self) { return elu(self, kSeluAlpha, kSeluScale, 1); }
const Tensor& selu_(const Tensor& self) { return elu_(self, kSeluAlpha, kSeluScale, 1); }

Tensor Glu::forward(const Tensor& self, int64_t dim) {
  check(self.dim() > 0, "glu does not support scalars because halving size must be even");
  const int64_t d = wrap_dim(dim, self.dim()), n = self.size(d);
  check(n % 2 == 0, "Halving dimension must be even, but dimension ", d, " is size ", n);
  refuse_integers("glu_cpu", self.dtype());
  return self.narrow(d, 0, n / 2) * self.narrow(d, n / 2, n / 2).sigmoid();
}
void Glu::check_out(const Tensor& out, DType result) { check_castable(result, out.dtype()); }
Tensor Glu::d0(const Tensor& g, const In<0>& x, const Attr<int64_t, 1>& dim) {
  const int64_t d = wrap_dim(*dim, x.dim()), half = x.size(d) / 2;
  const Tensor s = x.narrow(d, half, half).sigmoid();
  const Tensor first = g * s;
  return cat({first, first * (1 - s) * x.narrow(d, 0, half)}, d);
}

void Softshrink::inspect(const Operand* operands, DType common) {
  refuse_integers("softshrink_check", common);
  const double lambd = operands[1].scalar.to_double();
  const double largest = common == DType::Float16    ? 65504
                         : common == DType::BFloat16 ? 0x1.FEp127
                         : common == DType::Float32  ? 0x1.fffffep127
                                                     : 0x1.fffffffffffffp1023;
  if (lambd >= 0 && lambd <= largest) return;
  char range[64], found[32];
  std::snprintf(range, sizeof range, "[0, %g]", largest);
  std::snprintf(found, sizeof found, "%g", lambd);
  raise(ErrorKind::Runtime, str("lambda must be in range ", static_cast<const char*>(range), " for input dtype ",
                                scalar_type_name(common), ", but found ", static_cast<const char*>(found)));
}

const Tensor& hardsigmoid_(const Tensor& self) { return pointwise_inplace<Hardsigmoid>(self); }
const Tensor& hardswish_(const Tensor& self) { return pointwise_inplace<Hardswish>(self); }
const Tensor& mish_(const Tensor& self) { return pointwise_inplace<Mish>(self); }

// With t = tanh(softplus(x)), s = sigmoid(x), w = 1 - t^2: mish'' = s w (2 + x (1 - s - 2 t s)).
Tensor MishBackward::d1(const Tensor& g, const In<0>& grad, const In<1>& x) {
  const Tensor s = x.sigmoid(), t = softplus(x).tanh();
  return g * grad * (s * (1 - t * t) * (x * (1 - s - t * s * 2) + 2));
}

Tensor prelu(const Tensor& self, const Tensor& weight) { return _prelu_kernel(self, weight_per_channel(self, weight)); }

Tensor rrelu_with_noise(const Tensor& self, const Tensor& noise, Scalar lower, Scalar upper, bool training,
                        Generator* generator) {
  check_slopes(self, noise, lower, upper, training);
  if (!training) return pointwise<RreluMean>(self, mean_of(lower, upper));
  const Rewind rewind(self, generator);
  fill_slopes(self, noise, lower, upper, generator);
  return pointwise<RreluNoise>(self, noise);
}
const Tensor& rrelu_with_noise_(const Tensor& self, const Tensor& noise, Scalar lower, Scalar upper, bool training,
                                Generator* generator) {
  check_slopes(self, noise, lower, upper, training);
  if (!training) return pointwise_inplace<RreluMean>(self, mean_of(lower, upper));
  check_inplace(self.impl(), is_grad_enabled() && self.requires_grad());
  const Rewind rewind(self, generator);
  fill_slopes(self, noise, lower, upper, generator);
  return pointwise_inplace<RreluNoise>(self, noise);
}
Tensor rrelu(const Tensor& self, Scalar lower, Scalar upper, bool training, Generator* generator) {
  check(lower.to_double() <= upper.to_double(), "Lower bound should be less than or equal to the upper bound");
  return rrelu_with_noise(self, empty_like(self), lower, upper, training, generator);
}
const Tensor& rrelu_(const Tensor& self, Scalar lower, Scalar upper, bool training, Generator* generator) {
  check(lower.to_double() <= upper.to_double(), "Lower bound should be less than or equal to the upper bound");
  return rrelu_with_noise_(self, empty_like(self), lower, upper, training, generator);
}

}  // namespace gradus
