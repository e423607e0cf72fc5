// Numbers and lists as text.
#include "gradus/core/format.h"

#include <charconv>

namespace gradus {

std::string format_double(double value) {
  if (value != value) return "nan";
  if (value == __builtin_inf()) return "inf";
  if (value == -__builtin_inf()) return "-inf";
  char buffer[40];
  const bool plain = value == 0 || (__builtin_fabs(value) >= 1e-4 && __builtin_fabs(value) < 1e16);
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, end.ptr);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string format_sizes(IntList sizes) {
  std::string out = "[";
  for (int64_t i = 0; i < sizes.size(); ++i) {
    if (i) out += ", ";
    out += std::to_string(sizes[i]);
  }
  return out + "]";
}

}  // namespace gradus
