// Cross products, vector by vector.
#include "gradus/kernels/cross.h"

#include <type_traits>

#include "gradus/kernels/lines.h"

namespace gradus {

void cross(const Array& a, const Array& b, const Array& out, int dim) {
  if (out.numel() == 0) return;
  const int64_t p = a.strides[dim], q = b.strides[dim], r = out.strides[dim];
  dispatch(out.dtype, [&]<class T>() {
    using W = std::conditional_t<std::is_integral_v<T>, uint64_t, std::conditional_t<sizeof(T) == 2, float, T>>;
    LineParts(out, dim, 4).for_each<3>({&a, &b, &out}, [&](int64_t, const int64_t* at) {
      const T *x = a.as<T>() + at[0], *y = b.as<T>() + at[1];
      T* to = out.as<T>() + at[2];
      const W x0 = static_cast<W>(x[0]), x1 = static_cast<W>(x[p]), x2 = static_cast<W>(x[2 * p]);
      const W y0 = static_cast<W>(y[0]), y1 = static_cast<W>(y[q]), y2 = static_cast<W>(y[2 * q]);
      to[0] = static_cast<T>(x1 * y2 - x2 * y1);
      to[r] = static_cast<T>(x2 * y0 - x0 * y2);
      to[2 * r] = static_cast<T>(x0 * y1 - x1 * y0);
    });
  });
}

}  // namespace gradus
