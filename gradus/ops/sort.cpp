// Shapes of sorted and selected results.
#include "gradus/ops/sort.h"

#include "gradus/kernels/sort.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/view.h"

namespace gradus {
namespace {

// A result with the dims of `self`, along which another number of elements remain.
void output_along(Call& c, const Tensor& self, int64_t dim, int64_t size) {
  Dims sizes(self.sizes());
  if (!sizes.empty()) sizes[dim] = size;
  c.output(sizes, self.dtype());
  c.output(sizes, DType::Int64);
}

// One element of every line remains, with its place.
void infer_pick(Call& c, std::string_view name, const Tensor& self, int64_t dim, bool keepdim) {
  check_as(ErrorKind::Index, self.numel() != 0 || self.size(dim) != 0, name, ": Expected reduction dim ", dim,
           " to have non-zero size.");
  output_reduced(c, self, dim, keepdim, self.dtype());
  c.output(reduced_sizes(self.sizes(), dim_mask(dim, self.dim()), keepdim), DType::Int64);
  c.put(dim);
}

void infer_median(Call& c, std::string_view name, const Tensor& self, int64_t dim, bool keepdim) {
  const int64_t d = wrap_dim(dim, self.dim());
  infer_pick(c, name, self, d, keepdim);
  refuse_bool("median_out", self.dtype());
}

using Pair = std::tuple<Tensor, Tensor>;

void write_pair(const Tensor* outs, const Pair& result) {
  write_output(outs[0], std::get<0>(result));
  write_output(outs[1], std::get<1>(result));
}
void check_pair(const Tensor* outs, const Pair& result) {
  check_out_dtype(std::get<0>(result).dtype(), outs[0]);
  check_out_dtype(DType::Int64, outs[1]);
}
void write_median(const Tensor* outs, const Pair& result) {
  check(outs[0].dtype() == std::get<0>(result).dtype(),
        "Expected tensor for 'values' to have the same type as tensor for argument #2 'self'; but type torch.",
        scalar_type_name(outs[0].dtype()), "Tensor does not equal torch.",
        scalar_type_name(std::get<0>(result).dtype()), "Tensor (while checking arguments for median)");
  check(outs[1].dtype() == DType::Int64,
        "Expected tensor for argument #1 'indices' to have scalar type Long; but got torch.",
        scalar_type_name(outs[1].dtype()), "Tensor instead (while checking arguments for median)");
  write_pair(outs, result);
}

}  // namespace

// ---- sorting

void Sort::infer(Call& c, const Tensor& self, int64_t dim, bool descending) {
  const int64_t d = wrap_dim(dim, self.dim());
  const Dims strides = like_strides(self.sizes(), self.strides());
  c.output(self.sizes(), self.dtype(), strides);
  c.output(self.sizes(), DType::Int64, strides);
  c.put(d);
  c.put(static_cast<int64_t>(descending));
}
void Sort::run(const Launch& l) { sort_lines(l.in[0], static_cast<int>(l.ints[0]), l.ints[1], l.out[0], l.out[1]); }
void Sort::write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool descending) {
  const Pair result = sort(self, dim, descending);
  check_pair(outs, result);
  write_pair(outs, result);
}
Tensor argsort(const Tensor& self, int64_t dim, bool descending) { return std::get<1>(sort(self, dim, descending)); }
Tensor argsort_stable(const Tensor& self, bool stable, int64_t dim, bool descending) {
  return std::get<1>(sort_stable(self, stable, dim, descending));
}
Tensor msort(const Tensor& self) { return std::get<0>(sort(self, 0, false)); }

// ---- selection

void Topk::infer(Call& c, const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted) {
  const int64_t d = wrap_dim(dim, self.dim());
  check(k >= 0 && k <= (self.dim() ? self.size(d) : 1), "selected index k out of range");
  check(self.dtype() != DType::Bool, "topk does not support bool dtypes on CPU");
  output_along(c, self, d, k);
  c.put(d);
  c.put(self.dim() ? k : 1);
  c.put(static_cast<int64_t>(largest));
  c.put(static_cast<int64_t>(sorted));
}
void Topk::run(const Launch& l) {
  top_lines(l.in[0], static_cast<int>(l.ints[0]), l.ints[1], l.ints[2], l.ints[3], l.out[0], l.out[1]);
}
void Topk::write_out(const Tensor* outs, const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted) {
  const Pair result = topk(self, k, dim, largest, sorted);
  check_pair(outs, result);
  write_pair(outs, result);
}

