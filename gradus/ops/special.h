// Special functions: the gamma function's family, normal distribution, Bessel functions, entropy.
#pragma once
#include "gradus/core/format.h"
#include "gradus/gen/functions.h"
#include "gradus/kernels/special_bessel.h"
#include "gradus/kernels/special_gamma.h"
#include "gradus/kernels/special_igamma.h"
#include "gradus/kernels/special_normal.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/rule.h"

namespace gradus {

// ---- gamma

struct Lgamma {
  static constexpr Op op{"lgamma(Tensor self) -> Tensor", "log |gamma(self)|.", Kind::PromoteFloat, "fmio"};
  static auto value(auto x) { return math::lgamma(x); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * x.digamma(); }
};
struct Digamma {
  static constexpr Op op{"digamma(Tensor self) -> Tensor", "The derivative of lgamma.", Kind::PromoteFloat, "fmio"};
  static auto value(auto x) { return math::digamma(x); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * polygamma(1, x); }
};
struct PolygammaOrder {
  static constexpr Op op{"_gradus_polygamma(Tensor self, *, Scalar n) -> Tensor", "The n-th derivative of digamma.",
                         Kind::PromoteFloat, "", "PolygammaBackward0"};
  static auto value(auto x, auto n) { return math::polygamma(static_cast<int64_t>(n), x); }
  // The order is one number: the first two need no sum.
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    const T* x = static_cast<const T*>(in[0]);
    const auto order = static_cast<int64_t>(*static_cast<const T*>(in[1]));
    if (order == 0) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = math::digamma(x[i]);
    } else if (order == 1) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) out[i] = math::trigamma(x[i]);
    } else {
      for (int64_t i = 0; i < n; ++i) out[i] = math::polygamma(order, x[i]);
    }
  }
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<Scalar, 1>& n) {
    return g * polygamma(n->to_int() + 1, x);
  }
};
inline constexpr Op polygamma_op{"polygamma(int n, Tensor self) -> Tensor", "The n-th derivative of digamma.",
                                 Kind::Composite, "fmo"};
inline constexpr Op polygamma_inplace_op{"polygamma_(Tensor(a!) self, int n) -> Tensor(a!)",
                                         "Applies the n-th derivative of digamma to self.", Kind::Composite, "m"};
struct Mvlgamma {
  static constexpr Op op{"mvlgamma(Tensor self, int p) -> Tensor",
                         "The logarithm of the multivariate gamma function of dimension p.", Kind::Compound, "fmio"};
  static Tensor forward(const Tensor& self, int64_t p);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<int64_t, 1>& p);
};
struct Igamma {
  static constexpr Op op{"igamma(Tensor self, Tensor other) -> Tensor",
                         "The regularised lower incomplete gamma function of order self from 0 to other.",
                         Kind::PromoteFloat, "fmio"};
  static auto value(auto a, auto x) { return math::igamma(a, x); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    math::igamma_n(out, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]), n);
  }
  static void validate(DType common) { refuse_integers("igamma_cpu", common); }
  static Tensor d0(const Tensor&) { return no_derivative_in("igamma: input"); }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& x) {
    return g * ((a - 1) * x.log() - x - a.lgamma()).exp();
  }
};
struct Igammac {
  static constexpr Op op{"igammac(Tensor self, Tensor other) -> Tensor",
                         "The regularised upper incomplete gamma function of order self from other on.",
                         Kind::PromoteFloat, "fmio"};
  static auto value(auto a, auto x) { return math::igammac(a, x); }
  template <class T>
  static inline __attribute__((always_inline)) void tile(T* out, const void* const* in, int64_t n) {
    math::igammac_n(out, static_cast<const T*>(in[0]), static_cast<const T*>(in[1]), n);
  }
  static void validate(DType common) { refuse_integers("igammac_cpu", common); }
  static Tensor d0(const Tensor&) { return no_derivative_in("igammac: input"); }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& x) {
    return -g * ((a - 1) * x.log() - x - a.lgamma()).exp();
  }
};
struct Zeta {
  static constexpr Op op{"special_zeta(Tensor self, Tensor other) -> Tensor",
                         "Hurwitz's zeta function: the sum of (other + k)^-self over k >= 0.", Kind::PromoteFloat,
                         "fo"};
  static auto value(auto s, auto q) { return math::zeta(s, q); }
  static void validate(DType common) { refuse_16bit("zeta_cpu", common); }
  static Tensor d0(const Tensor&) { return no_derivative_in("zeta"); }
  static Tensor d1(const Tensor& g, const In<0>& s, const In<1>& q) { return g * -s * special_zeta(s + 1, q); }
};
struct ZetaOfScalar {
  static constexpr Op op{"special_zeta.self_scalar(Scalar self, Tensor other) -> Tensor",
                         "Hurwitz's zeta function of a number.", Kind::PromoteFloat, "fo", "SpecialZetaBackward1"};
  static auto value(auto s, auto q) { return math::zeta(s, q); }
  static void validate(DType common) { refuse_16bit("zeta_cpu", common); }
  static Tensor d1(const Tensor& g, const Attr<Scalar, 0>& s, const In<1>& q) {
    return g * -s->to_double() * special_zeta(Scalar(s->to_double() + 1), q);
  }
};
struct ZetaScalar {
  static constexpr Op op{"special_zeta.other_scalar(Tensor self, Scalar other) -> Tensor",
                         "Hurwitz's zeta function from a number on.", Kind::PromoteFloat, "fo", "SpecialZetaBackward2"};
  static auto value(auto s, auto q) { return math::zeta(s, q); }
  static void validate(DType common) { refuse_16bit("zeta_cpu", common); }
  static Tensor d0(const Tensor&) { return no_derivative_in("zeta"); }
};

