// Powers of a base whose exponents are evenly spaced.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct Logspace {
  static constexpr Op op{
      "logspace(Scalar start, Scalar end, int steps, float base=10.0, *, ScalarType? dtype=None, Layout? layout=None, "
      "Device? device=None, bool? pin_memory=None) -> Tensor",
      "base to the power of steps numbers evenly from start to end, both included.", Kind::Composite, "fo"};
  static void write_out(const Tensor* out, const Scalar& start, const Scalar& end, int64_t steps, double base, OptDType,
                        std::optional<Layout>, std::optional<Device>, std::optional<bool>);
};
inline constexpr Op logspace_scalar_tensor_op{
    "logspace.Scalar_Tensor(Scalar start, Tensor end, int steps, float base=10.0, *, ScalarType? dtype=None, Layout? "
    "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    "Powers of base between zero-dim tensors of exponents.", Kind::Composite, "fo"};
inline constexpr Op logspace_tensor_scalar_op{
    "logspace.Tensor_Scalar(Tensor start, Scalar end, int steps, float base=10.0, *, ScalarType? dtype=None, Layout? "
    "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    "Powers of base between zero-dim tensors of exponents.", Kind::Composite, "fo"};
inline constexpr Op logspace_tensor_tensor_op{
    "logspace.Tensor_Tensor(Tensor start, Tensor end, int steps, float base=10.0, *, ScalarType? dtype=None, Layout? "
    "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
    "Powers of base between zero-dim tensors of exponents.", Kind::Composite, "fo"};

}  // namespace gradus
