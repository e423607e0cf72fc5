// Orthonormal rows, for initialisation.
#include "gradus/ops/orthonormal.h"

#include <algorithm>

#include "gradus/kernels/orthonormal.h"

namespace gradus {

void OrthonormalRows::infer(Call& c, const Tensor& self) {
  check(self.dim() == 2 && self.size(0) <= self.size(1),
        "orthonormal rows need a matrix with at least as many columns ", "as rows, got shape ", self.sizes());
  check(self.is_floating_point(), "orthonormal rows need a floating point matrix, got ", self.dtype());
  c.clear_inputs();
  c.input_owned(self.to(DType::Float64).contiguous());
  c.output(self.sizes(), DType::Float64);
}

void OrthonormalRows::run(const Launch& l) {
  const Array& in = l.in[0];
  auto* rows = l.out[0].as<double>();
  const auto* values = in.as<const double>();
  std::copy(values, values + in.sizes[0] * in.sizes[1], rows);
  orthonormal_rows(rows, in.sizes[0], in.sizes[1]);
}

}  // namespace gradus
