// What is done to the gradients of many parameters: keeping them within bounds, clearing them.
#include "gradus/nn/clip.h"

#include <cmath>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"

namespace gradus::nn {
namespace {

Tensors gradients(const Tensors& parameters) {
  Tensors out;
  for (const Tensor& p : parameters)
    if (const Tensor g = p.grad(); g.defined()) out.push_back(g);
  return out;
}

}  // namespace

Tensor clip_grad_norm_(const Tensors& parameters, double max_norm, double norm_type, bool error_if_nonfinite) {
  const NoGrad guard;
  const Tensors grads = gradients(parameters);
  if (grads.empty()) return zeros({});
  Tensors norms;
  for (const Tensor& g : grads) norms.push_back(linalg_vector_norm(g, norm_type));
  const Tensor total = linalg_vector_norm(stack(norms), norm_type);
  check(!error_if_nonfinite || std::isfinite(total.item<double>()), "The total norm of order ", norm_type,
        " for gradients from `parameters` is non-finite, so it cannot be clipped. To disable this error and scale the "
        "gradients by the non-finite norm anyway, set `error_if_nonfinite=False`");
  const Tensor factor = (max_norm / (total + 1e-6)).clamp(std::nullopt, 1.0);
  for (const Tensor& g : grads) g.mul_(factor);
  return total;
}

void clip_grad_value_(const Tensors& parameters, double clip_value) {
  const NoGrad guard;
  for (const Tensor& g : gradients(parameters)) g.clamp_(-clip_value, clip_value);
}

void zero_grads(const Tensors& parameters) {
  Tensors grads;
  for (const Tensor& p : parameters) {
    const Tensor g = p.grad();
    if (!g.defined()) continue;
    if (g.requires_grad()) p.set_grad(zeros_like(g.detach()));
    else grads.push_back(g);
  }
  if (!grads.empty()) _foreach_zero_(grads);
}

}  // namespace gradus::nn
