// Negative log-likelihood and cross entropy.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

// Reductions: 0 none, 1 mean, 2 sum.

struct NllLossForward {
  static constexpr Op op{
      "nll_loss_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor "
      "output, Tensor total_weight)",
      "Negative log-likelihood of class targets, and the sum of their weights.", Kind::Structured, "",
      "NllLossBackward0"};
  static void infer(Call& c, const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                    int64_t ignore_index);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& target, const In<2>& weight,
                   const Attr<int64_t, 3>& reduction, const Attr<int64_t, 4>& ignore_index, const Out<1>& total) {
    return nll_loss_backward(g, x, target, weight, *reduction, *ignore_index, total);
  }
};
struct NllLossBackward {
  static constexpr Op op{
      "nll_loss_backward(Tensor grad_output, Tensor self, Tensor target, Tensor? weight, int reduction, SymInt "
      "ignore_index, Tensor total_weight) -> Tensor",
      "-weight / total at the targets, zero elsewhere.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& grad, const Tensor& self, const Tensor& target, const Tensor& weight,
                    int64_t reduction, int64_t ignore_index, const Tensor& total_weight);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<2>& target, const In<3>& weight, const Attr<int64_t, 4>& reduction,
                   const Attr<int64_t, 5>& ignore_index) {
    return nll_loss(g, target, weight, *reduction, *ignore_index);
  }
};
struct NllLoss2dForward {
  static constexpr Op op{
      "nll_loss2d_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor "
      "output, Tensor total_weight)",
      "The same for [N, C, H, W] log-probabilities and [N, H, W] targets.", Kind::Structured, "", "NllLoss2DBackward0"};
  static void infer(Call& c, const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                    int64_t ignore_index);
  static void run(const Launch& l) { NllLossForward::run(l); }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& target, const In<2>& weight,
                   const Attr<int64_t, 3>& reduction, const Attr<int64_t, 4>& ignore_index, const Out<1>& total) {
    return nll_loss2d_backward(g, x, target, weight, *reduction, *ignore_index, total);
  }
};
struct NllLoss2dBackward {
  static constexpr Op op{
      "nll_loss2d_backward(Tensor grad_output, Tensor self, Tensor target, Tensor? weight, int reduction, SymInt "
      "ignore_index, Tensor total_weight) -> Tensor",
      "-weight / total at the targets, zero elsewhere.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& grad, const Tensor& self, const Tensor& target, const Tensor& weight,
                    int64_t reduction, int64_t ignore_index, const Tensor& total_weight);
  static void run(const Launch& l) { NllLossBackward::run(l); }
  static Tensor d0(const Tensor& g, const In<2>& target, const In<3>& weight, const Attr<int64_t, 4>& reduction,
                   const Attr<int64_t, 5>& ignore_index) {
    return nll_loss2d(g, target, weight, *reduction, *ignore_index);
  }
};
inline constexpr Op nll_loss2d_op{
    "nll_loss2d(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor",
    "Negative log-likelihood of [N, C, H, W] log-probabilities at [N, H, W] class indices.", Kind::Composite, "n"};
inline constexpr Op nll_loss_op{
    "nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor",
    "Negative log-likelihood of [N, C] log-probabilities at [N] class indices.", Kind::Composite, "n"};
inline constexpr Op nll_loss_nd_op{
    "nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor",
    "nll_loss for [N, C, d1, …] log-probabilities and [N, d1, …] class indices.", Kind::Composite, "n"};
inline constexpr Op cross_entropy_op{
    "cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, "
    "float label_smoothing=0.) -> Tensor",
    "Cross entropy of logits against class indices or class probabilities.", Kind::Composite, "n"};

}  // namespace gradus
