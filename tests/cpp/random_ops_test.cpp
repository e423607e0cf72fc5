// Random operators: PyTorch's numbers for a seed, the order of memory, graph nodes, and calls that must change nothing.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "gradus/core/error.h"
#include "gradus/core/node.h"
#include "gradus/core/rng.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"

namespace gradus {
namespace {

std::vector<double> values(const Tensor& t) {
  const Tensor c = t.to(kFloat64).contiguous();
  const double* p = c.data<double>();
  return {p, p + c.numel()};
}
std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing raised";
}

// Constants printed by PyTorch 2.13 after manual_seed(0), unless said otherwise.
TEST(RandomOps, NumbersOfPyTorch) {
  manual_seed(0);
  EXPECT_EQ(values(rand({4})),
            (std::vector<double>{0.49625658988952637, 0.7682217955589294, 0.08847743272781372, 0.13203048706054688}));
  manual_seed(0);
  EXPECT_EQ(values(randn({2, 3})), (std::vector<double>{1.5409960746765137, -0.293428897857666, -2.1787893772125244,
                                                        0.5684312582015991, -1.0845223665237427, -1.3985954523086548}));
  manual_seed(42);
  const std::vector<double> long_normal = values(randn({32}));
  EXPECT_EQ(long_normal[0], 1.9269152879714966);
  EXPECT_EQ(long_normal[4], 0.6784184575080872);
  manual_seed(0);
  EXPECT_EQ(values(randperm(10)), (std::vector<double>{4, 1, 7, 5, 3, 9, 0, 8, 6, 2}));
  manual_seed(0);
  EXPECT_EQ(values(randint(0, 100, {6})), (std::vector<double>{44, 39, 33, 60, 63, 79}));
  manual_seed(0);
  EXPECT_EQ(values(empty({8}).bernoulli_(0.5)), (std::vector<double>{0, 0, 1, 0, 0, 0, 1, 1}));
  manual_seed(0);
  EXPECT_EQ(values(multinomial(ones({5}), 5)), (std::vector<double>{2, 4, 1, 3, 0}));
  manual_seed(0);
  EXPECT_EQ(values(normal(2.0, arange(4, kFloat32))),
            (std::vector<double>{2.0, 1.706571102142334, -2.357578754425049, 3.705293655395508}));
}

TEST(RandomOps, GeneratorsAndDtypes) {
  Generator a(7);
  manual_seed(7);
  EXPECT_EQ(values(rand({5}, &a)), values(rand({5})));
  EXPECT_EQ(values(randn({20}, &a, kBFloat16)), values(randn({20}, kBFloat16)));
  EXPECT_EQ(randint(5, {2}).dtype(), kInt64);
  EXPECT_EQ(randint(5, {2}, kUInt8).dtype(), kUInt8);
  EXPECT_EQ(randperm(5, kFloat16).dtype(), kFloat16);
}

// Elements are filled in the order of memory, whatever the order of indices.
TEST(RandomOps, OrderOfMemory) {
  manual_seed(3);
  const Tensor plain = rand({4, 6});
  manual_seed(3);
  const Tensor turned = empty({4, 6}).t().uniform_();
  EXPECT_EQ(values(turned.t()), values(plain));
  manual_seed(3);
  EXPECT_EQ(values(rand_like(turned).t()), values(plain));
  manual_seed(3);
  const Tensor out = empty({4, 6}).t();
  EXPECT_TRUE(rand_out(out, {6, 4}, {}, {}, {}, {}).is_same(out));
  EXPECT_EQ(values(out.t()), values(plain));
}

TEST(RandomOps, FillsAreNodesWithoutGradient) {
  const Tensor x = ones({3}).requires_grad_();
  const Tensor y = x * 2;
  y.uniform_();
  EXPECT_STREQ(y.grad_fn()->name(), "UniformBackward0");
  EXPECT_EQ(y.version(), 1u);
  (y + x).sum().backward();
  EXPECT_EQ(values(x.grad()), (std::vector<double>{1, 1, 1}));
  const Tensor p = full({3}, 0.5).requires_grad_();
  const Tensor drawn = p.bernoulli();
  EXPECT_STREQ(drawn.grad_fn()->name(), "BernoulliBackward0");
  drawn.sum().backward();
  EXPECT_EQ(values(p.grad()), (std::vector<double>{0, 0, 0}));
  EXPECT_STREQ(normal(p, p).grad_fn()->name(), "NormalBackward3");
  EXPECT_FALSE(rand_like(p).requires_grad());
}

// A refused call leaves tensor, version and generator as they were.
TEST(RandomOps, RefusalsChangeNothing) {
  manual_seed(11);
  const Tensor x = full({3}, 5.0), i = zeros({3}, kInt64), narrow = zeros({1}).expand(3);
  const Tensor leaf = ones({2}).requires_grad_(), bad = tensor<float>({0.5f, 2, 0.5f}, {3});
  const uint32_t version = x.version();
  const std::pair<std::function<void()>, std::string> refused[] = {
      {[&] { x.uniform_(2, 1); }, "uniform_ expects to return a [from, to) range, but found from=2 > to=1"},
      {[&] { x.normal_(0, -1); }, "normal expects std >= 0.0, but found std -1"},
      {[&] { x.random_(5, 5); }, "random_ expects 'from' to be less than 'to', but got from=5 >= to=5"},
      {[&] { x.bernoulli_(1.5); }, "bernoulli_ expects p to be in [0, 1], but got p=1.5"},
      {[&] { x.exponential_(0); }, "exponential_ expects lambda > 0.0, but found lambda=0"},
      {[&] { i.normal_(); }, "\"normal_kernel_cpu\" not implemented for 'Long'"},
      {[&] { leaf.normal_(); }, "a leaf Variable that requires grad is being used in an in-place operation."},
      {[&] { randint(0, 300, {2}, kUInt8); }, "to - 1 is out of bounds for unsigned char"},
      {[&] {
         normal(0.0, tensor<float>({1, -1}, {2}));
       },
       "normal expects all elements of std >= 0.0"},
      {[&] { multinomial(ones({2}), 3); }, "cannot sample n_sample > prob_dist.size(-1) samples without replacement"},
      {[&] { multinomial(zeros({2}), 1); }, "invalid multinomial distribution (sum of probabilities <= 0)"},
      {[&] { narrow.uniform_(); },
       "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
       "Please clone() the tensor before performing the operation."}};
  for (const auto& [call, message] : refused) EXPECT_EQ(message_of(call), message);
  EXPECT_NE(message_of([&] { x.bernoulli_(bad); }), "nothing raised");
  EXPECT_EQ(values(x), (std::vector<double>{5, 5, 5}));
  EXPECT_EQ(x.version(), version);
  const double next = rand({}).item<double>();
  manual_seed(11);
  EXPECT_EQ(next, rand({}).item<double>()) << "nothing was drawn";
}

TEST(RandomOps, ChoiceWithReplacementFollowsWeights) {
  manual_seed(5);
  const Tensor picked = multinomial(tensor<double>({1, 0, 3}, {3}), 20000, true);
  int64_t counts[3] = {};
  for (double v : values(picked)) ++counts[static_cast<int>(v)];
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(static_cast<double>(counts[2]) / 20000, 0.75, 0.015);  // five standard deviations
}

}  // namespace
}  // namespace gradus
