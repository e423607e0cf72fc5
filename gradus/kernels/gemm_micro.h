// Micro kernels of the matrix product: a register tile of C extended by a run of k.
#pragma once
#include "gradus/kernels/gemm_vec.h"

namespace gradus::GRADUS_TARGET {
namespace {

/// Operands of one register tile: R rows of A against NV vectors of columns of B, `k` steps from `s` (or 0) into `c`.
/// The last vector has only `tail` columns in C; B is readable to the full width if `wide`.
template <class X>
struct Tile {
  int64_t k;
  const typename X::T* a;
  int64_t a_row, a_col;
  const typename X::T* b;
  int64_t b_row;
  const typename X::T* s;
  int64_t s_row;
  typename X::T* c;
  int64_t c_row;
  int tail;
  bool wide;
};

/// Row i of A at the current k, from every third pointer: few enough pointers to stay in registers.
template <class X, bool kUnit>
[[gnu::always_inline]] static inline typename X::T row_of(const typename X::T* const* a, int i, int64_t a_row) {
  if constexpr (kUnit) return a[0][i];
  else return a[i / 3][i % 3 * a_row];
}

/// Panels outgrow the first cache level; the loads of a step leave room to ask for a later step's lines.
template <class X, bool kUnit>
[[gnu::always_inline]] static inline void prefetch_ahead(const typename X::T* a, int64_t a_col, const typename X::T* b,
                                                         int64_t b_row) {
  constexpr int kStepsB = 16, kStepsA = 32, line = 64 / sizeof(typename X::T);
#pragma GCC unroll 2
  for (int i = 0; i < 2 * X::kLanes; i += line) __builtin_prefetch(b + kStepsB * b_row + i);
#pragma GCC unroll 2
  for (int i = 0; i < (kUnit ? X::kRows : 0); i += line) __builtin_prefetch(a + kStepsA * a_col + i);
}

/// The accumulators' first values: a tile of the start, or 0.
template <class X, int R, int NV>
[[gnu::always_inline]] static inline void load_start(const typename X::T* s, int64_t s_row, typename X::Mask tail,
                                                     typename X::V (&acc)[R][NV]) {
#pragma GCC unroll 14
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) {
      const typename X::T* p = s + i * s_row + v * X::kLanes;
      acc[i][v] = !s ? X::zero() : v + 1 < NV ? X::load(p) : X::load(p, tail);
    }
}

template <class X, int R, int NV, bool kUnit>
static void micro(const Tile<X>& t) {
  using V = typename X::V;
  constexpr int w = X::kLanes;
  V acc[R][NV];
  const typename X::Mask tail = X::mask(t.tail);
  if (t.s) load_start<X, R, NV>(t.s, t.s_row, tail, acc);
  else load_start<X, R, NV>(nullptr, 0, tail, acc);
  const typename X::Mask read = t.wide ? X::mask(w) : tail;
  const int64_t a_row = t.a_row, a_col = t.a_col, b_row = t.b_row;
  const typename X::T *b = t.b, *a[(R + 2) / 3];
#pragma GCC unroll 5
  for (int i = 0; i < (kUnit ? 1 : (R + 2) / 3); ++i) a[i] = t.a + 3 * i * a_row;
  for (int64_t k = t.k; k > 0; --k) {
    if constexpr (NV <= R) {
      V bv[NV];
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) bv[v] = v + 1 < NV ? X::load(b + v * w) : X::load(b + v * w, read);
#pragma GCC unroll 14
      for (int i = 0; i < R; ++i) {
        const V av = X::splat(row_of<X, kUnit>(a, i, a_row));
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) acc[i][v] = X::fma(av, bv[v], acc[i][v]);
      }
    } else {
      V av[R];
#pragma GCC unroll 14
      for (int i = 0; i < R; ++i) av[i] = X::splat(row_of<X, kUnit>(a, i, a_row));
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) {
        const V bv = v + 1 < NV ? X::load(b + v * w) : X::load(b + v * w, read);
#pragma GCC unroll 14
        for (int i = 0; i < R; ++i) acc[i][v] = X::fma(av[i], bv, acc[i][v]);
      }
    }
    if constexpr (R > 3 && NV == 2) prefetch_ahead<X, kUnit>(a[0], a_col, b, b_row);
    b += b_row;
#pragma GCC unroll 5
    for (int i = 0; i < (kUnit ? 1 : (R + 2) / 3); ++i) a[i] += a_col;
  }
#pragma GCC unroll 14
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) {
      typename X::T* c = t.c + i * t.c_row + v * w;
      if (v + 1 < NV || t.tail == w) X::store(c, acc[i][v]);
      else X::store(c, acc[i][v], tail);
    }
}

template <class X>
using Micro = void (*)(const Tile<X>&);

/// Micro kernels by row count for one width and kind of A; tall tiles exist only where the registers allow them.
template <class X, int NV, bool kUnit, int R = 1>
static constexpr void fill_micros(Micro<X>* rows) {
  if constexpr (R <= X::kRows && R * NV <= X::kRegisters && (NV <= 2 || R * NV <= X::kRegisters - 4 || R == 1)) {
    rows[R] = micro<X, R, NV, kUnit>;
    fill_micros<X, NV, kUnit, R + 1>(rows);
  }
}

/// [A's rows adjacent][log2 of the vectors][rows]
template <class X>
struct Micros {
  Micro<X> of[2][4][X::kRows + 1] = {};
  constexpr Micros() {
    fill_micros<X, 1, false>(of[0][0]);
    fill_micros<X, 2, false>(of[0][1]);
    fill_micros<X, 4, false>(of[0][2]);
    fill_micros<X, 8, false>(of[0][3]);
    fill_micros<X, 1, true>(of[1][0]);
    fill_micros<X, 2, true>(of[1][1]);
    fill_micros<X, 4, true>(of[1][2]);
    fill_micros<X, 8, true>(of[1][3]);
  }
};
template <class X>
static constexpr Micros<X> kMicros;

}  // namespace
}  // namespace gradus::GRADUS_TARGET
