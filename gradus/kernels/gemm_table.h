// What gemm.cpp and the per-target product kernels share.
#pragma once
#include "gradus/kernels/gemm.h"
#include "gradus/kernels/target.h"

namespace gradus {

struct GemmTable {
  void (*run[kNumDTypes])(const Gemm& g);
};
GRADUS_DECLARE_TABLE(GemmTable, gemm_table)
GRADUS_DECLARE_TABLE(GemmTable, gemm_int_table)

/// Per-thread workspaces, 64-byte aligned, growing only and valid until the next request for the same slot.
enum class GemmSlot { PackedA, PackedB, Tile, kCount };
void* gemm_scratch(GemmSlot slot, int64_t bytes);

}  // namespace gradus
