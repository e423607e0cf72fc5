// Random words to numbers: the loops that are worth vector instructions.
#include "gradus/kernels/random.h"

#ifdef __F16C__
#include <immintrin.h>
#endif

namespace gradus::GRADUS_TARGET {
namespace {

constexpr float kTwoToMinus24 = 0x1p-24f;

void draw(Mt19937& engine, uint32_t* out, int64_t n) { mt19937_draw(engine, out, n); }

// The 53 low bits of the draw whose high word comes first.
[[gnu::always_inline]] inline uint64_t bits53(const uint32_t* words, int64_t i) {
  uint64_t pair;
  __builtin_memcpy(&pair, words + 2 * i, sizeof pair);
  if constexpr (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) pair = (pair << 32) | (pair >> 32);
  return pair & ((uint64_t{1} << 53) - 1);
}

// Exact for 53 bits. There is no vector conversion from 64-bit integers before AVX-512: each half is put under an
// exponent that makes its last bit the last bit of a double.
[[gnu::always_inline]] inline double to_double(uint64_t k) {
  const double low = __builtin_bit_cast(double, (k & 0xffffffffu) | 0x4330000000000000u) - 0x1p52;
  const double high = __builtin_bit_cast(double, (k >> 32) | 0x4530000000000000u) - 0x1p84;
  return high + low;
}

void uniform_f32(const uint32_t* words, float* out, int64_t n, float from, float to) {
  if (from == 0.0f && to == 1.0f) {
    for (int64_t i = 0; i < n; ++i)
      out[i] = static_cast<float>(static_cast<int32_t>(words[i] & 0xffffffu)) * kTwoToMinus24;
    return;
  }
  const float width = to - from;
  for (int64_t i = 0; i < n; ++i) {
    const float u = static_cast<float>(static_cast<int32_t>(words[i] & 0xffffffu)) * kTwoToMinus24;
    const float value = __builtin_fmaf(u, width, from);
    out[i] = value == to ? from : value;
  }
}

void uniform_f64(const uint32_t* words, double* out, int64_t n, double from, double to) {
  if (from == 0.0 && to == 1.0) {
    for (int64_t i = 0; i < n; ++i) out[i] = to_double(bits53(words, i)) * 0x1p-53;
    return;
  }
  const double width = to - from;
  for (int64_t i = 0; i < n; ++i) {
    const double value = __builtin_fma(to_double(bits53(words, i)) * 0x1p-53, width, from);
    out[i] = value == to ? from : value;
  }
}

template <class Word>
void below(const uint32_t* words, void* out, int64_t n, uint64_t threshold, uint64_t value) {
  // Both sides are below 2^54, where signed comparison (all that AVX2 has) is the same.
  const int64_t limit = static_cast<int64_t>(threshold);
  const Word hit = static_cast<Word>(value);
  Word* to = static_cast<Word*>(out);
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<int64_t>(bits53(words, i)) < limit ? hit : Word(0);
}

// The quotient in double is at most one too large, the remainder exact.
[[gnu::always_inline]] inline uint32_t remainder_of(double x, double quotient, double divisor) {
  const double r = __builtin_fma(-__builtin_floor(quotient), divisor, x);
  const double fixed = r < 0 ? r + divisor : r;
  return static_cast<uint32_t>(static_cast<int32_t>(fixed >= divisor ? fixed - divisor : fixed));
}

// Conversions of signed numbers are vector instructions everywhere, those of unsigned ones are not.
[[gnu::always_inline]] inline double unsigned_to_double(uint32_t x) {
  return static_cast<double>(static_cast<int32_t>(x ^ 0x80000000u)) + 0x1p31;
}

void remainders(const uint32_t* words, uint32_t* out, int64_t n, uint32_t divisor) {
  const double d = divisor, inverse = 1.0 / d;
  for (int64_t i = 0; i < n; ++i) {
    const double x = unsigned_to_double(words[i]);
    out[i] = remainder_of(x, x * inverse, d);
  }
}

void falling_remainders(const uint32_t* words, uint32_t* out, int64_t n, uint32_t divisor) {
  for (int64_t i = 0; i < n; ++i) {
    const double x = unsigned_to_double(words[i]);
    const double d = static_cast<double>(static_cast<int32_t>(divisor) - static_cast<int32_t>(i));
    out[i] = remainder_of(x, x / d, d);
  }
}

// Natural logarithm on (0, 1] by the polynomial of Cephes' logf, with the roundings of PyTorch's kernel.
[[gnu::always_inline]] inline float log_unit(float value) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  const float mantissa = __builtin_bit_cast(float, (bits & 0x007fffffu) | 0x3f000000u);
  const bool low = mantissa < 0.707106781186547524f;
  const float exponent = static_cast<float>(static_cast<int32_t>(bits >> 23) - 127) + (low ? 0.0f : 1.0f);
  const float x = (mantissa - 1.0f) + (low ? mantissa : 0.0f);
  const float z = x * x;
  float y = 7.0376836292e-2f;
  y = __builtin_fmaf(y, x, -1.1514610310e-1f);
  y = __builtin_fmaf(y, x, 1.1676998740e-1f);
  y = __builtin_fmaf(y, x, -1.2420140846e-1f);
  y = __builtin_fmaf(y, x, 1.4249322787e-1f);
  y = __builtin_fmaf(y, x, -1.6668057665e-1f);
  y = __builtin_fmaf(y, x, 2.0000714765e-1f);
  y = __builtin_fmaf(y, x, -2.4999993993e-1f);
  y = __builtin_fmaf(y, x, 3.3333331174e-1f);
  y = y * x;
  y = __builtin_fmaf(y, z, exponent * -2.12194440e-4f);
  y = __builtin_fmaf(-z, 0.5f, y);
  return __builtin_fmaf(exponent, 0.693359375f, x + y);
}

// Sine and cosine for 0 <= angle < 2 pi, after Cephes' sinf and cosf: reduction by eighths of the circle.
[[gnu::always_inline]] inline void sin_cos(float angle, float& sine, float& cosine) {
  const int32_t octant = (static_cast<int32_t>(angle * 1.27323954473516f) + 1) & ~1;
  const float y = static_cast<float>(octant);
  float x = __builtin_fmaf(y, -0.78515625f, angle);
  x = __builtin_fmaf(y, -2.4187564849853515625e-4f, x);
  x = __builtin_fmaf(y, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float even = 2.443315711809948e-5f;
  even = __builtin_fmaf(even, z, -1.388731625493765e-3f);
  even = __builtin_fmaf(even, z, 4.166664568298827e-2f);
  even = even * z;
  even = __builtin_fmaf(even, z, -(z * 0.5f)) + 1.0f;
  float odd = -1.9515295891e-4f;
  odd = __builtin_fmaf(odd, z, 8.3321608736e-3f);
  odd = __builtin_fmaf(odd, z, -1.6666654611e-1f);
  odd = odd * z;
  odd = __builtin_fmaf(odd, x, x);
  const bool swap = (octant & 2) != 0;
  const uint32_t sine_sign = (static_cast<uint32_t>(octant) & 4u) << 29;
  const uint32_t cosine_sign = (~static_cast<uint32_t>(octant - 2) & 4u) << 29;
  sine = __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, swap ? even : odd) ^ sine_sign);
  cosine = __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, swap ? odd : even) ^ cosine_sign);
}

