// Choices between values, element by element: where, masked_fill, clamp, maximum, minimum.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

namespace detail {
/// A condition is bool (or uint8, which PyTorch still takes).
void check_condition(const Operand* operands, DType common);

// The larger and the smaller of two; NaN if one is.
template <class T>
inline __attribute__((always_inline)) T larger(T a, T b) {
  if constexpr (T(0.5) == 0) return a < b ? b : a;
  else return b != b ? b : a < b ? b : a;
}
template <class T>
inline __attribute__((always_inline)) T smaller(T a, T b) {
  if constexpr (T(0.5) == 0) return b < a ? b : a;
  else return b != b ? b : b < a ? b : a;
}
// a[i] between two numbers, which tiles are full of: two instructions if neither is NaN.
template <class T>
inline __attribute__((always_inline)) void clamp_tile(T* out, const T* a, T low, T high, int64_t n) {
  if (low != low || high != high) {
    for (int64_t i = 0; i < n; ++i) out[i] = smaller(larger(a[i], low), high);
    return;
  }
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const T least = a[i] < low ? low : a[i];
    out[i] = high < least ? high : least;
  }
}
}  // namespace detail

struct Where {
  static constexpr Op op{"where.self(Tensor condition, Tensor self, Tensor other) -> Tensor",
                         "self where the condition holds, else other.", Kind::Promote, "fmo"};
  static constexpr uint32_t untyped = 1;
  static auto value(auto c, auto a, auto b) { return c != 0 ? a : b; }
  static void inspect(const Operand* operands, DType common) { detail::check_condition(operands, common); }
  static Tensor d1(const Tensor& g, const In<0>& c) { return where(c, g, 0); }
  static Tensor d2(const Tensor& g, const In<0>& c) { return where(c, 0, g); }
};
struct WhereScalarSelf {
  static constexpr Op op{"where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor",
                         "A number where the condition holds, else other.", Kind::Promote, "f"};
  static constexpr uint32_t untyped = 1;
  static auto value(auto c, auto a, auto b) { return c != 0 ? a : b; }
  static void inspect(const Operand* operands, DType common) { detail::check_condition(operands, common); }
  static Tensor d2(const Tensor& g, const In<0>& c) { return where(c, 0, g); }
};
struct WhereScalarOther {
  static constexpr Op op{"where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor",
                         "self where the condition holds, else a number.", Kind::Promote, "fm"};
  static constexpr uint32_t untyped = 1;
  static auto value(auto c, auto a, auto b) { return c != 0 ? a : b; }
  static void inspect(const Operand* operands, DType common) { detail::check_condition(operands, common); }
  static Tensor d1(const Tensor& g, const In<0>& c) { return where(c, g, 0); }
};
struct WhereScalar {
  static constexpr Op op{"where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor",
                         "One number where the condition holds, else another.", Kind::Promote, "f"};
  static constexpr uint32_t untyped = 1;
  static auto value(auto c, auto a, auto b) { return c != 0 ? a : b; }
  static void inspect(const Operand* operands, DType common) { detail::check_condition(operands, common); }
};

inline constexpr Op where_condition_op{"where(Tensor condition) -> Tensor[]",
                                       "The places where the condition holds, an index tensor per dim.",
                                       Kind::Composite, "f"};

struct MaskedFill {
  static constexpr Op op{"masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor",
                         "self with a number where the mask is True.", Kind::Promote, "fmi"};
  static constexpr uint32_t untyped = 6;
  static constexpr bool row_major = true;
  static auto value(auto a, auto mask, auto v) { return mask != 0 ? v : a; }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<1>& mask) { return g.masked_fill(mask, 0); }
};
struct MaskedFillTensor {
  static constexpr Op op{"masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor",
                         "self with the value of a zero-dim tensor where the mask is True.", Kind::Promote, "fmi",
                         "MaskedFillBackward1"};
  static constexpr uint32_t untyped = 6;
  static constexpr bool row_major = true;
  static auto value(auto a, auto mask, auto v) { return mask != 0 ? v : a; }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<1>& mask) { return g.masked_fill(mask, 0); }
  static Tensor d2(const Tensor& g, const In<1>& mask) { return where(mask, g, 0).sum(); }
};

