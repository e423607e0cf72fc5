// Geometry of views.
#include "gradus/ops/view.h"

#include <algorithm>

namespace gradus {

Tensor bare_view(const Tensor& t, const IntList& sizes, const IntList& strides) {
  const View* v = t.impl()->view;
  ref_inc(v->storage->refs);
  return Tensor(new_tensor(new_view(v->storage, v->dtype, sizes, strides, v->offset)));
}

Tensor turned(const Tensor& matrix) {
  if (is_grad_enabled()) return matrix.t();
  const View* v = matrix.impl()->view;
  const int64_t *size = v->size_data(), *stride = v->stride_data();
  const int64_t sizes[] = {size[1], size[0]}, strides[] = {stride[1], stride[0]};
  return bare_view(matrix, {sizes, 2}, {strides, 2});
}

// The sum of one element each in a shape of as many: that element, but -0 becomes the +0 that a sum starts from.
static Tensor sum_of_ones(const Tensor& g, const IntList& sizes) {
  const View& v = *g.impl()->view;
  const bool wide = v.dtype == DType::Float32 || v.dtype == DType::Float64,
             there = v.storage->data && !v.storage->has(Storage::kShrunk | Storage::kWritten);
  if (!wide || !there || v.numel >= kWorthWaiting || !begin_direct()) return bare_view(g, sizes, {}) + 0;
  Tensor out = allocate(sizes, v.dtype, {}, false);
  const auto add_zero = [&]<class T>(T zero) {
    const T* from = reinterpret_cast<const T*>(v.raw());
    T* to = reinterpret_cast<T*>(out.impl()->view->raw());
    for (int64_t i = 0; i < v.numel; ++i) to[i] = from[i] + zero;
  };
  v.dtype == DType::Float32 ? add_zero(0.0f) : add_zero(0.0);
  return out;
}

Tensor sum_to(const Tensor& g, const IntList& sizes) {
  if (g.sizes() == sizes) return g;
  const int64_t lead = g.dim() - sizes.size();
  Dims reduced;
  bool inner = false;
  for (int64_t i = 0; i < g.dim(); ++i)
    if (i < lead || (sizes[i - lead] == 1 && g.sizes()[i] != 1)) {
      reduced.push_back(i);
      inner |= i >= lead;
    }
  if (reduced.empty()) return g;
  if (!inner && !is_grad_enabled() && is_floating(g.dtype()) && g.is_contiguous() && g.numel() &&
      g.numel() == product(sizes))
    return sum_of_ones(g, sizes);
  const Tensor out = g.sum(OptIntList(reduced), inner);
  return lead && inner ? out.reshape(sizes) : out;
}

Geometry View_::geometry(const Geometry& g, const IntList& size) {
  Geometry out{infer_view_size(size, product(g.sizes)), {}, g.offset};
  check(view_strides(g.sizes, g.strides, out.sizes, out.strides),
        "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
        "contiguous subspaces). Use .reshape(...) instead.");
  return out;
}

Tensor view(const Tensor& self, DType dtype) {
  Geometry g = geometry_of(self);
  const int64_t had = item_size(self.dtype()), wanted = item_size(dtype), last = self.dim() - 1;
  const std::string what = str(" to view ", self.dtype(), " as ", dtype, " (different element sizes)");
  if (had != wanted) {
    check(self.dim() > 0, "self.dim() cannot be 0", what);
    check(g.strides[last] == 1, "self.stride(-1) must be 1", what, ", but got ", g.strides[last]);
  }
  if (had > wanted) {
    const int64_t ratio = had / wanted;
    g.sizes[last] *= ratio;
    g.offset *= ratio;
    for (int64_t d = 0; d < last; ++d) g.strides[d] *= ratio;
  } else if (had < wanted) {
    const int64_t ratio = wanted / had;
    check(g.sizes[last] % ratio == 0, "self.size(-1) must be divisible by ", ratio, what, ", but got ", g.sizes[last]);
    check(g.offset % ratio == 0, "self.storage_offset() must be divisible by ", ratio, what, ", but got ", g.offset);
    for (int64_t d = 0; d < last; ++d) {
      check(g.strides[d] % ratio == 0, "self.stride(", d, ") must be divisible by ", ratio, what, ", but got ",
            g.strides[d]);
      g.strides[d] /= ratio;
    }
    g.sizes[last] /= ratio;
    g.offset /= ratio;
  }
  GradMode guard(false);  // bits have no derivative
  const Tensor out = make_view(self, g);
  TensorImpl* t = out.impl();
  View* before = t->view;
  ref_inc(before->storage->refs);
  t->view = new_view(before->storage, dtype, g.sizes, g.strides, g.offset);
  drop(before);
  return out;
}

Tensor _unsafe_view(const Tensor& self, IntList size) {
  const Dims sizes = infer_view_size(size, self.numel());
  TensorImpl* t = self.impl();
  Dims strides;
  check(view_strides(self.sizes(), self.strides(), sizes, strides), "_unsafe_view needs a contiguous tensor");
  ref_inc(t->view->storage->refs);
  Tensor out(new_tensor(new_view(t->view->storage, self.dtype(), sizes, strides, t->view->offset)));
  if (records_gradient<UnsafeView>(self, size)) attach<UnsafeView>(&out, 1, nullptr, false, self, size);
  return out;
}

Tensor view_as(const Tensor& self, const Tensor& other) { return self.view(other.sizes()); }
Tensor reshape(const Tensor& self, IntList shape) {
  const Dims sizes = infer_view_size(shape, self.numel());
  Dims strides;
  if (view_strides(self.sizes(), self.strides(), sizes, strides))
    return self.is_contiguous() ? self.view(sizes) : _reshape_alias(self, sizes, strides);
  return _unsafe_view(self.clone(MemoryFormat::Contiguous), sizes);
}
Tensor reshape_as(const Tensor& self, const Tensor& other) { return self.reshape(other.sizes()); }

Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim) {
  const int64_t first = wrap_dim(start_dim, self.dim()), last = wrap_dim(end_dim, self.dim());
  check(first <= last, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (self.dim() == 0) return self.reshape(IntList(1));
  if (first == last) return self;
  Dims sizes;
  int64_t merged = 1;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i >= first && i <= last) merged *= self.size(i);
    if (i == last) sizes.push_back(merged);
    if (i < first || i > last) sizes.push_back(self.size(i));
  }
  return self.reshape(sizes);
}

