// Weighted choice of indices, row by row, with PyTorch's draws.
#pragma once
#include "gradus/core/array.h"
#include "gradus/core/rng.h"

namespace gradus {

// `weights` is floating with dims [rows, categories]; `out` is an int64 array [rows, samples].

/// Raises unless all weights are finite and not negative and every row has a positive sum.
void check_weights(const Array& weights);
/// The same in the words PyTorch uses for choices with replacement.
void check_weight_rows(const Array& weights);

/// Independent choices: each takes one 53-bit number and searches the running sum of its row.
void choose_with_replacement(Generator& gen, const Array& weights, const Array& out);

/// The places of the largest `keys` of each row in descending order; equal keys in the order of their places.
void largest_indices(const Array& keys, const Array& out);

}  // namespace gradus
