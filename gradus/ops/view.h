// Views: operators that change geometry and share memory; and the joins that undo splits.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// Sums `g` down to a shape it was broadcast from.
Tensor sum_to(const Tensor& g, const IntList& sizes);
/// The same memory outside any graph and without a version; for what never leaves a rule but as its result. Empty
/// strides: row-major.
Tensor bare_view(const Tensor& t, const IntList& sizes, const IntList& strides);
/// The transpose of a matrix, for rules: a bare view unless they are recorded themselves.
Tensor turned(const Tensor& matrix);

struct View_ {
  static constexpr Op op{"view(Tensor(a) self, SymInt[] size) -> Tensor(a)",
                         "The same elements in another shape; raises if that needs a copy.", Kind::ViewOp, "m"};
  static Geometry geometry(const Geometry& g, const IntList& size);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.reshape(s); }
};

inline constexpr Op view_dtype_op{"view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)",
                                  "The same bytes as elements of another dtype; the last dim takes up the difference.",
                                  Kind::Composite, "m"};

struct UnsafeView {
  static constexpr Op op{"_unsafe_view(Tensor self, SymInt[] size) -> Tensor",
                         "A view of a tensor that nobody else holds.", Kind::Composite, "f", "UnsafeViewBackward0"};
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.reshape(s); }
};

/// A view with given strides, as reshape makes where the strides need no copy but the input is not contiguous.
struct ReshapeAlias {
  static constexpr Op op{"_reshape_alias(Tensor(a) self, SymInt[] size, SymInt[] stride) -> Tensor(a)",
                         "A view in another shape with known strides.", Kind::ViewOp, "f"};
  static Geometry geometry(const Geometry& g, const IntList& size, const IntList& stride) {
    return {Dims(size), Dims(stride), g.offset};
  }
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.reshape(s); }
};

inline constexpr Op view_as_op{"view_as(Tensor(a) self, Tensor other) -> Tensor(a)", "A view in the shape of other.",
                               Kind::Composite, "m"};
inline constexpr Op reshape_op{"reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)",
                               "A view in another shape where possible, else a copy.", Kind::Composite, "fm"};
inline constexpr Op reshape_as_op{"reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)",
                                  "Reshaped to the shape of other.", Kind::Composite, "m"};
inline constexpr Op flatten_op{"flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)",
                               "Merges a range of dims into one.", Kind::Composite, "fm"};

struct Expand {
  static constexpr Op op{"expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)",
                         "A view broadcast to a larger shape; -1 keeps a size.", Kind::Composite, "m"};
  static Geometry geometry(const Geometry& g, const IntList& size, bool implicit);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return sum_to(g, s); }
};
inline constexpr Op expand_as_op{"expand_as(Tensor(a) self, Tensor other) -> Tensor(a)",
                                 "Expanded to the shape of other.", Kind::Composite, "m"};

struct Unsqueeze {
  static constexpr Op op{"unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", "Inserts a dim of size one.", Kind::ViewOp,
                         "fm"};
  static Geometry geometry(const Geometry& g, int64_t dim);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim) { return g.squeeze(*dim); }
};
struct Unsqueeze_ {
  static constexpr Op op{"unsqueeze_(Tensor(a!) self, int dim) -> Tensor(a!)", "Inserts a dim of size one into self.",
                         Kind::Composite, "m", "UnsqueezeBackward1"};
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim) { return g.squeeze(*dim); }
};

struct SqueezeAll {
  static constexpr Op op{"squeeze(Tensor(a) self) -> Tensor(a)", "Drops all dims of size one.", Kind::ViewOp, "fm"};
  static Geometry geometry(const Geometry& g);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.reshape(s); }
};

struct SqueezeDim {
  static constexpr Op op{"squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)",
                         "Drops a dim of size one; any other dim is left as it is.", Kind::ViewOp, "fm",
                         "SqueezeBackward1"};
  static Geometry geometry(const Geometry& g, int64_t dim);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.reshape(s); }
};

