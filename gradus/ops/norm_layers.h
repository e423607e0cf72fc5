// Normalising layers: batch, layer, group, instance and RMS normalisation.
//
// Ba, Kiros, Hinton 2016 (layer); Ioffe, Szegedy 2015 (batch); Wu, He 2018 (group); Ulyanov et al. 2016 (instance);
// Zhang, Sennrich 2019 (RMS). Statistics of 16-bit inputs are computed in float32.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

// ---- kernels on contiguous float32 and float64 tensors of [n, c, inner]; gradients are the public operators' business

struct GroupNormKernel {
  static constexpr Op op{
      "_gradus_group_norm(Tensor x, Tensor? weight, Tensor? bias, int n, int c, int inner, int groups, float eps) -> "
      "(Tensor, Tensor, Tensor)",
      "Group normalisation, with mean and 1 / deviation of every group.", Kind::Structured, ""};
  static void infer(Call& call, const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t n, int64_t c,
                    int64_t inner, int64_t groups, double eps);
  static void run(const Launch& l);
};
struct GroupNormBackwardKernel {
  static constexpr Op op{
      "_gradus_group_norm_backward(Tensor grad, Tensor x, Tensor? weight, Tensor mean, Tensor rstd, int n, int c, int "
      "inner, int groups, bool want_x, bool want_weight) -> (Tensor, Tensor, Tensor)",
      "Gradients of group normalisation for x, weight and bias.", Kind::Structured, ""};
  static void infer(Call& call, const Tensor& grad, const Tensor& x, const Tensor& weight, const Tensor& mean,
                    const Tensor& rstd, int64_t n, int64_t c, int64_t inner, int64_t groups, bool want_x,
                    bool want_weight);
  static void run(const Launch& l);
};
struct BatchMomentsKernel {
  static constexpr Op op{"_gradus_batch_moments(Tensor x, int n, int c, int inner) -> (Tensor, Tensor)",
                         "Mean and sum of squared deviations of every channel.", Kind::Structured, ""};
  static void infer(Call& call, const Tensor& x, int64_t n, int64_t c, int64_t inner);
  static void run(const Launch& l);
};
struct BatchApplyKernel {
  static constexpr Op op{
      "_gradus_batch_apply(Tensor x, Tensor mean, Tensor rstd, Tensor? weight, Tensor? bias, int n, int c, int inner) "
      "-> Tensor",
      "(x - mean) * rstd * weight + bias, by channel.", Kind::Structured, ""};
  static void infer(Call& call, const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& weight,
                    const Tensor& bias, int64_t n, int64_t c, int64_t inner);
  static void run(const Launch& l);
};
struct BatchNormBackwardKernel {
  static constexpr Op op{
      "_gradus_batch_norm_backward(Tensor grad, Tensor x, Tensor? weight, Tensor mean, Tensor rstd, int n, int c, int "
      "inner, bool training, bool want_x, bool want_weight) -> (Tensor, Tensor, Tensor)",
      "Gradients of batch normalisation for x, weight and bias.", Kind::Structured, ""};
  static void infer(Call& call, const Tensor& grad, const Tensor& x, const Tensor& weight, const Tensor& mean,
                    const Tensor& rstd, int64_t n, int64_t c, int64_t inner, bool training, bool want_x,
                    bool want_weight);
  static void run(const Launch& l);
};

// ---- layer and group normalisation

struct NativeLayerNorm {
  static constexpr Op op{
      "native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, "
      "Tensor, Tensor)",
      "Layer normalisation, with the mean and 1 / deviation of every row.", Kind::Compound, "f"};
  static constexpr int tracked = 1;
  static constexpr uint32_t joint = 0b01101;
  static std::tuple<Tensor, Tensor, Tensor> forward(const Tensor& input, const IntList& normalized_shape,
                                                    const Tensor& weight, const Tensor& bias, double eps);
  static Tensors together(const Tensor& g, const Wants& wants, const In<0>& x, const Attr<Dims, 1>& shape,
                          const In<2>& weight, const Attr<double, 4>& eps, const Out<1>& mean, const Out<2>& rstd);
};
inline constexpr Op layer_norm_op{
    "layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool "
    "cudnn_enable=True) -> Tensor",
    "Normalises the last dims to mean 0 and variance 1, then scales and shifts them.", Kind::Composite, "f"};

struct NativeGroupNorm {
  static constexpr Op op{
      "native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float "
      "eps) -> (Tensor, Tensor, Tensor)",
      "Group normalisation, with the mean and 1 / deviation of every group.", Kind::Compound, "f"};
  static constexpr uint32_t joint = 0b00111;
  static std::tuple<Tensor, Tensor, Tensor> forward(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                                    int64_t n, int64_t c, int64_t inner, int64_t group, double eps);
  static Tensors together(const Tensor& g, const Wants& wants, const Grad<1>& g_mean, const Grad<2>& g_rstd,
                          const In<0>& x, const In<1>& weight, const Attr<int64_t, 3>& n, const Attr<int64_t, 4>& c,
                          const Attr<int64_t, 5>& inner, const Attr<int64_t, 6>& groups, const Attr<double, 7>& eps,
                          const Out<1>& mean, const Out<2>& rstd);
};
inline constexpr Op group_norm_op{
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool "
    "cudnn_enabled=True) -> Tensor",
    "Normalises groups of channels of each sample, then scales and shifts channels.", Kind::Composite, "f"};

