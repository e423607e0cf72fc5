// Special functions made of others, and the gradients that need care at 0.
#include "gradus/ops/special.h"

#include <cmath>
#include <limits>

#include "gradus/ops/funnel.h"

namespace gradus {
namespace {

Scalar order(int64_t n) {
  check(n >= 0, "polygamma(n, x) does not support negative n.");
  return Scalar(static_cast<long>(n));
}

// Where x is too near to 0 for a division; there the derivatives of I_1 are 1/2.
Tensor not_zero(const Tensor& x) {
  const double eps = x.dtype() == DType::Float64 ? std::numeric_limits<double>::epsilon() : 0x1p-23;
  return x.abs() > eps;
}

// The arguments of the gamma functions whose product makes the multivariate one, in a last dim.
Tensor shifted(const Tensor& x, int64_t p) {
  const DType t = is_floating(x.dtype()) ? x.dtype() : default_dtype();
  return arange(-static_cast<double>(p) / 2 + 0.5, 0.5, 0.5, t) + x.unsqueeze(-1);
}

}  // namespace

Tensor polygamma(int64_t n, const Tensor& self) { return pointwise<PolygammaOrder>(self, order(n)); }
const Tensor& polygamma_(const Tensor& self, int64_t n) { return pointwise_inplace<PolygammaOrder>(self, order(n)); }

Tensor Mvlgamma::forward(const Tensor& self, int64_t p) {
  check(self.dtype() != DType::Bool, "The input tensor may not be a boolean tensor.");
  check(p >= 1, "p has to be greater than or equal to 1");
  const auto count = static_cast<double>(p);
  return shifted(self, p).lgamma().sum(-1).add_(count * (count - 1) * 0.28618247146235004);  // log(pi) / 4
}
Tensor Mvlgamma::d0(const Tensor& g, const In<0>& x, const Attr<int64_t, 1>& p) {
  return g * shifted(x, *p).digamma().sum(-1);
}

void Ndtr::check_out(const Tensor& out, DType result) { check_castable(result, out.dtype()); }
Tensor special_ndtr(const Tensor& self) { return erfc(self * -0.7071067811865476) * 0.5; }

Tensor I1::d0(const Tensor& g, const In<0>& x, const Out<0>& y) {
  const Tensor apart = not_zero(x);
  return g * where(apart, i0(x) - y / where(apart, x, 1.0), 0.5);
}
Tensor I1e::d0(const Tensor& g, const In<0>& x, const Out<0>& y) {
  const Tensor apart = not_zero(x);
  return g * where(apart, special_i0e(x) - y * (x.sgn() + where(apart, x, 1.0).reciprocal()), 0.5);
}

Tensor Xlog1pyScalar::d0(const Tensor& g, const In<0>& a, const Attr<Scalar, 1>& b) {
  const Tensor grad = special_xlog1py(g, *b);
  return b->to_double() > -1 ? grad : grad.masked_fill(a == 0, 0);
}

}  // namespace gradus
