// Inference of running sums.
#include "gradus/ops/scan.h"

#include "gradus/kernels/scan.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {
namespace {
void output_like(Call& c, const Tensor& self, int64_t dim, DType dtype) {
  const int64_t wrapped = wrap_dim(dim, self.dim());
  c.output(self.sizes(), dtype);
  c.put(wrapped);
}
}  // namespace

void Cumsum::infer(Call& c, const Tensor& self, int64_t dim, OptDType dtype) {
  output_like(c, self, dim, dtype ? *dtype : is_floating(self.dtype()) ? self.dtype() : DType::Int64);
}
void Cumsum::run(const Launch& l) { running_sum(l.in[0], l.out[0], static_cast<int>(l.ints[0]), false); }
void Cumsum::write_out(const Tensor* out, const Tensor& self, int64_t dim, OptDType dtype) {
  if (dtype) check_out_dtype(*dtype, *out);
  write_output(*out, cumsum(self, dim, out->dtype()));
}

void CumsumReversed::infer(Call& c, const Tensor& self, int64_t dim) { output_like(c, self, dim, self.dtype()); }
void CumsumReversed::run(const Launch& l) { running_sum(l.in[0], l.out[0], static_cast<int>(l.ints[0]), true); }

}  // namespace gradus
