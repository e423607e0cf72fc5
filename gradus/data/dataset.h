// Data sets: what has a size and items. Any struct with `int64_t size() const` and `Tensors get(int64_t) const` is one.
#pragma once
#include "gradus/core/tensor.h"

namespace gradus::data {

/// Tensors of one length; item i is the list of their i-th entries.
class TensorDataset {
 public:
  /// ValueError if there are none or their first sizes differ.
  explicit TensorDataset(Tensors tensors);
  int64_t size() const { return size_; }
  const Tensors& tensors() const { return tensors_; }
  Tensors get(int64_t index) const;
  /// The items at `indices`, stacked: one lookup per tensor.
  Tensors get_batch(const std::vector<int64_t>& indices) const;

 private:
  Tensors tensors_;
  int64_t size_ = 0;
};

/// Stacks items entry by entry along a new first dim. RuntimeError if they differ in length.
Tensors collate(const std::vector<Tensors>& items);

/// The items of `dataset` at `indices` as one batch.
template <class D>
Tensors get_batch(const D& dataset, const std::vector<int64_t>& indices) {
  if constexpr (requires { dataset.get_batch(indices); }) {
    return dataset.get_batch(indices);
  } else {
    std::vector<Tensors> items;
    items.reserve(indices.size());
    for (int64_t i : indices) items.push_back(dataset.get(i));
    return collate(items);
  }
}

}  // namespace gradus::data
