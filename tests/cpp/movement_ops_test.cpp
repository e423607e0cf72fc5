// Views, joins, indexing, products and losses as operators: gradients against finite differences, layouts, refusals.
#include <gtest/gtest.h>

#include <functional>
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

// Central differences of f's weighted result against backward, in float64; and of the gradient against its own.
void check_gradient(const std::function<Tensor(const Tensor&)>& f, const Tensor& start, const char* name) {
  const Tensor x = start.clone().requires_grad_();
  const Tensor y = f(x);
  const Tensor w = arange(y.numel(), kFloat64).reshape(y.sizes()) * 0.7 + 0.3;
  y.backward(w);
  const std::vector<double> got = values(x.grad());
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

Tensor sample() { return tensor<double>({0.5, -1.25, 2, 3.5, -0.75, 1.5, 4, -2, 0.25, 1, -3, 2.5}, {3, 4}); }
Tensor squared(const Tensor& x) { return x * x; }

TEST(MovementOps, GradientsAgreeWithFiniteDifferences) {
  const Tensor rows = tensor<int64_t>({2, 0, 2}, {3}), mask = sample() > 0.3;
  check_gradient(
      [](const Tensor& x) {
        return squared(x.as_strided({2, 3, 2}, {1, 1, 2}, 1));
      },
      sample(), "as_strided");
  check_gradient([](const Tensor& x) { return squared(x.expand({2, 3, 4})); }, sample(), "expand");
  check_gradient([&](const Tensor& x) { return squared(take(x, rows)); }, sample(), "take");
  check_gradient([&](const Tensor& x) { return squared(masked_select(x, mask)); }, sample(), "masked_select");
  check_gradient([&](const Tensor& x) { return squared(x.index_select(0, rows)); }, sample(), "index_select");
  check_gradient([](const Tensor& x) { return matmul(x.view({3, 2, 2}), x.view({2, 6})); }, sample(), "matmul");
  check_gradient(
      [](const Tensor& x) {
        return matmul(x.view({4, 3}), x.view({2, 3, 2}));
      },
      sample(), "matmul, 2-d first");
}

TEST(MovementOps, ViewsInPlaceChangeGeometryAndHistory) {
  const Tensor leaf = sample().requires_grad_();
  const Tensor x = leaf * 2;
  x.t_();
  EXPECT_EQ(list(x.sizes()), (std::vector<int64_t>{4, 3}));
  EXPECT_EQ(list(x.strides()), (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(x.version(), 1u);
  EXPECT_STREQ(x.grad_fn()->name(), "TBackward1");
  x.unsqueeze_(1).transpose_(0, 2).squeeze_();
  EXPECT_EQ(list(x.sizes()), (std::vector<int64_t>{3, 4}));
  x.backward(sample());
  EXPECT_EQ(values(leaf.grad()), values(sample() * 2));
  EXPECT_EQ(message_of([&] { leaf.t_(); }),
            "a leaf Variable that requires grad is being used in an in-place operation.");
  EXPECT_EQ(list(leaf.sizes()), (std::vector<int64_t>{3, 4}));
}

TEST(MovementOps, ImagesOfTargetsAreRows) {
  const Tensor x = (arange(48, kFloat64) * 0.37).sin().view({2, 4, 2, 3}).requires_grad_();
  const Tensor target = tensor<int64_t>({0, 3, 1, 2, -100, 1, 2, 2, 0, 3, 1, -100}, {2, 2, 3});
  const Tensor weight = tensor<double>({0.5, 1, 2, 0.25}, {4});
  const Tensor image = nll_loss_nd(x, target, weight, 1, -100);
  const Tensor rows = nll_loss_nd(x.permute({0, 2, 3, 1}).reshape({-1, 4}), target.reshape(-1), weight, 1, -100);
  EXPECT_NEAR(image.item<double>(), rows.item<double>(), 1e-14);
  EXPECT_STREQ(image.grad_fn()->name(), "NllLoss2DBackward0");
  image.backward();
  const std::vector<double> got = values(x.grad());
  x.set_grad({});
  rows.backward();
  const std::vector<double> expected = values(x.grad());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-15) << i;
}

TEST(MovementOps, LayoutsOfResults) {
  const Tensor image = zeros({2, 4, 3, 3}).contiguous(MemoryFormat::ChannelsLast);
  EXPECT_EQ(list(cat({image, image}, 1).strides()), (std::vector<int64_t>{72, 1, 24, 8}));
  EXPECT_EQ(list(cat({image, zeros({2, 4, 3, 3})}, 1).strides()), (std::vector<int64_t>{72, 9, 3, 1}));
  EXPECT_EQ(list(nonzero(ones({2, 3})).strides()), (std::vector<int64_t>{1, 6}));
  EXPECT_EQ(list(zeros({}).expand({1, 1}).strides()), (std::vector<int64_t>{0, 0}));
}

TEST(MovementOps, ScatterReduces) {
  const Tensor index = tensor<int64_t>({0, 0, 2}, {3}), src = tensor<double>({2, 3, 4}, {3});
  EXPECT_EQ(values(ones({3}, kFloat64).scatter(0, index, src, "multiply")), (std::vector<double>{6, 1, 4}));
  EXPECT_EQ(values(ones({3}, kFloat64).scatter(0, index, src, "add")), (std::vector<double>{6, 1, 5}));
  EXPECT_EQ(message_of([&] { src.scatter(0, index, src, "max"); }), "reduce argument must be either add or multiply.");
}

TEST(MovementOps, RefusalsChangeNothing) {
  const Tensor x = zeros({2}, kFloat64), index = tensor<int64_t>({5}, {1});
  EXPECT_EQ(message_of([&] { x.index_put_({index}, ones({1}, kFloat64)); }),
            "index 5 is out of bounds for dimension 0 with size 2");
  EXPECT_EQ(message_of([&] { x.copy_(zeros({3}, kFloat64)); }),
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0");
  EXPECT_EQ(message_of([&] { zeros({2}, kUInt8).fill_(300); }),
            "value cannot be converted to type uint8_t without overflow");
  EXPECT_EQ(message_of([&] { arange(0, 64, 0.5, kInt64); }), "step must be nonzero");
  EXPECT_EQ(values(x), (std::vector<double>{0, 0}));
  EXPECT_EQ(x.version(), 0u);
}

}  // namespace
}  // namespace gradus
