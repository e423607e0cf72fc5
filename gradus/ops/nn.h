// What layers and losses are made of: softmax, losses, embedding, dropout.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

// ---- softmax

struct SoftmaxDim {
  static constexpr Op op{"softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
                         "exp(self) / sum(exp(self)) along a dim.", Kind::Composite, "fmo",
                         "torch::autograd::NotImplemented"};
  static constexpr bool fails_in_backward = true;
  static Tensor d0(const Tensor&) { return no_derivative("softmax"); }
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};
struct LogSoftmaxDim {
  static constexpr Op op{"log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
                         "The logarithm of softmax.", Kind::Composite, "fmo", "torch::autograd::NotImplemented"};
  static constexpr bool fails_in_backward = true;
  static Tensor d0(const Tensor&) { return no_derivative("log_softmax"); }
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};

struct Softmax {
  static constexpr Op op{"_softmax(Tensor self, int dim, bool half_to_float) -> Tensor", "softmax along a dim.",
                         Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool half_to_float);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Out<0>& y, const Attr<int64_t, 1>& dim) {
    return _softmax_backward_data(g, y, *dim, y.dtype());
  }
};
struct SoftmaxBackward {
  static constexpr Op op{
      "_softmax_backward_data(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor",
      "(grad - sum(grad * output)) * output.", Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& grad, const Tensor& output, int64_t dim, DType input_dtype);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& y, const Attr<int64_t, 2>& dim) {
    return _softmax_backward_data(g, y, *dim, y.dtype());
  }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& y, const Attr<int64_t, 2>& dim) {
    return g * grad - (g * y).sum(*dim, true) * grad - g * (grad * y).sum(*dim, true);
  }
};

struct LogSoftmax {
  static constexpr Op op{"_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor", "log_softmax along a dim.",
                         Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool half_to_float) {
    Softmax::infer(c, self, dim, half_to_float);
  }
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Out<0>& y, const Attr<int64_t, 1>& dim) {
    return _log_softmax_backward_data(g, y, *dim, y.dtype());
  }
};
struct LogSoftmaxBackward {
  static constexpr Op op{
      "_log_softmax_backward_data(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor",
      "grad - exp(output) * sum(grad).", Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& grad, const Tensor& output, int64_t dim, DType input_dtype) {
    SoftmaxBackward::infer(c, grad, output, dim, input_dtype);
  }
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& y, const Attr<int64_t, 2>& dim) {
    return g - (g * y.exp()).sum(*dim, true);
  }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& y, const Attr<int64_t, 2>& dim) {
    return -(g * y.exp()) * grad.sum(*dim, true);
  }
};

// ---- losses: reduction 0 none, 1 mean, 2 sum

struct MseLoss {
  static constexpr Op op{"mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
                         "(self - target)^2, averaged or summed.", Kind::Compound, "n"};
  static Tensor forward(const Tensor& self, const Tensor& target, int64_t reduction);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction);
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction);
};

inline constexpr Op l1_loss_op{"l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
                               "|self - target|, averaged or summed.", Kind::Composite, "n"};

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

struct BceWithLogits {
  static constexpr Op op{
      "binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int "
      "reduction=1) -> Tensor",
      "-(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), computed without overflow.", Kind::Compound, "f"};
  static Tensor forward(const Tensor& self, const Tensor& target, const Tensor& weight, const Tensor& pos_weight,
                        int64_t reduction);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const In<2>& w, const In<3>& p,
                   const Attr<int64_t, 4>& reduction);
  static Tensor d1(const Tensor& g, const In<0>& x, const In<2>& w, const In<3>& p, const Attr<int64_t, 4>& reduction);
};

// ---- embedding, dropout

struct Embedding {
  static constexpr Op op{
      "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool "
      "sparse=False) -> Tensor",
      "Rows of a table.", Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& weight, const Tensor& indices, int64_t padding_idx, bool scale_grad_by_freq,
                    bool sparse);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const In<1>& indices, const Attr<int64_t, 2>& padding_idx,
                   const Attr<bool, 3>& scale) {
    return embedding_dense_backward(g, indices, s.sizes[0], *padding_idx, *scale);
  }
};
struct EmbeddingBackward {
  static constexpr Op op{
      "embedding_dense_backward(Tensor grad_output, Tensor indices, SymInt num_weights, SymInt padding_idx, bool "
      "scale_grad_by_freq) -> Tensor",
      "Sums of the gradients that went to each row.", Kind::Structured, "f"};
  static void infer(Call& c, const Tensor& grad, const Tensor& indices, int64_t num_weights, int64_t padding_idx,
                    bool scale_grad_by_freq);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& indices, const Attr<int64_t, 3>& padding_idx);
};

inline constexpr Op embedding_renorm_op{
    "embedding_renorm_(Tensor(a!) self, Tensor indices, float max_norm, float norm_type) -> Tensor(a!)",
    "Scales the rows at the indices down to a norm of max_norm, outside the graph.", Kind::Composite, "f"};

inline constexpr Op dropout_op{"dropout(Tensor input, float p, bool train) -> Tensor",
                               "Zeroes elements with probability p and scales the rest by 1 / (1 - p).",
                               Kind::Composite, "f"};
inline constexpr Op dropout_inplace_op{"dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)",
                                       "dropout in place.", Kind::Composite, "f"};

}  // namespace gradus