struct SqueezeDims {
  static constexpr Op op{"squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)", "Drops those dims of size one.",
                         Kind::ViewOp, "fm", "SqueezeBackward2"};
  static Geometry geometry(const Geometry& g, const IntList& dim);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return g.reshape(s); }
};
struct SqueezeAll_ {
  static constexpr Op op{"squeeze_(Tensor(a!) self) -> Tensor(a!)", "Drops all dims of size one from self.",
                         Kind::Composite, "m", "SqueezeBackward3"};
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& sizes) { return g.reshape(*sizes); }
};
struct SqueezeDim_ {
  static constexpr Op op{"squeeze_.dim(Tensor(a!) self, int dim) -> Tensor(a!)", "Drops a dim of size one from self.",
                         Kind::Composite, "m", "SqueezeBackward4"};
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& sizes) { return g.reshape(*sizes); }
};
struct SqueezeDims_ {
  static constexpr Op op{"squeeze_.dims(Tensor(a!) self, int[] dim) -> Tensor(a!)",
                         "Drops those dims of size one from self.", Kind::Composite, "m", "SqueezeBackward5"};
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& sizes) { return g.reshape(*sizes); }
};

struct Transpose {
  static constexpr Op op{"transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", "Swaps two dims.",
                         Kind::ViewOp, "fm"};
  static Geometry geometry(const Geometry& g, int64_t dim0, int64_t dim1);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim0, const Attr<int64_t, 2>& dim1) {
    return g.transpose(*dim0, *dim1);
  }
};
struct Transpose_ {
  static constexpr Op op{"transpose_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)", "Swaps two dims of self.",
                         Kind::Composite, "m", "TransposeBackward1"};
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim0, const Attr<int64_t, 2>& dim1) {
    return g.transpose(*dim0, *dim1);
  }
};

struct T {
  static constexpr Op op{"t(Tensor(a) self) -> Tensor(a)", "The transpose of a matrix; a vector stays as it is.",
                         Kind::ViewOp, "fm"};
  static Geometry geometry(const Geometry& g);
  static Tensor d0(const Tensor& g) {
    const bool is_ours = g.dim() == 2 && ref_count(g.impl()->refs) == 1 && !g.is_view();
    return is_ours ? turned(g) : g.t();  // the version of a caller's own gradient counts
  }
};
struct T_ {
  static constexpr Op op{"t_(Tensor(a!) self) -> Tensor(a!)", "Transposes self, a matrix or less.", Kind::Composite,
                         "m", "TBackward1"};
  static Tensor d0(const Tensor& g) { return g.t(); }
};

struct Permute {
  static constexpr Op op{"permute(Tensor(a) self, int[] dims) -> Tensor(a)", "Reorders the dims.", Kind::ViewOp, "fm"};
  static Geometry geometry(const Geometry& g, const IntList& dims);
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& dims);
};

struct Select {
  static constexpr Op op{"select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)",
                         "One index along a dim, which disappears.", Kind::ViewOp, "fm"};
  static Geometry geometry(const Geometry& g, int64_t dim, int64_t index);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const Attr<int64_t, 2>& index);
};

struct SelectBackward {
  static constexpr Op op{"select_backward(Tensor grad_output, SymInt[] input_sizes, int dim, SymInt index) -> Tensor",
                         "Zeros with one index along a dim filled in.", Kind::Compound, "f"};
  static Tensor forward(const Tensor& grad, const IntList& sizes, int64_t dim, int64_t index);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 2>& dim, const Attr<int64_t, 3>& index) {
    return g.select(*dim, *index);
  }
};

struct Slice {
  static constexpr Op op{
      "slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)",
      "A range of indices along a dim, as Python's slices.", Kind::ViewOp, ""};
  static Geometry geometry(const Geometry& g, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
                           int64_t step);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim,
                   const Attr<std::optional<int64_t>, 2>& start, const Attr<std::optional<int64_t>, 3>& end,
                   const Attr<int64_t, 4>& step);
};

struct SliceBackward {
  static constexpr Op op{
      "slice_backward(Tensor grad_output, SymInt[] input_sizes, int dim, SymInt start, SymInt end, SymInt step) -> "
      "Tensor",
      "Zeros with a range of indices filled in.", Kind::Compound, "f"};
  static Tensor forward(const Tensor& grad, const IntList& sizes, int64_t dim, int64_t start, int64_t end,
                        int64_t step);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 2>& dim, const Attr<int64_t, 3>& start,
                   const Attr<int64_t, 4>& end, const Attr<int64_t, 5>& step) {
    return slice(g, *dim, *start, *end, *step);
  }
};

inline constexpr Op narrow_op{"narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)",
                              "`length` indices from `start` along a dim.", Kind::Composite, "fm"};

inline constexpr Op narrow_tensor_op{"narrow.Tensor(Tensor(a) self, int dim, Tensor start, SymInt length) -> Tensor(a)",
                                     "`length` indices from a start held by a zero-dim tensor.", Kind::Composite, "fm"};

