// One operation as the executor sees it: a kernel, the views it reads and writes, its numbers. Never a tensor.
#pragma once
#include <cstdint>

#include "gradus/core/impl.h"
#include "gradus/core/scalar.h"

namespace gradus {

/// A number converted to the compute type of a kernel.
struct Splat {
  alignas(8) unsigned char bytes[8];
};
Splat make_splat(const Scalar& value, DType compute);

/// What a kernel receives. Arrays of scalar operands are 0-d and point at their splat.
struct Launch {
  const Array* out = nullptr;
  const Array* in = nullptr;
  int n_out = 0, n_in = 0;
  const int64_t* ints = nullptr;
  const double* floats = nullptr;
  const void* info = nullptr;  // constant data of the operator, if its kernel is shared by several
};
using Run = void (*)(const Launch&);

/// out[i] = value(in[0][i], …, *param…) for n contiguous elements of the compute type (bool results: bytes).
using TileFn = void (*)(void* out, const void* const* in, int64_t n);

/// One row of n contiguous elements from one row of each input; a sole input is given twice.
using RowFn = void (*)(const void* a, const void* b, void* out, int64_t n);

enum class Reduction : uint8_t { Sum, Prod, Mean, Max, Min, Any, All, ArgMax, ArgMin };

/// What the executor knows of an operation that it may fuse with others. Constant data; its address names the kernel.
struct FuseInfo {
  enum Kind : uint8_t {
    Pointwise,
    Copy,
    Reduce,
    Lookup,  // out[i…, …] = in[0][in[1][i…], …]
    RowWise  // every row of the last dim by itself; ints[0] of the record is the dim
  };
  Kind kind = Copy;
  bool bool_result = false;
  Reduction reduction = Reduction::Sum;  // Reduce: ints[0] of the record has a bit for every reduced dim
  DType compute = DType::Float32;        // Pointwise: the type of operands in the tile
  int n_operands = 1;                    // the remaining inputs are parameters
  uint32_t numbers = 0;                  // a bit for every operand that is one number, read once like a parameter
  TileFn tile = nullptr;                 // Pointwise
  const char* name = "copy";             // for people
  RowFn row = nullptr;                   // RowWise
  /// Whether input i goes along with the loop.
  bool moves(int i) const { return i < n_operands && !(numbers >> i & 1); }
};

/// Where `in[i]` is null, the input is the number `splats[i]`, or absent (no data) if there are no splats.
struct Record {
  Run run = nullptr;
  const void* info = nullptr;
  const FuseInfo* fuse = nullptr;  // of an operation that may wait and be fused
  View* const* out = nullptr;
  View* const* in = nullptr;
  const Splat* splats = nullptr;
  DType splat_dtype = DType::Float32;
  int n_out = 0, n_in = 0;
  const int64_t* ints = nullptr;
  const double* floats = nullptr;
};

/// Takes the record over for execution; the only way to a kernel. Large operations that can be fused may wait in the
/// segment of this thread; anything else runs now, after what it depends on.
void submit(const Record&);
/// Elements: what has fewer runs at once unless it follows what waits.
inline constexpr int64_t kWorthWaiting = 2048;
/// For so little work on memory that nothing waiting mentions: counts an operation that the caller then runs itself,
/// without a record. False if it has to be submitted.
bool begin_direct();
/// Runs a record whose memory is there.
void run_now(const Record&);
/// Runs one whose result names some elements more than once (kernels/overlap.cpp): it reads everything before it writes
/// anything, and writes in one order whatever the threads.
void run_over_itself(const Record&, const Launch&);

}  // namespace gradus
