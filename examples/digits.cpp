// Classifies handwritten digits, the twin of digits.py: example_digits digits.csv [--steps N] [--losses].
#include <gradus/gradus.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace data = gradus::data;
namespace nn = gradus::nn;
namespace optim = gradus::optim;
using gradus::Tensor;

namespace {

constexpr int kEpochs = 20;
constexpr int64_t kBatch = 32;

struct Split {
  Tensor images, labels;
};

/// Reads rows of 64 grey values and a digit, as tools/export_digits.py writes them.
Split read_csv(const char* path) {
  std::ifstream file(path);
  std::vector<float> images;
  std::vector<int64_t> labels;
  for (std::string line; std::getline(file, line);) {
    std::istringstream row(line);
    std::string cell;
    for (int i = 0; i < 64 && std::getline(row, cell, ','); ++i) images.push_back(std::stof(cell));
    if (std::getline(row, cell)) labels.push_back(std::stoll(cell));
  }
  const auto n = static_cast<int64_t>(labels.size());
  return {gradus::tensor(images).view({n, 64}) / 16, gradus::tensor(labels)};
}

double accuracy(const nn::Sequential& model, const Split& test) {
  gradus::NoGrad no_grad;
  const Tensor right = model(test.images).argmax(1) == test.labels;
  return right.sum().item<double>() / static_cast<double>(test.labels.size(0));
}

/// Trains and returns the loss of every step.
std::vector<double> train(nn::Sequential& model, const Split& split, const Split& test, size_t max_steps) {
  const nn::CrossEntropyLoss criterion;
  optim::Adam optimizer(model.parameters(), {.lr = 2e-3});
  data::DataLoader loader(data::TensorDataset({split.images, split.labels}), {.batch_size = kBatch, .shuffle = true});
  std::vector<double> losses;
  for (int epoch = 1; epoch <= kEpochs; ++epoch) {
    data::Progress progress(loader.size(), "epoch " + std::to_string(epoch));
    for (const auto& batch : loader) {
      const Tensor loss = criterion(model(batch[0]), batch[1]);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      losses.push_back(loss.item<double>());
      progress.step();
      if (losses.size() == max_steps) return losses;
    }
    if (epoch % 5 == 0)
      std::printf("epoch %2d, loss %.4f, accuracy on held-out images %.2f%%\n", epoch, losses.back(),
                  100 * accuracy(model, test));
  }
  return losses;
}

}  // namespace

int main(int argc, char** argv) {
  size_t max_steps = 0;
  bool print_losses = false;
  for (int i = 2; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--losses") print_losses = true;
    if (option == "--steps" && i + 1 < argc) max_steps = std::strtoull(argv[++i], nullptr, 10);
  }
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s digits.csv [--steps N] [--losses]\n", argv[0]);
    return 2;
  }
  gradus::manual_seed(1);
  const Split all = read_csv(argv[1]);
  const int64_t n = all.labels.size(0);
  const Tensor order = gradus::randperm(n);
  const Tensor train_rows = order.narrow(0, 0, 1437), test_rows = order.narrow(0, 1437, n - 1437);
  const Split training{all.images.index_select(0, train_rows), all.labels.index_select(0, train_rows)};
  const Split test{all.images.index_select(0, test_rows), all.labels.index_select(0, test_rows)};

  nn::Sequential model{nn::Linear(64, 256), nn::ReLU(), nn::Linear(256, 10)};
  const std::vector<double> losses = train(model, training, test, max_steps);
  if (print_losses)
    for (double loss : losses) std::printf("%.9g\n", loss);
}
