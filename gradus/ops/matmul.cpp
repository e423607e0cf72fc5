// Shapes of matrix products, and the one kernel behind them.
#include "gradus/ops/matmul.h"

#include <utility>

#include "gradus/core/geometry.h"
#include "gradus/kernels/gemm.h"
#include "gradus/kernels/pool.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {

// Operands as matrices: the last two dims; the dim in front of them, if any, is the batch.
void set_operands(Gemm& g, const Array& a, const Array& b, const Array& c) {
  const int d = a.ndim - 2;
  g.dtype = c.dtype;
  g.m = a.sizes[d];
  g.k = a.sizes[d + 1];
  g.n = b.sizes[d + 1];
  g.batch = d ? a.sizes[d - 1] : 1;
  g.a = a.data;
  g.a_row = a.strides[d];
  g.a_col = a.strides[d + 1];
  g.a_batch = d ? a.strides[d - 1] : 0;
  g.b = b.data;
  g.b_row = b.strides[d];
  g.b_col = b.strides[d + 1];
  g.b_batch = d ? b.strides[d - 1] : 0;
  g.c = c.data;
  g.c_row = c.strides[d];
  g.c_col = c.strides[d + 1];
  g.c_batch = d ? c.strides[d - 1] : 0;
}

void check_not_bool(const Tensor& t, std::string_view kernel) {
  check_as(ErrorKind::NotImplemented, t.dtype() != DType::Bool, "\"", kernel, "\" not implemented for 'Bool'");
}

void run_addmm(const Launch& l) {
  Gemm g;
  set_operands(g, l.in[1], l.in[2], l.out[0]);
  const Array& start = l.in[0];
  const int lead = 2 - start.ndim;
  auto stride = [&](int d) { return d < lead || start.sizes[d - lead] == 1 ? 0 : start.strides[d - lead]; };
  g.start = start.data;
  g.start_row = stride(0);
  g.start_col = stride(1);
  gemm(g);
}

// Elements from the start to batch `index` of the dims in front of the last three.
int64_t batch_offset(const Array& a, int64_t index) {
  int64_t offset = 0;
  for (int d = a.ndim - 4; d >= 0; index /= a.sizes[d--]) offset += index % a.sizes[d] * a.strides[d];
  return offset;
}

// Products over any number of batch dims with any strides. Many small ones are shared out, large ones share themselves.
void run_batches(const Launch& l) {
  const Array &a = l.in[0], &b = l.in[1], &c = l.out[0];
  Gemm whole;
  set_operands(whole, a, b, c);
  int64_t count = 1;
  for (int d = 0; d < c.ndim - 3; ++d) count *= c.sizes[d];
  const auto some = [&](int64_t begin, int64_t end) {
    const int64_t size = item_size(c.dtype);
    for (int64_t i = begin; i < end; ++i) {
      Gemm g = whole;
      g.a = a.as<char>() + batch_offset(a, i) * size;
      g.b = b.as<char>() + batch_offset(b, i) * size;
      g.c = c.as<char>() + batch_offset(c, i) * size;
      gemm(g);
    }
  };
  const double cost = 0.025 * static_cast<double>(whole.batch * whole.m * whole.n * whole.k);
  if (count < 2 * num_threads()) some(0, count);
  else parallel_for(count, grain_for(cost), some);
}

}  // namespace

void Mm::infer(Call& c, const Tensor& self, const Tensor& mat2) {
  check(self.dim() == 2, "self must be a matrix");
  check(mat2.dim() == 2, "mat2 must be a matrix");
  check(self.size(1) == mat2.size(0), "mat1 and mat2 shapes cannot be multiplied (", self.size(0), "x", self.size(1),
        " and ", mat2.size(0), "x", mat2.size(1), ")");
  check(self.dtype() == mat2.dtype(),
        "expected m1 and m2 to have the same dtype, but got: ", cpp_type_name(self.dtype()),
        " != ", cpp_type_name(mat2.dtype()));
  check_not_bool(self, "addmm_impl_cpu_");
  c.output({self.size(0), mat2.size(1)}, self.dtype());
}
void Mm::run(const Launch& l) {
  Gemm g;
  set_operands(g, l.in[0], l.in[1], l.out[0]);
  gemm(g);
}

