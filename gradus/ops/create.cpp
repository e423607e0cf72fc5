// Factories.
#include "gradus/ops/create.h"

#include <cmath>
#include <cstdio>
#include <string>

#include "gradus/ops/pointwise_check.h"

namespace gradus {
namespace {

using OptLayout = std::optional<Layout>;
using OptDevice = std::optional<Device>;
using OptBool = std::optional<bool>;
using OptFormat = std::optional<MemoryFormat>;

DType or_default(OptDType dtype) { return dtype.value_or(default_dtype()); }
DType of_number(const Scalar& s, OptDType dtype) { return dtype ? *dtype : s.is_float() ? default_dtype() : s.dtype(); }

Tensor filled(const IntList& size, const Scalar& value, DType dtype) {
  check_fits(value, dtype);
  Tensor out = allocate(size, dtype);
  fill_values(out, value);
  return out;
}

Tensor filled_like(const Tensor& self, const Scalar& value, OptDType dtype, OptFormat format) {
  Tensor out = empty_like(self, dtype, {}, {}, {}, format);
  check_fits(value, out.dtype());
  fill_values(out, value);
  return out;
}

// out[i] = start + i * step, computed in the accumulation type of the dtype.
void run_arange(const Launch& l) {
  const Array& out = l.out[0];
  const int64_t n = out.numel(), stride = out.ndim ? out.strides[0] : 1;
  dispatch(out.dtype, [&]<class T>() {
    T* p = out.as<T>();
    for (int64_t i = 0; i < n; ++i) {
      if constexpr (DTypeOf<T>::value == DType::Float64)
        p[i * stride] = l.floats[0] + l.floats[1] * static_cast<double>(i);
      else if constexpr (DTypeOf<T>::value >= DType::Float16)
        p[i * stride] = static_cast<T>(
            static_cast<float>(static_cast<double>(static_cast<float>(l.floats[0])) +
                               static_cast<double>(static_cast<float>(l.floats[1])) * static_cast<double>(i)));
      else p[i * stride] = static_cast<T>(l.ints[0] + l.ints[1] * i);
    }
  });
}

// As C++ streams print: six significant digits.
std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

int64_t arange_length(const Scalar& start, const Scalar& end, const Scalar& step, DType dtype) {
  const double a = start.to_double(), b = end.to_double(), s = step.to_double();
  check(s != 0, "step must be nonzero");
  check(std::isfinite(a) && std::isfinite(b), "unsupported range: ", short_number(a), " -> ", short_number(b));
  check((s > 0 && b >= a) || (s < 0 && b <= a), "upper bound and lower bound inconsistent with step sign");
  if (dtype != DType::Int64) {
    const double n = std::ceil((b - a) / s);
    check(n >= 0 && n <= 9.2e18, "invalid size, possible overflow?");
    return static_cast<int64_t>(n);
  }
  for (const Scalar* x : {&start, &end, &step}) check_fits(*x, DType::Int64);
  const int64_t k = step.to_int();  // integers count by what is left of the numbers as integers
  check_as(ErrorKind::Value, k != 0, "step must be nonzero");
  return (end.to_int() - start.to_int() + k - (k > 0 ? 1 : -1)) / k;
}

Tensor make_arange(const Scalar& start, const Scalar& end, const Scalar& step, OptDType dtype) {
  const bool floating = start.is_float() || end.is_float() || step.is_float();
  const DType t = dtype ? *dtype : floating ? default_dtype() : DType::Int64;
  check_as(ErrorKind::NotImplemented, t != DType::Bool, "\"arange_cpu\" not implemented for 'Bool'");
  const int64_t n = arange_length(start, end, step, t);
  check(n <= INT64_MAX / 16, "invalid size, possible overflow?");
  Call c;
  c.output(IntList(n), t);
  c.put(start.to_int());
  c.put(step.to_int());
  c.put(start.to_double());
  c.put(step.to_double());
  c.run(&run_arange);
  return c.outs()[0];
}

// The second half is computed from the end, so that the sequence is symmetric and ends exactly.
template <class T>
void fill_linspace(T* p, int64_t n, int64_t stride, double a, double b) {
  using C = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;
  if constexpr (std::is_floating_point_v<C>) {
    // 16-bit floats round after every operation.
    auto rounded = [](auto x) {
      if constexpr (std::is_same_v<C, T>) return static_cast<C>(x);
      else return static_cast<C>(static_cast<T>(static_cast<C>(x)));
    };
    const C start = rounded(a), end = rounded(b);
    const C step = n > 1 ? rounded(rounded(end - start) / rounded(n - 1)) : C{};
    for (int64_t i = 0; i < n; ++i)
      p[i * stride] = static_cast<T>(i < n / 2 || n == 1 ? start + rounded(step * rounded(i))
                                                         : end - rounded(step * rounded(n - i - 1)));
  } else {
    // The ends are integers first, the steps between them are not.
    const double start = static_cast<double>(static_cast<T>(static_cast<int64_t>(a)));
    const double end = static_cast<double>(static_cast<T>(static_cast<int64_t>(b)));
    const double step = n > 1 ? (end - start) / static_cast<double>(n - 1) : 0;
    for (int64_t i = 0; i < n; ++i)
      p[i * stride] = static_cast<T>(static_cast<int64_t>(
          i < n / 2 || n == 1 ? start + step * static_cast<double>(i) : end - step * static_cast<double>(n - i - 1)));
  }
}

Tensor make_linspace(const Scalar& start, const Scalar& end, int64_t steps, DType dtype) {
  check(steps >= 0, "number of steps must be non-negative");
  check_as(ErrorKind::NotImplemented, dtype != DType::Bool, "\"linspace_cpu\" not implemented for 'Bool'");
  for (const Scalar* x : {&start, &end}) check_fits(*x, dtype);
  Call c;
  c.output(IntList(steps), dtype);
  c.put(start.to_double());
  c.put(end.to_double());
  c.run([](const Launch& l) {
    dispatch(l.out[0].dtype, [&]<class T>() {
      fill_linspace(l.out[0].as<T>(), l.out[0].sizes[0], l.out[0].strides[0], l.floats[0], l.floats[1]);
    });
  });
  return c.outs()[0];
}

// The number in a zero-dim tensor. `other` is the second end if that is a tensor too.
Scalar linspace_end(const Tensor& t, const char* name, const Tensor& other = {}) {
  check(t.dim() == 0 && (!other.defined() || other.dim() == 0),
        "linspace only supports 0-dimensional start and end tensors, but got ", name, " with ", t.dim(),
        " dimension(s)", other.defined() ? str(" and end with ", other.dim(), " dimension(s).") : ".");
  return t.item();
}

Tensor make_eye(int64_t n, int64_t m, DType dtype) {
  check(n >= 0, "n must be greater or equal to 0, got ", n);
  check(m >= 0, "m must be greater or equal to 0, got ", m);
  Tensor out = filled({n, m}, 0, dtype);
  NoGrad guard;
  const int64_t k = n < m ? n : m;
  if (k) fill_values(out.as_strided(IntList(k), IntList(m + 1)), 1);
  return out;
}

}  // namespace

Tensor empty(IntList size, OptDType dtype, OptLayout, OptDevice, OptBool, OptFormat format) {
  check(!format || *format != MemoryFormat::Preserve, "unsupported memory format Preserve");
  if (!format || *format == MemoryFormat::Contiguous) return allocate(size, or_default(dtype));
  return clone(allocate(size, or_default(dtype)), format);
}
void Empty::write_out(const Tensor* out, const IntList& size, OptDType, OptLayout, OptDevice, OptBool,
                      OptFormat format) {
  const Tensor like = empty(size, out->dtype(), {}, {}, {}, format);
  if (out->sizes() == size) return;
  resize_output(*out, size, like.strides());
  bump_version(out->impl());
}
Tensor empty_strided(IntList size, IntList stride, OptDType dtype, OptLayout, OptDevice, OptBool) {
  check(size.size() == stride.size(), "dimensionality of sizes (", size.size(),
        ") must match dimensionality of strides (", stride.size(), ")");
  for (int64_t i = 0; i < size.size(); ++i) {
    check(size[i] >= 0, "Trying to create tensor with negative dimension ", size[i], ": ", size);
    check(stride[i] >= 0, "Storage size calculation overflowed with sizes=", size, " and strides=", stride);
  }
  check(size.size() <= 64, "tensors have at most 64 dimensions, got ", size.size());
  const DType t = or_default(dtype);
  return Tensor(new_tensor(new_view(new_storage(storage_bytes(size, stride, 0, item_size(t))), t, size, stride, 0)));
}
Tensor empty_like(const Tensor& self, OptDType dtype, OptLayout, OptDevice, OptBool, OptFormat format) {
  const DType t = dtype.value_or(self.dtype());
  if (!format || *format == MemoryFormat::Preserve)
    return allocate(self.sizes(), t, like_strides(self.sizes(), self.strides()));
  return empty(self.sizes(), t, {}, {}, {}, format);
}
Tensor new_empty(const Tensor& self, IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return allocate(size, dtype.value_or(self.dtype()));
}
Tensor new_empty_strided(const Tensor& self, IntList size, IntList stride, OptDType dtype, OptLayout, OptDevice,
                         OptBool) {
  return empty_strided(size, stride, dtype.value_or(self.dtype()));
}
Tensor empty_permuted(IntList size, IntList physical_layout, OptDType dtype, OptLayout, OptDevice, OptBool) {
  const int64_t n = size.size();
  check(physical_layout.size() == n,
        "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = ", n,
        " is not equal to len(physical_layout) = ", physical_layout.size());
  Dims strides(n, 0);
  uint64_t seen = 0;
  int64_t step = 1;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t d = physical_layout[i];
    check(d >= 0 && d < n, "Dimension out of range (expected to be between 0 and ", n - 1, ", but got ", d,
          " at index ", i, ").  NB: negative dims not currently supported; file an issue if you want it.");
    check(!(seen >> d & 1u), "Duplicate dim not allowed");
    seen |= uint64_t{1} << d;
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    strides[physical_layout[i]] = step;
    step *= size[physical_layout[i]] > 1 ? size[physical_layout[i]] : 1;
  }
  return allocate(size, or_default(dtype), strides);
}
Tensor zeros(IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  for (int64_t n : size) check(n >= 0, "zeros: Dimension size must be non-negative.");
  return filled(size, 0, or_default(dtype));
}
Tensor zeros_like(const Tensor& self, OptDType dtype, OptLayout, OptDevice, OptBool, OptFormat format) {
  return filled_like(self, 0, dtype, format);
}
Tensor new_zeros(const Tensor& self, IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return filled(size, 0, dtype.value_or(self.dtype()));
}
Tensor ones(IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) { return filled(size, 1, or_default(dtype)); }
Tensor ones_like(const Tensor& self, OptDType dtype, OptLayout, OptDevice, OptBool, OptFormat format) {
  return filled_like(self, 1, dtype, format);
}
Tensor new_ones(const Tensor& self, IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return filled(size, 1, dtype.value_or(self.dtype()));
}
Tensor full(IntList size, Scalar value, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return filled(size, value, of_number(value, dtype));
}
Tensor full_like(const Tensor& self, Scalar value, OptDType dtype, OptLayout, OptDevice, OptBool, OptFormat format) {
  return filled_like(self, value, dtype, format);
}
Tensor new_full(const Tensor& self, IntList size, Scalar value, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return filled(size, value, dtype.value_or(self.dtype()));
}
Tensor scalar_tensor(Scalar s, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return filled({}, s, or_default(dtype));
}

