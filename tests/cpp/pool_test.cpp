// The pool behind parallel_for: every index once, whatever the number of threads, nesting, company, fork and exit.
#include "gradus/kernels/pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>
#include <vector>

#include "gradus/core/error.h"

namespace gradus {
namespace {

/// Restores the number of threads.
struct Threads {
  int before = num_threads();
  explicit Threads(int n) { set_num_threads(n); }
  ~Threads() { set_num_threads(before); }
};

constexpr double kLong = 1e9;  // a cost that wakes every thread

/// Whether [0, n) is covered once by ranges that begin at multiples of grain and end at one, or at n.
bool covers(int64_t n, int64_t grain, double cost = kLong) {
  std::vector<std::atomic<int>> seen(static_cast<size_t>(n));
  std::atomic<int> wrong = 0;
  const auto body = [&](int64_t begin, int64_t end) {
    wrong += begin >= end || end > n || begin % grain != 0 || (end % grain != 0 && end != n);
    for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
  };
  parallel_for(n, grain, body, cost);
  for (const auto& s : seen) wrong += s != 1;
  return wrong == 0;
}

void wait_ms(int n) { std::this_thread::sleep_for(std::chrono::milliseconds(n)); }

TEST(Pool, EveryIndexOnce) {
  for (int threads : {1, 2, 3, 2, 7, 1, 4}) {
    Threads set(threads);
    for (int64_t n : {0, 1, 2, 3, 15, 16, 17, 100, 1000, 4097})
      for (int64_t grain : {1, 2, 3, 16, 64, 5000}) EXPECT_TRUE(covers(n, grain)) << n << " by " << grain;
  }
}

TEST(Pool, ManyShortLoops) {
  for (int threads : {2, 3, 5}) {
    Threads set(threads);
    for (int i = 0; i < 6000; ++i) {
      ASSERT_TRUE(covers(1 + i % 40, 1 + i % 3, i % 2 ? kLong : 5000));
      if (i % 1000 == 500) wait_ms(2);  // workers fall asleep
    }
  }
}

TEST(Pool, SeveralThreadsTakePart) {
  Threads set(3);
  std::atomic<int> arrived = 0;
  // Bodies meet: impossible unless three threads run them.
  const auto meet = [&](int64_t, int64_t) {
    ++arrived;
    for (int i = 0; i < 5000 && arrived < 3; ++i) wait_ms(1);
  };
  parallel_for(3, 1, meet, kLong);
  EXPECT_EQ(arrived, 3);
}

TEST(Pool, AShortLoopWakesNobody) {
  Threads set(3);
  EXPECT_TRUE(covers(100, 1));
  wait_ms(200);
  int64_t length = 0;
  parallel_for(
      100, 1, [&](int64_t begin, int64_t end) { length = end - begin; }, 1000);
  EXPECT_EQ(length, 100);
  // A long row of them does.
  std::atomic<bool> split = false;
  const auto spin = [&](int64_t begin, int64_t end) {
    if (end - begin < 100) split = true;
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
    while (std::chrono::steady_clock::now() < until) continue;
  };
  for (int i = 0; i < 10000 && !split; ++i) parallel_for(100, 1, spin, 20000);
  EXPECT_TRUE(split);
}

TEST(Pool, OneThreadRunsOneCall) {
  Threads set(1);
  int calls = 0;
  parallel_for(1000, 1, [&](int64_t begin, int64_t end) { calls += begin == 0 && end == 1000; });
  EXPECT_EQ(calls, 1);
  set_num_threads(2);
  parallel_for(1000, 1000, [&](int64_t begin, int64_t end) { calls += begin == 0 && end == 1000; });
  EXPECT_EQ(calls, 2);
}

TEST(Pool, FewerThreadsAgain) {
  Threads set(4);
  EXPECT_TRUE(covers(100, 1));
  set_num_threads(2);
  std::atomic<int> workers = 0;
  thread_local bool counted = false;
  for (int i = 0; i < 50; ++i)
    parallel_for(
        64, 1,
        [&](int64_t, int64_t) {
          if (!counted) ++workers;
          counted = true;
          std::this_thread::yield();
        },
        kLong);
  EXPECT_LE(workers, 2);
  EXPECT_THROW(set_num_threads(0), Error);
  EXPECT_EQ(num_threads(), 2);
}

TEST(Pool, NestedLoopsRunWhereTheyAre) {
  Threads set(3);
  std::atomic<int> split = 0, sum = 0;
  parallel_for(
      20, 1,
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          parallel_for(10, 1, [&](int64_t b, int64_t e) {
            split += b != 0 || e != 10;
            sum += static_cast<int>(e - b);
          });
      },
      kLong);
  EXPECT_EQ(split, 0);
  EXPECT_EQ(sum, 200);
}

TEST(Pool, TwoThreadsAtOnce) {
  Threads set(3);
  std::atomic<int> wrong = 0;
  const auto work = [&] {
    for (int i = 0; i < 2000; ++i) wrong += !covers(50, 3);
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Pool, SplitLoopsDoEverythingOnce) {
  for (int threads : {1, 2, 4}) {
    Threads set(threads);
    for (int i = 0; i < 2000; ++i) {
      const int64_t n = 1 + i % 300;
      std::vector<std::atomic<int>> seen(static_cast<size_t>(n));
      SplitLoop loop;
      const auto body = [](const void* x, int64_t begin, int64_t end) {
        auto& counts = *static_cast<std::vector<std::atomic<int>>*>(const_cast<void*>(x));
        for (int64_t k = begin; k < end; ++k) ++counts[static_cast<size_t>(k)];
      };
      loop.start(n, 7, i % 3 ? kLong : 10, body, &seen);
      if (i % 5 == 0) ASSERT_TRUE(covers(50, 3));  // another loop meanwhile
      if (i % 500 == 499) wait_ms(2);
      loop.join();
      for (const auto& s : seen) ASSERT_EQ(s, 1);
      loop.join();
    }
  }
  EXPECT_FALSE(in_parallel());
}

TEST(Pool, TheCallerRunsWhatAnotherThreadCouldNot) {
  Threads set(3);
  const auto caller = std::this_thread::get_id();
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> seen(400);
    std::atomic<int> failed = 0;
    std::atomic<bool> met = false;
    parallel_for(
        400, 1,
        [&](int64_t begin, int64_t end) {
          if (std::this_thread::get_id() != caller) {
            met = true;
            ++failed;
            throw std::bad_alloc();
          }
          for (int i = 0; i < 1000 && !met; ++i) std::this_thread::yield();  // so that others come
          for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
        },
        kLong);
    for (const auto& s : seen) ASSERT_EQ(s, 1);
    ASSERT_GT(failed, 0);
  }
  EXPECT_TRUE(covers(1000, 3));
}

TEST(Pool, AFailureLeavesTheLoopOnceNobodyIsInIt) {
  for (int threads : {1, 3}) {
    Threads set(threads);
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> within = 0, done = 0;
      const auto body = [&](int64_t begin, int64_t end) {
        ++within;
        if (begin <= 37 && 37 < end) {
          --within;
          throw std::bad_alloc();
        }
        done += static_cast<int>(end - begin);
        --within;
      };
      EXPECT_THROW(parallel_for(400, 1, body, kLong), std::bad_alloc);
      EXPECT_EQ(within, 0);
      EXPECT_FALSE(in_parallel());
      EXPECT_LT(done, 400);
    }
    EXPECT_TRUE(covers(1000, 3));
  }
}

