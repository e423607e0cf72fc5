// Element types: names, sizes, categories and PyTorch's promotion between them.
#pragma once
#include <cstdint>
#include <string_view>

#include "gradus/core/half.h"

namespace gradus {

enum class DType : uint8_t { Bool, UInt8, Int8, Int16, Int32, Int64, Float16, BFloat16, Float32, Float64 };
inline constexpr int kNumDTypes = 10;

inline constexpr DType kBool = DType::Bool, kUInt8 = DType::UInt8, kInt8 = DType::Int8, kInt16 = DType::Int16,
                       kInt32 = DType::Int32, kInt64 = DType::Int64, kFloat16 = DType::Float16,
                       kBFloat16 = DType::BFloat16, kFloat32 = DType::Float32, kFloat64 = DType::Float64;

constexpr bool is_floating(DType t) { return t >= DType::Float16; }
constexpr bool is_integral(DType t) { return t != DType::Bool && t < DType::Float16; }
constexpr bool is_reduced_floating(DType t) { return t == DType::Float16 || t == DType::BFloat16; }

/// Bytes of one element.
constexpr int64_t item_size(DType t) {
  constexpr uint8_t bytes[kNumDTypes] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8};
  return bytes[static_cast<int>(t)];
}

/// PyTorch's attribute name ("float32").
constexpr std::string_view name(DType t) {
  constexpr std::string_view names[kNumDTypes] = {"bool",  "uint8",   "int8",     "int16",   "int32",
                                                  "int64", "float16", "bfloat16", "float32", "float64"};
  return names[static_cast<int>(t)];
}

/// The name PyTorch uses in its error messages ("Float", "Long").
constexpr std::string_view scalar_type_name(DType t) {
  constexpr std::string_view names[kNumDTypes] = {"Bool", "Byte", "Char",     "Short", "Int",
                                                  "Long", "Half", "BFloat16", "Float", "Double"};
  return names[static_cast<int>(t)];
}

/// The smallest type both convert to, by PyTorch's table (no value is inspected).
constexpr DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a > b) {
    const DType t = a;
    a = b;
    b = t;
  }
  if (is_floating(b)) return is_floating(a) && a == DType::Float16 && b == DType::BFloat16 ? DType::Float32 : b;
  if (a == DType::UInt8 && b == DType::Int8) return DType::Int16;
  return b;
}

/// True if a result of type `from` may be written to a tensor of type `to` (torch.can_cast).
constexpr bool can_cast(DType from, DType to) {
  if (is_floating(from) && !is_floating(to)) return false;
  return from == DType::Bool || to != DType::Bool;
}

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::Bool;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::UInt8;
};
template <>
struct DTypeOf<int8_t> {
  static constexpr DType value = DType::Int8;
};
template <>
struct DTypeOf<int16_t> {
  static constexpr DType value = DType::Int16;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::Int32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::Int64;
};
template <>
struct DTypeOf<long long> {
  static constexpr DType value = DType::Int64;
};
template <>
struct DTypeOf<Half> {
  static constexpr DType value = DType::Float16;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::BFloat16;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::Float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::Float64;
};

/// Calls `f.template operator()<T>()` with the C++ type of `t`.
template <class F>
decltype(auto) dispatch(DType t, F&& f) {
  switch (t) {
    case DType::Bool: return f.template operator()<bool>();
    case DType::UInt8: return f.template operator()<uint8_t>();
    case DType::Int8: return f.template operator()<int8_t>();
    case DType::Int16: return f.template operator()<int16_t>();
    case DType::Int32: return f.template operator()<int32_t>();
    case DType::Int64: return f.template operator()<int64_t>();
    case DType::Float16: return f.template operator()<Half>();
    case DType::BFloat16: return f.template operator()<BFloat16>();
    case DType::Float32: return f.template operator()<float>();
    case DType::Float64: break;
  }
  return f.template operator()<double>();
}

}  // namespace gradus
