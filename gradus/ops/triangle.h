// Triangles and diagonals of matrices.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/view.h"

namespace gradus {

struct Tril {
  static constexpr Op op{"tril(Tensor self, SymInt diagonal=0) -> Tensor",
                         "Matrices with zeros above a diagonal; 0 is the main one, positive ones lie above it.",
                         Kind::Structured, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static void infer(Call& c, const Tensor& self, int64_t diagonal);
  static void run(const Launch& l);
  static void update(const Tensor& self, int64_t diagonal);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& diagonal) { return g.tril(*diagonal); }
};
struct Triu {
  static constexpr Op op{"triu(Tensor self, SymInt diagonal=0) -> Tensor",
                         "Matrices with zeros below a diagonal; 0 is the main one, positive ones lie above it.",
                         Kind::Structured, "fmio"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static void infer(Call& c, const Tensor& self, int64_t diagonal);
  static void run(const Launch& l);
  static void update(const Tensor& self, int64_t diagonal);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& diagonal) { return g.triu(*diagonal); }
};
inline constexpr Op tril_indices_op{
    "tril_indices(int row, int col, int offset=0, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, "
    "bool? pin_memory=None) -> Tensor",
    "Rows and columns [2, n] of the elements on and below a diagonal, row by row.", Kind::Composite, "f"};
inline constexpr Op triu_indices_op{
    "triu_indices(int row, int col, int offset=0, *, ScalarType? dtype=long, Layout? layout=None, Device? device=None, "
    "bool? pin_memory=None) -> Tensor",
    "Rows and columns [2, n] of the elements on and above a diagonal, row by row.", Kind::Composite, "f"};

struct Diagonal {
  static constexpr Op op{"diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)",
                         "A view of the diagonal of two dims, which becomes the last dim.", Kind::ViewOp, "fm"};
  static Geometry geometry(const Geometry& g, int64_t offset, int64_t dim1, int64_t dim2);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& offset, const Attr<int64_t, 2>& dim1,
                   const Attr<int64_t, 3>& dim2) {
    return diagonal_backward(g, s, *offset, *dim1, *dim2);
  }
};
inline constexpr Op linalg_diagonal_op{
    "linalg_diagonal(Tensor(a) A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor(a)",
    "A view of the diagonals of matrices.", Kind::Composite, "n"};
struct DiagonalBackward {
  static constexpr Op op{
      "diagonal_backward(Tensor grad_output, SymInt[] input_sizes, int offset, int dim1, int dim2) -> Tensor",
      "Zeros with a diagonal filled in.", Kind::Compound, ""};
  static Tensor forward(const Tensor& grad, const IntList& sizes, int64_t offset, int64_t dim1, int64_t dim2);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 2>& offset, const Attr<int64_t, 3>& dim1,
                   const Attr<int64_t, 4>& dim2) {
    return g.diagonal(*offset, *dim1, *dim2);
  }
};
struct DiagEmbed {
  static constexpr Op op{"diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor",
                         "Zero matrices with the last dim of self on a diagonal.", Kind::Compound, "fm"};
  static Tensor forward(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& offset, const Attr<int64_t, 2>& dim1,
                   const Attr<int64_t, 3>& dim2) {
    return g.diagonal(*offset, *dim1, *dim2);
  }
};
struct Diag {
  static constexpr Op op{"diag(Tensor self, int diagonal=0) -> Tensor",
                         "The diagonal of a matrix, or the matrix that has a vector as its diagonal.", Kind::Composite,
                         "fmo"};
  static constexpr bool differentiable = true;
  static constexpr bool fails_in_backward = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};
inline constexpr Op diagflat_op{"diagflat(Tensor self, int offset=0) -> Tensor",
                                "The matrix with all elements of self on a diagonal.", Kind::Composite, "fm"};

struct Trace {
  static constexpr Op op{"trace(Tensor self) -> Tensor", "Sum of the diagonal of a matrix.", Kind::Compound, "fm"};
  static Tensor forward(const Tensor& self);
  static Tensor d0(const Tensor& g, const Shape<0>& s);
};

