// Writes at indices and masks.
#include "gradus/ops/put.h"

#include <limits>

#include "gradus/kernels/index.h"
#include "gradus/kernels/mask.h"
#include "gradus/ops/index.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/view.h"

namespace gradus {
namespace {

// For operators that allow it all the same.
Tensor apart(const Tensor& written, const Tensor& read) {
  return written.impl()->view->storage == read.impl()->view->storage ? read.clone() : read;
}
Tensor at_least_1d(const Tensor& t) { return t.dim() ? t : t.reshape(IntList(1)); }
Tensor copy_then(const Tensor& self, MemoryFormat format) { return self.clone(format); }

// ---- index_fill

Tensor fill_index(const Tensor& self, int64_t d, const Tensor& index) {
  check_as(ErrorKind::Index, index.dtype() == DType::Int64, "index_fill_(): Expected dtype int64 for index.");
  check(index.dim() <= 1, "Index has to be a vector/scalar");
  const Tensor vector = at_least_1d(index);
  check_index_bounds(vector.impl()->view->array(), self.dim() ? self.size(d) : 1, static_cast<int>(d));
  return vector;
}
void fill_at(const Tensor& self, int64_t d, const Tensor& index, const Tensor& value) {
  const Tensor target = at_least_1d(self);
  Dims sizes(target.sizes());
  sizes[d] = index.numel();
  put_along(target, d, apart(self, index), value.expand(sizes), false);
}

}  // namespace

void IndexFill::update(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  const int64_t d = wrap_dim(dim, self.dim());
  const Tensor vector = fill_index(self, d, index);
  check_fits(value, self.dtype());
  fill_at(self, d, vector, full({}, value, self.dtype()));
}
Tensor IndexFill::forward(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  Tensor out = copy_then(self, MemoryFormat::Preserve);
  update(out, dim, index, value);
  return out;
}
void IndexFillTensor::update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value) {
  check(value.dim() == 0, "index_fill_ only supports a 0-dimensional value tensor, but got tensor with ", value.dim(),
        " dimension(s).");
  const int64_t d = wrap_dim(dim, self.dim());
  const Tensor vector = fill_index(self, d, index);
  fill_at(self, d, vector, apart(self, value.to(self.dtype())));
}
Tensor IndexFillTensor::forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& value) {
  Tensor out = copy_then(self, MemoryFormat::Preserve);
  update(out, dim, index, value);
  return out;
}

// ---- index_copy

namespace {

// Sizes as they follow each other in a message: "4 2".
std::string plain(const Dims& sizes) {
  std::string out;
  for (int64_t n : sizes) out += (out.empty() ? "" : " ") + std::to_string(n);
  return out;
}

void check_copy(const Tensor& self, int64_t d, const Tensor& index, const Tensor& source) {
  check_as(ErrorKind::Index, index.dim() < 2, "index_copy_(): Index should have dimension 1 or 0 (got ", index.dim(),
           ")");
  check_as(ErrorKind::Index, source.dim() > 0 || index.numel() == 1,
           "index_copy_(): When source is scalar, index should have one element (got ", index.numel(), ")");
  check_as(ErrorKind::Index, source.dim() == self.dim() || source.dim() == 0 || self.dim() == 0,
           "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
           "dimensionality (",
           source.dim(), "), destination dimensionality (", self.dim(), ")");
  check(index.dtype() == DType::Int64, "index_copy_(): Expected a long tensor for index, but got ", index.dtype());
  check(self.dtype() == source.dtype(), "index_copy_(): self and source expected to have the same dtype, but got ",
        "(self) ", self.dtype(), " and (source) ", source.dtype());
  Dims kept(self.sizes()), given(source.sizes());
  if (self.dim()) kept.erase(d);
  if (source.dim()) given.erase(d);
  check(kept == given,
        "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: ", plain(kept),
        " at dimension ", d, " and source slice shape: ", plain(given), " at dimension 0.");
  check_as(ErrorKind::Index, source.dim() == 0 || index.numel() == source.size(d), "index_copy_(): Number of indices (",
           index.numel(), ") should be equal to source.size(dim) (", source.dim() ? source.size(d) : 1, ")");
  int64_t bad = 0;
  const int64_t n = self.dim() ? self.size(d) : 1;
  check_as(ErrorKind::Index, !find_outside(at_least_1d(index).impl()->view->array(), 0, n, bad),
           "index_copy_(): index ", bad, " is out of bounds for dimension ", d, " with size ", n);
}

}  // namespace

