// The small-work benchmark on Gradus; small_ops.py runs it beside libtorch.
#include "small_ops.h"

#include <gradus/gradus.h>

namespace {

struct TanhNet {
  gradus::nn::Linear fc1{6, 64}, fc2{64, 8}, fc3{8, 4};
  gradus::Tensor forward(const gradus::Tensor& x) const { return fc3(fc2(fc1(x).tanh()).tanh()); }
};

struct Gradus {
  using Tensor = gradus::Tensor;
  using Net = TanhNet;
  using Sgd = gradus::optim::SGD;
  static Tensor full(double v) { return gradus::full({1}, v, gradus::kFloat32); }
  static Tensor randn(int64_t m, int64_t n) { return gradus::randn({m, n}); }
  static void seed(uint64_t s) { gradus::manual_seed(s); }
  static std::vector<Tensor> parameters(Net& net) { return gradus::nn::parameters(net); }
  static gradus::optim::SGDOptions sgd_options(double lr) { return {.lr = lr}; }
  static Tensor mse_loss(const Tensor& a, const Tensor& b) { return gradus::mse_loss(a, b); }
};

}  // namespace

int main() { bench::run<Gradus>(); }
