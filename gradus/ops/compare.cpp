// Comparisons by other names, and those whose result is one bool.
#include "gradus/ops/compare.h"

#include "gradus/ops/funnel.h"

namespace gradus {

Tensor isfinite(const Tensor& self) {
  return is_floating(self.dtype()) ? pointwise<IsfiniteFloat>(self) : ones_like(self, DType::Bool);
}

Tensor isclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  check(self.dtype() == other.dtype(), self.dtype(), " did not match ", other.dtype());
  check(rtol >= 0, "rtol must be greater than or equal to zero, but got ", rtol);
  check(atol >= 0, "atol must be greater than or equal to zero, but got ", atol);
  if (is_floating(self.dtype()))
    return pointwise<IscloseFloat>(self, other, Scalar(rtol), Scalar(atol), Scalar(equal_nan));
  const Tensor equal = self.eq(other);
  if (rtol == 0 && atol == 0) return equal;
  const Tensor a = self.to(default_dtype()), b = other.to(default_dtype());
  return equal.logical_or(pointwise<IscloseFloat>(a, b, Scalar(rtol), Scalar(atol), Scalar(equal_nan)));
}
bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  return !has_zero(isclose(self, other, rtol, atol, equal_nan));
}
bool equal(const Tensor& self, const Tensor& other) {
  return self.sizes() == other.sizes() && !has_zero(self.eq(other));
}

Tensor not_equal(const Tensor& self, const Tensor& other) { return ne(self, other); }
Tensor not_equal(const Tensor& self, Scalar other) { return ne(self, other); }
const Tensor& not_equal_(const Tensor& self, const Tensor& other) { return ne_(self, other); }
const Tensor& not_equal_(const Tensor& self, Scalar other) { return ne_(self, other); }
Tensor less(const Tensor& self, const Tensor& other) { return lt(self, other); }
Tensor less(const Tensor& self, Scalar other) { return lt(self, other); }
const Tensor& less_(const Tensor& self, const Tensor& other) { return lt_(self, other); }
const Tensor& less_(const Tensor& self, Scalar other) { return lt_(self, other); }
Tensor less_equal(const Tensor& self, const Tensor& other) { return le(self, other); }
Tensor less_equal(const Tensor& self, Scalar other) { return le(self, other); }
const Tensor& less_equal_(const Tensor& self, const Tensor& other) { return le_(self, other); }
const Tensor& less_equal_(const Tensor& self, Scalar other) { return le_(self, other); }
Tensor greater(const Tensor& self, const Tensor& other) { return gt(self, other); }
Tensor greater(const Tensor& self, Scalar other) { return gt(self, other); }
const Tensor& greater_(const Tensor& self, const Tensor& other) { return gt_(self, other); }
const Tensor& greater_(const Tensor& self, Scalar other) { return gt_(self, other); }
Tensor greater_equal(const Tensor& self, const Tensor& other) { return ge(self, other); }
Tensor greater_equal(const Tensor& self, Scalar other) { return ge(self, other); }
const Tensor& greater_equal_(const Tensor& self, const Tensor& other) { return ge_(self, other); }
const Tensor& greater_equal_(const Tensor& self, Scalar other) { return ge_(self, other); }

}  // namespace gradus
