// Angles, signs, limits and parts of numbers, element by element.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

class Call;
struct Launch;

struct Deg2rad {
  static constexpr Op op{"deg2rad(Tensor self) -> Tensor", "Degrees as radians.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return a * decltype(a)(0.017453292519943295); }
  static Tensor d0(const Tensor& g) { return g * 0.017453292519943295; }
};
struct Rad2deg {
  static constexpr Op op{"rad2deg(Tensor self) -> Tensor", "Radians as degrees.", Kind::PromoteFloat, "fmio"};
  static auto value(auto a) { return a * decltype(a)(57.29577951308232); }
  static Tensor d0(const Tensor& g) { return g * 57.29577951308232; }
};
struct Sinc {
  static constexpr Op op{"sinc(Tensor self) -> Tensor", "sin(pi * self) / (pi * self); 1 at 0.", Kind::PromoteFloat,
                         "fmio"};
  static auto value(auto a) {
    using T = decltype(a);
    const T x = a * T(3.141592653589793);
    return a == 0 ? T(1) : math::sin(x) / x;
  }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    const T* a = static_cast<const T*>(in[0]);
    constexpr int64_t kBlock = 256;
    T x[kBlock], sine[kBlock];
    for (int64_t at = 0; at < n; at += kBlock) {
      const int64_t m = n - at < kBlock ? n - at : kBlock;
      for (int64_t i = 0; i < m; ++i) x[i] = a[at + i] * T(3.141592653589793);
      math::sin_n(sine, x, m);
      for (int64_t i = 0; i < m; ++i) {
        const T q = sine[i] / x[i];
        out[at + i] = a[at + i] == 0 ? T(1) : q;
      }
    }
  }
  static Tensor d0(const Tensor& g, const In<0>& x);
};
struct Signbit {
  static constexpr Op op{"signbit(Tensor self) -> Tensor", "True where the sign is minus, that of -0. included.",
                         Kind::Compare, "fmo"};
  static void check_out(const Tensor& out, DType) { check_out_is_bool(out, "signbit"); }
  static auto value(auto a) {
    using T = decltype(a);
    if constexpr (T(0.5) == 0) return a < 0;
    else return math::copysign(T(1), a) < 0;
  }
};
struct Isposinf {
  static constexpr Op op{"isposinf(Tensor self) -> Tensor", "True where self is +inf.", Kind::Compare, "fmo"};
  static void check_out(const Tensor& out, DType) { check_out_is_bool(out, "isposinf"); }
  static auto value(auto a) {
    using T = decltype(a);
    if constexpr (T(0.5) == 0) return false;
    else return a == T(__builtin_inf());
  }
};
struct Isneginf {
  static constexpr Op op{"isneginf(Tensor self) -> Tensor", "True where self is -inf.", Kind::Compare, "fmo"};
  static void check_out(const Tensor& out, DType) { check_out_is_bool(out, "isneginf"); }
  static auto value(auto a) {
    using T = decltype(a);
    if constexpr (T(0.5) == 0) return false;
    else return a == -T(__builtin_inf());
  }
};
inline constexpr Op isreal_op{"isreal(Tensor self) -> Tensor", "True everywhere: no element has an imaginary part.",
                              Kind::Composite, "fm"};
struct Angle {
  static constexpr Op op{"angle(Tensor self) -> Tensor", "The angle of a real number: pi below 0, else 0; NaN of NaN.",
                         Kind::PromoteFloat, "fmo"};
  static auto value(auto a) {
    using T = decltype(a);
    return a < 0 ? T(3.141592653589793) : a != a ? a : T(0);
  }
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};
inline constexpr Op conj_op{"conj(Tensor(a) self) -> Tensor(a)", "self itself: real numbers are their own conjugates.",
                            Kind::Composite, "fm"};
struct ConjPhysical {
  static constexpr Op op{"conj_physical(Tensor self) -> Tensor", "self itself: real numbers are their own conjugates.",
                         Kind::Composite, "fmo", "torch::autograd::NotImplemented"};
  static constexpr bool fails_in_backward = true;
  static Tensor d0(const Tensor&) { return no_derivative("conj_physical"); }
  static void check_out(const Tensor& out, DType result) { check_out_dtype_is(out, result, OutWording::FoundDType); }
};
struct ConjSelf {
  static constexpr Op op{"_gradus_conj(Tensor self) -> Tensor", "self.", Kind::Promote, "", "ConjPhysicalBackward1"};
  static auto value(auto a) { return a; }
  static Tensor d0(const Tensor& g) { return g; }
};
inline constexpr Op conj_physical_inplace_op{"conj_physical_(Tensor(a!) self) -> Tensor(a!)",
                                             "self as it is: real numbers are their own conjugates.", Kind::Composite,
                                             "m"};
