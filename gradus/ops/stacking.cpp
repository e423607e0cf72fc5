// Joins along particular dims, grids, and other tensors made of several.
#include "gradus/ops/stacking.h"

#include "gradus/ops/create.h"
#include "gradus/ops/view.h"

namespace gradus {
namespace {

// The parts of a join as cat takes them, and the dim.
struct Parts {
  Tensors list;
  int64_t dim;
};
Parts side_by_side(const TensorList& tensors) {
  check(!tensors.empty(), "hstack expects a non-empty TensorList");
  Tensors parts = atleast_1d(tensors);
  const int64_t dim = parts[0].dim() == 1 ? 0 : 1;
  return {std::move(parts), dim};
}
Parts one_below_the_other(const TensorList& tensors) {
  check(!tensors.empty(), "vstack expects a non-empty TensorList");
  return {atleast_2d(tensors), 0};
}
Parts in_depth(const TensorList& tensors) {
  check(!tensors.empty(), "dstack expects a non-empty TensorList");
  return {atleast_3d(tensors), 2};
}
Parts as_columns(const TensorList& tensors) {
  check(!tensors.empty(), "column_stack expects a non-empty TensorList");
  Tensors columns;
  for (const Tensor& t : tensors) columns.push_back(t.dim() <= 1 ? t.reshape({t.numel(), 1}) : t);
  return side_by_side(columns);
}
Tensor join(const Parts& parts) { return cat(parts.list, parts.dim); }
void join_out(const Tensor* out, const Parts& parts) { Cat::write_out(out, parts.list, parts.dim); }

void check_vector(const Tensor& t) { check(t.dim() == 1, "Expect a 1D vector, but got shape ", t.sizes()); }

}  // namespace

Tensor hstack(TensorList tensors) { return join(side_by_side(tensors)); }
Tensor vstack(TensorList tensors) { return join(one_below_the_other(tensors)); }
Tensor dstack(TensorList tensors) { return join(in_depth(tensors)); }
Tensor row_stack(TensorList tensors) { return vstack(tensors); }
Tensor column_stack(TensorList tensors) { return join(as_columns(tensors)); }
void HStack::write_out(const Tensor* out, const TensorList& tensors) { join_out(out, side_by_side(tensors)); }
void VStack::write_out(const Tensor* out, const TensorList& tensors) { join_out(out, one_below_the_other(tensors)); }
void DStack::write_out(const Tensor* out, const TensorList& tensors) { join_out(out, in_depth(tensors)); }
void ColumnStack::write_out(const Tensor* out, const TensorList& tensors) { join_out(out, as_columns(tensors)); }

Tensors meshgrid(TensorList tensors) { return meshgrid(tensors, "ij"); }
Tensors meshgrid(TensorList tensors, std::string_view indexing) {
  const int64_t n = tensors.size();
  check(n > 0, "meshgrid expects a non-empty TensorList");
  for (const Tensor& t : tensors)
    check(t.dtype() == tensors[0].dtype(), "meshgrid expects all tensors to have the same dtype");
  check(indexing == "ij" || indexing == "xy",
        "torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: ", indexing);
  Tensors axes(tensors.begin(), tensors.end());
  const bool swapped = indexing == "xy" && n >= 2;
  if (swapped) std::swap(axes[0], axes[1]);
  Dims sizes;
  for (const Tensor& t : axes) {
    check(t.dim() <= 1, "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: ", t.str());
    sizes.push_back(t.numel());
  }
  Tensors grids;
  for (int64_t i = 0; i < n; ++i) {
    Dims shape(n, 1);
    shape[i] = -1;
    grids.push_back(axes[static_cast<size_t>(i)].view(shape).expand(sizes));
  }
  if (swapped) std::swap(grids[0], grids[1]);
  return grids;
}

Tensor cartesian_prod(TensorList tensors) {
  for (const Tensor& t : tensors) check_vector(t);
  if (tensors.size() == 1) return tensors[0];
  Tensors columns;
  for (const Tensor& grid : meshgrid(tensors)) columns.push_back(grid.flatten());
  return stack(columns, 1);
}

Tensor combinations(const Tensor& self, int64_t r, bool with_replacement) {
  check_vector(self);
  check(r >= 0, "Expect a non-negative number, but got ", r);
  if (r == 0) return empty(IntList(0), self.dtype());
  const Tensors places = meshgrid(Tensors(static_cast<size_t>(r), arange(self.numel(), DType::Int64)));
  Tensor chosen = ones(places[0].sizes(), DType::Bool);
  for (size_t i = 1; i < places.size(); ++i)
    chosen = chosen.logical_and(with_replacement ? places[i - 1] <= places[i] : places[i - 1] < places[i]);
  Tensors columns;
  for (const Tensor& grid : meshgrid(Tensors(static_cast<size_t>(r), self)))
    columns.push_back(grid.masked_select(chosen));
  return stack(columns, 1);
}

// ---- block_diag

namespace {
struct Block {
  int64_t rows, cols;
  explicit Block(const IntList& sizes)
      : rows(sizes.size() == 2 ? sizes[0] : 1), cols(sizes.size() == 0 ? 1 : sizes.back()) {}
};
}  // namespace

Tensor BlockDiag::forward(TensorList tensors) {
  if (tensors.empty()) return empty({1, 0});
  DType dtype = tensors[0].dtype();
  int64_t rows = 0, cols = 0;
  for (int64_t i = 0; i < tensors.size(); ++i) {
    check(tensors[i].dim() <= 2, "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input ", i, " has ",
          tensors[i].dim(), " dimensions");
    dtype = promote(dtype, tensors[i].dtype());
    const Block b(tensors[i].sizes());
    rows += b.rows;
    cols += b.cols;
  }
  const Tensor out = zeros({rows, cols}, dtype);
  rows = cols = 0;
  for (const Tensor& t : tensors) {
    const Block b(t.sizes());
    copy_values(out.narrow(0, rows, b.rows).narrow(1, cols, b.cols), t.expand({b.rows, b.cols}));
    rows += b.rows;
    cols += b.cols;
  }
  return out;
}
Tensors BlockDiag::d0(const Tensor& g, const Shapes<0>& shapes) {
  Tensors out;
  int64_t row = 0, col = 0;
  for (const TensorMeta& m : shapes.list) {
    const Block b(m.sizes);
    out.push_back(g.narrow(0, row, b.rows).narrow(1, col, b.cols).reshape(m.sizes));
    row += b.rows;
    col += b.cols;
  }
  return out;
}

Tensor vander(const Tensor& x, std::optional<int64_t> n, bool increasing) {
  check(x.dim() == 1, "x must be a one-dimensional tensor.");
  const int64_t count = n.value_or(x.size(0));
  check(count >= 0, "N must be non-negative.");
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : DType::Int64;
  if (count == 0) return empty({x.size(0), 0}, dtype);
  const Tensor factor = x.to(dtype);
  Tensors powers{ones({x.size(0)}, dtype)};
  for (int64_t i = 1; i < count; ++i) powers.push_back(i == 1 ? factor : powers.back() * factor);
  const Tensor out = stack(powers, 1);
  return increasing ? out : out.flip(1);
}

Tensor linalg_vander(const Tensor& x, std::optional<int64_t> n) {
  check(x.dtype() != DType::Bool, "linalg.vander supports floating point, complex, and integer tensors, but got Bool");
  const int64_t count = n.value_or(x.dim() ? x.size(-1) : 1);
  check(count > 1, "N must be greater than 1.");
  const Tensor column = (x.dim() ? x : x.unsqueeze(0)).unsqueeze(-1);
  Dims sizes(column.sizes());
  sizes[sizes.size() - 1] = count - 1;
  return cat({ones(column.sizes(), x.dtype()), column.expand(sizes).cumprod(-1)}, -1);
}

}  // namespace gradus
