// Several threads: graphs over shared parameters, tensors handed on, one generator. Most of use under a thread
// sanitizer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "gradus/autograd/engine.h"
#include "gradus/autograd/hooks.h"
#include "gradus/core/alloc.h"
#include "gradus/core/rng.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"

namespace gradus {
namespace {

constexpr int kThreads = 4, kRounds = 60;

template <class F>
void in_threads(F&& body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(body, t);
  for (std::thread& t : threads) t.join();
}

std::vector<double> values(const Tensor& t) {
  const Tensor c = t.detach().contiguous();
  return {c.data<double>(), c.data<double>() + c.numel()};
}

TEST(Threads, ShareParametersAndDifferentiate) {
  const Census before = census();
  {
    // Fresh leaves: all threads want their accumulators and versions first.
    const Tensor w = tensor<double>({0.5, -1, 2}, {3}).requires_grad_();
    const Tensor b = tensor<double>({0.1}, {1}).requires_grad_();
    std::atomic<int> wrong = 0;
    in_threads([&](int t) {
      for (int i = 0; i < kRounds; ++i) {
        const double k = t + 1;
        const Tensor loss = ((w * w * k + b).exp() * 0.5).sum();
        const Tensors g = grad(Tensors{loss}, Tensors{w, b});
        const std::vector<double> dw = values(g[0]), at{0.5, -1, 2};
        for (size_t j = 0; j < 3; ++j)
          wrong += std::abs(dw[j] / (at[j] * k * std::exp(at[j] * at[j] * k + 0.1)) - 1) > 1e-12;
      }
    });
    EXPECT_EQ(wrong, 0);
  }
  EXPECT_EQ(census().nodes, before.nodes);
  EXPECT_EQ(census().tensors, before.tensors);
  EXPECT_EQ(census().storages, before.storages);
}

TEST(Threads, AddToTheSameGradient) {
  const Tensor w = tensor<double>({1, 2}, {2}).requires_grad_();
  in_threads([&](int) {
    for (int i = 0; i < kRounds; ++i) (w * 3).sum().backward();
  });
  EXPECT_EQ(values(w.grad()), (std::vector<double>(2, 3.0 * kThreads * kRounds)));
}

TEST(Threads, WalkOneGraphTogether) {
  const Tensor w = tensor<double>({0.25, 4}, {2}).requires_grad_();
  const Tensor y = (w.sqrt() * w).sum();
  std::atomic<int> wrong = 0;
  in_threads([&](int) {
    for (int i = 0; i < kRounds; ++i) {
      const std::vector<double> g = values(grad(Tensors{y}, Tensors{w}, {}, true)[0]);
      wrong += g != std::vector<double>{0.75, 3};
    }
  });
  EXPECT_EQ(wrong, 0);
}

// A queue of tensors with graphs: built here, continued, walked and freed there.
TEST(Threads, HandTensorsOn) {
  const Census before = census();
  {
    const Tensor w = tensor<double>({1, 2, 3}, {3}).requires_grad_();
    std::mutex mutex;
    std::condition_variable ready;
    std::vector<Tensor> queue;
    bool closed = false;
    std::thread consumer([&] {
      for (;;) {
        Tensor y;
        {
          std::unique_lock lock(mutex);
          ready.wait(lock, [&] { return closed || !queue.empty(); });
          if (queue.empty()) return;
          y = std::move(queue.back());
          queue.pop_back();
        }
        (y * y).sum().backward();
      }
    });
    in_threads([&](int) {
      for (int i = 0; i < kRounds; ++i) {
        const Tensor y = w * 2;
        y[0].mul_(3);
        std::lock_guard lock(mutex);
        queue.push_back(y + 0);
        ready.notify_one();
      }
    });
    {
      std::lock_guard lock(mutex);
      closed = true;
    }
    ready.notify_all();
    consumer.join();
    const double n = kThreads * kRounds;
    EXPECT_EQ(values(w.grad()), (std::vector<double>{n * 72, n * 16, n * 24}));
  }
  EXPECT_EQ(census().nodes, before.nodes);
  EXPECT_EQ(census().tensors, before.tensors);
}

TEST(Threads, DrawFromOneGenerator) {
  manual_seed(7);
  const Tensor expected = rand({kThreads * kRounds}, kFloat64);
  manual_seed(7);
  std::vector<double> drawn[kThreads];
  in_threads([&](int t) {
    for (int i = 0; i < kRounds; ++i) drawn[t].push_back(rand({1}, kFloat64).item<double>());
  });
  // Who draws what is open, but every number of the stream is drawn once.
  std::vector<double> all, stream = values(expected);
  for (const auto& d : drawn) all.insert(all.end(), d.begin(), d.end());
  std::sort(all.begin(), all.end());
  std::sort(stream.begin(), stream.end());
  EXPECT_EQ(all, stream);
}

TEST(Threads, KeepTheirOwnModes) {
  NoGrad guard;
  in_threads([](int t) {
    EXPECT_TRUE(is_grad_enabled());
    set_grad_enabled(t % 2);
    const Tensor w = ones({2}).requires_grad_();
    for (int i = 0; i < kRounds; ++i) EXPECT_EQ((w * 2).requires_grad(), t % 2 == 1);
  });
  EXPECT_FALSE(is_grad_enabled());
}

TEST(Threads, RegisterHooksOnTheirOwnTensors) {
  std::atomic<int> calls = 0;
  in_threads([&](int) {
    for (int i = 0; i < kRounds; ++i) {
      const Tensor x = ones({2}, kFloat64).requires_grad_();
      register_hook(x, [&](const Tensor& g) { return ++calls, g * 2; });
      remove_hook(register_hook(x, [&](const Tensor& g) { return calls += 1000, g; }));
      x.sum().backward();
    }
  });
  EXPECT_EQ(calls, kThreads * kRounds);
}

}  // namespace
}  // namespace gradus
