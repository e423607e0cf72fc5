// Scans that need elementary functions, for every SIMD target. Internal.
#pragma once
#include <cstdint>

#include "gradus/core/dtype.h"
#include "gradus/kernels/target.h"

namespace gradus {

/// Lines of n elements side by side; steps along a line and to the next one, in elements.
struct ScanBlock {
  int64_t n, lines, in_step, out_step, in_next, out_next;
};

struct ScanTable {
  void (*logsumexp[kNumDTypes])(const void* in, void* out, const ScanBlock& b);  // floats only
};

GRADUS_DECLARE_TABLE(ScanTable, scan_table)

}  // namespace gradus