void Bmm::infer(Call& c, const Tensor& self, const Tensor& mat2) {
  check(self.dim() == 3, "batch1 must be a 3D tensor");
  check(mat2.dim() == 3, "batch2 must be a 3D tensor");
  check(self.size(0) == mat2.size(0) && self.size(2) == mat2.size(1),
        "Expected size for first two dimensions of batch2 tensor to be: [", self.size(0), ", ", self.size(2),
        "] but got: [", mat2.size(0), ", ", mat2.size(1), "].");
  check(self.dtype() == mat2.dtype(), "expected scalar type ", self.dtype(), " but found ", mat2.dtype());
  check_not_bool(self, "bmm");
  c.output({self.size(0), self.size(1), mat2.size(2)}, self.dtype());
}

void Mv::infer(Call& c, const Tensor& self, const Tensor& vec) {
  check_as(ErrorKind::Index, self.dim() > 0, "Dimension specified as 0 but tensor has no dimensions");
  check(self.dim() == 2 && vec.dim() == 1, "vector + matrix @ vector expected, got 1, ", self.dim(), ", ", vec.dim());
  check(self.size(1) == vec.size(0), "size mismatch, got input (", self.size(0), "), mat (", self.size(0), "x",
        self.size(1), "), vec (", vec.size(0), ")");
  check(self.dtype() == vec.dtype(), "addmv input tensors must have the same dtype, but got ", vec.dtype(), ", ",
        self.dtype(), ", and ", vec.dtype());
  check_not_bool(self, "addmv_impl_cpu");
  c.output(IntList(self.size(0)), self.dtype());
}
void Mv::run(const Launch& l) {
  const Array &m = l.in[0], &v = l.in[1], &out = l.out[0];
  Gemm g;
  g.dtype = out.dtype;
  g.m = m.sizes[0];
  g.k = m.sizes[1];
  g.n = 1;
  g.a = m.data;
  g.a_row = m.strides[0];
  g.a_col = m.strides[1];
  g.b = v.data;
  g.b_row = v.strides[0];
  g.b_col = 1;
  g.c = out.data;
  g.c_row = out.strides[0];
  g.c_col = 1;
  gemm(g);
}

void Dot::infer(Call& c, const Tensor& self, const Tensor& other) {
  check(self.dim() == 1 && other.dim() == 1, "1D tensors expected, but got ", self.dim(), "D and ", other.dim(),
        "D tensors");
  check(self.dtype() == other.dtype(), "dot : expected both vectors to have same dtype, but found ", self.dtype(),
        " and ", other.dtype());
  check(self.numel() == other.numel(), "inconsistent tensor size, expected tensor ", self.sizes(), " and src ",
        other.sizes(), " to have the same number of elements, but got ", self.numel(), " and ", other.numel(),
        " elements respectively");
  check_not_bool(self, "dot");
  c.output({}, self.dtype());
}
void check_dot_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "result dtype ", out.dtype(), " does not match input dtype ", result);
}
void Dot::run(const Launch& l) {
  Gemm g;
  g.dtype = l.out[0].dtype;
  g.m = g.n = 1;
  g.k = l.in[0].sizes[0];
  g.a = l.in[0].data;
  g.a_row = g.a_col = l.in[0].strides[0];
  g.b = l.in[1].data;
  g.b_row = l.in[1].strides[0];
  g.b_col = 1;
  g.c = l.out[0].data;
  g.c_row = g.c_col = 1;
  gemm(g);
}

Tensor Addmm::forward(const Tensor& self, const Tensor& mat1, const Tensor& mat2, Scalar beta, Scalar alpha) {
  check(mat1.dim() == 2, "mat1 must be a matrix, got ", mat1.dim(), "-D tensor");
  check(mat2.dim() == 2, "mat2 must be a matrix, got ", mat2.dim(), "-D tensor");
  check(mat1.size(1) == mat2.size(0), "mat1 and mat2 shapes cannot be multiplied (", mat1.size(0), "x", mat1.size(1),
        " and ", mat2.size(0), "x", mat2.size(1), ")");
  check(mat1.dtype() == mat2.dtype(), "mat1 and mat2 must have the same dtype, but got ", mat1.dtype(), " and ",
        mat2.dtype());
  check(self.dtype() == mat1.dtype(), "self and mat2 must have the same dtype, but got ", self.dtype(), " and ",
        mat2.dtype());
  check_not_bool(self, "addmm_impl_cpu_");
  const int64_t sizes[] = {mat1.size(0), mat2.size(1)};
  if (!(self.dim() == 1 && self.size(0) == sizes[1]) && !is_expandable_to(self.sizes(), {sizes, 2}))
    self.expand({sizes, 2});  // raises
  if (!beta.equals(1) || !alpha.equals(1)) {
    const Tensor product = mat1.mm(mat2) * factor_for(alpha, self.dtype());
    return beta.equals(0) ? product : self * factor_for(beta, self.dtype()) + product;
  }
  Call c;
  c.input(self);
  c.input(mat1);
  c.input(mat2);
  c.output({sizes, 2}, self.dtype());
  c.run(&run_addmm);
  return static_cast<Tensor&&>(c.outs()[0]);
}

