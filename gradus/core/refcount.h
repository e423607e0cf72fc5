// Intrusive reference counts on plain integers; the last owner is recognised by one load, without a locked operation.
#pragma once
#include <cstdint>

namespace gradus {

inline void ref_inc(uint32_t& n) { __atomic_fetch_add(&n, 1u, __ATOMIC_RELAXED); }

/// True if the caller held the last reference.
inline bool ref_dec(uint32_t& n) {
  if (__atomic_load_n(&n, __ATOMIC_ACQUIRE) == 1u) return true;
  return __atomic_fetch_sub(&n, 1u, __ATOMIC_ACQ_REL) == 1u;
}

inline uint32_t ref_count(const uint32_t& n) { return __atomic_load_n(&n, __ATOMIC_ACQUIRE); }

}  // namespace gradus
