// Packing of product operands into panels that the micro kernels read front to back.
#pragma once
#include "gradus/kernels/gemm_vec.h"

namespace gradus::GRADUS_TARGET {
namespace {

/// A part of an operand: `x_stride` steps along its panel dimension (rows of A, columns of B), `k_stride` along k.
template <class S>
struct Source {
  const S* data;
  int64_t x_stride, k_stride;
};

/// One panel from a source contiguous along the panel: copies `width` (≤ kPanel) elements for each k of [k0, k1).
template <class X, int kPanel, class S>
[[gnu::always_inline]] static inline void copy_panel(Source<S> s, int width, int64_t k0, int64_t k1, typename X::T* q) {
  constexpr int w = X::kLanes;
  if (width == kPanel) {
    for (int64_t k = k0; k < k1; ++k)
      for (int v = 0; v < kPanel; v += w) X::store(q + k * kPanel + v, load_widened<X>(s.data + k * s.k_stride + v, w));
    return;
  }
  for (int64_t k = k0; k < k1; ++k)
    for (int v = 0; v < kPanel; v += w) {
      const int n = width - v < w ? width - v : w;
      X::store(q + k * kPanel + v, n > 0 ? load_widened<X>(s.data + k * s.k_stride + v, n) : X::zero());
    }
}

/// kLanes columns of one panel from a source contiguous along k; lanes from `width` on become 0.
template <class X, int kPanel, class S>
static void transpose_lanes(Source<S> s, int width, int64_t kc, typename X::T* q) {
  constexpr int w = X::kLanes;
  typename X::V r[w];
  int64_t k = 0;
  if constexpr (sizeof(S) == sizeof(typename X::T)) {
    for (; width >= w && k + w <= kc; k += w) {
      load_transposed<X>(s.data + k, s.x_stride, r);
#pragma GCC unroll 16
      for (int i = 0; i < w; ++i) X::store(q + (k + i) * kPanel, r[i]);
    }
  }
  for (; k < kc; k += w) {
    const int steps = kc - k < w ? static_cast<int>(kc - k) : w;
    load_transposed_part<X>(s.data + k, s.x_stride, width, steps, r);
    alignas(64) typename X::T rows[w * w];
#pragma GCC unroll 16
    for (int i = 0; i < w; ++i) X::store(rows + i * w, r[i]);
    for (int i = 0; i < steps; ++i) X::store(q + (k + i) * kPanel, X::load(rows + i * w));
  }
}

/// Packs nx elements × kc steps into panels of `step` (≤ kPanel) elements, [panel][k][kPanel], padded with 0 at the
/// end.
template <class X, int kPanel, class S>
static void pack(Source<S> s, int64_t nx, int step, int64_t kc, typename X::T* q) {
  constexpr int w = X::kLanes, kRun = 8;
  const int64_t size = kc * kPanel;
  if (s.x_stride == 1) {
    for (int64_t k = 0; k < kc; k += kRun)
      for (int64_t x = 0, p = 0; x < nx; x += step, ++p)
        copy_panel<X, kPanel>(Source<S>{s.data + x, 1, s.k_stride}, nx - x < step ? int(nx - x) : step, k,
                              k + kRun < kc ? k + kRun : kc, q + p * size);
    return;
  }
  for (int64_t x = 0; x < nx; x += step, q += size) {
    const int width = nx - x < step ? static_cast<int>(nx - x) : step;
    const S* from = s.data + x * s.x_stride;
    if (s.k_stride == 1 && width > w / 8) {
      for (int v = 0; v < kPanel; v += w)
        transpose_lanes<X, kPanel>(Source<S>{from + v * s.x_stride, s.x_stride, 1}, width - v, kc, q + v);
    } else {
      for (int64_t k = 0; k < kc; ++k)
        for (int i = 0; i < kPanel; ++i)
          q[k * kPanel + i] = i < width ? widen(from[i * s.x_stride + k * s.k_stride]) : 0;
    }
  }
}

}  // namespace
}  // namespace gradus::GRADUS_TARGET
