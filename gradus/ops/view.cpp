// Geometry of views.
#include "gradus/ops/view.h"

namespace gradus {

Tensor sum_to(const Tensor& g, const IntList& sizes) {
  if (g.sizes() == sizes) return g;
  const int64_t lead = g.dim() - sizes.size();
  Dims reduced;
  for (int64_t i = 0; i < g.dim(); ++i)
    if (i < lead || (sizes[i - lead] == 1 && g.sizes()[i] != 1)) reduced.push_back(i);
  const Tensor out = reduced.empty() ? g : g.sum(OptIntList(reduced), true);
  return lead ? out.reshape(sizes) : out;
}

Geometry View_::geometry(const Geometry& g, const IntList& size) {
  Geometry out{infer_view_size(size, product(g.sizes)), {}, g.offset};
  check(view_strides(g.sizes, g.strides, out.sizes, out.strides),
        "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
        "contiguous subspaces). Use .reshape(...) instead.");
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
  if (view_strides(self.sizes(), self.strides(), sizes, strides)) return self.view(sizes);
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
  check(size.size() >= g.sizes.size(), "expand: the number of sizes provided (", size.size(),
        ") must be greater or equal to the number of dimensions in the tensor (", g.sizes.size(), ")");
  Geometry out{Dims(size), {}, g.offset};
  const int64_t lead = size.size() - g.sizes.size();
  for (int64_t i = 0; i < size.size(); ++i) {
    const bool is_new = i < lead;
    if (size[i] == -1) {
      check(!is_new, "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ", i);
      out.sizes[i] = g.sizes[i - lead];
    }
    check(out.sizes[i] >= 0, "The expanded size of the tensor (", out.sizes[i], ") isn't allowed");
    check(is_new || g.sizes[i - lead] == 1 || g.sizes[i - lead] == out.sizes[i], "The expanded size of the tensor (",
          size[i], ") must match the existing size (", is_new ? 0 : g.sizes[i - lead], ") at non-singleton dimension ", i,
          ".  Target sizes: ", size, ".  Tensor sizes: ", g.sizes);
  }
  out.strides = expand_strides(g.sizes, g.strides, out.sizes);
  for (int64_t i = lead - 1; i >= 0; --i)  // a new dim of size one continues the dims behind it
    out.strides[i] = out.sizes[i] != 1           ? 0
                     : i + 1 < out.sizes.size() ? out.sizes[i + 1] * out.strides[i + 1]
                                                : 1;
  return out;
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
  return g.sizes.size() < 2 ? g : Transpose::geometry(g, 0, 1);
}

Geometry Permute::geometry(const Geometry& g, const IntList& dims) {
  const int64_t n = g.sizes.size();
  check(dims.size() == n, "permute(sparse_coo): number of dimensions in the tensor input does not match the length of "
        "the desired ordering of dimensions i.e. input.dim() = ", n, " is not equal to len(dims) = ", dims.size());
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
  check(!g.sizes.empty(), "slice() cannot be applied to a 0-dim tensor.");
  check(step > 0, "slice step must be positive");
  const int64_t d = wrap_dim(dim, g.sizes.size()), n = g.sizes[d];
  auto clamped = [n](int64_t i) { return i < 0 ? (i + n < 0 ? 0 : i + n) : (i > n ? n : i); };
  const int64_t first = clamped(start.value_or(0));
  const int64_t last = end ? clamped(*end) : n;
  Geometry out = g;
  out.offset += first * g.strides[d];
  out.sizes[d] = last > first ? (last - first + step - 1) / step : 0;
  out.strides[d] = g.strides[d] * step;
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

Tensor detach(const Tensor& self) {
  TensorImpl* t = self.impl();
  ref_inc(t->view->refs);
  TensorImpl* out = new_tensor(t->view);
  Version& v = version_of(t);
  ref_inc(v.refs);
  out->version = &v;
  return Tensor(out);
}

// ---- as_strided

Tensor as_strided(const Tensor& self, IntList size, IntList stride, std::optional<int64_t> storage_offset) {
  check(size.size() == stride.size(), "mismatch in length of strides and shape");
  int64_t last = storage_offset.value_or(self.storage_offset());
  check(last >= 0, "Tensor: invalid storage offset ", last);
  const int64_t offset = last;
  for (int64_t i = 0; i < size.size(); ++i) {
    check(size[i] >= 0, "as_strided: Negative sizes are not supported at the moment, got sizes: ", size);
    check(stride[i] >= 0, "as_strided: Negative strides are not supported at the moment, got strides: ", stride);
    last += (size[i] - 1) * stride[i];
  }
  const Storage* s = self.impl()->view->storage;
  const int64_t item = item_size(self.dtype());
  check(product(size) == 0 || (last + 1) * item <= s->bytes, "setStorage: sizes ", size, ", strides ", stride,
        ", storage offset ", offset, ", and itemsize ", item, " requiring a storage size of ", (last + 1) * item,
        " are out of bounds for storage of size ", s->bytes);
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
Tensor AsStridedBackward::forward(const Tensor& grad, const IntList& size, const IntList& stride, int64_t offset,
                                  const IntList& in_size, const IntList& in_stride) {
  // Expanded dims add up first; what remains must not overlap.
  Tensor g = grad;
  Dims sizes(size);
  for (int64_t i = 0; i < size.size(); ++i)
    if (stride[i] == 0 && size[i] > 1) {
      g = g.sum(i, true);
      sizes[i] = 1;
    }
  check_as(ErrorKind::NotImplemented,
           is_non_overlapping_and_dense(in_size, in_stride) && offset >= 0 &&
               (product(sizes) <= 1 || !has_internal_overlap(sizes, stride)),
           "the gradient of as_strided over overlapping memory is not implemented");
  Tensor out = empty_strided(in_size, in_stride, grad.dtype());
  out.zero_();
  out.as_strided(sizes, stride, offset).copy_(g);
  return out;
}
Tensor AsStridedBackward::d0(const Tensor& g, const Attr<Dims, 1>& size, const Attr<Dims, 2>& stride,
                             const Attr<int64_t, 3>& offset, const Attr<Dims, 4>& in_size,
                             const Attr<Dims, 5>& in_stride) {
  Tensor laid_out = empty_strided(*in_size, *in_stride, g.dtype());
  laid_out.copy_(g);
  return laid_out.as_strided(*size, *stride, *offset);
}

Tensor Tensor::operator[](int64_t index) const { return select(0, index); }

}  // namespace gradus
