// Losses as modules: `nn::CrossEntropyLoss criterion{.label_smoothing = 0.1}; criterion(logits, labels)`.
#pragma once
#include "gradus/nn/module.h"

namespace gradus::nn {

/// What becomes of the losses of single elements. BatchMean, the sum divided by the size of the batch, is for
/// KLDivLoss.
enum class Reduction : uint8_t { None, Mean, Sum, BatchMean };

/// (input - target)².
struct MSELoss {
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// |input - target|.
struct L1Loss {
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// -input[target] over log-probabilities (N, C, …) and class indices (N, …); the mean is one by the class weights.
struct NLLLoss {
  Tensor weight = {};
  int64_t ignore_index = -100;
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// NLLLoss of log_softmax(input); targets are class indices or class probabilities.
struct CrossEntropyLoss {
  Tensor weight = {};
  int64_t ignore_index = -100;
  Reduction reduction = Reduction::Mean;
  double label_smoothing = 0;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// Binary cross entropy of sigmoid(input), computed from the logits.
struct BCEWithLogitsLoss {
  Tensor weight = {};
  Reduction reduction = Reduction::Mean;
  Tensor pos_weight = {};
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// (input - target)² / (2 beta) where |input - target| is below beta, else |input - target| - beta / 2.
struct SmoothL1Loss {
  Reduction reduction = Reduction::Mean;
  double beta = 1;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// delta times SmoothL1Loss with beta = delta.
struct HuberLoss {
  Reduction reduction = Reduction::Mean;
  double delta = 1;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// Binary cross entropy of probabilities. RuntimeError for values outside [0, 1].
struct BCELoss {
  Tensor weight = {};
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// target (log target - input), `input` being log-probabilities.
struct KLDivLoss {
  Reduction reduction = Reduction::Mean;
  bool log_target = false;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// Negative log-likelihood of counts under Poisson(input), or Poisson(exp(input)) with log_input.
struct PoissonNLLLoss {
  bool log_input = true;
  bool full = false;  // adds Stirling's approximation of log(target!)
  double eps = 1e-8;
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// Negative log-likelihood of `target` under N(input, var), var being at least eps. ValueError for a negative variance.
struct GaussianNLLLoss {
  bool full = false;  // adds log(2π) / 2
  double eps = 1e-6;
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target, const Tensor& var) const;
};

/// log(1 + exp(-target * input)) for targets 1 and -1.
struct SoftMarginLoss {
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// max(0, -target * (input1 - input2) + margin).
struct MarginRankingLoss {
  double margin = 0;
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input1, const Tensor& input2, const Tensor& target) const;
};

/// The input where the target is 1, max(0, margin - input) where it is -1.
struct HingeEmbeddingLoss {
  double margin = 1;
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// 1 - cos(input1, input2) where the target is 1, max(0, cos - margin) where it is -1.
struct CosineEmbeddingLoss {
  double margin = 0;
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input1, const Tensor& input2, const Tensor& target) const;
};

/// Mean over classes i of max(0, margin - input[target] + input[i])^p, p being 1 or 2, without the target's own.
struct MultiMarginLoss {
  int p = 1;
  double margin = 1;
  Tensor weight = {};
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// Margins between listed classes and all others; rows of `target` list classes, ended by -1.
struct MultiLabelMarginLoss {
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// Binary cross entropy of sigmoid(input), averaged over the classes (the last dim).
struct MultiLabelSoftMarginLoss {
  Tensor weight = {};
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& input, const Tensor& target) const;
};

/// max(0, margin + |anchor - positive| - |anchor - negative|) in the p-norm of the last dim; with `swap` the negative
/// is as far as the nearer of anchor and positive.
struct TripletMarginLoss {
  double margin = 1;
  double p = 2;
  double eps = 1e-6;
  bool swap = false;
  Reduction reduction = Reduction::Mean;
  Tensor operator()(const Tensor& anchor, const Tensor& positive, const Tensor& negative) const;
};

}  // namespace gradus::nn
