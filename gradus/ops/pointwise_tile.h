// Makes the tile loops of a pointwise operator from its `value`; included only by generated kernel sources.
#pragma once
#include <type_traits>
#include <utility>

#include "gradus/kernels/pointwise.h"
#include "gradus/ops/op.h"

namespace gradus::GRADUS_TARGET {
namespace {

template <size_t I, uint32_t Numbers, class T>
inline __attribute__((always_inline)) T element(const T* const* src, const T* number, int64_t i) {
  if constexpr (Numbers >> I & 1) return number[I];
  else return src[I][i];
}

template <class O, class T, size_t... I, size_t... P>
inline __attribute__((always_inline)) void tile_loop(void* out, const void* const* in, int64_t n,
                                                     std::index_sequence<I...>, std::index_sequence<P...>) {
  using R = decltype(O::value((void(I), T{})..., (void(P), T{})...));
  constexpr bool is_bool = std::is_same_v<R, bool>;
  auto* d = static_cast<std::conditional_t<is_bool, bool, T>*>(out);
  const T* const src[] = {static_cast<const T*>(in[I])..., nullptr};
  // Parameters are read once: the compiler cannot know that the output does not overlap them.
  constexpr uint32_t numbers = number_operands<O>();
  const T number[] = {(numbers >> I & 1 ? *static_cast<const T*>(in[I]) : T{})..., T{}};
  const T param[] = {*static_cast<const T*>(in[sizeof...(I) + P])..., T{}};
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (is_bool) d[i] = O::value(element<I, numbers>(src, number, i)..., param[P]...);
    else d[i] = static_cast<T>(O::value(element<I, numbers>(src, number, i)..., param[P]...));
  }
}

// An operator may bring a loop of its own, `O::tile(T* out, const void* const* in, n)`, with the bits of its `value`.
template <class O, class T>
__attribute__((flatten)) void tile(void* out, const void* const* in, int64_t n) {
  if constexpr (requires { O::tile(static_cast<T*>(out), in, n); }) O::tile(static_cast<T*>(out), in, n);
  else
    tile_loop<O, T>(out, in, n, std::make_index_sequence<pointwise_operands(O::op)>{},
                    std::make_index_sequence<pointwise_params(O::op)>{});
}

template <class O>
constexpr TileTable make_tiles() {
  TileTable t{};
  if constexpr (!floats_only(O::op.kind)) t.fn[0] = &tile<O, int32_t>;
  if constexpr (!floats_only(O::op.kind)) t.fn[1] = &tile<O, int64_t>;
  if constexpr (!integers_only(O::op.kind)) t.fn[2] = &tile<O, float>;
  if constexpr (!integers_only(O::op.kind)) t.fn[3] = &tile<O, double>;
  return t;
}

}  // namespace
}  // namespace gradus::GRADUS_TARGET
