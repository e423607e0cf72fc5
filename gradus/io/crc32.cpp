// CRC-32 by carry-less multiplication where the processor has it, else by sixteen tables.
#include "gradus/io/crc32.h"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gradus::io {

namespace {

using Tables = std::array<std::array<uint32_t, 256>, 16>;

constexpr Tables make_tables() {
  Tables t{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    t[0][i] = c;
  }
  for (size_t k = 1; k < 16; ++k)
    for (size_t i = 0; i < 256; ++i) t[k][i] = t[0][t[k - 1][i] & 0xFF] ^ (t[k - 1][i] >> 8);
  return t;
}
constexpr Tables kTables = make_tables();

uint32_t load(const unsigned char* p) {
  return uint32_t{p[0]} | uint32_t{p[1]} << 8 | uint32_t{p[2]} << 16 | uint32_t{p[3]} << 24;
}

// Four bytes whose last is `last` steps before the end of the group of sixteen.
inline uint32_t fold(uint32_t word, size_t last) {
  return kTables[last + 3][word & 0xFF] ^ kTables[last + 2][word >> 8 & 0xFF] ^ kTables[last + 1][word >> 16 & 0xFF] ^
         kTables[last][word >> 24];
}

// The register after `size` more bytes.
uint32_t by_tables(uint32_t c, const unsigned char* p, size_t size) {
  for (; size >= 16; size -= 16, p += 16)
    c = fold(c ^ load(p), 12) ^ fold(load(p + 4), 8) ^ fold(load(p + 8), 4) ^ fold(load(p + 12), 0);
  for (; size; --size) c = kTables[0][(c ^ *p++) & 0xFF] ^ (c >> 8);
  return c;
}

#if defined(__x86_64__)
// Sixteen bytes may be replaced by their remainder times x^n, which is two products of 64 by 33 bits (V. Gopal et al.,
// "Fast CRC computation for generic polynomials using PCLMULQDQ", Intel, 2009): 64 bytes a step, in four lanes.
constexpr long long power(int n) {  // x^n modulo the polynomial, reflected
  uint32_t v = 0x80000000u;
  while (n--) v = v & 1 ? 0xEDB88320u ^ (v >> 1) : v >> 1;
  return static_cast<long long>(v) << 1;
}
constexpr long long kFar[2] = {power(4 * 128 + 32), power(4 * 128 - 32)}, kNear[2] = {power(128 + 32), power(128 - 32)};

__attribute__((target("pclmul,sse4.1"))) inline __m128i advance(__m128i v, __m128i k, __m128i next) {
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(v, k, 0x00), _mm_clmulepi64_si128(v, k, 0x11)), next);
}

__attribute__((target("pclmul,sse4.1"))) uint32_t by_products(uint32_t c, const unsigned char* p, size_t size) {
  const auto at = [&](size_t i) __attribute__((target("pclmul,sse4.1"))) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
  };
  __m128i lanes[4] = {_mm_xor_si128(at(0), _mm_cvtsi32_si128(static_cast<int>(c))), at(1), at(2), at(3)};
  const __m128i far = _mm_set_epi64x(kFar[1], kFar[0]), near = _mm_set_epi64x(kNear[1], kNear[0]);
  for (p += 64, size -= 64; size >= 64; p += 64, size -= 64)
    for (size_t i = 0; i < 4; ++i) lanes[i] = advance(lanes[i], far, at(i));
  __m128i v = lanes[0];
  for (size_t i = 1; i < 4; ++i) v = advance(v, near, lanes[i]);
  for (; size >= 16; p += 16, size -= 16) v = advance(v, near, at(0));
  unsigned char rest[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest), v);
  return by_tables(by_tables(0, rest, 16), p, size);
}
#endif

}  // namespace

uint32_t crc32(uint32_t crc, const void* data, size_t size) {
  auto* p = static_cast<const unsigned char*>(data);
#if defined(__x86_64__)
  static const bool has_products = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  if (has_products && size >= 64) return ~by_products(~crc, p, size);
#endif
  return ~by_tables(~crc, p, size);
}

uint32_t copy_crc32(uint32_t crc, void* to, const void* from, size_t size) {
  constexpr size_t kChunk = 64 << 10;  // stays in the first-level caches between the two passes
  auto* out = static_cast<char*>(to);
  auto* in = static_cast<const char*>(from);
  for (size_t n; size; size -= n, in += n, out += n) {
    n = size < kChunk ? size : kChunk;
    std::memcpy(out, in, n);
    crc = crc32(crc, out, n);
  }
  return crc;
}

}  // namespace gradus::io
