// Checks that several pointwise operators make of their operands.
#include "gradus/ops/pointwise_check.h"

#include <cmath>
#include <limits>

#include "gradus/kernels/inspect.h"
#include "gradus/ops/funnel.h"

namespace gradus {
namespace {

const char* fixed_width_name(DType t) {
  constexpr const char* names[kNumDTypes] = {"bool",    "uint8_t",   "int8_t",        "int16_t", "int",
                                             "int64_t", "c10::Half", "c10::BFloat16", "float",   "double"};
  return names[static_cast<int>(t)];
}

struct Range {
  double low, high;
};
// Negative numbers wrap around in uint8.
Range range_of(DType t) {
  constexpr Range ranges[kNumDTypes] = {{0, 1},
                                        {-255, 255},
                                        {-128, 127},
                                        {-32768, 32767},
                                        {-2147483648.0, 2147483647.0},
                                        {-0x1p63, 0x1p63},
                                        {-65504, 65504},
                                        {-0x1.FEp127, 0x1.FEp127},
                                        {-std::numeric_limits<float>::max(), std::numeric_limits<float>::max()},
                                        {-std::numeric_limits<double>::max(), std::numeric_limits<double>::max()}};
  return ranges[static_cast<int>(t)];
}

}  // namespace

void raise_unsupported(const char* kernel, DType dtype) {
  raise(ErrorKind::NotImplemented, str("\"", kernel, "\" not implemented for '", dtype, "'"));
}

void check_fits(const Scalar& value, DType dtype) {
  if (dtype == DType::Bool || (dtype == DType::Int64 && !value.is_float())) return;
  const double v = value.to_double();
  if (is_floating(dtype) && !std::isfinite(v)) return;
  const Range r = range_of(dtype);
  check(v >= r.low && v <= r.high, "value cannot be converted to type ", fixed_width_name(dtype), " without overflow");
}

void check_factor(const Scalar& value, DType dtype) {
  check_fits(value, is_reduced_floating(dtype) ? DType::Float32 : dtype);
}

Scalar factor_for(const Scalar& value, DType dtype) {
  check_factor(value, dtype);
  if (is_floating(dtype)) return value;
  return dtype == DType::Bool ? Scalar(value.to_bool()) : Scalar(static_cast<long>(value.to_int()));
}

void check_out_dtype_is(const Tensor& out, DType operand, OutWording wording, const char* op) {
  const std::string_view found = scalar_type_name(out.dtype());
  const std::string_view expected = scalar_type_name(operand);
  if (out.dtype() == operand || (wording == OutWording::FoundDType && !is_floating(operand))) return;
  if (wording == OutWording::FoundDType)
    raise(ErrorKind::Runtime, str("Found dtype ", found, " but expected ", expected));
  if (wording == OutWording::ScalarType)
    raise(ErrorKind::Runtime, str("expected scalar type ", expected, " but found ", found));
  raise(ErrorKind::Runtime, str(op, ": dtype of out: ", found, " should be same as input: ", expected));
}
void check_out_is_bool(const Tensor& out, const char* op) {
  check(out.dtype() == DType::Bool, op, " does not support non-boolean outputs.");
}

bool has_zero(const Tensor& t) { return any_zero(t.impl()->view->array()); }

void check_divisor(const Operand* operands, DType common) {
  if (is_floating(common)) return;
  const Operand &dividend = operands[0], &divisor = operands[1];
  const bool divides = divisor.tensor ? !has_zero(*divisor.tensor) : divisor.scalar.to_int() != 0;
  check(divides || (dividend.tensor && dividend.tensor->numel() == 0), "ZeroDivisionError");
}

const char* cpp_type_name(DType t) {
  constexpr const char* names[kNumDTypes] = {"bool",     "unsigned char", "signed char",   "short int", "int",
                                             "long int", "c10::Half",     "c10::BFloat16", "float",     "double"};
  return names[static_cast<int>(t)];
}

Tensor no_derivative(std::string_view op) {
  raise(ErrorKind::Runtime, str("derivative for aten::", op, " is not implemented"));
}
Tensor no_derivative_in(const char* argument) {
  raise(ErrorKind::NotImplemented, str("the derivative for '", argument, "' is not implemented."));
}

}  // namespace gradus
