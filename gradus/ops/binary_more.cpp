// Checks of operators of two tensors, neighbours by format, powers in float64.
#include "gradus/ops/binary_more.h"

#include <cmath>

#include "gradus/ops/funnel.h"

namespace gradus {
namespace detail {

void check_same_dtype(const Operand* operands, DType) {
  check(operands[0].tensor->dtype() == operands[1].tensor->dtype(),
        "heaviside is not yet implemented for tensors with different dtypes.");
}

}  // namespace detail

namespace {

struct Format {
  Scalar step, smallest_normal, unit, largest;
};
// Of the dtype that two operands promote to; they are refused later if that is no float.
Format format_of(const Tensor& a, const Tensor& b) {
  DType t = promote(a.dtype(), b.dtype());
  if (a.dim() && !b.dim() && is_floating(a.dtype())) t = a.dtype();
  if (b.dim() && !a.dim() && is_floating(b.dtype())) t = b.dtype();
  switch (t) {
    case DType::Float16: return {Scalar(0x1p13), Scalar(0x1p-14), Scalar(0x1p-24), Scalar(65504.0)};
    case DType::BFloat16: return {Scalar(0x1p16), Scalar(0x1p-126), Scalar(0x1p-133), Scalar(0x1.FEp127)};
    case DType::Float64: return {Scalar(1.0), Scalar(0x1p-1022), Scalar(0x1p-1074), Scalar(0x1.fffffffffffffp1023)};
    default: return {Scalar(1.0), Scalar(0x1p-126), Scalar(0x1p-149), Scalar(0x1.fffffep127)};
  }
}

void check_power_base(const Tensor& self) {
  check(self.dtype() == DType::Float64, "the base given to float_power_ has dtype ", scalar_type_name(self.dtype()),
        " but the operation's result requires dtype Double");
}
Tensor wide(const Tensor& t) { return t.to(DType::Float64); }
Scalar wide(const Scalar& s) { return Scalar(s.to_double()); }

}  // namespace

Tensor XlogyScalar::d0(const Tensor& g, const In<0>& a, const Attr<Scalar, 1>& b) {
  const Tensor grad = xlogy(g, *b);
  return b->to_double() > 0 ? grad : grad.masked_fill(a == 0, 0);
}

Tensor nextafter(const Tensor& self, const Tensor& other) {
  const Format f = format_of(self, other);
  return pointwise<NextafterFormat>(self, other, f.step, f.smallest_normal, f.unit, f.largest);
}
const Tensor& nextafter_(const Tensor& self, const Tensor& other) {
  const Format f = format_of(self, other);
  return pointwise_inplace<NextafterFormat>(self, other, f.step, f.smallest_normal, f.unit, f.largest);
}

Tensor float_power(const Tensor& self, const Tensor& exponent) { return pow(wide(self), wide(exponent)); }
Tensor float_power(const Tensor& self, Scalar exponent) { return pow(wide(self), wide(exponent)); }
Tensor float_power(Scalar self, const Tensor& exponent) { return pow(wide(self), wide(exponent)); }
const Tensor& float_power_(const Tensor& self, const Tensor& exponent) {
  check_power_base(self);
  return pow_(self, wide(exponent));
}
const Tensor& float_power_(const Tensor& self, Scalar exponent) {
  check_power_base(self);
  return pow_(self, wide(exponent));
}

}  // namespace gradus
