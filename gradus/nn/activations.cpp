// The rarer nonlinearities and forms of dropout as layers.
#include "gradus/nn/activations.h"

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/nn/init.h"

namespace gradus::nn {
namespace {

std::string written(std::string text, bool inplace) { return inplace ? text + ", inplace=True" : text; }
std::string only_written(bool inplace) { return inplace ? "inplace=True" : ""; }

// Dropout of channels: an input without a batch dim gets one for the time being.
Tensor drop_channels(const Tensor& x, double p, bool training, bool inplace, bool batched) {
  if (batched) return inplace ? feature_dropout_(x, p, training) : feature_dropout(x, p, training);
  if (!inplace) return feature_dropout(x.unsqueeze(0), p, training).squeeze(0);
  feature_dropout_(x.unsqueeze(0), p, training);
  return x;
}

}  // namespace

Tensor ELU::operator()(const Tensor& x) const { return inplace ? elu_(x, alpha) : elu(x, alpha); }
std::string ELU::extra_repr() const { return written(str("alpha=", alpha), inplace); }

Tensor CELU::operator()(const Tensor& x) const { return inplace ? celu_(x, alpha) : celu(x, alpha); }
std::string CELU::extra_repr() const { return written(str("alpha=", alpha), inplace); }

Tensor SELU::operator()(const Tensor& x) const { return inplace ? selu_(x) : selu(x); }
std::string SELU::extra_repr() const { return only_written(inplace); }

Tensor LeakyReLU::operator()(const Tensor& x) const {
  return inplace ? leaky_relu_(x, negative_slope) : leaky_relu(x, negative_slope);
}
std::string LeakyReLU::extra_repr() const { return written(str("negative_slope=", negative_slope), inplace); }

PReLU::PReLU(int64_t count, double slope, OptDType dtype)
    : num_parameters(count), init(slope), weight(parameter(empty({count}, dtype))) {
  reset_parameters();
}
Tensor PReLU::operator()(const Tensor& x) const { return prelu(x, weight); }
void PReLU::reset_parameters() { nn::init::constant_(weight, init); }
std::string PReLU::extra_repr() const { return str("num_parameters=", num_parameters); }

Hardtanh::Hardtanh(double low, double high, bool in_place) : min_val(low), max_val(high), inplace(in_place) {
  check(max_val > min_val, "max_val (", max_val, ") must be greater than min_val (", min_val, ")");
}
Tensor Hardtanh::operator()(const Tensor& x) const {
  return inplace ? hardtanh_(x, min_val, max_val) : hardtanh(x, min_val, max_val);
}
std::string Hardtanh::extra_repr() const { return written(str("min_val=", min_val, ", max_val=", max_val), inplace); }

Tensor ReLU6::operator()(const Tensor& x) const { return inplace ? relu6_(x) : relu6(x); }
std::string ReLU6::extra_repr() const { return only_written(inplace); }

Tensor Threshold::operator()(const Tensor& x) const {
  return inplace ? threshold_(x, threshold, value) : gradus::threshold(x, threshold, value);
}
std::string Threshold::extra_repr() const { return written(str("threshold=", threshold, ", value=", value), inplace); }

Tensor SiLU::operator()(const Tensor& x) const { return inplace ? silu_(x) : silu(x); }
std::string SiLU::extra_repr() const { return only_written(inplace); }

Tensor Mish::operator()(const Tensor& x) const { return inplace ? mish_(x) : mish(x); }
std::string Mish::extra_repr() const { return only_written(inplace); }

Tensor Hardswish::operator()(const Tensor& x) const { return inplace ? hardswish_(x) : hardswish(x); }
Tensor Hardsigmoid::operator()(const Tensor& x) const { return inplace ? hardsigmoid_(x) : hardsigmoid(x); }

Tensor Softplus::operator()(const Tensor& x) const { return softplus(x, beta, threshold); }
std::string Softplus::extra_repr() const { return str("beta=", beta, ", threshold=", threshold); }

Tensor LogSigmoid::operator()(const Tensor& x) const { return log_sigmoid(x); }
Tensor Softsign::operator()(const Tensor& x) const { return x / (x.abs() + 1); }
Tensor Tanhshrink::operator()(const Tensor& x) const { return x - x.tanh(); }

Tensor Hardshrink::operator()(const Tensor& x) const { return hardshrink(x, lambd); }
std::string Hardshrink::extra_repr() const { return str(lambd); }

Tensor Softshrink::operator()(const Tensor& x) const { return softshrink(x, lambd); }
std::string Softshrink::extra_repr() const { return str(lambd); }

Tensor GLU::operator()(const Tensor& x) const { return glu(x, dim); }
std::string GLU::extra_repr() const { return str("dim=", dim); }

Tensor Softmin::operator()(const Tensor& x) const { return softmax(-x, dim); }
std::string Softmin::extra_repr() const { return str("dim=", dim); }

Tensor Softmax2d::operator()(const Tensor& x) const {
  check_as(ErrorKind::Value, x.dim() == 3 || x.dim() == 4, "Softmax2d: expected input to be 3D or 4D, got ", x.dim(),
           "D instead");
  return softmax(x, -3);
}

Tensor RReLU::operator()(const Tensor& x) const {
  return inplace ? rrelu_(x, lower, upper, training) : rrelu(x, lower, upper, training);
}
std::string RReLU::extra_repr() const { return written(str("lower=", lower, ", upper=", upper), inplace); }

detail::DropoutBase::DropoutBase(double probability, bool in_place) : p(probability), inplace(in_place) {
  check_as(ErrorKind::Value, p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
}
std::string detail::DropoutBase::extra_repr() const { return str("p=", p, ", inplace=", inplace); }

Tensor Dropout1d::operator()(const Tensor& x) const {
  check(x.dim() == 2 || x.dim() == 3, "dropout1d: Expected 2D or 3D input, but received a ", x.dim(), "D input");
  return drop_channels(x, p, training, inplace, x.dim() == 3);
}
Tensor Dropout2d::operator()(const Tensor& x) const { return drop_channels(x, p, training, inplace, true); }
Tensor Dropout3d::operator()(const Tensor& x) const { return drop_channels(x, p, training, inplace, x.dim() == 5); }
Tensor AlphaDropout::operator()(const Tensor& x) const { return alpha_dropout(x, p, training); }
Tensor FeatureAlphaDropout::operator()(const Tensor& x) const { return feature_alpha_dropout(x, p, training); }

}  // namespace gradus::nn
