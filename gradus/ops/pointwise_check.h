// Checks that several pointwise operators make of their operands.
#pragma once
#include "gradus/core/tensor.h"

namespace gradus {

struct Operand;

/// NotImplementedError: "name" not implemented for 'dtype'.
[[noreturn]] void raise_unsupported(const char* kernel, DType dtype);
inline void refuse_bool(const char* kernel, DType common) {
  if (common == DType::Bool) [[unlikely]]
    raise_unsupported(kernel, common);
}
inline void refuse_integers(const char* kernel, DType common) {
  if (!is_floating(common)) [[unlikely]]
    raise_unsupported(kernel, common);
}
inline void refuse_16bit(const char* kernel, DType common) {
  if (is_reduced_floating(common)) [[unlikely]]
    raise_unsupported(kernel, common);
}
/// RuntimeError unless a cast of `value` to `dtype` keeps it in range.
void check_fits(const Scalar& value, DType dtype);
/// The same of a factor, which 16-bit floats are multiplied with in float32.
void check_factor(const Scalar& value, DType dtype);
/// The number as a factor of tensors of `dtype`: integers drop what lies behind the point. RuntimeError if it does not
/// fit.
Scalar factor_for(const Scalar& value, DType dtype);
/// RuntimeError "ZeroDivisionError" if the integer divisor of two operands has a zero, unless there is nothing to
/// divide.
void check_divisor(const Operand* operands, DType common);
/// "long int", "c10::Half": the C++ type as PyTorch's messages print it.
[[gnu::const]] const char* cpp_type_name(DType t);
/// RuntimeError unless `out=` has the dtype of the operand; `wording` is PyTorch's for the operator.
enum class OutWording : uint8_t { FoundDType, ScalarType, SameAsInput };
void check_out_dtype_is(const Tensor& out, DType operand, OutWording wording, const char* op = "");
/// RuntimeError unless `out=` is a bool tensor.
void check_out_is_bool(const Tensor& out, const char* op);
/// True if some element is zero (False, for a mask); looks at the values.
bool has_zero(const Tensor& t);
/// For a rule of an operator without gradient.
[[noreturn]] Tensor no_derivative(std::string_view op);
/// For the rule of an argument in which a differentiable operator has no gradient: NotImplementedError.
[[noreturn]] Tensor no_derivative_in(const char* argument);

}  // namespace gradus
