// Losses.
#include "gradus/kernels/index.h"
#include "gradus/ops/nn.h"

namespace gradus {
namespace {

Tensor reduced(const Tensor& loss, int64_t reduction) {
  return reduction == 1 ? loss.mean() : reduction == 2 ? loss.sum() : loss;
}
// Gradient of the reduction: mean divides by the number of elements of the loss.
Tensor unreduced(const Tensor& g, int64_t reduction, const Tensor& loss_shaped) {
  return reduction == 1 ? g / static_cast<double>(loss_shaped.numel()) : g;
}

}  // namespace

Tensor MseLoss::forward(const Tensor& self, const Tensor& target, int64_t reduction) {
  const Tensor d = self - target;
  return reduced(d * d, reduction);
}
Tensor MseLoss::d0(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction) {
  const Tensor d = x - t;
  return d * 2 * unreduced(g, *reduction, d);
}
Tensor MseLoss::d1(const Tensor& g, const In<0>& x, const In<1>& t, const Attr<int64_t, 2>& reduction) {
  const Tensor d = t - x;
  return d * 2 * unreduced(g, *reduction, d);
}

Tensor l1_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return reduced((self - target).abs(), reduction);
}

// ---- negative log-likelihood

namespace {

void check_nll(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t ignore_index) {
  check(self.dim() > 0 && self.dim() <= 2, "input tensor should be 1D or 2D");
  check(target.dim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  check(!(self.dim() == 1 && target.dim() == 1 && target.size(0) != 1) && !(self.dim() == 2 && target.dim() == 0),
        "size mismatch (got input: ", self.sizes(), ", target: ", target.sizes(), ")");
  check(self.dim() == 1 || self.size(0) == target.size(0), "size mismatch (got input: ", self.sizes(),
        ", target: ", target.sizes(), ")");
  check(target.dtype() == DType::Int64 || target.dtype() == DType::UInt8, "expected scalar type Long but found ",
        target.dtype());
  check_as(ErrorKind::NotImplemented, is_floating(self.dtype()), "\"nll_loss_out_frame\" not implemented for '",
           self.dtype(), "'");
  const int64_t classes = self.sizes().back();
  if (weight.defined()) {
    check(weight.dim() == 1 && weight.numel() == classes, "weight tensor should be defined either for all ", classes,
          " classes or no classes but got weight tensor of "
          "shape: ",
          weight.sizes());
    check(weight.dtype() == self.dtype(), "expected scalar type ", self.dtype(), " but found ", weight.dtype());
  }
  check_targets(target.impl()->view->array(), classes, ignore_index);
}

// Log-probabilities, targets and weights as plain vectors of the accumulation type.
template <class T>
struct NllView {
  const T* x;
  int64_t row, col, n, classes;
  const int64_t* target;
  int64_t target_step;
  const T* weight;
  int64_t weight_step, ignore;
  int64_t at(int64_t i) const { return target[i * target_step]; }
  double weight_of(int64_t c) const { return weight ? static_cast<double>(weight[c * weight_step]) : 1.0; }
};
template <class T>
NllView<T> nll_view(const Array& x, const Array& target, const Array& weight, int64_t ignore) {
  const bool rows = x.ndim == 2;
  return {x.as<T>(),
          rows ? x.strides[0] : 0,
          x.strides[x.ndim - 1],
          rows ? x.sizes[0] : 1,
          x.sizes[x.ndim - 1],
          target.as<int64_t>(),
          target.ndim ? target.strides[0] : 0,
          weight.as<T>(),
          weight.data ? weight.strides[0] : 0,
          ignore};
}

}  // namespace

void NllLossForward::infer(Call& c, const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                           int64_t ignore_index) {
  check_nll(self, target, weight, ignore_index);
  c.clear_inputs();
  c.input(self);
  c.input_owned(target.dtype() == DType::Int64 ? target : target.to(DType::Int64));
  c.input(weight);
  c.put(reduction);
  c.put(ignore_index);
  if (reduction == 0 && self.dim() == 2) c.output(IntList(self.size(0)), self.dtype());
  else c.output({}, self.dtype());
  c.output({}, self.dtype());
}

void NllLossForward::run(const Launch& l) {
  const int64_t reduction = l.ints[0];
  dispatch(l.out[0].dtype, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16) {
      using A = std::conditional_t<std::is_same_v<T, double>, double, float>;
      const auto v = nll_view<T>(l.in[0], l.in[1], l.in[2], l.ints[1]);
      A sum = 0, total = 0;
      T* out = l.out[0].as<T>();
      for (int64_t i = 0; i < v.n; ++i) {
        const int64_t t = v.at(i);
        const bool counts = t != v.ignore;
        const A w = counts ? static_cast<A>(v.weight_of(t)) : 0;
        const A loss = counts ? -w * static_cast<A>(v.x[i * v.row + t * v.col]) : 0;
        if (reduction == 0) out[i] = static_cast<T>(loss);
        sum += loss;
        total += w;
      }
      if (reduction != 0) *out = static_cast<T>(reduction == 1 ? sum / total : sum);
      *l.out[1].as<T>() = static_cast<T>(reduction == 0 ? A{0} : total);
    }
  });
}

