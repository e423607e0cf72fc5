// Second names that PyTorch has for pointwise operators.
#include "gradus/ops/alias.h"

namespace gradus {

Tensor positive(const Tensor& self) {
  check(self.dtype() != DType::Bool, "The `+` operator, on a bool tensor is not supported.");
  return self;
}
Tensor multiply(const Tensor& self, const Tensor& other) { return mul(self, other); }
const Tensor& multiply_(const Tensor& self, const Tensor& other) { return mul_(self, other); }
Tensor multiply(const Tensor& self, Scalar other) { return mul(self, other); }
const Tensor& multiply_(const Tensor& self, Scalar other) { return mul_(self, other); }
Tensor divide(const Tensor& self, const Tensor& other) { return div(self, other); }
const Tensor& divide_(const Tensor& self, const Tensor& other) { return div_(self, other); }
Tensor divide(const Tensor& self, Scalar other) { return div(self, other); }
const Tensor& divide_(const Tensor& self, Scalar other) { return div_(self, other); }
Tensor divide(const Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode) {
  return div(self, other, rounding_mode);
}
const Tensor& divide_(const Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode) {
  return div_(self, other, rounding_mode);
}
Tensor divide(const Tensor& self, Scalar other, std::optional<std::string_view> rounding_mode) {
  return div(self, other, rounding_mode);
}
const Tensor& divide_(const Tensor& self, Scalar other, std::optional<std::string_view> rounding_mode) {
  return div_(self, other, rounding_mode);
}
Tensor true_divide(const Tensor& self, const Tensor& other) { return div(self, other); }
const Tensor& true_divide_(const Tensor& self, const Tensor& other) { return div_(self, other); }
Tensor true_divide(const Tensor& self, Scalar other) { return div(self, other); }
const Tensor& true_divide_(const Tensor& self, Scalar other) { return div_(self, other); }
Tensor subtract(const Tensor& self, const Tensor& other, Scalar alpha) { return sub(self, other, alpha); }
const Tensor& subtract_(const Tensor& self, const Tensor& other, Scalar alpha) { return sub_(self, other, alpha); }
Tensor subtract(const Tensor& self, Scalar other, Scalar alpha) { return sub(self, other, alpha); }
const Tensor& subtract_(const Tensor& self, Scalar other, Scalar alpha) { return sub_(self, other, alpha); }
Tensor negative(const Tensor& self) { return neg(self); }
const Tensor& negative_(const Tensor& self) { return neg_(self); }
Tensor absolute(const Tensor& self) { return abs(self); }
const Tensor& absolute_(const Tensor& self) { return abs_(self); }
Tensor fix(const Tensor& self) { return trunc(self); }
const Tensor& fix_(const Tensor& self) { return trunc_(self); }
Tensor arcsin(const Tensor& self) { return asin(self); }
const Tensor& arcsin_(const Tensor& self) { return asin_(self); }
Tensor arccos(const Tensor& self) { return acos(self); }
const Tensor& arccos_(const Tensor& self) { return acos_(self); }
Tensor arctan(const Tensor& self) { return atan(self); }
const Tensor& arctan_(const Tensor& self) { return atan_(self); }
Tensor arcsinh(const Tensor& self) { return asinh(self); }
const Tensor& arcsinh_(const Tensor& self) { return asinh_(self); }
Tensor arccosh(const Tensor& self) { return acosh(self); }
const Tensor& arccosh_(const Tensor& self) { return acosh_(self); }
Tensor arctanh(const Tensor& self) { return atanh(self); }
const Tensor& arctanh_(const Tensor& self) { return atanh_(self); }
Tensor arctan2(const Tensor& self, const Tensor& other) { return atan2(self, other); }
const Tensor& arctan2_(const Tensor& self, const Tensor& other) { return atan2_(self, other); }

}  // namespace gradus
