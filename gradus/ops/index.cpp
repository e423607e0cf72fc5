// Indexing with tensors.
#include "gradus/ops/index.h"

#include "gradus/kernels/mask.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/view.h"

namespace gradus {
namespace {

const View& view_of(const Tensor& t) { return *t.impl()->view; }
Tensor as_int64(const Tensor& t) { return t.dtype() == DType::Int64 ? t : t.to(DType::Int64); }

// Index tensors made ready: masks become coordinates, all are int64 of one shape; entry k belongs to dims[k] of self.
struct Plan {
  Tensors index;
  std::vector<int64_t> dims;
  Dims shape;      // of the index tensors
  int64_t at = 0;  // where the index dims stand in the result
  Dims rest;       // sizes of the dims that are not indexed
};

bool is_mask(const Tensor& t) { return t.dtype() == DType::Bool || t.dtype() == DType::UInt8; }

void add_mask(Plan& plan, const Tensor& self, const Tensor& mask, int64_t dim) {
  for (int64_t i = 0; i < mask.dim(); ++i)
    check_as(ErrorKind::Index, dim + i < self.dim() && mask.size(i) == self.size(dim + i), "The shape of the mask ",
             mask.sizes(), " at index ", i, " does not match the shape of the indexed tensor ", self.sizes(),
             " at index ", dim + i);
  const Tensor coordinates = nonzero(mask);
  for (int64_t i = 0; i < mask.dim(); ++i) {
    plan.index.push_back(coordinates.select(1, i));
    plan.dims.push_back(dim + i);
  }
}

void broadcast_indices(Plan& plan) {
  Dims shape;
  for (const Tensor& t : plan.index) {
    if (!is_expandable_to(t.sizes(), shape) && !is_expandable_to(shape, t.sizes())) {
      bool fits = true;
      const int64_t n = std::min(t.dim(), shape.size());
      for (int64_t i = 1; i <= n; ++i) {
        const int64_t a = t.sizes()[t.dim() - i], b = shape[shape.size() - i];
        fits = fits && (a == b || a == 1 || b == 1);
      }
      if (!fits) {
        std::string all;
        for (const Tensor& u : plan.index) all += (all.empty() ? "" : ", ") + format_sizes(u.sizes());
        raise(ErrorKind::Index, "shape mismatch: indexing tensors could not be broadcast together with shapes " + all);
      }
    }
    shape = broadcast_sizes(shape, t.sizes());
  }
  plan.shape = shape;
  for (Tensor& t : plan.index) t = as_int64(t).expand(shape);
}

Plan make_plan(const Tensor& self, TensorList indices) {
  Plan plan;
  int64_t dim = 0;
  for (const Tensor& t : indices) {
    if (!t.defined()) {
      ++dim;
      continue;
    }
    check_as(ErrorKind::Index, is_mask(t) || t.dtype() == DType::Int64 || t.dtype() == DType::Int32,
             "tensors used as indices must be long, int, byte or bool tensors");
    if (is_mask(t) && t.dim() > 0) {
      check_as(ErrorKind::Index, dim + t.dim() <= self.dim(), "too many indices for tensor of dimension ", self.dim(),
               " (got ", dim + t.dim(), ")");
      add_mask(plan, self, t, dim);
      dim += t.dim();
    } else {
      plan.index.push_back(t);
      plan.dims.push_back(dim++);
    }
  }
  check_as(ErrorKind::Index, dim <= self.dim(), "too many indices for tensor of dimension ", self.dim(), " (got ", dim,
           ")");
  check(plan.index.size() <= kMaxIndexed, "at most ", kMaxIndexed, " dims can be indexed at once");
  broadcast_indices(plan);
  bool adjacent = true;
  for (size_t k = 1; k < plan.dims.size(); ++k) adjacent = adjacent && plan.dims[k] == plan.dims[k - 1] + 1;
  plan.at = adjacent && !plan.dims.empty() ? plan.dims[0] : 0;
  size_t next = 0;
  for (int64_t d = 0; d < self.dim(); ++d) {
    if (next < plan.dims.size() && plan.dims[next] == d) ++next;
    else plan.rest.push_back(self.size(d));
  }
  return plan;
}

void check_bounds(const Plan& plan, const Tensor& self) {
  for (size_t k = 0; k < plan.index.size(); ++k)
    check_index_bounds(view_of(plan.index[k]).array(), self.size(plan.dims[k]), static_cast<int>(plan.dims[k]));
}

Dims result_sizes(const Plan& plan) {
  Dims out;
  for (int64_t i = 0; i < plan.at; ++i) out.push_back(plan.rest[i]);
  for (int64_t n : plan.shape) out.push_back(n);
  for (int64_t i = plan.at; i < plan.rest.size(); ++i) out.push_back(plan.rest[i]);
  return out;
}

// The result is laid out like one of a pointwise operator over self, which does not vary along the index dims, and the
// index tensors, which vary along no other.
Dims result_strides(const Plan& plan, const Tensor& self, const IntList& sizes) {
  const int64_t n_index = plan.shape.size();
  std::vector<Dims> operands(plan.index.size() + 1, Dims(sizes.size(), 0));
  size_t next = 0;
  for (int64_t d = 0, rest = 0; d < self.dim(); ++d) {
    if (next < plan.dims.size() && plan.dims[next] == d) {
      ++next;
      continue;
    }
    operands[0][rest < plan.at ? rest : rest + n_index] = self.strides()[d];
    ++rest;
  }
  for (size_t k = 0; k < plan.index.size(); ++k)
    for (int64_t i = 0; i < n_index; ++i) operands[k + 1][plan.at + i] = plan.index[k].strides()[i];
  return pointwise_strides(sizes, operands.data(), static_cast<int>(operands.size()));
}

// The kernel wants index dims first: sizes and strides of an array whose index dims stand at `at`.
struct IndexFirst {
  int64_t sizes[64], strides[64];
  Array array;
  IndexFirst(const Array& a, int at, int n_index) {
    int k = 0;
    auto take = [&](int d) {
      sizes[k] = a.sizes[d];
      strides[k++] = a.strides[d];
    };
    for (int d = at; d < at + n_index; ++d) take(d);
    for (int d = 0; d < at; ++d) take(d);
    for (int d = at + n_index; d < a.ndim; ++d) take(d);
    array = {a.data, a.dtype, a.ndim, sizes, strides};
  }
};

// Splits an indexed tensor into the spec of its indexed dims and the slice of the others. ints: at, n, dims…
struct Indexed {
  IndexSpec spec;
  int64_t sizes[64], strides[64];
  Array slice;
  Indexed(const Array& a, const Array* index, const int64_t* ints) {
    spec.n_indexed = static_cast<int>(ints[1]);
    int rest = 0, next = 0;
    for (int d = 0; d < a.ndim; ++d) {
      if (next < spec.n_indexed && ints[2 + next] == d) {
        spec.dim_sizes[next] = a.sizes[d];
        spec.dim_strides[next] = a.strides[d];
        spec.index[next] = index[next];
        ++next;
      } else {
        sizes[rest] = a.sizes[d];
        strides[rest++] = a.strides[d];
      }
    }
    slice = {a.data, a.dtype, rest, sizes, strides};
  }
};

void put_plan(Call& c, const Plan& plan) {
  for (const Tensor& t : plan.index) c.input_owned(t);
  c.put(plan.at);
  c.put(static_cast<int64_t>(plan.dims.size()));
  for (int64_t d : plan.dims) c.put(d);
}

void run_index(const Launch& l) {
  const Indexed indexed(l.in[0], l.in + 1, l.ints);
  const int n_index = l.out[0].ndim - indexed.slice.ndim;
  const IndexFirst out(l.out[0], static_cast<int>(l.ints[0]), n_index);
  index_get(indexed.slice, indexed.spec, out.array);
}

// in: values, indices…; out: the tensor written. ints end with accumulate.
void run_index_put(const Launch& l) {
  const Indexed indexed(l.out[0], l.in + 1, l.ints);
  const int n_index = l.in[0].ndim - indexed.slice.ndim;
  const IndexFirst values(l.in[0], static_cast<int>(l.ints[0]), n_index);
  index_put(indexed.slice, indexed.spec, values.array, l.ints[2 + l.ints[1]]);
}

}  // namespace

Tensor Index::forward(const Tensor& self, TensorList indices) {
  const Plan plan = make_plan(self, indices);
  if (plan.index.empty()) return self.clone();
  check_bounds(plan, self);
  Call c;
  c.input(self);
  put_plan(c, plan);
  if (plan.dims.size() == 1 && plan.dims[0] == 0) c.chooses_rows();
  const Dims sizes = result_sizes(plan);
  c.output(sizes, self.dtype(), result_strides(plan, self, sizes));
  c.run(&run_index);
  return c.outs()[0];
}

const Tensor& index_put_(const Tensor& self, TensorList indices, const Tensor& values, bool accumulate) {
  check(self.dtype() == values.dtype(), "Index put requires the source and destination dtypes match, got ",
        self.dtype(), " for the destination and ", values.dtype(), " for the source.");
  const bool recording = records_gradient<IndexPut_>(self, indices, values, accumulate);
  check_inplace(self.impl(), recording);
  Plan plan;
  Tensor spread;
  {
    NoGrad guard;
    plan = make_plan(self, indices);
    const Dims sizes = result_sizes(plan);
    check(is_expandable_to(values.sizes(), sizes), "shape mismatch: value tensor of shape ", values.sizes(),
          " cannot be broadcast to indexing result of shape ", sizes);
    check_bounds(plan, self);
    spread = values.expand(sizes);
    if (view_of(values).storage == view_of(self).storage) spread = spread.clone();
  }
  Tensors inputs{spread};
  inputs.insert(inputs.end(), plan.index.begin(), plan.index.end());
  std::vector<int64_t> ints{plan.at, static_cast<int64_t>(plan.dims.size())};
  ints.insert(ints.end(), plan.dims.begin(), plan.dims.end());
  ints.push_back(accumulate);
  run_into(self, &run_index_put, inputs, ints);
  bump_version(self.impl(), &IndexPut_::op);
  Tensor out = self;
  if (recording) attach<IndexPut_>(&out, 1, nullptr, true, self, indices, values, accumulate);
  return self;
}
Tensor index_put(const Tensor& self, TensorList indices, const Tensor& values, bool accumulate) {
  return self.clone(MemoryFormat::Preserve).index_put_(indices, values, accumulate);
}

// ---- along one dim

void check_apart(const Tensor& written, const Tensor& read) {
  check_no_internal_overlap(written);
  const View *a = written.impl()->view, *b = read.impl()->view;
  check(a->storage != b->storage || a->offset != b->offset || a->numel == 0 || !(a->sizes() == b->sizes()),
        "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
        "location. Please clone() the tensor before performing the operation.");
  check_no_partial_overlap(written, read);
}

void put_along(const Tensor& self, int64_t d, const Tensor& index, const Tensor& values, bool accumulate) {
  const auto vector = [](const Tensor& t) { return t.dim() ? t : t.reshape(IntList(1)); };
  run_into(vector(self), &run_index_put, {vector(values), index}, {d, 1, d, accumulate});
}

namespace {

void check_select_index(std::string_view op, const Tensor& index) {
  check_as(ErrorKind::Index, index.dim() <= 1, op, "(): Index is supposed to be a vector");
  check(index.dtype() == DType::Int64 || index.dtype() == DType::Int32, op,
        "(): Expected dtype int32 or int64 for index");
}
Tensor vector_index(const Tensor& index) { return as_int64(index.dim() == 0 ? index.reshape(IntList(1)) : index); }

// A zero-dim array seen as a vector of one.
struct AtLeast1d {
  int64_t one = 1;
  Array array;
  explicit AtLeast1d(const Array& a) : array(a) {
    if (a.ndim == 0) array = {a.data, a.dtype, 1, &one, &one};
  }
};

}  // namespace

void IndexSelect::infer(Call& c, const Tensor& self, int64_t dim, const Tensor& index) {
  const int64_t d = wrap_dim(dim, self.dim());
  check_select_index("index_select", index);
  const Tensor idx = vector_index(index);
  const int64_t n = self.dim() ? self.size(d) : 1;
  check(self.dim() > 0 || idx.numel() == 1, "index_select(): Index to scalar can have only 1 value, got ", idx.numel(),
        " value(s)");
  check_row_bounds(view_of(idx).array(), n);
  c.clear_inputs();
  c.input(self);
  c.input_owned(idx);
  c.put(d);
  if (self.dim() && d == 0) c.chooses_rows();
  Dims sizes(self.sizes());
  if (self.dim()) sizes[d] = idx.numel();
  c.output(sizes, self.dtype());
}
void IndexSelect::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "index_select(): self and result must have the same scalar type");
}
void IndexSelect::run(const Launch& l) {
  const AtLeast1d self(l.in[0]), out(l.out[0]);
  const int64_t ints[] = {l.ints[0], 1, l.ints[0]};
  const Indexed indexed(self.array, l.in + 1, ints);
  const IndexFirst first(out.array, static_cast<int>(l.ints[0]), 1);
  index_get(indexed.slice, indexed.spec, first.array);
}