Geometry Expand::geometry(const Geometry& g, const IntList& size, bool) {
  Geometry out{Dims(size), {}, g.offset};
  const int64_t lead = size.size() - g.sizes.size();
  for (int64_t i = size.size() - 1; i >= 0; --i) {
    const bool is_new = i < lead;
    const int64_t had = is_new ? 1 : g.sizes[i - lead];
    if (size[i] == -1) {
      check(!is_new, "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ", i);
      out.sizes[i] = had;
    }
    check(had == 1 || had == out.sizes[i], "The expanded size of the tensor (", size[i],
          ") must match the existing size (", had, ") at non-singleton dimension ", i, ".  Target sizes: ", size,
          ".  Tensor sizes: ", g.sizes);
  }
  for (int64_t n : out.sizes) check(n >= 0, "numel: integer multiplication overflow");
  out.strides = expand_strides(g.sizes, g.strides, out.sizes);
  if (g.sizes.empty()) return out;         // all strides 0
  for (int64_t i = lead - 1; i >= 0; --i)  // a new dim of size one continues the dims behind it
    out.strides[i] = out.sizes[i] != 1 ? 0 : out.sizes[i + 1] * out.strides[i + 1];
  return out;
}

namespace {
// "expand(torch.FloatTensor{[2, 3]}, size=[3]): …": the one message of expand that names the tensor's dtype.
void check_expand_dims(const Tensor& self, const IntList& size) {
  check(size.size() >= self.dim(), "expand(torch.", scalar_type_name(self.dtype()), "Tensor{", self.sizes(),
        "}, size=", size, "): the number of sizes provided (", size.size(),
        ") must be greater or equal to the number of dimensions in the tensor (", self.dim(), ")");
}
}  // namespace

