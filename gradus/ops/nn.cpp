// Softmax and dropout.
#include "gradus/ops/nn.h"

#include <array>

#include "gradus/core/rng.h"
#include "gradus/kernels/softmax.h"
#include "gradus/ops/dropout.h"
#include "gradus/ops/random_draw.h"

namespace gradus {

Tensor softmax(const Tensor& self, int64_t dim, OptDType dtype) {
  return _softmax(dtype ? self.to(*dtype) : self, dim, false);
}
Tensor log_softmax(const Tensor& self, int64_t dim, OptDType dtype) {
  return _log_softmax(dtype ? self.to(*dtype) : self, dim, false);
}

namespace {
// Rows of the last dim are computed one by one, whatever stands around them.
void fuse_rows(Call& c, SoftmaxOp op, DType dtype) {
  static constexpr const char* names[kNumSoftmaxOps] = {"softmax", "log_softmax", "softmax_backward",
                                                        "log_softmax_backward"};
  static const auto infos = [] {
    std::array<FuseInfo, 2 * kNumSoftmaxOps> all;
    for (int i = 0; i < 2 * kNumSoftmaxOps; ++i) {
      const DType type = i % 2 ? kFloat64 : kFloat32;
      const auto row = softmax_row(static_cast<SoftmaxOp>(i / 2), type);
      all[static_cast<size_t>(i)] = {.kind = FuseInfo::RowWise, .compute = type, .name = names[i / 2], .row = row};
    }
    return all;
  }();
  if (dtype == kFloat32 || dtype == kFloat64) c.fuses(&infos[2 * static_cast<size_t>(op) + (dtype == kFloat64)]);
}
}  // namespace

void Softmax::infer(Call& c, const Tensor& self, int64_t dim, bool) {
  check_as(ErrorKind::NotImplemented, is_floating(self.dtype()),
           "\"softmax_lastdim_kernel_impl\" not implemented for '", self.dtype(), "'");
  c.put(wrap_dim(dim, self.dim()));
  c.output(self.sizes(), self.dtype());
  fuse_rows(c, SoftmaxOp::Softmax, self.dtype());
}
void LogSoftmax::infer(Call& c, const Tensor& self, int64_t dim, bool half_to_float) {
  Softmax::infer(c, self, dim, half_to_float);
  fuse_rows(c, SoftmaxOp::LogSoftmax, self.dtype());
}

namespace {
// A zero-dim tensor is a row of one.
Array at_least_1d(Array a) {
  static constexpr int64_t one = 1;
  if (a.ndim == 0) {
    a.ndim = 1;
    a.sizes = a.strides = &one;
  }
  return a;
}
}  // namespace

void Softmax::run(const Launch& l) {
  softmax(at_least_1d(l.in[0]), at_least_1d(l.out[0]), static_cast<int>(l.ints[0]));
}
void LogSoftmax::run(const Launch& l) {
  log_softmax(at_least_1d(l.in[0]), at_least_1d(l.out[0]), static_cast<int>(l.ints[0]));
}

void SoftmaxBackward::infer(Call& c, const Tensor& grad, const Tensor& output, int64_t dim, DType) {
  check(grad.sizes() == output.sizes(), "expected grad of shape ", output.sizes(), ", got ", grad.sizes());
  c.put(wrap_dim(dim, grad.dim()));
  c.output(grad.sizes(), output.dtype());
  fuse_rows(c, SoftmaxOp::SoftmaxBackward, output.dtype());
}
void LogSoftmaxBackward::infer(Call& c, const Tensor& grad, const Tensor& output, int64_t dim, DType input_dtype) {
  SoftmaxBackward::infer(c, grad, output, dim, input_dtype);
  fuse_rows(c, SoftmaxOp::LogSoftmaxBackward, output.dtype());
}
void SoftmaxBackward::run(const Launch& l) {
  softmax_backward(at_least_1d(l.in[0]), at_least_1d(l.in[1]), at_least_1d(l.out[0]), static_cast<int>(l.ints[0]));
}
void LogSoftmaxBackward::run(const Launch& l) {
  log_softmax_backward(at_least_1d(l.in[0]), at_least_1d(l.in[1]), at_least_1d(l.out[0]), static_cast<int>(l.ints[0]));
}

// ---- dropout

Tensor dropout(const Tensor& input, double p, bool train) {
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (p == 0 || !train || input.numel() == 0) return input;
  if (p == 1) return input * zeros({}, input.dtype());
  const Tensor noise = empty_like(input);
  const Rewind rewind(noise);
  draw_scaled_mask(noise, 1 - p);
  return input * noise;
}
const Tensor& dropout_(const Tensor& self, double p, bool train) {
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  if (p == 0 || !train || self.numel() == 0) return self;
  if (p == 1) return self.mul_(zeros({}, self.dtype()));
  const Tensor noise = empty_like(self);
  const Rewind rewind(noise);
  draw_scaled_mask(noise, 1 - p);
  return self.mul_(noise);
}

}  // namespace gradus
