// The threads behind parallel_for: they spin for a moment after their last chunk, then sleep until a loop wakes them.
#include "gradus/kernels/pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "gradus/core/format.h"
#include "gradus/kernels/pool_limit.h"

namespace gradus {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kMaxWorkers = 255, kChunksPerThread = 8;
constexpr int kLeftWords = (kMaxWorkers + 1) * kChunksPerThread / 64;
constexpr auto kSpin = std::chrono::microseconds(50);
constexpr double kWakeCost = 60000;  // the least work in nanoseconds that gains from waking a thread (measured)

thread_local bool inside = false;  // this thread runs a body
std::atomic<int> threads_wanted = 0;

/// How the processor rounds and treats denormals: the control bits only.
#if defined(__SSE__)
constexpr uint64_t kFloatControl = 0xffc0;
uint64_t float_control() { return __builtin_ia32_stmxcsr() & kFloatControl; }
void set_float_control(uint64_t bits) { __builtin_ia32_ldmxcsr(static_cast<unsigned>(bits)); }
#elif defined(__aarch64__)
uint64_t float_control() {
  uint64_t bits;
  __asm__ volatile("mrs %0, fpcr" : "=r"(bits));
  return bits;
}
void set_float_control(uint64_t bits) { __asm__ volatile("msr fpcr, %0" : : "r"(bits)); }
#else
uint64_t float_control() { return 0; }
void set_float_control(uint64_t) {}
#endif

void pause() {
#if defined(__SSE__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/// Spins until `done()`, for at most kSpin; whether it was done.
template <class F>
bool spin(const F& done) {
  const auto end = Clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
  } while (Clock::now() < end);
  return done();
}

/// The chunks of the current loop that nobody has taken, [head, tail), and the number of the loop. Fields of Pool that
/// describe a loop change only while head == tail, so whoever takes a chunk with a compare-and-swap has read them
/// right.
struct Open {
  uint32_t loop;
  uint16_t head, tail;
};
static_assert(sizeof(Open) == 8);

class Pool {
 public:
  bool enter() { return !busy_.exchange(true, std::memory_order_acquire); }
  void leave() { busy_.store(false, std::memory_order_release); }

  bool worth_waking(double cost);
  void begin(int64_t n, int64_t grain, int threads, pool::Body call, const void* body);
  void end();
  void stop();
  void close();

 private:
  struct Job {
    pool::Body call;
    const void* body;
    int64_t n, chunk;
    uint64_t control;
  };
  int count() const { return static_cast<int>(alive_.load(std::memory_order_relaxed)); }
  bool take(bool first, Job& job, int& index);
  bool idle() const {
    const Open open = open_.load();
    return open.head == open.tail && !stopping_.load();
  }
  void start(int workers);
  void wake(int workers);
  void work();
  static void execute(const Job& job, int index) {
    const int64_t begin = index * job.chunk;
    job.call(job.body, begin, std::min(job.n, begin + job.chunk));
  }
  // A thread that finds no working memory leaves the chunk to the caller.
  void try_execute(const Job& job, int index) noexcept {
    try {
      execute(job, index);
    } catch (...) {
      left_[index / 64].fetch_or(uint64_t{1} << (index % 64), std::memory_order_relaxed);
      anything_left_.store(true, std::memory_order_relaxed);
    }
  }
  void execute_left();

