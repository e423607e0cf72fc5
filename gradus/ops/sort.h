// Order: sorting, the largest few, medians, modes, distinct elements.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {

struct Sort {
  static constexpr Op op{
      "sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
      "Elements along a dim in order, and where they were; equal ones keep their order, NaN is largest.",
      Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool descending);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool descending);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Out<1>& indices, const Attr<int64_t, 1>& dim) {
    return value_selecting_reduction_backward(g, *dim, indices, s, true);
  }
};
struct SortStable {
  static constexpr Op op{
      "sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
      "Elements along a dim in order, and where they were; equal ones always keep their order.", Kind::Structured,
      "fmop", "SortBackward1"};
  static void infer(Call& c, const Tensor& self, std::optional<bool>, int64_t dim, bool descending) {
    Sort::infer(c, self, dim, descending);
  }
  static void run(const Launch& l) { Sort::run(l); }
  static void write_out(const Tensor* outs, const Tensor& self, std::optional<bool>, int64_t dim, bool descending) {
    Sort::write_out(outs, self, dim, descending);
  }
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Out<1>& indices, const Attr<int64_t, 2>& dim) {
    return value_selecting_reduction_backward(g, *dim, indices, s, true);
  }
};
inline constexpr Op argsort_op{"argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor",
                               "The indices that sort along a dim.", Kind::Composite, "fm"};
struct ArgsortStable {
  static constexpr Op op{"argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor",
                         "The indices that sort along a dim; equal elements keep their order.", Kind::Composite,
                         "fmop"};
  static void check_out(const Tensor& out, DType result) { check_out_dtype(result, out); }
};
struct Msort {
  static constexpr Op op{"msort(Tensor self) -> Tensor", "Elements in order along the first dim.", Kind::Composite,
                         "fmo"};
  static constexpr bool differentiable = true;
  static void check_out(const Tensor& out, DType result) { check_out_dtype(result, out); }
};

struct Topk {
  static constexpr Op op{
      "topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)",
      "The k largest or smallest elements along a dim, in order, and where they are.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Out<1>& indices, const Attr<int64_t, 2>& dim) {
    return value_selecting_reduction_backward(g, *dim, indices, s, true);
  }
};

struct Kthvalue {
  static constexpr Op op{
      "kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)",
      "The k-th smallest element along a dim (k from 1) and where it is.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t k, int64_t dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t k, int64_t dim, bool keepdim);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Out<1>& indices, const Attr<int64_t, 2>& dim,
                   const Attr<bool, 3>& keepdim) {
    return value_selecting_reduction_backward(g, *dim, indices, s, *keepdim);
  }
};

struct MedianAll {
  static constexpr Op op{"median(Tensor self) -> Tensor", "The lower median of all elements; NaN if there is one.",
                         Kind::Structured, "fm"};
  static void infer(Call& c, const Tensor& self);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y);
};
struct NanmedianAll {
  static constexpr Op op{"nanmedian(Tensor self) -> Tensor", "The lower median of all elements that are not NaN.",
                         Kind::Structured, "fm"};
  static void infer(Call& c, const Tensor& self) { MedianAll::infer(c, self); }
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y) { return MedianAll::d0(g, x, y); }
};
/// The rule of (self, dim, keepdim) -> (values, indices): the gradient goes to the elements that were picked.
struct SelectsAlongDim {
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Out<1>& indices, const Attr<int64_t, 1>& dim,
                   const Attr<bool, 2>& keepdim) {
    return value_selecting_reduction_backward(g, *dim, indices, s, *keepdim);
  }
};
struct MedianDim : SelectsAlongDim {
  static constexpr Op op{"median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
                         "The lower median along a dim and where it is; NaN if there is one.", Kind::Structured, "fmo",
                         "MedianBackward1"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim);
};
struct NanmedianDim : SelectsAlongDim {
  static constexpr Op op{"nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
                         "The lower median along a dim of what is not NaN, and where it is.", Kind::Structured, "fmo",
                         "NanmedianBackward1"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim);
};
struct Mode : SelectsAlongDim {
  static constexpr Op op{"mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)",
                         "The most frequent element along a dim (the smallest of several) and one of its places.",
                         Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim);
};

/// Distinct elements or slices in order, for every element the place of its equal in the result, and how many there
/// are of each; what was not asked for is empty.
struct Unique2 {
  static constexpr Op op{
      "_unique2(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, "
      "Tensor, Tensor)",
      "Distinct elements in order, the place of every element among them, and their counts.", Kind::Compound, "f"};
  static std::tuple<Tensor, Tensor, Tensor> forward(const Tensor& self, bool sorted, bool return_inverse,
                                                    bool return_counts);
  static Tensor d0(const Tensor& g);
};
struct UniqueConsecutive {
  static constexpr Op op{
      "unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> (Tensor, "
      "Tensor, Tensor)",
      "Elements, or slices of a dim, that differ from their predecessor; places and counts as of unique.",
      Kind::Compound, "f"};
  static std::tuple<Tensor, Tensor, Tensor> forward(const Tensor& self, bool return_inverse, bool return_counts,
                                                    std::optional<int64_t> dim);
  static Tensor d0(const Tensor& g);
};
struct UniqueDim {
  static constexpr Op op{
      "unique_dim(Tensor self, int dim, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> "
      "(Tensor, Tensor, Tensor)",
      "Distinct slices of a dim in lexicographic order, places and counts.", Kind::Compound, "n"};
  static std::tuple<Tensor, Tensor, Tensor> forward(const Tensor& self, int64_t dim, bool sorted, bool return_inverse,
                                                    bool return_counts);
  static Tensor d0(const Tensor& g);
};

}  // namespace gradus