void check_indexed_source(std::string_view name, const Tensor& self, int64_t d, const Tensor& index,
                          const Tensor& source) {
  check_as(ErrorKind::Index, index.dim() <= 1, name, "(): Index is supposed to be a vector, but got dim: ", index.dim(),
           " with type: ", index.dtype(), " and size: ", index.sizes());
  check(index.dtype() == DType::Int64 || index.dtype() == DType::Int32, name,
        "(): Expected dtype int32/int64 for index but got: ", index.dtype());
  check(self.dtype() == source.dtype(), name, "(): self (", self.dtype(), ") and source (", source.dtype(),
        ") must have the same scalar type");
  check(d == 0 || d < source.dim(), name, "(): Indexing dim ", d, " is out of bounds of the source tensor with dim ",
        source.dim());
  const int64_t slices = source.dim() ? source.size(d) : 1;
  check(index.numel() == slices, name, "(): Number of indices (", index.numel(),
        ") should be equal to source.size(dim): (", slices, "), for dim: ", d);
  Dims kept(self.sizes()), given(source.sizes());
  if (self.dim() && source.dim()) {
    kept.erase(d);
    given.erase(d);
  }
  check(kept == given,
        "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = ",
        self.sizes(), " source.shape = ", source.sizes());
}

void IndexAdd::update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, Scalar alpha) {
  const int64_t d = wrap_dim(dim, self.dim());
  check_indexed_source("index_add_", self, d, index, source);
  const Tensor idx = vector_index(index);
  if (self.dim() > 1) check_gather_bounds(view_of(idx).array(), self.size(d), static_cast<int>(d));
  else check_row_bounds(view_of(idx).array(), self.numel());
  check_apart(self, index);
  check_apart(self, source);
  const Tensor values = alpha.equals(1) ? source : source * factor_for(alpha, source.dtype());
  put_along(self, d, idx, values, true);
}
Tensor IndexAdd::forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, Scalar alpha) {
  Tensor out = self.clone(MemoryFormat::Contiguous);
  update(out, dim, index, source, alpha);
  return out;
}

