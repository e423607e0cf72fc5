// Losses element by element, averaged or summed.
//
// Reductions: 0 none, 1 mean, 2 sum. A loss with one node in the graph is a compound around a pointwise operator; its
// rules multiply by that operator's slope, which is a pointwise operator again.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/kernels/math.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

namespace detail {
Tensor reduce_loss(const Tensor& loss, int64_t reduction);
/// Gradient of the reduction: a mean divides by the number of elements.
Tensor expand_gradient(const Tensor& g, int64_t reduction, int64_t numel);
}  // namespace detail

// Numbers whose nodes PyTorch counts separately: what it writes in C++ with a number instead of a tensor.
struct AddNumber {
  static constexpr Op op{"_gradus_add_number(Tensor self, Scalar other) -> Tensor", "self + other.", Kind::Compound, "",
                         "AddBackward1"};
  static Tensor forward(const Tensor& self, const Scalar& other) { return self + other; }
  static Tensor d0(const Tensor& g) { return g; }
};
struct MulNumber {
  static constexpr Op op{"_gradus_mul_number(Tensor self, Scalar other) -> Tensor", "self * other.", Kind::Compound, "",
                         "MulBackward1"};
  static Tensor forward(const Tensor& self, const Scalar& other) { return self * other; }
  static Tensor d0(const Tensor& g, const Attr<Scalar, 1>& other) { return g * *other; }
};
struct DivNumber {
  static constexpr Op op{"_gradus_div_number(Tensor self, Scalar other) -> Tensor", "self / other.", Kind::Compound, "",
                         "DivBackward1"};
  static Tensor forward(const Tensor& self, const Scalar& other) { return self / other; }
  static Tensor d0(const Tensor& g, const Attr<Scalar, 1>& other) { return g / *other; }
};

// ---- squared, absolute, and what lies between

struct SquaredDifference {
  static constexpr Op op{"_gradus_squared_difference(Tensor self, Tensor target) -> Tensor", "(self - target)².",
                         Kind::PromoteFloat, ""};
  static auto value(auto x, auto t) {
    const auto d = x - t;
    return d * d;
  }
  static void validate(DType common) { refuse_integers("mse_cpu", common); }
};
struct MseSlope {
  static constexpr Op op{"_gradus_mse_slope(Tensor grad, Tensor self, Tensor target, *, Scalar norm) -> Tensor",
                         "norm * (self - target) * grad.", Kind::PromoteFloat, "", "MseLossBackwardBackward0"};
  static auto value(auto g, auto x, auto t, auto norm) { return norm * (x - t) * g; }
  static Tensor d0(const Tensor& g, const In<1>& x, const In<2>& t, const Attr<Scalar, 3>& norm) {
    return g * (x - t) * *norm;
  }
  static Tensor d1(const Tensor& g, const In<0>& grad, const Attr<Scalar, 3>& norm) { return g * grad * *norm; }
  static Tensor d2(const Tensor& g, const In<0>& grad, const Attr<Scalar, 3>& norm) { return -(g * grad * *norm); }
};
struct MseLoss {
  static constexpr Op op{"mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
                         "(self - target)², averaged or summed.", Kind::Compound, "n"};
  static Tensor forward(const Tensor& self, const Tensor& target, int64_t reduction);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction);
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction);
};

inline constexpr Op l1_loss_op{"l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor",
                               "|self - target|, averaged or summed.", Kind::Composite, "n"};

