// Elements chosen by a mask.
#include "gradus/kernels/mask.h"

#include <cstring>

#include "gradus/kernels/strided_loop.h"

namespace gradus {
namespace {

constexpr int64_t kBlock = 1024;

template <class F>
void by_size(DType dtype, F&& f) {
  switch (item_size(dtype)) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    default: return f(uint64_t{});
  }
}

}  // namespace

void masked_take(const Array& in, const Array& mask, void* out) {
  const StridedLoop<2> loop(in.ndim, in.sizes, {in.strides, mask.strides});
  const int64_t xs = loop.stride(0), ms = loop.stride(1);
  by_size(in.dtype, [&]<class T>(T) {
    T* to = static_cast<T*>(out);
    T block[kBlock];  // every element is stored, and overwritten by the next where it was not chosen
    loop.for_each_run([&](const int64_t* at) {
      for (int64_t from = 0; from < loop.run(); from += kBlock) {
        const int64_t n = loop.run() - from < kBlock ? loop.run() - from : kBlock;
        const T* x = in.as<T>() + at[0] + from * xs;
        const uint8_t* m = mask.as<uint8_t>() + at[1] + from * ms;
        int64_t count = 0;
        for (int64_t k = 0; k < n; ++k) {
          block[count] = x[k * xs];
          count += m[k * ms] != 0;
        }
        std::memcpy(to, block, static_cast<size_t>(count) * sizeof(T));
        to += count;
      }
    });
  });
}

void masked_put(const Array& dst, const Array& mask, const void* from) {
  const StridedLoop<2> loop(dst.ndim, dst.sizes, {dst.strides, mask.strides});
  const int64_t ds = loop.stride(0), ms = loop.stride(1);
  by_size(dst.dtype, [&]<class T>(T) {
    const T* next = static_cast<const T*>(from);
    loop.for_each_run([&](const int64_t* at) {
      T* x = dst.as<T>() + at[0];
      const uint8_t* m = mask.as<uint8_t>() + at[1];
      for (int64_t k = 0; k < loop.run(); ++k)
        if (m[k * ms]) x[k * ds] = *next++;
    });
  });
}

}  // namespace gradus
