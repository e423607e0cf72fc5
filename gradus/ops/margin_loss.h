// Losses with a margin, and of distances between embeddings. Reductions: 0 none, 1 mean, 2 sum.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct SoftMarginLoss {
  static constexpr Op op{"soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
                         "log(1 + exp(-target * self)), averaged or summed.", Kind::Compound, "n"};
  static Tensor forward(const Tensor& self, const Tensor& target, int64_t reduction);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction);
};

struct MultiMarginLoss {
  static constexpr Op op{
      "multi_margin_loss(Tensor self, Tensor target, Scalar p=1, Scalar margin=1, Tensor? weight=None, int "
      "reduction=1) -> Tensor",
      "Sum over other classes of max(0, margin - x[target] + x[i])^p / C; averaged or summed.", Kind::Compound, "n"};
  static Tensor forward(const Tensor& self, const Tensor& target, const Scalar& p, const Scalar& margin,
                        const Tensor& weight, int64_t reduction);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& target, const Attr<Scalar, 2>& p,
                   const Attr<Scalar, 3>& margin, const In<4>& weight, const Attr<int64_t, 5>& reduction);
};

struct MultilabelMargin {
  static constexpr Op op{"_gradus_multilabel_margin(Tensor self, Tensor target) -> (Tensor, Tensor)",
                         "Multi-label margin loss of every row, and a mark for its targets.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& self, const Tensor& target);
  static void run(const Launch& l);
};
struct MultilabelMarginBackward {
  static constexpr Op op{
      "_gradus_multilabel_margin_backward(Tensor grad, Tensor self, Tensor target, Tensor is_target) -> Tensor",
      "Its gradient.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& grad, const Tensor& self, const Tensor& target, const Tensor& is_target);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g);
  static Tensor d1(const Tensor& g) { return d0(g); }
};
struct MultilabelMarginLoss {
  static constexpr Op op{
      "multilabel_margin_loss_forward(Tensor self, Tensor target, int reduction) -> (Tensor output, Tensor is_target)",
      "Sum over targets y and other classes i of max(0, 1 - (x[y] - x[i])) / C; averaged or summed.", Kind::Compound,
      "", "MultilabelMarginLossBackward0"};
  static constexpr int tracked = 1;
  static std::tuple<Tensor, Tensor> forward(const Tensor& self, const Tensor& target, int64_t reduction);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& target, const Attr<int64_t, 2>& reduction,
                   const Out<1>& is_target);
};
inline constexpr Op multilabel_margin_loss_op{
    "multilabel_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
    "Multi-label margin loss; rows of `target` list classes, ended by -1.", Kind::Composite, "n"};

inline constexpr Op margin_ranking_loss_op{
    "margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0, int reduction=1) -> Tensor",
    "max(0, -target (input1 - input2) + margin), averaged or summed.", Kind::Composite, "f"};
inline constexpr Op hinge_embedding_loss_op{
    "hinge_embedding_loss(Tensor self, Tensor target, float margin=1.0, int reduction=1) -> Tensor",
    "self where target is 1, max(0, margin - self) where it is -1; averaged or summed.", Kind::Composite, "f"};
inline constexpr Op cosine_embedding_loss_op{
    "cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0, int reduction=1) -> Tensor",
    "1 - cos where target is 1, max(0, cos - margin) where it is -1; averaged or summed.", Kind::Composite, "f"};
inline constexpr Op triplet_margin_loss_op{
    "triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1.0, float p=2.0, float "
    "eps=1e-06, "
    "bool swap=False, int reduction=1) -> Tensor",
    "max(0, margin + |a - p| - |a - n|), averaged or summed (Balntas et al. 2016).", Kind::Composite, "f"};

}  // namespace gradus
