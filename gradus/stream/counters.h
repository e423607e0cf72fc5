// What the executor counts, stream by stream.
#pragma once
#include <atomic>
#include <cstdint>

namespace gradus {

struct Plan;
struct Segment;

/// Why a segment was run: somebody looked, it was full, it held too much memory, another thread needed it, a call
/// asked.
enum class Cut : uint8_t { Needed, Full, Memory, Foreign, Asked };
inline constexpr int kNumCuts = 5;

/// Counters of one stream. Written by whoever holds its lock (Direct: by its thread), read by anybody.
class Counts {
 public:
  enum What {
    Recorded,      // operations that waited
    Direct,        // operations that ran at once
    Dead,          // operations that never ran: nobody could see their result
    Shared,        // operations that never ran: done before on the same operands
    Groups,        // loops
    Instructions,  // steps in them
    Hits,          // segments whose plan was known
    Misses,
    Replayed,      // lists of tensors that took over the program of another
    NotAllocated,  // bytes of results that never had memory
    ArenaPeak,     // most bytes that one segment needed for what nobody saw afterwards
    FirstCut,
    kNumber = FirstCut + kNumCuts
  };
  void add(What what, uint64_t n = 1) {
    std::atomic<uint64_t>& c = values_[what];
    c.store(c.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void add_cut(Cut cut) { add(static_cast<What>(FirstCut + static_cast<int>(cut))); }
  void raise_to(What what, uint64_t n) {
    if (get(what) < n) values_[what].store(n, std::memory_order_relaxed);
  }
  uint64_t get(int what) const { return values_[what].load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> values_[kNumber] = {};
};

/// The counters of all streams, added up since the start of the process.
void sum_counts(uint64_t (&sums)[Counts::kNumber]);
/// PyTorch-style names of the counters, in order.
extern const char* const count_names[Counts::kNumber];
/// Bytes that the plans of all streams take, and how many there are.
int64_t plan_bytes();
int64_t plan_count();

/// Describes the segment, if descriptions are kept.
void note_segment(const Segment& segment, const Plan& plan, Cut cut) noexcept;

}  // namespace gradus
