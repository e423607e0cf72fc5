// Data loading: batches and the order of draws against PyTorch 2.13.
#include <gradus/gradus.h>
#include <gtest/gtest.h>

namespace gradus {
namespace {

using Batches = std::vector<std::vector<int64_t>>;

std::vector<int64_t> values(const Tensor& t) {
  const Tensor dense = t.contiguous();
  return {dense.data<int64_t>(), dense.data<int64_t>() + dense.numel()};
}
template <class L>
Batches pass(const L& loader) {
  Batches out;
  for (const auto& batch : loader) out.push_back(values(batch[0]));
  return out;
}
data::TensorDataset ten() { return data::TensorDataset({arange(10)}); }

TEST(DataLoader, ShufflesAsPyTorch) {
  manual_seed(5);
  EXPECT_EQ(pass(data::DataLoader(ten(), {.batch_size = 4, .shuffle = true})),
            (Batches{{8, 3, 0, 5}, {9, 1, 6, 2}, {4, 7}}));
  EXPECT_EQ(pass(data::DataLoader(ten(), {.batch_size = 5, .shuffle = true})),
            (Batches{{5, 8, 9, 7, 2}, {0, 4, 1, 3, 6}}));
  EXPECT_EQ(pass(data::DataLoader(ten(), {.batch_size = 3, .shuffle = true, .drop_last = true})),
            (Batches{{6, 5, 4}, {0, 7, 2}, {1, 8, 9}}));
  EXPECT_EQ(pass(data::DataLoader(ten(), {.batch_size = 4})), (Batches{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}}));
  EXPECT_EQ(values(randint(1000, {3})), (std::vector<int64_t>{318, 288, 423}));  // so many numbers were drawn
}

TEST(DataLoader, DrawsFromAGivenGeneratorAsPyTorch) {
  Generator g;
  g.manual_seed(7);
  const data::DataLoader fours(ten(), {.batch_size = 4, .shuffle = true, .generator = &g});
  EXPECT_EQ(pass(fours), (Batches{{1, 3, 5, 7}, {9, 4, 6, 2}, {8, 0}}));
  EXPECT_EQ(pass(fours), (Batches{{5, 1, 6, 0}, {9, 7, 8, 4}, {3, 2}}));
  const data::DataLoader fives(ten(), {.batch_size = 5, .shuffle = true, .generator = &g});
  EXPECT_EQ(pass(fives), (Batches{{4, 3, 2, 8, 1}, {0, 6, 5, 9, 7}}));
  EXPECT_EQ(pass(fives), (Batches{{3, 6, 1, 9, 5}, {0, 8, 4, 7, 2}}));
  for ([[maybe_unused]] const auto& batch : fives) break;
  EXPECT_EQ(values(randint(1000, {3}, &g)), (std::vector<int64_t>{603, 398, 153}));
}

TEST(DataLoader, CountsItsBatches) {
  EXPECT_EQ(data::DataLoader(ten(), {.batch_size = 3}).size(), 4);
  EXPECT_EQ((data::DataLoader(ten(), {.batch_size = 3, .drop_last = true}).size()), 3);
  EXPECT_EQ(data::DataLoader(ten()).size(), 10);
}

TEST(DataLoader, TakesAnyDataset) {
  struct Squares {
    int64_t size() const { return 5; }
    Tensors get(int64_t i) const { return {tensor({i, i * i}), tensor(static_cast<double>(i))}; }
  };
  std::vector<int64_t> seen;
  for (const auto& batch : data::DataLoader(Squares(), {.batch_size = 2})) {
    EXPECT_EQ(batch[1].dtype(), kFloat32);
    EXPECT_EQ(batch[0].size(0), batch[1].size(0));
    for (int64_t v : values(batch[0])) seen.push_back(v);
  }
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 0, 1, 1, 2, 4, 3, 9, 4, 16}));
}

TEST(DataLoader, RefusesWhatPyTorchRefuses) {
  EXPECT_THROW(data::DataLoader(ten(), {.batch_size = 0}), Error);
  EXPECT_THROW(data::DataLoader(data::TensorDataset({empty({0, 3})}), {.shuffle = true}), Error);
  EXPECT_THROW(data::TensorDataset({empty({2}), empty({3})}), Error);
  EXPECT_THROW(data::TensorDataset(Tensors{}), Error);
  EXPECT_EQ(pass(data::DataLoader(data::TensorDataset({empty({0, 3}, kInt64)}))).size(), 0u);
}

}  // namespace
}  // namespace gradus
