// Normalising layers and their kernels against closed forms in float64, and losses against theirs.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "gradus/gradus.h"

namespace gradus {
namespace {

double at(const Tensor& t, int64_t i) { return t.reshape(IntList(-1))[i].item<double>(); }

// Mean and biased variance of x[n, c, s] over the samples and elements that `same` names.
struct Moments {
  double mean = 0, var = 0;
  Moments(const Tensor& x, const std::function<bool(int64_t n, int64_t c)>& same) {
    std::vector<double> v;
    for (int64_t n = 0; n < x.size(0); ++n)
      for (int64_t c = 0; c < x.size(1); ++c)
        for (int64_t s = 0; s < x.size(2) && same(n, c); ++s) v.push_back(x[n][c][s].item<double>());
    for (double a : v) mean += a / static_cast<double>(v.size());
    for (double a : v) var += (a - mean) * (a - mean) / static_cast<double>(v.size());
  }
};

// Largest error of the gradients of (f(x, …) · g).sum() against differences in float64.
double gradient_error(const std::function<Tensor(const Tensors&)>& f, Tensors inputs) {
  for (Tensor& t : inputs) t = t.detach().requires_grad_();
  const Tensor g = arange(static_cast<long>(f(inputs).numel()), DType::Float64).mul(0.37).sin();
  const auto value = [&] { return (f(inputs).reshape(IntList(-1)) * g).sum(); };
  value().backward();
  double worst = 0;
  for (const Tensor& t : inputs)
    for (int64_t i = 0; i < t.numel(); ++i) {
      const NoGrad guard;
      double* x = t.data<double>() + i;
      const double old = *x, h = 1e-6;
      *x = old + h;
      const double above = value().item<double>();
      *x = old - h;
      const double below = value().item<double>();
      *x = old;
      worst = std::max(worst, std::fabs((above - below) / (2 * h) - at(t.grad(), i)));
    }
  return worst;
}

TEST(Norm, LayersEqualTheirFormulas) {
  manual_seed(1);
  const Tensor x = randn({5, 6, 7}, DType::Float64) * 3 + 2;
  const Tensor w = randn({6}, DType::Float64), b = randn({6}, DType::Float64);
  const double eps = 1e-5;
  const Tensor batch = batch_norm(x, w, b, {}, {}, true, 0.1, eps, false);
  const Tensor group = group_norm(x, 3, w, b, eps), layer = layer_norm(x, 7, {}, {}, eps);
  for (int64_t n = 0; n < 5; ++n)
    for (int64_t c = 0; c < 6; ++c) {
      const Moments channel(x, [&](int64_t, int64_t j) { return j == c; });
      const Moments piece(x, [&](int64_t i, int64_t j) { return i == n && j / 2 == c / 2; });
      const Moments row(x, [&](int64_t i, int64_t j) { return i == n && j == c; });
      for (int64_t s = 0; s < 7; ++s) {
        const double v = x[n][c][s].item<double>(), scale = at(w, c), shift = at(b, c);
        const auto normal = [&](const Moments& m) { return (v - m.mean) / std::sqrt(m.var + eps); };
        EXPECT_NEAR(batch[n][c][s].item<double>(), normal(channel) * scale + shift, 1e-12);
        EXPECT_NEAR(group[n][c][s].item<double>(), normal(piece) * scale + shift, 1e-12);
        EXPECT_NEAR(layer[n][c][s].item<double>(), normal(row), 1e-12);
      }
    }
}

TEST(Norm, RunningStatisticsFollowTheBatch) {
  const Tensor x = tensor({{1.0, 10.0}, {3.0, 30.0}, {8.0, 20.0}});
  nn::BatchNorm1d norm(2);
  norm(x);
  EXPECT_NEAR(at(norm.running_mean, 0), 0.1 * 4, 1e-6);
  EXPECT_NEAR(at(norm.running_mean, 1), 0.1 * 20, 1e-6);
  EXPECT_NEAR(at(norm.running_var, 0), 0.9 + 0.1 * 13, 1e-6);  // the unbiased variance
  EXPECT_EQ(norm.num_batches_tracked.item<int64_t>(), 1);
  nn::eval(norm);
  const Tensor y = norm(x);
  EXPECT_NEAR(y[0][0].item<double>(), (1 - 0.4) / std::sqrt(2.2 + 1e-5), 1e-6);
  EXPECT_EQ(norm.num_batches_tracked.item<int64_t>(), 1);
  nn::BatchNorm1d average(2, {.momentum = std::nullopt});
  average(x);
  average(x + 3);
  EXPECT_NEAR(at(average.running_mean, 0), (4 + 7) / 2.0, 1e-6);
}

TEST(Norm, GradientsAgreeWithDifferences) {
  manual_seed(2);
  const auto r = [](IntList s) { return randn(s, DType::Float64); };
  const auto batch = [](bool training) {
    return [=](const Tensors& t) {
      const Tensor mean = zeros({3}, DType::Float64), var = ones({3}, DType::Float64);
      return batch_norm(t[0], t[1], t[2], mean, var, training, 0.1, 1e-3, false);
    };
  };
  EXPECT_LT(gradient_error(batch(true), {r({70, 3}), r({3}), r({3})}), 1e-7);
  EXPECT_LT(gradient_error(batch(true), {r({4, 3, 5}), r({3}), r({3})}), 1e-7);
  EXPECT_LT(gradient_error(batch(false), {r({4, 3, 5}), r({3}), r({3})}), 1e-7);
  const auto layer = [](const Tensors& t) { return layer_norm(t[0], 9, t[1], t[2], 1e-3); };
  EXPECT_LT(gradient_error(layer, {r({70, 9}), r({9}), r({9})}), 1e-7);
  const auto group = [](const Tensors& t) { return group_norm(t[0], 2, t[1], t[2], 1e-3); };
  EXPECT_LT(gradient_error(group, {r({3, 4, 5}), r({4}), r({4})}), 1e-7);
  EXPECT_LT(gradient_error(group, {r({3, 4}), r({4}), r({4})}), 1e-7);
}

TEST(Norm, ChannelsLastInputGivesTheSameValues) {
  manual_seed(3);
  const Tensor x = randn({2, 3, 4, 5}), last = x.contiguous(MemoryFormat::ChannelsLast);
  const Tensor y = batch_norm(x, {}, {}, {}, {}, true, 0.1, 1e-5, false);
  const Tensor z = batch_norm(last, {}, {}, {}, {}, true, 0.1, 1e-5, false);
  EXPECT_TRUE(z.is_contiguous(MemoryFormat::ChannelsLast));
  EXPECT_LT((y - z).abs().max().item<double>(), 1e-5);
}

TEST(Norm, ModulesHaveNamesTextAndErrors) {
  struct Net {
    nn::BatchNorm2d bn{4};
    nn::LayerNorm ln{{2, 3}};
    nn::GroupNorm gn{2, 4};
    nn::RMSNorm rms{3};
  } net;
  std::string names;
  for (const nn::NamedTensor& t : nn::named_parameters(net)) names += t.name + " ";
  EXPECT_EQ(names, "bn.weight bn.bias ln.weight ln.bias gn.weight gn.bias rms.weight ");
  names.clear();
  for (const nn::NamedTensor& t : nn::named_buffers(net)) names += t.name + " ";
  EXPECT_EQ(names, "bn.running_mean bn.running_var bn.num_batches_tracked ");
  EXPECT_EQ(nn::to_string(net.bn),
            "BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)");
  EXPECT_EQ(nn::to_string(net.ln), "LayerNorm((2, 3), eps=1e-05, elementwise_affine=True, bias=True)");
  EXPECT_EQ(nn::to_string(net.rms), "RMSNorm((3,), eps=None, elementwise_affine=True)");
  EXPECT_THROW(net.bn(zeros({2, 4})), Error);
  EXPECT_THROW(nn::GroupNorm(3, 4), Error);
  EXPECT_THROW(nn::BatchNorm1d(2)(zeros({1, 2})), Error);
  nn::to(net, kFloat64);
  EXPECT_EQ(net.bn.num_batches_tracked.dtype(), kInt64);
  EXPECT_EQ(net.bn.running_var.dtype(), kFloat64);
}

TEST(Loss, MarginsAndDivergences) {
  const Tensor x = tensor({0.5, -2.0, 3.0}), t = tensor({0.0, 0.0, 0.0}), sign = tensor({1.0, -1.0, 1.0});
  EXPECT_NEAR(nn::SmoothL1Loss{nn::Reduction::Sum}(x, t).item<double>(), 0.125 + 1.5 + 2.5, 1e-6);
  EXPECT_NEAR((nn::HuberLoss{nn::Reduction::Sum, 2}(x, t).item<double>()), 0.125 + 2 + 4, 1e-6);
  EXPECT_NEAR(nn::BCELoss()(tensor({0.25, 0.5}), tensor({0.0, 1.0})).item<double>(),
              -(std::log(0.75) + std::log(0.5)) / 2, 1e-6);
  EXPECT_THROW(nn::BCELoss()(tensor({1.5}), tensor({1.0})), Error);
  const Tensor p = tensor({{0.25, 0.75}, {0.5, 0.5}}), q = tensor({{0.5, 0.5}, {0.5, 0.5}});
  EXPECT_NEAR(nn::KLDivLoss{nn::Reduction::BatchMean}(q.log(), p).item<double>(),
              (0.25 * std::log(0.5) + 0.75 * std::log(1.5)) / 2, 1e-6);
  EXPECT_THROW(nn::L1Loss{nn::Reduction::BatchMean}(x, t), Error);
  EXPECT_NEAR(nn::SoftMarginLoss{nn::Reduction::Sum}(x, sign).item<double>(),
              std::log1p(std::exp(-0.5)) + std::log1p(std::exp(-2)) + std::log1p(std::exp(-3)), 1e-6);
  EXPECT_NEAR((nn::MarginRankingLoss{1, nn::Reduction::Sum}(x, t, sign).item<double>()), 0.5, 1e-6);
  EXPECT_NEAR((nn::HingeEmbeddingLoss{1, nn::Reduction::Sum}(x, sign).item<double>()), 0.5 + 3 + 3, 1e-6);
  const Tensor scores = tensor({{0.1, 0.2, 0.4, 0.8}}), labels = tensor({{3, 0, -1, 1}});
  EXPECT_NEAR(nn::MultiLabelMarginLoss()(scores, labels).item<double>(),
              ((1 - 0.6) + (1 - 0.4) + (1 + 0.1) + (1 + 0.3)) / 4, 1e-6);
  EXPECT_NEAR(nn::MultiMarginLoss()(scores, tensor({3})).item<double>(), (0.3 + 0.4 + 0.6) / 4, 1e-6);
  const Tensor a = tensor({{0.0, 0.0}}), b = tensor({{3.0, 4.0}}), c = tensor({{0.0, 2.0}});
  EXPECT_NEAR(nn::TripletMarginLoss()(a, b, c).item<double>(), 1 + 5 - 2, 1e-4);
  EXPECT_NEAR(nn::CosineEmbeddingLoss()(b, c, tensor({1})).item<double>(), 1 - 0.8, 1e-6);
  EXPECT_NEAR(nn::PoissonNLLLoss()(tensor({1.0}), tensor({2.0})).item<double>(), std::exp(1) - 2, 1e-6);
  EXPECT_NEAR(nn::GaussianNLLLoss()(tensor({1.0}), tensor({3.0}), tensor({2.0})).item<double>(),
              0.5 * (std::log(2) + 2), 1e-6);
}

TEST(Norm, EmbeddingBags) {
  const Tensor table = tensor({{1.0, 2.0}, {3.0, -1.0}, {5.0, 7.0}}).requires_grad_();
  const Tensor index = tensor({0, 2, 1, 1}), offsets = tensor({0, 2, 2});
  const auto bags = [&](int64_t mode) { return std::get<0>(embedding_bag(table, index, offsets, false, mode)); };
  EXPECT_EQ(at(bags(0), 0), 6);
  EXPECT_EQ(at(bags(1), 1), 4.5);
  EXPECT_EQ(at(bags(2), 0), 5);
  EXPECT_EQ(at(bags(2), 2), 0);  // nothing in the bag
  bags(1).sum().backward();
  EXPECT_EQ(at(table.grad(), 0), 0.5);
  EXPECT_EQ(at(table.grad(), 2), 1);
}

}  // namespace
}  // namespace gradus