void IndexCopy::update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  const int64_t d = wrap_dim(dim, self.dim());
  check_copy(self, d, index, source);
  check_apart(self, index);
  check_apart(self, source);
  const Tensor target = at_least_1d(self);
  put_along(target, d, apart(self, at_least_1d(index)), apart(self, at_least_1d(source)), false);
}
Tensor IndexCopy::forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  Tensor out = copy_then(self, MemoryFormat::Contiguous);
  update(out, dim, index, source);
  return out;
}

// ---- reductions into an existing tensor

namespace {

enum class Reduce : uint8_t { Sum, Prod, Mean, Amax, Amin };

Reduce reduction(std::string_view name) {
  if (name == "sum") return Reduce::Sum;
  if (name == "prod") return Reduce::Prod;
  if (name == "mean") return Reduce::Mean;
  return name == "amax" ? Reduce::Amax : Reduce::Amin;
}

// The number that changes nothing.
Scalar identity(Reduce reduce, DType dtype) {
  if (reduce == Reduce::Sum || reduce == Reduce::Mean) return 0;
  if (reduce == Reduce::Prod) return 1;
  const bool low = reduce == Reduce::Amax;
  return dispatch(dtype, [&]<class T>() -> Scalar {
    constexpr DType t = DTypeOf<T>::value;
    if constexpr (is_floating(t)) {
      return low ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    } else if constexpr (t == DType::Bool) {
      return !low;
    } else {
      return static_cast<long>(low ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max());
    }
  });
}

ScatterMode mode_of(Reduce reduce) {
  switch (reduce) {
    case Reduce::Prod: return ScatterMode::Multiply;
    case Reduce::Amax: return ScatterMode::Max;
    case Reduce::Amin: return ScatterMode::Min;
    default: return ScatterMode::Add;
  }
}

// Everything has been checked; `index` is an int64 tensor of one dim or more.
void reduce_into(const Tensor& self, int64_t d, const Tensor& index, const Tensor& src, Reduce reduce,
                 bool include_self) {
  if (!include_self)
    scatter_along(self, d, index, full({}, identity(reduce, self.dtype()), self.dtype()).expand(index.sizes()),
                  ScatterMode::Set);
  scatter_along(self, d, index, src, mode_of(reduce));
  if (reduce != Reduce::Mean) return;
  Tensor count = include_self ? ones(self.sizes(), self.dtype()) : zeros(self.sizes(), self.dtype());
  scatter_along(count, d, index, ones({}, self.dtype()).expand(index.sizes()), ScatterMode::Add);
  count.masked_fill_(count == 0, 1);
  const Tensor mean = is_floating(self.dtype()) ? self / count : div(self, count, "floor");
  copy_values(self, mean);
}

// An index along one dim as scatter takes it.
Tensor spread(const Tensor& index, int64_t d, const IntList& sizes) {
  Dims shape(sizes.size(), 1);
  shape[d] = index.numel();
  return index.reshape(shape).expand(sizes);
}

}  // namespace

