// Tensors as text, character for character as PyTorch prints them.
#pragma once
#include <optional>
#include <string>

#include "gradus/core/tensor.h"

namespace gradus {

/// Digits, the size from which tensors are summarised, items kept at each edge, columns; whether exponents are forced
/// (true), forbidden (false) or chosen by the values.
struct PrintOptions {
  int precision = 4;
  int64_t threshold = 1000;
  int64_t edgeitems = 3;
  int64_t linewidth = 80;
  std::optional<bool> sci_mode = {};
};
/// The options in force; may be changed.
PrintOptions& print_options();

inline std::string to_string(const Tensor& t) { return t.str(); }

/// `std::cout << t`, and any other stream that takes strings.
template <class Stream>
requires requires(Stream& s, const std::string& text) { s.write(text.data(), 1).flush(); }
Stream& operator<<(Stream& stream, const Tensor& t) {
  const std::string text = t.str();
  stream.write(text.data(), static_cast<long>(text.size()));
  return stream;
}

}  // namespace gradus
