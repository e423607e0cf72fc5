// Pointwise operators: layouts against scalar loops, integer rules, edges, gradients against differences, refusals.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

#include "gradus/autograd/engine.h"
#include "gradus/core/rng.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"

namespace gradus {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

Tensor doubles(const std::vector<double>& v, std::vector<int64_t> sizes = {}) {
  if (sizes.empty()) sizes = {static_cast<int64_t>(v.size())};
  return tensor(v, IntList(sizes.data(), static_cast<int64_t>(sizes.size())));
}
Tensor integers(const std::vector<int64_t>& v) { return tensor(v, {static_cast<int64_t>(v.size())}); }

// Elements in row-major order, as doubles.
std::vector<double> values(const Tensor& t) {
  const Tensor c = t.to(kFloat64).contiguous();
  return {c.data<double>(), c.data<double>() + c.numel()};
}
void expect_values(const Tensor& t, const std::vector<double>& expected, double tolerance = 0) {
  const std::vector<double> got = values(t);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(got[i])) << "element " << i << ": " << got[i];
    } else if (std::isinf(expected[i])) {
      EXPECT_EQ(got[i], expected[i]) << "element " << i;
    } else {
      EXPECT_NEAR(got[i], expected[i], tolerance) << "element " << i;
    }
    if (tolerance == 0 && !std::isnan(expected[i])) { EXPECT_EQ(std::signbit(got[i]), std::signbit(expected[i])) << i; }
  }
}
template <class F>
std::string error_of(F&& f, ErrorKind kind = ErrorKind::Runtime) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    return e.what();
  }
  return "no error";
}

// ---- layouts: every way in which an operand can be fed

double element(const Tensor& t, const std::vector<int64_t>& index) {  // index of the broadcast shape
  int64_t at = 0;
  const size_t lead = index.size() - static_cast<size_t>(t.dim());
  for (int64_t d = 0; d < t.dim(); ++d)
    at += t.sizes()[d] == 1 ? 0 : t.strides()[d] * index[lead + static_cast<size_t>(d)];
  if (t.dtype() == kFloat64) return t.data<double>()[at];
  if (t.dtype() == kFloat32) return t.data<float>()[at];
  return static_cast<double>(t.data<int64_t>()[at]);
}

void check_layout(const Tensor& a, const Tensor& b) {
  const Tensor out = a * b - a;
  const Tensor larger = a > b;
  const Tensor flat = out.contiguous(), flags = larger.contiguous();
  const IntList sizes = out.sizes();
  std::vector<int64_t> index(static_cast<size_t>(sizes.size()), 0);
  for (int64_t i = 0; i < out.numel(); ++i) {
    int64_t rest = i;
    for (int64_t d = sizes.size(); d-- > 0; rest /= sizes[d]) index[static_cast<size_t>(d)] = rest % sizes[d];
    const double x = element(a, index), y = element(b, index);
    const double expected =
        out.dtype() == kFloat32
            ? static_cast<double>(static_cast<float>(x) * static_cast<float>(y) - static_cast<float>(x))
            : x * y - x;
    ASSERT_EQ(values(flat.view({-1}).narrow(0, i, 1))[0], expected) << "element " << i;
    ASSERT_EQ(flags.data<bool>()[i], x > y) << i;
  }
}

TEST(Pointwise, ReadsEveryLayout) {
  std::mt19937 gen(7);
  auto make = [&](std::vector<int64_t> sizes, DType dtype) {
    int64_t n = 1;
    for (int64_t s : sizes) n *= s;
    std::vector<double> v(static_cast<size_t>(n));
    for (double& x : v) x = static_cast<double>(static_cast<int>(gen() % 201) - 100) / (dtype == kInt64 ? 1 : 8);
    return doubles(v, sizes).to(dtype);
  };
  for (DType t : {kFloat32, kFloat64, kInt64}) {
    const Tensor m = make({37, 10}, t);
    check_layout(m, make({10}, t));     // a row for every row
    check_layout(m, make({37, 1}, t));  // a number for every row
    check_layout(make({37, 1}, t), make({10}, t));
    check_layout(m, make({10, 37}, t).t());         // across
    check_layout(m.t(), make({37}, t));             // both turned
    check_layout(m.narrow(1, 2, 5), make({5}, t));  // gaps between rows
    check_layout(make({3, 5, 7}, t), make({3, 1, 7}, t));
    check_layout(make({3, 5, 7}, t).transpose(0, 2), make({5, 1}, t));
    check_layout(make({2, 700}, t), make({700}, t));  // rows longer than half a tile
    check_layout(make({2, 1500}, t), make({2, 1}, t));
    check_layout(make({5}, t), make({}, t));
    check_layout(make({400, 3}, t), make({3}, t));  // more rows than fit in one tile
  }
  check_layout(make({37, 10}, kFloat32), make({10}, kInt64));  // converted on the way
}

