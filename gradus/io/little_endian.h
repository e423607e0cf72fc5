// Numbers as little-endian bytes, whatever the machine.
#pragma once
#include <cstdint>
#include <string>

namespace gradus::io {

template <class T>
T load_le(const void* from) {
  auto* p = static_cast<const unsigned char*>(from);
  uint64_t v = 0;
  for (size_t i = sizeof(T); i--;) v = v << 8 | p[i];
  return static_cast<T>(v);
}

template <class T>
void append_le(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
}

}  // namespace gradus::io