void normal_f32(float* data, int64_t blocks, float mean, float std) {
  constexpr int kBatch = 32;  // blocks at a time: plain loops over 256 values
  float radius[8 * kBatch], angle[8 * kBatch];
  for (; blocks > 0; blocks -= kBatch, data += 16 * kBatch) {
    const int count = blocks < kBatch ? static_cast<int>(blocks) : kBatch;
    for (int b = 0; b < count; ++b) {
      __builtin_memcpy(radius + 8 * b, data + 16 * b, 8 * sizeof(float));
      __builtin_memcpy(angle + 8 * b, data + 16 * b + 8, 8 * sizeof(float));
    }
    for (int i = 0; i < 8 * count; ++i) {
      const float r = __builtin_sqrtf(-2.0f * log_unit(1.0f - radius[i]));
      float sine, cosine;
      sin_cos(6.2831855f * angle[i], sine, cosine);
      radius[i] = __builtin_fmaf(r * cosine, std, mean);
      angle[i] = __builtin_fmaf(r * sine, std, mean);
    }
    for (int b = 0; b < count; ++b) {
      __builtin_memcpy(data + 16 * b, radius + 8 * b, 8 * sizeof(float));
      __builtin_memcpy(data + 16 * b + 8, angle + 8 * b, 8 * sizeof(float));
    }
  }
}

void affine_f64(double* data, int64_t n, double scale, double offset) {
  for (int64_t i = 0; i < n; ++i) data[i] = __builtin_fma(data[i], scale, offset);
}

void to_f16(const float* in, uint16_t* out, int64_t n) {
  int64_t i = 0;
#ifdef __F16C__
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
  for (; i < n; ++i) out[i] = static_cast<uint16_t>(_cvtss_sh(in[i], _MM_FROUND_TO_NEAREST_INT));
#else
  for (; i < n; ++i) out[i] = Half::encode(in[i]);
#endif
}

void to_bf16(const float* in, uint16_t* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t u = __builtin_bit_cast(uint32_t, in[i]);
    const uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    out[i] = static_cast<uint16_t>((u & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
  }
}

}  // namespace

const RandomTable random_table = {draw,        uniform_f32,
                                  uniform_f64, {below<uint8_t>, below<uint16_t>, below<uint32_t>, below<uint64_t>},
                                  remainders,  falling_remainders,
                                  normal_f32,  affine_f64,
                                  to_f16,      to_bf16};

}  // namespace gradus::GRADUS_TARGET
