// Inference, kernels and gradients of sums, means, products and truth values.
#include "gradus/ops/reduce.h"

#include <limits>

#include "gradus/kernels/reduce.h"

namespace gradus {
namespace {

void run_reduction(Reduction op, const Launch& l) { reduce(op, l.in[0], KeptDims(l).array); }

DType sum_dtype(const Tensor& self, OptDType dtype) {
  return dtype ? *dtype : is_floating(self.dtype()) ? self.dtype() : DType::Int64;
}

DType mean_dtype(const Tensor& self, OptDType dtype) {
  const DType t = dtype.value_or(self.dtype());
  check(is_floating(t), "mean(): could not infer output dtype. ", dtype ? "Optional" : "Input",
        " dtype must be either a floating point or complex dtype. Got: ", t);
  return t;
}

DType truth_dtype(const Tensor& self) { return self.dtype() == DType::UInt8 ? DType::UInt8 : DType::Bool; }

// The dtype to compute in when the result goes to `out`: its own, unless another was asked for.
DType dtype_for_out(OptDType dtype, const Tensor& out) {
  if (dtype) check_out_dtype(*dtype, out);
  return out.dtype();
}

DType mean_dtype_for_out(const Tensor& self, OptDType dtype, const Tensor& out) {
  check_castable(mean_dtype(self, dtype), out.dtype());
  return dtype_for_out(dtype, out);
}

void write_truth(std::string_view name, const Tensor& out, const Tensor& result) {
  check(out.dtype() == DType::Bool || out.dtype() == DType::UInt8, name,
        " only supports bool tensor for result, got: ", out.dtype());
  if (out.dtype() == result.dtype()) return write_output(out, result);
  write_output(out, result.to(out.dtype()));
}

// The product of all other elements along the last dim: pairs are multiplied up a tree, and on the way down each half
// of a pair takes the other half's product. No division, so zeros need no care, in derivatives of any order.
Tensor products_of_others(const Tensor& x) {
  Tensors evens, odds;
  std::vector<int64_t> lengths;
  Tensor level = x;
  while (level.size(-1) > 1) {
    int64_t n = level.size(-1);
    lengths.push_back(n);
    if (n & 1) {
      Dims one_more = level.sizes();
      one_more[one_more.size() - 1] = 1;
      level = cat({level, ones(one_more, level.dtype())}, -1);
      ++n;
    }
    evens.push_back(slice(level, -1, 0, n, 2));
    odds.push_back(slice(level, -1, 1, n, 2));
    level = evens.back() * odds.back();
  }
  Tensor others = ones_like(level);
  for (size_t k = lengths.size(); k-- > 0;) {
    others = stack({others * odds[k], others * evens[k]}, -1).flatten(-2, -1);
    if (others.size(-1) != lengths[k]) others = others.narrow(-1, 0, lengths[k]);
  }
  return others;
}

}  // namespace

void SumAll::infer(Call& c, const Tensor& self, OptDType dtype) {
  output_reduced(c, self, {}, false, sum_dtype(self, dtype));
}
void SumAll::run(const Launch& l) { run_reduction(Reduction::Sum, l); }
void SumDim::infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype) {
  output_reduced(c, self, dims_or_all(dim), keepdim, sum_dtype(self, dtype));
}
void SumDim::write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype) {
  write_output(*out, sum(self, dim, keepdim, dtype_for_out(dtype, *out)));
}

void MeanAll::infer(Call& c, const Tensor& self, OptDType dtype) {
  output_reduced(c, self, {}, false, mean_dtype(self, dtype));
}
void MeanAll::run(const Launch& l) { run_reduction(Reduction::Mean, l); }
void MeanAll::write_out(const Tensor* out, const Tensor& self, OptDType dtype) {
  write_output(*out, mean(self, mean_dtype_for_out(self, dtype, *out)));
}
void MeanDim::infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype) {
  output_reduced(c, self, dims_or_all(dim), keepdim, mean_dtype(self, dtype));
}
void MeanDim::write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype) {
  write_output(*out, mean(self, dim, keepdim, mean_dtype_for_out(self, dtype, *out)));
}
Tensor MeanDim::d0(const Tensor& g, const Shape<0>& s, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<bool, 2>& keepdim) {
  const IntList dims = dims_or_all(*dim);
  const int64_t count = reduced_count(s, dim_mask(dims, s.sizes.size()));
  return restore_dims(g, dims, *keepdim, s.sizes.size()).expand(s) / count;
}

