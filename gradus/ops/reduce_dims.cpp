// Geometry of reductions.
#include "gradus/ops/reduce_dims.h"

namespace gradus {

uint64_t dim_mask(const IntList& dims, int64_t ndim) {
  if (dims.empty()) return ~uint64_t{0};
  uint64_t mask = 0;
  for (int64_t d : dims) {
    const int64_t wrapped = wrap_dim(d, ndim);
    const uint64_t bit = uint64_t{1} << wrapped;
    check(!(mask & bit), "dim ", wrapped, " appears multiple times in the list of dims");
    mask |= bit;
  }
  return mask;
}

Dims reduced_sizes(const IntList& sizes, uint64_t mask, bool keepdim) {
  Dims out;
  for (int64_t i = 0; i < sizes.size(); ++i) {
    if (!(mask >> i & 1u)) out.push_back(sizes[i]);
    else if (keepdim) out.push_back(1);
  }
  return out;
}

int64_t reduced_count(const IntList& sizes, uint64_t mask) {
  int64_t n = 1;
  for (int64_t i = 0; i < sizes.size(); ++i)
    if (mask >> i & 1u) n *= sizes[i];
  return n;
}

Tensor restore_dims(const Tensor& reduced, const IntList& dims, bool keepdim, int64_t ndim) {
  if (keepdim || dims.empty() || ndim == 0) return reduced;
  const uint64_t mask = dim_mask(dims, ndim);
  Tensor out = reduced;
  for (int64_t i = 0; i < ndim; ++i)
    if (mask >> i & 1u) out = out.unsqueeze(i);
  return out;
}

void output_reduced(Call& c, const Tensor& self, const IntList& dims, bool keepdim, DType dtype) {
  const uint64_t mask = dim_mask(dims, self.dim());
  c.output(reduced_sizes(self.sizes(), mask, keepdim), dtype);
  c.put(static_cast<int64_t>(mask));
  c.put(static_cast<int64_t>(keepdim));
}

KeptDims::KeptDims(const Array& full, const Array& reduced, uint64_t mask, bool keepdim) {
  int k = 0;
  for (int i = 0; i < full.ndim; ++i) {
    const bool dropped = mask >> i & 1u;
    sizes[i] = dropped ? 1 : full.sizes[i];
    strides[i] = dropped ? 1 : reduced.strides[k];
    if (!dropped || keepdim) ++k;
  }
  array = {reduced.data, reduced.dtype, full.ndim, sizes, strides};
}

void check_out_dtype(DType expected, const Tensor& out) {
  constexpr std::string_view names[kNumDTypes] = {"bool",     "unsigned char", "signed char",   "short int", "int",
                                                  "long int", "c10::Half",     "c10::BFloat16", "float",     "double"};
  check(out.dtype() == expected, "Expected out tensor to have dtype ", names[static_cast<int>(expected)], ", but got ",
        names[static_cast<int>(out.dtype())], " instead");
}

}  // namespace gradus
