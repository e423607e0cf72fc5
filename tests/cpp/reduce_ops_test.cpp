// Reductions as operators: values and gradients against closed forms, finite differences, names, shapes and refusals.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "gradus/core/error.h"
#include "gradus/core/node.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"

namespace gradus {
namespace {

std::vector<double> values(const Tensor& t) {
  const Tensor c = t.to(kFloat64).contiguous();
  const double* p = c.data<double>();
  return {p, p + c.numel()};
}
std::vector<int64_t> list(const IntList& l) { return {l.begin(), l.end()}; }

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing raised";
}

Tensor grad_of(const Tensor& x) {
  const Tensor g = x.grad();
  x.set_grad({});
  return g;
}

// Central differences of f's weighted result against backward, in float64.
void check_gradient(const std::function<Tensor(const Tensor&)>& f, const Tensor& start, const char* name) {
  const Tensor x = start.clone().requires_grad_();
  const Tensor y = f(x);
  const Tensor w = arange(y.numel(), kFloat64).reshape(y.sizes()) * 0.7 + 0.3;
  y.backward(w);
  const std::vector<double> got = values(grad_of(x));
  const double h = 1e-5;
  for (int64_t i = 0; i < x.numel(); ++i) {
    double sides[2];
    for (int s = 0; s < 2; ++s) {
      const Tensor moved = start.contiguous().clone();
      moved.data<double>()[i] += s ? h : -h;
      sides[s] = (f(moved) * w).sum().item<double>();
    }
    EXPECT_NEAR(got[static_cast<size_t>(i)], (sides[1] - sides[0]) / (2 * h), 1e-6) << name << " element " << i;
  }
}

Tensor sample() { return tensor<double>({0.5, -1.25, 2, 3.5, -0.75, 1.5, 4, -2, 0.25, 1, -3, 2.5}, {2, 3, 2}); }

TEST(ReduceOps, GradientsAgreeWithFiniteDifferences) {
  const Tensor x = sample();
  check_gradient([](const Tensor& t) { return t.sum(); }, x, "sum");
  check_gradient([](const Tensor& t) { return t.sum({0, 2}); }, x, "sum over dims");
  check_gradient([](const Tensor& t) { return t.mean(1, true); }, x, "mean");
  check_gradient([](const Tensor& t) { return t.prod(); }, x, "prod");
  check_gradient([](const Tensor& t) { return t.prod(1); }, x, "prod along a dim");
  check_gradient([](const Tensor& t) { return t.max(); }, x, "max");
  check_gradient([](const Tensor& t) { return std::get<0>(t.min(-1)); }, x, "min along a dim");
  check_gradient([](const Tensor& t) { return t.amax({0, 1}); }, x, "amax");
  check_gradient([](const Tensor& t) { return t.var(); }, x, "var");
  check_gradient([](const Tensor& t) { return t.var({0, 2}, 0.5, true); }, x, "var over dims");
  check_gradient([](const Tensor& t) { return t.std(1, 0); }, x, "std");
  check_gradient([](const Tensor& t) { return t.logsumexp({0, 1}); }, x, "logsumexp");
  check_gradient([](const Tensor& t) { return std::get<1>(std_mean(t, 2)); }, x, "mean of std_mean");
  check_gradient([](const Tensor& t) { return t.permute({2, 0, 1}).sum(1).prod(0); }, x, "permuted");
  check_gradient([](const Tensor& t) { return t.transpose(0, 1).cumsum(0); }, x, "cumsum");
}

// The gradient of a gradient: differences of the first against backward through it.
TEST(ReduceOps, SecondDerivatives) {
  const auto first = [](const std::function<Tensor(const Tensor&)>& f) {
    return [f](const Tensor& t) {
      const Tensor x = t.requires_grad() ? t : t.clone().requires_grad_();
      const Tensor before = x.grad();
      x.set_grad({});
      f(x).sum().backward({}, true, true);
      const Tensor g = x.grad();
      x.set_grad(before);
      return g;
    };
  };
  const Tensor x = sample();
  check_gradient(first([](const Tensor& t) { return t.prod(1) * t.prod(2).sum(); }), x, "prod twice");
  check_gradient(first([](const Tensor& t) { return t.var(1) * t.std(1); }), x, "var and std twice");
  check_gradient(first([](const Tensor& t) { return std::get<0>(t.max(1)) * t.logsumexp(1); }), x, "max twice");
  // With zeros: d²(xyz)/dx dy is z although x is zero.
  const Tensor zeros = tensor<double>({0, 2, 5, 0, 0, 3}, {2, 3});
  check_gradient(first([](const Tensor& t) { return t.prod(1); }), zeros, "prod with zeros twice");
}

TEST(ReduceOps, ProductGradientWithZeros) {
  const Tensor x = tensor<double>({0, 2, 5, 0, 0, 3, 1, 2, 4}, {3, 3}).requires_grad_();
  x.prod(1).sum().backward();
  EXPECT_EQ(values(grad_of(x)), (std::vector<double>{10, 0, 0, 0, 0, 0, 8, 4, 2}));
}

TEST(ReduceOps, TiesAndNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = tensor<double>({3, 1, 3, 0, 3, 2}, {2, 3}).requires_grad_();
  x.max().backward();  // shared by all that are equal
  EXPECT_EQ(values(grad_of(x)), (std::vector<double>{1. / 3, 0, 1. / 3, 0, 1. / 3, 0}));
  std::get<0>(x.max(1)).sum().backward();  // to the first
  EXPECT_EQ(values(grad_of(x)), (std::vector<double>{1, 0, 0, 0, 1, 0}));
  x.amax(1).sum().backward();
  EXPECT_EQ(values(grad_of(x)), (std::vector<double>{.5, 0, .5, 0, 1, 0}));
  const Tensor y = tensor<double>({1, nan, 3, nan}, {4}).requires_grad_();
  y.max().backward();
  EXPECT_EQ(values(grad_of(y)), (std::vector<double>{0, .5, 0, .5}));
  EXPECT_EQ(y.argmin().item<int64_t>(), 1);
}

TEST(ReduceOps, ShapesDtypesAndNames) {
  const Tensor x = sample().to(kFloat32).permute({2, 0, 1});
  const Tensor y = x.sum(1);
  EXPECT_EQ(list(y.sizes()), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(list(y.strides()), (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(list(x.mean({0, -1}, true).sizes()), (std::vector<int64_t>{1, 2, 1}));
  EXPECT_EQ(list(x.argmax({}, true).sizes()), (std::vector<int64_t>{1, 1, 1}));
  const Tensor i = arange(6, kUInt8).reshape({2, 3});
  EXPECT_EQ(i.sum().dtype(), kInt64);
  EXPECT_EQ(i.any().dtype(), kUInt8);
  EXPECT_EQ(i.to(kInt32).all(0).dtype(), kBool);
  EXPECT_EQ(i.any(IntList{}).sizes(), i.sizes()) << "an empty list reduces nothing";
  EXPECT_EQ(i.sum(IntList{}).dim(), 0) << "an empty list means all";
  EXPECT_EQ(i.mean(kFloat64).item<double>(), 2.5);
  EXPECT_EQ(std::get<1>(i.max(1)).dtype(), kInt64);
  EXPECT_EQ(zeros({5, 0, 4}).sum(0).numel(), 0);
  const Tensor r = rand({3, 2}).requires_grad_();
  EXPECT_STREQ(r.max().grad_fn()->name(), "MaxBackward1");
  EXPECT_STREQ(std::get<0>(r.max(0)).grad_fn()->name(), "MaxBackward0");
  EXPECT_STREQ(r.mean(0).grad_fn()->name(), "MeanBackward1");
  EXPECT_STREQ(std_dim(r, 0).grad_fn()->name(), "StdBackward0");
  EXPECT_STREQ(std::get<0>(var_mean(r)).grad_fn()->name(), "VarMeanBackward0");
}

TEST(ReduceOps, RunningSums) {
  EXPECT_EQ(values(arange(6, kUInt8).reshape({3, 2}).t().cumsum(-1)), (std::vector<double>{0, 2, 6, 1, 4, 9}));
  EXPECT_EQ(arange(3, kInt32).cumsum(0).dtype(), kInt64);
  // Added in float64 and rounded once each: in float32, 2^24 + 1 would stay where it is.
  const Tensor steps = ones({4});
  steps[0].fill_(16777216.0);
  EXPECT_EQ(values(steps.cumsum(0)), (std::vector<double>{16777216, 16777216, 16777218, 16777220}));
}

TEST(ReduceOps, WritesToOut) {
  const Tensor x = tensor<double>({1.75, 2.5, -1.25, 4}, {2, 2});
  const Tensor whole = zeros({7}, kInt64);
  const uint32_t before = whole.version();
  sum_out(whole, x, 0, false, {});  // each element becomes an integer before it is added
  EXPECT_EQ(values(whole), (std::vector<double>{0, 6}));
  EXPECT_EQ(whole.version(), before + 1);
  const Tensor v = empty({0}, kFloat64), i = empty({0}, kFloat64);
  EXPECT_EQ(message_of([&] { max_out(v, i, x, 0, false); }),
            "Expected out tensor to have dtype long int, but got double instead");
  EXPECT_EQ(v.numel(), 0) << "a refused call changes nothing";
}

TEST(ReduceOps, Refusals) {
  const Tensor e = zeros({0, 3}), i = arange(6).reshape({2, 3});
  EXPECT_EQ(message_of([&] { e.amax(); }),
            "amax(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
            "'dim' argument.");
  EXPECT_EQ(message_of([&] { e.max(-2); }), "max(): Expected reduction dim 0 to have non-zero size.");
  EXPECT_EQ(message_of([&] { e.argmin(); }),
            "argmin(): Expected reduction dim to be specified for input.numel() == 0.");
  EXPECT_EQ(message_of([&] { i.mean(); }),
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            "Long");
  EXPECT_EQ(message_of([&] { i.var(); }), "std and var only support floating point and complex dtypes");
  EXPECT_EQ(message_of([&] { i.sum({0, -2}); }), "dim 0 appears multiple times in the list of dims");
  EXPECT_EQ(message_of([&] { i.sum(2); }), "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
}

}  // namespace
}  // namespace gradus
