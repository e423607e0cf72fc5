// Sums without NaN, counts, quantiles, histograms and binary search.
#include "gradus/ops/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "gradus/kernels/index.h"
#include "gradus/kernels/statistics.h"
#include "gradus/kernels/vector_norm.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {
const Array array_of(const Tensor& t) { return t.impl()->view->array(); }
}  // namespace

// ---- without NaN

Tensor Nansum::forward(const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype) {
  if (is_floating(self.dtype()) && dtype.value_or(self.dtype()) == self.dtype()) {
    Call c;
    c.input(self);
    output_reduced(c, self, dims_or_all(dim), keepdim, self.dtype());
    c.run([](const Launch& l) { reduce_mapped(Mapped::NanToZero, l.in[0], KeptDims(l).array); });
    return c.outs()[0];
  }
  return (is_floating(self.dtype()) ? _gradus_nan_to_zero(self) : self).sum(dim, keepdim, dtype);
}
void Nansum::write_out(const Tensor* out, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype) {
  if (dtype) check_out_dtype(*dtype, *out);
  if (!dtype && is_floating(self.dtype())) refuse_integers("nansum_cpu", out->dtype());
  write_output(*out, nansum(self, dim, keepdim, out->dtype()));
}
Tensor Nansum::d0(const Tensor& g, const In<0>& x, const Attr<std::optional<Dims>, 1>& dim,
                  const Attr<bool, 2>& keepdim) {
  const IntList dims = dims_or_all(*dim);
  return restore_dims(g.to(x.dtype()), dims, *keepdim, x.dim()).expand(x.sizes()) * x.isnan().logical_not();
}

Tensor nanmean(const Tensor& self, OptIntList dim, bool keepdim, OptDType dtype) {
  check(is_floating(self.dtype()), "nanmean(): expected input to have floating point or complex dtype but got ",
        self.dtype());
  check(!dtype || is_floating(*dtype),
        "nanmean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. "
        "Got: ",
        dtype.value_or(self.dtype()));
  const Tensor count = self.isnan().logical_not().sum(dim, keepdim);
  return nansum(self, dim, keepdim, dtype).div(count);
}

void Nanmean::check_out(const Tensor& out, DType) { refuse_integers("nansum_cpu", out.dtype()); }

Tensor count_nonzero(const Tensor& self, std::optional<int64_t> dim) {
  if (dim) return count_nonzero_dim_IntList(self, *dim);
  Call c;
  c.input(self);
  c.output({}, DType::Int64);
  c.run([](const Launch& l) { *l.out[0].as<int64_t>() = count_nonzero(l.in[0]); });
  return c.outs()[0];
}
Tensor count_nonzero_dim_IntList(const Tensor& self, IntList dim) {
  if (dim.empty()) return count_nonzero(self, std::nullopt);
  return self.ne(0).sum(OptIntList(dim));
}

// ---- quantiles