TEST(Pointwise, WritesStridedResults) {
  const Tensor wide = zeros({6, 4}, kFloat32);
  const Tensor every_other = slice(wide.transpose(0, 1), 1, 0, 6, 2);  // sizes (4, 3), strides (1, 8)
  const Tensor a = arange(12, kFloat32).view({4, 3});
  add_out(every_other, a, tensor(std::vector<float>{10, 20, 30}, {3}), 1);
  expect_values(every_other, {10, 21, 32, 13, 24, 35, 16, 27, 38, 19, 30, 41});
  expect_values(wide.select(0, 1), {0, 0, 0, 0});
  const Tensor half = zeros({2, 2}, kFloat16);
  mul_out(half, tensor(std::vector<float>{1, 2, 3, 4}, {2, 2}), 0.1f * ones({2, 1}, kFloat32));
  expect_values(half, {0.1, 0.2, 0.3, 0.4}, 2e-4);
}

// ---- integers

TEST(Pointwise, IntegerDivision) {
  std::vector<int64_t> a, b;
  std::vector<double> floored, truncated, remainder, c_remainder;
  for (int64_t x = -9; x <= 9; ++x)
    for (int64_t y = -4; y <= 4; ++y) {
      if (y == 0) continue;
      const double q = static_cast<double>(x) / static_cast<double>(y);
      a.push_back(x);
      b.push_back(y);
      floored.push_back(std::floor(q) + 0.0);
      truncated.push_back(std::trunc(q) + 0.0);
      remainder.push_back(static_cast<double>(x) - std::floor(q) * static_cast<double>(y));
      c_remainder.push_back(static_cast<double>(x % y));
    }
  for (DType t : {kInt64, kInt32, kInt8, kFloat64}) {
    const Tensor x = integers(a).to(t), y = integers(b).to(t);
    auto plain = [](const Tensor& r) { return r + 0; };  // -0 becomes 0
    expect_values(plain(floor_divide(x, y)), floored);
    expect_values(plain(div(x, y, "floor")), floored);
    expect_values(plain(div(x, y, "trunc")), truncated);
    expect_values(plain(gradus::remainder(x, y)), remainder);
    expect_values(plain(fmod(x, y)), c_remainder);
  }
  const int64_t lowest = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(floor_divide(integers({lowest}), -1).item<int64_t>(), lowest);  // wraps, does not trap
  EXPECT_EQ(gradus::remainder(integers({lowest}), -1).item<int64_t>(), 0);
}

TEST(Pointwise, FloatDivisionEdges) {
  expect_values(floor_divide(doubles({1, -1, 0, -0.0, kInf, 5, 5}), doubles({0, 0, 0, 3, 2, kInf, -kInf})),
                {kInf, -kInf, kNaN, -0.0, kNaN, 0, -1});
  expect_values(gradus::remainder(doubles({1, -1, 5, kInf, -0.0, 5}), doubles({0, -3, kInf, 2, 3, -kInf})),
                {kNaN, -1, 5, kNaN, -0.0, -kInf});
  EXPECT_EQ(floor_divide(doubles({1}), 0.1).item<double>(), 9);  // as Python: 1 // 0.1
}

TEST(Pointwise, IntegerPowers) {
  for (int64_t base : {-3, -1, 0, 1, 2, 7})
    for (int64_t e = 0; e < 70; ++e) {
      uint64_t expected = 1;
      for (int64_t k = 0; k < e; ++k) expected *= static_cast<uint64_t>(base);
      const Tensor by_number = pow(integers({base}), static_cast<long>(e));
      ASSERT_EQ(by_number.item<int64_t>(), static_cast<int64_t>(expected)) << base << "**" << e;
      ASSERT_EQ(pow(integers({base}), integers({e})).item<int64_t>(), static_cast<int64_t>(expected));
    }
  expect_values(pow(integers({0, 1, -1, 2, -2}), integers({-1, -2, -3, -1, -2})), {0, 1, -1, 0, 0});
  EXPECT_EQ(error_of([] { pow(integers({2}), -1); }), "Integers to negative integer powers are not allowed.");
}

