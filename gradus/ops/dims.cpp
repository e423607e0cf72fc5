// Views that reorder, window, merge or split dims.
#include "gradus/ops/dims.h"

#include "gradus/ops/create.h"

namespace gradus {

Tensor movedim(const Tensor& self, IntList source, IntList destination) {
  const int64_t n = self.dim(), moved = source.size();
  check(moved == destination.size(), "movedim: Invalid source or destination dims: source (", source,
        " dims) should contain the same number of dims as destination (", destination, " dims)");
  Dims from, to;
  for (int64_t i = 0; i < moved; ++i) from.push_back(wrap_dim(source[i], n));
  for (int64_t i = 0; i < moved; ++i) to.push_back(wrap_dim(destination[i], n));
  for (int64_t i = 0; i < moved; ++i)
    for (int64_t j = 0; j < i; ++j) check(from[i] != from[j], "movedim: repeated dim in `source` (", source, ")");
  for (int64_t i = 0; i < moved; ++i)
    for (int64_t j = 0; j < i; ++j) check(to[i] != to[j], "movedim: repeated dim in `destination` (", destination, ")");
  if (n == 0) return alias(self);
  Dims order(n, -1);
  uint64_t taken = 0;
  for (int64_t i = 0; i < moved; ++i) {
    order[to[i]] = from[i];
    taken |= uint64_t{1} << from[i];
  }
  for (int64_t i = 0, next = 0; i < n; ++i) {  // the others keep their order
    if (order[i] >= 0) continue;
    while (taken >> next & 1u) ++next;
    order[i] = next++;
  }
  return self.permute(order);
}
Tensor movedim(const Tensor& self, int64_t source, int64_t destination) {
  return movedim(self, IntList(source), IntList(destination));
}
Tensor moveaxis(const Tensor& self, IntList source, IntList destination) { return movedim(self, source, destination); }
Tensor moveaxis(const Tensor& self, int64_t source, int64_t destination) { return movedim(self, source, destination); }
Tensor swapaxes(const Tensor& self, int64_t axis0, int64_t axis1) { return self.transpose(axis0, axis1); }
Tensor swapdims(const Tensor& self, int64_t dim0, int64_t dim1) { return self.transpose(dim0, dim1); }
const Tensor& swapaxes_(const Tensor& self, int64_t axis0, int64_t axis1) { return self.transpose_(axis0, axis1); }
const Tensor& swapdims_(const Tensor& self, int64_t dim0, int64_t dim1) { return self.transpose_(dim0, dim1); }
Tensor adjoint(const Tensor& self) {
  check(self.dim() != 1, "tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor.");
  return self.dim() == 0 ? self : self.transpose(-2, -1);
}

Geometry Unfold::geometry(const Geometry& g, int64_t dimension, int64_t size, int64_t step) {
  const int64_t n = g.sizes.size(), d = wrap_dim(dimension, n);
  const int64_t most = n ? g.sizes[d] : 1;
  check(size >= 0, "size is ", size, " but must be >= 0");
  check(size <= most, "maximum size for tensor at dimension ", d, " is ", most, " but size is ", size);
  check(step > 0, "step is ", step, " but must be > 0");
  Geometry out = g;
  out.sizes.push_back(size);
  out.strides.push_back(n ? g.strides[d] : 1);
  if (n) {
    out.sizes[d] = (g.sizes[d] - size) / step + 1;
    out.strides[d] *= step;
  }
  return out;
}
Tensor UnfoldBackward::forward(const Tensor& grad, const IntList& sizes, int64_t dim, int64_t size, int64_t step) {
  Tensor out = zeros(sizes, grad.dtype());
  if (sizes.empty() || step >= size) {  // no element in two windows
    out.unfold(dim, size, step).copy_(grad);
    return out;
  }
  const int64_t d = wrap_dim(dim, sizes.size());
  const Tensor index = arange(sizes[d], DType::Int64).unfold(0, size, step).flatten();
  return out.index_add(d, index, grad.movedim(-1, d + 1).flatten(d, d + 1));
}

Tensor broadcast_to(const Tensor& self, IntList size) { return self.expand(size); }
Tensors broadcast_tensors(TensorList tensors) {
  Dims sizes;
  for (const Tensor& t : tensors) sizes = broadcast_sizes(sizes, t.sizes());
  Tensors out;
  for (const Tensor& t : tensors) out.push_back(t.sizes() == sizes ? t : t.expand(sizes));
  return out;
}
Tensor sum_to_size(const Tensor& self, IntList size) {
  check(is_expandable_to(size, self.sizes()), "size {", size, "} is not expandable to size {", self.sizes(), "}.");
  return size.empty() ? self.sum() : sum_to(self, size);
}

Tensor unflatten(const Tensor& self, int64_t dim, IntList sizes) {
  const int64_t d = wrap_dim(dim, self.dim());
  check(!sizes.empty(), "unflatten: sizes must be non-empty");
  check(self.dim() > 0, "unflatten got an unexpected error:\nDimension specified as ", dim,
        " but tensor has no dimensions");
  const int64_t n = self.size(d);
  Dims found(sizes);
  int64_t known = 1, open = -1;
  for (int64_t i = 0; i < sizes.size(); ++i) {
    check(sizes[i] >= -1, "unflatten got an unexpected error:\ninvalid shape dimension ", sizes[i], " at index ", i,
          " of shape ", sizes);
    check(sizes[i] >= 0 || open < 0, "unflatten got an unexpected error:\nonly one dimension can be inferred");
    if (sizes[i] < 0) open = i;
    else known *= sizes[i];
  }
  check(open < 0     ? known == n
        : known == 0 ? n == 0
                     : n % known == 0,
        "unflatten: Provided sizes ", sizes, " don't multiply up to the size of dim ", d, " (", n,
        ") in the input tensor");
  check(open < 0 || known > 0, "unflatten got an unexpected error:\ncannot reshape tensor of 0 elements into shape ",
        sizes, " because the unspecified dimension size -1 can be any value and is ambiguous");
  if (open >= 0) found[open] = n / known;
  Dims shape;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i != d) shape.push_back(self.size(i));
    else
      for (int64_t size : found) shape.push_back(size);
  }
  return self.view(shape);
}
Tensor ravel(const Tensor& self) { return self.contiguous().view(IntList(-1)); }