inline constexpr Op imag_op{"imag(Tensor(a) self) -> Tensor(a)", "Raises: no tensor here has an imaginary part.",
                            Kind::Composite, "f"};

struct NanToNumFloat {
  static constexpr Op op{"_gradus_nan_to_num(Tensor self, *, Scalar nan, Scalar posinf, Scalar neginf) -> Tensor",
                         "self with numbers in place of NaN, +inf and -inf.", Kind::PromoteFloat, "",
                         "NanToNumBackward0"};
  static constexpr bool like_self = true;
  static auto value(auto a, auto nan, auto posinf, auto neginf) {
    using T = decltype(a);
    const T kept = a == T(__builtin_inf()) ? posinf : a == -T(__builtin_inf()) ? neginf : a;
    return a != a ? nan : kept;
  }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * x.isfinite(); }
};
struct NanToNum {
  static constexpr Op op{
      "nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor",
      "self with numbers in place of NaN, +inf and -inf; by default 0, the largest and the lowest of the dtype.",
      Kind::Composite, "fmo"};
  static constexpr bool differentiable = true;
  static void check_out(const Tensor& out, DType result) {
    check_out_dtype_is(out, result, OutWording::SameAsInput, "nan_to_num");
  }
};
inline constexpr Op nan_to_num_inplace_op{
    "nan_to_num_(Tensor(a!) self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor(a!)",
    "Writes numbers in place of NaN, +inf and -inf.", Kind::Composite, "m"};

/// Mantissas have the layout of self, as pointwise results have.
struct Frexp {
  static constexpr Op op{"frexp.Tensor(Tensor self) -> (Tensor mantissa, Tensor exponent)",
                         "self as mantissa * 2^exponent with |mantissa| in [0.5, 1).", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Out<1>& exponent) { return g / exponent.exp2(); }
};

struct Logit {
  static constexpr Op op{"_gradus_logit(Tensor self, *, Scalar eps) -> Tensor",
                         "log(x / (1 - x)) of self kept in [eps, 1 - eps]; eps < 0: of self.", Kind::PromoteFloat, "",
                         "LogitBackward0"};
  static auto value(auto a, auto eps) {
    using T = decltype(a);
    const T high = 1 - eps;
    const T kept = a < eps ? eps : a > high ? high : a;
    const T x = eps < 0 ? a : kept;
    return x == 1 ? T(__builtin_inf()) : math::log(x / (1 - x));
  }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& eps) {
    return _gradus_logit_backward(g, x, *eps);
  }
};
struct LogitBackward {
  static constexpr Op op{"_gradus_logit_backward(Tensor grad_output, Tensor self, *, Scalar eps) -> Tensor",
                         "grad_output / (self * (1 - self)); 0 outside [eps, 1 - eps], NaN outside [0, 1].",
                         Kind::PromoteFloat, "", "LogitBackwardBackward0"};
  static auto value(auto g, auto x, auto eps) {
    using T = decltype(x);
    const T low = eps < 0 ? T(0) : eps, outside = eps < 0 ? T(__builtin_nan("")) : T(0);
    return bool((x < low) | (x > 1 - low)) ? outside : g / (x * (1 - x));
  }
  static Tensor d0(const Tensor& g, const In<1>& x, const Attr<Scalar, 2>& eps) {
    return _gradus_logit_backward(g, x, *eps);
  }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& x, const Attr<Scalar, 2>& eps) {
    return _gradus_logit_backward(g * grad, x, *eps) * ((x * 2 - 1) / (x * (1 - x)));
  }
};
inline constexpr Op logit_op{"logit(Tensor self, float? eps=None) -> Tensor",
                             "log(x / (1 - x)); with eps, of self kept in [eps, 1 - eps].", Kind::Composite, "fmo"};
inline constexpr Op logit_inplace_op{"logit_(Tensor(a!) self, float? eps=None) -> Tensor(a!)", "Applies logit to self.",
                                     Kind::Composite, "m"};

}  // namespace gradus
