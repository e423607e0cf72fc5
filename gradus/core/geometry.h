// Sizes and strides: wrapping of dims, broadcasting, the layout of results (PyTorch's rules).
#pragma once
#include <cstdint>

#include "gradus/core/device.h"
#include "gradus/core/dtype.h"
#include "gradus/core/shape.h"

namespace gradus {

/// Sizes, strides and offset in elements: what a view operator maps.
struct Geometry {
  Dims sizes, strides;
  int64_t offset = 0;
};

/// A dim in [-ndim, ndim) made non-negative; 0-d tensors count as one dim. IndexError otherwise.
int64_t wrap_dim(int64_t dim, int64_t ndim);
/// Bytes from the start of the storage to behind the last element; 0 if there are none. RuntimeError if int64 is too
/// small for them.
int64_t storage_bytes(const IntList& sizes, const IntList& strides, int64_t offset, int64_t item);
/// Row-major strides. RuntimeError if int64 is too small for them.
Dims dense_strides(const IntList& sizes);
/// The common shape of a broadcast. RuntimeError if there is none.
Dims broadcast_sizes(const IntList& a, const IntList& b);
/// Strides that read a tensor of `sizes` as one of shape `target` (0 in broadcast dims).
Dims expand_strides(const IntList& sizes, const IntList& strides, const IntList& target);
bool is_expandable_to(const IntList& sizes, const IntList& target);
bool is_contiguous(const IntList& sizes, const IntList& strides);  // row-major without gaps, or empty
bool is_channels_last(const IntList& sizes, const IntList& strides, MemoryFormat format);
/// Row-major strides, or those of a channels-last format. RuntimeError if the sizes are of another rank.
Dims format_strides(const IntList& sizes, MemoryFormat format);
/// No two indices share an element, and no element between is unused.
bool is_non_overlapping_and_dense(const IntList& sizes, const IntList& strides);
/// Every dim steps over all that the dims of smaller strides reach, so that no two indices share an element.
bool is_nested(const IntList& sizes, const IntList& strides);
/// Two indices may share an element (a stride 0 over more than one index, or interleaved strides).
bool has_internal_overlap(const IntList& sizes, const IntList& strides);
/// Strides of a result that keeps the memory order of `strides` (empty_like): exact if dense, else a dense permutation.
Dims like_strides(const IntList& sizes, const IntList& strides);

/// Strides of the result of a pointwise op over operands of shape `sizes` (each given by its expanded strides), or of
/// a tensor `like` one operand.
Dims pointwise_strides(const IntList& sizes, const Dims* operand_strides, int n_operands, bool like = false);

/// Resolves one -1 in `shape`. RuntimeError if the element counts cannot agree.
Dims infer_view_size(const IntList& shape, int64_t numel);
/// Strides of a view of the given shape over (sizes, strides), or false if a copy is needed.
bool view_strides(const IntList& sizes, const IntList& strides, const IntList& shape, Dims& out);

}  // namespace gradus
