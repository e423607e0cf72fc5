// One thread's share of a fused program. Internal.
#pragma once
#include "gradus/kernels/feed.h"
#include "gradus/kernels/reduce_table.h"
#include "gradus/stream/segment.h"

namespace gradus {

/// What all threads share: tile length, addresses, how the loop is cut into blocks.
struct FusedLoop {
  const Program& p;
  const Segment& s;
  char* partials;
  int64_t tile;                                           // elements in a register
  int64_t inner;                                          // elements of a row
  int64_t at_once;                                        // blocks of rows: rows in a block; 0: pieces of rows
  int64_t per_outer;                                      // blocks behind one position of the outer dims
  int first_outer;                                        // dim
  int64_t blocks;                                         // all of them
  int64_t bytes;                                          // of all arrays
  bool streams;                                           // more than caches hold: results go past them
  char* base[Program::kMaxStores + Program::kMaxLoads];   // of the stores, then the loads
  DType dtype[Program::kMaxStores + Program::kMaxLoads];  // of their memory
  Splat numbers[Program::kMaxConsts];

  FusedLoop(const Program& program, const Segment& segment, char* partial_memory);
  int n_arrays() const { return static_cast<int>(p.stores.size() + p.loads.size()); }
  double element_cost() const;  // nanoseconds, roughly
  /// Blocks worth a thread, so many that no chunk of an accumulator is cut.
  int64_t grain() const;

 private:
  void add_arrays();
  int64_t choose_tile() const;
  bool overwrites() const;
};

/// Memory that a thread needs for registers of `tile` elements.
int64_t workspace_bytes(const Program& p, int64_t tile);

/// Gives the accumulators of a loop their results, once all blocks have run.
void finish_folds(const FusedLoop& loop);

}  // namespace gradus
