// DataLoader: batches of a data set, in PyTorch's order.
#pragma once
#include <vector>

#include "gradus/data/dataset.h"

namespace gradus {
class Generator;
}

namespace gradus::data {

struct DataLoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;          // leave out a last batch that is not full
  Generator* generator = nullptr;  // null: the default one
};

/// The index lists of one pass. Draws come when and in the order PyTorch makes them: one number when the pass starts,
/// the permutation when the first batch is asked for.
class BatchIndices {
 public:
  BatchIndices(int64_t dataset_size, const DataLoaderOptions& options);
  /// The next list; empty at the end.
  std::vector<int64_t> next();

 private:
  bool next_index(int64_t& index);

  int64_t size_, position_ = 0;
  DataLoaderOptions options_;
  bool started_ = false, finished_ = false;
  std::vector<int64_t> order_;
};

/// Raises ValueError for a batch size below one, or for nothing to shuffle.
void check_options(int64_t dataset_size, const DataLoaderOptions& options);
int64_t batch_count(int64_t dataset_size, const DataLoaderOptions& options);

/// `for (const auto& batch : loader)` gives a list of tensors per batch; every loop is a new pass.
/// Options: `{.batch_size = 32, .shuffle = true}`.
template <class D = TensorDataset>
class DataLoader {
 public:
  explicit DataLoader(D dataset, DataLoaderOptions options = {})
      : dataset_(static_cast<D&&>(dataset)), options_(options) {
    check_options(dataset_.size(), options_);
  }

  struct End {};
  class Iterator {
   public:
    explicit Iterator(const DataLoader& loader)
        : dataset_(&loader.dataset_), indices_(loader.dataset_.size(), loader.options_) {
      ++*this;
    }
    const Tensors& operator*() const { return batch_; }
    const Tensors* operator->() const { return &batch_; }
    Iterator& operator++() {
      const std::vector<int64_t> rows = indices_.next();
      done_ = rows.empty();
      batch_ = done_ ? Tensors() : get_batch(*dataset_, rows);
      return *this;
    }
    bool operator!=(End) const { return !done_; }
    bool operator==(End) const { return done_; }

   private:
    const D* dataset_;
    BatchIndices indices_;
    Tensors batch_;
    bool done_ = false;
  };
  Iterator begin() const { return Iterator(*this); }
  End end() const { return {}; }
  /// Batches per pass.
  int64_t size() const { return batch_count(dataset_.size(), options_); }
  const D& dataset() const { return dataset_; }

 private:
  D dataset_;
  DataLoaderOptions options_;
};

}  // namespace gradus::data
