// Geometry of views.
#include "gradus/ops/view.h"

namespace gradus {

Tensor sum_to(const Tensor& g, const IntList& sizes) {
  if (g.sizes() == sizes) return g;
  const int64_t lead = g.dim() - sizes.size();
  Dims reduced;
  for (int64_t i = 0; i < g.dim(); ++i)
    if (i < lead || (sizes[i - lead] == 1 && g.sizes()[i] != 1)) reduced.push_back(i);
  Tensor out = reduced.empty() ? g : g.sum(OptIntList(reduced), true);
  for (int64_t i = 0; i < lead; ++i) out = out.squeeze(0);
  return out;
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
          size[i], ") must match the existing size (", is_new ? 0 : g.sizes[i - lead],
          ") at non-singleton dimension ", i, ".  Target sizes: ", size, ".  Tensor sizes: ", g.sizes);
  }
  out.strides = expand_strides(g.sizes, g.strides, out.sizes);
  for (int64_t i = 0; i < lead; ++i) out.strides[i] = out.sizes[i] == 1 ? 1 : 0;
  return out;
}

Geometry Unsqueeze::geometry(const Geometry& g, int64_t dim) {
  const int64_t n = g.sizes.size();
  const int64_t d = wrap_dim(dim, n + 1);
  Geometry out = g;
  out.sizes.insert(d, 1);
  out.strides.insert(d, d < n ? g.sizes[d] * g.strides[d] : 1);
  return out;
}

Geometry SqueezeDim::geometry(const Geometry& g, int64_t dim) {
  const int64_t d = wrap_dim(dim, g.sizes.size());
  Geometry out = g;
  if (!g.sizes.empty() && g.sizes[d] == 1) {
    out.sizes.erase(d);
    out.strides.erase(d);
  }
  return out;
}

}  // namespace gradus
