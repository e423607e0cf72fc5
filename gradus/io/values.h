// Tensors from C++ values: tensor({1.0, 2.0}), tensor({{1, 2}, {3, 4}}), tensor(vector), tensor(3.5).
#pragma once
#include <initializer_list>
#include <vector>

#include "gradus/core/tensor.h"

namespace gradus {

namespace detail {
/// A row-major copy of `values`, converted to `dtype`. ValueError if their number is not that of `sizes`.
Tensor from_values(const void* values, DType from, int64_t count, IntList sizes, DType dtype);
/// PyTorch's dtype for literals: the default dtype for floats, int64 for integers.
constexpr DType literal_dtype(DType t, DType floats) { return is_floating(t) ? floats : is_integral(t) ? kInt64 : t; }
}  // namespace detail

/// A tensor of no dims.
template <class T>
requires(std::is_arithmetic_v<T>) Tensor tensor(T value, OptDType dtype = {}) {
  constexpr DType t = DTypeOf<T>::value;
  return detail::from_values(&value, t, 1, IntList(), dtype.value_or(detail::literal_dtype(t, default_dtype())));
}

/// A vector from braces: floats become the default dtype, integers int64.
template <class T>
requires(std::is_arithmetic_v<T>) Tensor tensor(std::initializer_list<T> values, OptDType dtype = {}) {
  constexpr DType t = DTypeOf<T>::value;
  const auto n = static_cast<int64_t>(values.size());
  return detail::from_values(values.begin(), t, n, n, dtype.value_or(detail::literal_dtype(t, default_dtype())));
}

/// A matrix from braces, row by row. ValueError if the rows differ in length.
template <class T>
requires(std::is_arithmetic_v<T>) Tensor
    tensor(std::initializer_list<std::initializer_list<T>> rows, OptDType dtype = {}) {
  constexpr DType t = DTypeOf<T>::value;
  const auto m = static_cast<int64_t>(rows.size()), n = m ? static_cast<int64_t>(rows.begin()->size()) : 0;
  std::vector<T> values;
  for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
  bool ragged = false;
  for (const auto& row : rows) ragged |= static_cast<int64_t>(row.size()) != n;
  const int64_t count = ragged ? -1 : m * n;
  return detail::from_values(values.data(), t, count, {m, n},
                             dtype.value_or(detail::literal_dtype(t, default_dtype())));
}

/// A copy of `values`, of their own dtype unless another is given.
template <class T>
Tensor tensor(const std::vector<T>& values, OptDType dtype = {}) {
  constexpr DType t = DTypeOf<T>::value;
  const auto n = static_cast<int64_t>(values.size());
  return detail::from_values(values.data(), t, n, n, dtype.value_or(t));
}

}  // namespace gradus