Tensor expand(const Tensor& self, IntList size, bool implicit) {
  check_expand_dims(self, size);
  return view_op<Expand>(self, size, implicit);
}
Tensor expand_as(const Tensor& self, const Tensor& other) { return self.expand(other.sizes()); }

Geometry Unsqueeze::geometry(const Geometry& g, int64_t dim) {
  const int64_t n = g.sizes.size();
  const int64_t d = wrap_dim(dim, n + 1);
  Geometry out = g;
  out.sizes.insert(d, 1);
  out.strides.insert(d, d < n ? g.sizes[d] * g.strides[d] : 1);
  return out;
}

namespace {
Geometry squeezed(const Geometry& g, uint64_t mask) {
  Geometry out{{}, {}, g.offset};
  for (int64_t i = 0; i < g.sizes.size(); ++i) {
    if (g.sizes[i] == 1 && (mask >> i & 1u)) continue;
    out.sizes.push_back(g.sizes[i]);
    out.strides.push_back(g.strides[i]);
  }
  return out;
}
}  // namespace

Geometry SqueezeAll::geometry(const Geometry& g) { return squeezed(g, ~uint64_t{0}); }
Geometry SqueezeDim::geometry(const Geometry& g, int64_t dim) {
  return squeezed(g, uint64_t{1} << wrap_dim(dim, g.sizes.size()));
}
Geometry SqueezeDims::geometry(const Geometry& g, const IntList& dims) {
  uint64_t mask = 0;
  for (int64_t d : dims) {
    const int64_t w = wrap_dim(d, g.sizes.size());
    check(!(mask >> w & 1u), "dim ", w, " appears multiple times in the list of dims");
    mask |= uint64_t{1} << w;
  }
  return squeezed(g, mask);
}

Geometry Transpose::geometry(const Geometry& g, int64_t dim0, int64_t dim1) {
  const int64_t a = wrap_dim(dim0, g.sizes.size()), b = wrap_dim(dim1, g.sizes.size());
  Geometry out = g;
  if (g.sizes.empty()) return out;
  out.sizes[a] = g.sizes[b];
  out.sizes[b] = g.sizes[a];
  out.strides[a] = g.strides[b];
  out.strides[b] = g.strides[a];
  return out;
}

Geometry T::geometry(const Geometry& g) {
  check(g.sizes.size() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", g.sizes.size(), "D");
  Geometry out = g;
  if (g.sizes.size() < 2) return out;
  std::swap(out.sizes[0], out.sizes[1]);
  std::swap(out.strides[0], out.strides[1]);
  return out;
}

Geometry Permute::geometry(const Geometry& g, const IntList& dims) {
  const int64_t n = g.sizes.size();
  check(dims.size() == n,
        "permute(sparse_coo): number of dimensions in the tensor input does not match the length of "
        "the desired ordering of dimensions i.e. input.dim() = ",
        n, " is not equal to len(dims) = ", dims.size());
  Geometry out{{}, {}, g.offset};
  uint64_t seen = 0;
  for (int64_t d : dims) {
    const int64_t w = wrap_dim(d, n);
    check(!(seen >> w & 1u), "permute(): duplicate dims are not allowed.");
    seen |= uint64_t{1} << w;
    out.sizes.push_back(g.sizes[w]);
    out.strides.push_back(g.strides[w]);
  }
  return out;
}
Tensor Permute::d0(const Tensor& g, const Attr<Dims, 1>& dims) {
  Dims inverse(dims->size(), 0);
  for (int64_t i = 0; i < dims->size(); ++i) inverse[wrap_dim((*dims)[i], dims->size())] = i;
  return g.permute(inverse);
}

Geometry Select::geometry(const Geometry& g, int64_t dim, int64_t index) {
  check_as(ErrorKind::Index, !g.sizes.empty(), "select() cannot be applied to a 0-dim tensor.");
  const int64_t d = wrap_dim(dim, g.sizes.size()), n = g.sizes[d];
  check_as(ErrorKind::Index, index >= -n && index < n, "select(): index ", index, " out of range for tensor of size ",
           g.sizes, " at dimension ", d);
  Geometry out = g;
  out.offset += (index < 0 ? index + n : index) * g.strides[d];
  out.sizes.erase(d);
  out.strides.erase(d);
  return out;
}
Tensor Select::d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const Attr<int64_t, 2>& index) {
  return select_backward(g, s, *dim, *index);
}
Tensor SelectBackward::forward(const Tensor& grad, const IntList& sizes, int64_t dim, int64_t index) {
  Tensor out = zeros(sizes, grad.dtype());
  out.select(dim, index).copy_(grad);
  return out;
}

