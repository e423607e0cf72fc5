// Products made of others, and their checks.
#include "gradus/ops/products.h"

#include "gradus/kernels/cross.h"
#include "gradus/ops/matmul.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {

// ---- sums over dims

Tensor tensordot(const Tensor& self, const Tensor& other, IntList dims_self, IntList dims_other) {
  check(dims_self.size() == dims_other.size(), "both dimension lists should have same length");
  check(self.dtype() == other.dtype(), "both inputs should have same dtype");
  Tensor a = self, b = other;
  uint64_t in_a = 0, in_b = 0;
  Dims order_a, order_b, summed_a, sizes;
  int64_t n_summed = 1, n_a = 1, n_b = 1;
  for (int64_t i = 0; i < dims_self.size(); ++i) {
    check_as(ErrorKind::Index, self.dim() > 0 && other.dim() > 0, "Dimension specified as ",
             self.dim() ? dims_other[i] : dims_self[i], " but tensor has no dimensions");
    const int64_t p = wrap_dim(dims_self[i], self.dim()), q = wrap_dim(dims_other[i], other.dim());
    check(!(in_a >> p & 1u) && !(in_b >> q & 1u), "dim ", in_a >> p & 1u ? p : q,
          " appears multiple times in the list of dims");
    in_a |= uint64_t{1} << p;
    in_b |= uint64_t{1} << q;
    if (b.size(q) == 1) a = a.sum(OptIntList(p), true, a.dtype());
    else if (a.size(p) == 1) b = b.sum(OptIntList(q), true, b.dtype());
    else
      check(a.size(p) == b.size(q), "contracted dimensions need to match, but first has size ", a.size(p), " in dim ",
            dims_self[i], " and second has size ", b.size(q), " in dim ", dims_other[i]);
    n_summed *= a.size(p);
    summed_a.push_back(p);
    order_b.push_back(q);
  }
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (in_a >> i & 1u) continue;
    order_a.push_back(i);
    sizes.push_back(a.size(i));
    n_a *= a.size(i);
  }
  for (const int64_t p : summed_a) order_a.push_back(p);
  for (int64_t i = 0; i < other.dim(); ++i) {
    if (in_b >> i & 1u) continue;
    order_b.push_back(i);
    sizes.push_back(b.size(i));
    n_b *= b.size(i);
  }
  const Tensor left = a.permute(order_a).reshape({n_a, n_summed});
  return left.mm(b.permute(order_b).reshape({n_summed, n_b})).reshape(sizes);
}

void Tensordot::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "tensordot: Expected the output tensor to have dtype ", result,
        ", but got an output tensor with dtype ", out.dtype());
}

Tensor inner(const Tensor& self, const Tensor& other) {
  if (self.dim() == 0 || other.dim() == 0) return self * other;
  check(self.size(-1) == other.size(-1), "inner() the last dimension must match on both input tensors but got shapes ",
        self.sizes(), " and ", other.sizes());
  if (self.dtype() == DType::Bool && self.dim() == 1 && other.dim() == 1) return self.dot(other);  // refuses it
  return tensordot(self, other, -1, -1);
}
void Inner::write_out(const Tensor* out, const Tensor& self, const Tensor& other) {
  write_output(*out, self * other);  // one of them is a scalar
}

Tensor ger(const Tensor& self, const Tensor& vec2) { return outer(self, vec2); }
void Vdot::check_out(const Tensor& out, DType result) { check_dot_out(out, result); }

Tensor kron(const Tensor& self, const Tensor& other) {
  const int64_t n = std::max(self.dim(), other.dim());
  Dims a, b, sizes;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t p = i - (n - self.dim()), q = i - (n - other.dim());
    const int64_t x = p >= 0 ? self.size(p) : 1, y = q >= 0 ? other.size(q) : 1;
    for (const int64_t v : {x, int64_t{1}}) a.push_back(v);
    for (const int64_t v : {int64_t{1}, y}) b.push_back(v);
    sizes.push_back(x * y);
  }
  return _unsafe_view(self.reshape(a) * other.reshape(b), sizes);
}

// ---- with an addend

