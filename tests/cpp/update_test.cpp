// A step over many parameters leaves the bits and versions that its rule leaves on one after the other.
#include "gradus/optim/update.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "gradus/core/format.h"
#include "gradus/core/rng.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/pool.h"
#include "gradus/stream/segment.h"

namespace gradus {
namespace {

/// A parameter, its gradient and the state of a rule, in step `step`.
template <class Rule>
struct Item {
  Tensor param, grad;
  typename Rule::State state;
  double step = 3;
};

uint64_t replayed() {
  uint64_t sums[Counts::kNumber];
  sum_counts(sums);
  return sums[Counts::Replayed];
}

/// Restores what a test switches.
struct Settings {
  int threads = num_threads();
  bool deferred = is_deferred();
  ~Settings() {
    set_num_threads(threads);
    set_deferred(deferred);
    set_tile(0);
  }
};

Tensor random(const IntList& sizes, DType dtype) { return randn(sizes).to(dtype); }

/// Parameters and gradients of many forms; the same for every call.
std::vector<std::pair<Tensor, Tensor>> forms() {
  manual_seed(3);
  std::vector<std::pair<Tensor, Tensor>> all;
  const auto add = [&](const Tensor& param, const Tensor& grad) { all.emplace_back(param, grad); };
  for (const DType dtype : {DType::Float32, DType::Float64, DType::BFloat16, DType::Float16}) {
    add(random({1}, dtype), random({1}, dtype));
    for (const Dims& sizes : {Dims{3, 4}, Dims{}, Dims{17}, Dims{1000}, Dims{0}, Dims{70, 90}, Dims{2, 3, 5, 7}})
      add(random(sizes, dtype), random(sizes, dtype));
    add(random({6, 5}, dtype).t(), random({6, 5}, dtype).t());          // dense in another order
    add(random({5, 6}, dtype), random({6, 5}, dtype).t());              // in two orders
    add(random({9, 8}, dtype).narrow(1, 0, 4), random({9, 4}, dtype));  // with gaps
    add(random({80, 90}, dtype).t(), random({90, 80}, dtype));          // large, in two orders
    add(random({40}, dtype), random({1}, dtype).expand({40}));
  }
  const Tensor flat = random({60}, DType::Float32), grads = random({60}, DType::Float32);
  for (int i = 0; i < 3; ++i) add(flat.narrow(0, 20 * i, 20), grads.narrow(0, 20 * i, 20));
  add(flat.narrow(0, 10, 20), grads.narrow(0, 10, 20));  // overlaps two of them
  const Tensor x = random({33}, DType::Float32), y = random({33}, DType::Float32);
  add(x, y);
  add(random({33}, DType::Float32), y);  // one gradient for two
  add(random({33}, DType::Float32), x);  // the gradient is a parameter that has changed
  add(y, random({33}, DType::Float32));  // a gradient that others have read
  add(x, random({33}, DType::Float32));  // once more
  return all;
}

template <class Rule>
std::vector<Item<Rule>> items(const typename Rule::Options& o) {
  std::vector<Item<Rule>> all;
  for (const auto& [param, grad] : forms()) {
    Item<Rule>& item = all.emplace_back(Item<Rule>{param, grad, {}, all.size() % 7 == 3 ? 4.0 : 3.0});
    optim::start<Rule>(item.state, param, o);
    Rule::state(item.state, o, [&, k = 0](const char*, Tensor& value) mutable {
      if (!value.defined()) {
        if (all.size() % 5 == 0) return;  // not there yet
        value = zeros_like(param);
      }
      value.copy_(randn(value.sizes()).abs_().add_(0.1 * ++k));
    });
  }
  return all;
}

void expect_same(const Tensor& actual, const Tensor& expected, const std::string& where) {
  ASSERT_EQ(actual.defined(), expected.defined()) << where;
  if (!actual.defined()) return;
  ASSERT_TRUE(actual.strides() == expected.strides()) << where;
  EXPECT_EQ(version_number(actual.impl()), version_number(expected.impl())) << where;
  const Tensor a = actual.detach().contiguous(), b = expected.detach().contiguous();
  EXPECT_EQ(std::memcmp(a.data_ptr(), b.data_ptr(), static_cast<size_t>(a.numel() * a.element_size())), 0) << where;
}

template <class Rule>
void compare(const typename Rule::Options& o) {
  const Settings settings;
  set_deferred(false);
  std::vector<Item<Rule>> expected = items<Rule>(o);
  for (Item<Rule>& item : expected) Rule::update(item.param, item.grad, item.state, item.step, o);
  for (const bool deferred : {false, true})
    for (const int threads : {1, 2}) {
      set_deferred(deferred);
      set_num_threads(threads);
      set_tile(threads == 1 ? 256 : 1024);
      std::vector<Item<Rule>> all = items<Rule>(o);
      optim::update_all<Rule>(o, all.size(), [&](optim::Update<Rule>& update) {
        for (Item<Rule>& item : all) update.add(item.param, item.grad, item.state, item.step);
      });
      for (size_t i = 0; i < all.size(); ++i) {
        const std::string where = str(Rule::name, ", number ", i, ", ", threads, " threads");
        expect_same(all[i].param, expected[i].param, where);
        expect_same(all[i].grad, expected[i].grad, where);
        Rule::state(all[i].state, o, [&, k = 0](const char* name, Tensor& value) mutable {
          Tensor wanted;
          Rule::state(expected[i].state, o, [&, m = 0](const char*, Tensor& v) mutable {
            if (m++ == k) wanted = v;
          });
          ++k;
          expect_same(value, wanted, where + ", " + name);
        });
      }
    }
}

TEST(Update, LeavesTheBitsOfTheRule) {
  optim::for_each_rule([]<class Rule>() { compare<Rule>({}); });
}

TEST(Update, WithOtherOptions) {
  compare<optim::SGDRule>({.lr = 0.1, .momentum = 0.9, .dampening = 0.2, .weight_decay = 0.05});
  compare<optim::SGDRule>({.lr = 0.1, .momentum = 0.9, .nesterov = true, .maximize = true});
  compare<optim::AdamRule>({.weight_decay = 0.1, .amsgrad = true, .maximize = true});
  compare<optim::RMSpropRule>({.weight_decay = 0.1, .momentum = 0.5, .centered = true});
  compare<optim::AdagradRule>({.lr_decay = 0.1, .weight_decay = 0.1});
  compare<optim::RAdamRule>({.weight_decay = 0.1, .decoupled_weight_decay = true});
}

template <class Rule>
void expect_replayed(uint64_t lists) {
  constexpr int n = 20;
  std::vector<Item<Rule>> all;
  const typename Rule::Options o;
  for (int i = 0; i < n; ++i) {
    all.push_back({randn({10 + i}), randn({10 + i}), {}});
    optim::start<Rule>(all.back().state, all.back().param, o);
  }
  const uint64_t before = replayed();
  optim::update_all<Rule>(o, all.size(), [&](optim::Update<Rule>& update) {
    for (Item<Rule>& item : all) update.add(item.param, item.grad, item.state, item.step);
  });
  EXPECT_EQ(replayed() - before, lists) << Rule::name;
}

TEST(Update, RecordsOneOfMany) {
  expect_replayed<optim::SGDRule>(19);
  expect_replayed<optim::AdamRule>(19);
  expect_replayed<optim::AdamWRule>(19);
  expect_replayed<optim::RMSpropRule>(19);
  expect_replayed<optim::AdagradRule>(19);
  expect_replayed<optim::AdadeltaRule>(19);
  expect_replayed<optim::AdamaxRule>(19);
  expect_replayed<optim::RAdamRule>(19);
  expect_replayed<optim::NAdamRule>(0);  // reads a number between
}

TEST(Update, DoesWhatCameBeforeAnError) {
  const optim::SGDOptions o{.lr = 0.5};
  optim::SGDRule::State none;
  const Tensor first = ones({4}), second = ones({4}), third = ones({4}), grad = ones({4}), wrong = ones({3});
  EXPECT_THROW(optim::update_all<optim::SGDRule>(o, 3,
                                                 [&](optim::Update<optim::SGDRule>& update) {
                                                   update.add(first, grad, none, 0);
                                                   update.add(second, wrong, none, 0);
                                                   update.add(third, grad, none, 0);
                                                 }),
               Error);
  EXPECT_EQ(first.sum().item<double>(), 2);
  EXPECT_EQ(second.sum().item<double>(), 4);
  EXPECT_EQ(third.sum().item<double>(), 4);
}

TEST(Update, KeepsNoPlanPerNumber) {
  optim::AdamWOptions o;
  std::vector<Item<optim::AdamWRule>> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back({randn({50}), randn({50}), {}});
    optim::start<optim::AdamWRule>(all.back().state, all.back().param, o);
  }
  int64_t plans = 0;
  for (int step = 1; step < 50; ++step) {
    o.lr = 1e-3 / step;
    optim::update_all<optim::AdamWRule>(o, all.size(), [&](auto& update) {
      for (auto& item : all) update.add(item.param, item.grad, item.state, step);
    });
    if (step == 1) plans = plan_count();
  }
  EXPECT_EQ(plan_count(), plans);
}

}  // namespace
}  // namespace gradus