// ---- gather and scatter

namespace {

void check_index_dtype(std::string_view op, const Tensor& index) {
  check(index.numel() == 0 || index.dtype() == DType::Int64 || index.dtype() == DType::Int32, op,
        "(): Expected dtype int32/int64 for index");
}

int64_t size_or_one(const Tensor& t, int64_t d) { return t.dim() ? t.size(d) : 1; }
int64_t dims_or_one(const Tensor& t) { return t.dim() ? t.dim() : 1; }

void check_gather_shapes(const Tensor& self, int64_t d, const Tensor& index) {
  check_index_dtype("gather", index);
  if (index.numel() == 0) return;
  check(dims_or_one(self) == dims_or_one(index),
        "Index tensor must have the same number of dimensions as input tensor");
  for (int64_t i = 0; i < dims_or_one(self); ++i)
    check(i == d || size_or_one(index, i) <= size_or_one(self, i), "Size does not match at dimension ", i,
          " expected index ", index.sizes(), " to be no larger than self ", self.sizes(), " apart from dimension ", d);
}

// `src` is undefined where a number is scattered.
void check_scatter(const Tensor& self, int64_t d, const Tensor& index, const Tensor& src) {
  check_index_dtype("scatter", index);
  check(!src.defined() || src.dtype() == self.dtype(), "scatter(): Expected self.dtype to be equal to src.dtype");
  if (index.numel() == 0) return;
  check(dims_or_one(self) == dims_or_one(index), "Index tensor must have the same number of dimensions as self tensor");
  bool fits = true;
  for (int64_t i = 0; i < dims_or_one(self); ++i)
    fits = fits && (i == d || size_or_one(index, i) <= size_or_one(self, i));
  if (!src.defined()) {
    check(fits, "Expected index ", index.sizes(), " to be no larger than self ", self.sizes(), " apart from dimension ",
          d);
    return;
  }
  for (int64_t i = 0; fits && i < dims_or_one(index); ++i) fits = size_or_one(index, i) <= size_or_one(src, i);
  check(dims_or_one(src) == dims_or_one(index), "Index tensor must have the same number of dimensions as src tensor");
  check(fits, "Expected index ", index.sizes(), " to be no larger than self ", self.sizes(), " apart from dimension ",
        d, " and to be no larger size than src ", src.sizes());
}

void scatter_checked(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, Scalar value,
                     ScatterMode mode) {
  const int64_t d = wrap_dim(dim, self.dim());
  const Tensor idx = scatter_index(self, d, index, src);
  if (index.numel() == 0) return;
  check_apart(self, index);
  if (src.defined()) check_apart(self, src);
  scatter_along(self, d, idx, src.defined() ? src : full({}, value, self.dtype()).expand(index.sizes()), mode);
}

// The form that leaves self as it is: a copy, updated.
template <class O, class... A>
Tensor updated(const Tensor& self, const A&... args) {
  Tensor out = self.clone(MemoryFormat::Contiguous);
  O::update(out, args...);
  return out;
}

ScatterMode mode_of(std::string_view reduce) {
  check(reduce == "add" || reduce == "multiply", "reduce argument must be either add or multiply.");
  return reduce == "add" ? ScatterMode::Add : ScatterMode::Multiply;
}

}  // namespace

