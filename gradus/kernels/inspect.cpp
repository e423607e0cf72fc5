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

bool all_within_unit(const Array& a) {
  const Array* arrays[] = {&a};
  Nest nest;
  if (!build_nest(nest, arrays, 1)) return true;
  const int64_t n = nest.inner(), stride = nest.inner_stride(0);
  bool outside = false;
  dispatch(a.dtype, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16)
      nest.for_each_row([&](char* const* at) {
        const T* p = reinterpret_cast<const T*>(at[0]);
        bool found = false;
        for (int64_t i = 0; i < n; ++i) {
          const auto v = static_cast<std::conditional_t<sizeof(T) == 8, double, float>>(p[i * stride]);
          found |= !(v >= 0) | !(v <= 1);
        }
        outside |= found;
      });
  });
  return !outside;
}

}  // namespace gradus
