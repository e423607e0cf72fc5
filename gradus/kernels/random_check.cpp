// The arguments random numbers accept, with PyTorch's words for those they do not.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "gradus/core/format.h"
#include "gradus/kernels/random.h"

namespace gradus {
namespace {

// C++ streams print doubles so, and PyTorch's messages with them.
std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// The C++ name of the type, as compilers spell it in PyTorch's messages.
std::string_view c_name(DType dtype) {
  constexpr std::string_view names[kNumDTypes] = {"bool",     "unsigned char", "signed char",   "short int", "int",
                                                  "long int", "c10::Half",     "c10::BFloat16", "float",     "double"};
  return names[static_cast<int>(dtype)];
}

void check_implemented(bool ok, std::string_view kernel, DType dtype) {
  check_as(ErrorKind::NotImplemented, ok, "\"", kernel, "\" not implemented for '", dtype, "'");
}

double largest(DType dtype) {
  switch (dtype) {
    case DType::Float16: return 65504.0;
    case DType::BFloat16: return 0x1.fep127;
    case DType::Float32: return std::numeric_limits<float>::max();
    default: return std::numeric_limits<double>::max();
  }
}

/// Bits of the significand, the leading one included.
int digits(DType dtype) {
  switch (dtype) {
    case DType::Float16: return 11;
    case DType::BFloat16: return 8;
    case DType::Float32: return 24;
    default: return 53;
  }
}

struct Limits {
  int64_t low, high;
};
Limits integer_limits(DType dtype) {
  switch (dtype) {
    case DType::Bool: return {0, 1};
    case DType::UInt8: return {0, 255};
    case DType::Int8: return {-128, 127};
    case DType::Int16: return {-32768, 32767};
    case DType::Int32: return {INT32_MIN, INT32_MAX};
    default: return {INT64_MIN, INT64_MAX};
  }
}

// Conversion to an integer as x86 does it: what does not fit becomes the smallest one.
int64_t to_integer(double value) {
  return value >= -0x1p63 && value < 0x1p63 ? static_cast<int64_t>(value) : INT64_MIN;
}

/// The value after a round trip through the floating type.
int64_t rounded(DType dtype, int64_t value) {
  switch (dtype) {
    case DType::Float16: return to_integer(static_cast<float>(Half(static_cast<float>(value))));
    case DType::BFloat16: return to_integer(static_cast<float>(BFloat16(static_cast<float>(value))));
    case DType::Float32: return to_integer(static_cast<float>(value));
    default: return to_integer(static_cast<double>(value));
  }
}

// Distance between neighbours of the floating type around the value.
uint64_t spacing(DType dtype, int64_t value) {
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const int log2 = magnitude ? 63 - __builtin_clzll(magnitude) : 0;
  return uint64_t{1} << ((log2 - digits(dtype) + 1) & 63);
}

int64_t wrapping_add(int64_t a, uint64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + b); }

// An end that rounding would carry out of [from, to) moves to the next value inside that the type can hold.
int64_t move_from(DType dtype, int64_t from) {
  if (from == INT64_MAX) return from;
  const int64_t above = wrapping_add(from, 1), held = rounded(dtype, above);
  return held < from ? wrapping_add(held, spacing(dtype, above)) : from;
}

int64_t move_to(DType dtype, int64_t to) {
  const int64_t under = wrapping_add(to, ~uint64_t{0}), held = rounded(dtype, under);
  return held >= to ? wrapping_add(held, 0 - spacing(dtype, under)) : to;
}

void check_bounds(DType dtype, int64_t from, int64_t last) {
  bool from_fits, last_fits;
  if (is_floating(dtype)) {
    const double limit = largest(dtype);
    from_fits = static_cast<double>(from) >= -limit && static_cast<double>(from) <= limit;
    last_fits = static_cast<double>(last) >= -limit && static_cast<double>(last) <= limit;
  } else {
    const Limits limits = integer_limits(dtype);
    from_fits = from >= limits.low && from <= limits.high;
    last_fits = last >= limits.low && last <= limits.high;
  }
  check(from_fits, "from is out of bounds for ", c_name(dtype));
  check(last_fits, "to - 1 is out of bounds for ", c_name(dtype));
}

}  // namespace

void check_uniform(DType dtype, double from, double to) {
  check_implemented(is_floating(dtype), "check_uniform_bounds", dtype);
  const double limit = largest(dtype);
  check(from >= -limit && from <= limit, "from is out of bounds for ", c_name(dtype));
  check(to >= -limit && to <= limit, "to is out of bounds for ", c_name(dtype));
  check(from <= to, "uniform_ expects to return a [from, to) range, but found from=", number(from),
        " > to=", number(to));
  check(to - from <= limit, "uniform_ expects to-from <= std::numeric_limits<", dtype,
        ">::max(), but found to=", number(to), " and from=", number(from),
        " which result in to-from to exceed the limit");
}

