// Layers: plain structs with PyTorch's names, initial values and text.
#pragma once
#include <optional>
#include <string>

#include "gradus/nn/module.h"

namespace gradus::nn {

/// y = x Wᵀ + b with `weight` (out_features, in_features) and `bias` (out_features), both drawn from
/// U(-1/√in_features, 1/√in_features); `bias` is undefined if there is none.
struct Linear {
  Linear(int64_t in_features, int64_t out_features, bool bias = true, OptDType dtype = {});
  Tensor operator()(const Tensor& x) const;
  /// Draws weight, then bias.
  void reset_parameters();
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("weight", weight);
    f("bias", bias);
  }

  int64_t in_features, out_features;
  Tensor weight, bias;
};

struct EmbeddingOptions {
  std::optional<int64_t> padding_idx = {};  // this row starts at zero and gets no gradient
  bool scale_grad_by_freq = false;          // gradients are divided by how often a row was looked up
  OptDType dtype = {};
};

/// Rows of `weight` (num_embeddings, embedding_dim), drawn from N(0, 1), at integer indices of any shape.
struct Embedding {
  /// IndexError if padding_idx lies outside the table.
  Embedding(int64_t num_embeddings, int64_t embedding_dim, EmbeddingOptions options = {});
  Tensor operator()(const Tensor& indices) const;
  /// Draws the whole table, then clears the padding row.
  void reset_parameters();
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("weight", weight);
  }

  int64_t num_embeddings, embedding_dim;
  std::optional<int64_t> padding_idx;
  bool scale_grad_by_freq;
  Tensor weight;
};

/// In training zeroes each element with probability p and scales the rest by 1/(1-p); identity otherwise.
struct Dropout {
  /// ValueError unless 0 ≤ p ≤ 1.
  explicit Dropout(double p = 0.5, bool inplace = false);
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
  template <class F>
  void fields(F&& f) {
    f("training", training);
  }

  double p;
  bool inplace;
  bool training = true;
};

/// Returns its input.
struct Identity {
  Tensor operator()(const Tensor& x) const { return x; }
};

/// max(x, 0).
struct ReLU {
  bool inplace = false;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

struct Tanh {
  Tensor operator()(const Tensor& x) const;
};

/// 1 / (1 + exp(-x)).
struct Sigmoid {
  Tensor operator()(const Tensor& x) const;
};

/// x Φ(x); with approximate = "tanh" its usual approximation.
struct GELU {
  std::string approximate = "none";
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// exp(x) along `dim`, divided by its sum.
struct Softmax {
  int64_t dim;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// log(softmax(x)) along `dim`.
struct LogSoftmax {
  int64_t dim;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

/// Joins the dims start_dim…end_dim into one; by default everything but the batch.
struct Flatten {
  int64_t start_dim = 1;
  int64_t end_dim = -1;
  Tensor operator()(const Tensor& x) const;
  std::string extra_repr() const;
};

}  // namespace gradus::nn