void IndexReduce::update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                         std::string_view reduce, bool include_self) {
  check(reduce == "prod" || reduce == "mean" || reduce == "amax" || reduce == "amin",
        "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got ", reduce, ".");
  const int64_t d = wrap_dim(dim, self.dim());
  check_indexed_source("index_reduce_", self, d, index, source);
  const Tensor vector = at_least_1d(index.to(DType::Int64));
  check_row_bounds(vector.impl()->view->array(), self.dim() ? self.size(d) : 1);
  check_apart(self, index);
  check_apart(self, source);
  const Tensor src = at_least_1d(apart(self, source));
  if (src.numel() == 0) return;
  reduce_into(at_least_1d(self), d, spread(apart(self, vector), d, src.sizes()), src, reduction(reduce), include_self);
}
Tensor IndexReduce::forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                            std::string_view reduce, bool include_self) {
  Tensor out = copy_then(self, MemoryFormat::Contiguous);
  update(out, dim, index, source, reduce, include_self);
  return out;
}

void ScatterReduceTwo::update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                              std::string_view reduce, bool include_self) {
  check(reduce == "sum" || reduce == "prod" || reduce == "mean" || reduce == "amax" || reduce == "amin",
        "reduce argument must be either sum, prod, mean, amax or amin, got ", reduce);
  const int64_t d = wrap_dim(dim, self.dim());
  const Tensor idx = scatter_index(self, d, index, src);
  if (index.numel() == 0) return;
  const Reduce r = reduction(reduce);
  if (r == Reduce::Mean) refuse_bool("scatter_gather_tensor_cpu_reduce_mean", self.dtype());
  check_apart(self, index);
  check_apart(self, src);
  reduce_into(self, d, apart(self, idx), apart(self, src), r, include_self);
}
Tensor ScatterReduceTwo::forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                                 std::string_view reduce, bool include_self) {
  Tensor out = copy_then(self, MemoryFormat::Contiguous);
  update(out, dim, index, src, reduce, include_self);
  return out;
}

// ---- their gradients: `at(t)` reads t at the indices, `into(t, x)` adds x to t there, `again` is the operator

namespace {

template <class F>
Tensor grad_of_self(const Tensor& g, const Tensor& self, const Tensor& src, Reduce reduce, bool include_self,
                    const Tensor& out, const F& f) {
  Tensor grad = g;
  if (reduce == Reduce::Prod) {
    const Tensor nonzero = self.masked_fill(self == 0, 1);
    grad = g * f.again(nonzero, src) / nonzero;
  } else if (reduce == Reduce::Mean) {
    grad = g / f.counts(g, src, include_self);
  } else if (reduce != Reduce::Sum) {
    const Tensor chosen = (self == out).to(g.dtype());
    const Tensor ties = f.into(chosen, (src == f.at(out)).to(g.dtype()));
    grad = chosen * (g / ties);
  }
  return include_self ? grad : f.cleared(grad);
}

template <class F>
Tensor grad_of_src(const Tensor& g, const Tensor& self, const Tensor& src, Reduce reduce, bool include_self,
                   const Tensor& out, const F& f) {
  if (reduce == Reduce::Sum) return f.at(g);
  if (reduce == Reduce::Mean) return f.at(g / f.counts(g, src, include_self));
  if (reduce != Reduce::Prod) {
    const Tensor chosen = (src == f.at(out)).to(g.dtype());
    const Tensor ties = f.into((self == out).to(g.dtype()), chosen);
    return chosen * f.at(g / ties);
  }
  // The only zero of a product has the product of the others as its derivative.
  const Tensor zero = src == 0;
  const Tensor zeros_there = f.at(f.into(zeros_like(self), zero.to(self.dtype())));
  const Tensor only = zero.logical_and(zeros_there == 1);
  const Tensor others = f.again(self, src.masked_fill(only, 1));
  return where(only, f.at(g * others), f.at(g * out) / src.masked_fill(zero, 1));
}

struct Along {
  int64_t dim;
  Tensor index;
  std::string_view reduce;
  bool include_self;

