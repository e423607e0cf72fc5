// One loop for every pair of element types.
#include "gradus/kernels/convert.h"

#include <type_traits>

namespace gradus::GRADUS_TARGET {
namespace {

template <class D, class S>
inline __attribute__((always_inline)) D cast(S s) {
  if constexpr (DTypeOf<D>::value == DTypeOf<S>::value) {
    return s;
  } else if constexpr (DTypeOf<S>::value == DType::Float16 || DTypeOf<S>::value == DType::BFloat16) {
    return cast<D>(S::decode(s.bits));
  } else if constexpr (DTypeOf<D>::value == DType::Float16 || DTypeOf<D>::value == DType::BFloat16) {
    D d;
    d.bits = D::encode(static_cast<float>(s));
    return d;
  } else if constexpr (DTypeOf<D>::value == DType::Bool) {
    return s != S{};
  } else if constexpr (DTypeOf<S>::value >= DType::Float16 && DTypeOf<D>::value == DType::UInt8) {
    return static_cast<D>(static_cast<int64_t>(s));
  } else if constexpr (DTypeOf<S>::value >= DType::Float16 && sizeof(D) < 4) {
    return static_cast<D>(static_cast<int32_t>(s));
  } else {
    return static_cast<D>(s);
  }
}

template <class D, class S>
void convert(void* dst, int64_t dst_stride, const void* src, int64_t src_stride, int64_t n) {
  auto* d = static_cast<D*>(dst);
  auto* s = static_cast<const S*>(src);
  if (dst_stride == 1 && src_stride == 1) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) d[i] = cast<D, S>(s[i]);
  } else if (dst_stride == 1 && src_stride == 0) {
    const D value = cast<D, S>(*s);
    for (int64_t i = 0; i < n; ++i) d[i] = value;
  } else if (std::is_same_v<D, S> && dst_stride == 1 && src_stride == -1) {  // flip
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) d[i] = cast<D, S>(s[-i]);
  } else {
    for (int64_t i = 0; i < n; ++i) d[i * dst_stride] = cast<D, S>(s[i * src_stride]);
  }
}

template <class D>
constexpr void fill_row(ConvertFn* row) {
  if constexpr (DTypeOf<D>::value == DType::Bool) row[0] = &convert<bool, bool>;
  else row[0] = &convert<D, uint8_t>;  // a bool is a byte of 0 or 1; loops over bool do not vectorise
  row[1] = &convert<D, uint8_t>;
  row[2] = &convert<D, int8_t>;
  row[3] = &convert<D, int16_t>;
  row[4] = &convert<D, int32_t>;
  row[5] = &convert<D, int64_t>;
  row[6] = &convert<D, Half>;
  row[7] = &convert<D, BFloat16>;
  row[8] = &convert<D, float>;
  row[9] = &convert<D, double>;
}

constexpr ConvertTable make_table() {
  ConvertTable t{};
  fill_row<bool>(t.fn[0]);
  fill_row<uint8_t>(t.fn[1]);
  fill_row<int8_t>(t.fn[2]);
  fill_row<int16_t>(t.fn[3]);
  fill_row<int32_t>(t.fn[4]);
  fill_row<int64_t>(t.fn[5]);
  fill_row<Half>(t.fn[6]);
  fill_row<BFloat16>(t.fn[7]);
  fill_row<float>(t.fn[8]);
  fill_row<double>(t.fn[9]);
  return t;
}

}  // namespace

extern constexpr ConvertTable convert_table = make_table();

}  // namespace gradus::GRADUS_TARGET
