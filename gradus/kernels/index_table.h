// Loops of indexing that gain from vector instructions, for every SIMD target. Internal.
#pragma once
#include <cstdint>

#include "gradus/kernels/target.h"

namespace gradus {

struct IndexTable {
  /// Whether any of x[i * stride] lies outside [low, low + extent).
  bool (*any_outside)(const int64_t* x, int64_t n, int64_t stride, int64_t low, uint64_t extent);
};

GRADUS_DECLARE_TABLE(IndexTable, index_table)

}  // namespace gradus