namespace {

// beta * self + alpha * product; self counts for nothing with beta = 0, not even its NaN.
Tensor weighted(const Tensor& self, const Tensor& product, const Scalar& beta, const Scalar& alpha) {
  const DType t = product.dtype();
  const Tensor right = alpha.equals(1) ? product : product * factor_for(alpha, t);
  if (beta.equals(0)) return right;
  return (beta.equals(1) ? self : self * factor_for(beta, t)) + right;
}

void check_bad_inplace(const Tensor& self, const Dims& sizes) {
  check(self.sizes() == sizes, "Bad in-place call: input tensor size ", self.sizes(), " and output tensor size ", sizes,
        " should match");
}

void refuse_bool_in(std::string_view kernel, const Tensor& t) {
  check_as(ErrorKind::NotImplemented, t.dtype() != DType::Bool, "\"", kernel, "\" not implemented for 'Bool'");
}

std::string type_text(const Tensor& t) { return cpp_type_name(t.dtype()); }

}  // namespace

Tensor Addbmm::forward(const Tensor& self, const Tensor& batch1, const Tensor& batch2, Scalar beta, Scalar alpha) {
  if (!is_expandable_to(self.sizes(), Dims{batch1.size(1), batch2.size(2)}))
    self.expand({batch1.size(1), batch2.size(2)});  // raises
  check(batch1.dim() == 3, "batch1 must be a 3D tensor");
  check(batch2.dim() == 3, "batch2 must be a 3D tensor");
  const int64_t n = batch1.size(0), rows = batch1.size(1), inner = batch1.size(2), cols = batch2.size(2);
  check(n == batch2.size(0), "batch1 and batch2 must have same number of batches, got ", n, " and ", batch2.size(0));
  check(inner == batch2.size(1), "Incompatible matrix sizes for bmm (", rows, "x", inner, " and ", batch2.size(1), "x",
        cols, ")");
  for (const Tensor* t : {&batch1, &batch2})
    check(self.dtype() == t->dtype(), "self and mat2 must have the same dtype, but got ", self.dtype(), " and ",
          t->dtype());
  refuse_bool_in("addmm_impl_cpu_", self);
  if (n == 0) return weighted(self, zeros({rows, cols}, self.dtype()), beta, alpha);
  Tensor out = addmm(self, batch1.select(0, 0), batch2.select(0, 0), beta, alpha);
  for (int64_t i = 1; i < n; ++i) out = addmm(out, batch1.select(0, i), batch2.select(0, i), 1, alpha);
  return out;
}
void Addbmm::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "self and mat2 must have the same dtype, but got ", out.dtype(), " and ", result);
}

Tensor Baddbmm::forward(const Tensor& self, const Tensor& batch1, const Tensor& batch2, Scalar beta, Scalar alpha) {
  const Dims sizes{batch1.size(0), batch1.size(1), batch2.size(2)};
  if (!is_expandable_to(self.sizes(), sizes)) self.expand(sizes);  // raises
  check(batch1.dim() == 3, "batch1 must be a 3D tensor");
  check(batch2.dim() == 3, "batch2 must be a 3D tensor");
  check(batch1.dtype() != self.dtype() || batch1.dtype() == batch2.dtype(), "expected scalar type ", batch1.dtype(),
        " but found ", batch2.dtype());
  check(self.dtype() == batch1.dtype(), "Input dtypes must be the same, got: input ", type_text(self),
        ", batch1: ", type_text(batch1), ", batch2: ", type_text(batch2));
  if (batch1.size(0) == batch2.size(0) && batch1.size(2) == batch2.size(1)) refuse_bool_in("baddbmm", self);
  return weighted(self, batch1.bmm(batch2), beta, alpha);
}
void Baddbmm::check_self(const Tensor& self, const Tensor& batch1, const Tensor& batch2, Scalar, Scalar) {
  if (batch1.dim() != 3 || batch2.dim() != 3) return;  // refused by forward
  const Dims sizes{batch1.size(0), batch1.size(1), batch2.size(2)};
  if (is_expandable_to(self.sizes(), sizes)) check_bad_inplace(self, sizes);
}
Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, DType out_dtype, Scalar beta,
               Scalar alpha) {
  return baddbmm(self.to(out_dtype), batch1.to(out_dtype), batch2.to(out_dtype), beta, alpha);
}

