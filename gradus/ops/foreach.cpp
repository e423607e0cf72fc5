// Checks of lists of tensors, and what their operators do to one tensor where no other operator does it.
#include "gradus/ops/foreach.h"

#include <algorithm>

#include "gradus/core/format.h"
#include "gradus/kernels/pool.h"
#include "gradus/ops/funnel.h"
#include "gradus/stream/replay.h"

namespace gradus {

void check_list(TensorList list) { check(!list.empty(), "Tensor list must have at least one tensor."); }
void check_written(TensorList list) {
  for (const Tensor& t : list) check_inplace(t.impl(), false);
}
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

// ---- many places at once

namespace {

// Elements of a tensor on average. Fewer are done faster than they are put together; more keep all threads busy alone.
constexpr int64_t kLeast = 2048, kMost = 1 << 16;
constexpr int64_t kEnough = 1 << 16;  // elements altogether, for several threads
constexpr int64_t kMany = 16;         // tensors; fewer wait, so that what is done to them next is done in one go

class Places {
 public:
  using Call = void (*)(const void* f, int64_t i);
  Places(const TensorList* lists, int n, Call call, const void* f) : call_(call), f_(f) {
    for (int k = 0; k < n; ++k) {
      bool again = false;  // a later one has the same tensors
      for (int m = k + 1; m < n; ++m) again = again || same(lists[k], lists[m]);
      if (!again) lists_[n_++] = lists[k];
    }
  }

  int64_t size() const { return lists_[0].size(); }

  // Whether one loop over all of them has the results and errors of one after the other, and is worth it. What waits
  // for work that is still to come is left to wait with it.
  bool go_together() const {
    if (size() < kMany) return false;
    int64_t elements = 0;
    for (int64_t i = 0; i < size(); ++i) {
      for (int k = 0; k < n_; ++k) {
        const Tensor& t = lists_[k][i];
        if (!t.defined() || t.dtype() != lists_[k][0].dtype() || t.impl()->view->storage->pending()) return false;
        if (t.requires_grad() && is_grad_enabled()) return false;
      }
      elements += lists_[n_ - 1][i].numel();
    }
    return elements >= kEnough && elements / size() >= kLeast && elements / size() < kMost;
  }

  void run_together() {
    Replay replay(&work, this, static_cast<size_t>(size()));
    try {
      for (int64_t i = 0; i < size(); ++i) {
        TensorImpl* tensors[Replay::kMaxArgs];
        for (int k = 0; k < n_; ++k) tensors[k] = lists_[k][i].impl();
        replay.add(tensors, n_, n_ - 1, 0);
      }
    } catch (...) {
      replay.finish();
      throw;
    }
    replay.finish();
  }

 private:
  static bool same(TensorList a, TensorList b) {
    return std::equal(a.begin(), a.end(), b.begin(), [](const Tensor& x, const Tensor& y) { return x.is_same(y); });
  }
  bool is_at(TensorImpl* const* tensors) const {
    for (int k = 0; k < n_; ++k)
      if (lists_[k][at_].impl() != tensors[k]) return false;
    return true;
  }
  static void work(void* self, TensorImpl* const* tensors, uint64_t) {
    auto& p = *static_cast<Places*>(self);
    while (!p.is_at(tensors)) p.at_ = (p.at_ + 1) % p.size();
    p.call_(p.f_, p.at_);
  }

  TensorList lists_[Replay::kMaxArgs];
  int n_ = 0;
  Call call_;
  const void* f_;
  int64_t at_ = 0;  // mostly the place before the one that is looked for
};

}  // namespace

void detail::for_each_alike(const TensorList* lists, int n, void (*call)(const void* f, int64_t i), const void* f) {
  Places places(lists, n, call, f);
  if (num_threads() > 1 && places.go_together()) return places.run_together();
  for (int64_t i = 0; i < places.size(); ++i) call(f, i);
}

}  // namespace gradus
