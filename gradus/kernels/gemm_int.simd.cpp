// Integer and bool matrix products: exact modulo 2^bits, so the order of the sum is free.
#include "gradus/kernels/gemm_table.h"

namespace gradus::GRADUS_TARGET {
namespace {

constexpr int64_t kStepsPerBlock = 128, kColsPerBlock = 256;

[[gnu::always_inline]] static inline int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

struct WrapAround {
  template <class U>
  [[gnu::always_inline]] static inline U step(U acc, U a, U b) {
    return static_cast<U>(acc + a * b);
  }
};
struct OrOfAnds {
  [[gnu::always_inline]] static inline uint8_t step(uint8_t acc, uint8_t a, uint8_t b) {
    return static_cast<uint8_t>(acc | (a & b));
  }
};

/// acc[0, n) gathers k steps of one row of A with a block of B whose columns are adjacent; four rows of B at a time.
template <class U, class Op>
[[gnu::always_inline]] static inline void row_times_block(const U* a, int64_t a_col, const U* b, int64_t b_row,
                                                          int64_t k, int64_t n, U* __restrict acc) {
  int64_t p = 0;
  for (; p + 4 <= k; p += 4) {
    const U a0 = a[p * a_col], a1 = a[(p + 1) * a_col], a2 = a[(p + 2) * a_col], a3 = a[(p + 3) * a_col];
    const U *b0 = b + p * b_row, *b1 = b0 + b_row, *b2 = b1 + b_row, *b3 = b2 + b_row;
    for (int64_t j = 0; j < n; ++j)
      acc[j] = Op::step(Op::step(Op::step(Op::step(acc[j], a0, b0[j]), a1, b1[j]), a2, b2[j]), a3, b3[j]);
  }
  for (; p < k; ++p) {
    const U a0 = a[p * a_col], *b0 = b + p * b_row;
    for (int64_t j = 0; j < n; ++j) acc[j] = Op::step(acc[j], a0, b0[j]);
  }
}

template <class U, class Op>
static void product(const Gemm& g, const U* a, const U* b, U* c, const U* start) {
  const int64_t area = lesser(g.k, kStepsPerBlock) * lesser(g.n, kColsPerBlock);
  U* packed = g.b_col == 1 ? nullptr : static_cast<U*>(gemm_scratch(GemmSlot::PackedB, area * int64_t(sizeof(U))));
  for (int64_t j0 = 0; j0 < g.n; j0 += kColsPerBlock) {
    const int64_t n = lesser(kColsPerBlock, g.n - j0);
    for (int64_t k0 = 0; k0 < g.k; k0 += kStepsPerBlock) {
      const int64_t k = lesser(kStepsPerBlock, g.k - k0);
      const U* block = b + k0 * g.b_row + j0 * g.b_col;
      if (packed) {
        for (int64_t p = 0; p < k; ++p)
          for (int64_t j = 0; j < n; ++j) packed[p * n + j] = block[p * g.b_row + j * g.b_col];
        block = packed;
      }
      for (int64_t i = 0; i < g.m; ++i) {
        U* row = c + i * g.c_row + j0 * g.c_col;
        U acc[kColsPerBlock];
        if (k0) {
          for (int64_t j = 0; j < n; ++j) acc[j] = row[j * g.c_col];
        } else {
          for (int64_t j = 0; j < n; ++j)
            acc[j] = start ? start[i * g.start_row + (j0 + j) * g.start_col] : static_cast<U>(0);
        }
        row_times_block<U, Op>(a + i * g.a_row + k0 * g.a_col, g.a_col, block, packed ? n : g.b_row, k, n, acc);
        for (int64_t j = 0; j < n; ++j) row[j * g.c_col] = acc[j];
      }
    }
  }
}

/// U is the unsigned type of the element's width: the low bits of a product do not depend on signs.
template <class U, class Op = WrapAround>
static void run(const Gemm& g) {
  const U *a = static_cast<const U*>(g.a), *b = static_cast<const U*>(g.b), *start = static_cast<const U*>(g.start);
  U* c = static_cast<U*>(g.c);
  for (int64_t i = 0; i < g.batch; ++i)
    product<U, Op>(g, a + i * g.a_batch, b + i * g.b_batch, c + i * g.c_batch,
                   start ? start + i * g.start_batch : nullptr);
}

}  // namespace

const GemmTable gemm_int_table = {{run<uint8_t, OrOfAnds>, run<uint8_t>, run<uint8_t>, run<uint16_t>, run<uint32_t>,
                                   run<uint64_t>, nullptr, nullptr, nullptr, nullptr}};

}  // namespace gradus::GRADUS_TARGET