TEST(Pointwise, SmallIntegersWrap) {
  const Tensor u = integers({44, 200}).to(kUInt8);
  expect_values(u + 300, {88, 244});
  expect_values(u == 300, {1, 0});
  expect_values(-u, {212, 56});
  expect_values(bitwise_not(u), {211, 55});
  expect_values(floor_divide(u, 300), {1, 4});
  const Tensor b = integers({0, 1}).to(kBool);
  EXPECT_EQ((b + b).dtype(), kBool);
  expect_values(b + b, {0, 1});
  expect_values(bitwise_not(b), {1, 0});
  EXPECT_EQ((b + 1).dtype(), kInt64);
  EXPECT_EQ((b + 1.5).dtype(), kFloat32);
}

// ---- edges of floats

TEST(Pointwise, Edges) {
  const Tensor x = doubles({kNaN, -0.0, 0.0, -1, kInf});
  expect_values(relu(x), {kNaN, -0.0, 0, 0, kInf});
  expect_values(sign(x), {0, 0, 0, -1, 1});
  expect_values(abs(x), {kNaN, 0, 0, 1, kInf});
  expect_values(clamp(x, Scalar(-0.5), Scalar(2)), {kNaN, -0.0, 0, -0.5, 2});
  expect_values(clamp(x, Scalar(3), Scalar(2)), {kNaN, 2, 2, 2, 2});
  expect_values(maximum(x, doubles({1, kNaN, 1, 1, 1})), {kNaN, kNaN, 1, 1, kInf});
  expect_values(minimum(x, doubles({1, kNaN, 1, 1, 1})), {kNaN, kNaN, 0, -1, 1});
  expect_values(round(doubles({-0.5, 0.5, 1.5, 2.5, -2.5})), {-0.0, 0, 2, 2, -2});
  expect_values(isfinite(x), {0, 1, 1, 1, 0});
  expect_values(isclose(x, x, 1e-5, 1e-8, false), {0, 1, 1, 1, 1});
  EXPECT_TRUE(allclose(x, x, 1e-5, 1e-8, true));
  EXPECT_FALSE(equal(x, x));
  expect_values(pow(doubles({0, 4, 2, 9}), -0.5), {kInf, 0.5, std::sqrt(0.5), 1.0 / 3}, 3e-16);
}

TEST(Pointwise, NumbersDoNotPromote) {
  const Tensor h = ones({2}, kFloat16);
  EXPECT_EQ((h * 2.5).dtype(), kFloat16);
  EXPECT_EQ((h * doubles({2}).select(0, 0)).dtype(), kFloat16);
  EXPECT_EQ((h * doubles({2})).dtype(), kFloat64);
  EXPECT_EQ((integers({1}) * 2.5).dtype(), kFloat32);
  EXPECT_EQ(exp(integers({1})).dtype(), kFloat32);
  EXPECT_EQ(where(h > 0, h, 1.0).dtype(), kFloat16);
}

// ---- gradients

using Function = std::function<Tensor(const Tensor&)>;
struct Case {
  const char* name;
  Function f;
  double low, high;
};

// First and second derivative against central differences of values and of first derivatives.
void check_gradient(const Case& c) {
  SCOPED_TRACE(c.name);
  constexpr int n = 9;
  constexpr double h = 1e-5;
  std::vector<double> at, up, down;
  for (int i = 0; i < n; ++i) {
    at.push_back(c.low + (c.high - c.low) * (i + 0.37) / n);
    up.push_back(at.back() + h);
    down.push_back(at.back() - h);
  }
  auto slope = [&](const Tensor& x) { return grad({c.f(x)}, {x}, {ones_like(x)}, {}, true)[0]; };
  const Tensor x = doubles(at).requires_grad_();
  const Tensor first = slope(x);
  expect_values(first, values((c.f(doubles(up)) - c.f(doubles(down))) / (2 * h)), 2e-8);
  if (!first.requires_grad()) return;
  const Tensor second = grad({first}, {x}, {ones_like(x)}, true, false, true)[0];
  const Tensor difference = (slope(doubles(up).requires_grad_()) - slope(doubles(down).requires_grad_())) / (2 * h);
  if (second.defined()) expect_values(second, values(difference), 2e-6);
  else expect_values(difference, std::vector<double>(n, 0.0), 2e-6);
}

