// Negative log-likelihood: checks, kernels' arguments, cross entropy.
#include "gradus/ops/nll.h"

#include "gradus/kernels/index.h"
#include "gradus/kernels/nll.h"
#include "gradus/ops/loss.h"

namespace gradus {

// ---- negative log-likelihood

namespace {

void check_nll_values(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t classes,
                      int64_t ignore_index) {
  check(target.dtype() == DType::Int64 || target.dtype() == DType::UInt8,
        "expected target dtype to be Long or Byte, but got ", target.dtype());
  check_as(ErrorKind::NotImplemented, is_floating(self.dtype()), "\"nll_loss_out_frame\" not implemented for '",
           self.dtype(), "'");
  if (weight.defined())
    check(weight.dtype() == self.dtype(), "expected scalar type ", self.dtype(), " but found ", weight.dtype());
  check_targets(target.impl()->view->array(), classes, ignore_index);
}

void check_nll(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t ignore_index) {
  check(self.dim() > 0 && self.dim() <= 2, "input tensor should be 1D or 2D");
  check(target.dim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  const bool one_row = self.dim() == 1 && target.dim() == 0;
  check(one_row || (target.dim() == 1 && self.size(0) == target.size(0)) ||
            (self.dim() == 1 && target.dim() == 1 && target.size(0) == 1),
        "size mismatch (got input: ", self.sizes(), ", target: ", target.sizes(), ")");
  const int64_t classes = self.sizes().back();
  check(!weight.defined() || (weight.dim() == 1 && weight.numel() == classes),
        "weight tensor should be defined either for all ", classes,
        " classes or no classes but got weight tensor of "
        "shape: ",
        weight.defined() ? weight.sizes() : IntList{});
  check_nll_values(self, target, weight, classes, ignore_index);
}

void check_nll_2d(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t ignore_index) {
  check(target.dim() == 3,
        "only batches of spatial targets supported (3D tensors) but got targets of dimension: ", target.dim());
  check(self.dim() == 4,
        "only batches of spatial inputs supported (4D tensors), but got input of dimension: ", self.dim());
  check(self.size(0) == target.size(0) && self.size(2) == target.size(1) && self.size(3) == target.size(2),
        "size mismatch (got input: ", self.sizes(), " , target: ", target.sizes());
  check(!weight.defined() || weight.numel() == self.size(1),
        "weight tensor should be defined either for all or no classes");
  check_nll_values(self, target, weight, self.size(1), ignore_index);
}

void infer_nll(Call& c, const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
               int64_t ignore_index) {
  c.clear_inputs();
  c.input(self);
  c.input_owned(target.dtype() == DType::Int64 ? target : target.to(DType::Int64));
  c.input(weight);
  c.put(reduction);
  c.put(ignore_index);
}

}  // namespace

void NllLossForward::infer(Call& c, const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                           int64_t ignore_index) {
  check_nll(self, target, weight, ignore_index);
  infer_nll(c, self, target, weight, reduction, ignore_index);
  if (reduction == 0 && self.dim() == 2) c.output(IntList(self.size(0)), self.dtype());
  else c.output({}, self.dtype());
  c.output({}, self.dtype());
}
void NllLoss2dForward::infer(Call& c, const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                             int64_t ignore_index) {
  check_nll_2d(self, target, weight, ignore_index);
  infer_nll(c, self, target, weight, reduction, ignore_index);
  c.output(reduction == 0 ? target.sizes() : IntList{}, self.dtype());
  c.output({}, self.dtype());
}

void NllLossForward::run(const Launch& l) {
  nll_forward(l.in[0], l.in[1], l.in[2], l.ints[0], l.ints[1], l.out[0], l.out[1]);
}

void NllLossBackward::infer(Call& c, const Tensor& grad, const Tensor& self, const Tensor& target, const Tensor& weight,
                            int64_t reduction, int64_t ignore_index, const Tensor& total_weight) {
  check_nll(self, target, weight, ignore_index);
  infer_nll(c, self, target, weight, reduction, ignore_index);
  c.input_owned(grad.contiguous());
  c.input(total_weight);
  c.output(self.sizes(), self.dtype());
}
void NllLoss2dBackward::infer(Call& c, const Tensor& grad, const Tensor& self, const Tensor& target,
                              const Tensor& weight, int64_t reduction, int64_t ignore_index,
                              const Tensor& total_weight) {
  check_nll_2d(self, target, weight, ignore_index);
  infer_nll(c, self, target, weight, reduction, ignore_index);
  c.input_owned(grad.contiguous());
  c.input(total_weight);
  c.output(self.sizes(), self.dtype());
}

void NllLossBackward::run(const Launch& l) {
  nll_backward(l.in[3], l.in[0], l.in[1], l.in[2], l.ints[0], l.ints[1], l.in[4], l.out[0]);
}

Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                int64_t ignore_index) {
  return std::get<0>(nll_loss_forward(self, target, weight, reduction, ignore_index));
}
Tensor nll_loss2d(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                  int64_t ignore_index) {
  return std::get<0>(nll_loss2d_forward(self, target, weight, reduction, ignore_index));
}

Tensor nll_loss_nd(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                   int64_t ignore_index) {
  check_as(ErrorKind::Value, self.dim() > 0, "Expected 1 or more dimensions (got ", self.dim(), ")");
  check_as(ErrorKind::Value, self.dim() == 1 || self.size(0) == target.size(0), "Expected input batch_size (",
           self.size(0), ") to match target batch_size (", target.dim() ? target.size(0) : 0, ").");
  if (self.dim() <= 2) return nll_loss(self, target, weight, reduction, ignore_index);
  if (self.dim() == 4) return nll_loss2d(self, target, weight, reduction, ignore_index);
  // All dims behind the classes as one row of an image.
  Dims expected(self.sizes());
  expected.erase(1);
  check(target.sizes() == expected, "Expected target size ", expected, ", got ", target.sizes());
  const int64_t n = self.size(0), image = target.numel() / (n ? n : 1);
  const Tensor out = nll_loss2d(self.contiguous().view({n, self.size(1), 1, image}),
                                target.contiguous().view({n, 1, image}), weight, reduction, ignore_index);
  return reduction == 0 ? out.view(target.sizes()) : out;
}

// ---- cross entropy

namespace {

Tensor cross_entropy_probabilities(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                                   double smoothing) {
  const int64_t class_dim = self.dim() == 1 ? 0 : 1, classes = self.size(class_dim);
  const Tensor input = self.log_softmax(class_dim);
  Tensor t = target;
  if (smoothing > 0) t = t * (1 - smoothing) + smoothing / static_cast<double>(classes);
  Tensor weighted = input * t;
  if (weight.defined()) {
    Dims shape(self.dim(), 1);
    shape[class_dim] = classes;
    weighted = weighted * weight.view(shape);
  }
  const double batch = self.dim() == 1 ? 1 : static_cast<double>(self.numel() / classes);
  if (reduction == 1) return _gradus_div_number(-weighted.sum(), batch);
  return reduction == 2 ? -weighted.sum() : -weighted.sum(class_dim);
}

Tensor cross_entropy_smoothed(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                              int64_t ignore_index, double smoothing) {
  const int64_t class_dim = self.dim() == 1 ? 0 : 1, classes = self.size(class_dim);
  const Tensor input = self.log_softmax(class_dim);
  const Tensor nll = nll_loss_nd(input, target, weight, reduction, ignore_index);
  Tensor smooth;
  if (weight.defined()) {
    Dims shape(self.dim(), 1);
    shape[class_dim] = classes;
    smooth = -(input * weight.view(shape)).sum(class_dim);
  } else {
    smooth = -input.sum(class_dim);
  }
  const Tensor ignored = target == Scalar(static_cast<long>(ignore_index));
  smooth = smooth.masked_fill(ignored, 0);
  Tensor reduced_smooth = smooth;
  if (reduction == 2) reduced_smooth = smooth.sum();
  if (reduction == 1) {
    if (weight.defined()) {
      const Tensor picked = weight.index_select(0, target.masked_fill(ignored, 0).reshape(IntList(-1)));
      reduced_smooth = smooth.sum() / picked.masked_fill(ignored.reshape(IntList(-1)), 0).sum();
    } else {
      reduced_smooth = smooth.sum() / ignored.logical_not().sum();
    }
  }
  const double share = smoothing / static_cast<double>(classes);
  return _gradus_mul_number(nll, 1 - smoothing) + _gradus_mul_number(reduced_smooth, share);
}

}  // namespace

Tensor cross_entropy_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                          int64_t ignore_index, double label_smoothing) {
  if (self.sizes() == target.sizes()) {
    check(is_floating(target.dtype()), "Expected floating point type for target with class probabilities, got ",
          target.dtype());
    self.size(self.dim() == 1 ? 0 : 1);  // a number has no classes
    check(ignore_index < 0, "ignore_index is not supported for floating point target");
    check(!weight.defined() || (weight.dim() == 1 && weight.numel() == self.size(self.dim() == 1 ? 0 : 1)),
          "cross_entropy: weight tensor should be defined either for all ", self.size(self.dim() == 1 ? 0 : 1),
          " classes or no classes but got weight tensor of shape: ", weight.defined() ? weight.sizes() : IntList{});
    return cross_entropy_probabilities(self, target, weight, reduction, label_smoothing);
  }
  check(label_smoothing >= 0 && label_smoothing <= 1,
        "label_smoothing must be between 0.0 and 1.0. Got: ", label_smoothing);
  if (label_smoothing > 0)
    return cross_entropy_smoothed(self, target, weight, reduction, ignore_index, label_smoothing);
  return nll_loss_nd(self.log_softmax(self.dim() == 1 ? 0 : 1), target, weight, reduction, ignore_index);
}

}  // namespace gradus
