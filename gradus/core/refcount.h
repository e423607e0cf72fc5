// Intrusive reference counts on plain integers; the last owner is recognised by one load, without a locked operation,
// and none is locked while the process has one thread.
#pragma once
#include <cstdint>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace gradus {

/// True while no other thread can be there. Where the system does not say, false.
inline bool is_single_threaded() {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded;
#else
  return false;
#endif
}

inline void ref_inc(uint32_t& n) {
  if (is_single_threaded()) __atomic_store_n(&n, __atomic_load_n(&n, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
  else __atomic_fetch_add(&n, 1u, __ATOMIC_RELAXED);
}

/// True if the caller held the last reference.
inline bool ref_dec(uint32_t& n) {
  const uint32_t held = __atomic_load_n(&n, __ATOMIC_ACQUIRE);
  if (held == 1u) return true;
  if (is_single_threaded()) {
    __atomic_store_n(&n, held - 1, __ATOMIC_RELAXED);
    return false;
  }
  return __atomic_fetch_sub(&n, 1u, __ATOMIC_ACQ_REL) == 1u;
}

inline uint32_t ref_count(const uint32_t& n) { return __atomic_load_n(&n, __ATOMIC_ACQUIRE); }

}  // namespace gradus
