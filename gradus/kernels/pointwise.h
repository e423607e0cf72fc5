// Pointwise kernels: a loop over contiguous tiles per operator and compute type, and the driver that feeds it.
#pragma once
#include "gradus/kernels/target.h"
#include "gradus/stream/record.h"

namespace gradus {

/// By compute type: int32, int64, float32, float64. Absent where the operator does not apply.
struct TileTable {
  TileFn fn[4];
};

/// The type in which an element type is computed: small integers and bool in int32, 16-bit floats in float32.
constexpr DType compute_type(DType t) {
  if (t == DType::Float64 || t == DType::Int64) return t;
  return is_floating(t) ? DType::Float32 : DType::Int32;
}
constexpr int tile_index(DType compute) {
  return compute == DType::Int32 ? 0 : compute == DType::Int64 ? 1 : compute == DType::Float32 ? 2 : 3;
}

void run_pointwise(const Launch&);

}  // namespace gradus
