// DataLoader: which items come when.
#include "gradus/data/dataloader.h"

#include "gradus/core/format.h"
#include "gradus/core/rng.h"
#include "gradus/gen/functions.h"

namespace gradus::data {

namespace {

/// One `random_()` of the generator: uniform on [0, 2^63).
int64_t random_int64(Generator* generator) { return empty({}, kInt64).random_(generator).item<int64_t>(); }

std::vector<int64_t> permutation(int64_t n, Generator* generator) {
  const Tensor p = randperm(n, generator);
  return {static_cast<const int64_t*>(p.settled_data()), static_cast<const int64_t*>(p.settled_data()) + n};
}

}  // namespace

void check_options(int64_t dataset_size, const DataLoaderOptions& options) {
  check_as(ErrorKind::Value, options.batch_size > 0,
           "batch_size should be a positive integer value, but got batch_size=", options.batch_size);
  check_as(ErrorKind::Value, !options.shuffle || dataset_size > 0,
           "num_samples should be a positive integer value, but got num_samples=", dataset_size);
}

int64_t batch_count(int64_t dataset_size, const DataLoaderOptions& options) {
  return (dataset_size + (options.drop_last ? 0 : options.batch_size - 1)) / options.batch_size;
}

BatchIndices::BatchIndices(int64_t dataset_size, const DataLoaderOptions& options)
    : size_(dataset_size), options_(options) {
  // Would seed the workers; drawn in any case, because the draws that follow depend on it.
  random_int64(options_.generator);
}

bool BatchIndices::next_index(int64_t& index) {
  if (options_.shuffle && !started_) {
    if (options_.generator) {
      order_ = permutation(size_, options_.generator);
    } else {
      Generator own;
      own.manual_seed(static_cast<uint64_t>(random_int64(nullptr)));
      order_ = permutation(size_, &own);
    }
  }
  started_ = true;
  if (position_ == size_) {
    // PyTorch draws once more for what would be left over, although nothing is.
    if (options_.shuffle && options_.generator && !finished_) permutation(size_, options_.generator);
    finished_ = true;
    return false;
  }
  index = options_.shuffle ? order_[static_cast<size_t>(position_)] : position_;
  ++position_;
  return true;
}

std::vector<int64_t> BatchIndices::next() {
  std::vector<int64_t> batch;
  int64_t index;
  while (static_cast<int64_t>(batch.size()) < options_.batch_size && next_index(index)) batch.push_back(index);
  if (options_.drop_last && static_cast<int64_t>(batch.size()) < options_.batch_size) batch.clear();
  return batch;
}

}  // namespace gradus::data