namespace {

enum class Interpolation { Linear, Lower, Higher, Midpoint, Nearest };

Interpolation interpolation_of(std::string_view name) {
  if (name == "linear") return Interpolation::Linear;
  if (name == "lower") return Interpolation::Lower;
  if (name == "higher") return Interpolation::Higher;
  if (name == "midpoint") return Interpolation::Midpoint;
  check(name == "nearest",
        "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ", name);
  return Interpolation::Nearest;
}

void check_quantile(const Tensor& self, const Tensor& q) {
  check(self.numel() > 0, "quantile() input tensor must be non-empty");
  check(q.dim() <= 1, "quantile() q must be a scalar or 1D tensor");
  check(self.dtype() == DType::Float32 || self.dtype() == DType::Float64,
        "quantile() input tensor must be either float or double dtype");
  check(self.dtype() == q.dtype(), "quantile() q tensor must be same dtype as the input tensor");
  const NoGrad guard;
  check(q.ge(0).logical_and(q.le(1)).all().item<bool>(), "quantile() q values must be in the range [0, 1]");
}

// Where each quantile of the sorted rows stands, counted in elements; at a NaN, the last, where there is one.
Tensor ranks_in(const Tensor& sorted, const Tensor& q, bool ignore_nan) {
  if (ignore_nan) {
    const Tensor last = sorted.isnan().logical_not().sum(OptIntList(-1), true) - 1;
    const Tensor ranks = q * last;
    return ranks.masked_fill(ranks < 0, 0);
  }
  const auto last = static_cast<double>(sorted.size(-1) - 1);
  return (q * Scalar(last)).masked_fill(sorted.isnan().any(-1, true), last);
}

Tensor interpolated(const Tensor& sorted, Tensor ranks, Interpolation how) {
  if (how == Interpolation::Lower) ranks = ranks.floor();
  if (how == Interpolation::Higher) ranks = ranks.ceil();
  if (how == Interpolation::Nearest) ranks = ranks.round();
  const Tensor below = ranks.to(DType::Int64);
  const Tensor values = sorted.gather(-1, below);
  if (how != Interpolation::Linear && how != Interpolation::Midpoint) return values;
  const Tensor weights = how == Interpolation::Midpoint ? full_like(ranks, 0.5) : ranks - below;
  return values.lerp_(sorted.gather(-1, ranks.ceil().to(DType::Int64)), weights);
}

// The order of dims that moves d to the end.
Dims dim_last(int64_t ndim, int64_t d) {
  Dims order;
  for (int64_t i = 0; i < ndim; ++i)
    if (i != d) order.push_back(i);
  order.push_back(d);
  return order;
}

Tensor quantile_of(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation, bool ignore_nan) {
  const Interpolation how = interpolation_of(interpolation);
  const int64_t d = wrap_dim(dim.value_or(0), self.dim());
  check_quantile(self, q);
  Dims rest;  // of the result, without the dim of q
  if (dim && self.dim() > 0) {
    rest = self.sizes();
    if (keepdim) rest[d] = 1;
    else rest = reduced_sizes(self.sizes(), dim_mask(d, self.dim()), false);
  } else if (keepdim) {
    for (int64_t i = 0; i < self.dim(); ++i) rest.push_back(1);
  }
  Tensor sorted;
  if (!dim) sorted = std::get<0>(self.flatten().sort());
  else if (self.dim() == 0) sorted = self.unsqueeze(-1);
  else if (keepdim) sorted = std::get<0>(self.unsqueeze(-1).transpose(d, -1).sort(-1));
  else sorted = std::get<0>(self.permute(dim_last(self.dim(), d)).sort(-1));
  Tensor values = interpolated(sorted, ranks_in(sorted, q, ignore_nan), how);
  // The quantiles stand along the last dim.
  if (q.dim() == 0) {
    const Tensor one = values.squeeze_(-1);
    return one.sizes() == rest ? one : one.view(rest);
  }
  const Tensor front = values.unsqueeze_(0).transpose_(0, -1).squeeze_(-1);
  Dims sizes{q.numel()};
  for (const int64_t n : rest) sizes.push_back(n);
  return front.sizes() == sizes ? front : front.reshape(sizes);
}

// As C++ streams print it.
std::string short_text(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", v);
  return text;
}

Tensor scalar_q(const Tensor& self, double q) {
  check(q >= 0 && q <= 1, "quantile() q must be in the range [0, 1] but got ", short_text(q));
  return scalar_tensor(q, self.dtype());
}

}  // namespace

Tensor quantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                std::string_view interpolation) {
  return quantile_of(self, q, dim, keepdim, interpolation, false);
}
Tensor quantile(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                std::string_view interpolation) {
  return quantile_of(self, scalar_q(self, q), dim, keepdim, interpolation, false);
}
Tensor nanquantile(const Tensor& self, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation) {
  return quantile_of(self, q, dim, keepdim, interpolation, true);
}
Tensor nanquantile(const Tensor& self, double q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation) {
  return quantile_of(self, scalar_q(self, q), dim, keepdim, interpolation, true);
}
void Quantile::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "quantile() out tensor must be same dtype as the input tensor");
}

// ---- counts and histograms

Tensor Bincount::forward(const Tensor& self, const Tensor& weights, int64_t minlength) {
  check_as(ErrorKind::NotImplemented, is_integral(self.dtype()), "\"bincount_cpu\" not implemented for '", self.dtype(),
           "'");
  check(minlength >= 0, "minlength should be >= 0");
  if (self.dim() == 1 && self.numel() == 0) return zeros(IntList(minlength), DType::Int64);
  int64_t low = 0, high = 0;
  if (self.dim() == 1) integer_bounds(array_of(self), low, high);
  check(self.dim() == 1 && low >= 0, "bincount only supports 1-d non-negative integral inputs.");
  check(!weights.defined() || (weights.dim() == 1 && weights.numel() == self.numel()),
        "weights should be 1-d and have the same length as input");
  Call c;
  c.input(self);
  const bool single = weights.defined() && weights.dtype() == DType::Float32;
  if (weights.defined()) c.input_owned(single ? weights : weights.to(DType::Float64));
  c.output(IntList(std::max(minlength, high + 1)), single              ? DType::Float32
                                                   : weights.defined() ? DType::Float64
                                                                       : DType::Int64);
  c.run([](const Launch& l) {
    const Array& out = l.out[0];
    std::memset(out.data, 0, static_cast<size_t>(out.numel() * item_size(out.dtype)));
    count_integers(l.in[0], l.n_in > 1 ? l.in[1] : Array{}, out);
  });
  return c.outs()[0];
}
Tensor Bincount::d1(const Tensor&) { return no_derivative("bincount"); }

