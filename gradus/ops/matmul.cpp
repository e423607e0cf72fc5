// Shapes of matrix products, and the one kernel behind them.
#include "gradus/ops/matmul.h"

#include "gradus/kernels/gemm.h"

namespace gradus {
namespace {

// Operands as matrices: the last two dims, with a batch dim in front if there are three.
void set_operands(Gemm& g, const Array& a, const Array& b, const Array& c) {
  const int d = a.ndim - 2;
  g.dtype = c.dtype;
  g.m = a.sizes[d];
  g.k = a.sizes[d + 1];
  g.n = b.sizes[d + 1];
  g.batch = d ? a.sizes[0] : 1;
  g.a = a.data;
  g.a_row = a.strides[d];
  g.a_col = a.strides[d + 1];
  g.a_batch = d ? a.strides[0] : 0;
  g.b = b.data;
  g.b_row = b.strides[d];
  g.b_col = b.strides[d + 1];
  g.b_batch = d ? b.strides[0] : 0;
  g.c = c.data;
  g.c_row = c.strides[d];
  g.c_col = c.strides[d + 1];
  g.c_batch = d ? c.strides[0] : 0;
}

void check_dtypes(std::string_view op, const Tensor& a, const Tensor& b) {
  check(a.dtype() == b.dtype(),
        op == "bmm" ? "expected scalar type " : "expected m1 and m2 to have the same dtype, but got: ",
        op == "bmm" ? std::string(scalar_type_name(a.dtype())) : str(name(a.dtype())),
        op == "bmm" ? " but found " : " != ",
        op == "bmm" ? std::string(scalar_type_name(b.dtype())) : str(name(b.dtype())));
  check_as(ErrorKind::NotImplemented, a.dtype() != DType::Bool, "\"addmm_impl_cpu_\" not implemented for 'Bool'");
}

void check_matrices(const Tensor& a, const Tensor& b) {
  check(a.dim() == 2, "self must be a matrix");
  check(b.dim() == 2, "mat2 must be a matrix");
  check(a.size(1) == b.size(0), "mat1 and mat2 shapes cannot be multiplied (", a.size(0), "x", a.size(1), " and ",
        b.size(0), "x", b.size(1), ")");
  check_dtypes("mm", a, b);
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

}  // namespace

void Mm::infer(Call& c, const Tensor& self, const Tensor& mat2) {
  check_matrices(self, mat2);
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
  check_dtypes("bmm", self, mat2);
  c.output({self.size(0), self.size(1), mat2.size(2)}, self.dtype());
}

void Mv::infer(Call& c, const Tensor& self, const Tensor& vec) {
  check(self.dim() == 2 && vec.dim() == 1, "vector + matrix @ vector expected, got ", vec.dim(), ", ", self.dim(), ", ",
        vec.dim());
  check(self.size(1) == vec.size(0), "size mismatch, got input (", self.size(0), "), mat (", self.size(0), "x",
        self.size(1), "), vec (", vec.size(0), ")");
  check(self.dtype() == vec.dtype(), "expected scalar type ", self.dtype(), " but found ", vec.dtype());
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
  c.output({}, self.dtype());
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
  check_as(ErrorKind::NotImplemented, self.dtype() != DType::Bool, "\"addmm_impl_cpu_\" not implemented for 'Bool'");
  const int64_t sizes[] = {mat1.size(0), mat2.size(1)};
  check(is_expandable_to(self.sizes(), {sizes, 2}), "The expanded size of the tensor (", sizes[1],
        ") must match the existing size (", self.dim() ? self.sizes().back() : 1,
        ") at non-singleton dimension 1.  Target sizes: ", IntList(sizes, 2), ".  Tensor sizes: ", self.sizes());
  if (!beta.equals(1) || !alpha.equals(1)) {
    const Tensor product = mat1.mm(mat2) * alpha;
    return beta.equals(0) ? product : self * beta + product;
  }
  Call c;
  c.input(self);
  c.input(mat1);
  c.input(mat2);
  c.output({sizes, 2}, self.dtype());
  c.run(&run_addmm);
  return c.outs()[0];
}

Tensor outer(const Tensor& self, const Tensor& vec2) {
  check(self.dim() == 1, "outer: Expected 1-D argument self, but got ", self.dim(), "-D");
  check(vec2.dim() == 1, "outer: Expected 1-D argument vec2, but got ", vec2.dim(), "-D");
  return self.unsqueeze(1) * vec2;
}

namespace {

// Leading dims of a as rows of one product with a matrix or vector.
Tensor folded(const Tensor& a, const Tensor& b) {
  Dims sizes(a.sizes());
  const Tensor rows = a.reshape({-1, a.sizes().back()});
  sizes.resize(sizes.size() - 1);
  if (b.dim() == 1) return rows.mv(b).reshape(sizes);
  sizes.push_back(b.size(1));
  return _unsafe_view(rows.mm(b), sizes);
}

Tensor batched(const Tensor& a, const Tensor& b) {
  const IntList batch_a(a.sizes().data(), a.dim() - 2), batch_b(b.sizes().data(), b.dim() - 2);
  const Dims batch = broadcast_sizes(batch_a, batch_b);
  Dims size_a(batch), size_b(batch), out(batch);
  size_a.push_back(a.size(-2));
  size_a.push_back(a.size(-1));
  size_b.push_back(b.size(-2));
  size_b.push_back(b.size(-1));
  out.push_back(a.size(-2));
  out.push_back(b.size(-1));
  const int64_t n = product(batch);
  const Tensor x = a.expand(size_a).reshape({n, a.size(-2), a.size(-1)});
  const Tensor y = b.expand(size_b).reshape({n, b.size(-2), b.size(-1)});
  return _unsafe_view(x.bmm(y), out);
}

}  // namespace

Tensor matmul(const Tensor& self, const Tensor& other) {
  const int64_t a = self.dim(), b = other.dim();
  check(a > 0 && b > 0, "both arguments to matmul need to be at least 1D, but they are ", a, "D and ", b, "D");
  if (a == 1 && b == 1) return self.dot(other);
  if (a == 2 && b == 1) return self.mv(other);
  if (a == 1 && b == 2) return self.unsqueeze(0).mm(other).squeeze(0);
  if (a == 2 && b == 2) return self.mm(other);
  if (a >= 3 && b <= 2) {
    if (b == 2)
      check(self.sizes().back() == other.size(0), "mat1 and mat2 shapes cannot be multiplied (",
            self.numel() / (self.sizes().back() ? self.sizes().back() : 1), "x", self.sizes().back(), " and ",
            other.size(0), "x", other.size(1), ")");
    return folded(self, other);
  }
  if (a == 1) return batched(self.unsqueeze(0), other).squeeze(-2);
  return batched(self, other);
}

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  const Tensor w = weight.t();
  if (!bias.defined()) return matmul(input, w);
  if (input.dim() == 2) return addmm(bias, input, w);
  if (input.dim() > 2 && weight.dim() == 2) {
    Dims sizes(input.sizes());
    const Tensor rows = addmm(bias, input.reshape({-1, input.sizes().back()}), w);
    sizes[sizes.size() - 1] = weight.size(0);
    return rows.view(sizes);
  }
  return matmul(input, w) + bias;
}

}  // namespace gradus
