// Powers of a base whose exponents are evenly spaced.
#include "gradus/ops/logspace.h"

#include <cmath>

#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {

using OptLayout = std::optional<Layout>;
using OptDevice = std::optional<Device>;
using OptBool = std::optional<bool>;

// The second half is computed from the end, so that it ends exactly.
template <class T>
void fill_logspace(T* p, int64_t n, int64_t stride, double a, double b, double base) {
  using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
  C start = static_cast<C>(a), end = static_cast<C>(b);
  if constexpr (std::is_integral_v<T>) {  // the ends are integers first, the steps between them are not
    start = static_cast<C>(static_cast<T>(static_cast<int64_t>(a)));
    end = static_cast<C>(static_cast<T>(static_cast<int64_t>(b)));
  }
  const C step = n > 1 ? (end - start) / static_cast<C>(n - 1) : C{};
  for (int64_t i = 0; i < n; ++i) {
    const C exponent = i < n / 2 || n == 1 ? start + step * static_cast<C>(i) : end - step * static_cast<C>(n - i - 1);
    const double value = std::pow(base, static_cast<double>(exponent));
    if constexpr (std::is_integral_v<T>) p[i * stride] = static_cast<T>(static_cast<int64_t>(value));
    else if constexpr (sizeof(T) == 2) p[i * stride] = static_cast<T>(static_cast<float>(value));
    else p[i * stride] = static_cast<T>(value);
  }
}

Tensor make_logspace(const Scalar& start, const Scalar& end, int64_t steps, double base, DType dtype) {
  check(steps >= 0, "number of steps must be non-negative");
  refuse_bool("logspace_cpu", dtype);
  for (const Scalar* x : {&start, &end}) check_fits(*x, dtype);
  Call c;
  c.output(IntList(steps), dtype);
  c.put(start.to_double());
  c.put(end.to_double());
  c.put(base);
  c.run([](const Launch& l) {
    dispatch(l.out[0].dtype, [&]<class T>() {
      if constexpr (!std::is_same_v<T, bool>)
        fill_logspace(l.out[0].as<T>(), l.out[0].sizes[0], l.out[0].strides[0], l.floats[0], l.floats[1], l.floats[2]);
    });
  });
  return c.outs()[0];
}

// The number in a zero-dim tensor. `other` is the second end if that is a tensor too.
Scalar exponent(const Tensor& t, const char* name, const Tensor& other = {}) {
  check(t.dim() == 0 && (!other.defined() || other.dim() == 0),
        "logspace only supports 0-dimensional start and end tensors, but got ", name, " with ", t.dim(),
        " dimension(s)", other.defined() ? str(" and end with ", other.dim(), " dimension(s).") : ".");
  return t.item();
}

}  // namespace

Tensor logspace(Scalar start, Scalar end, int64_t steps, double base, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return make_logspace(start, end, steps, base, dtype.value_or(default_dtype()));
}
Tensor logspace(const Tensor& start, const Tensor& end, int64_t steps, double base, OptDType dtype, OptLayout,
                OptDevice, OptBool) {
  const Scalar first = exponent(start, "start", end);
  return make_logspace(first, end.item(), steps, base, dtype.value_or(default_dtype()));
}
Tensor logspace(const Tensor& start, Scalar end, int64_t steps, double base, OptDType dtype, OptLayout, OptDevice,
                OptBool) {
  return make_logspace(exponent(start, "start"), end, steps, base, dtype.value_or(default_dtype()));
}
Tensor logspace(Scalar start, const Tensor& end, int64_t steps, double base, OptDType dtype, OptLayout, OptDevice,
                OptBool) {
  return make_logspace(start, exponent(end, "end"), steps, base, dtype.value_or(default_dtype()));
}
void Logspace::write_out(const Tensor* out, const Scalar& start, const Scalar& end, int64_t steps, double base,
                         OptDType, OptLayout, OptDevice, OptBool) {
  write_output(*out, make_logspace(start, end, steps, base, out->dtype()));
}

}  // namespace gradus
