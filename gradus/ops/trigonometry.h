// Trigonometric and hyperbolic functions and their inverses, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

struct Sin {
  static constexpr Op op{"sin(Tensor self) -> Tensor", "Sine of an angle in radians.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::sin(a); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    math::sin_n(out, static_cast<const T*>(in[0]), n);
  }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * x.cos(); }
};
struct Cos {
  static constexpr Op op{"cos(Tensor self) -> Tensor", "Cosine of an angle in radians.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::cos(a); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    math::cos_n(out, static_cast<const T*>(in[0]), n);
  }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * -x.sin(); }
};
struct Tan {
  static constexpr Op op{"tan(Tensor self) -> Tensor", "Tangent of an angle in radians.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::tan(a); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    math::tan_n(out, static_cast<const T*>(in[0]), n);
  }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return g * (y * y + 1); }
};
struct Asin {
  static constexpr Op op{"asin(Tensor self) -> Tensor", "Inverse sine, in [-pi/2, pi/2].", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::asin(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * (1 - x * x).rsqrt(); }
};
struct Acos {
  static constexpr Op op{"acos(Tensor self) -> Tensor", "Inverse cosine, in [0, pi].", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::acos(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * -(1 - x * x).rsqrt(); }
};
struct Atan {
  static constexpr Op op{"atan(Tensor self) -> Tensor", "Inverse tangent, in [-pi/2, pi/2].", Kind::PromoteFloat,
                         "fmio"};
  static auto value(auto a) { return math::atan(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g / (x * x + 1); }
};
struct Sinh {
  static constexpr Op op{"sinh(Tensor self) -> Tensor", "Hyperbolic sine.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::sinh(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * x.cosh(); }
};
struct Cosh {
  static constexpr Op op{"cosh(Tensor self) -> Tensor", "Hyperbolic cosine.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::cosh(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * x.sinh(); }
};
struct Asinh {
  static constexpr Op op{"asinh(Tensor self) -> Tensor", "Inverse hyperbolic sine.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::asinh(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * (x * x + 1).rsqrt(); }
};
struct Acosh {
  static constexpr Op op{"acosh(Tensor self) -> Tensor", "Inverse hyperbolic cosine.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::acosh(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * (x * x - 1).rsqrt(); }
};
struct Atanh {
  static constexpr Op op{"atanh(Tensor self) -> Tensor", "Inverse hyperbolic tangent.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return math::atanh(a); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g / (1 - x * x); }
};
struct Atan2 {
  static constexpr Op op{"atan2(Tensor self, Tensor other) -> Tensor",
                         "Angle of the point (other, self), in [-pi, pi].", Kind::PromoteFloat, "fmio"};
  static auto value(auto y, auto x) { return math::atan2(y, x); }
  static Tensor d0(const Tensor& g, const In<0>& y, const In<1>& x) { return g * (x / (y * y + x * x)); }
  static Tensor d1(const Tensor& g, const In<0>& y, const In<1>& x) { return g * -(y / (y * y + x * x)); }
};

}  // namespace gradus
