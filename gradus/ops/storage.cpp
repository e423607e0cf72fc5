// Operators that change which memory a tensor looks at, and how much of it there is.
#include "gradus/ops/storage.h"

#include "gradus/ops/pointwise_check.h"

namespace gradus {

namespace {

void swap_view(const Tensor& self, View* after) {
  TensorImpl* t = self.impl();
  View* before = t->view;
  t->view = after;
  drop(before);
  bump_version(t);
}

// A storage of at least so many bytes.
void grow(Storage& s, int64_t bytes) {
  if (bytes > s.bytes) resize_storage(s, bytes);
}

Dims strides_of_format(const IntList& sizes, std::optional<MemoryFormat> format) {
  const MemoryFormat f = format.value_or(MemoryFormat::Contiguous);
  check(f != MemoryFormat::Preserve, "Unsupported memory formatPreserve");
  return format_strides(sizes, f);
}

Tensor set_to(const Tensor& self, Storage* storage, const IntList& sizes, const IntList& strides, int64_t offset) {
  const bool recording = self.requires_grad() && is_grad_enabled();
  check_inplace(self.impl(), recording);
  ref_inc(storage->refs);
  swap_view(self, new_view(storage, self.dtype(), sizes, strides, offset));
  Tensor out = self;
  if (recording) attach<SetEmpty>(&out, 1, nullptr, true, self);
  return out;
}

void set_checked(const Tensor& self, Storage* storage, int64_t offset, const IntList& size, const IntList& stride) {
  check(offset >= 0, "Tensor: invalid storage offset ", offset);
  check(stride.empty() || stride.size() == size.size(), "unequal size length (", size.size(), ") and stride length (",
        stride.size(), ")");
  for (int64_t i = 0; i < size.size(); ++i) {
    check(size[i] >= 0, "Trying to create tensor with negative dimension ", size[i], ": ", size);
    check(stride.empty() || stride[i] >= 0, "Storage size calculation overflowed with sizes=", size,
          " and strides=", stride);
  }
  const Dims strides = stride.empty() ? dense_strides(size) : Dims(stride);
  check_inplace(self.impl(), self.requires_grad() && is_grad_enabled());
  grow(*storage, storage_bytes(size, strides, offset, self.element_size()));
  set_to(self, storage, size, strides, offset);
}

void check_same_type(const Tensor& self, const Tensor& source) {
  check(self.dtype() == source.dtype(), "Could not set tensor of type ", cpp_type_name(source.dtype()),
        " to a tensor of type ", cpp_type_name(self.dtype()));
}

}  // namespace

Tensor SetEmpty::d0(const Tensor&) { return no_derivative("set_"); }

const Tensor& resize_(const Tensor& self, IntList size, std::optional<MemoryFormat> format) {
  check(!self.requires_grad(), "cannot resize variables that require grad");
  for (int64_t n : size) check(n >= 0, "numel: integer multiplication overflow");
  check_dims(size.size());
  const Dims strides = strides_of_format(size, format);
  if (self.sizes() == size && !format) return bump_version(self.impl()), self;
  const View* v = self.impl()->view;
  grow(*v->storage, storage_bytes(size, strides, v->offset, self.element_size()));
  ref_inc(v->storage->refs);
  swap_view(self, new_view(v->storage, v->dtype, size, strides, v->offset));
  return self;
}

const Tensor& resize_as_(const Tensor& self, const Tensor& like, std::optional<MemoryFormat> format) {
  check(!self.requires_grad(), "cannot resize variables that require grad");
  if (format != MemoryFormat::Preserve) return resize_(self, like.sizes(), format);
  MemoryFormat f = MemoryFormat::Contiguous;
  if (!like.is_contiguous() && like.is_contiguous(MemoryFormat::ChannelsLast)) f = MemoryFormat::ChannelsLast;
  else if (!like.is_contiguous() && like.is_contiguous(MemoryFormat::ChannelsLast3d)) f = MemoryFormat::ChannelsLast3d;
  return resize_(self, like.sizes(), f);
}

const Tensor& set_(const Tensor& self) {
  const Tensor fresh = allocate(0, self.dtype());
  set_to(self, fresh.impl()->view->storage, 0, {}, 0);
  return self;
}
const Tensor& set_(const Tensor& self, Storage* source) {
  set_to(self, source, source->bytes / self.element_size(), {}, 0);
  return self;
}
const Tensor& set_(const Tensor& self, Storage* source, int64_t storage_offset, IntList size, IntList stride) {
  set_checked(self, source, storage_offset, size, stride);
  return self;
}
const Tensor& set_(const Tensor& self, const Tensor& source) {
  check_same_type(self, source);
  set_to(self, source.impl()->view->storage, source.sizes(), source.strides(), source.storage_offset());
  return self;
}
const Tensor& set_(const Tensor& self, const Tensor& source, int64_t storage_offset, IntList size, IntList stride) {
  check_same_type(self, source);
  set_checked(self, source.impl()->view->storage, storage_offset, size, stride);
  return self;
}

}  // namespace gradus