Tensor arange(Scalar end, OptDType dtype, OptLayout, OptDevice, OptBool) { return make_arange(0, end, 1, dtype); }
Tensor arange(Scalar start, Scalar end, Scalar step, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return make_arange(start, end, step, dtype);
}

void Arange::write_out(const Tensor* out, const Scalar& end, OptDType, OptLayout, OptDevice, OptBool) {
  write_output(*out, make_arange(0, end, 1, out->dtype()));
}
void ArangeStep::write_out(const Tensor* out, const Scalar& start, const Scalar& end, const Scalar& step, OptDType,
                           OptLayout, OptDevice, OptBool) {
  write_output(*out, make_arange(start, end, step, out->dtype()));
}

Tensor linspace(Scalar start, Scalar end, int64_t steps, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return make_linspace(start, end, steps, or_default(dtype));
}
Tensor linspace(const Tensor& start, const Tensor& end, int64_t steps, OptDType dtype, OptLayout, OptDevice, OptBool) {
  const Scalar first = linspace_end(start, "start", end);
  return make_linspace(first, end.item(), steps, or_default(dtype));
}
Tensor linspace(const Tensor& start, Scalar end, int64_t steps, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return make_linspace(linspace_end(start, "start"), end, steps, or_default(dtype));
}
Tensor linspace(Scalar start, const Tensor& end, int64_t steps, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return make_linspace(start, linspace_end(end, "end"), steps, or_default(dtype));
}
void Linspace::write_out(const Tensor* out, const Scalar& start, const Scalar& end, int64_t steps, OptDType, OptLayout,
                         OptDevice, OptBool) {
  write_output(*out, make_linspace(start, end, steps, out->dtype()));
}

Tensor eye(int64_t n, OptDType dtype, OptLayout, OptDevice, OptBool) { return make_eye(n, n, or_default(dtype)); }
Tensor eye(int64_t n, int64_t m, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return make_eye(n, m, or_default(dtype));
}

template <class T>
Tensor tensor(const std::vector<T>& values, const IntList& sizes) {
  check(product(sizes) == static_cast<int64_t>(values.size()), "shape '", sizes, "' is invalid for input of size ",
        values.size());
  Tensor out = allocate(sizes, DTypeOf<T>::value);
  if (!values.empty()) __builtin_memcpy(out.settled_data(), values.data(), values.size() * sizeof(T));
  return out;
}
template Tensor tensor(const std::vector<float>&, const IntList&);
template Tensor tensor(const std::vector<double>&, const IntList&);
template Tensor tensor(const std::vector<int64_t>&, const IntList&);
template Tensor tensor(const std::vector<int32_t>&, const IntList&);
template Tensor tensor(const std::vector<uint8_t>&, const IntList&);

}  // namespace gradus