struct AsStrided {
  static constexpr Op op{
      "as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a)",
      "A view of the storage with any sizes and strides.", Kind::Composite, "fm"};
  // The node keeps the geometry of self behind the arguments of the schema.
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& size, const Attr<Dims, 2>& stride,
                   const Attr<int64_t, 3>& offset, const Attr<Dims, 4>& in_size, const Attr<Dims, 5>& in_stride,
                   const Attr<int64_t, 6>& in_offset);
};
struct AsStrided_ {
  static constexpr Op op{
      "as_strided_(Tensor(a!) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a!)",
      "Gives self any sizes and strides over its storage.", Kind::Composite, "fm", "AsStridedBackward1"};
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& size, const Attr<Dims, 2>& stride,
                   const Attr<int64_t, 3>& offset, const Attr<Dims, 4>& in_size, const Attr<Dims, 5>& in_stride,
                   const Attr<int64_t, 6>& in_offset);
};
struct AsStridedBackward {
  static constexpr Op op{
      "_gradus_as_strided_backward(Tensor grad, int[] size, int[] stride, int offset, int[] in_size, int[] in_stride) "
      "-> Tensor",
      "Gradient of as_strided: where elements were read several times their gradients add up, where the input overlaps "
      "itself they are shared out; offset counts from the first element of its input.",
      Kind::Compound, ""};
  static Tensor forward(const Tensor& grad, const IntList& size, const IntList& stride, int64_t offset,
                        const IntList& in_size, const IntList& in_stride);
  static Tensor d0(const Tensor& g, const Attr<Dims, 1>& size, const Attr<Dims, 2>& stride,
                   const Attr<int64_t, 3>& offset, const Attr<Dims, 4>& in_size, const Attr<Dims, 5>& in_stride);
};

inline constexpr Op detach_op{"detach(Tensor(a) self) -> Tensor(a)", "The same memory, outside the graph.",
                              Kind::Composite, "fm"};

struct Split {
  static constexpr Op op{"split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]",
                         "Views of equal size along a dim; the last may be smaller.", Kind::Composite, "fm"};
  static Tensor d0(const Tensor& g, const Grads& grads, const Shape<0>& s, const Attr<int64_t, 1>& split_size,
                   const Attr<int64_t, 2>& dim);
};
struct SplitSizes {
  static constexpr Op op{"split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]",
                         "Views of the given sizes along a dim.", Kind::Composite, "fm"};
  static Tensor d0(const Tensor& g, const Grads& grads, const Shape<0>& s, const Attr<Dims, 1>& split_sizes,
                   const Attr<int64_t, 2>& dim);
};
inline constexpr Op split_sizes_op{"split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]",
                                   "Views of the given sizes along a dim.", Kind::Composite, "fm"};
inline constexpr Op chunk_op{"chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]",
                             "At most `chunks` views along a dim.", Kind::Composite, "fm"};
struct Unbind {
  static constexpr Op op{"unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]", "All indices along a dim.",
                         Kind::Composite, "fm"};
  static Tensor d0(const Tensor& g, const Grads& grads, const Shape<0>& s, const Attr<int64_t, 1>& dim);
};

struct Cat {
  static constexpr Op op{"cat(Tensor[] tensors, int dim=0) -> Tensor", "Joins tensors along a dim.", Kind::Compound,
                         "fo"};
  static Tensor forward(TensorList tensors, int64_t dim);
  static void write_out(const Tensor* out, const TensorList& tensors, int64_t dim);
  static Tensors d0(const Tensor& g, const Shapes<0>& shapes, const Attr<int64_t, 1>& dim);
};
struct Concat {
  static constexpr Op op{"concat(Tensor[] tensors, int dim=0) -> Tensor", "Another name of cat.", Kind::Composite,
                         "fo"};
  static constexpr bool differentiable = true;
  static void write_out(const Tensor* out, const TensorList& tensors, int64_t dim);
};
struct Concatenate {
  static constexpr Op op{"concatenate(Tensor[] tensors, int dim=0) -> Tensor", "Another name of cat.", Kind::Composite,
                         "fo"};
  static constexpr bool differentiable = true;
  static void write_out(const Tensor* out, const TensorList& tensors, int64_t dim);
};
struct Stack {
  static constexpr Op op{"stack(Tensor[] tensors, int dim=0) -> Tensor", "Joins tensors along a new dim.",
                         Kind::Compound, "fo"};
  static Tensor forward(TensorList tensors, int64_t dim);
  static void write_out(const Tensor* out, const TensorList& tensors, int64_t dim);
  static Tensors d0(const Tensor& g, const Attr<int64_t, 1>& dim) { return g.unbind(*dim); }
};

}  // namespace gradus