  Tensor at(const Tensor& t) const { return t.gather(dim, index); }
  Tensor into(const Tensor& t, const Tensor& x) const { return t.scatter_add(dim, index, x); }
  Tensor again(const Tensor& t, const Tensor& x) const { return t.scatter_reduce(dim, index, x, reduce, include_self); }
  Tensor cleared(const Tensor& t) const { return t.scatter(dim, index, 0); }
  Tensor counts(const Tensor& g, const Tensor& src, bool with_self) const {
    const Tensor n = into(with_self ? ones_like(g) : zeros_like(g), ones_like(src));
    return n.masked_fill(n == 0, 1);
  }
};
struct ByVector {
  int64_t dim;
  Tensor index;
  std::string_view reduce;
  bool include_self;

  Tensor at(const Tensor& t) const { return t.index_select(dim, index); }
  Tensor into(const Tensor& t, const Tensor& x) const { return t.index_add(dim, index, x); }
  Tensor again(const Tensor& t, const Tensor& x) const { return t.index_reduce(dim, index, x, reduce, include_self); }
  Tensor cleared(const Tensor& t) const { return t.index_fill(dim, index, 0); }
  Tensor counts(const Tensor& g, const Tensor& src, bool with_self) const {
    const Tensor n = into(with_self ? ones_like(g) : zeros_like(g), ones_like(src));
    return n.masked_fill(n == 0, 1);
  }
};

}  // namespace

Tensor ScatterReduceTwo::d0(const Tensor& g, const In<0>& self, const Attr<int64_t, 1>& dim, const In<2>& index,
                            const In<3>& src, const Attr<std::string, 4>& reduce, const Attr<bool, 5>& include_self,
                            const Out<0>& out) {
  return grad_of_self(g, self, src, reduction(*reduce), *include_self, out, Along{*dim, index, *reduce, *include_self});
}
Tensor ScatterReduceTwo::d3(const Tensor& g, const In<0>& self, const Attr<int64_t, 1>& dim, const In<2>& index,
                            const In<3>& src, const Attr<std::string, 4>& reduce, const Attr<bool, 5>& include_self,
                            const Out<0>& out) {
  return grad_of_src(g, self, src, reduction(*reduce), *include_self, out, Along{*dim, index, *reduce, *include_self});
}
Tensor IndexReduce::d0(const Tensor& g, const In<0>& self, const Attr<int64_t, 1>& dim, const In<2>& index,
                       const In<3>& source, const Attr<std::string, 4>& reduce, const Attr<bool, 5>& include_self,
                       const Out<0>& out) {
  return grad_of_self(g, self, source, reduction(*reduce), *include_self, out,
                      ByVector{*dim, index, *reduce, *include_self});
}
Tensor IndexReduce::d3(const Tensor& g, const In<0>& self, const Attr<int64_t, 1>& dim, const In<2>& index,
                       const In<3>& source, const Attr<std::string, 4>& reduce, const Attr<bool, 5>& include_self,
                       const Out<0>& out) {
  return grad_of_src(g, self, source, reduction(*reduce), *include_self, out,
                     ByVector{*dim, index, *reduce, *include_self});
}

// ---- put

void Put::update(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
  check(index.dtype() == DType::Int64, "put_(): Expected a long tensor for index, but got ", index.dtype());
  check(self.dtype() == source.dtype(),
        "put_(): self and source expected to have the same dtype, but got self.dtype = ", self.dtype(),
        " and source.dtype = ", source.dtype());
  check_as(ErrorKind::Index, source.numel() == index.numel(),
           "put_(): Expected source and index to have the same number of elements, but got source.numel() = ",
           source.numel(), ", index.numel() = ", index.numel());
  const int64_t n = self.numel();
  check_as(ErrorKind::Index, n > 0 || index.numel() == 0, "put_(): Tried to put elements into an empty tensor");
  check_apart(self, index);
  check_apart(self, source);
  int64_t wrong = 0;
  check_as(ErrorKind::Index, !find_outside(index.impl()->view->array(), -n, n, wrong),
           "out of range: tried to access index ", wrong, " on a tensor of ", n, " elements.");
  if (index.numel() == 0) return;
  const Tensor flat = self.reshape(IntList(-1));  // a copy where no view will do
  put_along(flat, 0, index.reshape(IntList(-1)), source.reshape(IntList(-1)), accumulate);
  if (flat.data_ptr() != self.data_ptr()) copy_values(self, flat.view(self.sizes()));
}
Tensor Put::forward(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
  Tensor out = copy_then(self, MemoryFormat::Preserve);
  update(out, index, source, accumulate);
  return out;
}