struct Maximum {
  static constexpr Op op{"maximum(Tensor self, Tensor other) -> Tensor", "The larger of two; NaN if one is.",
                         Kind::Promote, "fmo"};
  static auto value(auto a, auto b) { return detail::larger(a, b); }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) { return _gradus_share(g, a, b); }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return _gradus_share(g, b, a); }
};
struct Minimum {
  static constexpr Op op{"minimum(Tensor self, Tensor other) -> Tensor", "The smaller of two; NaN if one is.",
                         Kind::Promote, "fmo"};
  static auto value(auto a, auto b) { return detail::smaller(a, b); }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) { return _gradus_share(g, b, a); }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return _gradus_share(g, a, b); }
};
struct Share {
  static constexpr Op op{"_gradus_share(Tensor grad, Tensor self, Tensor other) -> Tensor",
                         "The part of a maximum's gradient that is self's: half where both are equal.", Kind::Promote,
                         "", "ShareBackward0"};
  static constexpr uint32_t untyped = 6;
  static auto value(auto g, auto a, auto b) { return a == b ? g / 2 : a < b ? decltype(g)(0) : g; }
  static Tensor d0(const Tensor& g, const In<1>& a, const In<2>& b) { return _gradus_share(g, a, b); }
};
inline constexpr Op max_other_op{"max.other(Tensor self, Tensor other) -> Tensor", "Another name of maximum.",
                                 Kind::Composite, "fmo"};
inline constexpr Op min_other_op{"min.other(Tensor self, Tensor other) -> Tensor", "Another name of minimum.",
                                 Kind::Composite, "fmo"};

struct ClampMin {
  static constexpr Op op{"clamp_min(Tensor self, Scalar min) -> Tensor", "self, but not less than a number.",
                         Kind::Promote, "fmio"};
  static constexpr bool unary = true;
  static auto value(auto a, auto low) { return detail::larger(a, low); }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& low) { return where(x >= *low, g, 0); }
};
struct ClampMax {
  static constexpr Op op{"clamp_max(Tensor self, Scalar max) -> Tensor", "self, but not more than a number.",
                         Kind::Promote, "fmio"};
  static constexpr bool unary = true;
  static auto value(auto a, auto high) { return detail::smaller(a, high); }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& high) { return where(x <= *high, g, 0); }
};
struct ClampMinTensor {
  static constexpr Op op{"clamp_min.Tensor(Tensor self, Tensor min) -> Tensor", "self, but not less than min.",
                         Kind::Promote, "fmio", "ClampMinBackward1"};
  static auto value(auto a, auto low) { return detail::larger(a, low); }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& low) { return where(x >= low, g, 0); }
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& low) { return where(x < low, g, 0); }
};
struct ClampMaxTensor {
  static constexpr Op op{"clamp_max.Tensor(Tensor self, Tensor max) -> Tensor", "self, but not more than max.",
                         Kind::Promote, "fmio", "ClampMaxBackward1"};
  static auto value(auto a, auto high) { return detail::smaller(a, high); }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& high) { return where(x <= high, g, 0); }
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& high) { return where(x > high, g, 0); }
};