Tensor outer(const Tensor& self, const Tensor& vec2) {
  check(self.dim() == 1, "outer: Expected 1-D argument self, but got ", self.dim(), "-D");
  check(vec2.dim() == 1, "outer: Expected 1-D argument vec2, but got ", vec2.dim(), "-D");
  return self.unsqueeze(1) * vec2;
}

void Addmm::check_self(const Tensor& self, const Tensor& mat1, const Tensor& mat2, Scalar, Scalar) {
  if (mat1.dim() != 2 || mat2.dim() != 2) return;  // refused by forward
  const Dims sizes{mat1.size(0), mat2.size(1)};
  check(self.sizes() == sizes, "Bad in-place call: input tensor size ", self.sizes(), " and output tensor size ", sizes,
        " should match");
}

Tensor mm(const Tensor& self, const Tensor& mat2, DType out_dtype) {
  return mm(self.to(out_dtype), mat2.to(out_dtype));
}
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, DType out_dtype, Scalar beta, Scalar alpha) {
  return addmm(self.to(out_dtype), mat1.to(out_dtype), mat2.to(out_dtype), beta, alpha);
}
Tensor bmm(const Tensor& self, const Tensor& mat2, DType out_dtype) {
  return bmm(self.to(out_dtype), mat2.to(out_dtype));
}

// ---- matmul

