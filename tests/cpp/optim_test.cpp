// The optimizers against scalar recurrences written from the papers, in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/core/error.h"
#include "gradus/gen/functions.h"
#include "gradus/optim/optimizer.h"

namespace {

using namespace gradus;

constexpr double kStart = 0.7;
constexpr int kSteps = 12;

/// The gradient given at step t (from 1), the same for the tensors and for the scalar.
double gradient_at(int t, double param) { return 2 * param + 0.3 * t * (t % 2 ? 1 : -1); }

Tensor parameter() { return full({3}, kStart, DType::Float64).requires_grad_(); }

/// Runs `steps` updates of an optimizer over one parameter; the value of its first element after each.
template <class Optimizer>
std::vector<double> trajectory(Optimizer& optimizer) {
  const Tensor param = optimizer.params()[0];
  std::vector<double> values;
  for (int t = 1; t <= kSteps; ++t) {
    const double value = param[0].item<double>();
    param.set_grad(full({3}, gradient_at(t, value), DType::Float64));
    optimizer.step();
    values.push_back(param[0].item<double>());
    EXPECT_EQ(param[0].item<double>(), param[2].item<double>());
  }
  return values;
}

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-12) << "step " << i + 1;
}

std::vector<double> sgd(const optim::SGDOptions& o) {
  double p = kStart, v = 0;
  std::vector<double> values;
  for (int t = 1; t <= kSteps; ++t) {
    double g = gradient_at(t, p) * (o.maximize ? -1 : 1) + o.weight_decay * p;
    if (o.momentum != 0) {
      v = t == 1 ? g : o.momentum * v + (1 - o.dampening) * g;
      g = o.nesterov ? g + o.momentum * v : v;
    }
    p -= o.lr * g;
    values.push_back(p);
  }
  return values;
}

std::vector<double> adam(const optim::AdamOptions& o) {
  double p = kStart, m = 0, v = 0, largest = 0;
  std::vector<double> values;
  for (int t = 1; t <= kSteps; ++t) {
    double g = gradient_at(t, p) * (o.maximize ? -1 : 1);
    if (o.decoupled_weight_decay) p -= o.lr * o.weight_decay * p;
    else g += o.weight_decay * p;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    largest = std::max(largest, v);
    const double m_hat = m / (1 - std::pow(o.beta1, t));
    const double v_hat = (o.amsgrad ? largest : v) / (1 - std::pow(o.beta2, t));
    p -= o.lr * m_hat / (std::sqrt(v_hat) + o.eps);
    values.push_back(p);
  }
  return values;
}

TEST(Sgd, FollowsTheRecurrence) {
  const optim::SGDOptions settings[] = {
      {.lr = 0.1},
      {.lr = 0.1, .momentum = 0.9},
      {.lr = 0.1, .momentum = 0.9, .dampening = 0.2, .weight_decay = 0.05},
      {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.05, .nesterov = true},
      {.lr = 0.01, .weight_decay = 0.1, .maximize = true},
  };
  for (const auto& options : settings) {
    optim::SGD optimizer({parameter()}, options);
    expect_near(trajectory(optimizer), sgd(options));
  }
}

TEST(Adam, FollowsTheRecurrence) {
  const optim::AdamOptions settings[] = {
      {},
      {.lr = 0.05, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6, .weight_decay = 0.1},
      {.lr = 0.05, .amsgrad = true},
      {.lr = 0.05, .weight_decay = 0.1, .maximize = true, .decoupled_weight_decay = true},
  };
  for (const auto& options : settings) {
    optim::Adam optimizer({parameter()}, options);
    expect_near(trajectory(optimizer), adam(options));
  }
}

TEST(AdamW, DecaysTheParameterItself) {
  optim::AdamW optimizer({parameter()}, {.lr = 0.05});
  expect_near(trajectory(optimizer), adam({.lr = 0.05, .weight_decay = 1e-2, .decoupled_weight_decay = true}));
}

TEST(Optimizer, LearningRateMayChange) {
  optim::SGD optimizer({parameter()}, {.lr = 0.5});
  optimizer.params()[0].set_grad(ones({3}, DType::Float64));
  optimizer.lr() = 0.25;
  optimizer.step();
  EXPECT_DOUBLE_EQ(optimizer.params()[0][0].item<double>(), kStart - 0.25);
}

TEST(Optimizer, ZeroGradDropsOrClears) {
  const Tensor param = parameter();
  optim::SGD optimizer({param});
  param.set_grad(ones({3}, DType::Float64));
  const Tensor held = param.grad();
  optimizer.zero_grad(false);
  EXPECT_TRUE(param.grad().is_same(held));
  EXPECT_EQ(held.sum().item<double>(), 0);
  EXPECT_EQ(held.version(), 1u);
  const Tensor grown = ones({3}, DType::Float64).requires_grad_() * 2;
  param.set_grad(grown);
  optimizer.zero_grad(false);  // a gradient in a graph stays as it is
  EXPECT_EQ(grown.sum().item<double>(), 6);
  EXPECT_EQ(param.grad().sum().item<double>(), 0);
  optimizer.zero_grad();
  EXPECT_FALSE(param.grad().defined());
  optimizer.step();  // a parameter without a gradient stays as it is
  EXPECT_EQ(param[0].item<double>(), kStart);
  EXPECT_FALSE(param.grad_fn());
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Value);
    return error.what();
  }
  return "";
}

TEST(Optimizer, RefusesWhatPyTorchRefuses) {
  const Tensor p = parameter();
  EXPECT_EQ(message_of([&] { optim::SGD({p}, {.lr = -1}); }), "Invalid learning rate: -1.0");
  EXPECT_EQ(message_of([&] { optim::SGD({p}, {.momentum = -0.5}); }), "Invalid momentum value: -0.5");
  EXPECT_EQ(message_of([&] { optim::SGD({p}, {.nesterov = true}); }),
            "Nesterov momentum requires a momentum and zero dampening");
  EXPECT_EQ(message_of([&] { optim::Adam({p}, {.beta2 = 1}); }), "Invalid beta parameter at index 1: 1.0");
  EXPECT_EQ(message_of([&] { optim::Adam({p}, {.eps = -1}); }), "Invalid epsilon value: -1.0");
  EXPECT_EQ(message_of([&] { optim::SGD({p * 2.0}, {}); }), "can't optimize a non-leaf Tensor");
  EXPECT_EQ(message_of([&] { optim::SGD(Tensors{}, {}); }), "optimizer got an empty parameter list");
}

}  // namespace
