// Losses as modules: `nn::CrossEntropyLoss criterion{.label_smoothing = 0.1}; criterion(logits, labels)`.
#pragma once
#include "gradus/nn/module.h"

namespace gradus::nn {

/// What becomes of the losses of single elements.
enum class Reduction : uint8_t { None, Mean, Sum };

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

}  // namespace gradus::nn
