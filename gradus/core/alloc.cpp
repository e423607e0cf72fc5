// Free lists per thread for what is small, one locked cache by size class for what is large.
#include "gradus/core/alloc.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "gradus/core/format.h"
#include "gradus/core/pages.h"

namespace gradus {
namespace {

constexpr size_t kLine = 64, kClasses = 16, kSmall = kLine * kClasses;
constexpr uint32_t kKeep = 4096;  // blocks a thread keeps per class
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;  // sanitizers must see every allocation
constexpr int64_t kCacheLimit = 0;
#else
constexpr bool kPooled = true;
constexpr int64_t kCacheLimit = int64_t{1} << 30;
#endif

struct Free {
  Free* next;
};

// Read by other threads for the statistics, written by one: relaxed loads and stores, no locked instruction.
struct Counter {
  std::atomic<int64_t> value{0};
  void add(int64_t d) { value.store(value.load(std::memory_order_relaxed) + d, std::memory_order_relaxed); }
};

struct ThreadCounters {
  Counter bytes, live, total, objects[3];
};

struct Registry {
  std::mutex mutex;
  std::vector<ThreadCounters*> threads;
  std::vector<ThreadCounters*> idle;  // counters of ended threads keep their sums and are handed to new ones
};
Registry& registry() {
  static auto* r = new Registry;
  return *r;
}

struct ThreadPool {
  Free* head[kClasses];
  uint32_t count[kClasses];
  ThreadCounters* counters;
  bool closed;
};
constinit thread_local ThreadPool pool{};

// Failures ordered by a test. While any are, `pool.counters` is null and its value is kept here, so that every
// allocation leaves the fast path and nobody else pays for the question.
struct Failures {
  ThreadCounters* counters;
  int64_t first, last, seen;
};
constinit thread_local Failures failures{};

struct Closer {
  ~Closer() {
    pool.closed = true;
    for (size_t c = 0; c < kClasses; ++c)
      while (Free* f = pool.head[c]) {
        pool.head[c] = f->next;
        std::free(f);
      }
    ThreadCounters* mine = failures.counters ? failures.counters : pool.counters;
    if (!mine) return;
    std::lock_guard lock(registry().mutex);
    registry().idle.push_back(mine);
  }
};

ThreadCounters& register_thread() {
  if (failures.counters) return *failures.counters;
  static thread_local Closer closer;
  (void)&closer;
  Registry& r = registry();
  std::lock_guard lock(r.mutex);
  if (!r.idle.empty()) {
    pool.counters = r.idle.back();
    r.idle.pop_back();
  } else {
    pool.counters = new ThreadCounters;
    r.threads.push_back(pool.counters);
  }
  return *pool.counters;
}

inline ThreadCounters& counters() { return pool.counters ? *pool.counters : register_thread(); }

[[noreturn]] void refuse(int64_t bytes) {
  raise(ErrorKind::OutOfMemory, str("out of memory: tried to allocate ", bytes, " bytes"));
}

void* fresh(size_t bytes) {
  void* p = std::aligned_alloc(kLine, (bytes + kLine - 1) / kLine * kLine);
  if (!p) refuse(static_cast<int64_t>(bytes));
  return p;
}

// The counters of a thread that allocates data for the first time, or for which failures were ordered.
ThreadCounters& first_allocation(int64_t bytes) {
  if (!failures.counters) return register_thread();
  const int64_t n = ++failures.seen;
  if (n >= failures.first && n <= failures.last) refuse(bytes);
  return *failures.counters;
}

// Large blocks: classes of a power of two and its three quarter steps, so at most a quarter is wasted.
int64_t rounded(int64_t bytes) {
  int64_t step = int64_t{1} << (63 - __builtin_clzll(static_cast<uint64_t>(bytes)));
  step = step / 4 < 256 ? 256 : step / 4;
  return (bytes + step - 1) / step * step;
}

struct LargeCache {
  std::mutex mutex;
  std::vector<std::pair<int64_t, std::vector<void*>>> classes;
  int64_t cached = 0, in_use = 0, peak = 0;
  Pages pages;
  void* get(int64_t bytes) {
    return kPooled ? pages.get(bytes) : std::aligned_alloc(kLine, static_cast<size_t>(bytes));
  }
  void put(void* block, int64_t bytes) { kPooled ? pages.put(block, bytes) : std::free(block); }
  std::vector<void*>& blocks(int64_t bytes) {
    for (auto& [size, list] : classes)
      if (size == bytes) return list;
    classes.emplace_back(bytes, std::vector<void*>{});
    return classes.back().second;
  }
  void drop_all() {
    for (auto& [size, list] : classes) {
      for (void* p : list) put(p, size);
      list.clear();
    }
    cached = 0;
  }
};
LargeCache& large() {
  static auto* cache = new LargeCache;
  return *cache;
}

void* large_get(int64_t bytes) {
  LargeCache& c = large();
  std::lock_guard lock(c.mutex);
  auto& list = c.blocks(bytes);
  void* p = nullptr;
  if (!list.empty()) {
    p = list.back();
    list.pop_back();
    c.cached -= bytes;
  } else if (!(p = c.get(bytes))) {
    c.drop_all();
    if (!(p = c.get(bytes))) refuse(bytes);
  }
  c.in_use += bytes;
  if (c.in_use > c.peak) c.peak = c.in_use;
  return p;
}

void large_put(void* block, int64_t bytes) {
  LargeCache& c = large();
  std::lock_guard lock(c.mutex);
  c.in_use -= bytes;
  if (c.cached + bytes > kCacheLimit) {
    c.put(block, bytes);
    return;
  }
  c.blocks(bytes).push_back(block);
  c.cached += bytes;
}

}  // namespace

void* pool_get(size_t bytes) {
  const size_t c = (bytes - 1) / kLine;
  if (c >= kClasses) return fresh(bytes);
  if (Free* f = pool.head[c]) {
    pool.head[c] = f->next;
    --pool.count[c];
    return f;
  }
  counters();
  return fresh(bytes);
}

void pool_put(void* block, size_t bytes) noexcept {
  const size_t c = (bytes - 1) / kLine;
  if (!kPooled || c >= kClasses || pool.closed || pool.count[c] >= kKeep) {
    std::free(block);
    return;
  }
  if (!pool.counters) register_thread();  // a thread that only frees must empty its lists, too
  auto* f = static_cast<Free*>(block);
  f->next = pool.head[c];
  pool.head[c] = f;
  ++pool.count[c];
}

void* data_get(int64_t bytes) {
  if (bytes <= 0) bytes = 1;
  ThreadCounters& t = pool.counters ? *pool.counters : first_allocation(bytes);
  void* p = bytes <= static_cast<int64_t>(kSmall) ? pool_get(static_cast<size_t>(bytes)) : large_get(rounded(bytes));
  t.bytes.add(bytes);
  t.live.add(1);
  t.total.add(1);
  return p;
}

void data_put(void* block, int64_t bytes) noexcept {
  if (bytes <= 0) bytes = 1;
  ThreadCounters& t = counters();
  t.bytes.add(-bytes);
  t.live.add(-1);
  if (bytes <= static_cast<int64_t>(kSmall)) pool_put(block, static_cast<size_t>(bytes));
  else large_put(block, rounded(bytes));
}

MemoryStats memory_stats() {
  MemoryStats s{};
  {
    std::lock_guard lock(registry().mutex);
    for (ThreadCounters* t : registry().threads) {
      s.allocated += t->bytes.value.load(std::memory_order_relaxed);
      s.live_blocks += t->live.value.load(std::memory_order_relaxed);
      s.total_blocks += t->total.value.load(std::memory_order_relaxed);
    }
  }
  std::lock_guard lock(large().mutex);
  s.cached = large().cached;
  s.peak = large().peak;
  if (s.peak < s.allocated) s.peak = s.allocated;
  return s;
}

void reset_peak_memory() {
  std::lock_guard lock(large().mutex);
  large().peak = large().in_use;
}

void empty_cache() {
  std::lock_guard lock(large().mutex);
  large().drop_all();
}

int64_t fail_allocation(int64_t nth, int64_t count) {
  counters();
  const int64_t seen = failures.seen;
  if (failures.counters) pool.counters = failures.counters;
  failures = {};
  if (nth > 0) {
    failures = {pool.counters, nth, count > INT64_MAX - nth ? INT64_MAX : nth + count - 1, 0};
    pool.counters = nullptr;
  }
  return seen;
}

Census census() {
  Census c{};
  std::lock_guard lock(registry().mutex);
  for (ThreadCounters* t : registry().threads) {
    c.storages += t->objects[0].value.load(std::memory_order_relaxed);
    c.tensors += t->objects[1].value.load(std::memory_order_relaxed);
    c.nodes += t->objects[2].value.load(std::memory_order_relaxed);
  }
  return c;
}

namespace detail {
void count_object(ObjectKind kind, int64_t delta) noexcept { counters().objects[kind].add(delta); }
}  // namespace detail

}  // namespace gradus
