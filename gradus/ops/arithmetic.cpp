// Checks of arithmetic operands, and division by rounding mode.
#include "gradus/ops/arithmetic.h"

#include "gradus/ops/funnel.h"

namespace gradus {
namespace {

bool is_bool(const Operand& o) { return o.tensor ? o.tensor->dtype() == DType::Bool : o.scalar.is_bool(); }

void check_division(const char* kernel, const Operand* operands, DType common) {
  refuse_bool(kernel, common);
  check_divisor(operands, common);
}

void check_lerp(const char* kernel, const Operand* operands, DType common) {
  const DType self = operands[0].tensor->dtype();
  auto expect = [&](const char* name, const Tensor& t) {
    check(t.dtype() == self, "expected dtype ", cpp_type_name(self), " for `", name, "` but got dtype ",
          cpp_type_name(t.dtype()));
  };
  expect("end", *operands[1].tensor);
  if (operands[2].tensor && operands[2].tensor->dim() > 0) expect("weight", *operands[2].tensor);
  refuse_integers(kernel, common);
}

// Calls f with the operator of a rounding mode.
template <class True, class F>
decltype(auto) by_mode(std::optional<std::string_view> mode, F&& f) {
  if (!mode) return f.template operator()<True>();
  if (*mode == "trunc") return f.template operator()<DivTrunc>();
  check(*mode == "floor", "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '", *mode, "'");
  return f.template operator()<DivFloor>();
}

}  // namespace

namespace detail {
void check_subtraction(const Operand* operands, DType) {
  const bool a = is_bool(operands[0]), b = is_bool(operands[1]);
  check(!a || !b,
        "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
        "operator instead.");
  check(!a && !b,
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use "
        "the `~` or `logical_not()` operator instead.");
}
}  // namespace detail

void DivFloor::inspect(const Operand* operands, DType common) { check_division("div_floor_cpu", operands, common); }
void DivTrunc::inspect(const Operand* operands, DType common) { check_division("div_trunc_cpu", operands, common); }
void Remainder::inspect(const Operand* operands, DType common) { check_division("remainder_cpu", operands, common); }
void Fmod::inspect(const Operand* operands, DType common) { check_division("fmod_cpu", operands, common); }

void Lerp::inspect(const Operand* operands, DType common) { check_lerp("lerp_kernel_tensor", operands, common); }
void LerpScalar::inspect(const Operand* operands, DType common) { check_lerp("lerp_kernel_scalar", operands, common); }

void Addcmul::inspect(const Operand* operands, DType common) {
  refuse_bool("addcmul_cpu_out", common);
  check_factor(operands[3].scalar, common);
}
void Addcdiv::inspect(const Operand* operands, DType common) {
  check(is_floating(operands[1].tensor->dtype()) || is_floating(operands[2].tensor->dtype()),
        "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true "
        "division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * "
        "torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
        "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value * "
        "tensor1 / tensor2), for all dtypes.");
  check_factor(operands[3].scalar, common);
}

Tensor div(const Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode) {
  return by_mode<DivTrue>(rounding_mode, [&]<class O>() { return pointwise<O>(self, other); });
}
Tensor div(const Tensor& self, Scalar other, std::optional<std::string_view> rounding_mode) {
  return by_mode<DivTrueScalar>(rounding_mode, [&]<class O>() { return pointwise<O>(self, other); });
}
const Tensor& div_(const Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode) {
  return by_mode<DivTrue>(rounding_mode, [&]<class O>() -> const Tensor& { return pointwise_inplace<O>(self, other); });
}
const Tensor& div_(const Tensor& self, Scalar other, std::optional<std::string_view> rounding_mode) {
  return by_mode<DivTrueScalar>(rounding_mode,
                                [&]<class O>() -> const Tensor& { return pointwise_inplace<O>(self, other); });
}

}  // namespace gradus
