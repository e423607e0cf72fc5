// Margin losses: checks, formulas, gradients.
#include "gradus/ops/margin_loss.h"

#include "gradus/kernels/index.h"
#include "gradus/kernels/margin.h"
#include "gradus/ops/loss.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

using detail::expand_gradient;
using detail::reduce_loss;

// ---- soft margin

Tensor SoftMarginLoss::forward(const Tensor& self, const Tensor& target, int64_t reduction) {
  const Dims common = broadcast_sizes(self.sizes(), target.sizes());
  check(common == self.sizes(), "output with shape ", self.sizes(), " doesn't match the broadcast shape ", common);
  const Tensor loss = (-target * self).exp().log1p();
  check(is_floating(self.dtype()), "result type ", loss.dtype(), " can't be cast to the desired output type ",
        self.dtype());
  return reduce_loss(loss.dtype() == self.dtype() ? loss : loss.to(self.dtype()), reduction);
}
Tensor SoftMarginLoss::d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction) {
  const Tensor slope = -t * (-t * x).sigmoid();
  return slope * expand_gradient(g, *reduction, slope.numel());
}

// ---- multi margin

namespace {

// Rows of classes; a vector is one row.
Tensor as_rows(const Tensor& x) { return x.dim() == 2 ? x : x.reshape({1, x.numel()}); }

void check_rows(const Tensor& x) {
  check(x.dim() == 0 || (x.dim() <= 2 && x.size(-1) != 0),
        "Expected non-empty vector or matrix with optional 0-dim batch size, but got: ", x.sizes());
}

void check_multi_margin(const Tensor& x, const Tensor& target, const Scalar& p, const Tensor& weight) {
  check(p.equals(1) || p.equals(2), "only p == 1 and p == 2 supported");
  check_rows(x);
  const int64_t rows = x.dim() == 2 ? x.size(0) : 1, classes = x.dim() == 0 ? 1 : x.size(-1);
  check(target.dim() <= 1 && target.numel() == rows,
        "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
        "Expected target size [",
        rows, "], but got ", target.sizes(), ". Input has shape ", x.sizes(), ".");
  check(!weight.defined() || (weight.dim() <= 1 && weight.numel() == classes), "inconsistent weight size, expected ",
        classes, " but got ", weight.defined() ? weight.sizes() : IntList{});
  refuse_integers("multi_margin_loss_cpu_kernel", x.dtype());
  check(target.dtype() == DType::Int64, "expected scalar type Long but found ", target.dtype());
  check(!weight.defined() || weight.dtype() == x.dtype(), "expected scalar type ", x.dtype(), " but found ",
        weight.defined() ? weight.dtype() : x.dtype());
  int64_t wrong = 0;
  check(!find_outside(target.impl()->view->array(), 0, classes, wrong), "target out of range");
}

// What both directions share: where the target stands, and the distances to the margin of the other classes.
struct Margins {
  Tensor is_target, distance, row_weight;  // [rows, classes], the same, [rows, 1] or undefined
  int64_t classes;

  Margins(const Tensor& x, const Tensor& target, const Scalar& margin, const Tensor& weight) {
    const Tensor rows = as_rows(x), t = target.reshape({rows.size(0), 1});
    classes = rows.size(1);
    is_target = arange(classes) == t;
    const Tensor at_target = where(is_target, rows, zeros({}, x.dtype())).sum(1, true);
    distance = (rows - at_target + margin).clamp_min(0).masked_fill(is_target, 0);
    if (weight.defined()) row_weight = weight.reshape(IntList(-1)).index_select(0, t.reshape(IntList(-1))).unsqueeze(1);
  }
};

}  // namespace

Tensor MultiMarginLoss::forward(const Tensor& self, const Tensor& target, const Scalar& p, const Scalar& margin,
                                const Tensor& weight, int64_t reduction) {
  check_multi_margin(self, target, p, weight);
  const Margins m(self, target, margin, weight);
  Tensor terms = p.equals(2) ? m.distance * m.distance : m.distance;
  if (m.row_weight.defined()) terms = terms * m.row_weight;
  return reduce_loss((terms.sum(1) / m.classes).reshape(target.sizes()), reduction);
}
Tensor MultiMarginLoss::d0(const Tensor& g, const In<0>& x, const In<1>& target, const Attr<Scalar, 2>& p,
                           const Attr<Scalar, 3>& margin, const In<4>& weight, const Attr<int64_t, 5>& reduction) {
  const Margins m(x, target, *margin, weight);
  Tensor slope = p->equals(2) ? m.distance * 2 : (m.distance > Scalar(0)).to(x.dtype());
  if (m.row_weight.defined()) slope = slope * m.row_weight;
  slope = slope / m.classes;
  slope = where(m.is_target, -slope.sum(1, true), slope);
  const int64_t rows = slope.size(0);
  const Tensor each = *reduction == 0 ? g.reshape({rows, 1}) : expand_gradient(g, *reduction, rows);
  return (slope * each).reshape(x.sizes());
}