TEST(PointwiseGradients, UnaryFunctions) {
  const std::vector<Case> cases = {
      {"exp", [](auto& x) { return exp(x); }, -2, 2},
      {"exp2", [](auto& x) { return exp2(x); }, -2, 2},
      {"expm1", [](auto& x) { return expm1(x); }, -2, 2},
      {"log", [](auto& x) { return log(x); }, 0.5, 3},
      {"log2", [](auto& x) { return log2(x); }, 0.5, 3},
      {"log10", [](auto& x) { return log10(x); }, 0.5, 3},
      {"log1p", [](auto& x) { return log1p(x); }, -0.5, 3},
      {"sqrt", [](auto& x) { return sqrt(x); }, 0.5, 3},
      {"rsqrt", [](auto& x) { return rsqrt(x); }, 0.5, 3},
      {"reciprocal", [](auto& x) { return reciprocal(x); }, 0.5, 3},
      {"square", [](auto& x) { return square(x); }, -2, 2},
      {"abs", [](auto& x) { return abs(x); }, -2, 2},
      {"sin", [](auto& x) { return sin(x); }, -3, 3},
      {"cos", [](auto& x) { return cos(x); }, -3, 3},
      {"tan", [](auto& x) { return tan(x); }, -1, 1},
      {"asin", [](auto& x) { return asin(x); }, -0.9, 0.9},
      {"acos", [](auto& x) { return acos(x); }, -0.9, 0.9},
      {"atan", [](auto& x) { return atan(x); }, -3, 3},
      {"sinh", [](auto& x) { return sinh(x); }, -2, 2},
      {"cosh", [](auto& x) { return cosh(x); }, -2, 2},
      {"asinh", [](auto& x) { return asinh(x); }, -2, 2},
      {"acosh", [](auto& x) { return acosh(x); }, 1.5, 3},
      {"atanh", [](auto& x) { return atanh(x); }, -0.8, 0.8},
      {"tanh", [](auto& x) { return tanh(x); }, -2, 2},
      {"sigmoid", [](auto& x) { return sigmoid(x); }, -3, 3},
      {"erf", [](auto& x) { return erf(x); }, -2, 2},
      {"erfc", [](auto& x) { return erfc(x); }, -2, 2},
      {"relu", [](auto& x) { return relu(x) * relu(x); }, -2, 2},
      {"gelu", [](auto& x) { return gelu(x); }, -3, 3},
      {"gelu tanh", [](auto& x) { return gelu(x, "tanh"); }, -3, 3},
      {"silu", [](auto& x) { return silu(x); }, -3, 3},
      {"softplus", [](auto& x) { return softplus(x, 2, 1); }, -2, 2},
      {"leaky_relu", [](auto& x) { return leaky_relu(x, 0.1) * x; }, -2, 2},
      {"hardtanh", [](auto& x) { return hardtanh(x, -1, 1.5) * x; }, -2, 2},
      {"pow 3.5", [](auto& x) { return pow(x, 3.5); }, 0.5, 2},
      {"pow -2", [](auto& x) { return pow(x, -2); }, 0.5, 2},
      {"2 pow", [](auto& x) { return pow(2.5, x); }, -1, 2},
      {"pow self", [](auto& x) { return pow(x, x); }, 0.5, 2},
      {"div", [](auto& x) { return x / (x * x + 1); }, -2, 2},
      {"rsub", [](auto& x) { return (2 - x) * (1 / x); }, 0.5, 2},
      {"remainder", [](auto& x) { return remainder(3.7 * x * x, x); }, 0.7, 1.2},
      {"fmod", [](auto& x) { return fmod(3.7 * x * x, x); }, 0.7, 1.2},
      {"lerp", [](auto& x) { return lerp(x, x * x, x); }, 0.1, 0.9},
      {"addcmul", [](auto& x) { return addcmul(x, x, x, 3); }, -2, 2},
      {"addcdiv", [](auto& x) { return addcdiv(x, exp(x), x * x, 3); }, 1, 2},
      {"atan2", [](auto& x) { return atan2(x, x * x); }, 0.5, 2},
      {"clamp", [](auto& x) { return clamp(x, Scalar(-1), Scalar(1)) * x; }, -2, 2},
      {"clamp tensors", [](auto& x) { return clamp(x, x * x - 1, exp(x) - 1) * x; }, -2, 2},
      {"maximum", [](auto& x) { return maximum(x, x * x) * x; }, -2, 2},
      {"minimum", [](auto& x) { return minimum(x, x * x) * x; }, -2, 2},
      {"where", [](auto& x) { return where(x > 0, x * x, sin(x)); }, -2, 2},
      {"masked_fill", [](auto& x) { return (x * x).masked_fill(x < 0, 3); }, -2, 2},
  };
  for (const Case& c : cases) check_gradient(c);
}