TEST(Pool, RoundingIsTheCallers) {
  Threads set(3);
  volatile double one = 1, three = 3;
  const double nearest = one / three;
  std::fesetround(FE_UPWARD);
  const double up = one / three;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 100; ++i)
    parallel_for(
        64, 1, [&](int64_t, int64_t) { wrong += one / three != up; }, kLong);
  std::fesetround(FE_TONEAREST);
  for (int i = 0; i < 100; ++i)
    parallel_for(
        64, 1, [&](int64_t, int64_t) { wrong += one / three != nearest; }, kLong);
  EXPECT_NE(up, nearest);
  EXPECT_EQ(wrong, 0);
}

/// Exit status of a child that runs `body`, or -1 if it did not end within ten seconds.
template <class F>
int child(const F& body) {
  const pid_t pid = fork();
  if (pid == 0) body();
  for (int i = 0; i < 10000; ++i) {
    int status;
    if (waitpid(pid, &status, WNOHANG) == pid) return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
    wait_ms(1);
  }
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return -1;
}

#if !defined(__SANITIZE_THREAD__)  // which supports no threads after a fork
TEST(Pool, AForkedChildHasItsOwn) {
  Threads set(3);
  EXPECT_TRUE(covers(100, 1));
  const auto loops = [] { _exit(covers(1000, 1) && covers(1000, 1) ? 7 : 1); };
  EXPECT_EQ(child(loops), 7);
  // While another thread holds the pool, and its workers are in a chunk.
  std::atomic<bool> enough = false, begun = false;
  std::thread busy([&] {
    parallel_for(
        3, 1,
        [&](int64_t, int64_t) {
          begun = true;
          while (!enough) wait_ms(1);
        },
        kLong);
  });
  while (!begun) wait_ms(1);
  EXPECT_EQ(child(loops), 7);
  EXPECT_TRUE(covers(100, 1));  // alone, meanwhile
  enough = true;
  busy.join();
  EXPECT_TRUE(covers(100, 1));
}

TEST(Pool, ExitEndsWorkers) {
  Threads set(3);
  EXPECT_EQ(child([] { std::exit(covers(100, 1) ? 7 : 1); }), 7);
  // A thread that never leaves its loop does not hold exit up.
  EXPECT_EQ(child([] {
              std::atomic<bool> begun = false;
              std::thread([&] {
                parallel_for(
                    3, 1,
                    [&](int64_t, int64_t) {
                      begun = true;
                      for (;;) wait_ms(1000);
                    },
                    kLong);
              }).detach();
              while (!begun) wait_ms(1);
              std::exit(7);
            }),
            7);
}
#endif

}  // namespace
}  // namespace gradus
