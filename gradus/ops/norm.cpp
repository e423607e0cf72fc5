// Norms and their gradients.
#include "gradus/ops/norm.h"

#include <cmath>

#include "gradus/kernels/vector_norm.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {

void run_norm(const Launch& l) {
  reduce_mapped(l.ints[2] ? Mapped::Square : Mapped::Absolute, l.in[0], KeptDims(l).array);
}

Tensor restored(const Tensor& t, const Tensor& x, const IntList& dims, bool keepdim) {
  return restore_dims(t, dims, keepdim, x.dim());
}

Tensor without_zero(const Tensor& t, const Tensor& norm) { return t.masked_fill(norm == 0, 0); }

}  // namespace

Tensor norm_value(const Tensor& x, double p, const IntList& dims, bool keepdim) {
  if (p == 1 || p == 2) {
    Call c;
    c.input(x);
    output_reduced(c, x, dims, keepdim, x.dtype());
    c.put(static_cast<int64_t>(p == 2));
    c.run(&run_norm);
    return c.outs()[0];
  }
  const OptIntList over(dims);
  if (p == 0) return x.ne(0).sum(over, keepdim, x.dtype());
  if (std::isinf(p)) return p > 0 ? x.abs().amax(dims, keepdim) : x.abs().amin(dims, keepdim);
  if (is_reduced_floating(x.dtype())) return norm_value(x.to(DType::Float32), p, dims, keepdim).to(x.dtype());
  return x.abs().pow(p).sum(over, keepdim).pow(1 / p);
}

Tensor norm_gradient(const Tensor& grad, const Tensor& x, double p, const Tensor& y, const IntList& dims,
                     bool keepdim) {
  if (p == 0) return {};  // constant almost everywhere
  const Tensor g = restored(grad, x, dims, keepdim), norm = restored(y, x, dims, keepdim);
  if (p == 1) return x.sgn() * g;
  if (p == 2) return g * without_zero(x / norm, norm);
  if (std::isinf(p)) {
    const Tensor ties = _gradus_ties(x.abs(), norm, 1);
    const Tensor count = dims.empty() ? ties.sum() : ties.sum(OptIntList(dims), true);
    return x.sgn() * (g / count * ties);
  }
  if (p < 1) return x.sgn() * x.abs().pow(p - 1).masked_fill(x == 0, 0) * g * norm.pow(1 - p);
  const Tensor scale = without_zero(g / norm.pow(p - 1), norm);
  return (p < 2 ? x.sgn() * x.abs().pow(p - 1) : x * x.abs().pow(p - 2)) * scale;
}

// ---- linalg

namespace {

bool narrows(DType from, DType to) { return promote(from, to) != to; }

void check_norm_input(std::string_view name, const Tensor& self) {
  check(is_floating(self.dtype()), name, ": Expected a floating point or complex tensor as input. Got ", self.dtype());
}

std::string order_text(double p) { return std::isinf(p) ? (p > 0 ? "inf" : "-inf") : str(Scalar(p).to_double()); }

// No dim whose extremum is asked for may be empty.
void check_identity(const Tensor& self, double p, const OptIntList& dim) {
  if (self.numel() != 0 || !(p < 0 || std::isinf(p))) return;
  std::string text = order_text(p);
  if (text.size() > 2 && text.ends_with(".0")) text.resize(text.size() - 2);
  check(dim && !dim->empty(), "linalg.vector_norm cannot compute the ", text,
        " norm on an empty tensor because the operation does not have an identity");
  for (const int64_t d : *dim)
    check(self.size(d) != 0, "linalg.vector_norm cannot compute the ", text, " norm on the dimension ", d,
          "because this dimension is empty and the operation does not have an identity");
}

}  // namespace