void scatter_along(const Tensor& self, int64_t d, const Tensor& index, const Tensor& src, ScatterMode mode) {
  run_into(self,
           [](const Launch& l) {
             const AtLeast1d dst(l.out[0]), index(l.in[0]), src(l.in[1]);
             scatter(dst.array, static_cast<int>(l.ints[0]), index.array, src.array,
                     static_cast<ScatterMode>(l.ints[1]));
           },
           {index, src}, {d, static_cast<int64_t>(mode)});
}
Tensor scatter_index(const Tensor& self, int64_t d, const Tensor& index, const Tensor& src) {
  check_scatter(self, d, index, src);
  const Tensor idx = as_int64(index);
  if (index.numel()) check_gather_bounds(view_of(idx).array(), size_or_one(self, d), static_cast<int>(d));
  return idx;
}

void Gather::infer(Call& c, const Tensor& self, int64_t dim, const Tensor& index, bool sparse_grad) {
  check_as(ErrorKind::NotImplemented, !sparse_grad || !is_grad_enabled() || !self.requires_grad(),
           "gather(): sparse_grad=True needs gradients of sparse layout, which do not exist here");
  const int64_t d = wrap_dim(dim, self.dim());
  check_gather_shapes(self, d, index);
  const Tensor idx = as_int64(index);
  check_gather_bounds(view_of(idx).array(), self.dim() ? self.size(d) : 1, static_cast<int>(d));
  c.clear_inputs();
  c.input(self);
  c.input_owned(idx);
  c.put(d);
  c.output(index.sizes(), self.dtype());
}
void Gather::run(const Launch& l) {
  if (l.out[0].numel() == 0) return;
  const AtLeast1d self(l.in[0]), index(l.in[1]), out(l.out[0]);
  gather(self.array, static_cast<int>(l.ints[0]), index.array, out.array);
}