void Kthvalue::infer(Call& c, const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
  const int64_t d = wrap_dim(dim, self.dim());
  check_as(ErrorKind::Index, self.dim() == 0 || self.size(d) != 0, "kthvalue(): Expected reduction dim ", d,
           " to have non-zero size.");
  check(k >= 1 && k <= (self.dim() ? self.size(d) : 1), "kthvalue(): selected number k out of range for dimension ", d);
  refuse_bool("kthvalue_cpu", self.dtype());
  infer_pick(c, "kthvalue()", self, d, keepdim);
  c.put(k);
}
void Kthvalue::run(const Launch& l) {
  kth_lines(l.in[0], static_cast<int>(l.ints[2]), l.ints[3], KeptDims(l, 0).array, KeptDims(l, 1).array);
}
void Kthvalue::write_out(const Tensor* outs, const Tensor& self, int64_t k, int64_t dim, bool keepdim) {
  const Pair result = kthvalue(self, k, dim, keepdim);
  check(outs[0].dtype() == self.dtype(), "output values must be of same type as input");
  check(outs[1].dtype() == DType::Int64, "output indices must be of scalar type Long");
  write_pair(outs, result);
}

void MedianAll::infer(Call& c, const Tensor& self) {
  refuse_bool("median_cpu", self.dtype());
  c.output({}, self.dtype());
}
void MedianAll::run(const Launch& l) { median_all(l.in[0], false, l.out[0]); }
void NanmedianAll::run(const Launch& l) { median_all(l.in[0], true, l.out[0]); }
// The gradient is shared by all elements equal to the median.
Tensor MedianAll::d0(const Tensor& g, const In<0>& x, const Out<0>& y) {
  const Tensor ties = _gradus_ties(x, y, 1);
  return ties * (g / ties.sum());
}

void MedianDim::infer(Call& c, const Tensor& self, int64_t dim, bool keepdim) {
  infer_median(c, "median()", self, dim, keepdim);
}
void MedianDim::run(const Launch& l) {
  median_lines(l.in[0], static_cast<int>(l.ints[2]), false, KeptDims(l, 0).array, KeptDims(l, 1).array);
}
void MedianDim::write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim) {
  write_median(outs, median(self, dim, keepdim));
}
void NanmedianDim::infer(Call& c, const Tensor& self, int64_t dim, bool keepdim) {
  infer_median(c, "median()", self, dim, keepdim);
}
void NanmedianDim::run(const Launch& l) {
  median_lines(l.in[0], static_cast<int>(l.ints[2]), true, KeptDims(l, 0).array, KeptDims(l, 1).array);
}
void NanmedianDim::write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim) {
  write_median(outs, nanmedian(self, dim, keepdim));
}

void Mode::infer(Call& c, const Tensor& self, int64_t dim, bool keepdim) {
  infer_pick(c, "mode()", self, wrap_dim(dim, self.dim()), keepdim);
}
void Mode::run(const Launch& l) {
  mode_lines(l.in[0], static_cast<int>(l.ints[2]), KeptDims(l, 0).array, KeptDims(l, 1).array);
}
void Mode::write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim) {
  const Pair result = mode(self, dim, keepdim);
  check(outs[0].dtype() == self.dtype(), "expected scalar type '", self.dtype(), "' but got '", outs[0].dtype(),
        "' for values output");
  check(outs[1].dtype() == DType::Int64, "expected scalar type 'Long' but got '", outs[1].dtype(),
        "' for indices output");
  write_pair(outs, result);
}

// ---- distinct elements

