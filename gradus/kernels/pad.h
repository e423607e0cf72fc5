// Reads and writes through a table of indices for every dim: what padding by reflection, repetition or wrapping is.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"

namespace gradus {

/// out[i, j, …] = in[table0[i], table1[j], …]. `tables` holds one entry for each dim: the indices one after the other,
/// or null for the same index.
void read_by_tables(const Array& in, const Array& out, const int64_t* const* tables);

/// grad_in[table0[i], table1[j], …] += grad[i, j, …], in logical order.
void add_by_tables(const Array& grad, const Array& grad_in, const int64_t* const* tables);

}  // namespace gradus
