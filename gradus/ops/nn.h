// What layers are made of: softmax and dropout.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

// ---- softmax

struct SoftmaxDim {
  static constexpr Op op{"softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
                         "exp(self) / sum(exp(self)) along a dim.", Kind::Composite, "fmo",
                         "torch::autograd::NotImplemented"};
  static constexpr bool fails_in_backward = true;
  static Tensor d0(const Tensor&) { return no_derivative("softmax"); }
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};
struct LogSoftmaxDim {
  static constexpr Op op{"log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
                         "The logarithm of softmax.", Kind::Composite, "fmo", "torch::autograd::NotImplemented"};
  static constexpr bool fails_in_backward = true;
  static Tensor d0(const Tensor&) { return no_derivative("log_softmax"); }
  static void check_out(const Tensor& out, DType result) { check_exact_out(out, result); }
};

struct Softmax {
  static constexpr Op op{"_softmax(Tensor self, int dim, bool half_to_float) -> Tensor", "softmax along a dim.",
                         Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool half_to_float);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Out<0>& y, const Attr<int64_t, 1>& dim) {
    return _softmax_backward_data(g, y, *dim, y.dtype());
  }
};
struct SoftmaxBackward {
  static constexpr Op op{
      "_softmax_backward_data(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor",
      "(grad - sum(grad * output)) * output.", Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& grad, const Tensor& output, int64_t dim, DType input_dtype);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& y, const Attr<int64_t, 2>& dim) {
    return _softmax_backward_data(g, y, *dim, y.dtype());
  }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& y, const Attr<int64_t, 2>& dim) {
    return g * grad - (g * y).sum(*dim, true) * grad - g * (grad * y).sum(*dim, true);
  }
};

struct LogSoftmax {
  static constexpr Op op{"_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor", "log_softmax along a dim.",
                         Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& self, int64_t dim, bool half_to_float);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Out<0>& y, const Attr<int64_t, 1>& dim) {
    return _log_softmax_backward_data(g, y, *dim, y.dtype());
  }
};
struct LogSoftmaxBackward {
  static constexpr Op op{
      "_log_softmax_backward_data(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor",
      "grad - exp(output) * sum(grad).", Kind::Structured, "fo"};
  static void infer(Call& c, const Tensor& grad, const Tensor& output, int64_t dim, DType input_dtype);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<1>& y, const Attr<int64_t, 2>& dim) {
    return g - (g * y.exp()).sum(*dim, true);
  }
  static Tensor d1(const Tensor& g, const In<0>& grad, const In<1>& y, const Attr<int64_t, 2>& dim) {
    return -(g * y.exp()) * grad.sum(*dim, true);
  }
};

// ---- dropout

inline constexpr Op dropout_op{"dropout(Tensor input, float p, bool train) -> Tensor",
                               "Zeroes elements with probability p and scales the rest by 1 / (1 - p).",
                               Kind::Composite, "f"};
inline constexpr Op dropout_inplace_op{"dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)",
                                       "dropout in place.", Kind::Composite, "f"};

}  // namespace gradus
