// Indexing with tensors: advanced indexing, gather, scatter, selections by index or mask.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/kernels/index.h"
#include "gradus/ops/funnel.h"

namespace gradus {

// ---- writes without any check, graph or version: for operators that have seen to those

/// The entries of dim d of self that a vector names become values, or grow by them.
void put_along(const Tensor& self, int64_t d, const Tensor& index, const Tensor& values, bool accumulate);
/// self[index[i][j]][j] becomes src[i][j] for d = 0, or what the mode makes of both; over the shape of index.
void scatter_along(const Tensor& self, int64_t d, const Tensor& index, const Tensor& src, ScatterMode mode);
/// Checks the arguments of a scatter, `src` undefined where it is a number. Returns the index as int64.
Tensor scatter_index(const Tensor& self, int64_t d, const Tensor& index, const Tensor& src);
/// Checks that a vector names one slice of self along d for every slice of source; `name` starts the messages.
void check_indexed_source(std::string_view name, const Tensor& self, int64_t d, const Tensor& index,
                          const Tensor& source);
/// Raises where what is written overlaps with itself or with what is read.
void check_apart(const Tensor& written, const Tensor& read);

struct Index {
  static constexpr Op op{"index.Tensor(Tensor self, Tensor?[] indices) -> Tensor",
                         "self[indices]: integer tensors, broadcast against each other; bool tensors are masks.",
                         Kind::Compound, "o"};
  static Tensor forward(const Tensor& self, TensorList indices);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const InList<1>& indices) {
    return index_put(zeros(s, g.dtype()), indices.list, g, true);
  }
};

struct IndexPut_ {
  static constexpr Op op{
      "index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor(a!)",
      "self[indices] = values, or += with accumulate.", Kind::Composite, "fm", "IndexPutBackward0"};
  static Tensor d0(const Tensor& g, const InList<1>& indices, const Attr<bool, 3>& accumulate) {
    return *accumulate ? g : index_put(g, indices.list, zeros({}, g.dtype()), false);
  }
  static Tensor d2(const Tensor& g, const InList<1>& indices) { return gradus::index(g, indices.list); }
};
inline constexpr Op index_put_op{
    "index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
    "A copy of self with values at the indices.", Kind::Composite, "fm"};

struct IndexSelect {
  static constexpr Op op{"index_select(Tensor self, int dim, Tensor index) -> Tensor",
                         "Entries of one dim, in the order of a 1-d index.", Kind::Structured, "fmo"};
  static void check_out(const Tensor& out, DType result);
  static void infer(Call& c, const Tensor& self, int64_t dim, const Tensor& index);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const In<2>& index) {
    return zeros(s, g.dtype()).index_add(*dim, index, g);
  }
};

struct IndexAdd {
  static constexpr Op op{"index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor",
                         "Adds alpha * source to the entries of one dim.", Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, Scalar alpha);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, Scalar alpha);
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d3(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index, const Shape<3>& s,
                   const Attr<Scalar, 4>& alpha) {
    const Tensor picked = g.index_select(*dim, index).expand(s);
    return alpha->equals(1) ? picked : picked * *alpha;
  }
};

struct Gather {
  static constexpr Op op{"gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
                         "out[i][j] = self[index[i][j]][j] for dim 0, and so on.", Kind::Structured, "fmo"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static void infer(Call& c, const Tensor& self, int64_t dim, const Tensor& index, bool sparse_grad);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const In<2>& index) {
    return zeros(s, g.dtype()).scatter_add(*dim, index, g);
  }
};

struct ScatterSrc {
  static constexpr Op op{"scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
                         "A copy of self with self[index[i][j]][j] = src[i][j] for dim 0, and so on.", Kind::Compound,
                         "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index) {
    return g.scatter(*dim, index, 0);
  }
  static Tensor d3(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index) { return g.gather(*dim, index); }
};
struct ScatterValue {
  static constexpr Op op{"scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
                         "A copy of self with one number at the indices.", Kind::Compound, "fmio", "ScatterBackward1"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, Scalar value);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, Scalar value);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index) {
    return g.scatter(*dim, index, 0);
  }
};
struct ScatterAdd {
  static constexpr Op op{"scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
                         "A copy of self with src added at the indices.", Kind::Compound, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src);
  static Tensor d0(const Tensor& g) { return g; }
  static Tensor d3(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& index) { return g.gather(*dim, index); }
};

struct ScatterReduce {
  static constexpr Op op{"scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor",
                         "A copy of self with src added (\"add\") or multiplied (\"multiply\") in at the indices.",
                         Kind::Compound, "fmio", "torch::autograd::NotImplemented"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                        std::string_view reduce);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, std::string_view reduce);
  static Tensor d0(const Tensor&);
  static Tensor d3(const Tensor& g) { return d0(g); }
};
struct ScatterReduceValue {
  static constexpr Op op{
      "scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor",
      "A copy of self with one number added or multiplied in at the indices.", Kind::Compound, "fmio",
      "torch::autograd::NotImplemented"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, const Tensor& index, Scalar value, std::string_view reduce);
  static void update(const Tensor& self, int64_t dim, const Tensor& index, Scalar value, std::string_view reduce);
  static Tensor d0(const Tensor& g) { return ScatterReduce::d0(g); }
};

struct Nonzero {
  static constexpr Op op{"nonzero(Tensor self) -> Tensor", "Coordinates of the elements that are not zero, [n, ndim].",
                         Kind::Composite, "fmo"};
  static void write_out(const Tensor* out, const Tensor& self);
};
struct MaskedSelect {
  static constexpr Op op{"masked_select(Tensor self, Tensor mask) -> Tensor",
                         "The elements where a mask is true, as a vector.", Kind::Compound, "fmo"};
  static void check_out(const Tensor& out, DType result);
  static Tensor forward(const Tensor& self, const Tensor& mask);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const In<1>& mask);
};
struct Take {
  static constexpr Op op{"take(Tensor self, Tensor index) -> Tensor", "Elements by their position in self as a vector.",
                         Kind::Compound, "fmo"};
  static void check_out(const Tensor& out, DType result);
  static Tensor forward(const Tensor& self, const Tensor& index);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const In<1>& index);
};

}  // namespace gradus