Tensor gradient_of(const Function& f, const std::vector<double>& at) {
  const Tensor x = doubles(at).requires_grad_();
  f(x).sum().backward();
  return x.grad();
}
TEST(PointwiseGradients, AtTheEdges) {
  expect_values(gradient_of([](auto& x) { return abs(x); }, {-2, 0, 2}), {-1, 0, 1});
  expect_values(gradient_of([](auto& x) { return sqrt(x); }, {0}), {kInf});
  expect_values(gradient_of([](auto& x) { return relu(x); }, {-1, 0, 1}), {0, 0, 1});
  expect_values(gradient_of([](auto& x) { return pow(x, 0); }, {0, 1}), {0, 0});
  expect_values(gradient_of([](auto& x) { return pow(x, doubles({0, 1, 2})); }, {0, 0, 0}), {0, 1, 0});
  expect_values(gradient_of([](auto& x) { return pow(doubles({0, 0, 2}), x); }, {0, 1, 1}), {0, 0, 2 * std::log(2.0)});
  expect_values(gradient_of([](auto& x) { return maximum(x, doubles({1, 2, 3})); }, {1, 1, 4}), {0.5, 0, 1});
  expect_values(gradient_of([](auto& x) { return clamp(x, Scalar(0), Scalar(1)); }, {0, 1, 2, -1}), {1, 1, 0, 0});
  expect_values(gradient_of([](auto& x) { return where(x > 0, log(x), x); }, {2, -1}), {0.5, 1});
  expect_values(gradient_of([](auto& x) { return floor(x) + sign(x); }, {0.3, 2}), {0, 0});
}

TEST(PointwiseGradients, ReducedToTheOperand) {
  const Tensor bias = ones({3}, kFloat32).requires_grad_(), rows = ones({4, 1}, kFloat64).requires_grad_();
  (arange(12, kFloat32).view({4, 3}) * bias * rows).sum().backward();
  EXPECT_EQ(bias.grad().dtype(), kFloat32);
  expect_values(bias.grad(), {18, 22, 26});
  expect_values(rows.grad(), {3, 12, 21, 30});
}

// ---- refusals

