// The forms of dropout beside the plain one.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

/// Fills a tensor that nobody else has seen with 1 / kept where an element stays, which has probability `kept`, and 0.
void draw_scaled_mask(const Tensor& noise, double kept);

inline constexpr Op feature_dropout_op{"feature_dropout(Tensor input, float p, bool train) -> Tensor",
                                       "dropout of whole channels: [N, C, ...] drops input[n, c].", Kind::Composite,
                                       "f"};
inline constexpr Op feature_dropout_inplace_op{"feature_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)",
                                               "feature_dropout in place.", Kind::Composite, "f"};
inline constexpr Op alpha_dropout_op{
    "alpha_dropout(Tensor input, float p, bool train) -> Tensor",
    "dropout to the value that selu tends to, keeping mean and variance (Klambauer et al. 2017).", Kind::Composite,
    "f"};
inline constexpr Op alpha_dropout_inplace_op{"alpha_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)",
                                             "alpha_dropout in place.", Kind::Composite, "f"};
inline constexpr Op feature_alpha_dropout_op{"feature_alpha_dropout(Tensor input, float p, bool train) -> Tensor",
                                             "alpha_dropout of whole channels.", Kind::Composite, "f"};
inline constexpr Op feature_alpha_dropout_inplace_op{
    "feature_alpha_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)", "feature_alpha_dropout in place.",
    Kind::Composite, "f"};

struct NativeDropout {
  static constexpr Op op{"native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)",
                         "dropout that also gives its mask.", Kind::Compound, "f"};
  static std::tuple<Tensor, Tensor> forward(const Tensor& input, double p, std::optional<bool> train);
  static Tensor d0(const Tensor& g, const Out<1>& mask, const Attr<double, 1>& p,
                   const Attr<std::optional<bool>, 2>& train);
};
inline constexpr Op native_dropout_backward_op{
    "native_dropout_backward(Tensor grad_output, Tensor mask, float scale) -> Tensor",
    "The gradient where the mask is True, scaled.", Kind::Composite, ""};

}  // namespace gradus
