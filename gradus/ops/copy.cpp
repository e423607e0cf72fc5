// Copies and conversions.
#include "gradus/ops/copy.h"

#include "gradus/kernels/convert.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {

// Strides of a copy for a memory format; preserve keeps the order of a dense tensor.
Dims strides_for(const Tensor& self, std::optional<MemoryFormat> format) {
  const MemoryFormat f = format.value_or(MemoryFormat::Preserve);
  if (f == MemoryFormat::Preserve) return like_strides(self.sizes(), self.strides());
  return format_strides(self.sizes(), f);
}

bool unchanged(const Tensor& self, DType dtype, bool copy, std::optional<MemoryFormat> format) {
  const MemoryFormat f = format.value_or(MemoryFormat::Preserve);
  return !copy && dtype == self.dtype() && (f == MemoryFormat::Preserve || suggested_format(self) == f);
}

Tensor converted(const Tensor& self, DType dtype, bool copy, std::optional<MemoryFormat> format) {
  if (unchanged(self, dtype, copy, format)) return self;
  return _to_copy(self, dtype, {}, {}, {}, false, format);
}

template <class O, class... A>
const Tensor& fill_inplace(const Tensor& self, const Scalar& value, const A&... args) {
  const bool recording = records_gradient<O>(self, args...);
  check_inplace(self.impl(), recording);
  check_fits(value, self.dtype());
  fill_values(self, value);
  bump_version(self.impl(), &O::op);
  Tensor out = self;
  if (recording) attach<O>(&out, 1, nullptr, true, self, args...);
  return self;
}

}  // namespace

void fill_values(const Tensor& self, const Scalar& value) {
  const Splat splat = make_splat(value, self.dtype());
  View* out[] = {self.impl()->view};
  View* in[] = {nullptr};
  static constexpr FuseInfo kFill{.name = "fill"};
  Record r;
  r.run = [](const Launch& l) { copy_array(l.out[0], l.in[0]); };
  r.fuse = &kFill;
  r.out = out;
  r.in = in;
  r.splats = &splat;
  r.splat_dtype = self.dtype();
  r.n_out = r.n_in = 1;
  submit(r);
}

const Tensor& copy_(const Tensor& self, const Tensor& src, bool) {
  if (!is_expandable_to(src.sizes(), self.sizes()))
    raise(ErrorKind::Runtime, str("output with shape ", self.sizes(), " doesn't match the broadcast shape ",
                                  broadcast_sizes(self.sizes(), src.sizes())));
  const bool recording = records_gradient<Copy_>(self, src, false);
  check_inplace(self.impl(), recording);
  check_no_internal_overlap(self);
  const View *a = self.impl()->view, *b = src.impl()->view;
  if (a == b) {
    // nothing to copy, but a write all the same
  } else if (a->storage == b->storage && a->numel && !same_layout(*a, *b)) {
    if (a->offset != b->offset || !(a->strides() == b->strides())) check_no_partial_overlap(self, src);
    copy_values(self, copy_of(src));
  } else {
    copy_values(self, src);
  }
  bump_version(self.impl(), &Copy_::op);
  Tensor out = self;
  if (recording) attach<Copy_>(&out, 1, nullptr, true, self, src, false);
  return self;
}

void Clone::infer(Call& c, const Tensor& self, std::optional<MemoryFormat> format) {
  c.output(self.sizes(), self.dtype(), strides_for(self, format));
}
void Clone::run(const Launch& l) { copy_array(l.out[0], l.in[0]); }

void ToCopy::infer(Call& c, const Tensor& self, OptDType dtype, std::optional<Layout>, std::optional<Device>,
                   std::optional<bool>, bool, std::optional<MemoryFormat> format) {
  c.output(self.sizes(), dtype.value_or(self.dtype()), strides_for(self, format));
}

Tensor to(const Tensor& self, Device, DType dtype, bool, bool copy, std::optional<MemoryFormat> format) {
  return converted(self, dtype, copy, format);
}
Tensor to(const Tensor& self, DType dtype, bool, bool copy, std::optional<MemoryFormat> format) {
  return converted(self, dtype, copy, format);
}
Tensor to(const Tensor& self, OptDType dtype, std::optional<Layout>, std::optional<Device>, std::optional<bool>, bool,
          bool copy, std::optional<MemoryFormat> format) {
  return converted(self, dtype.value_or(self.dtype()), copy, format);
}
Tensor to(const Tensor& self, const Tensor& other, bool, bool copy, std::optional<MemoryFormat> format) {
  return converted(self, other.dtype(), copy, format);
}
Tensor type_as(const Tensor& self, const Tensor& other) { return converted(self, other.dtype(), false, {}); }

Tensor real(const Tensor& self) { return self; }

MemoryFormat suggested_format(const Tensor& t) {
  const int64_t n = t.dim();
  if ((n != 4 && n != 5) || t.strides()[1] == 0) return MemoryFormat::Contiguous;
  int64_t least = 0;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t d = k == 0 ? 1 : k == n - 1 ? 0 : n - k;  // C, then W, H, (D), then N
    const int64_t size = t.sizes()[d], stride = t.strides()[d];
    if (size == 0 || stride < least || (d == 0 && least == t.strides()[1])) return MemoryFormat::Contiguous;
    least = size > 1 ? stride * size : stride;
  }
  return n == 4 ? MemoryFormat::ChannelsLast : MemoryFormat::ChannelsLast3d;
}

Tensor contiguous(const Tensor& self, MemoryFormat format) {
  if (self.is_contiguous(format)) return self;
  check(format != MemoryFormat::Preserve, "preserve memory format is unsupported by the contiguous operator");
  return clone(self, format);
}

const Tensor& fill_(const Tensor& self, Scalar value) { return fill_inplace<FillScalar_>(self, value, value); }
const Tensor& fill_(const Tensor& self, const Tensor& value) {
  check(value.dim() == 0, "fill_ only supports 0-dimension value tensor but got tensor with ", value.dim(),
        " dimensions.");
  const bool recording = records_gradient<FillTensor_>(self, value);
  check_inplace(self.impl(), recording);
  copy_values(self, value);
  bump_version(self.impl(), &FillTensor_::op);
  Tensor out = self;
  if (recording) attach<FillTensor_>(&out, 1, nullptr, true, self, value);
  return self;
}
const Tensor& zero_(const Tensor& self) { return fill_inplace<Zero_>(self, Scalar(0)); }

}  // namespace gradus
