// Inference, kernels and gradients of variances.
#include "gradus/ops/variance.h"

#include <limits>

#include "gradus/kernels/reduce.h"

namespace gradus {
namespace {

using Correction = std::optional<Scalar>;

double correction_or_one(const Correction& correction) { return correction ? correction->to_double() : 1; }
Scalar correction_of(bool unbiased) { return unbiased ? 1 : 0; }

void infer_spread(Call& c, std::string_view name, const Tensor& self, const OptIntList& dim,
                  const Correction& correction, bool keepdim) {
  check(is_floating(self.dtype()), name, " only support floating point and complex dtypes");
  output_reduced(c, self, dims_or_all(dim), keepdim, self.dtype());
  c.put(correction_or_one(correction));
}

void infer_with_mean(Call& c, std::string_view name, const Tensor& self, const OptIntList& dim,
                     const Correction& correction, bool keepdim) {
  infer_spread(c, name, self, dim, correction, keepdim);
  c.output(c.outs()[0].sizes(), self.dtype());
}

void run_spread(bool take_sqrt, const Launch& l) { reduce_var(l.in[0], KeptDims(l).array, l.floats[0], take_sqrt); }
void run_with_mean(bool take_sqrt, const Launch& l) {
  const KeptDims mean(l, 1);
  reduce_var(l.in[0], KeptDims(l, 0).array, l.floats[0], take_sqrt, &mean.array);
}

// d variance / d x = 2 (x - mean) / (n - correction)
Tensor var_gradient(const Tensor& g, const Tensor& x, const IntList& dims, const Correction& correction, bool keepdim) {
  const int64_t count = reduced_count(x.sizes(), dim_mask(dims, x.dim()));
  const double freedom = static_cast<double>(count) - correction_or_one(correction);
  if (dims.empty() || x.dim() == 0) {
    const Tensor deviation = x - x.mean();
    if (freedom > 0) return g * (2 / freedom) * deviation;
    // Infinite, but not a number at the mean itself.
    return g * (deviation * deviation * std::numeric_limits<double>::infinity());
  }
  return restore_dims(g, dims, keepdim, x.dim()) * (2 / freedom) * (x - x.mean(dims, true));
}

Tensor mean_gradient(const Tensor& g, const Tensor& x, const IntList& dims, bool keepdim) {
  const int64_t count = reduced_count(x.sizes(), dim_mask(dims, x.dim()));
  return restore_dims(g, dims, keepdim, x.dim()).expand(x.sizes()) / count;
}

Tensor sum_of_defined(const Tensor& a, const Tensor& b) {
  if (!a.defined()) return b;
  return b.defined() ? a + b : a;
}

}  // namespace

void Var::infer(Call& c, const Tensor& self, const OptIntList& dim, const Correction& correction, bool keepdim) {
  infer_spread(c, "std and var", self, dim, correction, keepdim);
}
void Var::run(const Launch& l) { run_spread(false, l); }
void Var::write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, const Correction& correction,
                    bool keepdim) {
  write_output(*out, var(self, dim, correction, keepdim));
}
Tensor Var::d0(const Tensor& g, const In<0>& x, const Attr<std::optional<Dims>, 1>& dim,
               const Attr<Correction, 2>& correction, const Attr<bool, 3>& keepdim) {
  return var_gradient(g, x, dims_or_all(*dim), *correction, *keepdim);
}
Tensor var_all(const Tensor& self, bool unbiased) { return var(self, {}, correction_of(unbiased)); }
Tensor var_dim(const Tensor& self, OptIntList dim, bool unbiased, bool keepdim) {
  return var(self, dim, correction_of(unbiased), keepdim);
}

void Std::run(const Launch& l) { run_spread(true, l); }
void Std::write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, const Correction& correction,
                    bool keepdim) {
  write_output(*out, gradus::std(self, dim, correction, keepdim));
}
Tensor Std::d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<std::optional<Dims>, 1>& dim,
               const Attr<Correction, 2>& correction, const Attr<bool, 3>& keepdim) {
  return var_gradient(_gradus_half_quotient(g, y), x, dims_or_all(*dim), *correction, *keepdim);
}
Tensor std_all(const Tensor& self, bool unbiased) { return gradus::std(self, {}, correction_of(unbiased)); }
Tensor std_dim(const Tensor& self, OptIntList dim, bool unbiased, bool keepdim) {
  return gradus::std(self, dim, correction_of(unbiased), keepdim);
}

void VarMean::infer(Call& c, const Tensor& self, const OptIntList& dim, const Correction& correction, bool keepdim) {
  infer_with_mean(c, "var_mean", self, dim, correction, keepdim);
}
void VarMean::run(const Launch& l) { run_with_mean(false, l); }
Tensor VarMean::d0(const Tensor& g, const Grad<1>& g_mean, const In<0>& x, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<Correction, 2>& correction, const Attr<bool, 3>& keepdim) {
  const IntList dims = dims_or_all(*dim);
  return sum_of_defined(g.defined() ? var_gradient(g, x, dims, *correction, *keepdim) : Tensor(),
                        g_mean.defined() ? mean_gradient(g_mean, x, dims, *keepdim) : Tensor());
}
std::tuple<Tensor, Tensor> var_mean_all(const Tensor& self, bool unbiased) {
  return var_mean(self, {}, correction_of(unbiased));
}
std::tuple<Tensor, Tensor> var_mean_dim(const Tensor& self, OptIntList dim, bool unbiased, bool keepdim) {
  return var_mean(self, dim, correction_of(unbiased), keepdim);
}

void StdMean::infer(Call& c, const Tensor& self, const OptIntList& dim, const Correction& correction, bool keepdim) {
  infer_with_mean(c, "std_mean", self, dim, correction, keepdim);
}
void StdMean::run(const Launch& l) { run_with_mean(true, l); }
Tensor StdMean::d0(const Tensor& g, const Grad<1>& g_mean, const In<0>& x, const Out<0>& y,
                   const Attr<std::optional<Dims>, 1>& dim, const Attr<Correction, 2>& correction,
                   const Attr<bool, 3>& keepdim) {
  const IntList dims = dims_or_all(*dim);
  return sum_of_defined(
      g.defined() ? var_gradient(_gradus_half_quotient(g, y), x, dims, *correction, *keepdim) : Tensor(),
      g_mean.defined() ? mean_gradient(g_mean, x, dims, *keepdim) : Tensor());
}
std::tuple<Tensor, Tensor> std_mean_all(const Tensor& self, bool unbiased) {
  return std_mean(self, {}, correction_of(unbiased));
}
std::tuple<Tensor, Tensor> std_mean_dim(const Tensor& self, OptIntList dim, bool unbiased, bool keepdim) {
  return std_mean(self, dim, correction_of(unbiased), keepdim);
}

}  // namespace gradus
