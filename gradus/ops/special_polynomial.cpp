// Orthogonal polynomials by family.
#include "gradus/ops/special_polynomial.h"

#include "gradus/ops/funnel.h"

namespace gradus {
namespace {

std::string_view name_at(std::string_view names, int64_t index) {
  for (int64_t i = 0; i < index; ++i) names.remove_prefix(names.find(' ') + 1);
  return names.substr(0, names.find(' '));
}
Scalar number_of(Orthogonal family) { return Scalar(static_cast<int>(family)); }

}  // namespace

void detail::check_polynomial(const Operand* operands, DType common) {
  if (!is_reduced_floating(common)) return;
  const std::string kernel = str(name_at(polynomial_family.names, operands[2].scalar.to_int()), "_cpu");
  raise_unsupported(kernel.c_str(), common);
}

Tensor polynomial(Orthogonal family, const Tensor& x, const Tensor& n) {
  return pointwise<PolynomialAt>(x, n, number_of(family));
}
Tensor polynomial(Orthogonal family, const Scalar& x, const Tensor& n) {
  return pointwise<PolynomialAtNumber>(x, n, number_of(family));
}
Tensor polynomial(Orthogonal family, const Tensor& x, const Scalar& n) {
  return pointwise<PolynomialOfDegree>(x, n, number_of(family));
}

}  // namespace gradus
