// Counting and searching: how often numbers occur, histograms, binary search.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

/// Smallest and largest element of an integer vector that is not empty.
void integer_bounds(const Array& in, int64_t& low, int64_t& high);
/// out[x] += 1 for every x of an integer vector (out: int64), or += its weight (float32 or float64, like out). `out`
/// is contiguous and zero.
void count_integers(const Array& in, const Array& weights, const Array& out);

/// hist[k] += the weight (1 without) of each x with edges[k] <= x < edges[k + 1]; the last bin has its upper edge, too.
/// All contiguous, one floating dtype; a bin comes from a division where edges are equally spaced (`even`), and then a
/// look at the neighbouring edges (`exact`), else from a binary search.
struct BinRule {
  double low, high;
  bool even, exact;
};
void fill_histogram(const Array& in, const Array& edges, const Array& weights, const BinRule& rule, const Array& hist);

/// For every value of the contiguous `values` the first place in its row of `sorted` whose element is not smaller, or
/// with `right` is larger; no comparison with NaN says so. `sorted` is contiguous, a vector or [rows, n] for values
/// [rows, m]; `order` (int64, may have no data) gives its elements in order. `out` is int64 or int32.
void search_sorted(const Array& sorted, const Array& order, const Array& values, bool right, const Array& out);

}  // namespace gradus
