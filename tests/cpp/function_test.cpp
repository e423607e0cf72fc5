// Functions with a backward written in C++, hooks of every kind, anomaly mode and inference mode from C++.
#include "gradus/autograd/function.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "gradus/autograd/anomaly.h"
#include "gradus/autograd/engine.h"
#include "gradus/autograd/hooks.h"
#include "gradus/core/error.h"
#include "gradus/core/impl.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"
#include "tests/cpp/leaves_nothing.h"

namespace gradus {
namespace {

using autograd::AutogradContext;

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing raised";
}

class Functions : public LeavesNothing {
 protected:
  void TearDown() override {
    LeavesNothing::TearDown();
    EXPECT_FALSE(is_anomaly_enabled());
  }
};

struct ScaledCube : autograd::Function<ScaledCube> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double factor) {
    ctx->save_for_backward({x});
    ctx->saved_data["factor"] = factor;
    return x * x * x * factor;
  }
  static Tensors backward(AutogradContext* ctx, Tensors grads) {
    const Tensor x = ctx->get_saved_variables()[0];
    return {grads[0] * 3.0 * x * x * ctx->get<double>("factor"), Tensor()};
  }
};

struct Exponential : autograd::Function<Exponential> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    const Tensor y = x.exp();
    ctx->save_for_backward({y});
    return y;
  }
  static Tensors backward(AutogradContext* ctx, Tensors grads) { return {grads[0] * ctx->get_saved_variables()[0]}; }
};

TEST_F(Functions, FirstAndSecondDerivatives) {
  const Tensor x = leaf({1, 2, -3});
  const Tensor y = ScaledCube::apply(x, 2.0);
  EXPECT_STREQ(y.grad_fn()->name(), "ScaledCubeBackward");
  const Tensor g = grad({y.sum()}, {x}, {}, {}, true)[0];
  EXPECT_EQ(values(g), (Values{6, 24, 54}));
  EXPECT_EQ(values(grad({g.sum()}, {x})[0]), (Values{12, 24, -36}));
}

TEST_F(Functions, SavedResultIsPartOfTheGraph) {
  const Tensor x = leaf({0.5, -1});
  Tensor g = Exponential::apply(x);
  for (int order = 0; order < 3; ++order) g = grad({g.sum()}, {x}, {}, {}, true)[0];
  const Values got = values(g);
  EXPECT_DOUBLE_EQ(got[0], std::exp(0.5));
  EXPECT_DOUBLE_EQ(got[1], std::exp(-1.0));
}

TEST_F(Functions, SavedValuesAreFreedAndGuarded) {
  const Tensor x = leaf({1, 2});
  const Tensor y = Exponential::apply(x).sum();
  y.backward();
  EXPECT_NE(message_of([&] { y.backward(); }).find("a second time"), std::string::npos);
  const Tensor h = x * 1.0, z = ScaledCube::apply(h, 1.0).sum();
  h.add_(1.0);
  const std::string text = message_of([&] { z.backward(); });
  EXPECT_NE(text.find("modified by an inplace operation"), std::string::npos) << text;
  EXPECT_NE(text.find("saved by ScaledCubeBackward"), std::string::npos) << text;
  EXPECT_NE(text.find("operator add"), std::string::npos) << text;
}

TEST_F(Functions, NothingIsRecordedWithoutNeed) {
  const Tensor c = tensor<double>({1, 2}, IntList(2));
  EXPECT_FALSE(ScaledCube::apply(c, 1.0).requires_grad());
  const NoGrad guard;
  EXPECT_FALSE(ScaledCube::apply(leaf({1}), 1.0).requires_grad());
}

struct TwoResults : autograd::Function<TwoResults> {
  static inline bool materialize = true;
  static inline std::vector<bool> defined, wanted;
  static Tensors forward(AutogradContext* ctx, const Tensor& a, const Tensors& list) {
    ctx->set_materialize_grads(materialize);
    const Tensor order = (a > list[0]).to(kFloat64);
    ctx->mark_non_differentiable({order});
    return {a * 2.0, a + list[0] + list[1], order};
  }
  static Tensors backward(AutogradContext* ctx, Tensors grads) {
    defined = {grads[0].defined(), grads[1].defined(), grads[2].defined()};
    wanted = {ctx->needs_input_grad(0), ctx->needs_input_grad(1), ctx->needs_input_grad(2)};
    const Tensor first = grads[0].defined() ? grads[0] * 2.0 : Tensor();
    if (!grads[1].defined()) return {first, Tensor(), Tensor()};
    return {first.defined() ? first + grads[1] : grads[1], grads[1], grads[1]};
  }
};

