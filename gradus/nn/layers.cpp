// Layers: initial values, values, text.
#include "gradus/nn/layers.h"

#include <cmath>

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/nn/init.h"

namespace gradus::nn {

Linear::Linear(int64_t in, int64_t out, bool with_bias, OptDType dtype) : in_features(in), out_features(out) {
  weight = parameter(empty({out, in}, dtype));
  if (with_bias) bias = parameter(empty({out}, dtype));
  reset_parameters();
}
void Linear::reset_parameters() {
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const int64_t fan_in = init::fans(weight).in;
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  init::uniform_(bias, -bound, bound);
}
Tensor Linear::operator()(const Tensor& x) const { return linear(x, weight, bias); }
std::string Linear::extra_repr() const {
  return str("in_features=", in_features, ", out_features=", out_features, ", bias=", bias.defined());
}

Embedding::Embedding(int64_t rows, int64_t columns, EmbeddingOptions options)
    : num_embeddings(rows),
      embedding_dim(columns),
      padding_idx(options.padding_idx),
      scale_grad_by_freq(options.scale_grad_by_freq) {
  if (padding_idx) {
    check_as(ErrorKind::Index, *padding_idx >= -rows && *padding_idx < rows,
             "Padding_idx must be within num_embeddings");
    if (*padding_idx < 0) *padding_idx += rows;
  }
  weight = parameter(empty({rows, columns}, options.dtype));
  reset_parameters();
}
void Embedding::reset_parameters() {
  init::normal_(weight);
  const NoGrad guard;
  if (padding_idx) weight.select(0, *padding_idx).zero_();
}
Tensor Embedding::operator()(const Tensor& indices) const {
  return embedding(weight, indices, padding_idx.value_or(-1), scale_grad_by_freq, false);
}
std::string Embedding::extra_repr() const {
  std::string text = str(num_embeddings, ", ", embedding_dim);
  if (padding_idx) text += str(", padding_idx=", *padding_idx);
  if (scale_grad_by_freq) text += ", scale_grad_by_freq=True";
  return text;
}

Dropout::Dropout(double probability, bool in_place) : p(probability), inplace(in_place) {
  check_as(ErrorKind::Value, p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
}
Tensor Dropout::operator()(const Tensor& x) const {
  return inplace ? dropout_(x, p, training) : dropout(x, p, training);
}
std::string Dropout::extra_repr() const { return str("p=", p, ", inplace=", inplace); }

Tensor ReLU::operator()(const Tensor& x) const { return inplace ? relu_(x) : relu(x); }
std::string ReLU::extra_repr() const { return inplace ? "inplace=True" : ""; }

Tensor Tanh::operator()(const Tensor& x) const { return tanh(x); }
Tensor Sigmoid::operator()(const Tensor& x) const { return sigmoid(x); }

Tensor GELU::operator()(const Tensor& x) const { return gelu(x, approximate); }
std::string GELU::extra_repr() const { return str("approximate='", approximate, "'"); }

Tensor Softmax::operator()(const Tensor& x) const { return softmax(x, dim); }
std::string Softmax::extra_repr() const { return str("dim=", dim); }

Tensor LogSoftmax::operator()(const Tensor& x) const { return log_softmax(x, dim); }
std::string LogSoftmax::extra_repr() const { return str("dim=", dim); }

Tensor Flatten::operator()(const Tensor& x) const { return x.flatten(start_dim, end_dim); }
std::string Flatten::extra_repr() const { return str("start_dim=", start_dim, ", end_dim=", end_dim); }

}  // namespace gradus::nn