Tensor LinalgVectorNorm::forward(const Tensor& self, Scalar ord, const OptIntList& dim, bool keepdim, OptDType dtype) {
  const double p = ord.to_double();
  check_norm_input("linalg.vector_norm", self);
  const IntList dims = dims_or_all(dim);
  dim_mask(dims, self.dim());  // refuses wrong dims
  check_identity(self, p, dim);
  if (dtype) {
    check(is_floating(*dtype), "linalg.vector_norm: dtype should be floating point or complex, but got ", *dtype);
    check(!narrows(self.dtype(), *dtype), "linalg.vector_norm: the dtype of the input (", self.dtype(),
          ") should be convertible without narrowing to the specified dtype (", *dtype, ")");
  }
  return norm_value(dtype ? self.to(*dtype) : self, p, dims, keepdim);
}
void check_norm_out(std::string_view name, const Tensor& out, DType result) {
  check(out.dtype() == result, name, " expected out tensor dtype ", result, " but got: ", out.dtype());
}
void LinalgVectorNorm::check_out(const Tensor& out, DType result) { check_out_dtype(result, out); }
Tensor LinalgVectorNorm::d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<Scalar, 1>& ord,
                            const Attr<std::optional<Dims>, 2>& dim, const Attr<bool, 3>& keepdim) {
  return norm_gradient(g, x, ord->to_double(), y, dims_or_all(*dim), *keepdim);
}

namespace {

void check_matrix(const Tensor& self, const IntList& dim) {
  check_norm_input("linalg.matrix_norm", self);
  check(self.dim() >= 2, "linalg.matrix_norm: The input tensor A must have at least 2 dimensions.");
  std::string shown;
  for (const int64_t d : dim) shown += (shown.empty() ? "" : " ") + std::to_string(d);
  check(dim.size() == 2, "linalg.matrix_norm: dim must be a 2-tuple. Got ", shown);
  const int64_t a = wrap_dim(dim[0], self.dim()), b = wrap_dim(dim[1], self.dim());
  check(a != b, "linalg.matrix_norm: dims must be different. Got (", a, ", ", b, ")");
}

[[noreturn]] void refuse_singular_values(std::string_view order) {
  raise(ErrorKind::NotImplemented,
        str("linalg.matrix_norm: order ", order, " needs singular values, which Gradus does not have yet"));
}

}  // namespace

Tensor linalg_matrix_norm(const Tensor& self, Scalar ord, IntList dim, bool keepdim, OptDType dtype) {
  check_matrix(self, dim);
  const double p = ord.to_double(), size = std::fabs(p);
  if (size == 2) refuse_singular_values(p > 0 ? "2" : "-2");
  std::string text = order_text(p);
  if (!ord.is_float() && text.ends_with(".0")) text.resize(text.size() - 2);
  check(size == 1 || std::isinf(size), "linalg.matrix_norm: Order ", text, " not supported.");
  int64_t summed = wrap_dim(dim[0], self.dim()), rest = wrap_dim(dim[1], self.dim());
  if (size != 1) std::swap(summed, rest);
  if (!keepdim && summed < rest) --rest;
  const Tensor sums = linalg_vector_norm(self, 1, OptIntList(summed), keepdim, dtype);
  if (p > 0 && sums.size(rest) == 0) return sums.sum(OptIntList(rest), keepdim);  // 0
  return p > 0 ? sums.amax(rest, keepdim) : sums.amin(rest, keepdim);
}
Tensor linalg_matrix_norm(const Tensor& self, std::string_view ord, IntList dim, bool keepdim, OptDType dtype) {
  check_matrix(self, dim);
  if (ord == "nuc") refuse_singular_values("nuc");
  check(ord == "fro", "linalg.matrix_norm: Order ", ord, " not supported.");
  return linalg_vector_norm(self, 2, OptIntList(dim), keepdim, dtype);
}

namespace {
void check_norm_dims(const Tensor& self, bool has_order, const OptIntList& dim) {
  if (dim)
    check(dim->size() == 1 || dim->size() == 2, "linalg.norm: If dim is specified, it must be of length 1 or 2. Got ",
          *dim);
  else
    check(!has_order || self.dim() == 1 || self.dim() == 2,
          "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ", self.dim(), "D.");
}
}  // namespace

Tensor linalg_norm(const Tensor& self, std::optional<Scalar> ord, OptIntList dim, bool keepdim, OptDType dtype) {
  check_norm_dims(self, ord.has_value(), dim);
  const Dims both{0, 1};
  if (ord && (dim ? dim->size() == 2 : self.dim() == 2))
    return linalg_matrix_norm(self, *ord, dim ? *dim : IntList(both), keepdim, dtype);
  return linalg_vector_norm(self, ord.value_or(Scalar(2)), dim, keepdim, dtype);
}
Tensor linalg_norm(const Tensor& self, std::string_view ord, OptIntList dim, bool keepdim, OptDType dtype) {
  check_norm_dims(self, true, dim);
  const Dims both{0, 1};
  return linalg_matrix_norm(self, ord, dim ? *dim : IntList(both), keepdim, dtype);
}

