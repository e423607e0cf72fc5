// Keys whose unsigned order is the order of elements: NaN above everything, -0 equal to 0. Internal.
#pragma once
#include <cstdint>
#include <memory>
#include <type_traits>

#include "gradus/core/alloc.h"
#include "gradus/core/dtype.h"

namespace gradus {

template <class T>
using SortKey = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <class T>
inline SortKey<T> sort_key(T x) {
  using U = SortKey<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return x;
  } else if constexpr (std::is_integral_v<T>) {
    constexpr U flip = std::is_signed_v<T> ? U(1) << (8 * sizeof(T) - 1) : U(0);
    return (static_cast<U>(x) ^ flip) & (~U(0) >> (8 * (sizeof(U) - sizeof(T))));
  } else if constexpr (sizeof(T) == 2) {
    constexpr U infinite = std::is_same_v<T, Half> ? 0x7c00u : 0x7f80u;
    const U b = x.bits, magnitude = b & 0x7fffu;
    const U key = b & 0x8000u ? 0x8000u - magnitude : 0x8000u + magnitude;
    return magnitude > infinite ? 0xffffu : key;
  } else {
    constexpr U sign = U(1) << (8 * sizeof(T) - 1), infinite = sizeof(T) == 4 ? U(0xff) << 23 : U(0x7ff) << 52;
    const U b = __builtin_bit_cast(U, x), magnitude = b & ~sign;
    const U key = b & sign ? sign - magnitude : sign + magnitude;
    return magnitude > infinite ? ~U(0) : key;
  }
}

/// The element of a key that is not NaN's.
template <class T>
inline T from_key(SortKey<T> key) {
  using U = SortKey<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return key != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(key ^ (std::is_signed_v<T> ? U(1) << (8 * sizeof(T) - 1) : U(0)));
  } else {
    constexpr U sign = U(1) << (8 * sizeof(T) - 1);
    const U b = key < sign ? sign | (sign - key) : key - sign;
    if constexpr (sizeof(T) == 2) {
      T x;
      x.bits = static_cast<uint16_t>(b);
      return x;
    } else {
      return __builtin_bit_cast(T, b);
    }
  }
}

/// A key with the place it comes from. Narrow keys share one word with it.
struct WideEntry {
  uint64_t key;
  int64_t place;
};
template <class T>
using SortEntry = std::conditional_t<sizeof(T) == 8, WideEntry, uint64_t>;

inline uint64_t make_entry(uint32_t key, int64_t place) { return uint64_t{key} << 32 | static_cast<uint32_t>(place); }
inline WideEntry make_entry(uint64_t key, int64_t place) { return {key, place}; }
inline uint32_t key_of(uint64_t e) { return static_cast<uint32_t>(e >> 32); }
inline uint64_t key_of(const WideEntry& e) { return e.key; }
inline int64_t place_of(uint64_t e) { return static_cast<int64_t>(e & 0xffffffffu); }
inline int64_t place_of(const WideEntry& e) { return e.place; }

/// Uninitialised memory for n objects, from the cache of tensor data.
struct ScratchFree {
  int64_t bytes;
  void operator()(void* block) const noexcept { data_put(block, bytes); }
};
template <class T>
std::unique_ptr<T[], ScratchFree> scratch(int64_t n) {
  const int64_t bytes = n * static_cast<int64_t>(sizeof(T));
  return {static_cast<T*>(data_get(bytes)), ScratchFree{bytes}};
}

/// Sorts entries by key, equal keys by place; `other` is as large. Returns which of the two holds the result.
uint64_t* sort_entries(uint64_t* entries, uint64_t* other, int64_t n);
WideEntry* sort_entries(WideEntry* entries, WideEntry* other, int64_t n);

}  // namespace gradus