  // What workers look at while they spin, what they count, and the loop's description: a cache line each.
  alignas(64) std::atomic<Open> open_{Open{0, 0, 0}};
  std::atomic<bool> stopping_ = false;
  alignas(64) std::atomic<uint32_t> finished_ = 0;  // chunks done by workers
  alignas(64) std::atomic<pool::Body> call_ = nullptr;
  std::atomic<const void*> body_ = nullptr;
  std::atomic<int64_t> n_ = 0, chunk_ = 0;
  std::atomic<uint64_t> control_ = 0;
  std::atomic<bool> anything_left_ = false;
  std::atomic<uint64_t> left_[kLeftWords] = {};  // a bit for every chunk
  alignas(64) std::atomic<uint32_t> sleepers_ = 0, bell_ = 0;
  alignas(64) std::atomic<bool> busy_ = false;
  std::atomic<uint32_t> alive_ = 0;
  uint32_t chunks_ = 0;       // of the current loop
  Clock::time_point last_{};  // when a loop last left sleeping workers asleep,
  double missed_ = 0;         // and the cost of all that did so shortly after one another
  std::thread workers_[kMaxWorkers];
};

/// The thread that runs the loop takes chunks from the front, the workers from the back: in a chain of loops over the
/// same data most of it stays in the same caches.
bool Pool::take(bool first, Job& job, int& index) {
  Open open = open_.load(std::memory_order_acquire);
  while (open.head != open.tail) {
    job.call = call_.load(std::memory_order_relaxed);
    job.body = body_.load(std::memory_order_relaxed);
    job.n = n_.load(std::memory_order_relaxed);
    job.chunk = chunk_.load(std::memory_order_relaxed);
    job.control = control_.load(std::memory_order_relaxed);
    Open less = open;
    index = first ? less.head++ : --less.tail;
    if (open_.compare_exchange_weak(open, less, std::memory_order_acq_rel, std::memory_order_acquire)) return true;
  }
  return false;
}

/// False if all workers sleep and neither this loop nor a row of short ones makes up for waking them.
bool Pool::worth_waking(double cost) {
  if (sleepers_.load(std::memory_order_relaxed) < alive_.load(std::memory_order_relaxed) || cost >= kWakeCost)
    return true;
  const auto now = Clock::now();
  missed_ = cost + (now - last_ < kSpin ? missed_ : 0);
  last_ = now + std::chrono::nanoseconds(static_cast<int64_t>(cost));
  if (missed_ < kWakeCost) return false;
  missed_ = 0;
  return true;
}

/// Offers a loop to the workers.
void Pool::begin(int64_t n, int64_t grain, int threads, pool::Body call, const void* body) {
  const int64_t units = (n - 1) / grain + 1,
                wanted = std::min<int64_t>(units, kChunksPerThread * std::min(threads, kMaxWorkers + 1));
  const int64_t chunk = ((units - 1) / wanted + 1) * grain;
  const int chunks = static_cast<int>((n - 1) / chunk + 1);
  const int workers = std::min(threads, chunks) - 1;
  if (count() >= threads) stop();  // set_num_threads asked for fewer
  if (count() < workers) start(workers);
  chunks_ = static_cast<uint32_t>(chunks);
  call_.store(call, std::memory_order_relaxed);
  body_.store(body, std::memory_order_relaxed);
  n_.store(n, std::memory_order_relaxed);
  chunk_.store(chunk, std::memory_order_relaxed);
  control_.store(float_control(), std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  const uint32_t loop = open_.load(std::memory_order_relaxed).loop + 1;
  open_.store(Open{loop, 0, static_cast<uint16_t>(chunks)});
  if (count() > 0) wake(workers);
}

/// Does what they have not taken, and waits for what they have.
void Pool::end() {
  Job job;
  uint32_t others = chunks_;
  for (int index; take(true, job, index); --others) try_execute(job, index);
  const auto done = [&] { return finished_.load(std::memory_order_acquire) == others; };
  if (!done() && !spin(done))  // a worker lost its core: sleeping gives it this one
    for (uint32_t seen; (seen = finished_.load(std::memory_order_acquire)) != others;) finished_.wait(seen);
  if (anything_left_.load(std::memory_order_relaxed)) execute_left();
}

/// What fails again fails the loop; nobody works on it any more then.
void Pool::execute_left() {
  const Job job{call_, body_, n_, chunk_, control_};
  anything_left_ = false;
  uint64_t left[kLeftWords];
  for (int i = 0; i < kLeftWords; ++i) left[i] = left_[i].exchange(0);
  for (int i = 0; i < kLeftWords; ++i)
    for (; left[i]; left[i] &= left[i] - 1) execute(job, i * 64 + __builtin_ctzll(left[i]));
}

void Pool::wake(int workers) {
  const int asleep = static_cast<int>(sleepers_.load());
  if (asleep == 0) return;
  bell_.fetch_add(1);
  if (workers >= asleep) bell_.notify_all();
  else
    for (int i = 0; i < workers; ++i) bell_.notify_one();
}

void Pool::work() {
  inside = true;
  Job job;
  for (int index;;) {
    while (take(false, job, index)) {
      if (float_control() != job.control) set_float_control(job.control);
      try_execute(job, index);
      finished_.fetch_add(1, std::memory_order_acq_rel);
      finished_.notify_one();
    }
    if (stopping_.load()) return;
    if (spin([&] { return !idle(); })) continue;
    const uint32_t heard = bell_.load();
    sleepers_.fetch_add(1);
    if (idle()) bell_.wait(heard);
    sleepers_.fetch_sub(1);
  }
}

void Pool::start(int workers) {
#if defined(__unix__) || defined(__APPLE__)
  sigset_t all, before;  // signals go to the program's own threads
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
  for (; count() < std::min(workers, kMaxWorkers); ++alive_) try {
      workers_[count()] = std::thread([this] { work(); });
    } catch (const std::system_error&) {
      break;  // fewer threads do the same work
    }
#if defined(__unix__) || defined(__APPLE__)
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
}

void Pool::stop() {
  stopping_.store(true);
  bell_.fetch_add(1);
  bell_.notify_all();
  for (int i = 0; i < count(); ++i) workers_[i].join();
  alive_ = 0;
  stopping_.store(false);
}

/// At exit. A loop of a thread that outlives main may hold the pool for ever: then its workers are left alone.
void Pool::close() {
  const auto end = Clock::now() + std::chrono::milliseconds(100);
  while (!enter()) {
    if (Clock::now() > end) return;
    std::this_thread::yield();
  }
  stop();  // still entered: loops run on their own thread from now on
}

// Never freed: threads may outlive main. A forked child starts anew, as its parent's threads do not exist there.
std::atomic<Pool*> current = nullptr;

Pool& get() {
  Pool* p = current.load(std::memory_order_acquire);
  if (p) return *p;
  auto* made = new Pool;
  if (current.compare_exchange_strong(p, made)) return *made;
  delete made;
  return *p;
}

void in_child() {
  inside = false;
  if (current.load()) current.store(new Pool);
}
void at_exit() {
  if (Pool* p = current.load()) p->close();
}
[[maybe_unused]] const bool hooks = [] {
#if defined(__unix__) || defined(__APPLE__)
  pthread_atfork(nullptr, nullptr, in_child);
#endif
  return std::atexit(at_exit) == 0;
}();

}  // namespace

int num_threads() noexcept {
  int n = threads_wanted.load(std::memory_order_relaxed);
  if (n > 0) return n;
  threads_wanted.compare_exchange_strong(n, default_threads(), std::memory_order_relaxed);
  return threads_wanted.load(std::memory_order_relaxed);
}

void set_num_threads(int n) {
  check(n > 0, "set_num_threads expects a positive integer");
  threads_wanted.store(n, std::memory_order_relaxed);
}

bool in_parallel() noexcept { return inside; }

OnThisThread::OnThisThread() noexcept : before_(inside) { inside = true; }
OnThisThread::~OnThisThread() { inside = before_; }

namespace {
/// Of the entered pool by this thread.
struct Use {
  Pool& p;
  OnThisThread nested;
  ~Use() { p.leave(); }
};
}  // namespace

void pool::run(int64_t n, int64_t grain, double cost, Body call, const void* body) {
  const int threads = num_threads();
  if (threads == 1 || inside) return call(body, 0, n);
  if (cost <= 0) cost = static_cast<double>(n) / static_cast<double>(grain) * kChunkCost;
  Pool& p = get();
  if (!p.enter()) return call(body, 0, n);
  const Use use{p, {}};
  if (p.worth_waking(cost)) {
    p.begin(n, grain, threads, call, body);
    p.end();
  } else {
    call(body, 0, n);
  }
}

void SplitLoop::start(int64_t n, int64_t grain, double cost, pool::Body call, const void* body) {
  const int threads = num_threads();
  if (n > grain && threads > 1 && !inside && get().enter()) {
    started_ = get().worth_waking(cost);
    if (started_) return get().begin(n, grain, threads, call, body);
    get().leave();
  }
  call(body, 0, n);
}

void SplitLoop::join() {
  if (!started_) return;
  started_ = false;
  Pool& p = get();
  const Use use{p, {}};
  p.end();
}

}  // namespace gradus
