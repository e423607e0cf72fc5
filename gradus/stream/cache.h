// Plans of segments met before, found by what determined them.
#pragma once
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "gradus/stream/program.h"

namespace gradus {

/// How a segment runs: its programs in order, and which storages need memory.
struct Plan {
  std::vector<uint64_t> key;
  std::vector<Program> programs;
  std::vector<uint16_t> slots;                        // that need memory
  std::vector<std::pair<uint16_t, uint16_t>> reuses;  // of them: (slot, whose memory it takes once that is done with)
  std::vector<int16_t> group_of;                      // by entry: its program; -1: dead
  int64_t partials = 0;                               // bytes of working memory for accumulators
  int64_t workspace = 0;                              // bytes of working memory of a thread
  int dead = 0, shared = 0;                           // operations dropped: nobody needs them; done before
  int64_t bytes = 0;                                  // that the plan takes
};

/// Least recently used plans go first once all take more than kMaxBytes.
class PlanCache {
 public:
  static constexpr int64_t kMaxBytes = int64_t{16} << 20;

  /// The plan of this key, or null.
  const Plan* find(const std::vector<uint64_t>& key);
  /// Keeps the plan of the key that was not found last.
  const Plan* insert(Plan&& plan);
  int64_t bytes() const { return bytes_; }
  size_t size() const { return order_.size(); }

 private:
  struct Item;
  using Place = std::list<Item>::iterator;
  struct Item {
    uint64_t hash;
    Plan plan;
    Place next{};             // the plan that was used after it; programs repeat themselves
    uint64_t knows_next = 0;  // if nothing was dropped since
  };
  static uint64_t hash(const std::vector<uint64_t>& key);
  const Plan* use(Place item);
  void drop(Place item);
  std::list<Item> order_;  // most recently used first
  std::unordered_map<uint64_t, Place> by_hash_;
  int64_t bytes_ = 0;
  uint64_t hash_ = 0;   // of the key looked for last
  uint64_t drops_ = 1;  // counted from one: an item that knows no next has 0
};

}  // namespace gradus