void ProdAll::infer(Call& c, const Tensor& self, OptDType dtype) {
  output_reduced(c, self, {}, false, sum_dtype(self, dtype));
}
void ProdAll::run(const Launch& l) { run_reduction(Reduction::Prod, l); }
Tensor ProdAll::d0(const Tensor& g, const In<0>& x) {
  const Tensor flat = x.to(g.dtype()).reshape(-1);
  return (products_of_others(flat) * g).reshape(x.sizes());
}
void ProdDim::infer(Call& c, const Tensor& self, int64_t dim, bool keepdim, OptDType dtype) {
  output_reduced(c, self, dim, keepdim, sum_dtype(self, dtype));
}
void ProdDim::write_out(const Tensor* out, const Tensor& self, int64_t dim, bool keepdim, OptDType dtype) {
  write_output(*out, prod(self, dim, keepdim, dtype_for_out(dtype, *out)));
}
Tensor ProdDim::d0(const Tensor& g, const In<0>& x, const Attr<int64_t, 1>& dim, const Attr<bool, 2>& keepdim) {
  if (x.dim() == 0) return g;
  const Tensor others = products_of_others(x.to(g.dtype()).transpose(*dim, -1)).transpose(*dim, -1);
  return others * restore_dims(g, *dim, *keepdim, x.dim());
}

// The largest element is taken out first; an infinite one would leave inf - inf.
Tensor Logsumexp::forward(const Tensor& self, const IntList& dim, bool keepdim) {
  const Tensor x = is_floating(self.dtype()) ? self : self.to(default_dtype());
  if (x.numel() == 0) return x.exp().sum(OptIntList(dim), keepdim).log();
  Tensor largest = amax(x, dim, true);
  largest = largest.masked_fill(largest.abs() == std::numeric_limits<double>::infinity(), 0);
  const Tensor sum = (x - largest).exp().sum(OptIntList(dim), keepdim);
  return sum.log() + largest.reshape(sum.sizes());
}
Tensor Logsumexp::d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<Dims, 1>& dim,
                     const Attr<bool, 2>& keepdim) {
  return restore_dims(g, *dim, *keepdim, x.dim()) * (x - restore_dims(y, *dim, *keepdim, x.dim())).exp();
}

void AnyAll::infer(Call& c, const Tensor& self) { output_reduced(c, self, {}, false, truth_dtype(self)); }
void AnyAll::run(const Launch& l) { run_reduction(Reduction::Any, l); }
void AllAll::run(const Launch& l) { run_reduction(Reduction::All, l); }
void AnyDim::infer(Call& c, const Tensor& self, int64_t dim, bool keepdim) {
  output_reduced(c, self, dim, keepdim, truth_dtype(self));
}
void AnyDims::infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim) {
  if (!dim || !dim->empty()) return output_reduced(c, self, dims_or_all(dim), keepdim, truth_dtype(self));
  c.output(self.sizes(), truth_dtype(self));
  c.put(int64_t{0});  // no dim is reduced
  c.put(int64_t{0});
}

void AnyAll::write_out(const Tensor* out, const Tensor& self) { write_truth("any", *out, any_all(self)); }
void AnyDim::write_out(const Tensor* out, const Tensor& self, int64_t dim, bool keepdim) {
  write_truth("any", *out, any(self, dim, keepdim));
}
void AnyDims::write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim) {
  write_truth("any", *out, any(self, dim, keepdim));
}
void AllAll::write_out(const Tensor* out, const Tensor& self) { write_truth("all", *out, all_all(self)); }
void AllDim::write_out(const Tensor* out, const Tensor& self, int64_t dim, bool keepdim) {
  write_truth("all", *out, all(self, dim, keepdim));
}
void AllDims::write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim) {
  write_truth("all", *out, all(self, dim, keepdim));
}

}  // namespace gradus
