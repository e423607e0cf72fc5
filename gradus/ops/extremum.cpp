// Inference, kernels and gradients of extrema.
#include "gradus/ops/extremum.h"

#include <cstring>

#include "gradus/kernels/index.h"
#include "gradus/kernels/reduce.h"

namespace gradus {
namespace {

void check_reducible(std::string_view name, const Tensor& self) {
  check(self.numel() != 0, name,
        ": Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' "
        "argument.");
}
void check_reducible(std::string_view name, const Tensor& self, const IntList& dims) {
  if (self.numel() != 0) return;
  if (dims.empty()) return check_reducible(name, self);
  for (int64_t d : dims)
    check_as(ErrorKind::Index, self.dim() == 0 || self.size(d) != 0, name, ": Expected reduction dim ", d,
             " to have non-zero size.");
}

void infer_all(Call& c, std::string_view name, const Tensor& self) {
  check_reducible(name, self);
  output_reduced(c, self, {}, false, self.dtype());
}

void infer_with_index(Call& c, std::string_view name, const Tensor& self, int64_t dim, bool keepdim) {
  const int64_t d = wrap_dim(dim, self.dim());
  check_reducible(name, self, d);
  output_reduced(c, self, d, keepdim, self.dtype());
  c.output(reduced_sizes(self.sizes(), dim_mask(d, self.dim()), keepdim), DType::Int64);
  c.put(d);
}

void run_with_index(bool max, const Launch& l) {
  reduce_with_index(max, l.in[0], KeptDims(l, 0).array, KeptDims(l, 1).array, static_cast<int>(l.ints[2]));
}

void write_pair(const Tensor* outs, const std::tuple<Tensor, Tensor>& result) {
  write_output(outs[0], std::get<0>(result));
  write_output(outs[1], std::get<1>(result));
}
void check_outs_with_index(const Tensor* outs, const Tensor& self) {
  check_out_dtype(self.dtype(), outs[0]);
  check_out_dtype(DType::Int64, outs[1]);
}

void infer_dims(Call& c, std::string_view name, const Tensor& self, const IntList& dim, bool keepdim) {
  dim_mask(dim, self.dim());  // refuses wrong dims
  check_reducible(name, self, dim);
  output_reduced(c, self, dim, keepdim, self.dtype());
}

void check_same_dtype(const Tensor& self, const Tensor& out) {
  check(self.dtype() == out.dtype(), "Expected the dtype for input and out to match, but got ", self.dtype(),
        " for input's dtype and ", out.dtype(), " for out's dtype.");
}

// The gradient shared evenly by all elements equal to the extremum.
Tensor spread_over_ties(const Tensor& g, const Tensor& x, const Tensor& y, const IntList& dims, bool keepdim) {
  const Tensor ties = _gradus_ties(x, restore_dims(y, dims, keepdim, x.dim()), 0);
  const Tensor count = dims.empty() ? ties.sum() : ties.sum(OptIntList(dims), true);
  return restore_dims(g, dims, keepdim, x.dim()) * ties / count;
}

void infer_arg(Call& c, std::string_view name, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  check(self.dtype() != DType::Bool, name, ": does not support bool input");
  if (dim) {
    const int64_t d = wrap_dim(*dim, self.dim());
    check_reducible(name, self, d);
    return output_reduced(c, self, d, keepdim, DType::Int64);
  }
  check_as(ErrorKind::Index, self.numel() != 0, name,
           ": Expected reduction dim to be specified for input.numel() == 0.");
  output_reduced(c, self, {}, keepdim, DType::Int64);
}

}  // namespace

// ---- selected elements

namespace {
// Results along a dim that was dropped, or that remains with any size.
struct Selected {
  KeptDims dropped;
  Array array;
  Selected(const Array& full, const Array& a, const Launch& l)
      : dropped(full, a, uint64_t{1} << l.ints[0], l.ints[1]), array(l.ints[1] ? a : dropped.array) {}
};
}  // namespace

void SelectedBackward::infer(Call& c, const Tensor& grad, int64_t dim, const Tensor&, const IntList& sizes,
                             bool keepdim) {
  const int64_t d = wrap_dim(dim, sizes.size());
  c.output(sizes, grad.dtype());
  c.put(d);
  c.put(static_cast<int64_t>(keepdim));
}
void SelectedBackward::run(const Launch& l) {
  const Array& out = l.out[0];
  std::memset(out.data, 0, static_cast<size_t>(out.numel() * item_size(out.dtype)));
  if (out.ndim == 0) {
    std::memcpy(out.data, l.in[0].data, static_cast<size_t>(item_size(out.dtype)));
    return;
  }
  scatter(out, static_cast<int>(l.ints[0]), Selected(out, l.in[1], l).array, Selected(out, l.in[0], l).array,
          ScatterMode::Set);
}
Tensor SelectedBackward::d0(const Tensor& g, const Attr<int64_t, 1>& dim, const In<2>& indices,
                            const Attr<bool, 4>& keepdim) {
  return _gradus_selected(g, *dim, indices, *keepdim);
}

void SelectedElements::infer(Call& c, const Tensor& self, int64_t dim, const Tensor& indices, bool keepdim) {
  c.output(indices.sizes(), self.dtype());
  c.put(wrap_dim(dim, self.dim()));
  c.put(static_cast<int64_t>(keepdim));
}
void SelectedElements::run(const Launch& l) {
  const Array& x = l.in[0];
  if (x.ndim == 0) {
    std::memcpy(l.out[0].data, x.data, static_cast<size_t>(item_size(x.dtype)));
    return;
  }
  gather(x, static_cast<int>(l.ints[0]), Selected(x, l.in[1], l).array, Selected(x, l.out[0], l).array);
}
Tensor SelectedElements::d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim, const In<2>& indices,
                            const Attr<bool, 3>& keepdim) {
  return value_selecting_reduction_backward(g, *dim, indices, s, *keepdim);
}

