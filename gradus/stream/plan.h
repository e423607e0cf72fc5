// From a segment to programs: drops what nobody needs, fuses what loops over the same shape.
#pragma once
#include "gradus/core/shape.h"
#include "gradus/stream/segment.h"

namespace gradus {

/// A reduction seen over R rows of N elements, the dims from `split` on being the row.
struct Fold {
  enum Kind : uint8_t { None, Row, Column, All } kind = None;  // None: cannot be fused
  int split = 0;
};
/// `mask`: bits of the reduced dims.
Fold fold_of(const IntList& sizes, uint64_t mask);
inline constexpr int64_t kMaxFusedRow = 16384;  // N

/// The segment's `live` must be set.
Plan make_plan(const Segment& segment);

}  // namespace gradus
