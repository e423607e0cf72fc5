// Splitting a tensor into views, joining tensors into one.
#include "gradus/kernels/convert.h"
#include "gradus/ops/copy.h"
#include "gradus/ops/view.h"

namespace gradus {
namespace {

Tensors pieces(const Tensor& self, const IntList& sizes, int64_t dim) {
  Tensors out;
  const Geometry g = geometry_of(self);
  int64_t start = 0;
  for (int64_t n : sizes) {
    out.push_back(make_view(self, Slice::geometry(g, dim, start, start + n, 1), ViewKind::MultiOutput));
    start += n;
  }
  return out;
}

// Gradients of pieces, zeros where nothing arrived.
Tensor join_gradients(const Grads& grads, const IntList& piece_sizes, const IntList& sizes, int64_t dim) {
  DType dtype = default_dtype();
  for (int i = 0; i < grads.size; ++i)
    if (grads.data[i].defined()) dtype = grads.data[i].dtype();
  Tensors parts;
  for (int i = 0; i < grads.size; ++i) {
    Dims shape(sizes);
    shape[dim] = piece_sizes[i];
    parts.push_back(grads.data[i].defined() ? grads.data[i] : zeros(shape, dtype));
  }
  return cat(parts, dim);
}

Dims equal_sizes(int64_t n, int64_t split_size) {
  Dims sizes;
  if (n == 0 || split_size == 0) sizes.push_back(n);
  for (int64_t left = n; left > 0 && split_size > 0; left -= split_size)
    sizes.push_back(left < split_size ? left : split_size);
  return sizes;
}

bool legacy_empty(const TensorMeta& m) { return m.sizes.size() == 1 && m.sizes[0] == 0; }

}  // namespace

Tensors split(const Tensor& self, int64_t split_size, int64_t dim) {
  check(self.dim() > 0, "split expects at least a 1-dimensional tensor");
  check(split_size >= 0, "split expects split_size be non-negative, but got split_size=", split_size);
  const int64_t d = wrap_dim(dim, self.dim());
  check(split_size > 0 || self.size(d) == 0,
        "split_size can only be 0 if dimension size is 0, but got dimension size of ", self.size(d));
  Tensors out = pieces(self, equal_sizes(self.size(d), split_size), d);
  if (records_gradient<Split>(self, split_size, d))
    attach<Split>(out.data(), static_cast<int>(out.size()), nullptr, false, self, split_size, d);
  return out;
}
Tensor Split::d0(const Tensor&, const Grads& grads, const Shape<0>& s, const Attr<int64_t, 1>& split_size,
                 const Attr<int64_t, 2>& dim) {
  return join_gradients(grads, equal_sizes(s.sizes[*dim], *split_size), s, *dim);
}

Tensors split_with_sizes(const Tensor& self, IntList split_sizes, int64_t dim) {
  check(self.dim() != 0, "split expects at least a 1-dimensional tensor");
  const int64_t d = wrap_dim(dim, self.dim());
  int64_t total = 0;
  for (int64_t n : split_sizes) {
    check(n >= 0,
          "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=", split_sizes);
    total += n;
  }
  check(total == self.size(d), "split_with_sizes expects split_sizes to sum exactly to ", self.size(d),
        " (input tensor's size at dimension ", dim, "), but got split_sizes=", split_sizes);
  Tensors out = pieces(self, split_sizes, d);
  if (records_gradient<SplitSizes>(self, split_sizes, d))
    attach<SplitSizes>(out.data(), static_cast<int>(out.size()), nullptr, false, self, split_sizes, d);
  return out;
}
Tensor SplitSizes::d0(const Tensor&, const Grads& grads, const Shape<0>& s, const Attr<Dims, 1>& split_sizes,
                      const Attr<int64_t, 2>& dim) {
  return join_gradients(grads, *split_sizes, s, *dim);
}
Tensors split(const Tensor& self, IntList split_size, int64_t dim) { return split_with_sizes(self, split_size, dim); }

Tensors chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  check(self.dim() > 0, "chunk expects at least a 1-dimensional tensor");
  check(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  const int64_t d = wrap_dim(dim, self.dim()), n = self.size(d);
  const int64_t size = (n + chunks - 1) / chunks;
  if (size == 0) return split_with_sizes(self, Dims(chunks, 0), d);
  return split(self, size, d);
}

Tensors unbind(const Tensor& self, int64_t dim) {
  const int64_t d = wrap_dim(dim, self.dim());
  check_as(ErrorKind::Index, self.dim() > 0, "Dimension specified as 0 but tensor has no dimensions");
  Tensors out;
  const Geometry g = geometry_of(self);
  for (int64_t i = 0; i < self.size(d); ++i)
    out.push_back(make_view(self, Select::geometry(g, d, i), ViewKind::MultiOutput));
  if (!out.empty() && records_gradient<Unbind>(self, d))
    attach<Unbind>(out.data(), static_cast<int>(out.size()), nullptr, false, self, d);
  return out;
}
Tensor Unbind::d0(const Tensor&, const Grads& grads, const Shape<0>& s, const Attr<int64_t, 1>& dim) {
  Dims shape(s.sizes);
  shape.erase(*dim);
  Tensors parts;
  for (int i = 0; i < grads.size; ++i) parts.push_back(grads.data[i].defined() ? grads.data[i] : zeros(shape, s.dtype));
  return stack(parts, *dim);
}

namespace {

// Strides of a concatenation: channels last if all tensors are, else row-major (empty).
Dims layout_of_join(const TensorList& tensors, const IntList& sizes) {
  const int64_t n = sizes.size();
  if (n != 4 && n != 5) return {};
  for (const Tensor& t : tensors)
    if (t.dim() != n || suggested_format(t) == MemoryFormat::Contiguous) return {};
  Dims strides(n, 1);
  int64_t step = sizes[1] ? sizes[1] : 1;
  for (int64_t d = n - 1; d >= 2; --d) {
    strides[d] = step;
    step *= sizes[d] ? sizes[d] : 1;
  }
  strides[0] = step;
  return strides;
}

// Row by row through all tensors at once, where there are rows worth a copy each and none needs a conversion.
bool join_rows(const TensorList& tensors, const Tensor& out, int64_t dim) {
  constexpr int64_t kMostParts = 64, kLeastBytes = 64;
  if (dim == 0 || out.numel() == 0 || tensors.size() > kMostParts) return false;
  if (out.size(dim) * out.stride(dim) * item_size(out.dtype()) < kLeastBytes * tensors.size()) return false;
  Tensors parts;
  for (const Tensor& t : tensors) {
    if (t.dtype() != out.dtype() || !t.is_contiguous()) return false;
    if (t.numel() > 0) parts.push_back(t);
  }
  run_into(out, [](const Launch& l) { join_arrays(l.in, l.n_in, l.out[0], static_cast<int>(l.ints[0])); }, parts,
           {dim});
  return true;
}

}  // namespace

Tensor Cat::forward(TensorList tensors, int64_t dim) {
  check_as(ErrorKind::Value, !tensors.empty(), "torch.cat(): expected a non-empty list of Tensors");
  const Tensor* model = nullptr;
  DType dtype = tensors[0].dtype();
  for (const Tensor& t : tensors) {
    dtype = promote(dtype, t.dtype());
    if (!model && !(t.dim() == 1 && t.numel() == 0)) model = &t;
  }
  if (!model) return empty(IntList(0), dtype);
  for (int64_t i = 0; i < tensors.size(); ++i)
    check(tensors[i].dim() > 0, "zero-dimensional tensor (at position ", i, ") cannot be concatenated");
  const int64_t d = wrap_dim(dim, model->dim());
  Dims sizes(model->sizes());
  sizes[d] = 0;
  for (int64_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (t.dim() == 1 && t.numel() == 0) continue;
    check(t.dim() == model->dim(), "Tensors must have same number of dimensions: got ", model->dim(), " and ", t.dim());
    for (int64_t k = 0; k < t.dim(); ++k)
      check(k == d || t.size(k) == sizes[k], "Sizes of tensors must match except in dimension ", d, ". Expected size ",
            sizes[k], " but got size ", t.size(k), " for tensor number ", i, " in the list.");
    sizes[d] += t.size(d);
  }
  const Dims strides = layout_of_join(tensors, sizes);
  Tensor out = allocate(sizes, dtype, strides);
  if (strides.empty() && join_rows(tensors, out, d)) return out;
  int64_t start = 0;
  for (const Tensor& t : tensors) {
    if (t.dim() == 1 && t.numel() == 0) continue;
    copy_values(slice(out, d, start, start + t.size(d), 1), t);
    start += t.size(d);
  }
  return out;
}

namespace {
void write_joined(const Tensor* out, const Tensor& result, const TensorList& tensors) {
  check_as(ErrorKind::Type, can_cast(result.dtype(), out->dtype()),
           "torch.cat(): input types can't be cast to the desired output type ", out->dtype());
  check_no_internal_overlap(*out);
  for (const Tensor& t : tensors) check_no_overlap(*out, t);
  resize_output(*out, result.sizes(), result.strides());
  write_output(*out, result);
}
}  // namespace

void Cat::write_out(const Tensor* out, const TensorList& tensors, int64_t dim) {
  write_joined(out, forward(tensors, dim), tensors);
}

Tensor concat(TensorList tensors, int64_t dim) { return cat(tensors, dim); }
void Concat::write_out(const Tensor* out, const TensorList& tensors, int64_t dim) { Cat::write_out(out, tensors, dim); }
Tensor concatenate(TensorList tensors, int64_t dim) { return cat(tensors, dim); }
void Concatenate::write_out(const Tensor* out, const TensorList& tensors, int64_t dim) {
  Cat::write_out(out, tensors, dim);
}

Tensors Cat::d0(const Tensor& g, const Shapes<0>& shapes, const Attr<int64_t, 1>& dim) {
  const int64_t d = wrap_dim(*dim, g.dim());
  Tensors out;
  int64_t start = 0;
  for (const TensorMeta& m : shapes.list) {
    if (legacy_empty(m) && g.dim() != 1) {
      out.push_back(zeros(m.sizes, g.dtype()));
      continue;
    }
    out.push_back(g.narrow(d, start, m.sizes[d]));
    start += m.sizes[d];
  }
  return out;
}

Tensor Stack::forward(TensorList tensors, int64_t dim) {
  check(!tensors.empty(), "stack expects a non-empty TensorList");
  const int64_t d = wrap_dim(dim, tensors[0].dim() + 1);
  Tensors expanded;
  for (int64_t i = 0; i < tensors.size(); ++i) {
    check(tensors[i].sizes() == tensors[0].sizes(), "stack expects each tensor to be equal size, but got ",
          tensors[0].sizes(), " at entry 0 and ", tensors[i].sizes(), " at entry ", i);
    expanded.push_back(tensors[i].unsqueeze(d));
  }
  return Cat::forward(expanded, d).contiguous();
}
void Stack::write_out(const Tensor* out, const TensorList& tensors, int64_t dim) {
  write_joined(out, forward(tensors, dim), tensors);
}

}  // namespace gradus