inline constexpr Op fill_diagonal_op{
    "fill_diagonal_(Tensor(a!) self, Scalar fill_value, bool wrap=False) -> Tensor(a!)",
    "Sets the diagonal to a number; with wrap it starts again below a tall matrix.", Kind::Composite, "m"};

// ---- copies with a part replaced

struct DiagonalScatter {
  static constexpr Op op{"diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor",
                         "A copy of self with src on a diagonal.", Kind::Compound, "fm"};
  static Tensor forward(const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1, int64_t dim2);
  static Tensor d0(const Tensor& g, const Shape<1>& s, const Attr<int64_t, 2>& offset, const Attr<int64_t, 3>& dim1,
                   const Attr<int64_t, 4>& dim2) {
    return g.diagonal_scatter(zeros(s, g.dtype()), *offset, *dim1, *dim2);
  }
  static Tensor d1(const Tensor& g, const Attr<int64_t, 2>& offset, const Attr<int64_t, 3>& dim1,
                   const Attr<int64_t, 4>& dim2) {
    return g.diagonal(*offset, *dim1, *dim2);
  }
};
struct SelectScatter {
  static constexpr Op op{"select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor",
                         "A copy of self with src at one index of a dim.", Kind::Compound, "fm"};
  static Tensor forward(const Tensor& self, const Tensor& src, int64_t dim, int64_t index);
  static Tensor d0(const Tensor& g, const Shape<1>& s, const Attr<int64_t, 2>& dim, const Attr<int64_t, 3>& index) {
    return g.select_scatter(zeros(s, g.dtype()), *dim, *index);
  }
  static Tensor d1(const Tensor& g, const Attr<int64_t, 2>& dim, const Attr<int64_t, 3>& index) {
    return g.select(*dim, *index);
  }
};
struct SliceScatter {
  static constexpr Op op{
      "slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> "
      "Tensor",
      "A copy of self with src in a range of indices of a dim.", Kind::Compound, "fmo"};
  static constexpr bool fails_in_backward = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, const Tensor& src, int64_t dim, std::optional<int64_t> start,
                        std::optional<int64_t> end, int64_t step);
  static Tensor d0(const Tensor& g, const Shape<1>& s, const Attr<int64_t, 2>& dim,
                   const Attr<std::optional<int64_t>, 3>& start, const Attr<std::optional<int64_t>, 4>& end,
                   const Attr<int64_t, 5>& step) {
    return g.slice_scatter(zeros(s, g.dtype()), *dim, *start, *end, *step);
  }
  static Tensor d1(const Tensor& g, const Attr<int64_t, 2>& dim, const Attr<std::optional<int64_t>, 3>& start,
                   const Attr<std::optional<int64_t>, 4>& end, const Attr<int64_t, 5>& step) {
    return slice(g, *dim, *start, *end, *step);
  }
};
struct AsStridedScatter {
  static constexpr Op op{
      "as_strided_scatter(Tensor self, Tensor src, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> "
      "Tensor",
      "A copy of self with src in the view that sizes and strides give.", Kind::Compound, "fm"};
  static Tensor forward(const Tensor& self, const Tensor& src, const IntList& size, const IntList& stride,
                        std::optional<int64_t> offset);
  static Tensor d0(const Tensor& g, const Shape<1>& s, const Attr<Dims, 2>& size, const Attr<Dims, 3>& stride,
                   const Attr<std::optional<int64_t>, 4>& offset) {
    return g.contiguous().as_strided_scatter(zeros(s, g.dtype()), *size, *stride, *offset);
  }
  static Tensor d1(const Tensor& g, const Attr<Dims, 2>& size, const Attr<Dims, 3>& stride,
                   const Attr<std::optional<int64_t>, 4>& offset) {
    return g.contiguous().as_strided(*size, *stride, *offset);
  }
};

}  // namespace gradus
