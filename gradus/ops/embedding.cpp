// Embedding tables: checks, gradients, bags.
#include "gradus/ops/embedding.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/kernels/embedding_bag.h"
#include "gradus/kernels/index.h"

namespace gradus {

namespace {
void check_indices(const Tensor& indices) {
  check(
      indices.dtype() == DType::Int64 || indices.dtype() == DType::Int32,
      "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.",
      scalar_type_name(indices.dtype()), "Tensor instead (while checking arguments for embedding)");
}
Tensor as_int64(const Tensor& t) { return t.dtype() == DType::Int64 ? t : t.to(DType::Int64); }
}  // namespace

void Embedding::infer(Call& c, const Tensor& weight, const Tensor& indices, int64_t, bool, bool sparse) {
  check(weight.dim() == 2, "'weight' must be 2-D");
  check_indices(indices);
  check_as(ErrorKind::NotImplemented, !sparse || !weight.requires_grad() || !is_grad_enabled(),
           "sparse gradients of embedding are not implemented");
  c.clear_inputs();
  c.input(weight);
  const Tensor index = as_int64(indices);
  check_row_bounds(index.impl()->view->array(), weight.size(0));
  c.input_owned(index);
  c.chooses_rows();
  Dims sizes(indices.sizes());
  sizes.push_back(weight.size(1));
  c.output(sizes, weight.dtype());
}
void Embedding::run(const Launch& l) { gather_rows(l.in[0], l.in[1], l.out[0]); }

namespace {
// Each gradient divided by how often its row was looked up.
Tensor by_frequency(const Tensor& grad, const Tensor& index, int64_t rows) {
  NoGrad guard;
  const Tensor flat = index.reshape(IntList(-1)), one = ones(flat.sizes(), grad.dtype());
  const Tensor often = zeros(IntList(rows), grad.dtype()).index_add(0, flat, one).index_select(0, flat);
  return grad / often.reshape(index.sizes()).unsqueeze(-1);
}
}  // namespace

void EmbeddingBackward::infer(Call& c, const Tensor& grad, const Tensor& indices, int64_t num_weights,
                              int64_t padding_idx, bool scale) {
  check_indices(indices);
  c.clear_inputs();
  const Tensor index = as_int64(indices);
  if (scale) c.input_owned(by_frequency(grad, index, num_weights));
  else c.input(grad);
  c.input_owned(index);
  c.put(padding_idx);
  c.output({num_weights, grad.size(-1)}, grad.dtype());
}
void EmbeddingBackward::run(const Launch& l) {
  __builtin_memset(l.out[0].data, 0, static_cast<size_t>(l.out[0].numel() * item_size(l.out[0].dtype)));
  scatter_add_rows(l.in[0], l.in[1], l.out[0], l.ints[0]);
}
Tensor EmbeddingBackward::d0(const Tensor& g, const In<1>& indices, const Attr<int64_t, 3>& padding_idx) {
  const Tensor rows = embedding(g, indices);
  if (*padding_idx < 0) return rows;
  return rows.masked_fill((indices == Scalar(static_cast<long>(*padding_idx))).unsqueeze(-1), 0);
}

namespace {

// Rows named more than once are scaled once.
template <class T>
void renorm_rows(const Array& table, const Array& index, double max_norm, double p) {
  const int64_t* at = index.as<int64_t>();
  std::vector<int64_t> rows(at, at + index.numel());
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (int64_t row : rows) {
    T* x = table.as<T>() + row * table.strides[0];
    double sum = 0, largest = 0;
    for (int64_t i = 0; i < table.sizes[1]; ++i) {
      const double a = std::fabs(static_cast<double>(x[i * table.strides[1]]));
      sum += p == 2 ? a * a : p == 1 ? a : std::pow(a, p);
      largest = std::max(largest, a);
    }
    const double norm = std::isinf(p) ? largest : p == 2 ? std::sqrt(sum) : p == 1 ? sum : std::pow(sum, 1 / p);
    if (norm <= max_norm) continue;
    const double scale = max_norm / (norm + 1e-7);
    for (int64_t i = 0; i < table.sizes[1]; ++i)
      x[i * table.strides[1]] = static_cast<T>(static_cast<double>(x[i * table.strides[1]]) * scale);
  }
}

}  // namespace

const Tensor& embedding_renorm_(const Tensor& self, const Tensor& indices, double max_norm, double norm_type) {
  check(self.dim() == 2, "Expected 2-dimensional tensor, but got ", self.dim(),
        "-dimensional tensor for argument #1 'self' (while checking arguments for embedding_renorm_)");
  check_indices(indices);
  NoGrad guard;
  const Tensor index = as_int64(indices).contiguous();
  check_row_bounds(index.impl()->view->array(), self.size(0));
  View* out[] = {self.impl()->view};
  View* in[] = {index.impl()->view};
  const double floats[] = {max_norm, norm_type};
  Record r;
  r.run = [](const Launch& l) {
    dispatch(l.out[0].dtype, [&]<class T>() {
      if constexpr (DTypeOf<T>::value >= DType::Float16) renorm_rows<T>(l.out[0], l.in[0], l.floats[0], l.floats[1]);
    });
  };
  r.out = out;
  r.in = in;
  r.n_out = r.n_in = 1;
  r.floats = floats;
  submit(r);
  bump_version(self.impl());
  return self;
}

// ---- bags

namespace {

// Where bags begin and end among the indices.
Tensor bag_bounds(const Tensor& offsets, int64_t n, bool include_last_offset) {
  const Tensor o = as_int64(offsets).contiguous();
  return include_last_offset ? o : cat({o, full(IntList(1), Scalar(static_cast<long>(n)), DType::Int64)}, 0);
}

std::string tensor_type(DType t) { return str("torch.", scalar_type_name(t), "Tensor"); }

void check_bag_dtypes(const Tensor& weight, const Tensor& indices, const Tensor& offsets, const Tensor& samples) {
  for (const auto& [t, at, name] : {std::tuple{&indices, 1, "indices"}, std::tuple{&offsets, 1, "offsets"}})
    check(t->dtype() == DType::Int64 || t->dtype() == DType::Int32, "Expected tensor for argument #", at, " '", name,
          "' to have one of the following scalar types: Long, Int; but got ", tensor_type(t->dtype()),
          " instead (while checking arguments for embedding_bag)");
  check(is_floating(weight.dtype()),
        "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, BFloat16, Float, "
        "Double; but got ",
        tensor_type(weight.dtype()), " instead (while checking arguments for embedding_bag)");
  check(!samples.defined() || samples.dtype() == weight.dtype(),
        "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
        "'per_sample_weights'; but type ",
        tensor_type(weight.dtype()), " does not equal ",
        tensor_type(samples.defined() ? samples.dtype() : weight.dtype()),
        " (while checking arguments for embedding_bag)");
}

void check_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets, int64_t mode, const Tensor& samples,
               bool include_last_offset) {
  check(indices.dim() == 1 || indices.dim() == 2, "input has to be a 1D or 2D Tensor, but got Tensor of dimension ",
        indices.dim());
  check(indices.dim() == 2 || offsets.dim() == 1, "offsets has to be a 1D Tensor, but got Tensor of dimension ",
        offsets.dim());
  check(weight.dim() == 2, "weight has to be a 2D Tensor, but got Tensor of dimension ", weight.dim());
  check_bag_dtypes(weight, indices, offsets, samples);
  check(!include_last_offset || offsets.size(0) >= 1, "include_last_offset: number of offset should be at least 1");
  if (offsets.size(0) > 0) {
    const int64_t first = offsets[0].item<int64_t>(), last = offsets[-1].item<int64_t>();
    check(first == 0,
          "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
          "got ",
          first, "\n[ ", tensor_type(offsets.dtype()), "{} ]");
    check(last <= indices.size(0), "offsets[-1] can not be greater than input's length ", indices.size(0),
          " but got offsets[-1] of ", last);
    int64_t outside = 0;
    check(!find_outside(offsets.impl()->view->array(), 0, indices.size(0) + 1, outside),
          "offsets have to lie between 0 and input's length ", indices.size(0), " but got ", outside);
  }
  if (samples.defined()) {
    check(mode == 0, "embedding_bag: per_sample_weights only supported with mode='sum'");
    check(samples.dim() == 1 && samples.numel() == indices.numel(),
          "expected per_sample_weights to be 1D and of the length of indices, got ", samples.sizes());
  }
  int64_t wrong = 0;
  check(!find_outside(indices.impl()->view->array(), 0, weight.size(0), wrong),
        "Expected i < index_size to be true, but got false.  (Could this error message be improved?  If so, please "
        "report an enhancement request to PyTorch.)");
}

Bags bags_of(const Launch& l, int index, int64_t padding) { return {l.in[index], l.in[index + 1], padding}; }

}  // namespace