namespace {

void run_histogram(const Launch& l) {
  const Array& hist = l.out[0];
  std::memset(hist.data, 0, static_cast<size_t>(hist.numel() * item_size(hist.dtype)));
  fill_histogram(l.in[0], l.in[1], l.n_in > 2 ? l.in[2] : Array{},
                 {l.floats[0], l.floats[1], l.ints[0] != 0, l.ints[1] != 0}, hist);
}

Tensor histogram_of(const Tensor& self, const Tensor& edges, const Tensor& weight, double low, double high, bool even,
                    bool exact) {
  Call c;
  c.input_owned(self.contiguous());
  c.input_owned(edges.contiguous());
  if (weight.defined()) c.input_owned(weight.contiguous());
  c.output(IntList(edges.numel() - 1), self.dtype());
  c.put(static_cast<int64_t>(even));
  c.put(static_cast<int64_t>(exact));
  c.put(low);
  c.put(high);
  c.run(&run_histogram);
  return c.outs()[0];
}

// The range of bins of equal width: the one given, or that of the elements; never empty.
std::pair<double, double> bin_range(std::string_view name, const Tensor& self, bool given, double low, double high) {
  const NoGrad guard;
  if (!given && self.numel() > 0) {
    low = self.min().item().to_double();
    high = self.max().item().to_double();
  } else if (!given) {
    low = 0;
    high = 1;
  }
  check(std::isfinite(low) && std::isfinite(high), name, ": range of [", short_text(low), ", ", short_text(high),
        "] is not finite");
  if (low == high) {
    low -= name == "torch.histc" ? 1 : 0.5;
    high += name == "torch.histc" ? 1 : 0.5;
  }
  return {low, high};
}

void check_bins(int64_t bins) {
  check(bins > 0, "torch.histogram(): bins must be > 0, but got ", bins, " for dimension 0");
}

}  // namespace

Tensor histc(const Tensor& self, int64_t bins, Scalar min, Scalar max) {
  check_as(ErrorKind::NotImplemented, is_floating(self.dtype()), "\"histogram_cpu\" not implemented for '",
           self.dtype(), "'");
  check_bins(bins);
  double low = min.to_double(), high = max.to_double();
  const NoGrad guard;
  if (low == high && self.numel() > 0) {
    low = self.min().item().to_double();
    high = self.max().item().to_double();
  }
  if (low == high) {
    low -= 1;
    high += 1;
  }
  check(std::isfinite(low) && std::isfinite(high), "torch.histc: range of [", short_text(low), ", ", short_text(high),
        "] is not finite");
  check(low < high, "torch.histc: max must be larger than min");
  return histogram_of(self.detach(), linspace(low, high, bins + 1, self.dtype()), {}, low, high, true, false);
}
void Histc::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result,
        "torch.histogram: input tensor and hist tensor should have the same dtype, but got input ",
        cpp_type_name(result), " and hist ", cpp_type_name(out.dtype()));
}

namespace {

using Pair = std::tuple<Tensor, Tensor>;

void check_histogram(const Tensor& self, const Tensor& weight) {
  check_as(ErrorKind::NotImplemented, self.dtype() == DType::Float32 || self.dtype() == DType::Float64,
           "\"histogramdd\" not implemented for '", self.dtype(), "'");
  if (!weight.defined()) return;
  check(weight.dtype() == self.dtype(),
        "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, "
        "but got input(",
        cpp_type_name(self.dtype()), "), and weight(", cpp_type_name(weight.dtype()), ")");
  check(weight.numel() == self.numel(),
        "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding "
        "its innermost dimension, but got input with shape ",
        Dims{self.numel(), 1}, " and weight with shape ", weight.sizes());
}

Tensor as_density(const Tensor& hist, const Tensor& edges, bool density) {
  return density ? hist / (hist.sum() * (edges.narrow(0, 1, hist.numel()) - edges.narrow(0, 0, hist.numel()))) : hist;
}

void write_histogram(const Tensor* outs, const Pair& result) {
  write_output(outs[0], std::get<0>(result));
  write_output(outs[1], std::get<1>(result));
}

}  // namespace

