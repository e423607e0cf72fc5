// Linear regression, the twin of linear_regression.py: prints the same digits.
#include <gradus/gradus.h>

#include <cstdio>

namespace optim = gradus::optim;
using gradus::Tensor;

struct LinearRegression {
  Tensor weight = gradus::randn({1}).requires_grad_();
  Tensor bias = gradus::randn({1}).requires_grad_();

  Tensor operator()(const Tensor& x) const { return x * weight + bias; }
};

int main() {
  gradus::manual_seed(1);
  const Tensor x = gradus::randn({100, 1}) * 10;
  const Tensor y = x * 3 + gradus::randn({100, 1}) * 2;

  LinearRegression model;
  optim::SGD optimizer({model.weight, model.bias}, {.lr = 0.01});

  const int epochs = 1000;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const Tensor loss = gradus::mse_loss(model(x), y);

    optimizer.zero_grad();
    loss.backward();
    optimizer.step();

    if (epoch % 100 == 0) std::printf("Epoch [%d/%d], Loss: %.4f\n", epoch, epochs, loss.item<double>());
  }
  std::printf("Weight: %.4f\n", model.weight.item<double>());
  std::printf("Bias: %.4f\n", model.bias.item<double>());
}