// ---- norm

namespace {
Tensor plain_norm(const Tensor& self, const std::optional<Scalar>& p, const IntList& dim, bool keepdim,
                  OptDType dtype) {
  const DType t = dtype.value_or(self.dtype());
  check(is_floating(self.dtype()), "norm(): input dtype should be either floating point or complex. Got ", self.dtype(),
        " instead.");
  check(is_floating(t), "norm(): the desired output dtype should be either floating point or complex. Got ", t,
        " instead.");
  return LinalgVectorNorm::forward(self.to(t), p.value_or(Scalar(2)), dim.empty() ? OptIntList() : OptIntList(dim),
                                   keepdim, {});
}
}  // namespace

Tensor NormAll::forward(const Tensor& self, Scalar p) { return plain_norm(self, p, {}, false, {}); }
Tensor NormDim::forward(const Tensor& self, const std::optional<Scalar>& p, const IntList& dim, bool keepdim) {
  return plain_norm(self, p, dim, keepdim, {});
}
Tensor NormAllDtype::forward(const Tensor& self, const std::optional<Scalar>& p, DType dtype) {
  return plain_norm(self, p, {}, false, dtype);
}
Tensor NormDimDtype::forward(const Tensor& self, const std::optional<Scalar>& p, const IntList& dim, bool keepdim,
                             DType dtype) {
  return plain_norm(self, p, dim, keepdim, dtype);
}

Tensor norm_except_dim(const Tensor& v, int64_t pow, int64_t dim) {
  if (dim == -1) return gradus::norm(v, Scalar(static_cast<long>(pow)));
  Dims sizes(v.dim(), 1);
  const auto p = std::optional<Scalar>(static_cast<long>(pow));
  if (dim == 0) {
    sizes[0] = v.size(0);
    return gradus::norm(v.contiguous().view({v.size(0), -1}), p, 1).view(sizes);
  }
  if (dim == v.dim() - 1) {
    sizes[dim] = v.size(dim);
    return gradus::norm(v.contiguous().view({-1, v.size(dim)}), p, 0).view(sizes);
  }
  return norm_except_dim(v.transpose(0, dim), pow, 0).transpose(0, dim);
}

// ---- renorm

namespace {

Dims other_dims(const Tensor& x, int64_t dim) {
  const int64_t d = wrap_dim(dim, x.dim());
  Dims others;
  for (int64_t i = 0; i < x.dim(); ++i)
    if (i != d) others.push_back(i);
  return others;
}

// 16-bit floats take their norm in float32.
Tensor slice_norms(const Tensor& x, double p, int64_t dim) {
  const OptDType wide = is_reduced_floating(x.dtype()) ? OptDType(DType::Float32) : OptDType();
  return linalg_vector_norm(x, p, OptIntList(other_dims(x, dim)), true, wide);
}

}  // namespace

Tensor Renorm::forward(const Tensor& self, Scalar p, int64_t dim, Scalar maxnorm) {
  check(p.to_double() > 0, "renorm: non-positive-norm not supported");
  const double most = maxnorm.to_double();
  check(most >= 0, "renorm: expected maxnorm to be >= 0 but got ",
        maxnorm.is_float() ? str(most) : std::to_string(maxnorm.to_int()));
  check(self.dim() > 1, "renorm: input needs at least 2 dimensions, got ", self.dim(), " dimensions");
  wrap_dim(dim, self.dim());
  const Tensor norm = slice_norms(self, p.to_double(), dim);
  const Tensor factor = where(norm > maxnorm, most / (norm + 1e-7), ones_like(norm));
  return self * factor.to(self.dtype());
}
Tensor Renorm::d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& p, const Attr<int64_t, 2>& dim,
                  const Attr<Scalar, 3>& maxnorm) {
  const Dims others = other_dims(x, *dim);
  const Tensor norm = slice_norms(x, p->to_double(), *dim);
  const Tensor along = (x * g).sum(OptIntList(others), true, norm.dtype());
  const Tensor inverse = (norm + 1e-7).reciprocal();
  const Tensor through_norm = norm_gradient(along, x, p->to_double(), norm, others, true);
  const Tensor scaled = inverse * *maxnorm * (through_norm.defined() ? g - inverse * through_norm : g);
  return where(norm > *maxnorm, scaled.to(g.dtype()), g);
}

}  // namespace gradus
