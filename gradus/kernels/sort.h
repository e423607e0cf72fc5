// Order along a dim: sorting, the largest few, medians, the most frequent.
//
// NaN counts as larger than everything, -0 as equal to 0. `values` and `indices` (int64) have the dims of `in`, with
// another size at `dim` where fewer elements are asked for. A line has fewer than 2^32 elements.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

/// Equal elements keep their order.
void sort_lines(const Array& in, int dim, bool descending, const Array& values, const Array& indices);

/// The k largest or smallest. Among equal ones, those that a heap of k, or from n < 64 k on a partition, leaves in
/// front; only then, without `sorted`, their order is that of the partition.
void top_lines(const Array& in, int dim, int64_t k, bool largest, bool sorted, const Array& values,
               const Array& indices);

/// The k-th smallest, k >= 1, by a median-of-three quickselect (which says where, among equal ones).
void kth_lines(const Array& in, int dim, int64_t k, const Array& values, const Array& indices);

/// The lower median, as it stands in the stable order. NaN if there is one; with `ignore_nan` that of the others.
void median_lines(const Array& in, int dim, bool ignore_nan, const Array& values, const Array& indices);
/// Of all elements, without a place; NaN for none.
void median_all(const Array& in, bool ignore_nan, const Array& out);

/// The most frequent element (the smallest of several) and one of its places.
void mode_lines(const Array& in, int dim, const Array& values, const Array& indices);

/// Sorts the rows of a contiguous [n, m] lexicographically: `order` receives the n row numbers, equal rows in order.
void sort_rows(const Array& in, int64_t* order);
/// How many rows of a contiguous [n, m] differ from the row before; NaN differs from itself.
int64_t count_runs(const Array& in);
/// For rows whose equals are neighbours, the runs in order: `first[r]` the row that starts one, `inverse[order[i]]` the
/// run of row i (`order` null: i itself), `counts[r]` its rows. Each result may be null.
void fill_runs(const Array& in, const int64_t* order, int64_t* first, int64_t* inverse, int64_t* counts);

}  // namespace gradus
