// Modules: what is found in plain structs, initial values and texts against PyTorch 2.13, training modes, state.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <memory>
#include <optional>

namespace gradus {
namespace {

uint64_t fnv1a(const Tensor& t) {
  const Tensor dense = t.detach().contiguous();
  const auto* bytes = static_cast<const unsigned char*>(dense.data_ptr());
  uint64_t hash = 0xcbf29ce484222325u;
  for (int64_t i = 0; i < dense.numel() * dense.element_size(); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

template <class M>
std::vector<std::string> names(const M& module) {
  std::vector<std::string> out;
  for (const auto& [name, tensor] : nn::named_parameters(module)) out.push_back(name);
  return out;
}
using Names = std::vector<std::string>;

struct Block {
  nn::Linear a{4, 4};
  Tensor scale = ones({4}).requires_grad_();
  Tensor offset = zeros({4});
  nn::Linear b{4, 4, false};
  Tensor operator()(const Tensor& x) const { return b(a(x).relu()) * scale + offset; }
};
struct Net {
  nn::Embedding emb{5, 4, {.padding_idx = 0}};
  std::vector<Block> blocks = std::vector<Block>(2);
  nn::Sequential head{nn::Flatten(), nn::Dropout(0.1), nn::GELU(),
                      nn::ReLU(),    nn::Softmax{1},   nn::Sequential{nn::Linear(4, 2), nn::Tanh()}};
  std::vector<Tensor> pars = {nn::parameter(ones({2, 3})), nn::parameter(ones({1}))};
  Tensor norm = ones({2}).requires_grad_();
  int depth = 3;
  std::string label = "net";
  Tensor operator()(const Tensor& i) const {
    Tensor x = emb(i);
    for (const Block& block : blocks) x = block(x);
    return head(x);
  }
};

TEST(Module, NamesEqualPyTorchs) {
  const Net net;
  EXPECT_EQ(names(net), (Names{"norm", "emb.weight", "blocks.0.scale", "blocks.0.a.weight", "blocks.0.a.bias",
                               "blocks.0.b.weight", "blocks.1.scale", "blocks.1.a.weight", "blocks.1.a.bias",
                               "blocks.1.b.weight", "head.5.0.weight", "head.5.0.bias", "pars.0", "pars.1"}));
  Names buffers, state;
  for (const auto& [name, t] : nn::named_buffers(net)) buffers.push_back(name);
  EXPECT_EQ(buffers, (Names{"blocks.0.offset", "blocks.1.offset"}));
  for (const auto& [name, t] : nn::state_dict(net)) state.push_back(name);
  EXPECT_EQ(state,
            (Names{"norm", "emb.weight", "blocks.0.scale", "blocks.0.offset", "blocks.0.a.weight", "blocks.0.a.bias",
                   "blocks.0.b.weight", "blocks.1.scale", "blocks.1.offset", "blocks.1.a.weight", "blocks.1.a.bias",
                   "blocks.1.b.weight", "head.5.0.weight", "head.5.0.bias", "pars.0", "pars.1"}));
}

TEST(Module, PrintsAsPyTorch) {
  EXPECT_EQ(nn::to_string(Net()), R"(Net(
  (emb): Embedding(5, 4, padding_idx=0)
  (blocks): ModuleList(
    (0-1): 2 x Block(
      (a): Linear(in_features=4, out_features=4, bias=True)
      (b): Linear(in_features=4, out_features=4, bias=False)
    )
  )
  (head): Sequential(
    (0): Flatten(start_dim=1, end_dim=-1)
    (1): Dropout(p=0.1, inplace=False)
    (2): GELU(approximate='none')
    (3): ReLU()
    (4): Softmax(dim=1)
    (5): Sequential(
      (0): Linear(in_features=4, out_features=2, bias=True)
      (1): Tanh()
    )
  )
  (pars): ParameterList(
      (0): Parameter containing: [torch.float32 of size 2x3]
      (1): Parameter containing: [torch.float32 of size 1]
  )
))");
  EXPECT_EQ(nn::to_string(nn::ReLU{true}), "ReLU(inplace=True)");
  EXPECT_EQ(nn::to_string(nn::Sequential()), "Sequential()");
}

// Kinds of members: the local type, the array, the handles, the listed fields and 32 fields in a row.
struct Listed {
  explicit Listed(int64_t n) : inner(n, n), hidden(ones({1})) {}
  template <class F>
  void fields(F&& f) {
    f("renamed", inner);
  }
  nn::Linear inner;
  Tensor hidden;
};
struct Wide {
  Tensor a0 = ones({1}).requires_grad_();
  int a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24,
      a25, a26, a27, a28, a29, a30;
  Tensor a31 = ones({1}).requires_grad_();
};

TEST(Module, FindsEveryKindOfMember) {
  struct Local {
    std::array<nn::Linear, 2> pair{nn::Linear(1, 1, false), nn::Linear(1, 1, false)};
    std::optional<nn::Linear> absent, present = nn::Linear(2, 2);
    std::unique_ptr<Block> owned = std::make_unique<Block>();
    Listed listed{3};
    nn::CrossEntropyLoss criterion{.label_smoothing = 0.1};
    Tensor nothing;
    Tensor (*function)(const Tensor&) = relu;
  };
  EXPECT_EQ(names(Local()),
            (Names{"pair.0.weight", "pair.1.weight", "present.weight", "present.bias", "owned.scale", "owned.a.weight",
                   "owned.a.bias", "owned.b.weight", "listed.renamed.weight", "listed.renamed.bias"}));
  EXPECT_EQ(names(Wide()), (Names{"a0", "a31"}));
  EXPECT_TRUE(names(nn::Tanh()).empty());
}

TEST(Module, SharedTensorsAreListedOnce) {
  struct Tied {
    nn::Linear first{3, 3}, second{3, 3};
  } tied;
  tied.second.weight = tied.first.weight;
  EXPECT_EQ(names(tied), (Names{"first.weight", "first.bias", "second.bias"}));
  EXPECT_EQ(nn::state_dict(tied).size(), 4u);
}

TEST(Module, FrozenParametersStayParameters) {
  Net net;
  nn::requires_grad_(net, false);
  EXPECT_EQ(names(net).size(), 14u);
  for (const Tensor& p : nn::parameters(net)) EXPECT_FALSE(p.requires_grad());
}

TEST(Module, InitialValuesHavePyTorchsBits) {
  manual_seed(1);
  const nn::Linear linear(64, 33);
  EXPECT_EQ(fnv1a(linear.weight), 0xebc86e522c44f909u);
  EXPECT_EQ(fnv1a(linear.bias), 0x738688de7428e55cu);
  EXPECT_EQ(fnv1a(nn::Linear(5, 7, false, kFloat64).weight), 0xa1ea5f5d693316f1u);
  EXPECT_EQ(fnv1a(nn::Embedding(10, 3, {.padding_idx = -2}).weight), 0xbaff6376b150e2dbu);
}

TEST(Init, DrawsAsPyTorch) {
  const Tensor t = empty({6, 10, 3});
  const auto filled = [&](auto f) {
    manual_seed(3);
    f();
    return fnv1a(t);
  };
  using namespace nn;
  EXPECT_EQ(filled([&] { init::xavier_uniform_(t, 1.5); }), 0x56f51048ef10cabfu);
  EXPECT_EQ(filled([&] { init::xavier_normal_(t); }), 0x5a684ff1ece04267u);
  EXPECT_EQ(filled([&] { init::kaiming_uniform_(t, 0.2, init::Fan::Out); }), 0x390917ea009ea0efu);
  EXPECT_EQ(filled([&] { init::kaiming_normal_(t, 0, init::Fan::In, "relu"); }), 0xca3efae82a1c6061u);
  EXPECT_EQ(filled([&] { init::trunc_normal_(t, 0.1, 0.5, -1, 1); }), 0xe202e37a488dd272u);
  filled([&] { init::trunc_normal_(t, 0, 1, 2, 3); });
  EXPECT_GE(t.min().item<double>(), 2);
  EXPECT_LE(t.max().item<double>(), 3);
  EXPECT_TRUE((init::eye_(empty({3, 3})).sum(0) == 1).all().item<bool>());
  EXPECT_THROW(init::xavier_uniform_(empty({3})), Error);
}

TEST(Module, DropoutFollowsTrainAndEval) {
  Net net;
  EXPECT_TRUE(net.head[1].as<nn::Dropout>().training);
  nn::eval(net);
  const auto& dropout = net.head[1].as<nn::Dropout>();
  EXPECT_FALSE(dropout.training);
  const Tensor x = ones({1000});
  EXPECT_TRUE((dropout(x) == x).all().item<bool>());
  nn::train(net);
  const Tensor y = dropout(x);
  const double kept = (y != 0).sum().item<double>();
  EXPECT_NEAR(kept, 900, 60);  // six standard deviations
  EXPECT_NEAR(y.max().item<double>(), 1 / 0.9, 1e-6);
  EXPECT_THROW(nn::Dropout(1.5), Error);
}

TEST(Module, StateCopiesAndChecksBeforeItCopies) {
  Net a, b;
  nn::load_state_dict(b, nn::state_dict(a));
  for (size_t i = 0; i < nn::parameters(a).size(); ++i)
    EXPECT_EQ(fnv1a(nn::parameters(a)[i]), fnv1a(nn::parameters(b)[i]));

  nn::NamedTensors state{{"norm", ones({3})}, {"x.y", ones({1})}};
  for (auto& [name, t] : nn::state_dict(Net()))
    if (name != "norm" && name != "emb.weight") state.push_back({name, t});
  const uint64_t before = fnv1a(b.blocks[0].a.weight);
  try {
    nn::load_state_dict(b, state);
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(
        e.what(),
        "Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: \"emb.weight\". \n\tUnexpected "
        "key(s) in state_dict: \"x.y\". \n\tsize mismatch for norm: copying a param with shape torch.Size([3]) from "
        "checkpoint, the shape in current model is torch.Size([2]).");
  }
  EXPECT_EQ(fnv1a(b.blocks[0].a.weight), before);
  state.erase(state.begin());
  const auto keys = nn::load_state_dict(b, state, false);
  EXPECT_EQ(keys.missing, (Names{"norm", "emb.weight"}));
  EXPECT_EQ(keys.unexpected, Names{"x.y"});
}

TEST(Module, GradientsAreDroppedAndDtypesConverted) {
  Net net;
  net(tensor({1, 2, 0})).sum().backward();
  EXPECT_TRUE(net.blocks[0].a.weight.grad().defined());
  nn::zero_grad(net, false);
  EXPECT_EQ(net.blocks[0].a.weight.grad().abs().sum().item<double>(), 0);
  nn::zero_grad(net);
  EXPECT_FALSE(net.blocks[0].a.weight.grad().defined());
  nn::to(net, kFloat64);
  EXPECT_EQ(net(tensor({1, 2, 0})).dtype(), kFloat64);
  EXPECT_THROW(nn::to(net, kInt64), Error);
}

TEST(Sequential, ChainsAndGivesItsModulesBack) {
  nn::Sequential model{nn::Linear(3, 2), nn::Tanh(), [](const Tensor& x) { return x * 2; }};
  const Tensor x = ones({1, 3});
  const auto& linear = model[0].as<nn::Linear>();
  const Tensor expected = linear(x).tanh() * 2;
  EXPECT_EQ(fnv1a(model(x)), fnv1a(expected));
  EXPECT_EQ(nn::to_string(model[-1]), "Lambda()");
  EXPECT_THROW(model[3], Error);
  EXPECT_THROW(model[1].as<nn::Linear>(), Error);
  const nn::Sequential copy = model;  // shares the modules
  EXPECT_EQ(copy[0].as<nn::Linear>().weight.data_ptr(), linear.weight.data_ptr());
}

TEST(Loss, ModulesEqualTheirFormulas) {
  const Tensor x = tensor({{0.5, -1.0, 2.0}, {0.0, 1.0, -0.5}}), target = tensor({2, 0});
  double sum = 0;
  for (int i = 0; i < 2; ++i) {
    double total = 0;
    for (int j = 0; j < 3; ++j) total += std::exp(x[i][j].item<double>());
    sum += std::log(total) - x[i][target[i].item<int64_t>()].item<double>();
  }
  EXPECT_NEAR(nn::CrossEntropyLoss()(x, target).item<double>(), sum / 2, 1e-6);
  EXPECT_NEAR(nn::CrossEntropyLoss{.reduction = nn::Reduction::Sum}(x, target).item<double>(), sum, 1e-6);
  EXPECT_NEAR(nn::NLLLoss()(x.log_softmax(1), target).item<double>(), sum / 2, 1e-6);
  EXPECT_NEAR(nn::MSELoss()(x, zeros({2, 3})).item<double>(), (0.25 + 1 + 4 + 0 + 1 + 0.25) / 6, 1e-6);
  EXPECT_NEAR(nn::L1Loss{nn::Reduction::Sum}(x, zeros({2, 3})).item<double>(), 5, 1e-6);
  EXPECT_NEAR(nn::BCEWithLogitsLoss()(zeros({4}), ones({4})).item<double>(), std::log(2), 1e-6);
}

TEST(Module, TwoLayersTrainInTwelveLines) {
  manual_seed(0);
  struct Two {
    nn::Linear fc1{2, 16}, fc2{16, 1};
    Tensor operator()(const Tensor& x) const { return fc2(fc1(x).tanh()); }
  } net;
  const Tensor x = randn({64, 2}), y = x.prod(1, true);
  optim::Adam optimizer(nn::parameters(net), {.lr = 0.02});
  const double first = mse_loss(net(x), y).item<double>();
  for (int step = 0; step < 300; ++step) {
    nn::zero_grad(net);
    mse_loss(net(x), y).backward();
    optimizer.step();
  }
  EXPECT_LT(mse_loss(net(x), y).item<double>(), first / 50);
}

}  // namespace
TEST(Init, OrthogonalSparseDirac) {
  const Tensor w = empty({6, 4}, DType::Float64);
  nn::init::orthogonal_(w, 2.0);
  EXPECT_LT((w.t().mm(w) - 4 * eye(4, DType::Float64)).abs().max().item<double>(), 1e-12);
  nn::init::sparse_(w, 0.5);
  EXPECT_EQ((w == 0).sum(0).min().item<int64_t>(), 3);
  EXPECT_EQ((w == 0).sum(0).max().item<int64_t>(), 3);
  const Tensor c = empty({4, 2, 3});
  nn::init::dirac_(c, 2);
  EXPECT_EQ(c.sum().item<double>(), 4);
  EXPECT_EQ(c[3][1][1].item<double>(), 1);
  EXPECT_THROW(nn::init::orthogonal_(empty({3})), Error);
  EXPECT_THROW(nn::init::dirac_(c, 3), Error);
}

}  // namespace gradus
