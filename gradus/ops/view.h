// Views: operators that change geometry and share memory.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// Sums `g` down to a shape it was broadcast from.
Tensor sum_to(const Tensor& g, const IntList& sizes);

struct Expand {
  static constexpr Op op{"expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)",
                         "A view broadcast to a larger shape; -1 keeps a size.", Kind::ViewOp, "m"};
  static Geometry geometry(const Geometry& g, const IntList& size, bool implicit);
  static Tensor d0(const Tensor& g, const Shape<0>& s) { return sum_to(g, s); }
};

struct Unsqueeze {
  static constexpr Op op{"unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", "Inserts a dim of size one.", Kind::ViewOp,
                         "fm"};
  static Geometry geometry(const Geometry& g, int64_t dim);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim) { return g.squeeze(*dim < 0 ? *dim + g.dim() : *dim); }
};

struct SqueezeDim {
  static constexpr Op op{"squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)",
                         "Drops a dim of size one; any other dim is left as it is.", Kind::ViewOp, "fm",
                         "SqueezeBackward1"};
  static Geometry geometry(const Geometry& g, int64_t dim);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim) {
    const int64_t n = s.sizes.size();
    const int64_t d = wrap_dim(*dim, n);
    return n && s.sizes[d] == 1 ? g.unsqueeze(d) : g;
  }
};

}  // namespace gradus
