// Schedules against their closed forms; groups, state and clipping of gradients.
#include "gradus/optim/scheduler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "gradus/core/error.h"
#include "gradus/gen/functions.h"
#include "gradus/nn/clip.h"

namespace {

using namespace gradus;
using namespace gradus::optim;

Tensor leaf(double value, int64_t n = 2) { return full({n}, value, DType::Float64).requires_grad_(); }

template <class Schedule, class Expected>
void expect_rates(Optimizer& optimizer, Schedule& schedule, int steps, Expected expected) {
  for (int epoch = 0; epoch <= steps; ++epoch) {
    EXPECT_NEAR(schedule.last_lr()[0], expected(epoch), 1e-12) << epoch;
    EXPECT_EQ(optimizer.lr(), schedule.last_lr()[0]);
    schedule.step();
  }
}

TEST(Schedule, ClosedForms) {
  {
    SGD o({leaf(1)}, {.lr = 0.1});
    StepLR s(o, 3, 0.5);
    expect_rates(o, s, 10, [](int e) { return 0.1 * std::pow(0.5, e / 3); });
  }
  {
    SGD o({leaf(1)}, {.lr = 0.1});
    MultiStepLR s(o, {2, 5, 5}, 0.5);
    expect_rates(o, s, 10, [](int e) { return 0.1 * std::pow(0.5, (e >= 2) + 2 * (e >= 5)); });
  }
  {
    SGD o({leaf(1)}, {.lr = 0.1});
    ExponentialLR s(o, 0.9);
    expect_rates(o, s, 10, [](int e) { return 0.1 * std::pow(0.9, e); });
  }
  {
    SGD o({leaf(1)}, {.lr = 0.1});
    CosineAnnealingLR s(o, 4, 0.01);
    expect_rates(o, s, 20, [](int e) { return 0.01 + 0.09 * (1 + std::cos(std::numbers::pi * e / 4)) / 2; });
  }
  {
    SGD o({leaf(1)}, {.lr = 0.1});
    LinearLR s(o, 0.25, 0.75, 4);
    expect_rates(o, s, 10, [](int e) { return 0.1 * (0.25 + 0.5 * std::min(e, 4) / 4); });
  }
  {
    SGD o({leaf(1)}, {.lr = 0.1});
    const double slope = 0.5;
    LambdaLR s(o, [slope](int64_t e) { return 1 / (1 + slope * static_cast<double>(e)); });
    expect_rates(o, s, 10, [](int e) { return 0.1 / (1 + 0.5 * e); });
  }
}

TEST(Schedule, PlateauWaitsAndCools) {
  SGD o({leaf(1)}, {.lr = 1});
  ReduceLROnPlateau s(o, {.factor = 0.5, .patience = 1, .cooldown = 1, .min_lr = 0.2});
  const double measures[] = {1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9};
  const double rates[] = {1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2};
  for (int i = 0; i < 10; ++i) {
    s.step(measures[i]);
    EXPECT_DOUBLE_EQ(o.lr(), rates[i]) << i;
  }
  EXPECT_EQ(s.best(), 0.9);
  EXPECT_THROW(ReduceLROnPlateau(o, {.factor = 1}), Error);
}

TEST(Groups, HaveOptionsOfTheirOwn) {
  const Tensor a = leaf(1), b = leaf(1);
  SGD o({{{a}, {.lr = 0.1}}, {{b}, {.lr = 0.5}}});
  ExponentialLR s(o, 0.5);
  a.set_grad(ones_like(a));
  b.set_grad(ones_like(b));
  o.step();
  EXPECT_DOUBLE_EQ(a[0].item<double>(), 0.9);
  EXPECT_DOUBLE_EQ(b[0].item<double>(), 0.5);
  s.step();
  EXPECT_DOUBLE_EQ(o.lr(0), 0.05);
  EXPECT_DOUBLE_EQ(o.lr(1), 0.25);
}

template <class O>
class EveryOptimizer : public testing::Test {};
using All = testing::Types<SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, NAdam, RAdam>;
TYPED_TEST_SUITE(EveryOptimizer, All);

// The gradient of sum(p²)/2 is p.
template <class O>
void take(O& o, int steps) {
  for (int i = 0; i < steps; ++i) {
    for (const Tensor& p : o.params()) p.set_grad(p.detach().clone());
    o.step();
  }
}

TYPED_TEST(EveryOptimizer, ContinuesFromItsState) {
  const Tensor through = leaf(0.7), first = leaf(0.7), second = leaf(0);
  typename TypeParam::Options options;
  options.lr = 0.05;
  if constexpr (requires { options.momentum; }) options.momentum = 0.9;
  TypeParam whole({through}, options), before({first}, options), after({second});
  take(whole, 9);
  take(before, 5);
  {
    NoGrad guard;
    second.copy_(first);
  }
  after.load_state_dict(before.state_dict());
  EXPECT_EQ(after.lr(), 0.05);
  take(after, 4);
  EXPECT_EQ(second[0].item<double>(), through[0].item<double>());
  EXPECT_LT(std::abs(through[0].item<double>()), 0.7);  // downhill
  EXPECT_FALSE(through.grad_fn());
}

TYPED_TEST(EveryOptimizer, RefusesForeignState) {
  TypeParam one({leaf(1)}), two({leaf(1), leaf(2)});
  take(two, 1);
  EXPECT_THROW(one.load_state_dict(two.state_dict()), Error);
  EXPECT_TRUE(one.state_dict().entries.empty());
}

TEST(Clip, ScalesToTheCommonNorm) {
  const Tensor a = leaf(1), b = leaf(1, 3), unused = leaf(1);
  a.set_grad(full({2}, 3.0, DType::Float64));
  b.set_grad(full({3}, -4.0, DType::Float64));
  const double norm = std::sqrt(2 * 9.0 + 3 * 16.0);
  EXPECT_DOUBLE_EQ(nn::clip_grad_norm_({a, b, unused}, 1.0).item<double>(), norm);
  EXPECT_NEAR(a.grad()[0].item<double>(), 3 / norm, 1e-6);
  EXPECT_NEAR(b.grad()[0].item<double>(), -4 / norm, 1e-6);
  nn::clip_grad_norm_({a, b}, 100.0);  // never up
  EXPECT_NEAR(a.grad()[0].item<double>(), 3 / norm, 1e-6);
  nn::clip_grad_value_({a, b}, 0.25);
  EXPECT_DOUBLE_EQ(a.grad()[0].item<double>(), 0.25);
  EXPECT_DOUBLE_EQ(b.grad()[0].item<double>(), -0.25);
  a.set_grad(full({2}, HUGE_VAL, DType::Float64));
  EXPECT_THROW(nn::clip_grad_norm_({a}, 1.0, 2, true), Error);
  EXPECT_EQ(nn::clip_grad_norm_({unused}, 1.0).item<double>(), 0);
}

}  // namespace
