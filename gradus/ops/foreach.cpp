// Checks of lists of tensors, and what their operators do to one tensor where no other operator does it.
#include "gradus/ops/foreach.h"

#include "gradus/core/format.h"
#include "gradus/ops/funnel.h"

namespace gradus {

void check_list(TensorList list) { check(!list.empty(), "Tensor list must have at least one tensor."); }
void check_lists(TensorList list, TensorList other) {
  check(list.size() == other.size(), "Tensor lists must have the same number of tensors, got ", list.size(), " and ",
        other.size());
}
void check_lists(TensorList list, ScalarList numbers) {
  check(list.size() == static_cast<int64_t>(numbers.size()),
        "Tensor list must have same number of elements as scalar list.");
}
const Tensor& zero_dim(const Tensor& t) {
  check(t.dim() == 0 && t.numel() == 1, "scalar tensor expected to be 0 dim but it has ", t.dim(), " dimensions and ",
        t.numel(), " elements.");
  return t;
}
Scalar unpacked(const Tensor& numbers, int64_t i, int64_t n) {
  check(numbers.dim() == 1, "Expected packed scalar Tensor to be of dimension 1. Got ", numbers.dim(), " instead.");
  check(numbers.size(0) == n, "Expected length of scalars to match input of length ", n, " but got ", numbers.size(0),
        " instead.");
  return numbers.select(0, i).item();
}

Tensor largest_of(const Tensor& t) {
  check(t.numel() > 0,
        "_foreach_max cannot compute the maximum of an empty tensor; max over zero elements is undefined.");
  return t.max();
}

namespace {
Tensor as_floats(const Tensor& t, OptDType dtype) {
  check(is_floating(t.dtype()), "linalg.vector_norm: Expected a floating point or complex tensor as input. Got ",
        scalar_type_name(t.dtype()));
  return dtype ? t.to(*dtype) : t;
}
}  // namespace

Tensor power_sum_of(const Tensor& t, const Scalar& ord, OptDType dtype) {
  const Tensor x = as_floats(t, dtype);
  if (ord.equals(1)) return x.abs().sum();
  if (ord.equals(2)) return (x * x).sum();
  return x.abs().pow(ord).sum();
}
Tensor norm_of(const Tensor& t, const Scalar& ord, OptDType dtype) {
  return linalg_vector_norm(t, ord, {}, false, dtype);
}

}  // namespace gradus
