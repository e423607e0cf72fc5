// Inference of reductions.
#include "gradus/ops/reduce.h"

namespace gradus {
namespace {

// The reduced dims as flags; none given means all.
uint64_t dim_mask(const IntList& dims, int64_t ndim) {
  if (dims.empty()) return ~uint64_t{0};
  uint64_t mask = 0;
  for (int64_t d : dims) {
    const uint64_t bit = uint64_t{1} << wrap_dim(d, ndim);
    check(!(mask & bit), "dim ", wrap_dim(d, ndim), " appears multiple times in the list of dims");
    mask |= bit;
  }
  return mask;
}

// Kernels reduce into an array of the input's rank, so the output is made with unit dims and squeezed by `strides`.
void output_reduced(Call& c, const Tensor& self, const IntList& dims, bool keepdim, DType dtype) {
  const uint64_t mask = dim_mask(dims, self.dim());
  Dims sizes;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (!(mask >> i & 1u)) sizes.push_back(self.sizes()[i]);
    else if (keepdim) sizes.push_back(1);
  }
  c.output(sizes, dtype);
  c.put(static_cast<int64_t>(mask));
  c.put(static_cast<int64_t>(keepdim));
}

DType sum_dtype(const Tensor& self, OptDType dtype) {
  return dtype ? *dtype : is_floating(self.dtype()) ? self.dtype() : DType::Int64;
}

// The output as an array of the input's rank.
struct Keepdim {
  int64_t sizes[64], strides[64];
  Array array;
  Keepdim(const Array& in, const Array& out, uint64_t mask, bool kept) {
    int k = 0;
    for (int i = 0; i < in.ndim; ++i) {
      const bool reduced = mask >> i & 1u;
      sizes[i] = reduced ? 1 : in.sizes[i];
      strides[i] = reduced ? 1 : out.strides[k];
      if (!reduced || kept) ++k;
    }
    array = {out.data, out.dtype, in.ndim, sizes, strides};
  }
};

}  // namespace

Tensor restore_dims(const Tensor& g, const IntList& dims, bool keepdim, int64_t ndim) {
  if (keepdim || dims.empty() || ndim == 0) return g;
  const uint64_t mask = dim_mask(dims, ndim);
  Tensor out = g;
  for (int64_t i = 0; i < ndim; ++i)
    if (mask >> i & 1u) out = out.unsqueeze(i);
  return out;
}

void SumAll::infer(Call& c, const Tensor& self, OptDType dtype) {
  output_reduced(c, self, {}, false, sum_dtype(self, dtype));
}
void SumAll::run(const Launch& l) {
  const Keepdim out(l.in[0], l.out[0], static_cast<uint64_t>(l.ints[0]), l.ints[1]);
  reduce(Reduction::Sum, l.in[0], out.array);
}
void SumDim::infer(Call& c, const Tensor& self, const OptIntList& dim, bool keepdim, OptDType dtype) {
  output_reduced(c, self, dim ? *dim : IntList{}, keepdim, sum_dtype(self, dtype));
}

}  // namespace gradus
