// The 16-bit floating types: storage with exact conversion to and from float (round to nearest even).
#pragma once
#include <cstdint>

namespace gradus {

/// IEEE binary16. Arithmetic is done in float; every result is rounded once.
struct Half {
  uint16_t bits = 0;
  Half() = default;
  explicit Half(float value) : bits(encode(value)) {}
  operator float() const { return decode(bits); }

  static uint16_t encode(float value);
  static float decode(uint16_t bits);
};

/// bfloat16: the upper half of a float. Arithmetic is done in float; every result is rounded once.
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value) : bits(encode(value)) {}
  operator float() const { return decode(bits); }

  static uint16_t encode(float value) {
    uint32_t u = __builtin_bit_cast(uint32_t, value);
    const uint16_t rounded = static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
    return (u & 0x7fffffffu) > 0x7f800000u ? uint16_t{0x7fc0} : rounded;
  }
  static float decode(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }
};

// Scaling by 2^112 and 2^-112 lets the float unit do the rounding and the denormals; both directions are branch-free.
inline float Half::decode(uint16_t h) {
  const uint32_t magnitude = static_cast<uint32_t>(h & 0x7fffu) << 13;
  const float scaled = __builtin_bit_cast(float, magnitude) * 0x1p112f;
  const uint32_t special = (h & 0x7c00u) == 0x7c00u ? (magnitude | 0x7f800000u) : __builtin_bit_cast(uint32_t, scaled);
  return __builtin_bit_cast(float, special | (static_cast<uint32_t>(h & 0x8000u) << 16));
}

inline uint16_t Half::encode(float value) {
  const uint32_t u = __builtin_bit_cast(uint32_t, value);
  const uint32_t magnitude = u & 0x7fffffffu;
  const uint16_t sign = static_cast<uint16_t>((u >> 16) & 0x8000u);
  if (magnitude > 0x7f800000u) return sign | 0x7e00u;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
  if (magnitude < 0x38800000u) {  // subnormal: adding 0.5 aligns the mantissa and rounds it
    const float shifted = __builtin_bit_cast(float, magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(__builtin_bit_cast(uint32_t, shifted) - 0x3f000000u);
  }
  const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u;
  return sign | static_cast<uint16_t>(rounded >> 13);
}

}  // namespace gradus