Geometry Slice::geometry(const Geometry& g, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end,
                         int64_t step) {
  check_as(ErrorKind::Index, !g.sizes.empty(), "slice() cannot be applied to a 0-dim tensor.");
  check(step > 0, "slice step must be positive");
  const int64_t d = wrap_dim(dim, g.sizes.size()), n = g.sizes[d];
  auto clamped = [n](int64_t i) { return i < 0 ? (i + n < 0 ? 0 : i + n) : (i > n ? n : i); };
  const int64_t first = clamped(start.value_or(0));
  const int64_t last = end ? clamped(*end) : n;
  Geometry out = g;
  out.offset += first * g.strides[d];
  out.sizes[d] = last > first ? (last - first - 1) / step + 1 : 0;
  out.strides[d] = static_cast<int64_t>(static_cast<uint64_t>(g.strides[d]) * static_cast<uint64_t>(step));
  return out;
}
Tensor Slice::d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim,
                 const Attr<std::optional<int64_t>, 2>& start, const Attr<std::optional<int64_t>, 3>& end,
                 const Attr<int64_t, 4>& step) {
  return slice_backward(g, s, *dim, start->value_or(0), end->value_or(INT64_MAX), *step);
}
Tensor SliceBackward::forward(const Tensor& grad, const IntList& sizes, int64_t dim, int64_t start, int64_t end,
                              int64_t step) {
  Tensor out = zeros(sizes, grad.dtype());
  slice(out, dim, start, end, step).copy_(grad);
  return out;
}

Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  check(self.dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  check(length >= 0, "narrow(): length must be non-negative.");
  const int64_t n = self.size(dim);
  check_as(ErrorKind::Index, start >= -n && start <= n, "start out of range (expected to be in range of [", -n, ", ", n,
           "], but got ", start, ")");
  const int64_t first = start < 0 ? start + n : start;
  check(first <= n - length, "start (", first, ") + length (", length, ") exceeds dimension size (", n, ").");
  return slice(self, dim, first, first + length, 1);
}

Tensor narrow(const Tensor& self, int64_t dim, const Tensor& start, int64_t length) {
  check(start.dim() == 0 && !is_floating(start.dtype()) && start.dtype() != DType::Bool,
        "start must be an 0-dim integral Tensor.");
  return narrow(self, dim, start.item().to_int(), length);
}

Tensor detach(const Tensor& self) {
  TensorImpl* t = self.impl();
  ref_inc(t->view->refs);
  TensorImpl* out = new_tensor(t->view);
  out->flags = t->flags & TensorImpl::kInference;
  Version& v = version_of(t);
  ref_inc(v.refs);
  out->version = &v;
  return Tensor(out);
}

// ---- as_strided

namespace {
// The offset; raises where the view would leave the storage.
int64_t check_strided(const Tensor& self, const IntList& size, const IntList& stride,
                      std::optional<int64_t> storage_offset) {
  check(size.size() == stride.size(), "mismatch in length of strides and shape");
  const int64_t offset = storage_offset.value_or(self.storage_offset());
  check(offset >= 0, "Tensor: invalid storage offset ", offset);
  for (int64_t i = 0; i < size.size(); ++i) {
    check(size[i] >= 0, "Storage size calculation overflowed with sizes=", size, " and strides=", stride);
    check(stride[i] >= 0, "as_strided: Negative strides are not supported at the moment, got strides: ", stride);
  }
  const Storage* s = self.impl()->view->storage;
  const int64_t item = item_size(self.dtype());
  const int64_t needed = storage_bytes(size, stride, offset, item);
  check(needed <= s->bytes, "setStorage: sizes ", size, ", strides ", stride, ", storage offset ", offset,
        ", and itemsize ", item, " requiring a storage size of ", needed, " are out of bounds for storage of size ",
        s->bytes);
  return offset;
}
}  // namespace