namespace {

// Whether a product with batches is one product of matrices: the larger operand's leading dims become rows of it.
// Without a gradient only where that needs no copy.
bool folds(const Tensor& a, const Tensor& b) {
  const bool a_larger = a.dim() >= b.dim();
  const Tensor &large = a_larger ? a : b, &small = a_larger ? b : a;
  const int64_t n = large.dim();
  if (n < 3 || small.dim() > 2) return false;
  if (small.requires_grad() && is_grad_enabled()) return true;
  if (a.dim() == 2) return false;  // the result would have to be transposed back
  if (large.numel() == 0) return true;
  Dims sizes(large.sizes()), strides(large.strides());
  if (!a_larger) {
    std::swap(sizes[n - 1], sizes[n - 2]);
    std::swap(strides[n - 1], strides[n - 2]);
  }
  for (int64_t i = 0; i + 2 < n; ++i)
    if (strides[i] != sizes[i + 1] * strides[i + 1]) return false;
  return true;
}

Tensor folded(const Tensor& a, const Tensor& b) {
  const bool transposed = b.dim() > a.dim();
  const Tensor large = transposed ? b.transpose(-2, -1) : a;
  const Tensor small = !transposed ? b : a.dim() == 2 ? a.t() : a;
  Dims sizes(large.sizes());
  sizes.resize(sizes.size() - 1);
  const Tensor rows = large.reshape({product(sizes), large.size(-1)});
  if (small.dim() == 1) return _unsafe_view(rows.mv(small), sizes);
  sizes.push_back(small.size(1));
  const Tensor out = _unsafe_view(rows.mm(small), sizes);
  return transposed ? out.transpose(-2, -1).contiguous() : out;
}

// Whether batch dims merge into one without a copy.
bool merges(const Tensor& t) {
  const Dims merged{product(IntList(t.sizes().data(), t.dim() - 2)), t.size(-2), t.size(-1)};
  Dims strides;
  return view_strides(t.sizes(), t.strides(), merged, strides);
}

// Whether to read expanded operands where they lie. Not for a gradient: it is that of the copies, which later writes to
// the operands leave alone.
bool reads_in_place(const Tensor& a, const Tensor& b) {
  if (is_grad_enabled() && (a.requires_grad() || b.requires_grad())) return false;
  if (a.dtype() != b.dtype() || a.dtype() == DType::Bool || a.size(-1) != b.size(-2)) return false;
  return !merges(a) || !merges(b);
}

Tensor product_in_place(const Tensor& a, const Tensor& b) {
  Dims sizes(a.sizes());
  sizes[a.dim() - 1] = b.size(-1);
  const Tensor out = allocate(sizes, a.dtype());
  run_into(out, &run_batches, {a, b}, {});
  return out;
}

Tensor batched(const Tensor& a, const Tensor& b) {
  const int64_t n = a.dim() > 1 ? a.size(-2) : 1, k = a.size(-1);
  const int64_t k2 = b.dim() > 1 ? b.size(-2) : b.size(-1), m = b.dim() > 1 ? b.size(-1) : 1;
  const IntList batch_a(a.sizes().data(), a.dim() > 2 ? a.dim() - 2 : 0);
  const IntList batch_b(b.sizes().data(), b.dim() > 2 ? b.dim() - 2 : 0);
  if (a.dim() == 3 && b.dim() == 3 && batch_a[0] != batch_b[0]) {  // a smaller gradient for the operand of one batch
    if (batch_a[0] == 1 && a.requires_grad()) return matmul(a.squeeze(0), b);
    if (batch_b[0] == 1 && b.requires_grad()) return matmul(a, b.squeeze(0));
  }
  const Dims batch = broadcast_sizes(batch_a, batch_b);
  const int64_t count = product(batch);
  Dims size_a(batch), size_b(batch), out(batch);
  for (int64_t s : {n, k}) size_a.push_back(s);
  size_b.push_back(k2);
  if (b.dim() > 1) size_b.push_back(m);
  const Tensor wide_a = a.expand(size_a), wide_b = b.expand(size_b);
  if (a.dim() > 1 && b.dim() > 1 && reads_in_place(wide_a, wide_b)) return product_in_place(wide_a, wide_b);
  const Tensor x = wide_a.reshape({count, n, k});
  if (a.dim() > 1) out.push_back(n);
  if (b.dim() == 1) return _unsafe_view(x.bmm(wide_b.reshape({count, k2}).unsqueeze(2)).squeeze(-1), out);
  out.push_back(m);
  return _unsafe_view(x.bmm(wide_b.reshape({count, k2, m})), out);
}

Tensor matmul_as(std::string_view name, const Tensor& self, const Tensor& other) {
  const int64_t a = self.dim(), b = other.dim();
  check(a > 0 && b > 0, "both arguments to ", name, " need to be at least 1D, but they are ", a, "D and ", b, "D");
  if (a == 1 && b == 1) return self.dot(other);
  if (a == 2 && b == 1) return self.mv(other);
  if (a == 1 && b == 2) return self.unsqueeze(0).mm(other).squeeze_(0);
  if (a == 2 && b == 2) return self.mm(other);
  return folds(self, other) ? folded(self, other) : batched(self, other);
}

}  // namespace

Tensor matmul(const Tensor& self, const Tensor& other) { return matmul_as("matmul", self, other); }
void Matmul::write_out(const Tensor* out, const Tensor& self, const Tensor& other) {
  const Tensor result = matmul(self, other);
  if (self.dim() == 1 && other.dim() == 1) check_dot_out(*out, result.dtype());
  else check_exact_out(*out, result.dtype());
  write_output(*out, result);
}

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  check(input.dim() > 0 && weight.dim() > 0, "both arguments to linear need to be at least 1D, but they are ",
        input.dim(), "D and ", weight.dim(), "D");
  const Tensor w = weight.t();
  if (!bias.defined()) return matmul(input, w);
  if (input.dim() == 2) return addmm(bias, input, w);
  if (input.is_contiguous() && (bias.dim() == 1 || bias.dim() == 2)) {
    Dims sizes(input.sizes());
    sizes.resize(sizes.size() - 1);
    const Tensor rows = addmm(bias, input.reshape({product(sizes), input.size(-1)}), w);
    sizes.push_back(rows.size(1));
    return rows.view(sizes);
  }
  return matmul(input, w).add_(bias);
}

}  // namespace gradus