// ---- normal distribution

struct Erfinv {
  static constexpr Op op{"erfinv(Tensor self) -> Tensor", "The x with erf(x) = self.", Kind::PromoteFloat, "fmio"};
  static auto value(auto x) { return math::erfinv(x); }
  static inline __attribute__((always_inline)) void tile(double* out, const void* const* in, int64_t n) {
    math::erfinv_n(out, static_cast<const double*>(in[0]), n);
  }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return g * ((y * y).exp() * 0.8862269254527580); }
};
struct Ndtri {
  static constexpr Op op{"special_ndtri(Tensor self) -> Tensor",
                         "The normal quantile: the x below which a normal number lies with probability self.",
                         Kind::PromoteFloat, "fo"};
  static auto value(auto p) { return math::ndtri(p); }
  static void validate(DType common) { refuse_16bit("ndtri_cpu", common); }
  static Tensor d0(const Tensor& g, const Out<0>& y) { return g * ((y * y * 0.5).exp() * 2.5066282746310002); }
};
struct LogNdtr {
  static constexpr Op op{"special_log_ndtr(Tensor self) -> Tensor", "The logarithm of the normal distribution.",
                         Kind::PromoteFloat, "fo"};
  static auto value(auto x) { return math::log_ndtr(x); }
  static void validate(DType common) { refuse_16bit("log_ndtr_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x) {
    return g / special_erfcx(x * -0.7071067811865476) * 0.7978845608028654;
  }
};
struct Erfcx {
  static constexpr Op op{"special_erfcx(Tensor self) -> Tensor", "exp(self^2) * erfc(self).", Kind::PromoteFloat, "fo"};
  static auto value(auto x) { return math::erfcx(x); }
  static void validate(DType common) { refuse_16bit("erfcx_cpu", common); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y) { return g * (x * y * 2 - 1.1283791670955126); }
};
struct Ndtr {
  static constexpr Op op{"special_ndtr(Tensor self) -> Tensor", "The normal distribution function.", Kind::Composite,
                         "fo", "torch::autograd::NotImplemented"};
  static constexpr bool fails_in_backward = true;
  static Tensor d0(const Tensor&) { return no_derivative("special_ndtr"); }
  static void check_out(const Tensor& out, DType result);
};

// ---- Bessel functions

struct I0 {
  static constexpr Op op{"i0(Tensor self) -> Tensor", "The modified Bessel function I_0.", Kind::PromoteFloat, "fmio"};
  static auto value(auto x) { return math::i0(x); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * special_i1(x); }
};
struct I0e {
  static constexpr Op op{"special_i0e(Tensor self) -> Tensor", "exp(-|self|) * I_0(self).", Kind::PromoteFloat, "fo"};
  static auto value(auto x) { return math::i0e(x); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y) { return g * (special_i1e(x) - x.sgn() * y); }
};
struct I1 {
  static constexpr Op op{"special_i1(Tensor self) -> Tensor", "The modified Bessel function I_1.", Kind::PromoteFloat,
                         "fo"};
  static auto value(auto x) { return math::i1(x); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y);
};
struct I1e {
  static constexpr Op op{"special_i1e(Tensor self) -> Tensor", "exp(-|self|) * I_1(self).", Kind::PromoteFloat, "fo"};
  static auto value(auto x) { return math::i1e(x); }
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y);
};

// ---- entropy

struct Entr {
  static constexpr Op op{"special_entr(Tensor self) -> Tensor", "-self * log(self); 0 at 0, -inf below.",
                         Kind::PromoteFloat, "fo"};
  static auto value(auto x) { return math::entr(x); }
  static Tensor d0(const Tensor& g, const In<0>& x) { return g * (-1 - x.log()); }
};
struct Xlog1py {
  static constexpr Op op{"special_xlog1py(Tensor self, Tensor other) -> Tensor",
                         "self * log(1 + other); 0 where self is 0 unless other is NaN.", Kind::PromoteFloat, "fo"};
  static auto value(auto a, auto b) { return b != b ? b : a == 0 ? decltype(a)(0) : a * math::log1p(b); }
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b) {
    return special_xlog1py(g, b).masked_fill((a == 0).logical_and(b <= -1), 0);
  }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b) { return g * a / (b + 1); }
};
struct Xlog1pyOfScalar {
  static constexpr Op op{"special_xlog1py.self_scalar(Scalar self, Tensor other) -> Tensor",
                         "A number times log(1 + other).", Kind::PromoteFloat, "fo", "SpecialXlog1PyBackward1"};
  static auto value(auto a, auto b) { return Xlog1py::value(a, b); }
  static Tensor d1(const Tensor& g, const Attr<Scalar, 0>& a, const In<1>& b) { return g * *a / (b + 1); }
};
struct Xlog1pyScalar {
  static constexpr Op op{"special_xlog1py.other_scalar(Tensor self, Scalar other) -> Tensor",
                         "self * log of 1 + a number.", Kind::PromoteFloat, "fo", "SpecialXlog1PyBackward2"};
  static auto value(auto a, auto b) { return Xlog1py::value(a, b); }
  static Tensor d0(const Tensor& g, const In<0>& a, const Attr<Scalar, 1>& b);
};

}  // namespace gradus