void ScatterSrc::update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  scatter_checked(self, dim, index, src, 0, ScatterMode::Set);
}
void ScatterValue::update(const Tensor& self, int64_t dim, const Tensor& index, Scalar value) {
  scatter_checked(self, dim, index, {}, value, ScatterMode::Set);
}
void ScatterAdd::update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  scatter_checked(self, dim, index, src, 0, ScatterMode::Add);
}
void ScatterReduce::update(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                           std::string_view reduce) {
  check_scatter(self, wrap_dim(dim, self.dim()), index, src);
  scatter_checked(self, dim, index, src, 0, mode_of(reduce));
}
void ScatterReduceValue::update(const Tensor& self, int64_t dim, const Tensor& index, Scalar value,
                                std::string_view reduce) {
  check_scatter(self, wrap_dim(dim, self.dim()), index, {});
  scatter_checked(self, dim, index, {}, value, mode_of(reduce));
}
Tensor ScatterSrc::forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  return updated<ScatterSrc>(self, dim, index, src);
}
Tensor ScatterValue::forward(const Tensor& self, int64_t dim, const Tensor& index, Scalar value) {
  return updated<ScatterValue>(self, dim, index, value);
}
Tensor ScatterAdd::forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  return updated<ScatterAdd>(self, dim, index, src);
}
Tensor ScatterReduce::forward(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src,
                              std::string_view reduce) {
  return updated<ScatterReduce>(self, dim, index, src, reduce);
}
Tensor ScatterReduceValue::forward(const Tensor& self, int64_t dim, const Tensor& index, Scalar value,
                                   std::string_view reduce) {
  return updated<ScatterReduceValue>(self, dim, index, value, reduce);
}
Tensor ScatterReduce::d0(const Tensor&) { return no_derivative("scatter"); }