TEST(PointwiseErrors, PyTorchsWordsAndNothingChanged) {
  const Tensor i = integers({1, 2}), b = i.to(kBool), x = i.to(kFloat32);
  EXPECT_EQ(error_of([&] { i.floor_divide_(integers({1, 0})); }), "ZeroDivisionError");
  EXPECT_EQ(error_of([&] { remainder(i, 0); }), "ZeroDivisionError");
  EXPECT_EQ(error_of([&] { i.add_(1.5); }), "result type Float can't be cast to the desired output type Long");
  EXPECT_EQ(error_of([&] { i.masked_fill_(b, kInf); }), "value cannot be converted to type int64_t without overflow");
  EXPECT_EQ(error_of([&] { i.masked_fill_(i, 1); }),
            "masked_fill_ only supports boolean masks, but got mask with dtype long int");
  EXPECT_EQ(error_of([&] { abs(b); }, ErrorKind::NotImplemented), "\"abs_cpu\" not implemented for 'Bool'");
  EXPECT_EQ(error_of([&] { bitwise_and(x, x); }, ErrorKind::NotImplemented),
            "\"bitwise_and_cpu\" not implemented for 'Float'");
  EXPECT_EQ(error_of([&] { where(x, x, x); }),
            "where expected condition to be a boolean tensor, but got a tensor with dtype Float");
  EXPECT_EQ(error_of([&] { clamp(x, std::optional<Scalar>(), std::optional<Scalar>()); }),
            "torch.clamp: At least one of 'min' or 'max' must not be None");
  EXPECT_EQ(error_of([&] { div(i, i, "up"); }),
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'up'");
  EXPECT_EQ(error_of([&] { x + ones({3}, kFloat32); }),
            "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0");
  EXPECT_EQ(error_of([&] {
              x.add_(ones({3, 2}, kFloat32));
            }),
            "output with shape [2] doesn't match the broadcast shape [3, 2]");
  expect_values(i, {1, 2});
  EXPECT_EQ(i.version(), 0u);
  EXPECT_EQ(x.version(), 0u);
}

// ---- little work takes a way of its own

TEST(Pointwise, SmallWorkHasTheBitsOfLarge) {
  manual_seed(3);
  for (const DType t : {kFloat32, kFloat64, kInt32, kInt64, kBFloat16, kUInt8}) {
    const Tensor large = (randn({40000}) * 20 + 70).to(t), other = (randn({40000}) * 9 + 60).to(t);
    const Tensor zero_dim = full({}, 3.3, kFloat64).to(t);
    const std::function<Tensor(const Tensor&, const Tensor&)> programs[] = {
        [&](const Tensor& x, const Tensor& y) { return x + y; },
        [&](const Tensor& x, const Tensor&) { return x * zero_dim; },
        [&](const Tensor& x, const Tensor&) { return zero_dim - x; },
        [&](const Tensor& x, const Tensor&) { return x * 3; },
        [&](const Tensor& x, const Tensor& y) { return where(x > y, x, zero_dim); },
        [&](const Tensor& x, const Tensor& y) { return x.clone().mul_(y).add_(zero_dim, 2).sub_(1); },
        [&](const Tensor& x, const Tensor&) { return x.clone().mul_(x.narrow(0, 0, 1).squeeze(0)); },
    };
    for (const auto& program : programs) {
      const Tensor all = program(large, other);
      for (const int64_t n : {1, 5, 64, 257, 2047}) {
        const Tensor some = program(large.narrow(0, 0, n), other.narrow(0, 0, n));
        EXPECT_EQ(some.sizes(), IntList(n));
        EXPECT_EQ(some.dtype(), all.dtype());
        expect_values(some, values(all.narrow(0, 0, n)));
      }
    }
  }
}

TEST(Pointwise, ZeroDimOperandsGiveWayToShapes) {
  const Tensor one = ones({1, 1}), zero_dim = full({}, 2, kFloat32), integer = full({}, 2, kInt64);
  EXPECT_EQ((zero_dim + one).sizes(), IntList({1, 1}));
  EXPECT_EQ((one + zero_dim).sizes(), IntList({1, 1}));
  EXPECT_EQ((zero_dim + zero_dim).dim(), 0);
  EXPECT_EQ((one + full({}, 2, kFloat64)).dtype(), kFloat32);
  EXPECT_EQ((integer + one).dtype(), kFloat32);
  EXPECT_EQ((zero_dim + empty({0, 3})).sizes(), IntList({0, 3}));
  EXPECT_EQ(error_of([&] { zero_dim.clone().add_(one); }),
            "output with shape [] doesn't match the broadcast shape [1, 1]");
}

TEST(Pointwise, SmallWorkSeesWhatWaits) {
  Tensor large = ones({5000});
  const Tensor first = large.narrow(0, 0, 1);
  large.add_(1);  // waits
  expect_values(first * 2, {4});
  large.mul_(3);
  first.add_(1);
  expect_values(large.narrow(0, 0, 2), {7, 6});
}

TEST(Pointwise, GradientsSummedOverOneRowLoseTheSignOfZero) {
  for (const int64_t rows : {1, 2}) {
    const Tensor b = zeros({3}).requires_grad_(true);
    (b + zeros({rows, 3})).backward(full({rows, 3}, -0.0));
    expect_values(b.grad(), {0, 0, 0});
    EXPECT_EQ(b.grad().sizes(), IntList(3));
  }
}

}  // namespace
}  // namespace gradus
