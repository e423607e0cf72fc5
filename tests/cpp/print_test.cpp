// Tensors as text against PyTorch 2.13.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

namespace gradus {
namespace {

TEST(Print, EqualsPyTorch) {
  const std::pair<Tensor, const char*> cases[] = {
      {tensor(3), R"(tensor(3))"},
      {tensor(-0.5), R"(tensor(-0.5000))"},
      {empty({0}), R"(tensor([]))"},
      {empty({0, 3}), R"(tensor([], size=(0, 3)))"},
      {empty({2, 0}, kInt64), R"(tensor([], size=(2, 0), dtype=torch.int64))"},
      {tensor({true, false}), R"(tensor([ True, False]))"},
      {tensor({{1e-10, 1.0}, {2.0, 3e8}}), R"(tensor([[1.0000e-10, 1.0000e+00],
        [2.0000e+00, 3.0000e+08]]))"},
      {tensor({1.0, 2.0, double(NAN), -HUGE_VAL}), R"(tensor([1., 2., nan, -inf]))"},
      {tensor({0.0, -0.0}), R"(tensor([0., -0.]))"},
      {tensor({1.5, -20.25, 300.0}), R"(tensor([  1.5000, -20.2500, 300.0000]))"},
      {tensor({0.00001, 1.0}), R"(tensor([1.0000e-05, 1.0000e+00]))"},
      {arange(1001), R"(tensor([   0,    1,    2,  ...,  998,  999, 1000]))"},
      {arange(60), R"(tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
        36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53,
        54, 55, 56, 57, 58, 59]))"},
      {zeros({1001, 2}), R"(tensor([[0., 0.],
        [0., 0.],
        [0., 0.],
        ...,
        [0., 0.],
        [0., 0.],
        [0., 0.]]))"},
      {zeros({2, 1, 2, 2}), R"(tensor([[[[0., 0.],
          [0., 0.]]],


        [[[0., 0.],
          [0., 0.]]]]))"},
      {arange(2002).view({2, 7, 143}) * 1.5, R"(tensor([[[0.0000e+00, 1.5000e+00, 3.0000e+00,  ..., 2.1000e+02,
          2.1150e+02, 2.1300e+02],
         [2.1450e+02, 2.1600e+02, 2.1750e+02,  ..., 4.2450e+02,
          4.2600e+02, 4.2750e+02],
         [4.2900e+02, 4.3050e+02, 4.3200e+02,  ..., 6.3900e+02,
          6.4050e+02, 6.4200e+02],
         ...,
         [8.5800e+02, 8.5950e+02, 8.6100e+02,  ..., 1.0680e+03,
          1.0695e+03, 1.0710e+03],
         [1.0725e+03, 1.0740e+03, 1.0755e+03,  ..., 1.2825e+03,
          1.2840e+03, 1.2855e+03],
         [1.2870e+03, 1.2885e+03, 1.2900e+03,  ..., 1.4970e+03,
          1.4985e+03, 1.5000e+03]],

        [[1.5015e+03, 1.5030e+03, 1.5045e+03,  ..., 1.7115e+03,
          1.7130e+03, 1.7145e+03],
         [1.7160e+03, 1.7175e+03, 1.7190e+03,  ..., 1.9260e+03,
          1.9275e+03, 1.9290e+03],
         [1.9305e+03, 1.9320e+03, 1.9335e+03,  ..., 2.1405e+03,
          2.1420e+03, 2.1435e+03],
         ...,
         [2.3595e+03, 2.3610e+03, 2.3625e+03,  ..., 2.5695e+03,
          2.5710e+03, 2.5725e+03],
         [2.5740e+03, 2.5755e+03, 2.5770e+03,  ..., 2.7840e+03,
          2.7855e+03, 2.7870e+03],
         [2.7885e+03, 2.7900e+03, 2.7915e+03,  ..., 2.9985e+03,
          3.0000e+03, 3.0015e+03]]]))"},
      {ones({3}, kFloat16), R"(tensor([1., 1., 1.], dtype=torch.float16))"},
      {tensor({1, -200, 3}, kInt32), R"(tensor([   1, -200,    3], dtype=torch.int32))"},
      {tensor({0.1, 1.0}, kFloat64), R"(tensor([0.1000, 1.0000], dtype=torch.float64))"},
      {tensor({0.1, 100.0}, kBFloat16), R"(tensor([  0.1001, 100.0000], dtype=torch.bfloat16))"},
      {ones({2}).requires_grad_(), R"(tensor([1., 1.], requires_grad=True))"},
      {ones({2}).requires_grad_() * 2, R"(tensor([2., 2.], grad_fn=<MulBackward0>))"},
      {ones({9, 10}, kFloat64).requires_grad_().t(), R"(tensor([[1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.],
        [1., 1., 1., 1., 1., 1., 1., 1., 1.]], dtype=torch.float64,
       grad_fn=<TBackward0>))"},
      {arange(6).view({2, 3}).t(), R"(tensor([[0, 3],
        [1, 4],
        [2, 5]]))"},
  };
  for (const auto& [t, text] : cases) EXPECT_EQ(to_string(t), text);
}

TEST(Print, FollowsTheOptions) {
  PrintOptions& options = print_options();
  const PrintOptions before = options;
  options = {.precision = 2, .threshold = 5, .edgeitems = 1, .linewidth = 30};
  EXPECT_EQ((arange(12.0).view({3, 4}) / 7).str(), R"(tensor([[0.00,  ..., 0.43],
        ...,
        [1.14,  ..., 1.57]]))");
  options.edgeitems = 0;
  EXPECT_EQ(arange(12.0).str(), R"(tensor([...], size=(12,)))");
  options = {.precision = 1, .linewidth = 20, .sci_mode = true};
  EXPECT_EQ(tensor({1.0, 2.0, 3.0}).str(), R"(tensor([1.0e+00,
        2.0e+00,
        3.0e+00]))");
  options.sci_mode = false;
  EXPECT_EQ(tensor({1e-7, 1.0}).str(), R"(tensor([0.0, 1.0]))");
  options = before;
}

TEST(Print, GoesToStreamsAndRecordsNothing) {
  const Tensor t = ones({40, 40}).requires_grad_();
  const uint32_t version = t.version();
  std::ostringstream stream;
  stream << t << "!";
  EXPECT_EQ(stream.str(), t.str() + "!");
  EXPECT_EQ(t.version(), version);
  EXPECT_EQ(Tensor().str(), "Tensor()");
}

}  // namespace
}  // namespace gradus