namespace {

struct Runs {
  Tensor first, inverse, counts;
};

// in: rows, then their order if there is one. ints: which results are wanted.
void run_runs(const Launch& l) {
  fill_runs(l.in[0], l.n_in > 1 ? l.in[1].as<int64_t>() : nullptr, l.out[0].as<int64_t>(),
            l.ints[0] ? l.out[1].as<int64_t>() : nullptr, l.ints[1] ? l.out[2].as<int64_t>() : nullptr);
}

// Runs of equal rows of a contiguous [n, m] matrix.
Runs find_runs(const Tensor& rows, const Tensor& order, bool inverse, bool counts) {
  const int64_t n = count_runs(rows.impl()->view->array());
  Call c;
  c.input(rows);
  if (order.defined()) c.input(order);
  c.output(IntList(n), DType::Int64);
  c.output(IntList(inverse ? rows.size(0) : int64_t{0}), DType::Int64);
  c.output(IntList(counts ? n : int64_t{0}), DType::Int64);
  c.put(static_cast<int64_t>(inverse));
  c.put(static_cast<int64_t>(counts));
  c.run(&run_runs);
  return {c.outs()[0], c.outs()[1], c.outs()[2]};
}

void run_row_order(const Launch& l) { sort_rows(l.in[0], l.out[0].as<int64_t>()); }

using Triple = std::tuple<Tensor, Tensor, Tensor>;

// Slices of a dim as rows: the distinct ones, in order if `sorted`.
Triple unique_slices(const Tensor& self, int64_t dim, bool sorted, bool inverse, bool counts) {
  check_as(ErrorKind::Index, self.dim() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
  const int64_t d = wrap_dim(dim, self.dim());
  int64_t zeros = 0;
  for (const int64_t s : self.sizes()) zeros += s == 0;
  if (self.size(d) == 0) {
    check(zeros == 1, "Number of zero sized dimensions is more than one, so unique cannot be applied ");
    const Tensor none = empty(IntList(int64_t{0}), DType::Int64);
    return {empty(self.sizes(), self.dtype()), none, empty(IntList(int64_t{0}), DType::Int64)};
  }
  check(zeros == 0, "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
  Dims order{d}, back;
  for (int64_t i = 0; i < self.dim(); ++i)
    if (i != d) order.push_back(i);
  for (int64_t i = 0; i < self.dim(); ++i) back.push_back(i < d ? i + 1 : i == d ? 0 : i);
  const Tensor front = self.permute(order).contiguous();
  Tensor rows = front.view({front.size(0), -1}), places;
  if (sorted) {
    Call c;
    c.input(rows);
    c.output(IntList(rows.size(0)), DType::Int64);
    c.run(&run_row_order);
    places = c.outs()[0];
    rows = rows.index_select(0, places);
  }
  const Runs runs = find_runs(rows, places, inverse, counts);
  Dims sizes(front.sizes());
  sizes[0] = runs.first.numel();
  return {rows.index_select(0, runs.first).view(sizes).permute(back), runs.inverse, runs.counts};
}

Triple unique_flat(const Tensor& flat, const IntList& shape, const Tensor& order, bool inverse, bool counts) {
  const Runs runs = find_runs(flat.view({flat.numel(), 1}), order, inverse, counts);
  return {flat.index_select(0, runs.first), inverse ? runs.inverse.view(shape) : runs.inverse, runs.counts};
}

[[noreturn]] Tensor refuse_derivative(const char* op) {
  raise(ErrorKind::NotImplemented, str("the derivative for '", op, "' is not implemented."));
}

}  // namespace

Triple Unique2::forward(const Tensor& self, bool, bool return_inverse, bool return_counts) {
  const auto [values, order] = sort(self.reshape(IntList(int64_t{-1})), 0, false);
  return unique_flat(values, self.sizes(), order, return_inverse, return_counts);
}
Triple UniqueConsecutive::forward(const Tensor& self, bool return_inverse, bool return_counts,
                                  std::optional<int64_t> dim) {
  if (dim) return unique_slices(self, *dim, false, return_inverse, return_counts);
  return unique_flat(self.reshape(IntList(int64_t{-1})).contiguous(), self.sizes(), {}, return_inverse, return_counts);
}
Triple UniqueDim::forward(const Tensor& self, int64_t dim, bool, bool return_inverse, bool return_counts) {
  return unique_slices(self, dim, true, return_inverse, return_counts);
}
Tensor Unique2::d0(const Tensor&) { return refuse_derivative("_unique2"); }
Tensor UniqueConsecutive::d0(const Tensor&) { return refuse_derivative("unique_consecutive"); }
Tensor UniqueDim::d0(const Tensor&) { return refuse_derivative("unique_dim"); }

}  // namespace gradus
