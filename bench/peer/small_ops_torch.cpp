// The small-work benchmark on libtorch, one thread. Built by small_ops.py where the torch wheel is installed.
#include <torch/torch.h>

#include "../small_ops.h"

namespace {

struct NetImpl : torch::nn::Module {
  torch::nn::Linear fc1{nullptr}, fc2{nullptr}, fc3{nullptr};
  NetImpl() {
    fc1 = register_module("fc1", torch::nn::Linear(6, 64));
    fc2 = register_module("fc2", torch::nn::Linear(64, 8));
    fc3 = register_module("fc3", torch::nn::Linear(8, 4));
  }
  torch::Tensor forward(const torch::Tensor& x) { return fc3(torch::tanh(fc2(torch::tanh(fc1(x))))); }
};

struct Torch {
  using Tensor = torch::Tensor;
  using Net = NetImpl;
  using Sgd = torch::optim::SGD;
  static Tensor full(double v) { return torch::full({1}, v, torch::kFloat32); }
  static Tensor randn(int64_t m, int64_t n) { return torch::randn({m, n}); }
  static void seed(uint64_t s) { torch::manual_seed(s); }
  static std::vector<Tensor> parameters(Net& net) { return net.parameters(); }
  static torch::optim::SGDOptions sgd_options(double lr) { return torch::optim::SGDOptions(lr); }
  static Tensor mse_loss(const Tensor& a, const Tensor& b) { return torch::mse_loss(a, b); }
};

}  // namespace

int main() {
  torch::set_num_threads(1);
  bench::run<Torch>();
}
