// Canonical sums of computed terms, along a row or by columns, for the *.simd.cpp files that normalise. Internal.
#pragma once
#include "gradus/kernels/reduce_fold.h"

namespace gradus::GRADUS_TARGET {
namespace {

template <class T>
constexpr int64_t lane_count = sizeof(T) == 4 ? 64 : 32;

// out[i] = apply(a[i], b[i]) in whole vectors; the rest of a row is padded instead of running element by element.
template <class T, class Apply>
[[gnu::always_inline]] inline void map(const T* a, const T* b, T* out, int64_t n, Apply apply) {
  using V = typename Vec<T>::type;
  constexpr int64_t w = Vec<T>::size;
  const int64_t whole = n & ~(w - 1), rest = n - whole;
#pragma GCC ivdep
  for (int64_t i = 0; i < whole; ++i) out[i] = apply(a[i], b[i]);
  if (rest == 0) return;
  const V va = load_part<Monoid::Sum>(a + whole, rest), vb = load_part<Monoid::Sum>(b + whole, rest);
  T ta[w], tb[w], to[w];
  std::memcpy(ta, &va, sizeof va);
  std::memcpy(tb, &vb, sizeof vb);
  for (int64_t i = 0; i < w; ++i) to[i] = apply(ta[i], tb[i]);
  V v;
  std::memcpy(&v, to, sizeof v);
  store_part(out + whole, v, rest);
}

// The canonical reduction of a row whose chunks `chunk(from, n)` makes available.
template <Monoid M, class T, class Chunk>
[[gnu::always_inline]] inline T fold_row(int64_t n, Chunk chunk) {
  if (n <= kReduceChunk) return fold_chunk<M>(chunk(int64_t{0}, n), n);
  T slots[64];
  ChunkTree<M, T> tree{slots, 1};
  for (int64_t from = 0; from < n; from += kReduceChunk) {
    const int64_t m = n - from < kReduceChunk ? n - from : kReduceChunk;
    *tree.open() = fold_chunk<M>(chunk(from, m), m);
    tree.close();
  }
  return *tree.finish();
}

// The canonical sums of K terms over n elements: `term(i, out)` gives the K vectors that begin at element i, where
// loads behind the end of the row read zeros.
template <int K, class T, class Term>
[[gnu::always_inline]] inline void sum_terms(int64_t n, T* sums, Term term) {
  using V = typename Vec<T>::type;
  using L = Lanes<Monoid::Sum, T>;
  constexpr int64_t w = Vec<T>::size;
  T slots[K][64];
  int depth = 0;
  int64_t chunk = 0;
  const auto merge = [&]() __attribute__((always_inline)) {
    --depth;
    for (int k = 0; k < K; ++k) slots[k][depth - 1] += slots[k][depth];
  };
  int64_t from = 0;
  do {
    const int64_t end = n - from < kReduceChunk ? n : from + kReduceChunk;
    L lanes[K];
    for (int k = 0; k < K; ++k) lanes[k].clear(std::make_integer_sequence<int, L::count>{});
    int64_t i = from;
    V v[K];
    for (; i + L::count * w <= end; i += L::count * w) {
#pragma GCC unroll 16
      for (int j = 0; j < L::count; ++j) {
        term(i + j * w, w, v);
        for (int k = 0; k < K; ++k) lanes[k].v[j] += v[k];
      }
    }
#pragma GCC unroll 16
    for (int j = 0; j < L::count; ++j) {
      const int64_t left = end - i - j * w;
      if (left <= 0) continue;
      term(i + j * w, left < w ? left : w, v);
      for (int k = 0; k < K; ++k) {
        T part[w] = {};
        store_part(part, v[k], left < w ? left : w);
        V kept;
        std::memcpy(&kept, part, sizeof kept);
        lanes[k].v[j] += left < w ? kept : v[k];
      }
    }
    for (int k = 0; k < K; ++k) slots[k][depth] = lanes[k].template fold<L::count>();
    ++depth;
    for (int64_t c = chunk++; c & 1; c >>= 1) merge();
    from = end;
  } while (from < n);
  while (depth > 1) merge();
  for (int k = 0; k < K; ++k) sums[k] = slots[k][0];
}

// A vector from x, the first n of its elements if there are fewer.
template <class T>
[[gnu::always_inline]] inline typename Vec<T>::type load_some(const T* x, int64_t n) {
  if (n >= Vec<T>::size) return *reinterpret_cast<const typename Vec<T>::type*>(x);
  return load_part<Monoid::Sum>(x, n);
}

// The canonical sum over rows of f(row, column), by columns; `term` may also store.
template <class T, class Term>
[[gnu::always_inline]] inline const T* sum_columns(int64_t n, int64_t w, T* slots, Term term) {
  constexpr int64_t chunk = kReduceChunk / lane_count<T>;
  ChunkTree<Monoid::Sum, T> tree{slots, w};
  for (int64_t from = 0; from < n; from += chunk) {
    T* acc = tree.open();
    for (int64_t c = 0; c < w; ++c) acc[c] = 0;
    const int64_t to = n - from < chunk ? n : from + chunk;
    for (int64_t r = from; r < to; ++r) {
#pragma GCC ivdep
      for (int64_t c = 0; c < w; ++c) acc[c] += term(r, c);
    }
    tree.close();
  }
  return tree.finish();
}

}  // namespace
}  // namespace gradus::GRADUS_TARGET
