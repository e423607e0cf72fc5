// Recording and running of segments.
#include "gradus/stream/segment.h"

#include <sched.h>

#include <cstdlib>
#include <new>

#include "gradus/core/error.h"
#include "gradus/core/geometry.h"
#include "gradus/stream/plan.h"

namespace gradus {
namespace {

constexpr size_t kMaxEntries = 4096;

std::atomic<bool> deferred{[] {
  const char* sync = std::getenv("GRADUS_SYNC");
  return !sync || !*sync || *sync == '0';
}()};
std::atomic<int64_t> tile_elements{0};

void set_flags(Storage& s, uint32_t on) {
  if ((__atomic_load_n(&s.flags, __ATOMIC_RELAXED) & on) != on) __atomic_fetch_or(&s.flags, on, __ATOMIC_RELAXED);
}
void clear_flags(Storage& s, uint32_t off) { __atomic_fetch_and(&s.flags, ~off, __ATOMIC_RELEASE); }

// Anomaly mode names the call that went wrong.
bool may_defer() { return deferred.load(std::memory_order_relaxed) && !detail::anomaly; }

struct Locked {
  struct Already {};
  Stream& stream;
  explicit Locked(Stream& s) : stream(s) { stream.lock(); }
  Locked(Stream& s, Already) : stream(s) {}
  ~Locked() { stream.unlock(); }
  Locked(const Locked&) = delete;
};

// A trace ends before anybody can look.
bool may_wait(const Storage& s, bool tracing) {
  constexpr uint32_t kNever = Storage::kForeign | Storage::kReadOnly | Storage::kShared | Storage::kShrunk;
  return !(__atomic_load_n(&s.flags, __ATOMIC_RELAXED) & (tracing ? kNever : kNever | Storage::kEscaped)) &&
         (tracing || !s.exports);
}

// Copies that only convert or repeat; those that transpose have kernels of their own.
bool copy_may_wait(const View& out, const View& in) {
  for (int d = out.ndim - 1, k = in.ndim - 1; d >= 0 && k >= 0; --d, --k)
    if (in.size_data()[k] != 1 && in.stride_data()[k] && in.stride_data()[k] != out.stride_data()[d]) return false;
  return true;
}

bool reduction_may_wait(const Record& r) {
  const View &in = *r.in[0], &out = *r.out[0];
  return in.numel && in.contiguous && out.contiguous && in.dtype == out.dtype &&
         (in.dtype == DType::Float32 || in.dtype == DType::Float64) &&
         fold_of(in.sizes(), static_cast<uint64_t>(r.ints[0])).kind != Fold::None;
}

// Dense rows of some length, by indices that lie together.
bool lookup_may_wait(const Record& r) {
  constexpr int64_t kWorthCopying = 64;  // bytes
  const View &table = *r.in[0], &index = *r.in[1], &out = *r.out[0];
  int64_t row = 1;
  for (int d = table.ndim; d-- > 1; row *= table.size_data()[d])
    if (table.size_data()[d] != 1 && table.stride_data()[d] != row) return false;
  return out.contiguous && index.contiguous && index.dtype == DType::Int64 && table.dtype == out.dtype &&
         row * item_size(table.dtype) >= kWorthCopying;
}

// Along the last dim, whose elements lie together: what a kernel does with such a row depends on nothing else.
bool rows_may_wait(const Record& r) {
  const View& out = *r.out[0];
  const int last = out.ndim - 1;
  if (last < 0 || r.ints[0] != last || !out.contiguous) return false;
  const int64_t n = out.size_data()[last];
  for (int i = 0; i < r.n_in; ++i)
    if (r.in[i]->dtype != out.dtype || r.in[i]->stride_data()[last] != 1) return false;
  return n > 1 && n <= kMaxFusedRow;
}

// Large operations wait, and small ones that follow what waits; not those on memory that others can see.
bool can_wait(const Record& r, bool tracing) {
  const View* out = r.out[0];
  if (r.n_in > kMaxFuseArgs || out->numel == 0 || !may_wait(*out->storage, tracing)) return false;
  if (!out->contiguous && !is_nested(out->sizes(), out->strides())) return false;  // the order of writes would count
  bool worth = tracing || out->storage->pending() || out->numel >= kWorthWaiting;
  for (int i = 0; i < r.n_in; ++i) {
    if (!r.in[i]) continue;
    const Storage& s = *r.in[i]->storage;
    if (!may_wait(s, tracing) || (&s == out->storage && !same_layout(*r.in[i], *out))) return false;
    worth |= s.pending_write() || (r.fuse->kind == FuseInfo::Reduce && r.in[i]->numel >= kWorthWaiting);
  }
  if (!worth) return false;
  if (r.fuse->kind == FuseInfo::Copy && r.in[0]) return copy_may_wait(*out, *r.in[0]);
  if (r.fuse->kind == FuseInfo::Lookup) return lookup_may_wait(r);
  if (r.fuse->kind == FuseInfo::RowWise) return rows_may_wait(r);
  return r.fuse->kind != FuseInfo::Reduce || reduction_may_wait(r);
}

// So that nothing throws once a record is being taken in.
template <class T>
void make_room(std::vector<T>& v, size_t more) {
  if (v.capacity() - v.size() < more) v.reserve(2 * v.size() + more);
}

}  // namespace

void Stream::lock() {
  for (int spins = 0; locked_.test_and_set(std::memory_order_acquire); ++spins)
    if (spins < 1000) __builtin_ia32_pause();
    else sched_yield();  // the holder may be running a long segment
}

// Makes this the stream that may mention the storage; another one that does has to run first.
void Stream::claim(Storage& s) {
  for (;;) {
    void* home = __atomic_load_n(&s.home, __ATOMIC_ACQUIRE);
    if (home == this) return;
    if (!home) {
      if (__atomic_compare_exchange_n(&s.home, &home, this, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return;
      continue;
    }
    auto& other = *static_cast<Stream*>(home);
    Locked lock(other);
    if (__atomic_load_n(&s.home, __ATOMIC_ACQUIRE) != &other) continue;
    if (other.holds(s)) other.flush(Cut::Foreign);
    else __atomic_store_n(&s.home, nullptr, __ATOMIC_RELEASE);
  }
}

bool Stream::claimed(const Record& r) const {
  for (int i = -1; i < r.n_in; ++i)
    if (const View* v = i < 0 ? r.out[0] : r.in[i])
      if (__atomic_load_n(&v->storage->home, __ATOMIC_RELAXED) != this) return false;
  return true;
}

// The number of the view in the segment.
uint16_t Stream::mention(View* v, bool write) {
  Storage& s = *v->storage;
  set_flags(s, write ? Storage::kWritten : Storage::kRead);
  auto& views = segment_.views;
  if (v->mention < views.size() && views[v->mention].view == v) return static_cast<uint16_t>(v->mention);
  auto& key = segment_.key;
  if (!holds(s)) {
    s.slot = static_cast<uint32_t>(segment_.slots.size());
    segment_.slots.push_back({&s, 0, s.data != nullptr});
    if (s.data) external_bytes_ += s.bytes;
    key.push_back(static_cast<uint64_t>(s.bytes));
  }
  ++segment_.slots[s.slot].n_views;
  ref_inc(v->refs);
  v->mention = static_cast<uint32_t>(views.size());
  views.push_back({v, static_cast<uint16_t>(s.slot)});
  key.push_back(s.slot | static_cast<uint64_t>(v->dtype) << 32 | static_cast<uint64_t>(v->ndim) << 40 |
                static_cast<uint64_t>(v->contiguous) << 48);
  key.push_back(static_cast<uint64_t>(v->offset));
  for (int64_t size : v->sizes()) key.push_back(static_cast<uint64_t>(size));
  if (!v->contiguous)
    for (int64_t stride : v->strides()) key.push_back(static_cast<uint64_t>(stride));
  return static_cast<uint16_t>(v->mention);
}

// Whether the segment has to run before the record is taken in.
bool Stream::is_full(const Record& r) {
  if (segment_.entries.size() >= kMaxEntries) return flush(Cut::Full), true;
  if (external_bytes_ <= unchecked_) return false;
  bool more = false;
  for (int i = 0; i < r.n_in; ++i) more |= r.in[i] && r.in[i]->storage->data && !holds(*r.in[i]->storage);
  if (!more) return false;
  int64_t held = 0;
  find_live();
  for (size_t i = 0; i < segment_.slots.size(); ++i)
    if (segment_.slots[i].external && !segment_.live[i]) held += segment_.slots[i].storage->bytes;
  unchecked_ = external_bytes_ + kMaxHeld / 8;
  if (held <= kMaxHeld) return false;
  return flush(Cut::Memory), true;
}

void Stream::record(const Record& r) {
  for (;;) {
    for (int i = -1; i < r.n_in; ++i)
      if (const View* v = i < 0 ? r.out[0] : r.in[i]) claim(*v->storage);
    lock();
    if (!claimed(r)) {
      unlock();
      continue;
    }
    const Locked lock(*this, Locked::Already{});
    if (!is_full(r)) {
      take(r);
      return;
    }
  }
}

void Stream::take(const Record& r) {
  size_t words = 8;
  for (int i = -1; i < r.n_in; ++i)
    if (const View* v = i < 0 ? r.out[0] : r.in[i]) words += 4 + 2 * v->ndim;
  make_room(segment_.entries, 1);
  make_room(segment_.views, kMaxFuseArgs + 1);
  make_room(segment_.slots, kMaxFuseArgs + 1);
  make_room(segment_.key, words);
  Entry& e = segment_.entries.emplace_back();
  e.fuse = r.fuse;
  e.run = r.run;
  e.info = r.info;
  e.n_in = static_cast<uint8_t>(r.n_in);
  e.splat_dtype = r.splat_dtype;
  uint64_t ins[2] = {~uint64_t{0}, ~uint64_t{0}};
  for (int i = 0; i < r.n_in; ++i) {
    if (r.in[i]) {
      e.in[i] = mention(r.in[i], false);
    } else {
      e.in[i] = Entry::kNumber;
      e.splats[i] = r.splats[i];
    }
    ins[i / 4] = ins[i / 4] << 16 | e.in[i];
  }
  e.out = mention(r.out[0], true);
  auto& key = segment_.key;
  key.push_back(reinterpret_cast<uintptr_t>(r.fuse) ^ reinterpret_cast<uintptr_t>(r.run) << 16);
  key.push_back(ins[0]);
  if (r.n_in > 4) key.push_back(ins[1]);
  key.push_back(e.out | static_cast<uint64_t>(r.n_in) << 16 | static_cast<uint64_t>(r.splat_dtype) << 24);
  if (r.fuse->kind == FuseInfo::Reduce) {
    e.ints[0] = r.ints[0];
    e.ints[1] = r.ints[1];
    key.push_back(static_cast<uint64_t>(r.ints[0]));
    key.push_back(static_cast<uint64_t>(r.ints[1]));
  }
  if (r.fuse->kind == FuseInfo::RowWise) e.ints[0] = r.ints[0];
  const int64_t elements = (r.fuse->kind == FuseInfo::Reduce ? r.in[0] : r.out[0])->numel;
  work_.store(work_.load(std::memory_order_relaxed) + elements, std::memory_order_relaxed);
  counts_.add(Counts::Recorded);
}

void Stream::flush(Cut cut) {
  if (segment_.entries.empty()) return;
  run(cut);
  forget();
}

// Who can see a storage: a holder of it, or of one of its views, that is not the segment.
void Stream::find_live() {
  Segment& s = segment_;
  s.live.assign(s.slots.size(), 0);
  for (const SegmentView& v : s.views)
    if (ref_count(v.view->refs) != 1) s.live[v.slot] = 1;
  for (size_t i = 0; i < s.slots.size(); ++i)
    if (ref_count(s.slots[i].storage->refs) != s.slots[i].n_views) s.live[i] = 1;
}

// The plan for what waits. What follows the operations in the key has to go if they don't run.
const Plan& Stream::plan() {
  find_live();
  for (size_t i = 0; i < segment_.live.size(); i += 64) {
    uint64_t bits = 0;
    for (size_t k = i; k < segment_.live.size() && k < i + 64; ++k) bits |= uint64_t{segment_.live[k]} << (k - i);
    segment_.key.push_back(bits);
  }
  segment_.key.push_back(segment_.traced);
  const Plan* plan = plans_.find(segment_.key);
  counts_.add(plan ? Counts::Hits : Counts::Misses);
  if (!plan) plan = plans_.insert(make_plan(segment_));
  return *plan;
}

void Stream::run(Cut cut) {
  const size_t recorded = segment_.key.size();
  try {
    const Plan& plan = this->plan();
    run_plan(plan);
    counts_.add_cut(cut);
    note_segment(segment_, plan, cut);
  } catch (const std::bad_alloc&) {
    segment_.key.resize(recorded);
    raise(ErrorKind::OutOfMemory, "out of memory: no working memory for what waits");
  } catch (...) {
    segment_.key.resize(recorded);
    throw;
  }
}

// Everything is allocated before the first program runs.
void Stream::run_plan(const Plan& plan) {
  reserve_workspace(plan.workspace);
  if (!reserve_) reserve_.reset(new char[kReserve]);
  borrowed_.clear();
  borrowed_.reserve(plan.reuses.size());
  for (uint16_t slot : plan.slots) materialise(*segment_.slots[slot].storage);
  char* partials = plan.partials ? static_cast<char*>(data_get(plan.partials)) : nullptr;
  for (const auto& [slot, owner] : plan.reuses) {
    Storage& s = *segment_.slots[slot].storage;
    if (s.data) continue;
    s.data = segment_.slots[owner].storage->data;
    borrowed_.push_back(&s);
  }
  for (const Program& p : plan.programs) {
    run_or_retry(p, partials);
    counts_.add(Counts::Instructions, p.entry >= 0 ? 1 : p.steps.size());
  }
  if (partials) data_put(partials, plan.partials);
  counts_.add(Counts::Groups, plan.programs.size());
  counts_.add(Counts::Dead, static_cast<uint64_t>(plan.dead));
  counts_.add(Counts::Shared, static_cast<uint64_t>(plan.shared));
  uint64_t arena = static_cast<uint64_t>(plan.partials);
  for (uint16_t slot : plan.slots)
    if (!segment_.live[slot] && !segment_.slots[slot].external)
      arena += static_cast<uint64_t>(segment_.slots[slot].storage->bytes);
  counts_.raise_to(Counts::ArenaPeak, arena);
  for (Storage* s : borrowed_) s->data = nullptr;  // dead: nobody looks again
  for (const Slot& s : segment_.slots)
    if (!s.storage->data) counts_.add(Counts::NotAllocated, static_cast<uint64_t>(s.storage->bytes));
}

// Nobody can take back the programs before this one, so it must not fail: a kernel that found no working memory, and so
// has not begun, gets the reserve, and no more threads than one.
void Stream::run_or_retry(const Program& p, char* partials) {
  try {
    run_program(p, segment_, partials);
  } catch (...) {
    reserve_.reset();
    empty_cache();
    run_program_on_this_thread(p, segment_, partials);
  }
}

void Stream::forget() {
  for (Slot& s : segment_.slots) {
    clear_flags(*s.storage, Storage::kRead | Storage::kWritten);
    __atomic_store_n(&s.storage->home, nullptr, __ATOMIC_RELEASE);
  }
  for (SegmentView& v : segment_.views) drop(v.view);
  segment_.entries.clear();
  segment_.views.clear();
  segment_.slots.clear();
  segment_.key.clear();
  work_.store(0, std::memory_order_relaxed);
  external_bytes_ = 0;
  unchecked_ = kMaxHeld;
}

void settle(Storage& s) {
  if (auto* home = static_cast<Stream*>(__atomic_load_n(&s.home, __ATOMIC_ACQUIRE))) {
    Locked lock(*home);
    if (s.pending()) home->flush(home == &Stream::current() ? Cut::Needed : Cut::Foreign);
  }
  materialise(s);
}

// Views that only the segment keeps are nobody's reference to the memory.
void Stream::own_references(const View& v, uint32_t& of_storage, uint32_t& of_view) const {
  if (!holds(*v.storage)) return;
  for (const SegmentView& m : segment_.views) {
    if (m.view == &v) of_view = 1;
    else if (m.slot == v.storage->slot && ref_count(m.view->refs) == 1) ++of_storage;
  }
}

bool held_once(const View& v, uint32_t views) {
  uint32_t of_storage = 0, of_view = 0;
  if (auto* home = static_cast<Stream*>(__atomic_load_n(&v.storage->home, __ATOMIC_ACQUIRE))) {
    const Locked lock(*home);
    home->own_references(v, of_storage, of_view);
  }
  return ref_count(v.refs) == 1 + of_view && ref_count(v.storage->refs) == views + of_storage;
}

void submit(const Record& r) {
  Stream& stream = Stream::current();
  if (r.fuse && (may_defer() || stream.tracing()) && can_wait(r, stream.tracing())) {
    stream.record(r);
    return;
  }
  for (int i = 0; i < r.n_in; ++i)
    if (r.in[i] && r.in[i]->storage->pending_write()) settle(*r.in[i]->storage);
  for (int i = 0; i < r.n_out; ++i)
    if (r.out[i]->storage->pending() || !r.out[i]->storage->data) settle(*r.out[i]->storage);
  stream.count_direct();
  run_now(r);
}

bool begin_direct() {
  Stream& stream = Stream::current();
  if (stream.tracing()) return false;
  stream.count_direct();
  return true;
}

void synchronize() {
  const auto run = [](Stream& s) {
    const Locked lock(s);
    s.flush(Cut::Asked);
  };
  run(Stream::current());
  for (Stream* s : abandoned_streams()) run(*s);
}

void set_deferred(bool on) {
  if (!on) synchronize();
  deferred = on;
}
bool is_deferred() { return deferred; }

void set_tile(int64_t elements) { tile_elements = elements; }
int64_t tile_override() { return tile_elements.load(std::memory_order_relaxed); }

}  // namespace gradus