Tensor as_strided(const Tensor& self, IntList size, IntList stride, std::optional<int64_t> storage_offset) {
  const int64_t offset = check_strided(self, size, stride, storage_offset);
  Tensor out = make_view(self, {Dims(size), Dims(stride), offset});
  if (records_gradient<AsStrided>(self))
    attach<AsStrided>(&out, 1, nullptr, false, self, size, stride, offset, self.sizes(), self.strides(),
                      self.storage_offset());
  return out;
}
Tensor AsStrided::d0(const Tensor& g, const Attr<Dims, 1>& size, const Attr<Dims, 2>& stride,
                     const Attr<int64_t, 3>& offset, const Attr<Dims, 4>& in_size, const Attr<Dims, 5>& in_stride,
                     const Attr<int64_t, 6>& in_offset) {
  return _gradus_as_strided_backward(g, *size, *stride, *offset - *in_offset, *in_size, *in_stride);
}
namespace {

// Positions in memory that sizes and strides reach, as a tensor of that shape.
Tensor positions(const IntList& size, const IntList& stride, int64_t offset) {
  Tensor out = full({}, offset, DType::Int64).expand(size);
  for (int64_t d = 0; d < size.size(); ++d) {
    Dims shape(size.size(), 1);
    shape[d] = size[d];
    out = out + arange(size[d], DType::Int64).view(shape) * stride[d];
  }
  return out.reshape(IntList(-1));
}

int64_t extent(const IntList& size, const IntList& stride, int64_t offset) {
  int64_t last = offset;
  for (int64_t d = 0; d < size.size(); ++d) last += (size[d] - 1) * stride[d];
  return product(size) ? last + 1 : 0;
}

// Whether two indices may reach the same element: by rising stride, every stride must pass what lies below it.
bool may_overlap(const IntList& size, const IntList& stride) {
  if (product(size) <= 1) return false;
  Dims order;
  for (int64_t d = 0; d < size.size(); ++d)
    if (size[d] > 1) order.push_back(d);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return stride[a] < stride[b]; });
  int64_t last = 0;
  for (int64_t d : order) {
    if (stride[d] <= last) return true;
    last += (size[d] - 1) * stride[d];
  }
  return false;
}

// Memory, from the first element that either view reaches, with the gradient of every element summed.
struct Scattered {
  int64_t in_offset, out_offset, count;
  Scattered(const IntList& size, const IntList& stride, int64_t offset, const IntList& in_size,
            const IntList& in_stride)
      : in_offset(offset < 0 ? -offset : 0),
        out_offset(offset < 0 ? 0 : offset),
        count(std::max(extent(in_size, in_stride, in_offset), extent(size, stride, out_offset))) {}
  Tensor sum(const Tensor& g, const IntList& size, const IntList& stride, int64_t at) const {
    const Tensor memory = zeros(IntList(count), g.dtype());
    if (may_overlap(size, stride)) return memory.index_add(0, positions(size, stride, at), g.reshape(IntList(-1)));
    memory.as_strided(size, stride, at).copy_(g);
    return memory;
  }
  // How many indices of the input share each element.
  Tensor counts(const IntList& in_size, const IntList& in_stride, DType dtype) const {
    return sum(ones({}, dtype).expand(in_size), in_size, in_stride, in_offset).clamp_min(1);
  }
};

}  // namespace