Tensor Addmv::forward(const Tensor& self, const Tensor& mat, const Tensor& vec, Scalar beta, Scalar alpha) {
  check(mat.dim() == 2 && vec.dim() == 1 && self.dim() <= 1, "vector + matrix @ vector expected, got ", self.dim(),
        ", ", mat.dim(), ", ", vec.dim());
  check(mat.size(1) == vec.size(0) && (mat.size(0) == self.numel() || self.numel() == 1), "size mismatch, got input (",
        self.dim() ? self.size(0) : 1, "), mat (", mat.size(0), "x", mat.size(1), "), vec (", vec.size(0), ")");
  check(self.dtype() == mat.dtype() && mat.dtype() == vec.dtype(),
        "addmv input tensors must have the same dtype, but got ", self.dtype(), ", ", mat.dtype(), ", and ",
        vec.dtype());
  refuse_bool_in("addmv_impl_cpu", self);
  return weighted(self, mat.mv(vec), beta, alpha);
}
void Addmv::check_self(const Tensor& self, const Tensor& mat, const Tensor& vec, Scalar beta, Scalar alpha) {
  const bool fits = self.dim() <= 1 && mat.dim() == 2 && vec.dim() == 1 && mat.size(1) == vec.size(0);
  if (!fits || self.dtype() != mat.dtype() || mat.dtype() != vec.dtype()) return;  // refused by forward
  if (self.dim() == 1 && self.numel() != 1 && self.numel() != mat.size(0)) return;
  check_bad_inplace(self, Dims{mat.size(0)});
}

Tensor Addr::forward(const Tensor& self, const Tensor& vec1, const Tensor& vec2, Scalar beta, Scalar alpha) {
  check(vec1.dim() == 1, "addr: Expected 1-D argument vec1, but got ", vec1.dim(), "-D");
  check(vec2.dim() == 1, "addr: Expected 1-D argument vec2, but got ", vec2.dim(), "-D");
  const DType common = promote(self.dtype(), promote(vec1.dtype(), vec2.dtype()));
  if (!is_floating(common)) {
    for (const Scalar* s : {&beta, &alpha})
      check(!s->is_float(), "For integral input tensors, argument ", s == &beta ? "beta" : "alpha",
            " must not be a floating point number.");
  }
  const Dims sizes{vec1.size(0), vec2.size(0)};
  if (!is_expandable_to(self.sizes(), sizes)) self.expand(sizes);  // raises
  if (is_floating(common) && beta.equals(1) && !is_reduced_floating(common))
    return addcmul(self.to(common), vec1.to(common).unsqueeze(1), vec2.to(common), alpha);
  const Tensor product = vec1.to(common).unsqueeze(1) * vec2.to(common);
  if (common != DType::Bool) return weighted(self.to(common), product, beta, alpha);
  const Tensor right = alpha.to_bool() ? product : zeros_like(product);
  return beta.to_bool() ? self.logical_or(right) : right;
}
void Addr::check_self(const Tensor& self, const Tensor& vec1, const Tensor& vec2, Scalar, Scalar) {
  if (vec1.dim() != 1 || vec2.dim() != 1) return;  // refused by forward
  check(self.dim() == 2, "2D tensor expected, got ", self.dim(), "D tensor for input");
  check(self.size(0) == vec1.size(0) && self.size(1) == vec2.size(0), "size mismatch, input: ", self.sizes(),
        ", v1: ", vec1.sizes(), ", v2: ", vec2.sizes());
}

// ---- chains and powers

namespace {

// The cheapest way to multiply a chain: split[i][j] is where the product of matrices i to j is cut.
Tensor multiply_chain(const Tensors& m) {
  const size_t n = m.size();
  const auto rows = [&](size_t i) { return i < n ? m[i].size(0) : m[n - 1].size(1); };
  std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
  std::vector<std::vector<size_t>> split(n, std::vector<size_t>(n, 0));
  for (size_t length = 1; length < n; ++length)
    for (size_t i = 0; i + length < n; ++i) {
      const size_t j = i + length;
      cost[i][j] = __builtin_inf();
      for (size_t k = i; k < j; ++k) {
        const double c =
            cost[i][k] + cost[k + 1][j] +
            static_cast<double>(rows(i)) * static_cast<double>(rows(k + 1)) * static_cast<double>(rows(j + 1));
        if (c < cost[i][j]) {
          cost[i][j] = c;
          split[i][j] = k;
        }
      }
    }
  const auto product = [&](auto&& self, size_t i, size_t j) -> Tensor {
    if (i == j) return m[i];
    return self(self, i, split[i][j]).mm(self(self, split[i][j] + 1, j));
  };
  return product(product, 0, n - 1);
}

}  // namespace