// ---- of all elements

void MaxAll::infer(Call& c, const Tensor& self) { infer_all(c, "max()", self); }
void MaxAll::run(const Launch& l) { reduce(Reduction::Max, l.in[0], KeptDims(l).array); }
Tensor MaxAll::d0(const Tensor& g, const In<0>& x, const Out<0>& y) {
  const Tensor ties = _gradus_ties(x, y, 1);
  return ties * (g / ties.sum());
}
void MinAll::infer(Call& c, const Tensor& self) { infer_all(c, "min()", self); }
void MinAll::run(const Launch& l) { reduce(Reduction::Min, l.in[0], KeptDims(l).array); }

// ---- along a dim, with indices

void MaxDim::infer(Call& c, const Tensor& self, int64_t dim, bool keepdim) {
  infer_with_index(c, "max()", self, dim, keepdim);
}
void MaxDim::run(const Launch& l) { run_with_index(true, l); }
void MaxDim::write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim) {
  check_outs_with_index(outs, self);
  write_pair(outs, max(self, dim, keepdim));
}
Tensor MaxDim::d0(const Tensor& g, const Shape<0>& s, const Out<1>& indices, const Attr<int64_t, 1>& dim,
                  const Attr<bool, 2>& keepdim) {
  return value_selecting_reduction_backward(g, *dim, indices, s, *keepdim);
}
void MinDim::infer(Call& c, const Tensor& self, int64_t dim, bool keepdim) {
  infer_with_index(c, "min()", self, dim, keepdim);
}
void MinDim::run(const Launch& l) { run_with_index(false, l); }
void MinDim::write_out(const Tensor* outs, const Tensor& self, int64_t dim, bool keepdim) {
  check_outs_with_index(outs, self);
  write_pair(outs, min(self, dim, keepdim));
}

// ---- over dims

void Amax::infer(Call& c, const Tensor& self, const IntList& dim, bool keepdim) {
  infer_dims(c, "amax()", self, dim, keepdim);
}
void Amax::write_out(const Tensor* out, const Tensor& self, const IntList& dim, bool keepdim) {
  check_same_dtype(self, *out);
  write_output(*out, amax(self, dim, keepdim));
}
Tensor Amax::d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<Dims, 1>& dim,
                const Attr<bool, 2>& keepdim) {
  return spread_over_ties(g, x, y, *dim, *keepdim);
}
void Amin::infer(Call& c, const Tensor& self, const IntList& dim, bool keepdim) {
  infer_dims(c, "amin()", self, dim, keepdim);
}
void Amin::write_out(const Tensor* out, const Tensor& self, const IntList& dim, bool keepdim) {
  check_same_dtype(self, *out);
  write_output(*out, amin(self, dim, keepdim));
}

void Aminmax::infer(Call& c, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  const IntList dims = dim ? IntList(wrap_dim(*dim, self.dim())) : IntList{};
  if (dim) check_reducible("aminmax", self, dims);
  else
    check(self.numel() != 0,
          "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.");
  output_reduced(c, self, dims, keepdim, self.dtype());
  c.output(reduced_sizes(self.sizes(), dim_mask(dims, self.dim()), keepdim), self.dtype());
}
void Aminmax::run(const Launch& l) {
  reduce(Reduction::Min, l.in[0], KeptDims(l, 0).array);
  reduce(Reduction::Max, l.in[0], KeptDims(l, 1).array);
}
void Aminmax::write_out(const Tensor* outs, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  check_out_dtype(self.dtype(), outs[0]);
  check_out_dtype(self.dtype(), outs[1]);
  write_pair(outs, aminmax(self, dim, keepdim));
}
Tensor Aminmax::d0(const Tensor& g, const Grad<1>& g_max, const In<0>& x, const Out<0>& min, const Out<1>& max,
                   const Attr<std::optional<int64_t>, 1>& dim, const Attr<bool, 2>& keepdim) {
  const IntList dims = *dim ? IntList(**dim) : IntList{};
  Tensor out;
  if (g.defined()) out = spread_over_ties(g, x, min, dims, *keepdim);
  if (g_max.defined()) {
    const Tensor upper = spread_over_ties(g_max, x, max, dims, *keepdim);
    out = out.defined() ? out + upper : upper;
  }
  return out;
}

// ---- places

void Argmax::infer(Call& c, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  infer_arg(c, "argmax()", self, dim, keepdim);
}
void Argmax::run(const Launch& l) { reduce(Reduction::ArgMax, l.in[0], KeptDims(l).array); }
void Argmax::write_out(const Tensor* out, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  check_out_dtype(DType::Int64, *out);
  write_output(*out, argmax(self, dim, keepdim));
}
void Argmin::infer(Call& c, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  infer_arg(c, "argmin()", self, dim, keepdim);
}
void Argmin::run(const Launch& l) { reduce(Reduction::ArgMin, l.in[0], KeptDims(l).array); }
void Argmin::write_out(const Tensor* out, const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  check_out_dtype(DType::Int64, *out);
  write_output(*out, argmin(self, dim, keepdim));
}

}  // namespace gradus