Pair HistogramBins::forward(const Tensor& self, const Tensor& bins, const Tensor& weight, bool density) {
  check_histogram(self, weight);
  check(bins.dim() == 1, "torch.histogramdd: bins tensor should have one dimension, but got ", bins.dim(),
        " dimensions in the bins tensor for dimension 0");
  check(bins.dtype() == self.dtype(), "torch.histogramdd: input tensor and bins tensors should have the same dtype, ",
        "but got input with dtype ", cpp_type_name(self.dtype()), " and bins for dimension 0 with dtype ",
        cpp_type_name(bins.dtype()));
  check(bins.numel() > 0, "torch.histogramdd: bins tensor should have at least 1 element for dimension 0");
  const Tensor edges = bins.clone();
  const double low = edges.select(0, 0).item().to_double(), high = edges.select(0, -1).item().to_double();
  return {as_density(histogram_of(self, edges, weight, low, high, false, true), edges, density), edges};
}
void HistogramBins::write_out(const Tensor* outs, const Tensor& self, const Tensor& bins, const Tensor& weight,
                              bool density) {
  write_histogram(outs, forward(self, bins, weight, density));
}
Tensor HistogramBins::d0(const Tensor&) { return no_derivative("histogram"); }

Pair HistogramCount::forward(const Tensor& self, int64_t bins, const OptFloatList& range, const Tensor& weight,
                             bool density) {
  check_histogram(self, weight);
  check_bins(bins);
  check(!range || range->size() == 2, "torch.histogramdd: for a 1-dimensional histogram range should have 2 elements, ",
        "but got ", range ? range->size() : size_t{0});
  auto [low, high] =
      bin_range("torch.histogram", self, range.has_value(), range ? (*range)[0] : 0, range ? (*range)[1] : 0);
  check(low <= high, "torch.histogram: max must be larger than min");
  const Tensor edges = linspace(low, high, bins + 1, self.dtype());
  return {as_density(histogram_of(self, edges, weight, low, high, true, true), edges, density), edges};
}
void HistogramCount::write_out(const Tensor* outs, const Tensor& self, int64_t bins, const OptFloatList& range,
                               const Tensor& weight, bool density) {
  write_histogram(outs, forward(self, bins, range, weight, density));
}
Tensor HistogramCount::d0(const Tensor&) { return no_derivative("histogram"); }

// ---- binary search

namespace {

DType search_dtype(const Tensor& sorted, const Tensor& values) {
  const DType a = sorted.dtype(), b = values.dtype();
  if (values.dim() == 0 && sorted.dim() > 0 && (is_floating(a) || !is_floating(b))) return a;
  return promote(a, b);
}

void check_side(bool right, const std::optional<std::string_view>& side) {
  if (!side) return;
  check(*side == "left" || *side == "right", "torch.searchsorted(): side can only be 'left' or 'right' but got ",
        *side);
  check(*side == "right" || !right, "torch.searchsorted(): side and right can't be set to opposites, got side of ",
        *side, " while right was True");
}

void check_search(const Tensor& sorted, const Tensor& values, const Tensor& sorter) {
  if (sorter.defined()) {
    check(sorter.sizes() == sorted.sizes(),
          "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor ", sorted.sizes(),
          "and got sorter tensor ", sorter.sizes());
    check(sorter.dtype() == DType::Int64, "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype ",
          sorter.dtype());
    int64_t bad;
    check(sorted.dim() == 0 || !find_outside(array_of(sorter), 0, sorted.size(-1), bad),
          "torch.searchsorted(): sorter index out of range");
  }
  check(values.dim() > 0 || values.numel() != 1 || sorted.dim() == 1 || sorted.dim() == 0,
        "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got "
        "boundaries tensor dim(",
        sorted.dim(), ") and input value's dim(", values.dim(), ") numel(", values.numel(), ")");
  check(sorted.dim() != 0,
        "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension");
  bool fits = sorted.dim() == 1 || sorted.dim() == values.dim();
  for (int64_t i = 0; fits && sorted.dim() > 1 && i + 1 < sorted.dim(); ++i) fits = sorted.size(i) == values.size(i);
  check(
      fits,
      "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
      "and input value tensor must match, but we got boundaries tensor ",
      sorted.sizes(), " and input value tensor ", values.sizes());
}

void check_search_out(const Tensor& out, bool out_int32) {
  check(out.dtype() == (out_int32 ? DType::Int32 : DType::Int64),
        "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or Long(int64) depending on "
        "whether out_int32 flag is True, but we got output tensor's dtype ",
        out.dtype(), " and out_int32 flag is ", out_int32);
}

}  // namespace