TEST_F(Functions, ListsMarksAndMissingGradients) {
  const Tensor a = leaf({1, 2}), b = leaf({3, 0}), c = tensor<double>({1, 1}, IntList(2));
  TwoResults::materialize = true;
  Tensors out = TwoResults::apply(a, Tensors{b, c});
  EXPECT_TRUE(out[0].requires_grad() && out[1].requires_grad());
  EXPECT_FALSE(out[2].requires_grad());
  out[0].sum().backward();
  EXPECT_EQ(values(a.grad()), (Values{2, 2}));
  EXPECT_EQ(values(b.grad()), (Values{0, 0}));
  EXPECT_EQ(TwoResults::wanted, (std::vector<bool>{true, true, false}));
  EXPECT_EQ(TwoResults::defined, (std::vector<bool>{true, true, false}));
  TwoResults::materialize = false;
  out = TwoResults::apply(a, Tensors{b, c});
  out[1].sum().backward();
  EXPECT_EQ(TwoResults::defined, (std::vector<bool>{false, true, false}));
  EXPECT_EQ(values(a.grad()), (Values{3, 3}));
  EXPECT_EQ(values(b.grad()), (Values{1, 1}));
}

struct DoubleInPlace : autograd::Function<DoubleInPlace> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    x.mul_(2.0);
    ctx->mark_dirty({x});
    return x;
  }
  static Tensors backward(AutogradContext*, Tensors grads) { return {grads[0] * 2.0}; }
};

TEST_F(Functions, ArgumentsChangedInPlace) {
  const Tensor x = leaf({1, 2}), y = x * 3.0;
  const Tensor z = DoubleInPlace::apply(y);
  EXPECT_TRUE(z.is_same(y));
  EXPECT_STREQ(y.grad_fn()->name(), "DoubleInPlaceBackward");
  y.sum().backward();
  EXPECT_EQ(values(x.grad()), (Values{6, 6}));
  EXPECT_NE(message_of([&] { DoubleInPlace::apply(leaf({1})); }).find("leaf Variable"), std::string::npos);
  const Tensor base = x * 1.0;
  DoubleInPlace::apply(base.select(0, 1));
  x.set_grad({});
  base.sum().backward();
  EXPECT_EQ(values(x.grad()), (Values{1, 2}));
}

struct Same : autograd::Function<Same> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return x; }
  static Tensors backward(AutogradContext*, Tensors grads) { return {grads[0] * 5.0}; }
};

TEST_F(Functions, ArgumentReturnedAsItIs) {
  const Tensor x = leaf({1, 2}), y = Same::apply(x);
  EXPECT_FALSE(y.is_same(x));
  y.sum().backward();
  EXPECT_EQ(values(x.grad()), (Values{5, 5}));
  EXPECT_NE(message_of([&] { y.add_(1.0); }).find("inside a custom Function"), std::string::npos);
}

struct Wrong : autograd::Function<Wrong> {
  static Tensor forward(AutogradContext*, const Tensor& x, int) { return x * 1.0; }
  static Tensors backward(AutogradContext*, Tensors grads) { return {grads[0]}; }
};

TEST_F(Functions, WrongNumberOfGradients) {
  const Tensor y = Wrong::apply(leaf({1}), 3).sum();
  EXPECT_EQ(message_of([&] { y.backward(); }),
            "function WrongBackward returned an incorrect number of gradients (expected 2, got 1)");
}

