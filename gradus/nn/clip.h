// What is done to the gradients of many parameters: keeping them within bounds, clearing them.
#pragma once
#include "gradus/core/tensor.h"

namespace gradus::nn {

/// Scales all gradients together so that their common p-norm is at most max_norm; returns the norm before, zero-dim.
/// Infinity takes the largest absolute value. RuntimeError for a norm that is not finite if `error_if_nonfinite`.
Tensor clip_grad_norm_(const Tensors& parameters, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);
/// Clamps every element of every gradient to [-clip_value, clip_value].
void clip_grad_value_(const Tensors& parameters, double clip_value);
/// Fills every gradient with zeros. One that belongs to a graph is left to it: the parameter gets another one.
void zero_grads(const Tensors& parameters);

}  // namespace gradus::nn