// clamp is one of three operators, by which bounds are given; their nodes have one name.
struct ClampLow {
  static constexpr Op op{"_gradus_clamp_low.Scalar(Tensor self, Scalar min) -> Tensor",
                         "self, but not less than a number.", Kind::Promote, "", "ClampBackward1"};
  static constexpr bool unary = true;
  static auto value(auto a, auto low) { return detail::larger(a, low); }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& low) { return where(x >= *low, g, 0); }
};
struct ClampHigh {
  static constexpr Op op{"_gradus_clamp_high.Scalar(Tensor self, Scalar max) -> Tensor",
                         "self, but not more than a number.", Kind::Promote, "", "ClampBackward1"};
  static constexpr bool unary = true;
  static auto value(auto a, auto high) { return detail::smaller(a, high); }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& high) { return where(x <= *high, g, 0); }
};
struct ClampBoth {
  static constexpr Op op{"_gradus_clamp.Scalar(Tensor self, Scalar min, Scalar max) -> Tensor",
                         "self, kept between two numbers.", Kind::Promote, "", "ClampBackward1"};
  static constexpr bool unary = true;
  static auto value(auto a, auto low, auto high) { return detail::smaller(detail::larger(a, low), high); }
  static constexpr bool numbers_once = true;
  template <class T>
  static void tile(T* out, const void* const* in, int64_t n) {
    detail::clamp_tile(out, static_cast<const T*>(in[0]), *static_cast<const T*>(in[1]), *static_cast<const T*>(in[2]),
                       n);
  }
  static void inspect(const Operand* operands, DType common);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& low, const Attr<Scalar, 2>& high) {
    return where((x >= *low).logical_and(x <= *high), g, 0);
  }
};
struct ClampLowTensor {
  static constexpr Op op{"_gradus_clamp_low(Tensor self, Tensor min) -> Tensor", "self, but not less than min.",
                         Kind::Promote, "", "ClampBackward0"};
  static auto value(auto a, auto low) { return detail::larger(a, low); }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& low) { return where(x >= low, g, 0); }
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& low) { return where(x < low, g, 0); }
};
struct ClampHighTensor {
  static constexpr Op op{"_gradus_clamp_high(Tensor self, Tensor max) -> Tensor", "self, but not more than max.",
                         Kind::Promote, "", "ClampBackward0"};
  static auto value(auto a, auto high) { return detail::smaller(a, high); }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& high) { return where(x <= high, g, 0); }
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& high) { return where(x > high, g, 0); }
};
struct ClampBothTensor {
  static constexpr Op op{"_gradus_clamp(Tensor self, Tensor min, Tensor max) -> Tensor",
                         "self, kept between min and max.", Kind::Promote, "", "ClampBackward0"};
  static auto value(auto a, auto low, auto high) { return detail::smaller(detail::larger(a, low), high); }
  static void validate(DType common) { refuse_bool("clamp_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& low, const In<2>& high) {
    return where((x >= low).logical_and(x <= high), g, 0);
  }
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& low, const In<2>& high) {
    return where((low < high).logical_and(x < low), g, 0);
  }
  static Tensor d2(const Tensor& g, const In<0>& x, const In<1>& low, const In<2>& high) {
    return where((x > high).logical_or(high < low), g, 0);
  }
};
inline constexpr Op clamp_op{"clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor",
                             "self, kept between two numbers, one of which may be missing.", Kind::Composite, "fmo"};
inline constexpr Op clamp_tensor_op{"clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor",
                                    "self, kept between min and max, one of which may be missing.", Kind::Composite,
                                    "fmo"};
inline constexpr Op clamp_inplace_op{"clamp_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!)",
                                     "Keeps self between two numbers.", Kind::Composite, "m"};
inline constexpr Op clamp_tensor_inplace_op{
    "clamp_.Tensor(Tensor(a!) self, Tensor? min=None, Tensor? max=None) -> Tensor(a!)",
    "Keeps self between min and max.", Kind::Composite, "m"};
inline constexpr Op clip_op{"clip(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", "Another name of clamp.",
                            Kind::Composite, "fmo"};
inline constexpr Op clip_tensor_op{"clip.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor",
                                   "Another name of clamp.", Kind::Composite, "fmo"};
inline constexpr Op clip_inplace_op{"clip_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!)",
                                    "Another name of clamp_.", Kind::Composite, "m"};
inline constexpr Op clip_tensor_inplace_op{
    "clip_.Tensor(Tensor(a!) self, Tensor? min=None, Tensor? max=None) -> Tensor(a!)", "Another name of clamp_.",
    Kind::Composite, "m"};

}  // namespace gradus
