// The views as copies: the same results with memory of their own.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/alias.h"
#include "gradus/ops/dims.h"
#include "gradus/ops/triangle.h"

namespace gradus {

/// Geometry and gradient of the view V, and a copy made at once.
template <class V>
struct CopyOf : V {
  static constexpr bool fails_in_backward = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  template <class... A>
  static Tensor forward(const Tensor& self, const A&... args) {
    return make_view(self, V::geometry(geometry_of(self), args...)).clone(MemoryFormat::Contiguous);
  }
};

struct AliasCopy : CopyOf<Alias> {
  static constexpr Op op{"alias_copy(Tensor self) -> Tensor", "A copy.", Kind::Compound, "fo", "AliasBackward0_copy"};
};
struct AsStridedCopy : AsStrided {
  static constexpr Op op{
      "as_strided_copy(Tensor self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor",
      "as_strided as a copy.", Kind::Composite, "fo", "AsStridedBackward0_copy"};
  static constexpr bool fails_in_backward = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};
struct DetachCopy {
  static constexpr Op op{"detach_copy(Tensor self) -> Tensor", "A copy through which no gradient goes.", Kind::Compound,
                         "fo", "torch::autograd::NotImplemented"};
  static constexpr bool fails_in_backward = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self) { return self.clone(MemoryFormat::Contiguous); }
  static Tensor d0(const Tensor&);
};
struct DiagonalCopy : CopyOf<Diagonal> {
  static constexpr Op op{"diagonal_copy(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor",
                         "diagonal as a copy.", Kind::Compound, "fo", "DiagonalBackward0_copy"};
};
struct ExpandCopy : CopyOf<Expand> {
  static constexpr Op op{"expand_copy(Tensor self, SymInt[] size, *, bool implicit=False) -> Tensor",
                         "expand as a copy.", Kind::Compound, "fo", "ExpandBackward0_copy"};
  static Tensor forward(const Tensor& self, const IntList& size, bool implicit) {
    return self.expand(size, implicit).clone(MemoryFormat::Contiguous);
  }
};
struct NarrowCopy {
  static constexpr Op op{"narrow_copy(Tensor self, int dim, SymInt start, SymInt length) -> Tensor",
                         "narrow as a copy.", Kind::Compound, "fmo"};
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, int64_t dim, int64_t start, int64_t length);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const Attr<int64_t, 2>& start,
                   const Attr<int64_t, 3>& length);
};
struct PermuteCopy : CopyOf<Permute> {
  static constexpr Op op{"permute_copy(Tensor self, int[] dims) -> Tensor", "permute as a copy.", Kind::Compound, "fo",
                         "PermuteBackward0_copy"};
};
struct SelectCopy : CopyOf<Select> {
  static constexpr Op op{"select_copy.int(Tensor self, int dim, SymInt index) -> Tensor", "select as a copy.",
                         Kind::Compound, "fo", "SelectBackward0_copy"};
};
struct SliceCopy : CopyOf<Slice> {
  static constexpr Op op{
      "slice_copy.Tensor(Tensor self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor",
      "A range of indices along a dim as a copy.", Kind::Compound, "fo", "SliceBackward0_copy"};
};
struct SqueezeCopy : CopyOf<SqueezeAll> {
  static constexpr Op op{"squeeze_copy(Tensor self) -> Tensor", "squeeze as a copy.", Kind::Compound, "fo",
                         "SqueezeBackward0_copy"};
};
struct SqueezeCopyDim : CopyOf<SqueezeDim> {
  static constexpr Op op{"squeeze_copy.dim(Tensor self, int dim) -> Tensor", "squeeze as a copy.", Kind::Compound, "fo",
                         "SqueezeBackward1_copy"};
};
struct SqueezeCopyDims : CopyOf<SqueezeDims> {
  static constexpr Op op{"squeeze_copy.dims(Tensor self, int[] dim) -> Tensor", "squeeze as a copy.", Kind::Compound,
                         "fo", "SqueezeBackward2_copy"};
};
struct TCopy : CopyOf<T> {
  static constexpr Op op{"t_copy(Tensor self) -> Tensor", "t as a copy.", Kind::Compound, "fo", "TBackward0_copy"};
};
struct TransposeCopy : CopyOf<Transpose> {
  static constexpr Op op{"transpose_copy.int(Tensor self, int dim0, int dim1) -> Tensor", "transpose as a copy.",
                         Kind::Compound, "fo", "TransposeBackward0_copy"};
};
struct UnfoldCopy : CopyOf<Unfold> {
  static constexpr Op op{"unfold_copy(Tensor self, int dimension, int size, int step) -> Tensor", "unfold as a copy.",
                         Kind::Compound, "fo", "UnfoldBackward0_copy"};
};
struct UnsqueezeCopy : CopyOf<Unsqueeze> {
  static constexpr Op op{"unsqueeze_copy(Tensor self, int dim) -> Tensor", "unsqueeze as a copy.", Kind::Compound, "fo",
                         "UnsqueezeBackward0_copy"};
};
struct ViewCopy : View_ {
  static constexpr Op op{"view_copy(Tensor self, SymInt[] size) -> Tensor", "A copy in another shape.", Kind::Compound,
                         "fo", "ViewBackward0_copy"};
  static constexpr bool fails_in_backward = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
  static Tensor forward(const Tensor& self, const IntList& size);
};
struct ViewCopyDtype {
  static constexpr Op op{"view_copy.dtype(Tensor self, ScalarType dtype) -> Tensor",
                         "A copy of the bytes as elements of another dtype.", Kind::Composite, "fo"};
  static constexpr bool fails_in_backward = true;
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};

struct SplitCopy : Split {
  static constexpr Op op{"split_copy.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]", "split as copies.",
                         Kind::Composite, "f", "SplitBackward0_copy"};
};
struct SplitSizesCopy : SplitSizes {
  static constexpr Op op{"split_with_sizes_copy(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]",
                         "split_with_sizes as copies.", Kind::Composite, "f", "SplitWithSizesBackward0_copy"};
};
struct UnbindCopy : Unbind {
  static constexpr Op op{"unbind_copy.int(Tensor self, int dim=0) -> Tensor[]", "unbind as copies.", Kind::Composite,
                         "f", "UnbindBackward0_copy"};
};

}  // namespace gradus
