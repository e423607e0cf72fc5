// The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), written so that compilers vectorise it.
#pragma once
#include <cstdint>

namespace gradus {

/// Words and position. `left` counts down to the next regeneration (1 means at once), `next` is the word drawn next.
struct Mt19937 {
  static constexpr int kWords = 624;
  uint32_t words[kWords];
  int32_t left;
  uint32_t next;
};

// Every function here is inlined: kernels for several instruction sets include this file and must not share a copy.
namespace mt19937_detail {

[[gnu::always_inline]] static inline uint32_t mix(uint32_t upper, uint32_t lower) {
  const uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
  return (y >> 1) ^ ((0u - (lower & 1u)) & 0x9908b0dfu);
}

[[gnu::always_inline]] static inline uint32_t temper(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

/// Replaces all words. Both loops read at least 227 words away from what they wrote: they are vectorised.
[[gnu::always_inline]] static inline void regenerate(uint32_t* w) {
  constexpr int n = Mt19937::kWords, m = 397;
  for (int i = 0; i < n - m; ++i) w[i] = w[i + m] ^ mix(w[i], w[i + 1]);
  for (int i = n - m; i < n - 1; ++i) w[i] = w[i - (n - m)] ^ mix(w[i], w[i + 1]);
  w[n - 1] = w[m - 1] ^ mix(w[n - 1], w[0]);
}

}  // namespace mt19937_detail

[[gnu::always_inline]] static inline void mt19937_seed(Mt19937& e, uint32_t seed) {
  e.words[0] = seed;
  for (uint32_t j = 1; j < Mt19937::kWords; ++j)
    e.words[j] = 1812433253u * (e.words[j - 1] ^ (e.words[j - 1] >> 30)) + j;
  e.left = 1;
  e.next = 0;
}

/// The next `n` numbers, uniform in [0, 2^32).
[[gnu::always_inline]] static inline void mt19937_draw(Mt19937& e, uint32_t* out, int64_t n) {
  while (n > 0) {
    // A restored state may hold any left and next; neither may lead outside the words.
    if (e.left <= 1 || e.next >= Mt19937::kWords) {
      mt19937_detail::regenerate(e.words);
      e.left = Mt19937::kWords + 1;
      e.next = 0;
    }
    int64_t count = Mt19937::kWords - static_cast<int64_t>(e.next);
    if (count > e.left - 1) count = e.left - 1;
    if (count > n) count = n;
    const uint32_t* from = e.words + e.next;
    for (int64_t i = 0; i < count; ++i) out[i] = mt19937_detail::temper(from[i]);
    e.left -= static_cast<int32_t>(count);
    e.next += static_cast<uint32_t>(count);
    out += count;
    n -= count;
  }
}

}  // namespace gradus
