// Sums, means and maxima of bags of table rows, and their gradients.
//
// `index` (n) and `bounds` (bags + 1) are contiguous int64: bag b holds the indices from bounds[b] up to bounds[b + 1].
// An index that is `padding` counts nothing (negative: none). Tables have any strides, other arrays are contiguous.
// 16-bit floats are summed in float32. Nothing here checks indices.
#pragma once
#include "gradus/core/array.h"

namespace gradus {

enum class BagMode : uint8_t { Sum, Mean, Max };

struct Bags {
  Array index, bounds;
  int64_t padding = -1;
  int64_t count() const { return bounds.sizes[0] - 1; }
  /// What a bag holds beside padding.
  int64_t size(int64_t bag) const;
};

/// bag_of[i] = the bag of index i (`count` behind the last one); sizes[bag] = what it holds beside padding.
void describe_bags(const Bags& bags, const Array& bag_of, const Array& sizes);

/// out[bag] from the rows of `table`, each times its weight (no data: 1). `best`, if it has data, receives the row that
/// each maximum came from (0 for an empty bag).
void embedding_bag(const Bags& bags, BagMode mode, const Array& table, const Array& weights, const Array& out,
                   const Array& best);

/// Adds to `table` what its rows get of `grad` [bags, columns]; with `by_frequency` divided by how often a row is
/// named.
void embedding_bag_backward(const Bags& bags, BagMode mode, const Array& grad, const Array& weights, const Array& best,
                            bool by_frequency, const Array& table);

/// out[i] = grad[bag of i] · table[index[i]], 0 for padding.
void embedding_bag_weights_backward(const Bags& bags, const Array& grad, const Array& table, const Array& out);

}  // namespace gradus
