// Special functions by the names of PyTorch's namespace.
#include "gradus/ops/special_alias.h"

#include "gradus/ops/funnel.h"

namespace gradus {

Tensor special_digamma(const Tensor& self) { return digamma(self); }
Tensor special_psi(const Tensor& self) { return digamma(self); }
Tensor special_gammaln(const Tensor& self) { return lgamma(self); }
Tensor special_erf(const Tensor& self) { return erf(self); }
Tensor special_erfc(const Tensor& self) { return erfc(self); }
Tensor special_erfinv(const Tensor& self) { return erfinv(self); }
Tensor special_exp2(const Tensor& self) { return exp2(self); }
Tensor special_expm1(const Tensor& self) { return expm1(self); }
Tensor special_expit(const Tensor& self) { return sigmoid(self); }
Tensor special_i0(const Tensor& self) { return i0(self); }
Tensor special_log1p(const Tensor& self) { return log1p(self); }
Tensor special_sinc(const Tensor& self) { return sinc(self); }
Tensor special_logit(const Tensor& self, std::optional<double> eps) { return logit(self, eps); }
Tensor special_multigammaln(const Tensor& self, int64_t p) { return mvlgamma(self, p); }
Tensor special_polygamma(int64_t n, const Tensor& self) { return polygamma(n, self); }
Tensor special_round(const Tensor& self, int64_t decimals) { return round(self, decimals); }
Tensor special_gammainc(const Tensor& self, const Tensor& other) { return igamma(self, other); }
Tensor special_gammaincc(const Tensor& self, const Tensor& other) { return igammac(self, other); }
Tensor special_xlogy(const Tensor& self, const Tensor& other) { return xlogy(self, other); }
Tensor special_xlogy(Scalar self, const Tensor& other) { return xlogy(self, other); }
Tensor special_xlogy(const Tensor& self, Scalar other) { return xlogy(self, other); }
Tensor special_softmax(const Tensor& self, int64_t dim, OptDType dtype) { return softmax(self, dim, dtype); }
Tensor special_log_softmax(const Tensor& self, int64_t dim, OptDType dtype) { return log_softmax(self, dim, dtype); }
Tensor special_logsumexp(const Tensor& self, IntList dim, bool keepdim) { return logsumexp(self, dim, keepdim); }

}  // namespace gradus