// ---- multi-label margin

void MultilabelMargin::infer(Call& c, const Tensor& self, const Tensor& target) {
  c.output(self.dim() < 2 ? IntList{} : IntList(self.size(0)), self.dtype());
  c.output(target.sizes(), self.dtype());
}
void MultilabelMargin::run(const Launch& l) { multilabel_margin(l.in[0], l.in[1], l.out[0], l.out[1]); }

void MultilabelMarginBackward::infer(Call& c, const Tensor&, const Tensor& self, const Tensor&, const Tensor&) {
  c.output(self.sizes(), self.dtype());
}
void MultilabelMarginBackward::run(const Launch& l) {
  multilabel_margin_backward(l.in[0], l.in[1], l.in[2], l.in[3], l.out[0]);
}
Tensor MultilabelMarginBackward::d0(const Tensor&) { return no_derivative("multilabel_margin_loss_backward"); }

std::tuple<Tensor, Tensor> MultilabelMarginLoss::forward(const Tensor& self, const Tensor& target, int64_t reduction) {
  check_rows(self);
  const bool fits =
      self.dim() <= 1 ? target.dim() <= 1 && target.numel() == self.numel() : target.sizes() == self.sizes();
  check(fits, "inconsistent target size: ", target.sizes(), " for input of size: ", self.sizes());
  check(target.dtype() == DType::Int64, "expected scalar type Long but found ", target.dtype());
  int64_t wrong = 0;
  check(!find_outside(target.impl()->view->array(), -1, self.dim() ? self.size(-1) : 1, wrong),
        "argument #2 'target' is out of range");
  refuse_integers("multilabel_margin_loss_forward_out_frame", self.dtype());
  auto [loss, marks] = _gradus_multilabel_margin(self.contiguous(), target.contiguous());
  return {reduce_loss(loss, reduction), marks};
}
Tensor MultilabelMarginLoss::d0(const Tensor& g, const In<0>& x, const In<1>& target, const Attr<int64_t, 2>& reduction,
                                const Out<1>& is_target) {
  const int64_t rows = x.dim() == 2 ? x.size(0) : 1;
  const Tensor each = expand_gradient(g, *reduction, rows).expand(IntList(rows)).contiguous();
  return _gradus_multilabel_margin_backward(each, x.contiguous(), target.contiguous(), is_target);
}
Tensor multilabel_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return std::get<0>(multilabel_margin_loss_forward(self, target, reduction));
}

// ---- distances

Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target, double margin,
                           int64_t reduction) {
  return reduce_loss(_gradus_add_number(-target * (input1 - input2), margin).clamp_min(0), reduction);
}

Tensor hinge_embedding_loss(const Tensor& self, const Tensor& target, double margin, int64_t reduction) {
  const Tensor nothing = zeros({}, self.dtype());
  const Tensor apart = where(target != Scalar(1), (margin - self).clamp_min(0), nothing);
  return reduce_loss(apart + where(target != Scalar(-1), self, nothing), reduction);
}

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target, double margin,
                             int64_t reduction) {
  constexpr double least = 1e-12;
  check(target.dim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  if (target.dim() == 1)
    check(input1.dim() == 2 && input2.dim() == 2,
          "1D target tensor expects 2D input tensors, but found inputs with sizes ", input1.sizes(), " and ",
          input2.sizes(), ".");
  else
    check(input1.dim() == 1 && input2.dim() == 1,
          "0D target tensor expects 1D input tensors, but found inputs with sizes ", input1.sizes(), " and ",
          input2.sizes(), ".");
  const int64_t dim = target.dim();
  const Tensor product = (input1 * input2).sum(dim);
  const Tensor square1 = (input1 * input1).sum(dim) + least, square2 = (input2 * input2).sum(dim) + least;
  const Tensor cosine = product / (square1 * square2).sqrt();
  const Tensor nothing = zeros({}, cosine.dtype());
  const Tensor together = where(target == Scalar(1), 1 - cosine, nothing);
  return reduce_loss(together + where(target == Scalar(-1), (cosine - margin).clamp_min(0), nothing), reduction);
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin,
                           double p, double eps, bool swap, int64_t reduction) {
  check(anchor.dim() == positive.dim() && positive.dim() == negative.dim(),
        "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
        "anchor ",
        anchor.dim(), "D, positive ", positive.dim(), "D, and negative ", negative.dim(), "D inputs");
  const Tensor near = pairwise_distance(anchor, positive, p, eps);
  Tensor far = pairwise_distance(anchor, negative, p, eps);
  if (swap) far = minimum(far, pairwise_distance(positive, negative, p, eps));
  return reduce_loss((near + margin - far).clamp_min(0), reduction);
}

}  // namespace gradus
