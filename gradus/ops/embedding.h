// Embedding tables: rows by index, sums of rows by bags of indices.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

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

// ---- bags: modes 0 sum, 1 mean, 2 max

struct EmbeddingBag {
  static constexpr Op op{
      "_embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool "
      "sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) -> (Tensor, "
      "Tensor, Tensor, Tensor)",
      "Sums, means or maxima of bags of rows; the bag of every index, the sizes of bags, where maxima were.",
      Kind::Compound, "f"};
  static constexpr int tracked = 1;
  static std::tuple<Tensor, Tensor, Tensor, Tensor> forward(const Tensor& weight, const Tensor& indices,
                                                            const Tensor& offsets, bool scale, int64_t mode,
                                                            bool sparse, const Tensor& per_sample_weights,
                                                            bool include_last_offset, int64_t padding_idx);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const In<1>& indices, const In<2>& offsets,
                   const Attr<bool, 3>& scale, const Attr<int64_t, 4>& mode, const In<6>& per_sample_weights,
                   const Attr<bool, 7>& include_last_offset, const Attr<int64_t, 8>& padding_idx,
                   const Out<3>& max_indices);
  static Tensor d6(const Tensor& g, const In<0>& weight, const In<1>& indices, const In<2>& offsets,
                   const Attr<bool, 7>& include_last_offset, const Attr<int64_t, 8>& padding_idx);
};
struct EmbeddingBagKernel {
  static constexpr Op op{
      "_gradus_embedding_bag(Tensor weight, Tensor indices, Tensor bounds, Tensor? per_sample_weights, int mode, int "
      "padding_idx) -> (Tensor, Tensor, Tensor, Tensor)",
      "Sums, means or maxima of bags of rows; the bag of every index, the sizes of bags, where maxima were.",
      Kind::Structured, ""};
  static void infer(Call& c, const Tensor& weight, const Tensor& indices, const Tensor& bounds, const Tensor& samples,
                    int64_t mode, int64_t padding_idx);
  static void run(const Launch& l);
};
struct EmbeddingBagBackwardKernel {
  static constexpr Op op{
      "_gradus_embedding_bag_backward(Tensor grad, Tensor indices, Tensor bounds, Tensor? per_sample_weights, Tensor "
      "max_indices, int rows, int mode, bool scale_grad_by_freq, int padding_idx) -> Tensor",
      "The gradient for the table.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& grad, const Tensor& indices, const Tensor& bounds, const Tensor& samples,
                    const Tensor& max_indices, int64_t rows, int64_t mode, bool scale, int64_t padding_idx);
  static void run(const Launch& l);
  static Tensor d0(const Tensor&) { return no_derivative("_embedding_bag_dense_backward"); }
};
struct EmbeddingBagSamplesBackwardKernel {
  static constexpr Op op{
      "_gradus_embedding_bag_samples_backward(Tensor grad, Tensor weight, Tensor indices, Tensor bounds, int "
      "padding_idx) -> Tensor",
      "The gradient for the weights of samples.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& grad, const Tensor& weight, const Tensor& indices, const Tensor& bounds,
                    int64_t padding_idx);
  static void run(const Launch& l);
  static Tensor d0(const Tensor&) { return no_derivative("_embedding_bag_per_sample_weights_backward"); }
};
inline constexpr Op embedding_bag_op{
    "embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool "
    "sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, "
    "Tensor)",
    "Sums, means or maxima of bags of rows.", Kind::Composite, "f"};
inline constexpr Op embedding_bag_padding_op{
    "embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int mode, bool "
    "sparse, Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> (Tensor, Tensor, Tensor, "
    "Tensor)",
    "The same, leaving out one index.", Kind::Composite, "f"};

}  // namespace gradus
