// A fused group of operations as a small program over tiles; planned by the stream, run by a kernel.
#pragma once
#include <cstdint>
#include <vector>

#include "gradus/stream/record.h"

namespace gradus {

inline constexpr int kMaxFuseArgs = 6;

/// Loops over the sizes of one view. Without `split` all values have that shape. With it the shape is seen as R rows of
/// N elements, the dims from `split` on being the row: a value is Full, or Row (one element per row). Values live in
/// tile registers, each in the element type of the tensor it stands for. Views and numbers are named by their place in
/// the segment, so that a program serves every segment of the same form.
struct Program {
  static constexpr int kMaxLoads = 18, kMaxStores = 30, kMaxSteps = 64, kMaxConsts = 24;
  enum Space : uint8_t { Full, Row };

  /// Where an argument comes from: a register, memory read along with the loop, or a number.
  struct Arg {
    enum Kind : uint8_t { Register, Load, Const } kind;
    uint8_t index;
    bool operator==(const Arg&) const = default;
  };
  struct Step {
    enum Kind : uint8_t {
      Tile,        // an operation, element by element
      Convert,     // args[0] from `from` to `to`
      Widen,       // Row to Full
      FoldRow,     // Full to Row
      FoldColumn,  // Full to one value per column, in accumulators
      FoldAll,     // Full to one value, in accumulators
      RowWise      // an operation, row by row
    } kind;
    Space space = Full;
    DType to, from;
    Reduction reduction = Reduction::Sum;
    uint8_t n_args = 0;  // operands, then parameters (always numbers, read once)
    int8_t store = -1;   // which store keeps the value: it may be written there at once
    int8_t accumulator = -1;
    uint8_t dst = 0;  // register
    TileFn tile = nullptr;
    RowFn row = nullptr;
    Arg args[kMaxFuseArgs];
  };
  struct Load {
    static constexpr uint16_t kNone = 0xffff;
    uint16_t view;
    Space space;
    DType as;                // converted on the way
    uint16_t layout;         // the view whose strides count: the same, or the result of a choice of rows
    uint16_t index = kNone;  // which rows of `view` are read
  };
  struct Store {
    uint16_t view;
    Space space;
    uint8_t value;  // register
  };
  struct Const {
    uint16_t entry;  // whose number `arg` it is
    uint8_t arg;
    bool tiled;  // an operand: a tile full of it
    DType dtype;
  };
  /// What a FoldColumn or FoldAll leaves: `width` elements, in the order that reduce.h defines. Element i of the
  /// loop, in logical order, belongs to lane i mod `lanes` of its chunk.
  struct Accumulator {
    uint16_t view;
    bool all;
    DType dtype;
    Reduction reduction;
    int64_t width;  // columns; 1 for all
    // filled in by prepare_program
    int64_t lanes = 0, chunk = 0, n_chunks = 0;  // chunk: elements in it
    int64_t count = 0;                           // elements behind each result
    int64_t partials = 0;                        // where its chunks are kept: offset in bytes
  };

  int entry = -1;  // the group is this entry alone: it runs its own kernel
  uint16_t shape = 0;
  int8_t split = -1;
  bool in_order = false;  // rows have to be met in logical order and without gaps
  int n_registers = 0;
  std::vector<Load> loads;
  std::vector<Store> stores;
  std::vector<Step> steps;
  std::vector<Const> consts;
  std::vector<Accumulator> accumulators;

  // Filled in by prepare_program: loops over stores, then loads; innermost dim first, strides in elements.
  int n_dims = 0;
  std::vector<int64_t> sizes, strides;  // strides[array * n_dims + dim]
  int64_t widest = 4;                   // bytes of the widest element
  int64_t partial_bytes = 0;            // what all accumulators keep
  int64_t workspace = 0;                // bytes for registers, at most
  static constexpr int64_t kMaxTile = 4096;

  int64_t stride(int array, int dim) const { return strides[static_cast<size_t>(array * n_dims + dim)]; }
  int64_t bytes() const;  // that it takes
};

}  // namespace gradus