void Searchsorted::infer(Call& c, const Tensor& sorted_sequence, const Tensor& self, bool out_int32, bool right,
                         const std::optional<std::string_view>& side, const Tensor& sorter) {
  check_side(right, side);
  check_search(sorted_sequence, self, sorter);
  const DType common = search_dtype(sorted_sequence, self);
  refuse_bool("searchsorted_out_cpu", common);
  c.clear_inputs();
  c.input_owned(sorted_sequence.to(common).contiguous());
  c.input_owned(self.to(common).contiguous());
  if (sorter.defined()) c.input_owned(sorter.contiguous());
  c.output(self.sizes(), out_int32 ? DType::Int32 : DType::Int64);
  c.put(static_cast<int64_t>(right || (side && *side == "right")));
}
void Searchsorted::run(const Launch& l) {
  search_sorted(l.in[0], l.n_in > 2 ? l.in[2] : Array{}, l.in[1], l.ints[0], l.out[0]);
}
void Searchsorted::write_out(const Tensor* out, const Tensor& sorted_sequence, const Tensor& self, bool out_int32,
                             bool right, const std::optional<std::string_view>& side, const Tensor& sorter) {
  check_side(right, side);
  check_search(sorted_sequence, self, sorter);
  check_search_out(*out, out_int32);
  write_output(*out, searchsorted(sorted_sequence, self, out_int32, right, side, sorter));
}

namespace {
Tensor number_beside(const Tensor& sorted, const Scalar& value) {
  const bool keeps = is_floating(sorted.dtype()) || !value.is_float();
  return scalar_tensor(value, keeps ? sorted.dtype() : default_dtype());
}
}  // namespace

Tensor searchsorted(const Tensor& sorted_sequence, Scalar self, bool out_int32, bool right,
                    std::optional<std::string_view> side, const Tensor& sorter) {
  return searchsorted(sorted_sequence, number_beside(sorted_sequence, self), out_int32, right, side, sorter);
}
void SearchsortedScalar::write_out(const Tensor* out, const Tensor& sorted_sequence, Scalar self, bool out_int32,
                                   bool right, const std::optional<std::string_view>& side, const Tensor& sorter) {
  Searchsorted::write_out(out, sorted_sequence, number_beside(sorted_sequence, self), out_int32, right, side, sorter);
}

Tensor bucketize(const Tensor& self, const Tensor& boundaries, bool out_int32, bool right) {
  check(boundaries.dim() == 1, "boundaries tensor must be 1 dimension, but got dim(", boundaries.dim(), ")");
  return searchsorted(boundaries, self, out_int32, right);
}
void Bucketize::write_out(const Tensor* out, const Tensor& self, const Tensor& boundaries, bool out_int32, bool right) {
  check(boundaries.dim() == 1, "boundaries tensor must be 1 dimension, but got dim(", boundaries.dim(), ")");
  check_search_out(*out, out_int32);
  write_output(*out, bucketize(self, boundaries, out_int32, right));
}
Tensor bucketize(Scalar self, const Tensor& boundaries, bool out_int32, bool right) {
  return bucketize(number_beside(boundaries, self), boundaries, out_int32, right);
}

// ---- membership

Tensor isin(const Tensor& elements, const Tensor& test_elements, bool, bool invert) {
  for (const Tensor* t : {&elements, &test_elements})
    check(t->dtype() != DType::Bool, "Unsupported input type encountered for isin(): ", t->dtype());
  const NoGrad guard;
  if (test_elements.numel() == 0) return full(elements.sizes(), invert, DType::Bool);
  const DType common = search_dtype(test_elements, elements);
  const Tensor x = elements.to(common).contiguous();
  const Tensor sorted = std::get<0>(test_elements.to(common).reshape(IntList(int64_t{-1})).sort());
  const Tensor at = searchsorted(sorted, x).clamp_max(sorted.numel() - 1);
  const Tensor found = sorted.take(at);
  return invert ? found.ne(x) : found.eq(x);
}
Tensor isin(const Tensor& elements, Scalar test_element, bool assume_unique, bool invert) {
  return isin(elements, number_beside(elements, test_element), assume_unique, invert);
}
Tensor isin(Scalar element, const Tensor& test_elements, bool assume_unique, bool invert) {
  return isin(number_beside(test_elements, element), test_elements, assume_unique, invert);
}

}  // namespace gradus
