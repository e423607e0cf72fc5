// Views that reorder, window, merge or split dims, and splittings of a tensor into many views.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/view.h"

namespace gradus {

inline constexpr Op movedim_op{"movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)",
                               "A view with one dim moved to another place.", Kind::Composite, "fm"};
inline constexpr Op movedim_list_op{"movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)",
                                    "A view with dims moved to other places.", Kind::Composite, "fm"};
inline constexpr Op moveaxis_op{"moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)",
                                "Another name of movedim.", Kind::Composite, "fm"};
inline constexpr Op moveaxis_list_op{"moveaxis.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)",
                                     "Another name of movedim.", Kind::Composite, "fm"};
inline constexpr Op swapaxes_op{"swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)",
                                "Another name of transpose.", Kind::Composite, "fm"};
inline constexpr Op swapdims_op{"swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)",
                                "Another name of transpose.", Kind::Composite, "fm"};
inline constexpr Op swapaxes_inplace_op{"swapaxes_(Tensor(a!) self, int axis0, int axis1) -> Tensor(a!)",
                                        "Another name of transpose_.", Kind::Composite, "m"};
inline constexpr Op swapdims_inplace_op{"swapdims_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)",
                                        "Another name of transpose_.", Kind::Composite, "m"};
inline constexpr Op adjoint_op{"adjoint(Tensor(a) self) -> Tensor(a)",
                               "The last two dims exchanged (and conjugated, were there complex numbers).",
                               Kind::Composite, "fm"};

struct Unfold {
  static constexpr Op op{"unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)",
                         "All windows of a size along a dim, every `step`; the window is the last dim of the view.",
                         Kind::ViewOp, "m"};
  static Geometry geometry(const Geometry& g, int64_t dimension, int64_t size, int64_t step);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const Attr<int64_t, 2>& size,
                   const Attr<int64_t, 3>& step) {
    return unfold_backward(g, s, *dim, *size, *step);
  }
};
struct UnfoldBackward {
  static constexpr Op op{"unfold_backward(Tensor grad_in, SymInt[] input_sizes, int dim, int size, int step) -> Tensor",
                         "Windows added up where they came from.", Kind::Compound, ""};
  static Tensor forward(const Tensor& grad, const IntList& sizes, int64_t dim, int64_t size, int64_t step);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 2>& dim, const Attr<int64_t, 3>& size,
                   const Attr<int64_t, 4>& step) {
    return g.unfold(*dim, *size, *step);
  }
};

inline constexpr Op broadcast_to_op{"broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)",
                                    "A view broadcast to a larger shape.", Kind::Composite, "fm"};
inline constexpr Op broadcast_tensors_op{"broadcast_tensors(Tensor[] tensors) -> Tensor[]",
                                         "Views of all tensors in their common shape.", Kind::Composite, "f"};
inline constexpr Op sum_to_size_op{"sum_to_size(Tensor self, SymInt[] size) -> Tensor",
                                   "Sums down to a shape from which self could have been broadcast.", Kind::Composite,
                                   "m"};
inline constexpr Op unflatten_op{"unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)",
                                 "One dim split into several.", Kind::Composite, "fm"};
inline constexpr Op ravel_op{"ravel(Tensor(a) self) -> Tensor(a)", "All elements as a vector; a view where possible.",
                             Kind::Composite, "fm"};

inline constexpr Op atleast_1d_op{"atleast_1d(Tensor self) -> Tensor", "self, with one dim if it has none.",
                                  Kind::Composite, "f"};
inline constexpr Op atleast_1d_list_op{"atleast_1d.Sequence(Tensor[] tensors) -> Tensor[]",
                                       "The tensors, each with at least one dim.", Kind::Composite, "f"};
inline constexpr Op atleast_2d_op{"atleast_2d(Tensor self) -> Tensor", "self, with leading dims up to two.",
                                  Kind::Composite, "f"};
inline constexpr Op atleast_2d_list_op{"atleast_2d.Sequence(Tensor[] tensors) -> Tensor[]",
                                       "The tensors, each with at least two dims.", Kind::Composite, "f"};
inline constexpr Op atleast_3d_op{"atleast_3d(Tensor self) -> Tensor", "self, with dims of size one up to three.",
                                  Kind::Composite, "f"};
inline constexpr Op atleast_3d_list_op{"atleast_3d.Sequence(Tensor[] tensors) -> Tensor[]",
                                       "The tensors, each with at least three dims.", Kind::Composite, "f"};

inline constexpr Op tensor_split_op{
    "tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> Tensor(a)[]",
    "So many views along a dim, their sizes equal or one apart.", Kind::Composite, "fm"};
inline constexpr Op tensor_split_indices_op{
    "tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> Tensor(a)[]",
    "Views along a dim, cut before each of the indices.", Kind::Composite, "fm"};
inline constexpr Op tensor_split_tensor_op{
    "tensor_split.tensor_indices_or_sections(Tensor(a -> *) self, Tensor tensor_indices_or_sections, int dim=0) -> "
    "Tensor(a)[]",
    "Views along a dim; a zero-dim tensor says how many, a vector where to cut.", Kind::Composite, "fm"};
inline constexpr Op hsplit_op{"hsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]",
                              "Views of equal width, from left to right.", Kind::Composite, "fm"};
inline constexpr Op hsplit_array_op{"hsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
                                    "Views cut before columns.", Kind::Composite, "fm"};
inline constexpr Op vsplit_op{"vsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]",
                              "Views of equal height, from top to bottom.", Kind::Composite, "fm"};
inline constexpr Op vsplit_array_op{"vsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
                                    "Views cut before rows.", Kind::Composite, "fm"};
inline constexpr Op dsplit_op{"dsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]",
                              "Views of equal depth along dim 2.", Kind::Composite, "fm"};
inline constexpr Op dsplit_array_op{"dsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]",
                                    "Views cut along dim 2.", Kind::Composite, "fm"};

// Pieces that share memory without being views: for callers that drop the whole.
struct UnsafeSplit : Split {
  static constexpr Op op{"unsafe_split.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]",
                         "As split, but writes into the pieces are not seen by the graph of the whole.",
                         Kind::Composite, "fm"};
};
struct UnsafeSplitSizes : SplitSizes {
  static constexpr Op op{"unsafe_split_with_sizes(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]",
                         "As split_with_sizes, but writes into the pieces are not seen by the graph of the whole.",
                         Kind::Composite, "fm"};
};
inline constexpr Op unsafe_chunk_op{"unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]",
                                    "As chunk, but writes into the pieces are not seen by the graph of the whole.",
                                    Kind::Composite, "fm"};

}  // namespace gradus