struct SmoothL1 {
  static constexpr Op op{"_gradus_smooth_l1(Tensor self, Tensor target, Scalar beta) -> Tensor",
                         "d²/(2 beta) for d = |self - target| below beta, else d - beta/2.", Kind::PromoteFloat, ""};
  static constexpr uint32_t untyped = 4;
  static auto value(auto x, auto t, auto beta) {
    using T = decltype(x);
    const T d = math::abs(x - t);
    return d < beta ? T(0.5) * d * d / beta : d - T(0.5) * beta;
  }
};
struct SmoothL1Slope {
  static constexpr Op op{"_gradus_smooth_l1_slope(Tensor self, Tensor target, Scalar beta) -> Tensor",
                         "(self - target) / beta, between -1 and 1.", Kind::PromoteFloat, ""};
  static constexpr uint32_t untyped = 4;
  static auto value(auto x, auto t, auto beta) {
    using T = decltype(x);
    const T d = x - t;
    const T low = d <= -beta ? T(-1) : d / beta;
    return d >= beta ? T(1) : low;
  }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<Scalar, 2>& beta) {
    return g * ((x - t).abs() < *beta) / *beta;
  }
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<Scalar, 2>& beta) {
    return -(g * ((x - t).abs() < *beta) / *beta);
  }
};
struct SmoothL1Loss {
  static constexpr Op op{"smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.) -> Tensor",
                         "Squared below beta, absolute above, averaged or summed (Girshick 2015).", Kind::Compound,
                         "n"};
  static Tensor forward(const Tensor& self, const Tensor& target, int64_t reduction, double beta);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction,
                   const Attr<double, 3>& beta);
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction,
                   const Attr<double, 3>& beta);
};
struct HuberLoss {
  static constexpr Op op{"huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.) -> Tensor",
                         "delta times smooth_l1_loss with beta = delta (Huber 1964).", Kind::Compound, "n"};
  static Tensor forward(const Tensor& self, const Tensor& target, int64_t reduction, double delta);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction,
                   const Attr<double, 3>& delta);
  static Tensor d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction,
                   const Attr<double, 3>& delta);
};

// ---- probabilities

struct Bce {
  static constexpr Op op{"_gradus_bce(Tensor self, Tensor target) -> Tensor",
                         "-(t log x + (1 - t) log(1 - x)), logarithms not below -100.", Kind::PromoteFloat, ""};
  static auto value(auto x, auto t) {
    using T = decltype(x);
    const T a = math::log(x), b = math::log1p(-x);
    return (t - 1) * (b < T(-100) ? T(-100) : b) - t * (a < T(-100) ? T(-100) : a);
  }
};
struct BceSlope {
  static constexpr Op op{"_gradus_bce_slope(Tensor self, Tensor target) -> Tensor",
                         "(x - t) / (x (1 - x)), the divisor not below 1e-12.", Kind::PromoteFloat, ""};
  static auto value(auto x, auto t) {
    using T = decltype(x);
    const T divisor = (1 - x) * x;
    return (x - t) / (divisor < T(1e-12) ? T(1e-12) : divisor);
  }
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t);
  static Tensor d1(const Tensor& g, const In<0>& x);
};
struct BinaryCrossEntropy {
  static constexpr Op op{
      "binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor",
      "-(t log x + (1 - t) log(1 - x)) for probabilities x, averaged or summed.", Kind::Compound, "n"};
  static Tensor forward(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const In<2>& weight,
                   const Attr<int64_t, 3>& reduction);
  static Tensor d1(const Tensor& g, const In<0>& x, const In<2>& weight, const Attr<int64_t, 3>& reduction);
};

struct BceOfLogits {
  static constexpr Op op{"_gradus_bce_with_logits(Tensor self, Tensor target) -> Tensor",
                         "(1 - t) x - log sigmoid(x), computed without overflow.", Kind::PromoteFloat, ""};
  static auto value(auto x, auto t) {
    using T = decltype(x);
    const T below = x < 0 ? -x : T(0);
    return (1 - t) * x + (math::log1p(math::exp(-math::abs(x))) + below);
  }
};
struct BceWithLogits {
  static constexpr Op op{
      "binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int "
      "reduction=1) -> Tensor",
      "-(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), computed without overflow.", Kind::Compound, "f"};
  static Tensor forward(const Tensor& self, const Tensor& target, const Tensor& weight, const Tensor& pos_weight,
                        int64_t reduction);
  static Tensor d0(const Tensor& g, const In<0>& x, const In<1>& t, const In<2>& w, const In<3>& p,
                   const Attr<int64_t, 4>& reduction);
  static Tensor d1(const Tensor& g, const In<0>& x, const In<2>& w, const In<3>& p, const Attr<int64_t, 4>& reduction);
};

inline constexpr Op kl_div_op{"kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor",
                              "target (log target - self), element by element; averaged or summed.", Kind::Composite,
                              "f"};
inline constexpr Op poisson_nll_loss_op{
    "poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> Tensor",
    "Negative log-likelihood of counts under a Poisson distribution, averaged or summed.", Kind::Composite, "f"};

}  // namespace gradus
