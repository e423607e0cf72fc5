// The views as copies.
#include "gradus/ops/view_copy.h"

#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {

Tensors copies(const Tensors& views) {
  Tensors out;
  for (const Tensor& t : views) out.push_back(t.clone(MemoryFormat::Contiguous));
  return out;
}

// `dim` is wrapped after the views have been made: they refuse it in their own words.
template <class O, class F, class A>
Tensors copies_of(F&& views, const Tensor& self, const A& sizes, int64_t dim) {
  Tensors out;
  {
    NoGrad guard;
    out = copies(views());
  }
  const int64_t d = wrap_dim(dim, self.dim());
  if (!out.empty() && records_gradient<O>(self, sizes, d))
    attach<O>(out.data(), static_cast<int>(out.size()), nullptr, false, self, sizes, d);
  return out;
}

}  // namespace

Tensor as_strided_copy(const Tensor& self, IntList size, IntList stride, std::optional<int64_t> offset) {
  Tensor out;
  {
    NoGrad guard;
    out = self.as_strided(size, stride, offset).clone(MemoryFormat::Contiguous);
  }
  if (records_gradient<AsStridedCopy>(self))
    attach<AsStridedCopy>(&out, 1, nullptr, false, self, size, stride, offset.value_or(self.storage_offset()),
                          self.sizes(), self.strides(), self.storage_offset());
  return out;
}
Tensor DetachCopy::d0(const Tensor&) { return no_derivative("detach_copy"); }
Tensor NarrowCopy::forward(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  check(dim < self.dim() || self.dim() == 0,
        "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.  (Could this error message "
        "be improved?  If so, please report an enhancement request to PyTorch.)");
  check(length >= 0 || self.dim() == 0, "start (", start, ") + length (", length, ") exceeds dimension size (",
        self.dim() ? self.size(dim) : 1, ").");
  return self.narrow(dim, start, length).clone(MemoryFormat::Contiguous);
}
Tensor NarrowCopy::d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const Attr<int64_t, 2>& start,
                      const Attr<int64_t, 3>& length) {
  const int64_t first = *start < 0 ? *start + s.sizes[wrap_dim(*dim, s.sizes.size())] : *start;
  return slice_backward(g, s, *dim, first, first + *length, 1);
}
Tensor ViewCopy::forward(const Tensor& self, const IntList& size) {
  return self.contiguous().view(size).clone(MemoryFormat::Contiguous);
}
Tensor view_copy(const Tensor& self, DType dtype) {
  NoGrad guard;
  return self.view(dtype).clone(MemoryFormat::Contiguous);
}

Tensors split_copy(const Tensor& self, int64_t split_size, int64_t dim) {
  return copies_of<SplitCopy>([&] { return split(self, split_size, dim); }, self, split_size, dim);
}
Tensors split_with_sizes_copy(const Tensor& self, IntList split_sizes, int64_t dim) {
  return copies_of<SplitSizesCopy>([&] { return split_with_sizes(self, split_sizes, dim); }, self, split_sizes, dim);
}
Tensors unbind_copy(const Tensor& self, int64_t dim) {
  Tensors out;
  {
    NoGrad guard;
    out = copies(self.unbind(dim));
  }
  const int64_t d = wrap_dim(dim, self.dim());
  if (!out.empty() && records_gradient<UnbindCopy>(self, d))
    attach<UnbindCopy>(out.data(), static_cast<int>(out.size()), nullptr, false, self, d);
  return out;
}

}  // namespace gradus
