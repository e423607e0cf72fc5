// What unary operators need beyond their kernels: default limits, mantissas, gradients.
#include "gradus/ops/unary_more.h"

#include <cmath>

#include "gradus/ops/funnel.h"

namespace gradus {
namespace {

double largest(DType t) {
  switch (t) {
    case DType::Float16: return 65504;
    case DType::BFloat16: return 0x1.FEp127;
    case DType::Float32: return 0x1.fffffep127;
    default: return 0x1.fffffffffffffp1023;
  }
}

struct Replacements {
  Scalar nan, posinf, neginf;
};
Replacements replacements(DType t, std::optional<double> nan, std::optional<double> posinf,
                          std::optional<double> neginf) {
  return {Scalar(nan.value_or(0)), Scalar(posinf.value_or(largest(t))), Scalar(neginf.value_or(-largest(t)))};
}

template <class T>
void split(const Array& in, const Array& mantissa, const Array& exponent) {
  const int64_t n = in.numel();
  const T* x = in.as<T>();
  T* m = mantissa.as<T>();
  int32_t* e = exponent.as<int32_t>();
  for (int64_t i = 0; i < n; ++i) {
    int power;
    if constexpr (std::is_same_v<T, double>) {
      m[i] = std::frexp(x[i], &power);
    } else {
      m[i] = T(std::frexp(static_cast<float>(x[i]), &power));
    }
    e[i] = power;
  }
}

}  // namespace

// (x pi cos(x pi) - sin(x pi)) / (x^2 pi), 0 at 0.
Tensor Sinc::d0(const Tensor& g, const In<0>& x) {
  const Tensor p = x * 3.141592653589793;
  const Tensor square = x * p;
  return (g * ((p.cos() * p - p.sin()) / square)).masked_fill(square == 0, 0);
}

Tensor isreal(const Tensor& self) { return ones_like(self, DType::Bool); }
Tensor conj(const Tensor& self) { return self; }
Tensor conj_physical(const Tensor& self) { return self; }
const Tensor& conj_physical_(const Tensor& self) { return pointwise_inplace<ConjSelf>(self); }
Tensor imag(const Tensor&) {
  raise(ErrorKind::Runtime, "imag is not implemented for tensors with non-complex dtypes.");
}

Tensor nan_to_num(const Tensor& self, std::optional<double> nan, std::optional<double> posinf,
                  std::optional<double> neginf) {
  if (!is_floating(self.dtype())) return self.clone();
  const Replacements r = replacements(self.dtype(), nan, posinf, neginf);
  return pointwise<NanToNumFloat>(self, r.nan, r.posinf, r.neginf);
}
const Tensor& nan_to_num_(const Tensor& self, std::optional<double> nan, std::optional<double> posinf,
                          std::optional<double> neginf) {
  if (!is_floating(self.dtype())) {
    check_inplace(self.impl(), false);
    bump_version(self.impl());
    return self;
  }
  const Replacements r = replacements(self.dtype(), nan, posinf, neginf);
  return pointwise_inplace<NanToNumFloat>(self, r.nan, r.posinf, r.neginf);
}

void Frexp::infer(Call& c, const Tensor& self) {
  check(is_floating(self.dtype()), "torch.frexp() only supports floating-point dtypes");
  const Tensor dense = is_non_overlapping_and_dense(self.sizes(), self.strides()) ? self : self.clone();
  c.clear_inputs();
  c.input_owned(dense);
  c.output(self.sizes(), self.dtype(), dense.strides());
  c.output(self.sizes(), DType::Int32, dense.strides());
}
void Frexp::run(const Launch& l) {
  dispatch(l.in[0].dtype, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16) split<T>(l.in[0], l.out[0], l.out[1]);
  });
}

Tensor logit(const Tensor& self, std::optional<double> eps) {
  return pointwise<Logit>(self, Scalar(eps.value_or(-1.0)));
}
const Tensor& logit_(const Tensor& self, std::optional<double> eps) {
  return pointwise_inplace<Logit>(self, Scalar(eps.value_or(-1.0)));
}

}  // namespace gradus