// ---- at least so many dims

namespace {
template <class F>
Tensors each(TensorList tensors, F&& f) {
  Tensors out;
  for (const Tensor& t : tensors) out.push_back(f(t));
  return out;
}
}  // namespace

Tensor atleast_1d(const Tensor& self) { return self.dim() ? self : self.reshape(IntList(1)); }
Tensor atleast_2d(const Tensor& self) {
  if (self.dim() == 0) return self.reshape({1, 1});
  return self.dim() == 1 ? self.unsqueeze(0) : self;
}
Tensor atleast_3d(const Tensor& self) {
  if (self.dim() == 0) return self.reshape({1, 1, 1});
  if (self.dim() == 1) return self.unsqueeze(0).unsqueeze(-1);
  return self.dim() == 2 ? self.unsqueeze(-1) : self;
}
Tensors atleast_1d(TensorList tensors) {
  return each(tensors, [](const Tensor& t) { return atleast_1d(t); });
}
Tensors atleast_2d(TensorList tensors) {
  return each(tensors, [](const Tensor& t) { return atleast_2d(t); });
}
Tensors atleast_3d(TensorList tensors) {
  return each(tensors, [](const Tensor& t) { return atleast_3d(t); });
}

// ---- splittings

namespace {

int64_t split_dim(const Tensor& self, int64_t dim) {
  check(self.dim() > 0, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ", self.dim(),
        " dims");
  return wrap_dim(dim, self.dim());
}

int64_t need_dims(std::string_view name, const Tensor& self, int64_t dims, int64_t dim) {
  check(self.dim() >= dims, "torch.", name, " requires a tensor with at least ", dims, " dimension, but got a tensor ",
        "with ", self.dim(), " dimensions!");
  return name == "hsplit" && self.dim() == 1 ? 0 : dim;
}
Tensors equal_split(std::string_view name, const Tensor& self, int64_t dims, int64_t dim, int64_t sections) {
  const int64_t d = need_dims(name, self, dims, dim);
  check(sections != 0 && self.size(d) % sections == 0, "torch.", name, " attempted to split along dimension ", d,
        ", but the size of the dimension ", self.size(d), " is not divisible by the split_size ", sections, "!");
  return tensor_split(self, sections, d);
}

// The same memory outside the graph, with a version counter of its own.
Tensors unshared(const Tensors& views) {
  Tensors out;
  for (const Tensor& t : views) {
    View* view = t.impl()->view;
    ref_inc(view->refs);
    out.push_back(Tensor(new_tensor(view)));
  }
  return out;
}

}  // namespace

