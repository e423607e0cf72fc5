// Triangles and diagonals of matrices.
#include "gradus/ops/triangle.h"

#include "gradus/kernels/triangle.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {

using OptLayout = std::optional<Layout>;
using OptDevice = std::optional<Device>;

void check_matrices(std::string_view name, const Tensor& self) {
  check(self.dim() >= 2, name, ": input tensor must have at least 2 dimensions");
}

}  // namespace

void Tril::infer(Call& c, const Tensor& self, int64_t diagonal) {
  check_matrices("tril", self);
  c.put(diagonal);
  c.output(self.sizes(), self.dtype());
}
void Tril::run(const Launch& l) { triangle(l.in[0], l.out[0], l.ints[0], true); }
void Tril::update(const Tensor& self, int64_t diagonal) {
  check_matrices("tril", self);
  run_into(self, &run, {self}, {diagonal});
}
void Triu::infer(Call& c, const Tensor& self, int64_t diagonal) {
  check_matrices("triu", self);
  c.put(diagonal);
  c.output(self.sizes(), self.dtype());
}
void Triu::run(const Launch& l) { triangle(l.in[0], l.out[0], l.ints[0], false); }
void Triu::update(const Tensor& self, int64_t diagonal) {
  check_matrices("triu", self);
  run_into(self, &run, {self}, {diagonal});
}

// ---- indices of triangles

namespace {

// First column and number of columns of row i.
struct RowRange {
  int64_t first, count;
};
RowRange lower_row(int64_t i, int64_t col, int64_t offset) {
  const int64_t end = i + offset + 1;
  return {0, end < 0 ? 0 : end > col ? col : end};
}
RowRange upper_row(int64_t i, int64_t col, int64_t offset) {
  const int64_t begin = i + offset;
  const int64_t first = begin < 0 ? 0 : begin > col ? col : begin;
  return {first, col - first};
}

// ints: rows, columns, offset, lower.
void run_triangle_indices(const Launch& l) {
  const int64_t rows = l.ints[0], cols = l.ints[1], offset = l.ints[2];
  dispatch(l.out[0].dtype, [&]<class T>() {
    T *row = l.out[0].as<T>(), *col = row + l.out[0].sizes[1];
    for (int64_t i = 0; i < rows; ++i) {
      const RowRange r = l.ints[3] ? lower_row(i, cols, offset) : upper_row(i, cols, offset);
      for (int64_t j = 0; j < r.count; ++j) {
        *row++ = static_cast<T>(i);
        *col++ = static_cast<T>(r.first + j);
      }
    }
  });
}

Tensor triangle_indices(const char* name, int64_t row, int64_t col, int64_t offset, OptDType dtype, bool lower) {
  check(row >= 0, "row must be non-negative, got", row);
  check(col >= 0, "col must be non-negative, got", col);
  const DType t = dtype.value_or(DType::Int64);
  if (t != DType::Int64 && t != DType::Int32 && t != DType::Int16 && t != DType::Int8) raise_unsupported(name, t);
  const int64_t most = row + col, near = offset < -most ? -most : offset > most ? most : offset;
  int64_t n = 0;
  for (int64_t i = 0; i < row; ++i) n += lower ? lower_row(i, col, near).count : upper_row(i, col, near).count;
  Call c;
  c.output({2, n}, t);
  c.put(row);
  c.put(col);
  c.put(near);
  c.put(static_cast<int64_t>(lower));
  c.run(&run_triangle_indices);
  return c.outs()[0];
}

}  // namespace

Tensor tril_indices(int64_t row, int64_t col, int64_t offset, OptDType dtype, OptLayout, OptDevice,
                    std::optional<bool>) {
  return triangle_indices("tril_indices", row, col, offset, dtype, true);
}
Tensor triu_indices(int64_t row, int64_t col, int64_t offset, OptDType dtype, OptLayout, OptDevice,
                    std::optional<bool>) {
  return triangle_indices("triu_indices", row, col, offset, dtype, false);
}

// ---- diagonals

Geometry Diagonal::geometry(const Geometry& g, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t n = g.sizes.size(), a = wrap_dim(dim1, n), b = wrap_dim(dim2, n);
  check(a != b, "diagonal dimensions cannot be identical ", dim1, ", ", dim2);
  const int64_t down = offset < 0 ? -offset : 0, right = offset > 0 ? offset : 0;
  const int64_t length = std::max<int64_t>(std::min(g.sizes[a] - down, g.sizes[b] - right), 0);
  Geometry out = g;
  if (length) out.offset += down * g.strides[a] + right * g.strides[b];
  out.sizes.erase(std::max(a, b));
  out.sizes.erase(std::min(a, b));
  out.strides.erase(std::max(a, b));
  out.strides.erase(std::min(a, b));
  out.sizes.push_back(length);
  out.strides.push_back(g.strides[a] + g.strides[b]);
  return out;
}
Tensor linalg_diagonal(const Tensor& A, int64_t offset, int64_t dim1, int64_t dim2) {
  return A.diagonal(offset, dim1, dim2);
}
Tensor DiagonalBackward::forward(const Tensor& grad, const IntList& sizes, int64_t offset, int64_t dim1, int64_t dim2) {
  Tensor out = zeros(sizes, grad.dtype());
  copy_values(out.diagonal(offset, dim1, dim2), grad);
  return out;
}

