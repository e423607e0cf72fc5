// The graph and the walk over it: gradients against closed forms and finite differences, nothing left behind.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "gradus/autograd/engine.h"
#include "gradus/autograd/hooks.h"
#include "gradus/core/alloc.h"
#include "gradus/core/error.h"
#include "gradus/core/node.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"
#include "tests/cpp/leaves_nothing.h"

namespace gradus {
namespace {

void expect_near(const Tensor& t, const Values& expected, double tolerance = 1e-12) {
  ASSERT_TRUE(t.defined());
  const Values got = values(t);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << "element " << i;
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing raised";
}

class Autograd : public LeavesNothing {};

// ---- derivatives by differences

using Program = std::function<Tensor(const Tensor&)>;

double weighted(const Program& f, const Values& at, IntList shape) {
  const Tensor y = f(tensor<double>(at, shape));
  double sum = 0;
  const Values v = values(y);
  for (size_t i = 0; i < v.size(); ++i) sum += v[i] * (0.3 + 0.7 * static_cast<double>(i % 5));
  return sum;
}

Tensor weights(const Tensor& y) {
  Values w(static_cast<size_t>(y.numel()));
  for (size_t i = 0; i < w.size(); ++i) w[i] = 0.3 + 0.7 * static_cast<double>(i % 5);
  return tensor<double>(w, y.sizes());
}

Tensor gradient(const Program& f, const Tensor& x, bool create_graph) {
  const Tensor y = f(x);
  return grad({&y, 1}, {&x, 1}, Tensors{weights(y)}, {}, create_graph)[0];
}

// First derivatives of f, then those of a sum over its gradient, against central differences.
void check_derivatives(const char* name, const Program& f, const Values& at, IntList shape) {
  SCOPED_TRACE(name);
  const double h = 1e-5;
  const Tensor x = tensor<double>(at, shape).requires_grad_();
  const Tensor g = gradient(f, x, true);
  const Tensor total = (g * weights(g)).sum();
  const Tensor second = total.requires_grad() ? grad({&total, 1}, {&x, 1}, {}, {}, false, true)[0] : Tensor{};
  const Values first_found = values(g), second_found = second.defined() ? values(second) : Values(at.size(), 0.0);
  for (size_t i = 0; i < at.size(); ++i) {
    double value[2], slope[2];
    for (int s = 0; s < 2; ++s) {
      Values moved = at;
      moved[i] += s ? h : -h;
      value[s] = weighted(f, moved, shape);
      const Tensor there = gradient(f, tensor<double>(moved, shape).requires_grad_(), false);
      slope[s] = (there * weights(there)).sum().item<double>();
    }
    EXPECT_NEAR(first_found[i], (value[1] - value[0]) / (2 * h), 1e-6) << "first, element " << i;
    EXPECT_NEAR(second_found[i], (slope[1] - slope[0]) / (2 * h), 1e-5) << "second, element " << i;
  }
}

Tensor written(const Tensor& x, const std::function<void(const Tensor&)>& write) {
  const Tensor y = x * x;
  write(y);
  return y;
}

TEST_F(Autograd, WritesIntoViewsHaveBothDerivatives) {
  const Values at{0.3, -0.7, 1.1, 0.9, -0.4, 0.6};
  const Dims shape{2, 3};
  auto check_write = [&](const char* name, const std::function<void(const Tensor&)>& write) {
    check_derivatives(
        name, [&](const Tensor& x) { return written(x, write); }, at, shape);
  };
  check_write("exp of a row", [](const Tensor& y) { y[0].exp_(); });
  check_write("power of a row", [](const Tensor& y) { y[1].pow_(3); });
  check_write("tanh of a transposed column", [](const Tensor& y) { y.t()[1].tanh_(); });
  check_write("view of a view", [](const Tensor& y) { y[0].narrow(0, 1, 2).sin_(); });
  check_write("two overlapping views", [](const Tensor& y) {
    y[0].mul_(2).sub_(0.5);
    y.select(1, 1).square_();
  });
  check_write("a view of all", [](const Tensor& y) { y.view({6}).square_(); });
  check_write("zeros", [](const Tensor& y) { y[1].zero_(); });
  check_write("a product with another tensor", [](const Tensor& y) { y[0].mul_(tensor<double>({2, -3, 0.5}, {3})); });
  check_derivatives(
      "assigned rows",
      [](const Tensor& x) {
        const Tensor y = zeros({3, 3}, kFloat64);
        const Tensor first = x[0].exp();
        y[0].copy_(first);
        y[1].copy_(x[1] * first);
        y[2].copy_(first * first);
        return y;
      },
      at, shape);
}

TEST_F(Autograd, BroadcastGradientsAreSummed) {
  const Values at{0.3, -0.7, 1.1};
  const Tensor wide = tensor<double>({1, 2, 3, 4, 5, 6}, {2, 3});
  check_derivatives("row", [&](const Tensor& x) { return x * x * wide; }, at, {3});
  check_derivatives("column", [&](const Tensor& x) { return x.exp() / wide.view({3, 2}); }, at, {3, 1});
  check_derivatives("zero-dim", [&](const Tensor& x) { return x * x * x + wide; }, {1.3}, {});
  check_derivatives("expanded", [&](const Tensor& x) { return x.expand({2, 4, 3}).square(); }, at, {1, 3});
  check_derivatives("empty", [&](const Tensor& x) { return (x * x).narrow(0, 0, 0); }, at, {3});
}

// ---- chains

TEST_F(Autograd, AMillionNodesAreWalkedAndReleased) {
  constexpr int kNodes = 1'000'000;
  const Tensor x = leaf({2.0});
  {
    Tensor y = x;
    for (int i = 0; i < kNodes; ++i) y = y + 1.0;
    EXPECT_GE(census().nodes, kNodes);
    EXPECT_EQ(y.item<double>(), 2.0 + kNodes);
    y.backward();
  }
  expect_near(x.grad(), {1.0});
  {
    Tensor y = x;
    for (int i = 0; i < kNodes; ++i) y = y * (i % 2 ? 2.0 : 0.5);
  }  // never walked
  EXPECT_LT(census().nodes, 1000);
}

TEST_F(Autograd, LongChainsOfSavedValuesAndWritesAreReleased) {
  const Tensor x = leaf({0.5, 0.25});
  {
    Tensor y = x;
    for (int i = 0; i < 100'000; ++i) y = y.sin();
    y.sum().backward();
  }
  {
    const Tensor y = x * 1;
    for (int i = 0; i < 20'000; ++i) y[i % 2].add_(1);
    y.sum().backward();
    EXPECT_EQ(values(y), (Values{10000.5, 10000.25}));
  }
  {
    Tensor y = x * 1;
    const Tensor z = x.exp();
    for (int i = 0; i < 50'000; ++i) y = y * z + x;
    grad(Tensors{y.sum()}, Tensors{x}, {}, {}, true);
  }
}

// ---- .grad

TEST_F(Autograd, TheFirstGradientIsNotTheCallers) {
  const Tensor x = leaf({1, 2, 3}), g = ones({3}, kFloat64);
  x.backward(g);
  EXPECT_FALSE(x.grad().is_same(g));
  g.zero_();
  expect_near(x.grad(), {1, 1, 1});
  const Tensor kept = x.grad();
  (x * 2).sum().backward();
  EXPECT_TRUE(x.grad().is_same(kept));
  expect_near(kept, {3, 3, 3});
}

TEST_F(Autograd, GradientsAreLaidOutLikeTheLeaf) {
  const Tensor x = ones({4, 3}, kFloat64).t().requires_grad_();
  (x * arange(12, kFloat64).reshape({3, 4})).sum().backward();
  EXPECT_EQ(x.grad().strides(), x.strides());
  const Tensor strided = ones({3, 8}, kFloat64).t().narrow(0, 0, 4).requires_grad_();
  (strided * 2).sum().backward();
  EXPECT_TRUE(strided.grad().is_contiguous());
  const Tensor expanded = ones({1, 3}, kFloat64).expand({2, 3}).requires_grad_();
  (expanded * expanded).sum().backward();
  expect_near(expanded.grad(), {2, 2, 2, 2, 2, 2});
}

TEST_F(Autograd, LeavesOfOtherDtypesGetTheirOwn) {
  const Tensor x = leaf({1, 2, 3});
  const Tensor w = ones({3}, kFloat32).requires_grad_(), h = ones({3}, kFloat16).requires_grad_();
  (x.to(kFloat32) * w * h).sum().backward();
  EXPECT_EQ(x.grad().dtype(), kFloat64);
  EXPECT_EQ(w.grad().dtype(), kFloat32);
  EXPECT_EQ(h.grad().dtype(), kFloat16);
  expect_near(h.grad(), {1, 2, 3});
}

// ---- saved values and versions

TEST_F(Autograd, ValuesWrittenAfterTheyWereSavedAreRefused) {
  const Tensor x = leaf({0.5, 1.5});
  auto changed = [](const Tensor& z) {
    return message_of([&] { z.sum().backward(); }).find("has been modified by an inplace operation") !=
           std::string::npos;
  };
  const Tensor y = x * 2, square = y * y;
  y.add_(1);
  EXPECT_TRUE(changed(square));
  const Tensor e = x.exp();
  e.mul_(2);
  EXPECT_TRUE(changed(e));
  const Tensor self = x * 1;
  self.mul_(self);
  EXPECT_TRUE(changed(self));
  const Tensor base = x * 1, product = base * base;
  base[0].zero_();
  EXPECT_TRUE(changed(product));
  const Tensor d = x * 1, with_alias = d * d;
  d.detach().add_(1);
  EXPECT_TRUE(changed(with_alias));
  const Tensor other = x * 1, through_data = other * other;
  other.variable_data().zero_();  // counts for itself: the walk reads what is there now
  through_data.sum().backward();
  expect_near(x.grad(), {0, 0});
}

TEST_F(Autograd, GraphsAreWalkedOnce) {
  const Tensor x = leaf({1, 2});
  const std::string twice = "Trying to backward through the graph a second time";
  const Tensor z = (x * x).sum();
  z.backward({}, true);
  z.backward();
  EXPECT_EQ(message_of([&] { z.backward(); }).substr(0, twice.size()), twice);
  expect_near(x.grad(), {4, 8});
  const Tensor plain = (x + 1).sum();
  plain.backward();
  plain.backward();
  expect_near(x.grad(), {6, 10});
}

TEST_F(Autograd, AskingForAnIntermediateLeavesWhatIsBehindIt) {
  const Tensor x = leaf({0.5, 1.0}), y = x.exp(), z = (y * y).sum();
  const Tensor dy = grad(Tensors{z}, Tensors{y})[0];
  expect_near(dy, {2 * std::exp(0.5), 2 * std::exp(1.0)});
  expect_near(grad(Tensors{y}, Tensors{x}, Tensors{ones_like(y)})[0], {std::exp(0.5), std::exp(1.0)});
}

// ---- errors leave things as they were

TEST_F(Autograd, ForbiddenWritesChangeNothing) {
  const Tensor x = leaf({1, 2, 3, 4}, {2, 2});
  EXPECT_NE(message_of([&] { x.add_(1); }).find("a leaf Variable that requires grad"), std::string::npos);
  EXPECT_NE(message_of([&] { x[0].add_(1); }).find("a view of a leaf Variable"), std::string::npos);
  const Tensor y = x * 1;
  const Tensors rows = y.unbind(0);
  EXPECT_NE(message_of([&] { rows[1].mul_(2); }).find("multiple views"), std::string::npos);
  Tensor quiet;
  {
    NoGrad guard;
    quiet = y[0];
  }
  EXPECT_NE(message_of([&] { quiet.mul_(2); }).find("created in no_grad mode"), std::string::npos);
  EXPECT_EQ(x.version(), 0u);
  EXPECT_EQ(y.version(), 0u);
  EXPECT_EQ(values(y), (Values{1, 2, 3, 4}));
  y.mul_(2);
  EXPECT_NE(message_of([&] { rows[0].grad_fn(); }).find("its base or another view of its base"), std::string::npos);
}

TEST_F(Autograd, AnExceptionInAWalkLeavesTheEngineUsable) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const Tensor y = x * w;
  const int64_t id = register_hook(y, [](const Tensor&) -> Tensor { raise(ErrorKind::Value, "stop"); });
  const Tensor z = (y * y).sum();
  EXPECT_EQ(message_of([&] { z.backward({}, true); }), "stop");
  EXPECT_EQ(message_of([&] { z.backward({}, true, true); }), "stop");
  EXPECT_TRUE(is_grad_enabled());
  EXPECT_FALSE(x.grad().defined());
  remove_hook(id);
  z.backward({}, true);
  expect_near(x.grad(), {2 * 1 * 9, 2 * 2 * 16});
}

// ---- hooks

TEST_F(Autograd, HooksMayAddRemoveAndWalk) {
  const Tensor x = leaf({1, 2}), w = leaf({5});
  std::string order;
  int64_t first = 0;
  first = register_hook(x, [&](const Tensor& g) {
    order += 'a';
    remove_hook(first);
    register_hook(x, [&](const Tensor&) -> Tensor { return order += 'c', Tensor{}; });
    GradMode on(true);
    (w * w).sum().backward();  // a walk inside the walk
    return g * 10;
  });
  register_hook(x, [&](const Tensor& g) -> Tensor { return order += 'b', g * 2; });
  const Tensor z = (x * 3).sum();
  z.backward();
  EXPECT_EQ(order, "ab");
  expect_near(x.grad(), {60, 60});
  expect_near(w.grad(), {10});
  z.backward();
  EXPECT_EQ(order, "abbc");
  expect_near(x.grad(), {66, 66});
}

TEST_F(Autograd, AHookMayReplaceTheHistoryOfTheRoot) {
  const Tensor x = leaf({0.5});
  Tensor z = x.exp().sin();
  register_hook(z, [&](const Tensor&) -> Tensor {
    GradMode on(true);
    z.add_(1);  // its old producer is being walked
    return {};
  });
  z.backward();
  expect_near(x.grad(), {std::cos(std::exp(0.5)) * std::exp(0.5)});
}

TEST_F(Autograd, KeptGradientsFollowWrites) {
  const Tensor x = leaf({1, 2}), y = x * 1;
  y.retain_grad();
  y.mul_(3);
  (y * y).sum().backward();
  expect_near(y.grad(), {6, 12});
  Tensor dropped = x * 2;
  dropped.retain_grad();
  const Tensor z = dropped.sum();
  dropped = {};
  z.backward();
}

// ---- releasing

TEST_F(Autograd, CreateGraphThenDropFreesEverything) {
  const Tensor x = leaf({1, 2, 3});
  (x * x * x).sum().backward({}, {}, true);
  EXPECT_TRUE(x.grad().requires_grad());  // the gradient hangs on the graph, the graph on the leaf
  const Tensor y = x.exp();
  y.retain_grad();
  register_hook(y, [](const Tensor& g) { return g * 1; });
  (y * y).sum().backward({}, {}, true);
  (x.grad() * y.grad()).sum().backward({}, {}, true);
}

TEST_F(Autograd, ManyEdgesAndResults) {
  constexpr int kMany = 70'000;
  const Tensor x = ones({kMany}, kFloat64).requires_grad_();
  const Tensors parts = x.unbind(0);
  Tensors used;
  for (size_t i = 0; i < parts.size(); i += 1000) used.push_back(parts[i] * 2);
  stack(used).sum().backward();
  EXPECT_EQ(x.grad().sum().item<double>(), 2.0 * kMany / 1000);
  EXPECT_EQ(x.grad()[69'000].item<double>(), 2.0);
  const Tensor y = leaf({2});
  cat(Tensors(kMany, y)).sum().backward();
  expect_near(y.grad(), {kMany});
}

TEST_F(Autograd, IntegersStayOutside) {
  const Tensor x = leaf({3, 1, 2});
  EXPECT_FALSE(x.argmax().requires_grad());
  EXPECT_FALSE((x > 1).requires_grad());
  const auto [largest, at] = x.max(0);
  EXPECT_TRUE(largest.requires_grad());
  EXPECT_FALSE(at.requires_grad());
  largest.backward();
  expect_near(x.grad(), {1, 0, 0});
  const Tensor counts = zeros({3}, kInt64);
  counts.copy_(x);
  EXPECT_FALSE(counts.requires_grad());
}

TEST_F(Autograd, AGraphMayEndOnAnotherThread) {
  const Tensor x = leaf({1, 2});
  Tensor y;
  std::thread([&] { y = x.exp() * x; }).join();
  std::thread([&] {
    const Tensor z = (y * 2).sum();
    expect_near(grad(Tensors{z}, Tensors{x}, {}, true)[0], {4 * std::exp(1.0), 6 * std::exp(2.0)});
    z.backward();
  }).join();
  std::thread([gone = std::move(y)]() mutable { gone = {}; }).join();
  expect_near(x.grad(), {4 * std::exp(1.0), 6 * std::exp(2.0)});
}

}  // namespace
}  // namespace gradus
