// Variance and standard deviation, alone or with the mean.
//
// The divisor is max(0, n - correction); `unbiased` stands for a correction of 1 or 0. In C++ the third argument of
// var(x, dims, correction) may be that bool, too: true is 1.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {

struct Var {
  static constexpr Op op{
      "var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
      "Variance over dims.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, const std::optional<Scalar>& correction,
                    bool keepdim);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, const OptIntList& dim,
                        const std::optional<Scalar>& correction, bool keepdim);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<std::optional<Scalar>, 2>& correction, const Attr<bool, 3>& keepdim);
};
inline constexpr Op var_all_op{"var(Tensor self, bool unbiased=True) -> Tensor", "Variance of all elements.",
                               Kind::Composite, "fmp"};
inline constexpr Op var_dim_op{"var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
                               "Variance over dims.", Kind::Composite, "fmop"};

struct Std {
  static constexpr Op op{
      "std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
      "Standard deviation over dims.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, const std::optional<Scalar>& correction,
                    bool keepdim) {
    Var::infer(c, self, dim, correction, keepdim);
  }
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, const OptIntList& dim,
                        const std::optional<Scalar>& correction, bool keepdim);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<std::optional<Scalar>, 2>& correction, const Attr<bool, 3>& keepdim);
};
inline constexpr Op std_all_op{"std(Tensor self, bool unbiased=True) -> Tensor", "Standard deviation of all elements.",
                               Kind::Composite, "fmp"};
inline constexpr Op std_dim_op{"std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
                               "Standard deviation over dims.", Kind::Composite, "fmop"};

struct VarMean {
  static constexpr Op op{
      "var_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, "
      "Tensor)",
      "Variance and mean over dims.", Kind::Structured, "f"};
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, const std::optional<Scalar>& correction,
                    bool keepdim);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Grad<1>& g_mean, const In<0>& x, const Attr<std::optional<Dims>, 1>& dim,
                   const Attr<std::optional<Scalar>, 2>& correction, const Attr<bool, 3>& keepdim);
};
inline constexpr Op var_mean_all_op{"var_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)",
                                    "Variance and mean of all elements.", Kind::Composite, "fp"};
inline constexpr Op var_mean_dim_op{
    "var_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)",
    "Variance and mean over dims.", Kind::Composite, "fp"};

struct StdMean {
  static constexpr Op op{
      "std_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, "
      "Tensor)",
      "Standard deviation and mean over dims.", Kind::Structured, "f"};
  static void infer(Call& c, const Tensor& self, const OptIntList& dim, const std::optional<Scalar>& correction,
                    bool keepdim);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Grad<1>& g_mean, const In<0>& x, const Out<0>& y,
                   const Attr<std::optional<Dims>, 1>& dim, const Attr<std::optional<Scalar>, 2>& correction,
                   const Attr<bool, 3>& keepdim);
};
inline constexpr Op std_mean_all_op{"std_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)",
                                    "Standard deviation and mean of all elements.", Kind::Composite, "fp"};
inline constexpr Op std_mean_dim_op{
    "std_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)",
    "Standard deviation and mean over dims.", Kind::Composite, "fp"};

/// grad / (2 std), the way from a gradient of the deviation to one of the variance; 0 where the deviation is 0.
struct HalfQuotient {
  static constexpr Op op{"_gradus_half_quotient(Tensor grad, Tensor std) -> Tensor", "grad / (2 std), 0 for std = 0.",
                         Kind::PromoteFloat, ""};
  static auto value(auto g, auto s) {
    using T = decltype(g);
    const T quotient = g / (s + s);
    return s == T(0) ? T(0) : quotient;
  }
  static Tensor d0(const Tensor& g, const In<1>& s) { return _gradus_half_quotient(g, s); }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& s) {
    return _gradus_half_quotient(_gradus_half_quotient(g * grad, s), s) * -2;
  }
};

}  // namespace gradus
