// Powers: what they refuse, and their gradients.
#include "gradus/ops/elementary.h"

#include <cmath>

#include "gradus/ops/funnel.h"

namespace gradus {

Tensor Pow::d0(const Tensor& g, const In<0>& a, const In<1>& b) { return where(b == 0, 0, g * (b * a.pow(b - 1))); }
// y * log(a), but 0 where a is 0 and the power defined there.
Tensor Pow::d1(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y) {
  return g * where((a == 0).logical_and(b >= 0), 0, y * a.log());
}

void PowScalar::inspect(const Operand* operands, DType common) {
  const Scalar& exponent = operands[1].scalar;
  check(is_floating(common) || exponent.to_int() >= 0, "Integers to negative integer powers are not allowed.");
  check_fits(exponent, common);
}
Tensor PowScalar::d0(const Tensor& g, const In<0>& a, const Attr<Scalar, 1>& b) {
  if (b->equals(0)) return zeros_like(g);
  if (b->equals(2)) return g * (a * 2);
  const Scalar less = b->is_float() ? Scalar(b->to_double() - 1) : Scalar(static_cast<long>(b->to_int() - 1));
  return g * (a.pow(less) * *b);
}

void PowOfScalar::inspect(const Operand*, DType common) { refuse_bool("pow", common); }
Tensor PowOfScalar::d1(const Tensor& g, const Attr<Scalar, 0>& a, const In<1>& b, const Out<0>& y) {
  if (a->equals(0)) return g * where(b >= 0, 0, y * -INFINITY);
  return g * (y * std::log(a->to_double()));
}

Tensor round(const Tensor& self, int64_t decimals) {
  const Scalar scale(std::pow(10.0, std::abs(static_cast<double>(decimals))));
  return decimals < 0 ? pointwise<RoundOver>(self, scale) : pointwise<RoundTimes>(self, scale);
}
const Tensor& round_(const Tensor& self, int64_t decimals) {
  const Scalar scale(std::pow(10.0, std::abs(static_cast<double>(decimals))));
  return decimals < 0 ? pointwise_inplace<RoundOver>(self, scale) : pointwise_inplace<RoundTimes>(self, scale);
}

Tensor square(const Tensor& self) { return pow(self.dtype() == DType::Bool ? self.to(DType::Int64) : self, 2); }
const Tensor& square_(const Tensor& self) { return pow_(self, 2); }

}  // namespace gradus
