// Scans arrays of any dtype and layout for a value.
#include "gradus/kernels/inspect.h"

#include "gradus/kernels/nest.h"

namespace gradus {

bool any_zero(const Array& a) {
  const Array* arrays[] = {&a};
  Nest nest;
  if (!build_nest(nest, arrays, 1)) return false;
  const int64_t n = nest.inner(), stride = nest.inner_stride(0);
  bool found = false;
  dispatch(a.dtype, [&]<class T>() {
    nest.for_each_row([&](char* const* at) {
      const T* p = reinterpret_cast<const T*>(at[0]);
      bool zero = false;
      for (int64_t i = 0; i < n; ++i) {
        if constexpr (DTypeOf<T>::value >= DType::Float16) zero |= static_cast<float>(p[i * stride]) == 0;
        else zero |= p[i * stride] == T(0);
      }
      found |= zero;
    });
  });
  return found;
}

namespace {
// Not 0 if one of n numbers lies outside 0 to 1. A flag as wide as the number lets the loop run in vectors.
template <class T>
auto outside_unit(const T* p, int64_t n, int64_t stride) {
  using V = std::conditional_t<sizeof(T) == 8, double, float>;
  std::conditional_t<sizeof(V) == 8, int64_t, int32_t> found = 0;
  if (stride == 1)
    for (int64_t i = 0; i < n; ++i) found |= static_cast<V>(p[i]) >= 0 && static_cast<V>(p[i]) <= 1 ? 0 : 1;
  else
    for (int64_t i = 0; i < n; ++i)
      found |= static_cast<V>(p[i * stride]) >= 0 && static_cast<V>(p[i * stride]) <= 1 ? 0 : 1;
  return found;
}
}  // namespace

bool all_within_unit(const Array& a) {
  const Array* arrays[] = {&a};
  Nest nest;
  if (!build_nest(nest, arrays, 1)) return true;
  const int64_t n = nest.inner(), stride = nest.inner_stride(0);
  bool outside = false;
  dispatch(a.dtype, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16)
      nest.for_each_row(
          [&](char* const* at) { outside |= outside_unit(reinterpret_cast<const T*>(at[0]), n, stride) != 0; });
  });
  return !outside;
}

}  // namespace gradus
