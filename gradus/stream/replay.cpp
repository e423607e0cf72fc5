// Lists that go together, and how they take over a program.
#include "gradus/stream/replay.h"

#include <algorithm>
#include <mutex>

#include "gradus/core/geometry.h"
#include "gradus/stream/segment.h"

namespace gradus {
namespace {

constexpr int64_t kLarge = 2048;      // elements from which one list alone is worth a program
constexpr size_t kMany = 16;          // lists of two tensors, on which little is done, that are worth one together
constexpr int kUsual = 16;            // lists that there is room for from the start
constexpr int64_t kEnough = 1 << 16;  // that other threads may begin with while more lists are added

// Memory that is nobody else's business while it is used: no other thread's operations wait for it.
bool is_plain(const TensorImpl* t) {
  constexpr uint32_t kCare = Storage::kForeign | Storage::kReadOnly | Storage::kShared | Storage::kShrunk;
  const Storage& s = *t->view->storage;
  return !t->has(TensorImpl::kInference) && !s.has(kCare) && !__atomic_load_n(&s.home, __ATOMIC_RELAXED);
}

// Dense tensors of one shape and one order of elements, in memory of their own.
bool is_flat(TensorImpl* const* args, int n) {
  const View& first = *args[0]->view;
  if (first.numel == 0) return false;
  if (!first.contiguous && !is_non_overlapping_and_dense(first.sizes(), first.strides())) return false;
  for (int i = 0; i < n; ++i) {
    const View& v = *args[i]->view;
    if (!is_plain(args[i]) || !(v.sizes() == first.sizes())) return false;
    if (!(v.contiguous && first.contiguous) && !(v.strides() == first.strides())) return false;
    for (int k = 0; k < i; ++k)
      if (args[k]->view->storage == v.storage) return false;
  }
  return true;
}

// The arrays of a program that is one loop over whole tensors of the list; false if it is anything else.
bool fill(Strips& strips, const Program& p, const Segment& s, TensorImpl* const* lists, size_t n_lists, int n) {
  if (p.entry >= 0 || p.split >= 0 || p.n_dims > 1 || !p.accumulators.empty()) return false;
  if (p.n_dims && !std::all_of(p.strides.begin(), p.strides.end(), [](int64_t stride) { return stride == 1; }))
    return false;
  int place[Program::kMaxStores + Program::kMaxLoads], n_arrays = 0;
  const auto find = [&](uint16_t view) {
    int at = 0;
    while (at < n && lists[at]->view != &s.view(view)) ++at;
    place[n_arrays++] = at;
    return at < n;
  };
  for (const Program::Store& store : p.stores)
    if (!find(store.view)) return false;
  for (const Program::Load& load : p.loads)
    if (load.index != load.kNone || !find(load.view)) return false;
  strips.arrays.reserve(n_lists * static_cast<size_t>(n_arrays));
  strips.ends.reserve(n_lists);
  int64_t end = 0;
  for (TensorImpl* const* list = lists; n_lists-- > 0; list += n) {
    for (int k = 0; k < n_arrays; ++k) strips.arrays.push_back(list[place[k]]->view->raw());
    strips.ends.push_back(end += list[0]->view->numel);
  }
  return true;
}

struct Trace {
  Stream& stream;
  explicit Trace(Stream& s) : stream(s) { stream.begin_trace(); }
  ~Trace() { stream.end_trace(); }
  Trace(const Trace&) = delete;
};

}  // namespace

bool Replay::is_used(const Storage* s, bool written) const {
  const uint32_t slot = __atomic_load_n(&s->slot, __ATOMIC_RELAXED);
  return slot < marks_.size() && marks_[slot].storage == s && (written || marks_[slot].written);
}

Replay::Batch& Replay::batch_for(TensorImpl* const* list, int n, uint64_t numbers) {
  for (Batch& b : batches_)
    if (b.numbers == numbers && b.n == n &&
        std::equal(list, list + n, b.dtypes, [](TensorImpl* t, DType d) { return t->view->dtype == d; }))
      return b;
  Batch& b = batches_.emplace_back();
  b.numbers = numbers;
  b.n = n;
  b.tensors.reserve(static_cast<size_t>(kUsual * n));
  std::transform(list, list + n, b.dtypes, [](TensorImpl* t) { return t->view->dtype; });
  return b;
}

void Replay::add(TensorImpl* const* list, int n, int n_read, uint64_t numbers) {
  if (n == 2 && n_lists_ <= kMany && list[0]->view->numel < kLarge && batches_.empty() && !running_)
    return work_(context_, list, numbers);
  for (int i = 0; i < n; ++i)
    if (is_used(list[i]->view->storage, i >= n_read)) {
      finish();
      break;
    }
  for (int i = 0; i < n; ++i)
    if (Storage& s = *list[i]->view->storage; s.pending() || !s.data) {
      join();
      settle(s);
    }
  if (detail::anomaly || n > kMaxArgs || !is_flat(list, n)) {
    join();
    return work_(context_, list, numbers);
  }
  if (marks_.empty()) marks_.reserve(static_cast<size_t>(kUsual * n));
  Batch& b = batch_for(list, n, numbers);
  b.tensors.insert(b.tensors.end(), list, list + n);
  for (int i = 0; i < n; ++i) {
    Storage* s = list[i]->view->storage;
    if (is_used(s, true)) continue;  // read by others too
    __atomic_store_n(&s->slot, static_cast<uint32_t>(marks_.size()), __ATOMIC_RELAXED);
    marks_.push_back({s, i >= n_read});
  }
  elements_ += list[0]->view->numel;
  if (elements_ >= kEnough) run_batches();
}

void Replay::finish() {
  run_batches();
  join();
}

void Replay::join() {
  if (running_) finish_program_over(running_);
  running_ = nullptr;
}

void Replay::run_batches() {
  marks_.clear();
  elements_ = 0;
  const std::vector<Batch> batches = static_cast<std::vector<Batch>&&>(batches_);
  batches_.clear();
  for (const Batch& b : batches) run(b);
}

// The work is done for the first list; the others follow, or have it done as well.
void Replay::run(const Batch& b) {
  join();
  size_t done = 0;
  if (b.n_lists() > (b.n > 2 ? 1 : kMany) || b.tensors[0]->view->numel >= kLarge) done = replay(b);
  for (; done < b.n_lists(); ++done) work_(context_, &b.tensors[done * static_cast<size_t>(b.n)], b.numbers);
}

size_t Replay::replay(const Batch& b) {
  const auto n = static_cast<size_t>(b.n);
  TensorImpl* const* first = b.tensors.data();
  uint32_t writes[kMaxArgs];
  for (size_t i = 0; i < n; ++i) writes[i] = version_number(first[i]);
  const Trace trace(Stream::current());
  work_(context_, first, b.numbers);
  running_ = trace.stream.run_over(first, b.n_lists(), b.n);
  if (!running_) return 1;
  for (size_t i = 0; i < n; ++i) writes[i] = version_number(first[i]) - writes[i];
  for (size_t k = n; k < b.tensors.size(); ++k) {
    if (!writes[k % n]) continue;
    Version& v = version_of(b.tensors[k]);
    v.n += writes[k % n];
    v.writer = version_of(first[k % n]).writer;
  }
  return b.n_lists();
}

// ---- the stream's part

void Stream::begin_trace() {
  const std::lock_guard lock(*this);
  flush(Cut::Asked);
  segment_.traced = true;
  before_trace_ = counts_.get(Counts::Recorded) + counts_.get(Counts::Direct);
}

void Stream::end_trace() noexcept {
  const std::lock_guard lock(*this);
  try {
    flush(Cut::Asked);
  } catch (...) {  // it still waits, for somebody to look
  }
  segment_.traced = false;
}

StripRun* Stream::run_over(TensorImpl* const* lists, size_t n_lists, int n) {
  const std::lock_guard lock(*this);
  const uint64_t since = counts_.get(Counts::Recorded) + counts_.get(Counts::Direct) - before_trace_;
  if (since == 0 || since != segment_.entries.size()) return nullptr;
  const size_t recorded = segment_.key.size();
  try {
    const Plan& plan = this->plan();
    Strips strips;
    if (plan.programs.size() == 1 && fill(strips, plan.programs[0], segment_, lists, n_lists, n)) {
      reserve_workspace(plan.workspace);
      counts_.add(Counts::Groups);
      counts_.add(Counts::Instructions, plan.programs[0].steps.size());
      counts_.add(Counts::Replayed, n_lists - 1);
      counts_.add_cut(Cut::Asked);
      note_segment(segment_, plan, Cut::Asked);
      StripRun* run = start_program_over(plan.programs[0], segment_, static_cast<Strips&&>(strips));
      forget();
      return run;
    }
  } catch (...) {
    segment_.key.resize(recorded);
    throw;
  }
  segment_.key.resize(recorded);
  return nullptr;
}

}  // namespace gradus
