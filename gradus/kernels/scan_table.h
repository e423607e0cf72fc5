// Scans that gain from vector instructions, for every SIMD target. Internal.
#pragma once
#include <cstdint>

#include "gradus/core/dtype.h"
#include "gradus/kernels/target.h"

namespace gradus {

/// Lines of n elements side by side; steps along a line and to the next one, in elements.
struct ScanBlock {
  int64_t n, lines, in_step, out_step, in_next, out_next;
};

/// The same with the steps of three arrays: elements, running extrema and their places.
struct ExtremumBlock {
  int64_t n, lines;
  int64_t step[3], next[3];
};

struct ScanTable {
  void (*logsumexp[kNumDTypes])(const void* in, void* out, const ScanBlock& b);  // floats only
  void (*extremum[2][kNumDTypes])(const void* in, void* values, int64_t* places, const ExtremumBlock& b);  // max, min
};

GRADUS_DECLARE_TABLE(ScanTable, scan_table)

}  // namespace gradus
