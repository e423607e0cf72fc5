// Distances: shapes, batches, gradients.
#include "gradus/ops/distance.h"

#include "gradus/kernels/vector_norm.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

Tensor Dist::forward(const Tensor& self, const Tensor& other, Scalar p) { return NormAll::forward(self - other, p); }

// ---- all pairs of two matrices

namespace {

IntList batch_of(const Tensor& t) { return {t.sizes().data(), t.dim() - 2}; }

// Contiguous [batch, rows, columns] with the batch dims broadcast.
Tensor batched(const Tensor& t, const IntList& batch) {
  Dims sizes(batch);
  for (const int64_t d : {int64_t{-2}, int64_t{-1}}) sizes.push_back(t.size(d));
  return t.expand(sizes).reshape({product(batch), t.size(-2), t.size(-1)}).contiguous();
}

void check_cdist(const Tensor& x1, const Tensor& x2, double p) {
  check(x1.dim() >= 2, "cdist only supports at least 2D tensors, X1 got: ", x1.dim(), "D");
  check(x2.dim() >= 2, "cdist only supports at least 2D tensors, X2 got: ", x2.dim(), "D");
  check(x1.size(-1) == x2.size(-1), "X1 and X2 must have the same number of columns. X1: ", x1.size(-1),
        " X2: ", x2.size(-1));
  check(is_floating(x1.dtype()), "cdist only supports floating-point dtypes, X1 got: ", x1.dtype());
  check(is_floating(x2.dtype()), "cdist only supports floating-point dtypes, X2 got: ", x2.dtype());
  check(p >= 0, "cdist only supports non-negative p values");
}

void refuse_narrow(const char* kernel, const Tensor& t) {
  if (is_reduced_floating(t.dtype())) raise_unsupported(kernel, t.dtype());
}

// A batch of matrices as the kernels take it: [batch, rows, columns].
struct Batch {
  int64_t sizes[3], strides[3];
  Array array;
  Batch(const Array& a, int64_t batch, int64_t rows, int64_t columns)
      : sizes{batch, rows, columns}, strides{rows * columns, columns, 1}, array{a.data, a.dtype, 3, sizes, strides} {}
};

[[noreturn]] void refuse_second_derivative(const char* op) {
  raise(ErrorKind::NotImplemented, str("the derivative for '", op, "' is not implemented."));
}

}  // namespace

Tensor cdist(const Tensor& x1, const Tensor& x2, double p, std::optional<int64_t> compute_mode) {
  check_cdist(x1, x2, p);
  const int64_t mode = compute_mode.value_or(0);
  check(mode >= 0 && mode <= 2, "possible modes: 0, 1, 2, but was: ", mode);
  const int64_t rows1 = x1.size(-2), rows2 = x2.size(-2);
  const bool empty = x1.numel() == 0 || x2.numel() == 0;
  if (empty || p != 2 || mode == 2 || (mode == 0 && rows1 <= 25 && rows2 <= 25))
    return _cdist_forward(x1, x2, p, compute_mode);
  const Dims batch = broadcast_sizes(batch_of(x1), batch_of(x2));
  Dims sizes(batch);
  for (const int64_t n : {rows1, rows2}) sizes.push_back(n);
  if (product(batch) == 1) return _euclidean_dist(x1, x2).view(sizes);
  return _euclidean_dist(batched(x1, batch), batched(x2, batch)).view(sizes);
}

void CdistForward::infer(Call& c, const Tensor& x1, const Tensor& x2, double p, std::optional<int64_t>) {
  check_cdist(x1, x2, p);
  const Dims batch = broadcast_sizes(batch_of(x1), batch_of(x2));
  Dims sizes(batch);
  for (const Tensor* t : {&x1, &x2}) sizes.push_back(t->size(-2));
  refuse_narrow("cdist", x1);
  check(x1.dtype() == x2.dtype(), "expected scalar type ", x1.dtype(), " but found ", x2.dtype());
  c.clear_inputs();
  c.input_owned(batched(x1, batch));
  c.input_owned(batched(x2, batch));
  c.output(sizes, x1.dtype());
  c.put(p);
}
void CdistForward::run(const Launch& l) {
  const Array &x = l.in[0], &y = l.in[1];
  const Batch out(l.out[0], x.sizes[0], x.sizes[1], y.sizes[1]);
  row_distances(x, y, l.floats[0], out.array);
}