void check_normal(DType dtype, int64_t numel, double std) {
  check(std >= 0.0, "normal expects std >= 0.0, but found std ", number(std));
  check_implemented(numel == 0 || is_floating(dtype), "normal_kernel_cpu", dtype);
}

void check_bernoulli(double p) {
  check(p >= 0.0 && p <= 1.0, "bernoulli_ expects p to be in [0, 1], but got p=", number(p));
}

void check_bernoulli_tensor(const Array& p, int64_t numel) {
  if (numel == 0) return;
  check_implemented(is_floating(p.dtype), "bernoulli_tensor_cpu_p_", p.dtype);
  bool ok = true;
  dispatch(p.dtype, [&]<class T>() {
    Dims index(p.ndim, 0);
    const int64_t count = p.numel();
    const T* at = p.as<const T>();
    for (int64_t k = 0; k < count; ++k) {
      const double value = static_cast<double>(*at);
      ok &= value >= 0.0 && value <= 1.0;
      for (int d = p.ndim - 1; d >= 0; --d) {
        at += p.strides[d];
        if (++index[d] < p.sizes[d]) break;
        at -= p.strides[d] * p.sizes[d];
        index[d] = 0;
      }
    }
  });
  check(ok,
        "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
        "please report an enhancement request to PyTorch.)");
}

void check_permutation(DType dtype, int64_t n) {
  check(n >= 0, "Trying to create tensor with negative dimension ", n, ": [", n, "]");
  if (is_integral(dtype)) {
    constexpr std::string_view names[] = {"", "uint8_t", "int8_t", "int16_t", "int", "int64_t"};
    const int64_t high = integer_limits(dtype).high;
    check(n == 0 || n - 1 <= high, "value cannot be converted to type ", names[static_cast<int>(dtype)],
          " without overflow");
  }
  check(dtype != DType::Float16 || n <= (1 << 11) + 1, "n cannot be greater than 2049 for Half type.");
  check(dtype != DType::Float32 || n <= (1 << 24) + 1, "n cannot be greater than 2^24+1 for Float type.");
  check(dtype != DType::Float64 || n <= (int64_t{1} << 53) + 1, "n cannot be greater than 2^53+1 for Double type.");
  check_implemented(dtype != DType::Bool, "randperm", dtype);
}

void check_exponential(DType dtype, int64_t numel, double lambd) {
  check(lambd > 0.0, "exponential_ expects lambda > 0.0, but found lambda=", number(lambd));
  check(numel == 0 || is_floating(dtype),
        "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
        "specified ",
        dtype);
}

void check_geometric(DType dtype, int64_t numel, double p) {
  check(p > 0.0 && p < 1.0, "geometric_ expects p to be in (0, 1), but got p=", number(p));
  check_implemented(numel == 0 || dtype != DType::Bool, "geometric_cpu", dtype);
}

void check_cauchy(DType dtype, double sigma) {
  check(sigma > 0.0, "cauchy_ expects sigma > 0.0, but found sigma=", number(sigma));
  check(is_floating(dtype),
        "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you "
        "specified ",
        c_name(dtype));
}

void check_log_normal(DType dtype, int64_t numel, double std) {
  check(std > 0.0, "log_normal_ expects std > 0.0, but found std=", number(std));
  check_implemented(numel == 0 || is_floating(dtype), "log_normal_cpu", dtype);
}

IntegerRange check_integers(DType dtype, int64_t numel, int64_t from, std::optional<int64_t> to) {
  if (to) {
    int64_t end = *to;
    check(from < end, "random_ expects 'from' to be less than 'to', but got from=", from, " >= to=", end);
    if (is_floating(dtype)) {
      from = move_from(dtype, from);
      end = move_to(dtype, end);
      check(from < end,
            "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=", from,
            " >= to=", end);
    }
    check_bounds(dtype, from, wrapping_add(end, ~uint64_t{0}));
    return {from, static_cast<uint64_t>(end) - static_cast<uint64_t>(from)};
  }
  if (from == INT64_MIN) {
    constexpr std::string_view kernel = "random_full_64_bits_range_kernel_cpu";
    if (numel != 0) {
      check_implemented(dtype != DType::Bool && dtype != DType::Float16, kernel, dtype);
      check(is_floating(dtype) || dtype == DType::Int64, kernel, " handles only int64, double, float and bfloat16");
    }
    return {0, 0};
  }
  int64_t last = integer_limits(dtype).high;
  if (is_floating(dtype)) {
    last = int64_t{1} << digits(dtype);
    from = move_from(dtype, from);
    check(from < last,
          "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got from=",
          from, " > to_inc=", last);
  }
  check_bounds(dtype, from, last);
  return {from, static_cast<uint64_t>(last) - static_cast<uint64_t>(from) + 1};
}

}  // namespace gradus
