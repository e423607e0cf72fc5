// Softmax, embedding, dropout.
#include "gradus/ops/nn.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/core/rng.h"
#include "gradus/kernels/index.h"
#include "gradus/kernels/softmax.h"

namespace gradus {

Tensor softmax(const Tensor& self, int64_t dim, OptDType dtype) {
  return _softmax(dtype ? self.to(*dtype) : self, dim, false);
}
Tensor log_softmax(const Tensor& self, int64_t dim, OptDType dtype) {
  return _log_softmax(dtype ? self.to(*dtype) : self, dim, false);
}

void Softmax::infer(Call& c, const Tensor& self, int64_t dim, bool) {
  check_as(ErrorKind::NotImplemented, is_floating(self.dtype()),
           "\"softmax_lastdim_kernel_impl\" not implemented for '", self.dtype(), "'");
  c.put(wrap_dim(dim, self.dim()));
  c.output(self.sizes(), self.dtype());
}

namespace {
// A zero-dim tensor is a row of one.
Array at_least_1d(Array a) {
  static constexpr int64_t one = 1;
  if (a.ndim == 0) {
    a.ndim = 1;
    a.sizes = a.strides = &one;
  }
  return a;
}
}  // namespace

void Softmax::run(const Launch& l) {
  softmax(at_least_1d(l.in[0]), at_least_1d(l.out[0]), static_cast<int>(l.ints[0]));
}
void LogSoftmax::run(const Launch& l) {
  log_softmax(at_least_1d(l.in[0]), at_least_1d(l.out[0]), static_cast<int>(l.ints[0]));
}

void SoftmaxBackward::infer(Call& c, const Tensor& grad, const Tensor& output, int64_t dim, DType) {
  check(grad.sizes() == output.sizes(), "expected grad of shape ", output.sizes(), ", got ", grad.sizes());
  c.put(wrap_dim(dim, grad.dim()));
  c.output(grad.sizes(), output.dtype());
}
void SoftmaxBackward::run(const Launch& l) {
  softmax_backward(at_least_1d(l.in[0]), at_least_1d(l.in[1]), at_least_1d(l.out[0]), static_cast<int>(l.ints[0]));
}
void LogSoftmaxBackward::run(const Launch& l) {
  log_softmax_backward(at_least_1d(l.in[0]), at_least_1d(l.in[1]), at_least_1d(l.out[0]), static_cast<int>(l.ints[0]));
}

// ---- embedding

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
  Dims sizes(indices.sizes());
  sizes.push_back(weight.size(1));
  c.output(sizes, weight.dtype());
}
void Embedding::run(const Launch& l) { gather_rows(l.in[0], l.in[1], l.out[0]); }

void EmbeddingBackward::infer(Call& c, const Tensor& grad, const Tensor& indices, int64_t num_weights,
                              int64_t padding_idx, bool scale) {
  check_indices(indices);
  check_as(ErrorKind::NotImplemented, !scale, "embedding with scale_grad_by_freq has no gradient yet");
  c.clear_inputs();
  c.input(grad);
  c.input_owned(as_int64(indices));
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

// ---- dropout

Tensor dropout(const Tensor& input, double p, bool train) {
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (p == 0 || !train || input.numel() == 0) return input;
  if (p == 1) return input * zeros({}, input.dtype());
  Tensor noise = empty_like(input);
  {
    NoGrad guard;
    noise.bernoulli_(1 - p);
    noise.div_(1 - p);
  }
  return input * noise;
}
const Tensor& dropout_(const Tensor& self, double p, bool train) {
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (p == 0 || !train || self.numel() == 0) return self;
  if (p == 1) return self.mul_(zeros({}, self.dtype()));
  Tensor noise = empty_like(self);
  {
    NoGrad guard;
    noise.bernoulli_(1 - p);
    noise.div_(1 - p);
  }
  return self.mul_(noise);
}

}  // namespace gradus
