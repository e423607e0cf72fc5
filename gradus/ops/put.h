// Writes at indices and masks: index_fill, index_copy, index_reduce, put, masked_scatter, scatter_reduce; and
// selections that read like them.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct IndexFill {
  static constexpr Op op{"index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
                         "self with a number in the entries of one dim that a vector names.", Kind::Compound, "fmi"};
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index) {
    return g.index_fill(*dim, index, 0);
  }
};
struct IndexFillTensor {
  static constexpr Op op{"index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor",
                         "self with a zero-dim tensor's value in the entries of one dim that a vector names.",
                         Kind::Compound, "fmi", "IndexFillBackward1"};
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index) {
    return g.index_fill(*dim, index, 0);
  }
  static Tensor d3(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index) {
    // A place that the index names twice counts once.
    return where(zeros(g.sizes(), DType::Bool).index_fill(*dim, index, true), g, 0).sum();
  }
};

struct IndexCopy {
  static constexpr Op op{"index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor",
                         "self with the entries of one dim that a vector names taken from source.", Kind::Compound,
                         "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index) {
    return g.index_fill(*dim, index, 0);
  }
  static Tensor d3(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index, const Shape<3>& s) {
    return s.sizes.empty() ? g.index_select(*dim, index).sum() : g.index_select(*dim, index).expand(s);
  }
};

struct IndexReduce {
  static constexpr Op op{
      "index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> "
      "Tensor",
      "Reduces source (\"prod\", \"mean\", \"amax\", \"amin\") into the entries of one dim that a vector names.",
      Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                        std::string_view reduce, bool include_self);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                     std::string_view reduce, bool include_self);
  static Tensor d0(const Tensor& g, const In<0>& self, const Attr<int64_t, 1>& dim, const In<2>& index,
                   const In<3>& source, const Attr<std::string, 4>& reduce, const Attr<bool, 5>& include_self,
                   const Out<0>& out);
  static Tensor d3(const Tensor& g, const In<0>& self, const Attr<int64_t, 1>& dim, const In<2>& index,
                   const In<3>& source, const Attr<std::string, 4>& reduce, const Attr<bool, 5>& include_self,
                   const Out<0>& out);
};

struct ScatterReduceTwo {
  static constexpr Op op{
      "scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> "
      "Tensor",
      "Reduces src (\"sum\", \"prod\", \"mean\", \"amax\", \"amin\") into self[index[i][j]][j] for dim 0, and so on.",
      Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                        std::string_view reduce, bool include_self);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                     bool include_self);
  static Tensor d0(const Tensor& g, const In<0>& self, const Attr<int64_t, 1>& dim, const In<2>& index,
                   const In<3>& src, const Attr<std::string, 4>& reduce, const Attr<bool, 5>& include_self,
                   const Out<0>& out);
  static Tensor d3(const Tensor& g, const In<0>& self, const Attr<int64_t, 1>& dim, const In<2>& index,
                   const In<3>& src, const Attr<std::string, 4>& reduce, const Attr<bool, 5>& include_self,
                   const Out<0>& out);
};

struct Put {
  static constexpr Op op{"put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor",
                         "self with elements, named by their position in self as a vector, taken from source or "
                         "added.",
                         Kind::Compound, "fmi"};
  static Tensor forward(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate);
  static void update(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate);
  static Tensor d0(const Tensor& g, const In<1>& index, const Shape<2>& s, const Attr<bool, 3>& accumulate) {
    return *accumulate ? g : g.put(index, zeros(s, g.dtype()), false);
  }
  static Tensor d2(const Tensor& g, const In<1>& index, const Shape<2>& s) { return g.take(index).reshape(s); }
};

struct MaskedScatter {
  static constexpr Op op{"masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor",
                         "self with the elements where a mask is true taken from source, one after the other.",
                         Kind::Compound, "fmi"};
  static Tensor forward(const Tensor& self, const Tensor& mask, const Tensor& source);
  static void update(const Tensor& self, const Tensor& mask, const Tensor& source);
  static Tensor d0(const Tensor& g, const In<1>& mask, const Shape<0>& s);
  static Tensor d2(const Tensor& g, const In<1>& mask, const Shape<2>& s);
};

struct TakeAlongDim {
  static constexpr Op op{"take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor",
                         "gather with self and indices broadcast; without dim both are vectors.", Kind::Composite,
                         "fmo"};
  static constexpr bool differentiable = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};
inline constexpr Op argwhere_op{"argwhere(Tensor self) -> Tensor",
                                "Coordinates of the elements that are not zero, [n, ndim].", Kind::Composite, "fm"};
struct NonzeroStatic {
  static constexpr Op op{"nonzero_static(Tensor self, *, SymInt size, int fill_value=-1) -> Tensor",
                         "The first `size` rows of nonzero; rows that are missing hold `fill_value`.", Kind::Composite,
                         "fmo"};
  static void check_out(const Tensor& out, DType result);
};

}  // namespace gradus
