// Bitwise operators by the names that Python gives them.
#include "gradus/ops/bitwise.h"

#include "gradus/ops/funnel.h"

namespace gradus {

Tensor bitwise_not(const Tensor& self) {
  return self.dtype() == DType::Bool ? logical_not(self) : pointwise<BitwiseNotInt>(self);
}
const Tensor& bitwise_not_(const Tensor& self) {
  return self.dtype() == DType::Bool ? logical_not_(self) : pointwise_inplace<BitwiseNotInt>(self);
}

Tensor __and__(const Tensor& self, const Tensor& other) { return bitwise_and(self, other); }
const Tensor& __iand__(const Tensor& self, const Tensor& other) { return bitwise_and_(self, other); }
Tensor __and__(const Tensor& self, Scalar other) { return bitwise_and(self, other); }
const Tensor& __iand__(const Tensor& self, Scalar other) { return bitwise_and_(self, other); }
Tensor __or__(const Tensor& self, const Tensor& other) { return bitwise_or(self, other); }
const Tensor& __ior__(const Tensor& self, const Tensor& other) { return bitwise_or_(self, other); }
Tensor __or__(const Tensor& self, Scalar other) { return bitwise_or(self, other); }
const Tensor& __ior__(const Tensor& self, Scalar other) { return bitwise_or_(self, other); }
Tensor __xor__(const Tensor& self, const Tensor& other) { return bitwise_xor(self, other); }
const Tensor& __ixor__(const Tensor& self, const Tensor& other) { return bitwise_xor_(self, other); }
Tensor __xor__(const Tensor& self, Scalar other) { return bitwise_xor(self, other); }
const Tensor& __ixor__(const Tensor& self, Scalar other) { return bitwise_xor_(self, other); }
Tensor __lshift__(const Tensor& self, const Tensor& other) { return bitwise_left_shift(self, other); }
Tensor __lshift__(const Tensor& self, Scalar other) { return bitwise_left_shift(self, other); }
Tensor __rshift__(const Tensor& self, const Tensor& other) { return bitwise_right_shift(self, other); }
Tensor __rshift__(const Tensor& self, Scalar other) { return bitwise_right_shift(self, other); }

}  // namespace gradus