void EmbeddingBagKernel::infer(Call& c, const Tensor& weight, const Tensor& indices, const Tensor& bounds,
                               const Tensor&, int64_t mode, int64_t padding_idx) {
  const int64_t bags = bounds.numel() - 1;
  c.put(mode);
  c.put(padding_idx);
  c.output({bags, weight.size(1)}, weight.dtype());
  c.output(indices.sizes(), DType::Int64);
  c.output(IntList(bags), DType::Int64);
  c.output(mode == 2 ? IntList{bags, weight.size(1)} : IntList(0), DType::Int64);
}
void EmbeddingBagKernel::run(const Launch& l) {
  const Bags bags = bags_of(l, 1, l.ints[1]);
  describe_bags(bags, l.out[1], l.out[2]);
  embedding_bag(bags, static_cast<BagMode>(l.ints[0]), l.in[0], l.in[3], l.out[0], l.out[3]);
}

void EmbeddingBagBackwardKernel::infer(Call& c, const Tensor& grad, const Tensor&, const Tensor&, const Tensor&,
                                       const Tensor&, int64_t rows, int64_t mode, bool scale, int64_t padding_idx) {
  c.put(mode);
  c.put(int64_t{scale});
  c.put(padding_idx);
  c.output({rows, grad.size(1)}, grad.dtype());
}
void EmbeddingBagBackwardKernel::run(const Launch& l) {
  __builtin_memset(l.out[0].data, 0, static_cast<size_t>(l.out[0].numel() * item_size(l.out[0].dtype)));
  embedding_bag_backward(bags_of(l, 1, l.ints[2]), static_cast<BagMode>(l.ints[0]), l.in[0], l.in[3], l.in[4],
                         l.ints[1], l.out[0]);
}

