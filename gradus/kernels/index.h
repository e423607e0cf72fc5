// Indexing: nonzero, advanced indexing, embedding rows, gather and scatter along a dim.
//
// Index arrays are int64. Nothing here checks indices: the check_* functions do, before anything is changed. Where an
// element is written or added to more than once, that happens in the logical order of the index.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

/// How many elements differ from zero (NaN does); any dtype.
int64_t count_nonzero(const Array& in);

/// Coordinates of the elements that differ from zero in logical order: coordinate d of the k-th in
/// out[k * row_step + d * dim_step].
void nonzero(const Array& in, int64_t* out, int64_t row_step, int64_t dim_step);

/// True if an index lies outside [low, high); `value` receives the first one in logical order.
bool find_outside(const Array& index, int64_t low, int64_t high, int64_t& value);

/// Advanced indexing: negative indices count from the end. IndexError "index 5 is out of bounds for dimension 0 with
/// size 3".
void check_index_bounds(const Array& index, int64_t size, int dim);
/// gather, scatter, index_select, index_add: no negative indices. RuntimeError with the same text.
void check_gather_bounds(const Array& index, int64_t size, int dim);
/// embedding: no negative indices. IndexError "index out of range in self".
void check_row_bounds(const Array& index, int64_t size);
/// Class targets: `ignore_index` is allowed. IndexError "Target 7 is out of bounds.".
void check_targets(const Array& target, int64_t classes, int64_t ignore_index);

inline constexpr int kMaxIndexed = 8;

/// The indexed dims of a tensor. The index arrays have one shape B (broadcast by stride 0) and are int64.
struct IndexSpec {
  int n_indexed = 0;
  int64_t dim_sizes[kMaxIndexed];    // of the indexed tensor
  int64_t dim_strides[kMaxIndexed];  // in elements
  Array index[kMaxIndexed];
};

/// out[b…, s…] = src[index0[b…], index1[b…], …, s…]. `slice` is the address of src with its dims that are not indexed;
/// `out` has shape B + slice and any strides: an op that wants the indexed dims elsewhere permutes its result.
void index_get(const Array& slice, const IndexSpec& spec, const Array& out);

/// dst[index0[b…], …, s…] = values[b…, s…], or += with `accumulate` (rounded at every addition).
void index_put(const Array& slice, const IndexSpec& spec, const Array& values, bool accumulate);

/// Embedding: out[b…, …] = table[index[b…], …].
void gather_rows(const Array& table, const Array& index, const Array& out);

/// Gradient of gather_rows: out_table[index[b…]] += grad[b…], except where the index is `padding_idx` (negative: none).
void scatter_add_rows(const Array& grad, const Array& index, const Array& out_table, int64_t padding_idx);

/// out[i…] = in[i… with index[i…] at dim]; `out` has the shape of `index`, which no dim but `dim` may exceed in `in`.
void gather(const Array& in, int dim, const Array& index, const Array& out);

enum class ScatterMode : uint8_t { Set, Add, Multiply, Max, Min };

/// dst[i… with index[i…] at dim] = src[i…] (or +=, *=, the larger, the smaller; NaN wins) over the shape of `index`; a
/// scalar `src` has strides 0.
void scatter(const Array& dst, int dim, const Array& index, const Array& src, ScatterMode mode);

}  // namespace gradus