Tensor AsStridedBackward::forward(const Tensor& grad, const IntList& size, const IntList& stride, int64_t offset,
                                  const IntList& in_size, const IntList& in_stride) {
  const Scattered s(size, stride, offset, in_size, in_stride);
  Tensor memory = s.sum(grad, size, stride, s.out_offset);
  if (may_overlap(in_size, in_stride)) memory = memory / s.counts(in_size, in_stride, grad.dtype());
  return memory.as_strided(in_size, in_stride, s.in_offset);
}
Tensor AsStridedBackward::d0(const Tensor& g, const Attr<Dims, 1>& size, const Attr<Dims, 2>& stride,
                             const Attr<int64_t, 3>& offset, const Attr<Dims, 4>& in_size,
                             const Attr<Dims, 5>& in_stride) {
  const Scattered s(*size, *stride, *offset, *in_size, *in_stride);
  Tensor memory = zeros(IntList(s.count), g.dtype())
                      .index_add(0, positions(*in_size, *in_stride, s.in_offset), g.reshape(IntList(-1)));
  if (may_overlap(*in_size, *in_stride)) memory = memory / s.counts(*in_size, *in_stride, g.dtype());
  return memory.as_strided(*size, *stride, s.out_offset);
}

// ---- in place: self gets another geometry, and a node of its own

namespace {

template <class O, class... A>
const Tensor& view_inplace(const Tensor& self, const Geometry& g, const A&... args) {
  TensorImpl* t = self.impl();
  const bool recording = records_gradient<O>(self, args...);
  check_inplace(t, recording);
  View* before = t->view;
  ref_inc(before->storage->refs);
  View* after = new_view(before->storage, before->dtype, g.sizes, g.strides, g.offset);
  bump_version(t, &O::op);
  Tensor out = self;
  const bool is_view = t->meta && t->meta->base;
  if (recording) {
    // The base of a view keeps its elements, and so its history.
    t->view = after;
    attach<O>(&out, 1, nullptr, !is_view, self, args...);
    if (is_view) t->meta->view_version = version_number(t);
  }
  t->view = after;
  drop(before);
  return self;
}

}  // namespace

const Tensor& unsqueeze_(const Tensor& self, int64_t dim) {
  return view_inplace<Unsqueeze_>(self, Unsqueeze::geometry(geometry_of(self), dim), dim);
}
const Tensor& squeeze_(const Tensor& self) {
  return view_inplace<SqueezeAll_>(self, SqueezeAll::geometry(geometry_of(self)), self.sizes());
}
const Tensor& squeeze_(const Tensor& self, int64_t dim) {
  return view_inplace<SqueezeDim_>(self, SqueezeDim::geometry(geometry_of(self), dim), self.sizes());
}
const Tensor& squeeze_(const Tensor& self, IntList dim) {
  return view_inplace<SqueezeDims_>(self, SqueezeDims::geometry(geometry_of(self), dim), self.sizes());
}
const Tensor& transpose_(const Tensor& self, int64_t dim0, int64_t dim1) {
  return view_inplace<Transpose_>(self, Transpose::geometry(geometry_of(self), dim0, dim1), dim0, dim1);
}
const Tensor& t_(const Tensor& self) {
  check(self.dim() <= 2, "t_() expects a tensor with <= 2 dimensions, but self is ", self.dim(), "D");
  return view_inplace<T_>(self, T::geometry(geometry_of(self)));
}
const Tensor& as_strided_(const Tensor& self, IntList size, IntList stride, std::optional<int64_t> storage_offset) {
  for (int64_t n : size) check(n >= 0, "Trying to create tensor with negative dimension ", n, ": ", size);
  const int64_t offset = check_strided(self, size, stride, storage_offset);
  const Geometry before = geometry_of(self);
  return view_inplace<AsStrided_>(self, {Dims(size), Dims(stride), offset}, size, stride, offset, IntList(before.sizes),
                                  IntList(before.strides), before.offset);
}
Tensor AsStrided_::d0(const Tensor& g, const Attr<Dims, 1>& size, const Attr<Dims, 2>& stride,
                      const Attr<int64_t, 3>& offset, const Attr<Dims, 4>& in_size, const Attr<Dims, 5>& in_stride,
                      const Attr<int64_t, 6>& in_offset) {
  return _gradus_as_strided_backward(g, *size, *stride, *offset - *in_offset, *in_size, *in_stride);
}

Tensor Tensor::operator[](int64_t index) const { return select(0, index); }

}  // namespace gradus