void EmbeddingBagSamplesBackwardKernel::infer(Call& c, const Tensor& grad, const Tensor&, const Tensor& indices,
                                              const Tensor&, int64_t padding_idx) {
  c.put(padding_idx);
  c.output(indices.sizes(), grad.dtype());
}
void EmbeddingBagSamplesBackwardKernel::run(const Launch& l) {
  embedding_bag_weights_backward(bags_of(l, 2, l.ints[0]), l.in[0], l.in[1], l.out[0]);
}

std::tuple<Tensor, Tensor, Tensor, Tensor> EmbeddingBag::forward(const Tensor& weight, const Tensor& indices,
                                                                 const Tensor& offsets, bool, int64_t mode, bool sparse,
                                                                 const Tensor& samples, bool include_last_offset,
                                                                 int64_t padding_idx) {
  check_bag(weight, indices, offsets, mode, samples, include_last_offset);
  check_as(ErrorKind::NotImplemented, !sparse || !weight.requires_grad(),
           "sparse gradients of embedding_bag are not implemented");
  const Tensor index = as_int64(indices).contiguous();
  const Tensor bounds = bag_bounds(offsets, index.numel(), include_last_offset);
  const auto [out, bag_of, sizes, best] = _gradus_embedding_bag(
      weight, index, bounds, samples.defined() ? samples.contiguous() : Tensor(), mode, padding_idx);
  // PyTorch leaves out what a mode does not need.
  const bool plain_sum = mode == 0 && padding_idx < 0 && weight.dtype() != DType::Float64;
  const Tensor counts = mode == 0 ? zeros_like(sizes) : sizes;
  return {out, plain_sum ? empty(IntList(0), DType::Int64) : bag_of, counts, mode == 2 ? best : counts.clone()};
}

Tensor EmbeddingBag::d0(const Tensor& g, const Shape<0>& s, const In<1>& indices, const In<2>& offsets,
                        const Attr<bool, 3>& scale, const Attr<int64_t, 4>& mode, const In<6>& samples,
                        const Attr<bool, 7>& include_last_offset, const Attr<int64_t, 8>& padding_idx,
                        const Out<3>& max_indices) {
  return _gradus_embedding_bag_backward(g.contiguous(), as_int64(indices).contiguous(),
                                        bag_bounds(offsets, indices.numel(), *include_last_offset),
                                        samples.defined() ? samples.contiguous() : Tensor(), max_indices.contiguous(),
                                        s.sizes[0], *mode, *scale, *padding_idx);
}
Tensor EmbeddingBag::d6(const Tensor& g, const In<0>& weight, const In<1>& indices, const In<2>& offsets,
                        const Attr<bool, 7>& include_last_offset, const Attr<int64_t, 8>& padding_idx) {
  return _gradus_embedding_bag_samples_backward(g.contiguous(), weight, as_int64(indices).contiguous(),
                                                bag_bounds(offsets, indices.numel(), *include_last_offset),
                                                *padding_idx);
}

std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(const Tensor& weight, const Tensor& indices,
                                                         const Tensor& offsets, bool scale, int64_t mode, bool sparse,
                                                         const Tensor& samples, bool include_last_offset) {
  return _embedding_bag(weight, indices, offsets, scale, mode, sparse, samples, include_last_offset, -1);
}
std::tuple<Tensor, Tensor, Tensor, Tensor> embedding_bag(const Tensor& weight, const Tensor& indices,
                                                         const Tensor& offsets, bool scale, int64_t mode, bool sparse,
                                                         const Tensor& samples, bool include_last_offset,
                                                         std::optional<int64_t> padding_idx) {
  int64_t padding = padding_idx.value_or(-1);
  if (padding_idx) {
    const int64_t rows = weight.size(0);
    check(padding >= -rows && padding < rows, "padding_idx must be within the number of embeddings, ", -rows,
          " through ", rows - 1, ", but got ", padding);
    if (padding < 0) padding += rows;
  }
  return _embedding_bag(weight, indices, offsets, scale, mode, sparse, samples, include_last_offset, padding);
}

}  // namespace gradus
