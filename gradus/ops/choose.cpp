// Checks of choices, and clamp by the bounds given.
#include "gradus/ops/choose.h"

#include "gradus/ops/funnel.h"

namespace gradus {
namespace {

void check_mask(const Tensor& mask) {
  check(mask.dtype() == DType::Bool, "masked_fill_ only supports boolean masks, but got mask with dtype ",
        cpp_type_name(mask.dtype()));
}

void check_bounds(bool low, bool high) {
  check(low || high, "torch.clamp: At least one of 'min' or 'max' must not be None");
}

// Calls f with the operator of the bounds given, and the bounds.
template <class F>
decltype(auto) by_bounds(const std::optional<Scalar>& low, const std::optional<Scalar>& high, F&& f) {
  check_bounds(low.has_value(), high.has_value());
  if (low && high) return f.template operator()<ClampBoth>(*low, *high);
  return low ? f.template operator()<ClampLow>(*low) : f.template operator()<ClampHigh>(*high);
}
template <class F>
decltype(auto) by_bounds(const Tensor& low, const Tensor& high, F&& f) {
  check_bounds(low.defined(), high.defined());
  if (low.defined() && high.defined()) return f.template operator()<ClampBothTensor>(low, high);
  return low.defined() ? f.template operator()<ClampLowTensor>(low) : f.template operator()<ClampHighTensor>(high);
}
template <class Bound>
Tensor clamped(const Tensor& self, const Bound& low, const Bound& high) {
  return by_bounds(low, high, [&]<class O>(const auto&... bounds) { return pointwise<O>(self, bounds...); });
}
template <class Bound>
const Tensor& clamp_inplace(const Tensor& self, const Bound& low, const Bound& high) {
  return by_bounds(low, high, [&]<class O>(const auto&... bounds) -> const Tensor& {
    return pointwise_inplace<O>(self, bounds...);
  });
}

}  // namespace

namespace detail {
void check_condition(const Operand* operands, DType) {
  const DType t = operands[0].tensor->dtype();
  check(t == DType::Bool || t == DType::UInt8,
        "where expected condition to be a boolean tensor, but got a tensor with dtype ", t);
}
}  // namespace detail

void MaskedFill::inspect(const Operand* operands, DType common) {
  check_mask(*operands[1].tensor);
  check_fits(operands[2].scalar, common);
}
void MaskedFillTensor::inspect(const Operand* operands, DType common) {
  const Tensor& value = *operands[2].tensor;
  const int64_t ndim = value.dim();
  check(ndim == 0, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ", ndim,
        " dimension(s).");
  check_mask(*operands[1].tensor);
  const DType from = value.dtype();
  const bool fits =
      from == common || from == DType::Bool || (promote(from, common) == common && !is_reduced_floating(common));
  if (!fits) check_fits(value.item(), common);
}
void ClampMin::inspect(const Operand* operands, DType common) {
  refuse_bool("clamp_min_scalar_cpu", common);
  check_fits(operands[1].scalar, common);
}
void ClampMax::inspect(const Operand* operands, DType common) {
  refuse_bool("clamp_max_scalar_cpu", common);
  check_fits(operands[1].scalar, common);
}
void ClampLow::inspect(const Operand* operands, DType common) { ClampMin::inspect(operands, common); }
void ClampHigh::inspect(const Operand* operands, DType common) { ClampMax::inspect(operands, common); }
void ClampBoth::inspect(const Operand* operands, DType common) {
  refuse_bool("clamp_scalar_cpu", common);
  check_fits(operands[1].scalar, common);
  check_fits(operands[2].scalar, common);
}

Tensors where(const Tensor& condition) {
  return nonzero(condition.dim() ? condition : condition.unsqueeze(0)).unbind(1);
}

Tensor max(const Tensor& self, const Tensor& other) { return maximum(self, other); }
Tensor min(const Tensor& self, const Tensor& other) { return minimum(self, other); }

Tensor clamp(const Tensor& self, std::optional<Scalar> min, std::optional<Scalar> max) {
  return clamped(self, min, max);
}
Tensor clamp(const Tensor& self, const Tensor& min, const Tensor& max) { return clamped(self, min, max); }
const Tensor& clamp_(const Tensor& self, std::optional<Scalar> min, std::optional<Scalar> max) {
  return clamp_inplace(self, min, max);
}
const Tensor& clamp_(const Tensor& self, const Tensor& min, const Tensor& max) { return clamp_inplace(self, min, max); }
Tensor clip(const Tensor& self, std::optional<Scalar> min, std::optional<Scalar> max) {
  return clamped(self, min, max);
}
Tensor clip(const Tensor& self, const Tensor& min, const Tensor& max) { return clamped(self, min, max); }
const Tensor& clip_(const Tensor& self, std::optional<Scalar> min, std::optional<Scalar> max) {
  return clamp_inplace(self, min, max);
}
const Tensor& clip_(const Tensor& self, const Tensor& min, const Tensor& max) { return clamp_inplace(self, min, max); }

}  // namespace gradus
