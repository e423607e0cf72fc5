// What a thread has recorded and not yet run, and when it runs: the waiting half of the executor.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "gradus/stream/cache.h"
#include "gradus/stream/control.h"
#include "gradus/stream/counters.h"

namespace gradus {

/// A view in a segment, which holds one reference to it.
struct SegmentView {
  View* view;
  uint16_t slot;
};
/// A storage in a segment.
struct Slot {
  Storage* storage;
  uint32_t n_views = 0;
  bool external = false;  // it had memory when it was first mentioned
};
/// One waiting operation; views by number.
struct Entry {
  static constexpr uint16_t kNumber = 0xffff;  // instead of a view
  const FuseInfo* fuse;
  Run run;
  const void* info;
  uint16_t out, in[kMaxFuseArgs];
  uint8_t n_in;
  DType splat_dtype;
  int64_t ints[2];  // of a reduction
  Splat splats[kMaxFuseArgs];
};

/// Everything that waits on one stream.
struct Segment {
  std::vector<Entry> entries;
  std::vector<SegmentView> views;
  std::vector<Slot> slots;
  std::vector<uint64_t> key;  // what determines the plan: operations, layouts, who is seen from outside
  std::vector<uint8_t> live;  // by slot: somebody outside can still see it
  bool traced = false;        // its program will run on other memory too: nothing runs a kernel of its own
  Slot& slot_of(uint16_t view) { return slots[views[view].slot]; }
  const View& view(uint16_t v) const { return *views[v].view; }
};

/// Sets of dense arrays, for the stores of a program and then its loads: all arrays of a set have the same length.
struct Strips {
  std::vector<char*> arrays;  // set by set
  std::vector<int64_t> ends;  // elements of all sets up to the end of each
};

/// Runs one program on the views and numbers of a segment; defined by the kernels. Nothing is allocated but working
/// memory of threads. `partials` has program.partial_bytes.
void run_program(const Program& program, const Segment& segment, char* partials);
/// Begins to run a program of one dense loop on each of many sets of arrays; all is done when `finish_program_over`
/// returns. The program must stay until then, the segment need not.
struct StripRun;
StripRun* start_program_over(const Program& program, const Segment& segment, Strips&& strips);
void finish_program_over(StripRun* run) noexcept;
/// As run_program without other threads, which needs less memory.
void run_program_on_this_thread(const Program& program, const Segment& segment, char* partials);
/// Makes sure that this thread has so much working memory. Raises std::bad_alloc.
void reserve_workspace(int64_t bytes);
/// Fills in the loops of a planned program; defined by the kernels.
void prepare_program(Program& program, const Segment& segment);

class Stream {
 public:
  static constexpr int64_t kMaxHeld = int64_t{32} << 20;  // bytes that only the segment keeps alive
  /// That of this thread.
  static Stream& current();

  /// Takes over a record that may wait.
  void record(const Record& r);
  /// Runs everything that waits. On OutOfMemory everything still waits.
  void flush(Cut cut);
  bool holds(const Storage& s) const { return s.slot < segment_.slots.size() && segment_.slots[s.slot].storage == &s; }
  bool empty() const { return segment_.entries.empty(); }
  void lock();
  void unlock() { locked_.clear(std::memory_order_release); }
  void count_direct() { counts_.add(Counts::Direct); }
  const Counts& counts() const { return counts_; }
  /// References to the view's storage and to the view that are the segment's own.
  void own_references(const View& v, uint32_t& of_storage, uint32_t& of_view) const;
  size_t pending() const { return segment_.entries.size(); }
  /// Whether what waits takes some 50 microseconds or more. To be asked by any thread.
  bool takes_long() const { return work_.load(std::memory_order_relaxed) > kLongWork; }
  const PlanCache& plans() const { return plans_; }

  /// Until the trace ends everything that can be fused waits, however small it is and whatever the mode.
  void begin_trace();
  /// Ends the trace; what it has recorded is run.
  void end_trace() noexcept;
  bool tracing() const { return segment_.traced; }
  /// Begins to run what the trace has recorded on each of the lists, n tensors each, the first of which it was recorded
  /// on. No plan may be made until that is finished. Null, and then nothing has run, if that is not a single loop over
  /// whole and dense tensors of the list, or if something had to run before.
  StripRun* run_over(TensorImpl* const* lists, size_t n_lists, int n);

 private:
  void claim(Storage& s);
  bool claimed(const Record& r) const;
  bool is_full(const Record& r);
  void take(const Record& r);
  uint16_t mention(View* v, bool write);
  void find_live();
  void run(Cut cut);
  const Plan& plan();
  void run_plan(const Plan& plan);
  void run_or_retry(const Program& p, char* partials);
  void forget();

  Segment segment_;
  PlanCache plans_;
  Counts counts_;
  static constexpr int64_t kLongWork = int64_t{1} << 18;
  std::atomic<int64_t> work_{0};                       // elements of all that waits
  static constexpr size_t kReserve = size_t{1} << 20;  // untouched, so only addresses
  std::unique_ptr<char[]> reserve_;                    // working memory for kernels, if there is no other
  std::vector<Storage*> borrowed_;                     // storages that use the memory of others while a plan runs
  int64_t external_bytes_ = 0;
  int64_t unchecked_ = kMaxHeld;  // so many of them need no look at who else keeps them
  uint64_t before_trace_ = 0;     // operations, waiting or not
  std::atomic_flag locked_ = ATOMIC_FLAG_INIT;
};

/// Streams whose threads have ended.
std::vector<Stream*> abandoned_streams();
/// Elements per tile, a power of two of at least 256; 0 chooses by the size of the program. Results do not depend on
/// it.
void set_tile(int64_t elements);
int64_t tile_override();

}  // namespace gradus