Tensor linalg_multi_dot(TensorList tensors) {
  const int64_t n = tensors.size();
  check(n >= 2, "multi_dot(): expected at least 2 tensors but got ", n);
  Tensors m(tensors.begin(), tensors.end());
  Dims sizes;
  Tensor &first = m.front(), &last = m.back();
  check(first.dim() == 1 || first.dim() == 2, "multi_dot(): the first tensor must be 1D or 2D but got ", first.dim(),
        "D");
  if (first.dim() == 1) first = first.unsqueeze(0);
  else sizes.push_back(first.size(0));
  check(last.dim() == 1 || last.dim() == 2, "multi_dot(): the last tensor must be 1D or 2D but got ", last.dim(), "D");
  if (last.dim() == 1) last = last.unsqueeze(-1);
  else sizes.push_back(last.size(1));
  for (int64_t i = 0; i < n; ++i) {
    const auto k = static_cast<size_t>(i);
    check(m[k].dim() == 2, "multi_dot(): tensor ", i, " must be 2D but got ", m[k].dim(), "D");
    check(m[k].dtype() == m[0].dtype(), "multi_dot(): all tensors must have be the same dtype but tensor 0 is ",
          cpp_type_name(m[0].dtype()), " and tensor ", i, " ", cpp_type_name(m[k].dtype()));
    if (i == 0) continue;
    check(m[k - 1].size(1) == m[k].size(0), "multi_dot(): tensors ", i - 1, " and ", i, " with shapes ",
          m[k - 1].sizes(), " and ", m[k].sizes(), " cannot be multiplied");
  }
  return multiply_chain(m).view(sizes);
}
Tensor chain_matmul(TensorList matrices) {
  for (const Tensor& t : matrices) check(t.dim() == 2, "Tensor dimension is ", t.dim(), ", expected 2 instead.");
  check(!matrices.empty(), "chain_matmul(): Expected one or more matrices");
  return matrices.size() == 1 ? matrices[0].clone() : linalg_multi_dot(matrices);
}

Tensor linalg_matrix_power(const Tensor& self, int64_t n) {
  check(self.dim() >= 2, "linalg.matrix_power: The input tensor A must have at least 2 dimensions.");
  check(self.size(-1) == self.size(-2), "linalg.matrix_power: A must be batches of square matrices, but they are ",
        self.size(-2), " by ", self.size(-1), " matrices");
  check_as(ErrorKind::NotImplemented, n >= 0, "linalg.matrix_power: negative powers need an inverse, which Gradus ",
           "does not have yet");
  if (n == 0) return self.clone(MemoryFormat::Contiguous).copy_(eye(self.size(-1), self.dtype()));
  if (n == 1) return self.clone();
  if (n == 3) return self.matmul(self).matmul(self);
  Tensor power = self, result;
  for (int64_t rest = n;; power = power.matmul(power)) {
    if (rest & 1) result = result.defined() ? result.matmul(power) : power;
    rest >>= 1;
    if (rest == 0) return result;
  }
}
Tensor matrix_power(const Tensor& self, int64_t n) { return linalg_matrix_power(self, n); }
void LinalgMatrixPower::write_out(const Tensor* out, const Tensor& self, int64_t n) {
  const Tensor result = linalg_matrix_power(self, n);
  check(can_cast(result.dtype(), out->dtype()), "matrix_power: Expected result to be safely castable from ",
        result.dtype(), " dtype, but got result with dtype ", out->dtype());
  write_output(*out, result);
}

// ---- along one dim

