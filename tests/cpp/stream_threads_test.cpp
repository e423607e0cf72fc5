// Threads and what waits: recording, handing on, running each other's segments, ending with pending work. Most of use
// under a thread sanitizer.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/cpp/leaves_nothing.h"

namespace gradus {
namespace {

constexpr int kThreads = 4, kRounds = 60;
constexpr int64_t kSize = 3000;  // large enough to wait

class StreamThreads : public LeavesNothing {
 protected:
  void SetUp() override {
    LeavesNothing::SetUp();
    set_deferred(true);
  }
  void TearDown() override {
    set_deferred(before_);
    LeavesNothing::TearDown();
  }
  template <class F>
  static void in_threads(F&& body) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) threads.emplace_back(body, t);
    for (std::thread& t : threads) t.join();
  }
  static bool all_are(const Tensor& t, double value) {
    const Values v = values(t);
    for (const double x : v)
      if (x != value) return false;
    return !v.empty();
  }

 private:
  bool before_ = is_deferred();
};

TEST_F(StreamThreads, ReadTheSameTensors) {
  const Tensor x = full({kSize}, Scalar(2.0), kFloat32) * 1.5;  // waits: the first reader runs it
  std::atomic<int> wrong = 0;
  in_threads([&](int t) {
    for (int i = 0; i < kRounds; ++i) wrong += !all_are((x + t) * 2 + x, 9 + 2 * t);
  });
  EXPECT_EQ(wrong, 0);
}

// What one thread has recorded is continued, overwritten, looked at and dropped by any other.
TEST_F(StreamThreads, HandTensorsOn) {
  struct Item {
    Tensor tensor;
    double value;
  };
  std::mutex mutex;
  std::vector<Item> queue;
  for (int i = 0; i < 3; ++i) queue.push_back({zeros({kSize}), 0});
  std::atomic<int> wrong = 0;
  in_threads([&](int t) {
    for (int i = 0; i < 4 * kRounds; ++i) {
      Item item;
      {
        const std::lock_guard lock(mutex);
        if (queue.empty()) continue;
        item = queue.front();
        queue.erase(queue.begin());
      }
      switch ((i + t) % 5) {
        case 0: item = {(item.tensor + 3) * -1, (item.value + 3) * -1}; break;
        case 1: item.tensor.add_(1), item.value += 1; break;
        case 2: item.tensor.mul_(-1), item.value *= -1; break;
        case 3: item = {item.tensor.flip(IntList(0)), item.value}; break;
        default: wrong += !all_are(item.tensor, item.value);
      }
      const std::lock_guard lock(mutex);
      queue.push_back(item);
    }
  });
  for (const Item& item : queue) wrong += !all_are(item.tensor, item.value);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(queue.size(), 3u);
}

TEST_F(StreamThreads, WriteOneAfterTheOther) {
  const Tensor sum = zeros({kSize}), copy = zeros({kSize});
  std::mutex mutex;
  in_threads([&](int t) {
    for (int i = 0; i < kRounds; ++i) {
      const Tensor own = full({kSize}, Scalar(t + 1.0), kFloat32) * 2;
      const std::lock_guard lock(mutex);
      sum.add_(own);
      if (i % 7 == t) copy.copy_(sum);
    }
  });
  EXPECT_TRUE(all_are(sum, kRounds * 20.0));
  EXPECT_TRUE(all_are(copy - copy.select(0, 0), 0));
}

TEST_F(StreamThreads, ShareAGraph) {
  const Tensor w = full({kSize}, Scalar(3.0), kFloat32).requires_grad_();
  std::atomic<int> wrong = 0;
  std::mutex mutex;
  Tensor last;
  in_threads([&](int) {
    for (int i = 0; i < kRounds; ++i) {
      const Tensor loss = (w * w + 1).sum();
      wrong += !all_are(gradus::grad(Tensors{loss}, Tensors{w})[0], 6);
      const std::lock_guard lock(mutex);
      if (last.defined()) wrong += !all_are(gradus::grad(Tensors{last}, Tensors{w})[0], 2);  // of another thread, maybe
      last = ((w + 1) * 2).sum();
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(StreamThreads, EndWithPendingWork) {
  for (int round = 0; round < kRounds; ++round) {
    const Tensor shared = ones({kSize});
    std::vector<Tensor> left(kThreads);
    in_threads([&](int t) {
      left[static_cast<size_t>(t)] = (shared + t) * 2;
      (void)(shared * 7);  // nobody will look
    });
    if (round % 2) {
      synchronize();
      for (const Tensor& t : left) ASSERT_FALSE(t.impl()->view->storage->pending());
      ASSERT_FALSE(shared.impl()->view->storage->pending());
    }
    shared.mul_(5);  // after all that read it
    for (int t = 0; t < kThreads; ++t) ASSERT_TRUE(all_are(left[static_cast<size_t>(t)], 2.0 * (1 + t)));
    ASSERT_TRUE(all_are(shared, 5));
  }
}

// Some look at what waits while its thread goes on recording.
TEST_F(StreamThreads, RunEachOthersSegments) {
  std::mutex mutex;
  std::vector<Tensor> shown(kThreads);
  std::atomic<int> wrong = 0;
  in_threads([&](int t) {
    Tensor x = zeros({kSize});
    for (int i = 0; i < kRounds; ++i) {
      x = x + 1;
      Tensor other;
      {
        const std::lock_guard lock(mutex);
        shown[static_cast<size_t>(t)] = x;
        other = shown[static_cast<size_t>((t + i) % kThreads)];
      }
      if (!other.defined() || i % 3 == 0) continue;
      const double first = other.select(0, 0).item<double>();
      wrong += !all_are(i % 2 ? other : other + 0, first);
    }
    wrong += !all_are(x, kRounds);
  });
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace gradus
