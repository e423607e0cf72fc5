// Data sets.
#include "gradus/data/dataset.h"

#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/create.h"

namespace gradus::data {

TensorDataset::TensorDataset(Tensors tensors) : tensors_(static_cast<Tensors&&>(tensors)) {
  check_as(ErrorKind::Value, !tensors_.empty(), "TensorDataset expects at least one tensor");
  for (const Tensor& t : tensors_) {
    check_as(ErrorKind::Value, t.defined() && t.dim() > 0, "TensorDataset expects tensors of one or more dimensions");
    check_as(ErrorKind::Value, t.size(0) == tensors_[0].size(0), "Size mismatch between tensors: ", t.sizes(), " and ",
             tensors_[0].sizes());
  }
  size_ = tensors_[0].size(0);
}
Tensors TensorDataset::get(int64_t index) const {
  Tensors item;
  for (const Tensor& t : tensors_) item.push_back(t.select(0, index));
  return item;
}
Tensors TensorDataset::get_batch(const std::vector<int64_t>& indices) const {
  const Tensor rows = tensor(indices, {static_cast<int64_t>(indices.size())});
  Tensors batch;
  for (const Tensor& t : tensors_) batch.push_back(index_select(t, 0, rows));
  return batch;
}

Tensors collate(const std::vector<Tensors>& items) {
  Tensors batch;
  const size_t entries = items.empty() ? 0 : items[0].size();
  for (const Tensors& item : items)
    check(item.size() == entries, "each element in list of batch should be of equal size");
  for (size_t e = 0; e < entries; ++e) {
    Tensors column;
    for (const Tensors& item : items) column.push_back(item[e]);
    batch.push_back(stack(column, 0));
  }
  return batch;
}

}  // namespace gradus::data
