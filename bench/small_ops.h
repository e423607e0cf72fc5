// The programs of the small-work benchmark, written once for any library with PyTorch's C++ names.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace bench {

/// Nanoseconds per call: median of seven rounds of `calls`.
template <class F>
double nanoseconds(F&& f, int calls) {
  std::vector<double> rounds;
  for (int i = 0; i < calls / 10 + 1; ++i) f();
  for (int r = 0; r < 7; ++r) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) f();
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    rounds.push_back(taken.count() / calls);
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[3];
}

inline void report(const char* name, double ns) { std::printf("%s\t%.1f\n", name, ns); }

/// `Lib` names the library's types and functions; see small_ops.cpp and peer/small_ops_torch.cpp.
template <class Lib>
void run() {
  using Tensor = typename Lib::Tensor;
  const Tensor a = Lib::full(1.5), b = Lib::full(2.5);
  report("a + b, one element", nanoseconds([&] { const Tensor c = a + b; }, 100000));
  float sum = 0;
  report("a + b and item, one element", nanoseconds([&] { sum += (a + b).template item<float>(); }, 100000));
  if (!(sum > 0)) std::abort();
  const Tensor p = Lib::full(1.5).requires_grad_(true), q = Lib::full(2.5).requires_grad_(true);
  report("a + b, recorded for gradient", nanoseconds([&] { const Tensor c = p + q; }, 100000));
  report("a * b, recorded for gradient", nanoseconds([&] { const Tensor c = p * q; }, 100000));
  const Tensor m = Lib::randn(8, 8);
  report("8x8 matrix product", nanoseconds([&] { const Tensor c = m.mm(m); }, 100000));
  const Tensor row = Lib::randn(1, 256), table = Lib::randn(256, 256);
  report("1x256 by 256x256", nanoseconds([&] { const Tensor c = row.mm(table); }, 20000));

  Lib::seed(0);
  typename Lib::Net net;
  typename Lib::Sgd optimizer(Lib::parameters(net), Lib::sgd_options(0.01));
  const Tensor x = Lib::randn(1, 6), y = Lib::randn(1, 4);
  report("6-64-8-4 tanh network, one SGD step", nanoseconds(
                                                    [&] {
                                                      const Tensor loss = Lib::mse_loss(net.forward(x), y);
                                                      optimizer.zero_grad();
                                                      loss.backward();
                                                      optimizer.step();
                                                    },
                                                    2000));
}

}  // namespace bench