TEST_F(Functions, HooksOfNodesAndLeaves) {
  const Tensor x = leaf({1, 2}), y = x * 3.0;
  std::string log;
  register_prehook(*y.grad_fn(), [&](Tensors& g) {
    log += "p";
    g[0] = g[0] * 2.0;
  });
  const int64_t after = register_posthook(*y.grad_fn(), [&](Tensors& made, const Tensors& given) {
    log += "q";
    EXPECT_EQ(values(given[0]), (Values{2, 2}));
    made[0] = made[0] + 1.0;
  });
  register_hook(y, [&](const Tensor&) {
    log += "t";
    return Tensor();
  });
  register_post_accumulate_grad_hook(x, [&](const Tensor& leaf) {
    log += "a";
    EXPECT_TRUE(leaf.grad().defined());
  });
  y.sum().backward();
  EXPECT_EQ(log, "tpqa");
  EXPECT_EQ(values(x.grad()), (Values{7, 7}));
  remove_hook(after);
  y.sum().backward();
  EXPECT_EQ(log, "tpqatpa");
}

TEST_F(Functions, HooksOnALongChain) {
  const Tensor x = leaf({1});
  int64_t calls = 0;
  {
    Tensor y = x * 1.0;
    for (int i = 0; i < 200000; ++i) {
      if (i % 2) register_posthook(*y.grad_fn(), [&calls, y](Tensors&, const Tensors&) { ++calls; });
      y = y + 0.0;
    }
    // Each hook owns the tensor of its node: taken out again, or the chain would keep itself.
    Node* n = y.grad_fn();
    y.backward();
    for (; n; n = n->n_next ? n->next()[0].node : nullptr)
      if (n->hooks) {
        std::vector<int64_t> ids;
        static_cast<NodeHooks*>(n->hooks)->for_each([&](const auto& list) {
          for (const auto& e : list) ids.push_back(e.id);
        });
        for (const int64_t id : ids) remove_hook(id);
      }
  }
  EXPECT_EQ(calls, 100000);
}

TEST_F(Functions, SavedValuesGoThroughHooks) {
  const Tensor x = leaf({1, 2});
  int packed = 0;
  Tensor y;
  {
    const autograd::SavedTensorsHooks hooks(
        [&](const Tensor& t) {
          ++packed;
          return std::any(t.detach().to(kFloat32));
        },
        [](const std::any& a) { return std::any_cast<const Tensor&>(a).to(kFloat64); });
    y = ScaledCube::apply(x, 1.0).exp();
  }
  EXPECT_EQ(packed, 2);
  y.sum().backward();
  EXPECT_NEAR(values(x.grad())[0], 3 * std::exp(1.0), 1e-5);
  disable_saved_hooks("not here");
  EXPECT_EQ(message_of([] { autograd::SavedTensorsHooks hooks({}, {}); }), "not here");
  disable_saved_hooks(nullptr);
}

std::string warned;

TEST_F(Functions, AnomalyNamesThePlace) {
  const Tensor x = leaf({0});
  set_warning_handler([](std::string_view text, WarningKind) { warned += text; });
  {
    const DetectAnomaly anomaly;
    Tensor y;
    {
      const Place here("encoder, layer 3");
      y = x.sqrt() * 0.0;
    }
    EXPECT_EQ(message_of([&] { y.backward(); }), "Function 'SqrtBackward0' returned nan values in its 0th output.");
  }
  set_warning_handler(nullptr);
  EXPECT_NE(warned.find("Error detected in SqrtBackward0"), std::string::npos) << warned;
  EXPECT_NE(warned.find("encoder, layer 3"), std::string::npos) << warned;
}

TEST_F(Functions, InferenceMode) {
  Tensor a;
  {
    const InferenceMode guard;
    a = tensor<double>({1, 2}, IntList(2)) * 1.0;
  }
  EXPECT_TRUE(a.is_inference());
  EXPECT_NE(message_of([&] { a.add_(1.0); }).find("Inplace update to inference tensor"), std::string::npos);
  EXPECT_EQ(values(a), (Values{1, 2}));
  EXPECT_NE(message_of([&] { leaf({1, 2}) * a; }).find("cannot be saved for backward"), std::string::npos);
  EXPECT_EQ(message_of([&] { ScaledCube::apply(a, 1.0); }), "nothing raised");
}

}  // namespace
}  // namespace gradus
