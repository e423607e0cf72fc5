// Memory: pooled objects and a caching allocator for tensor data, 64-byte aligned.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gradus {

namespace detail {
enum ObjectKind { kStorages, kTensors, kNodes };

/// Read by other threads for the statistics, written by one: relaxed loads and stores, no locked instruction.
class Counter {
 public:
  void add(int64_t d) { __atomic_store_n(&value_, get() + d, __ATOMIC_RELAXED); }
  int64_t get() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }

 private:
  int64_t value_ = 0;
};
struct ThreadCounters {
  Counter bytes, taken, returned, objects[3];
};

struct FreeBlock {
  FreeBlock* next;
};
struct ThreadPool {
  static constexpr size_t kLine = 64, kClasses = 16, kSmall = kLine * kClasses;
  FreeBlock* head[kClasses];
  uint32_t count[kClasses];
  uint32_t keep;  // blocks of a class that are kept: none before the thread is registered and after it has ended
  ThreadCounters* counters;
};
extern constinit thread_local ThreadPool pool;

ThreadCounters& register_thread();
// A shared library calls a function to find a thread's variable: what runs several of these hands the pool on.
inline ThreadCounters& counters(ThreadPool& p = pool) { return p.counters ? *p.counters : register_thread(); }
inline void count_object(ObjectKind kind, int64_t delta, ThreadPool& p = pool) noexcept {
  counters(p).objects[kind].add(delta);
}
void* fresh_block(size_t bytes);
void return_block(void* block, size_t bytes) noexcept;
void* other_data_get(int64_t bytes);  // large, or on a thread that has no counters yet
void other_data_put(void* block, int64_t bytes) noexcept;
}  // namespace detail

/// Small objects (tensors, views, nodes): per-thread free lists by 64-byte class. `bytes` must be passed back to put.
inline void* pool_get(size_t bytes, detail::ThreadPool& p = detail::pool) {
  const size_t c = (bytes - 1) / p.kLine;
  if (c < p.kClasses)
    if (detail::FreeBlock* f = p.head[c]) [[likely]] {
      p.head[c] = f->next;
      --p.count[c];
      return f;
    }
  return detail::fresh_block(bytes);
}
inline void pool_put(void* block, size_t bytes, detail::ThreadPool& p = detail::pool) noexcept {
  const size_t c = (bytes - 1) / p.kLine;
  if (c >= p.kClasses || p.count[c] >= p.keep) [[unlikely]]
    return detail::return_block(block, bytes);
  auto* f = static_cast<detail::FreeBlock*>(block);
  f->next = p.head[c];
  p.head[c] = f;
  ++p.count[c];
}

/// Tensor data of `bytes` bytes (uninitialised). Raises OutOfMemory. Blocks return to a bounded cache.
inline void* data_get(int64_t bytes, detail::ThreadPool& pool = detail::pool) {
  if (bytes <= 0) bytes = 1;
  detail::ThreadCounters* t = pool.counters;
  if (!t || bytes > static_cast<int64_t>(detail::ThreadPool::kSmall)) return detail::other_data_get(bytes);
  void* p = pool_get(static_cast<size_t>(bytes), pool);
  t->bytes.add(bytes);
  t->taken.add(1);
  return p;
}
inline void data_put(void* block, int64_t bytes, detail::ThreadPool& pool = detail::pool) noexcept {
  if (bytes <= 0) bytes = 1;
  detail::ThreadCounters* t = pool.counters;
  if (!t || bytes > static_cast<int64_t>(detail::ThreadPool::kSmall)) return detail::other_data_put(block, bytes);
  pool_put(block, static_cast<size_t>(bytes), pool);
  t->bytes.add(-bytes);
  t->returned.add(1);
}

/// Counters of tensor data, in bytes and blocks. `peak` counts blocks above 1 KiB and is reset by reset_peak_memory.
struct MemoryStats {
  int64_t allocated, peak, cached;
  int64_t live_blocks, total_blocks;
};
MemoryStats memory_stats();
void reset_peak_memory();
void empty_cache();

/// For tests: of the data that this thread allocates from now on, the `nth` allocation (from 1) and the `count - 1`
/// after it raise OutOfMemory; 0 ends it. Returns how many allocations there were since failures were last ordered.
int64_t fail_allocation(int64_t nth, int64_t count = 1);

/// Live objects of each kind: the leak tests compare before and after.
struct Census {
  int64_t storages, tensors, nodes;
};
Census census();

}  // namespace gradus