// ---- batch normalisation

namespace detail {
/// What the kernels compute in: float32 for 16-bit floats.
inline DType norm_dtype(DType t) { return is_reduced_floating(t) ? DType::Float32 : t; }
inline Tensor norm_cast(const Tensor& t, DType dtype) { return !t.defined() || t.dtype() == dtype ? t : t.to(dtype); }
/// As the kernels take it; an undefined tensor stays undefined.
inline Tensor norm_operand(const Tensor& t, DType dtype) { return t.defined() ? norm_cast(t, dtype).contiguous() : t; }
/// Refuses dtypes that don't go together; returns whether parameters are float32 beside a 16-bit input.
bool check_norm_dtypes(const char* kernel, const Tensor& x, std::initializer_list<const Tensor*> parameters);
/// Whether channels are the innermost dim in memory.
bool norm_channels_last(const Tensor& x);
/// The gradients for input, weight and bias, whichever operator computed the forward pass.
Tensors batch_norm_gradients(const Tensor& g, const Wants& wants, const Tensor& x, const Tensor& weight,
                             const Tensor& running_mean, const Tensor& running_var, bool training, double eps,
                             const Tensor& mean, const Tensor& rstd);
using ThreeTensors = std::tuple<Tensor, Tensor, Tensor>;
using FourTensors = std::tuple<Tensor, Tensor, Tensor, Tensor>;
}  // namespace detail

struct NativeBatchNorm {
  static constexpr Op op{
      "native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool "
      "training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
      "Batch normalisation; in training with the batch's mean and 1 / deviation, which the running statistics follow.",
      Kind::Compound, "fo"};
  static constexpr int tracked = 1;
  static constexpr uint32_t joint = 0b00111;
  static detail::ThreeTensors forward(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                      const Tensor& running_mean, const Tensor& running_var, bool training,
                                      double momentum, double eps);
  static Tensors together(const Tensor& g, const Wants& wants, const In<0>& x, const In<1>& weight,
                          const In<3>& running_mean, const In<4>& running_var, const Attr<bool, 5>& training,
                          const Attr<double, 7>& eps, const Out<1>& mean, const Out<2>& rstd) {
    return detail::batch_norm_gradients(g, wants, x, weight, running_mean, running_var, *training, *eps, mean, rstd);
  }
};
struct NativeBatchNormLegit {
  static constexpr Op op{
      "_native_batch_norm_legit(Tensor input, Tensor? weight, Tensor? bias, Tensor(a!) running_mean, Tensor(b!) "
      "running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
      "native_batch_norm with running statistics.", Kind::Compound, "fo"};
  static constexpr int tracked = 1;
  static constexpr uint32_t joint = 0b00111;
  static detail::ThreeTensors forward(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                      const Tensor& running_mean, const Tensor& running_var, bool training,
                                      double momentum, double eps) {
    return NativeBatchNorm::forward(input, weight, bias, running_mean, running_var, training, momentum, eps);
  }
  static Tensors together(const Tensor& g, const Wants& wants, const In<0>& x, const In<1>& weight,
                          const In<3>& running_mean, const In<4>& running_var, const Attr<bool, 5>& training,
                          const Attr<double, 7>& eps, const Out<1>& mean, const Out<2>& rstd) {
    return detail::batch_norm_gradients(g, wants, x, weight, running_mean, running_var, *training, *eps, mean, rstd);
  }
};
struct NativeBatchNormLegitNoStats {
  static constexpr Op op{
      "_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float momentum, "
      "float eps) -> (Tensor, Tensor, Tensor)",
      "native_batch_norm without running statistics.", Kind::Compound, "fo", "NativeBatchNormLegitBackward1"};
  static constexpr int tracked = 1;
  static constexpr uint32_t joint = 0b00111;
  static detail::ThreeTensors forward(const Tensor& input, const Tensor& weight, const Tensor& bias, bool training,
                                      double momentum, double eps) {
    return NativeBatchNorm::forward(input, weight, bias, {}, {}, training, momentum, eps);
  }
  static Tensors together(const Tensor& g, const Wants& wants, const In<0>& x, const In<1>& weight,
                          const Attr<bool, 3>& training, const Attr<double, 5>& eps, const Out<1>& mean,
                          const Out<2>& rstd) {
    return detail::batch_norm_gradients(g, wants, x, weight, {}, {}, *training, *eps, mean, rstd);
  }
};
inline constexpr Op batch_norm_op{
    "batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, "
    "float momentum, float eps, bool cudnn_enabled) -> Tensor",
    "Normalises channels by the batch's statistics (training) or by running ones, then scales and shifts them.",
    Kind::Composite, "f"};
inline constexpr Op instance_norm_op{
    "instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool "
    "use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor",
    "Batch normalisation of every sample for itself.", Kind::Composite, "f"};

inline constexpr Op rms_norm_op{
    "rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
    "Divides the last dims by their root mean square, then scales them.", Kind::Composite, "f"};

}  // namespace gradus
