// Free lists per thread for what is small, one locked cache by size class for what is large.
#include "gradus/core/alloc.h"

#include <cstdlib>
#include <mutex>
#include <vector>

#include "gradus/core/format.h"
#include "gradus/core/pages.h"

namespace gradus {
namespace {

using detail::pool, detail::ThreadCounters;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;  // sanitizers must see every allocation
constexpr int64_t kCacheLimit = 0;
#else
constexpr bool kPooled = true;
constexpr int64_t kCacheLimit = int64_t{1} << 30;
#endif
constexpr uint32_t kKeep = kPooled ? 4096 : 0;  // blocks a thread keeps per class

struct Registry {
  std::mutex mutex;
  std::vector<ThreadCounters*> threads;
  std::vector<ThreadCounters*> idle;  // counters of ended threads keep their sums and are handed to new ones
};
Registry& registry() {
  static auto* r = new Registry;
  return *r;
}

// Failures ordered by a test. While any are, `pool.counters` is null and its value is kept here, so that every
// allocation leaves the fast path and nobody else pays for the question.
struct Failures {
  ThreadCounters* counters;
  int64_t first, last, seen;
};
constinit thread_local Failures failures{};

struct Closer {
  ~Closer() {
    pool.keep = 0;
    for (size_t c = 0; c < pool.kClasses; ++c)
      while (detail::FreeBlock* f = pool.head[c]) {
        pool.head[c] = f->next;
        std::free(f);
      }
    ThreadCounters* mine = failures.counters ? failures.counters : pool.counters;
    if (!mine) return;
    std::lock_guard lock(registry().mutex);
    registry().idle.push_back(mine);
  }
};

[[noreturn]] void refuse(int64_t bytes) {
  raise(ErrorKind::OutOfMemory, str("out of memory: tried to allocate ", bytes, " bytes"));
}

void* fresh(size_t bytes) {
  void* p = std::aligned_alloc(pool.kLine, (bytes + pool.kLine - 1) / pool.kLine * pool.kLine);
  if (!p) refuse(static_cast<int64_t>(bytes));
  return p;
}

// The counters of a thread that allocates data for the first time, or for which failures were ordered.
ThreadCounters& first_allocation(int64_t bytes) {
  if (!failures.counters) return detail::register_thread();
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
    return kPooled ? pages.get(bytes) : std::aligned_alloc(pool.kLine, static_cast<size_t>(bytes));
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

namespace detail {

constinit thread_local ThreadPool pool{};

ThreadCounters& register_thread() {
  if (failures.counters) return *failures.counters;
  static thread_local Closer closer;
  (void)&closer;
  pool.keep = kKeep;
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

void* fresh_block(size_t bytes) {
  counters();
  return fresh(bytes);
}

void return_block(void* block, size_t bytes) noexcept {
  if (!pool.counters) register_thread();  // a thread that only frees must empty its lists, too
  if (bytes <= pool.kSmall && pool.count[(bytes - 1) / pool.kLine] < pool.keep) return pool_put(block, bytes);
  std::free(block);
}

void* other_data_get(int64_t bytes) {
  ThreadCounters& t = pool.counters ? *pool.counters : first_allocation(bytes);
  void* p = bytes <= int64_t{pool.kSmall} ? pool_get(static_cast<size_t>(bytes)) : large_get(rounded(bytes));
  t.bytes.add(bytes);
  t.taken.add(1);
  return p;
}

void other_data_put(void* block, int64_t bytes) noexcept {
  ThreadCounters& t = counters();
  t.bytes.add(-bytes);
  t.returned.add(1);
  if (bytes <= int64_t{pool.kSmall}) pool_put(block, static_cast<size_t>(bytes));
  else large_put(block, rounded(bytes));
}

}  // namespace detail

MemoryStats memory_stats() {
  MemoryStats s{};
  {
    std::lock_guard lock(registry().mutex);
    for (ThreadCounters* t : registry().threads) {
      s.allocated += t->bytes.get();
      s.live_blocks += t->taken.get() - t->returned.get();
      s.total_blocks += t->taken.get();
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
  detail::counters();
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
    c.storages += t->objects[0].get();
    c.tensors += t->objects[1].get();
    c.nodes += t->objects[2].get();
  }
  return c;
}

}  // namespace gradus