// The kernel wants the batch dims broadcast; the engine adds up what belongs together.
void CdistBackward::infer(Call& c, const Tensor& grad, const Tensor& x1, const Tensor& x2, double p,
                          const Tensor& cdist) {
  const Dims batch = broadcast_sizes(batch_of(x1), batch_of(x2));
  Dims sizes(batch);
  for (const int64_t d : {int64_t{-2}, int64_t{-1}}) sizes.push_back(x1.size(d));
  c.clear_inputs();
  c.input_owned(batched(grad, batch));
  c.input_owned(batched(x1, batch));
  c.input_owned(batched(x2, batch));
  c.input_owned(batched(cdist, batch));
  c.output(sizes, x1.dtype());
  c.put(p);
}
void CdistBackward::run(const Launch& l) {
  const Array& x = l.in[1];
  const Batch out(l.out[0], x.sizes[0], x.sizes[1], x.sizes[2]);
  row_distances_backward(l.in[0], x, l.in[2], l.in[3], l.floats[0], out.array);
}
Tensor CdistBackward::d0(const Tensor&) { refuse_second_derivative("_cdist_backward"); }

Tensor EuclideanDist::forward(const Tensor& x1, const Tensor& x2) {
  const Tensor n1 = x1.square().sum(OptIntList(-1), true), n2 = x2.square().sum(OptIntList(-1), true);
  const Tensor left = cat({x1 * -2, n1, ones_like(n1)}, -1), right = cat({x2, ones_like(n2), n2}, -1);
  return left.matmul(right.transpose(-2, -1)).clamp_min_(0).sqrt_();
}
namespace {
Tensor per_distance(const Tensor& g, const Tensor& y) { return (g / y).masked_fill(y == 0, 0); }
}  // namespace
Tensor EuclideanDist::d0(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y) {
  const Tensor ratio = per_distance(g, y);
  return a * ratio.sum(OptIntList(-1), true) - ratio.matmul(b);
}
Tensor EuclideanDist::d1(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y) {
  const Tensor ratio = per_distance(g, y);
  return b * ratio.sum(OptIntList(-2)).unsqueeze(-1) - ratio.transpose(-2, -1).matmul(a);
}

// ---- all pairs of one matrix

Tensor pdist(const Tensor& self, double p) {
  check(self.dim() == 2, "pdist only supports 2D tensors, got: ", self.dim(), "D");
  check(is_floating(self.dtype()), "pdist only supports floating-point dtypes");
  check(p >= 0, "pdist only supports non-negative p values");
  return _pdist_forward(self.contiguous(), p);
}
void PdistForward::infer(Call& c, const Tensor& self, double p) {
  refuse_narrow("pdist", self);
  const int64_t n = self.size(0);
  c.clear_inputs();
  c.input_owned(self.contiguous());
  c.output(IntList(n * (n - 1) / 2), self.dtype());
  c.put(p);
}
void PdistForward::run(const Launch& l) { pair_distances(l.in[0], l.floats[0], l.out[0]); }
void PdistBackward::infer(Call& c, const Tensor& grad, const Tensor& self, double p, const Tensor& pdist) {
  c.clear_inputs();
  c.input_owned(grad.contiguous());
  c.input_owned(self.contiguous());
  c.input_owned(pdist.contiguous());
  c.output(self.sizes(), self.dtype());
  c.put(p);
}
void PdistBackward::run(const Launch& l) { pair_distances_backward(l.in[0], l.in[1], l.in[2], l.floats[0], l.out[0]); }
Tensor PdistBackward::d0(const Tensor&) { refuse_second_derivative("_pdist_backward"); }

// ---- row by row

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
  const int64_t last = std::max(x1.dim(), x2.dim()) - 1;
  return gradus::norm(x1 - x2 + eps, std::optional<Scalar>(p), last, keepdim);
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
  const Dims sizes = broadcast_sizes(x1.sizes(), x2.sizes());
  const DType common = promote(x1.dtype(), x2.dtype());
  check(is_floating(common), "expected common dtype to be floating point, yet common dtype is ", common);
  const Tensor a = (is_floating(x1.dtype()) ? x1 : x1.to(common)).expand(sizes);
  const Tensor b = (is_floating(x2.dtype()) ? x2 : x2.to(common)).expand(sizes);
  // Gradients pass the lower bound as if it were not there.
  const Tensor norm_a = linalg_vector_norm(a, 2, OptIntList(dim), true).clone();
  const Tensor norm_b = linalg_vector_norm(b, 2, OptIntList(dim), true).clone();
  {
    const NoGrad guard;
    norm_a.clamp_min_(eps);
    norm_b.clamp_min_(eps);
  }
  return ((a / norm_a) * (b / norm_b)).sum(OptIntList(dim));
}

}  // namespace gradus
