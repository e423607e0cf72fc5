// What a program may tell the executor, and ask of it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

/// Whether operations may wait, for all threads. False is for debugging: every operation runs at its call.
void set_deferred(bool on);
bool is_deferred();
/// Runs what waits on this thread, and what ended threads have left.
void synchronize();

/// A count since the start of the process, over all threads; `pending` is of this thread, and of this moment.
struct StreamCounter {
  std::string_view name;
  int64_t value;
};
std::vector<StreamCounter> stream_counters();

/// Keeps a description of the last `n` segments as they run; 0 (the default) keeps none and costs nothing.
void keep_segments(int n);
/// What is kept, oldest first, as JSON: per segment its `cut`, `records` and `groups`.
std::string kept_segments();

}  // namespace gradus