void LinalgCross::infer(Call& c, const Tensor& self, const Tensor& other, int64_t dim) {
  check(self.dim() == other.dim(), "linalg.cross: inputs must have the same number of dimensions.");
  const int64_t d = wrap_dim(dim, self.dim());
  check(self.dim() > 0 && self.size(d) == 3 && other.size(d) == 3, "linalg.cross: inputs dimension ", dim,
        " must have length 3. Got ", self.size(d), " and ", other.size(d));
  const Dims sizes = broadcast_sizes(self.sizes(), other.sizes());
  refuse_bool_in("cross", self);
  check(self.dtype() == other.dtype(), "expected scalar type ", self.dtype(), " but found ", other.dtype());
  c.clear_inputs();
  c.input_owned(self.expand(sizes));
  c.input_owned(other.expand(sizes));
  c.output(sizes, self.dtype());
  c.put(d);
}
void LinalgCross::run(const Launch& l) { cross(l.in[0], l.in[1], l.out[0], static_cast<int>(l.ints[0])); }
void LinalgCross::check_out(const Tensor& out, DType result) { check_out_dtype(result, out); }

Tensor cross(const Tensor& self, const Tensor& other, std::optional<int64_t> dim) {
  if (dim) return linalg_cross(self, other, *dim);
  warn(
      "Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or "
      "simply "
      "use torch.linalg.cross.\nThe default value of dim will change to agree with that of linalg.cross in a future "
      "release.");
  for (int64_t d = 0; d < self.dim(); ++d)
    if (self.size(d) == 3) return linalg_cross(self, other, d);
  raise(ErrorKind::Runtime, "no dimension of size 3 in input");
}

Tensor linalg_vecdot(const Tensor& x, const Tensor& y, int64_t dim) {
  check(is_floating(x.dtype()), "linalg.vecdot: Expected a floating point or complex tensor as input. Got ", x.dtype());
  check(x.dtype() == y.dtype(), "linalg.vecdot: Expected x and y to have the same dtype, but found x of type ",
        x.dtype(), " and y of type ", y.dtype(), " instead");
  if (x.dim() == 1 && y.dim() == 1 && x.numel() == y.numel()) {
    wrap_dim(dim, 1);
    return x.vdot(y);
  }
  return (x * y).sum(OptIntList(dim));
}
void LinalgVecdot::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "linalg.vecdot: Expected out of dtype", result, " but found ", out.dtype());
}

namespace {
void check_bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias) {
  check(x1.dtype() == x2.dtype() && x1.dtype() == weight.dtype(),
        "All tensors must have the same dtype, got input1: ", cpp_type_name(x1.dtype()),
        ", input2: ", cpp_type_name(x2.dtype()), ", weight: ", cpp_type_name(weight.dtype()));
  check(x1.dim() == x2.dim(), "bilinear(): input dimensions do not match: got ", x1.dim(), " and ", x2.dim());
  for (int64_t i = 0; i + 1 < x1.dim(); ++i)
    check(x1.size(i) == x2.size(i), "bilinear(): input batch dimensions do not match at dim ", i, ": got ", x1.size(i),
          " and ", x2.size(i));
  check(x1.size(-1) == weight.size(1), "bilinear(): input1 size does not match weight size: got ", x1.size(-1),
        " but expected ", weight.size(1));
  check(x2.size(-1) == weight.size(2), "bilinear(): input2 size does not match weight size: got ", x2.size(-1),
        " but expected ", weight.size(2));
  check(!bias.defined() || bias.size(0) == weight.size(0), "bilinear(): bias size does not match weight size: got ",
        bias.defined() ? bias.size(0) : 0, " but expected ", weight.size(0));
}
}  // namespace

Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight, const Tensor& bias) {
  check_bilinear(input1, input2, weight, bias);
  const int64_t n_out = weight.size(0), n1 = weight.size(1), n2 = weight.size(2);
  Dims sizes(input1.sizes());
  sizes[sizes.size() - 1] = n_out;
  const Tensor rows1 = input1.reshape({-1, n1}), rows2 = input2.reshape({-1, n2});
  // [n, out, in2] = rows1 @ weight, then a product with each row of the other input.
  const Tensor half = rows1.mm(weight.permute({1, 0, 2}).reshape({n1, n_out * n2})).view({-1, n_out, n2});
  const Tensor out = half.bmm(rows2.unsqueeze(2)).view(sizes);
  return bias.defined() ? out + bias : out;
}

}  // namespace gradus
