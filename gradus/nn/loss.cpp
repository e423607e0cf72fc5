// Losses as modules.
#include "gradus/nn/loss.h"

#include "gradus/gen/functions.h"

namespace gradus::nn {

namespace {
int64_t number(Reduction r) { return static_cast<int64_t>(r); }
}  // namespace

Tensor MSELoss::operator()(const Tensor& input, const Tensor& target) const {
  return mse_loss(input, target, number(reduction));
}
Tensor L1Loss::operator()(const Tensor& input, const Tensor& target) const {
  return l1_loss(input, target, number(reduction));
}
Tensor NLLLoss::operator()(const Tensor& input, const Tensor& target) const {
  return nll_loss_nd(input, target, weight, number(reduction), ignore_index);
}
Tensor CrossEntropyLoss::operator()(const Tensor& input, const Tensor& target) const {
  return cross_entropy_loss(input, target, weight, number(reduction), ignore_index, label_smoothing);
}
Tensor BCEWithLogitsLoss::operator()(const Tensor& input, const Tensor& target) const {
  return binary_cross_entropy_with_logits(input, target, weight, pos_weight, number(reduction));
}

}  // namespace gradus::nn