// ---- by mask, by position

Tensor nonzero(const Tensor& self) {
  const int64_t n = count_nonzero(view_of(self).array());
  Call c;
  c.input(self);
  c.output({n, self.dim()}, DType::Int64, {1, n});  // one column after another
  c.run([](const Launch& l) {
    const Array& out = l.out[0];
    if (out.numel() == 0) return;
    nonzero(l.in[0], out.as<int64_t>(), out.strides[0], out.strides[1]);
  });
  return c.outs()[0];
}
void Nonzero::write_out(const Tensor* out, const Tensor& self) {
  check(out->dtype() == DType::Int64, "nonzero: Expected out tensor to have scalar type Long but got scalar type",
        out->dtype());
  const Tensor result = nonzero(self);
  resize_output(*out, result.sizes(), result.strides());
  write_output(*out, result);
}

Tensor MaskedSelect::forward(const Tensor& self, const Tensor& mask) {
  check(mask.dtype() == DType::Bool, "masked_select: expected BoolTensor for mask");
  const Dims sizes = broadcast_sizes(mask.sizes(), self.sizes());
  const Tensor chosen = mask.expand(sizes);
  Call c;
  c.input_owned(self.expand(sizes));
  c.input(chosen);
  c.output(IntList(count_nonzero(view_of(chosen).array())), self.dtype());
  c.run([](const Launch& l) { masked_take(l.in[0], l.in[1], l.out[0].data); });
  return c.outs()[0];
}
void MaskedSelect::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "masked_select(): self and result must have the same scalar type");
}
Tensor MaskedSelect::d0(const Tensor& g, const Shape<0>& s, const In<1>& mask) {
  const Dims sizes = broadcast_sizes(s.sizes, mask.sizes());
  return sum_to(zeros(sizes, g.dtype()).masked_scatter(mask, g), s);
}

Tensor Take::forward(const Tensor& self, const Tensor& index) {
  check(index.dtype() == DType::Int64, "take(): Expected a long tensor for index, but got ", index.dtype());
  const int64_t n = self.numel();
  check_as(ErrorKind::Index, n > 0 || index.numel() == 0, "take(): tried to take from an empty tensor");
  int64_t wrong = 0;
  check_as(ErrorKind::Index, !find_outside(view_of(index).array(), -n, n, wrong),
           "out of range: tried to access index ", wrong, " on a tensor of ", n, " elements.");
  return Index::forward(self.reshape(IntList(-1)), {index.reshape(IntList(-1))}).reshape(index.sizes());
}
void Take::check_out(const Tensor& out, DType result) {
  check(out.dtype() == result, "take(): self and out expected to have the same dtype, but got self.dtype = ", result,
        " and out.dtype = ", out.dtype());
}
Tensor Take::d0(const Tensor& g, const Shape<0>& s, const In<1>& index) {
  const Tensor flat = zeros(IntList(product(s.sizes)), g.dtype());
  return index_put(flat, {index.reshape(IntList(-1))}, g.reshape(IntList(-1)), true).reshape(s);
}

}  // namespace gradus
