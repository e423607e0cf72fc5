// Builds error messages: str("expected ", n, " but got ", sizes). Included by sources, not by public headers.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "gradus/core/dtype.h"
#include "gradus/core/error.h"
#include "gradus/core/shape.h"

namespace gradus {

std::string format_double(double value);  // shortest text that reads back equal, as Python's repr
std::string format_sizes(IntList sizes);  // "[2, 3]"

template <class T>
void append(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "True" : "False";
  } else if constexpr (std::is_same_v<T, char>) {
    out += value;
  } else if constexpr (std::is_same_v<T, DType>) {
    out += scalar_type_name(value);
  } else if constexpr (std::is_integral_v<T>) {
    out += std::to_string(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    out += format_double(value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out += std::string_view(value);
  } else {
    out += format_sizes(value);
  }
}

template <class... A>
std::string str(const A&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

/// Raises unless `ok`; the message is built only then.
template <class... A>
inline void check(bool ok, const A&... parts) {
  if (!ok) [[unlikely]]
    raise(ErrorKind::Runtime, str(parts...));
}
template <class... A>
inline void check_as(ErrorKind kind, bool ok, const A&... parts) {
  if (!ok) [[unlikely]]
    raise(kind, str(parts...));
}

}  // namespace gradus