void NllLossBackward::infer(Call& c, const Tensor& grad, const Tensor& self, const Tensor& target, const Tensor& weight,
                            int64_t reduction, int64_t ignore_index, const Tensor& total_weight) {
  check_nll(self, target, weight, ignore_index);
  c.clear_inputs();
  c.input(self);
  c.input_owned(target.dtype() == DType::Int64 ? target : target.to(DType::Int64));
  c.input(weight);
  c.input(grad);
  c.input(total_weight);
  c.put(reduction);
  c.put(ignore_index);
  c.output(self.sizes(), self.dtype());
}

void NllLossBackward::run(const Launch& l) {
  const int64_t reduction = l.ints[0];
  const Array& out = l.out[0];
  __builtin_memset(out.data, 0, static_cast<size_t>(out.numel() * item_size(out.dtype)));
  dispatch(out.dtype, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16) {
      using A = std::conditional_t<std::is_same_v<T, double>, double, float>;
      const auto v = nll_view<T>(l.in[0], l.in[1], l.in[2], l.ints[1]);
      const Array& grad = l.in[3];
      const T* g = grad.as<T>();
      const int64_t g_step = grad.ndim ? grad.strides[0] : 0;
      const A total = static_cast<A>(*l.in[4].as<T>());
      for (int64_t i = 0; i < v.n; ++i) {
        const int64_t t = v.at(i);
        if (t == v.ignore) continue;
        const A d = -static_cast<A>(v.weight_of(t)) * static_cast<A>(g[reduction == 0 ? i * g_step : 0]);
        out.as<T>()[i * v.classes + t] = static_cast<T>(reduction == 1 ? d / total : d);
      }
    }
  });
}

Tensor nll_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                int64_t ignore_index) {
  return std::get<0>(nll_loss_forward(self, target, weight, reduction, ignore_index));
}

Tensor nll_loss_nd(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                   int64_t ignore_index) {
  check_as(ErrorKind::Value, self.dim() > 0, "Expected 1 or more dimensions (got ", self.dim(), ")");
  check_as(ErrorKind::Value, self.dim() == 1 || self.size(0) == target.size(0), "Expected input batch_size (",
           self.size(0), ") to match target batch_size (", target.dim() ? target.size(0) : 0, ").");
  if (self.dim() <= 2) return nll_loss(self, target, weight, reduction, ignore_index);
  // Classes last, all other dims as rows.
  Dims order;
  order.push_back(0);
  for (int64_t i = 2; i < self.dim(); ++i) order.push_back(i);
  order.push_back(1);
  Dims expected(self.sizes());
  expected.erase(1);
  check(target.sizes() == expected, "size mismatch (got input: ", self.sizes(), ", target: ", target.sizes(), ")");
  const Tensor rows = self.permute(order).reshape({-1, self.size(1)});
  const Tensor out = nll_loss(rows, target.reshape(IntList(-1)), weight, reduction, ignore_index);
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
  if (reduction == 1) return -weighted.sum() / batch;
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
  return nll * (1 - smoothing) + reduced_smooth * share;
}

}  // namespace

Tensor cross_entropy_loss(const Tensor& self, const Tensor& target, const Tensor& weight, int64_t reduction,
                          int64_t ignore_index, double label_smoothing) {
  check(self.dim() > 0, "Expected floating point type for target with class probabilities, got ", target.dtype());
  if (self.sizes() == target.sizes()) {
    check(is_floating(target.dtype()), "Expected floating point type for target with class probabilities, got ",
          target.dtype());
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

// ---- binary cross entropy

Tensor BceWithLogits::forward(const Tensor& x, const Tensor& t, const Tensor& weight, const Tensor& pos_weight,
                              int64_t reduction) {
  const Tensor softplus = (-x.abs()).exp().log1p() + (-x).clamp_min(0);  // -log sigmoid(x)
  Tensor loss = pos_weight.defined() ? (1 - t) * x + ((pos_weight - 1) * t + 1) * softplus : (1 - t) * x + softplus;
  if (weight.defined()) loss = loss * weight;
  return reduced(loss, reduction);
}
Tensor BceWithLogits::d0(const Tensor& g, const In<0>& x, const In<1>& t, const In<2>& w, const In<3>& p,
                         const Attr<int64_t, 4>& reduction) {
  Tensor d;
  if (p.defined()) {
    const Tensor pt = p * t;
    d = (pt + 1 - t) * x.sigmoid() - pt;
  } else {
    d = x.sigmoid() - t;
  }
  if (w.defined()) d = d * w;
  return d * unreduced(g, *reduction, d);
}
Tensor BceWithLogits::d1(const Tensor& g, const In<0>& x, const In<2>& w, const In<3>& p,
                         const Attr<int64_t, 4>& reduction) {
  const auto log_sigmoid = [](const Tensor& v) { return -((-v.abs()).exp().log1p() + (-v).clamp_min(0)); };
  const Tensor positive = p.defined() ? p * log_sigmoid(x) : log_sigmoid(x);
  Tensor d = log_sigmoid(-x) - positive;
  if (w.defined()) d = d * w;
  return d * unreduced(g, *reduction, d);
}

}  // namespace gradus