Tensor DiagEmbed::forward(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t n = self.dim() + 1, a = wrap_dim(dim1, n), b = wrap_dim(dim2, n);
  check(a != b, "diagonal dimensions cannot be identical ", dim1, ", ", dim2);
  check_as(ErrorKind::Index, self.dim() > 0, "Dimension specified as -1 but tensor has no dimensions");
  const int64_t size = self.size(-1) + std::abs(offset);
  Dims sizes(self.sizes());
  sizes.erase(n - 2);
  sizes.insert(std::min(a, b), size);
  sizes.insert(std::max(a, b), size);
  Tensor out = zeros(sizes, self.dtype());
  copy_values(out.diagonal(offset, a, b), self);
  return out;
}

Tensor diag(const Tensor& self, int64_t diagonal) {
  check(self.dim() == 1 || self.dim() == 2, "diag(): Supports 1D or 2D tensors. Got ", self.dim(), "D");
  return self.dim() == 1 ? diag_embed(self, diagonal) : diagonal_copy(self, diagonal);
}
Tensor diagflat(const Tensor& self, int64_t offset) { return diag(self.contiguous().view(IntList(-1)), offset); }

Tensor Trace::forward(const Tensor& self) {
  check(self.dim() == 2, "trace: expected a matrix, but got tensor with dim ", self.dim());
  return self.diagonal().sum();
}
Tensor Trace::d0(const Tensor& g, const Shape<0>& s) {
  return diagonal_backward(g.expand(IntList(std::min(s.sizes[0], s.sizes[1]))), s, 0, 0, 1);
}

const Tensor& fill_diagonal_(const Tensor& self, Scalar value, bool wrap) {
  const int64_t n = self.dim();
  check(n >= 2, "dimensions must larger than 1");
  for (int64_t d = 1; n > 2 && d < n; ++d)
    check(self.size(d) == self.size(0), "all dimensions of input must be of equal length");
  int64_t least = self.size(0), step = 0;
  for (int64_t d = 0; d < n; ++d) {
    least = std::min(least, self.size(d));
    step += self.stride(d);
  }
  self.as_strided(IntList(least), IntList(step)).fill_(value);
  if (wrap && n == 2 && self.size(0) > self.size(1) + 1) {
    const int64_t width = self.size(1);
    const int64_t rest = (self.numel() + width) / (width + 1) - least;
    self.as_strided(IntList(rest), IntList(step), self.stride(0) * (width + 1)).fill_(value);
  }
  return self;
}

// ---- copies with a part replaced

namespace {

// A copy with the same strides; with `whole`, of the storage too, so that absolute offsets mean the same.
Tensor same_strides(const Tensor& self, bool whole = false) {
  const Geometry g = geometry_of(self);
  const bool dense = is_non_overlapping_and_dense(g.sizes, g.strides);
  if (dense && (!whole || g.offset == 0)) return copy_of(self);
  if (has_internal_overlap(g.sizes, g.strides)) return self.clone(MemoryFormat::Contiguous);
  const int64_t item = item_size(self.dtype());
  Tensor memory;
  Geometry place = g;
  if (whole) {
    memory = self.as_strided(IntList(self.impl()->view->storage->bytes / item), IntList(1), 0).clone();
  } else {
    memory = allocate(IntList(storage_bytes(g.sizes, g.strides, 0, item) / item), self.dtype());
    place.offset = 0;
  }
  const Tensor view = memory.as_strided(place.sizes, place.strides, place.offset);
  if (!whole) copy_values(view, self);
  View* geometry = view.impl()->view;
  ref_inc(geometry->refs);
  return Tensor(new_tensor(geometry));
}

Tensor replaced(const Tensor& copy, const Tensor& part, const Tensor& src) {
  check(part.sizes() == src.sizes(), "expected src to have a size equal to the slice of self. src size = ", src.sizes(),
        ", slice size = ", part.sizes());
  copy_values(part, src);
  return copy;
}

}  // namespace

Tensor DiagonalScatter::forward(const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1, int64_t dim2) {
  const Tensor out = same_strides(self);
  return replaced(out, out.diagonal(offset, dim1, dim2), src);
}
Tensor SelectScatter::forward(const Tensor& self, const Tensor& src, int64_t dim, int64_t index) {
  const Tensor out = same_strides(self);
  return replaced(out, out.select(dim, index), src);
}
Tensor SliceScatter::forward(const Tensor& self, const Tensor& src, int64_t dim, std::optional<int64_t> start,
                             std::optional<int64_t> end, int64_t step) {
  check_as(ErrorKind::Index, self.dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
  const Tensor out = same_strides(self);
  return replaced(out, slice(out, dim, start, end, step), src);
}
Tensor AsStridedScatter::forward(const Tensor& self, const Tensor& src, const IntList& size, const IntList& stride,
                                 std::optional<int64_t> offset) {
  const Tensor out = same_strides(self, true);
  return replaced(out, out.as_strided(size, stride, offset), src);
}

}  // namespace gradus