Tensors tensor_split(const Tensor& self, int64_t sections, int64_t dim) {
  const int64_t d = split_dim(self, dim);
  check(sections > 0, "number of sections must be larger than 0, got ", sections);
  const int64_t size = self.size(d) / sections, longer = self.size(d) % sections;
  Tensors out;
  int64_t start = 0;
  for (int64_t i = 0; i < sections; ++i) {
    const int64_t end = start + size + (i < longer);
    out.push_back(slice(self, d, start, end, 1));
    start = end;
  }
  return out;
}
Tensors tensor_split(const Tensor& self, IntList indices, int64_t dim) {
  const int64_t d = split_dim(self, dim);
  Tensors out;
  int64_t start = 0;
  for (int64_t end : indices) {
    out.push_back(slice(self, d, start, end, 1));
    start = end;
  }
  out.push_back(slice(self, d, start, self.size(d), 1));
  return out;
}
Tensors tensor_split(const Tensor& self, const Tensor& cuts, int64_t dim) {
  check(self.dim() > 0, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ", self.dim(),
        " dims");
  check(cuts.dtype() == DType::Int64,
        "tensor_split expected tensor_indices_or_sections to have dtype of long, but got ", cuts.dtype());
  check(cuts.dim() <= 1,
        "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got "
        "a tensor with ",
        cuts.dim(), " dims");
  if (cuts.dim() == 0) return tensor_split(self, cuts.item<int64_t>(), dim);
  Dims indices;
  for (int64_t i = 0; i < cuts.numel(); ++i) indices.push_back(cuts[i].item<int64_t>());
  return tensor_split(self, IntList(indices), dim);
}
Tensors hsplit(const Tensor& self, int64_t sections) { return equal_split("hsplit", self, 1, 1, sections); }
Tensors vsplit(const Tensor& self, int64_t sections) { return equal_split("vsplit", self, 2, 0, sections); }
Tensors dsplit(const Tensor& self, int64_t sections) { return equal_split("dsplit", self, 3, 2, sections); }
Tensors hsplit(const Tensor& self, IntList indices) {
  return tensor_split(self, indices, need_dims("hsplit", self, 1, 1));
}
Tensors vsplit(const Tensor& self, IntList indices) {
  return tensor_split(self, indices, need_dims("vsplit", self, 2, 0));
}
Tensors dsplit(const Tensor& self, IntList indices) {
  return tensor_split(self, indices, need_dims("dsplit", self, 3, 2));
}

Tensors unsafe_split(const Tensor& self, int64_t split_size, int64_t dim) {
  Tensors out;
  {
    NoGrad guard;
    out = unshared(split(self, split_size, dim));
  }
  const int64_t d = wrap_dim(dim, self.dim());
  if (records_gradient<UnsafeSplit>(self, split_size, d))
    attach<UnsafeSplit>(out.data(), static_cast<int>(out.size()), nullptr, false, self, split_size, d);
  return out;
}
Tensors unsafe_split_with_sizes(const Tensor& self, IntList split_sizes, int64_t dim) {
  Tensors out;
  {
    NoGrad guard;
    out = unshared(split_with_sizes(self, split_sizes, dim));
  }
  const int64_t d = wrap_dim(dim, self.dim());
  if (records_gradient<UnsafeSplitSizes>(self, split_sizes, d))
    attach<UnsafeSplitSizes>(out.data(), static_cast<int>(out.size()), nullptr, false, self, split_sizes, d);
  return out;
}
Tensors unsafe_chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  check(self.dim() > 0, "chunk expects at least a 1-dimensional tensor");
  check(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  const int64_t d = wrap_dim(dim, self.dim()), n = self.size(d);
  if (n == 0) return unsafe_split_with_sizes(self, Dims(chunks, 0), d);
  return unsafe_split(self, (n + chunks - 1) / chunks, d);
}

}  // namespace gradus
