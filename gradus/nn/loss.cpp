// Losses as modules.
#include "gradus/nn/loss.h"

#include <cmath>
#include <numbers>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"

namespace gradus::nn {

namespace {
int64_t number(Reduction r) {
  check_as(ErrorKind::Value, r != Reduction::BatchMean, "batchmean is not a valid value for reduction");
  return static_cast<int64_t>(r);
}
Tensor reduced(const Tensor& loss, Reduction r) {
  const int64_t n = number(r);
  return n == 1 ? loss.mean() : n == 2 ? loss.sum() : loss;
}
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

Tensor SmoothL1Loss::operator()(const Tensor& input, const Tensor& target) const {
  return smooth_l1_loss(input, target, number(reduction), beta);
}
Tensor HuberLoss::operator()(const Tensor& input, const Tensor& target) const {
  return huber_loss(input, target, number(reduction), delta);
}
Tensor BCELoss::operator()(const Tensor& input, const Tensor& target) const {
  return binary_cross_entropy(input, target, weight, number(reduction));
}
Tensor KLDivLoss::operator()(const Tensor& input, const Tensor& target) const {
  const bool batch = reduction == Reduction::BatchMean;
  const Tensor loss = kl_div(input, target, number(batch ? Reduction::Sum : reduction), log_target);
  return batch && input.dim() > 0 ? loss / input.size(0) : loss;
}
Tensor PoissonNLLLoss::operator()(const Tensor& input, const Tensor& target) const {
  return poisson_nll_loss(input, target, log_input, full, eps, number(reduction));
}
Tensor GaussianNLLLoss::operator()(const Tensor& input, const Tensor& target, const Tensor& var) const {
  check_as(ErrorKind::Value, !(var < Scalar(0)).any().item<bool>(), "var has negative entry/entries");
  const Tensor variance = var.clone();
  {
    const NoGrad guard;
    variance.clamp_(eps);
  }
  const Tensor d = input - target;
  Tensor loss = (variance.log() + d * d / variance) * 0.5;
  if (full) loss = loss + 0.5 * std::log(2 * std::numbers::pi);
  return reduced(loss, reduction);
}
Tensor SoftMarginLoss::operator()(const Tensor& input, const Tensor& target) const {
  return soft_margin_loss(input, target, number(reduction));
}
Tensor MarginRankingLoss::operator()(const Tensor& input1, const Tensor& input2, const Tensor& target) const {
  return margin_ranking_loss(input1, input2, target, margin, number(reduction));
}
Tensor HingeEmbeddingLoss::operator()(const Tensor& input, const Tensor& target) const {
  return hinge_embedding_loss(input, target, margin, number(reduction));
}
Tensor CosineEmbeddingLoss::operator()(const Tensor& input1, const Tensor& input2, const Tensor& target) const {
  return cosine_embedding_loss(input1, input2, target, margin, number(reduction));
}
Tensor MultiMarginLoss::operator()(const Tensor& input, const Tensor& target) const {
  return multi_margin_loss(input, target, p, margin, weight, number(reduction));
}
Tensor MultiLabelMarginLoss::operator()(const Tensor& input, const Tensor& target) const {
  return multilabel_margin_loss(input, target, number(reduction));
}
Tensor MultiLabelSoftMarginLoss::operator()(const Tensor& input, const Tensor& target) const {
  Tensor loss = -(target * log_sigmoid(input) + (1 - target) * log_sigmoid(-input));
  if (weight.defined()) loss = loss * weight;
  return reduced(loss.sum(-1) / input.size(-1), reduction);
}
Tensor TripletMarginLoss::operator()(const Tensor& anchor, const Tensor& positive, const Tensor& negative) const {
  check_as(ErrorKind::Value, margin > 0, "margin must be greater than 0, got ", margin);
  return triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, number(reduction));
}

}  // namespace gradus::nn