// ---- masks

void MaskedScatter::update(const Tensor& self, const Tensor& mask, const Tensor& source) {
  check(self.dtype() == source.dtype(), "masked_scatter: expected self and source to have same dtypes but got",
        self.dtype(), " and ", source.dtype());
  check(mask.dtype() == DType::Bool, "masked_scatter_ only supports boolean masks, but got mask with dtype ",
        mask.dtype());
  const Tensor wide = mask.expand(self.sizes());
  check_no_internal_overlap(self);
  check_no_partial_overlap(self, mask);
  check(source.numel() >= count_nonzero(wide.impl()->view->array()),
        "Number of elements of source < number of ones in mask");
  run_into(self, [](const Launch& l) { masked_put(l.out[0], l.in[0], l.in[1].data); },
           {apart(self, wide), apart(self, source).contiguous()}, {});
}
Tensor MaskedScatter::forward(const Tensor& self, const Tensor& mask, const Tensor& source) {
  Tensor out = self.expand(broadcast_sizes(mask.sizes(), self.sizes())).clone(MemoryFormat::Contiguous);
  update(out, mask, source);
  return out;
}
Tensor MaskedScatter::d0(const Tensor& g, const In<1>& mask, const Shape<0>& s) {
  return sum_to(g.masked_fill(mask, 0), s);
}
Tensor MaskedScatter::d2(const Tensor& g, const In<1>& mask, const Shape<2>& s) {
  Tensor picked = g.masked_select(mask);
  const int64_t unused = product(s.sizes) - picked.numel();
  if (unused > 0) picked = cat({picked, zeros(IntList(unused), g.dtype())});
  return picked.view(s);
}

// ---- selections

Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim) {
  check(indices.dtype() == DType::Int64, "torch.take_along_dim(): dtype of indices should be Long but got ",
        indices.dtype());
  if (!dim) return self.view(IntList(-1)).gather(0, indices.view(IntList(-1)));
  check(self.dim() == indices.dim(),
        "torch.take_along_dim(): input and indices should have the same number of "
        "dimensions, but got ",
        self.dim(), " dimensions for input, and ", indices.dim(), " dimensions for indices");
  const int64_t d = wrap_dim(*dim, self.dim());
  Dims from(self.sizes()), to(indices.sizes());
  if (self.dim()) {
    Dims without(self.sizes());
    without[d] = indices.size(d);
    to = broadcast_sizes(without, indices.sizes());
    from = to;
    from[d] = self.size(d);
  }
  const int64_t n = self.dim() ? self.size(d) : 1;
  const Tensor wrapped = n ? indices.remainder(static_cast<long>(n)) : indices;  // whatever the index, it is in bounds
  return self.expand(from).gather(d, wrapped.expand(to));
}

Tensor argwhere(const Tensor& self) {
  return self.dim() ? nonzero(self) : nonzero(self.reshape(IntList(1))).narrow(1, 0, 0);
}
Tensor nonzero_static(const Tensor& self, int64_t size, int64_t fill_value) {
  check(size >= 0, "nonzero_static: 'size' must be an non-negative integer");
  const Tensor found = nonzero(self);
  const Tensor out = full({size, self.dim()}, static_cast<long>(fill_value), DType::Int64);
  const int64_t n = std::min(size, found.size(0));
  copy_values(out.narrow(0, 0, n), found.narrow(0, 0, n));
  return out;
}

void NonzeroStatic::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "nonzero_static: Expected out tensor to have scalar type ", result,
        " but got scalar type", out.dtype());
}

}  // namespace gradus
