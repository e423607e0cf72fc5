// One pool of threads for all kernels: a loop over [0, n) is cut into chunks that idle threads take.
#pragma once
#include <cstdint>

namespace gradus {

/// The number of threads that a loop may use, the calling one included. At first: GRADUS_NUM_THREADS if set, else as
/// many as the process may run on (affinity, quota of its control group), or OMP_NUM_THREADS if that is fewer.
int num_threads() noexcept;
/// Sets num_threads(), for the whole process; raises unless n > 0. Results have the same bits for every n.
void set_num_threads(int n);

/// Whether this thread runs the body of a parallel_for: another one inside runs at once, on this thread.
bool in_parallel() noexcept;

/// While one lives, every parallel_for of this thread runs on it alone.
class OnThisThread {
 public:
  OnThisThread() noexcept;
  ~OnThisThread();
  OnThisThread(const OnThisThread&) = delete;
  OnThisThread& operator=(const OnThisThread&) = delete;

 private:
  bool before_;
};

/// Work that is worth a chunk of its own, in nanoseconds.
inline constexpr double kChunkCost = 5000;

/// How many items of `ns_per_item` nanoseconds make such a chunk (at least 1): a grain for parallel_for.
constexpr int64_t grain_for(double ns_per_item) {
  constexpr double kMost = int64_t{1} << 40;
  return ns_per_item * kMost <= kChunkCost ? int64_t{1} << 40
         : ns_per_item >= kChunkCost       ? 1
                                           : static_cast<int64_t>(kChunkCost / ns_per_item);
}

namespace pool {
using Body = void (*)(const void* body, int64_t begin, int64_t end);
void run(int64_t n, int64_t grain, double cost, Body call, const void* body);
}  // namespace pool

/// Calls body(begin, end) over ranges that together are [0, n), each index once. Ranges begin at multiples of `grain`
/// and are whole multiples of it, except the last. One call for everything, on this thread, if n <= grain, inside
/// another parallel_for, while another thread is in one, or with one thread. Sleeping threads are woken only if `cost`,
/// the nanoseconds of all items (by default kChunkCost for every `grain` of them), makes up for it. Nothing is
/// allocated. The results of `body` must not depend on how [0, n) is cut. It may throw for want of working memory,
/// before it changes anything: the calling thread runs that range again, and what it throws then leaves parallel_for
/// once no other thread is at work. Rounding and the treatment of denormals are the caller's on every thread.
template <class F>
[[gnu::always_inline]] inline void parallel_for(int64_t n, int64_t grain, const F& body, double cost = 0) {
  if (n <= 0) return;
  if (n <= grain) return body(int64_t{0}, n);
  pool::run(
      n, grain, cost, [](const void* f, int64_t begin, int64_t end) { (*static_cast<const F*>(f))(begin, end); },
      &body);
}

/// parallel_for in two parts: other threads take chunks from `start` on, this one does what they have left in `join`.
/// Loops of this thread in between run on this thread alone. Where no other thread is worth waking, `start` does it
/// all.
class SplitLoop {
 public:
  SplitLoop() = default;
  SplitLoop(const SplitLoop&) = delete;
  ~SplitLoop() { join(); }
  void start(int64_t n, int64_t grain, double cost, pool::Body call, const void* body);
  void join();

 private:
  bool started_ = false;
};

}  // namespace gradus
