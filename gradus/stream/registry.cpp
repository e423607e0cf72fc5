// All streams of the process: one per living thread, those of ended threads for whoever comes next, and fork.
#include <pthread.h>

#include <algorithm>
#include <mutex>

#include "gradus/stream/segment.h"

namespace gradus {
namespace {

// Never freed: a storage may name a stream whose thread has ended.
struct Registry {
  std::mutex mutex;
  std::vector<Stream*> all, idle;
};
Registry& registry();

// A forked child finds no lock held and no segment half recorded, whichever threads it has lost.
void before_fork() {
  registry().mutex.lock();
  for (Stream* s : registry().all) s->lock();
}
void after_fork() {
  for (Stream* s : registry().all) s->unlock();
  registry().mutex.unlock();
}

Registry& registry() {
  static auto* r = new Registry;
  static const int registered = pthread_atfork(before_fork, after_fork, after_fork);
  (void)registered;
  return *r;
}

constinit thread_local Stream* mine = nullptr;

struct Owner {
  Owner() {
    Registry& r = registry();
    std::lock_guard lock(r.mutex);
    if (!r.idle.empty()) {
      mine = r.idle.back();
      r.idle.pop_back();
    } else {
      mine = new Stream;
      r.all.push_back(mine);
    }
  }
  ~Owner() {  // what waits stays: whoever needs it runs it
    Registry& r = registry();
    std::lock_guard lock(r.mutex);
    r.idle.push_back(mine);
    mine = nullptr;
  }
};

[[gnu::noinline]] Stream& register_thread() {
  static thread_local Owner owner;
  (void)&owner;
  if (!mine) {  // the thread is ending: its stream is given back already
    static auto* last = new Stream;
    return *last;
  }
  return *mine;
}

}  // namespace

Stream& Stream::current() {
  if (mine) [[likely]]
    return *mine;
  return register_thread();
}

std::vector<Stream*> abandoned_streams() {
  Registry& r = registry();
  std::lock_guard lock(r.mutex);
  return r.idle;
}

const char* const count_names[Counts::kNumber] = {
    "recorded",     "direct",     "dead",        "shared",     "groups",
    "instructions", "plan_hits",  "plan_misses", "replayed",   "bytes_not_allocated",
    "arena_peak",   "cut_needed", "cut_full",    "cut_memory", "cut_foreign",
    "cut_asked"};

void sum_counts(uint64_t (&sums)[Counts::kNumber]) {
  std::lock_guard lock(registry().mutex);
  for (int i = 0; i < Counts::kNumber; ++i) {
    sums[i] = 0;
    for (const Stream* s : registry().all)
      sums[i] = i == Counts::ArenaPeak ? std::max(sums[i], s->counts().get(i)) : sums[i] + s->counts().get(i);
  }
}

int64_t plan_bytes() {
  std::lock_guard lock(registry().mutex);
  int64_t n = 0;
  for (Stream* s : registry().all) {
    s->lock();
    n += s->plans().bytes();
    s->unlock();
  }
  return n;
}

int64_t plan_count() {
  std::lock_guard lock(registry().mutex);
  int64_t n = 0;
  for (Stream* s : registry().all) {
    s->lock();
    n += static_cast<int64_t>(s->plans().size());
    s->unlock();
  }
  return n;
}

std::vector<StreamCounter> stream_counters() {
  uint64_t sums[Counts::kNumber];
  sum_counts(sums);
  std::vector<StreamCounter> all;
  for (int i = 0; i < Counts::kNumber; ++i) all.push_back({count_names[i], static_cast<int64_t>(sums[i])});
  all.push_back({"pending", static_cast<int64_t>(Stream::current().pending())});
  all.push_back({"plan_bytes", plan_bytes()});
  all.push_back({"plans", plan_count()});
  return all;
}

}  // namespace gradus
