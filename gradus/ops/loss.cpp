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

// Up to three row dims (a batch and an image), the last ones of target and of unreduced losses, beside the class dim.
struct Rows {
  int64_t sizes[3] = {1, 1, 1}, x[3] = {}, target[3] = {}, class_step = 0, classes = 1;
  Rows(const Array& a, const Array& t) {
    const int class_dim = a.ndim == 1 ? 0 : 1;
    classes = a.sizes[class_dim];
    class_step = a.strides[class_dim];
    for (int d = 0, k = 0; d < a.ndim; ++d) {
      if (d == class_dim) continue;
      sizes[k] = a.sizes[d];
      x[k] = a.strides[d];
      target[k] = k < t.ndim ? t.strides[k] : 0;
      ++k;
    }
  }
  int64_t image() const { return sizes[1] * sizes[2]; }
  // f(row, position inside the image, offset in x, target)
  template <class F>
  void for_each(const int64_t* targets, F&& f) const {
    int64_t row = 0;
    for (int64_t i = 0; i < sizes[0]; ++i)
      for (int64_t j = 0; j < sizes[1]; ++j)
        for (int64_t k = 0; k < sizes[2]; ++k)
          f(row++, j * sizes[2] + k, i * x[0] + j * x[1] + k * x[2],
            targets[i * target[0] + j * target[1] + k * target[2]]);
  }
};

template <class T>
double class_weight(const Array& weight, int64_t c) {
  return weight.data ? static_cast<double>(weight.as<T>()[c * (weight.ndim ? weight.strides[0] : 0)]) : 1.0;
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
  const int64_t reduction = l.ints[0], ignore = l.ints[1];
  dispatch(l.out[0].dtype, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16) {
      using A = std::conditional_t<std::is_same_v<T, double>, double, float>;
      const Rows rows(l.in[0], l.in[1]);
      const T* x = l.in[0].as<T>();
      A sum = 0, total = 0;
      T* out = l.out[0].as<T>();
      rows.for_each(l.in[1].as<int64_t>(), [&](int64_t row, int64_t, int64_t at, int64_t t) {
        const bool counts = t != ignore;
        const A w = counts ? static_cast<A>(class_weight<T>(l.in[2], t)) : 0;
        const A loss = counts ? -w * static_cast<A>(x[at + t * rows.class_step]) : 0;
        if (reduction == 0) out[row] = static_cast<T>(loss);
        sum += loss;
        total += w;
      });
      if (reduction != 0) *out = static_cast<T>(reduction == 1 ? sum / total : sum);
      *l.out[1].as<T>() = static_cast<T>(reduction == 0 ? A{0} : total);
    }
  });
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
  const int64_t reduction = l.ints[0], ignore = l.ints[1];
  const Array& out = l.out[0];
  __builtin_memset(out.data, 0, static_cast<size_t>(out.numel() * item_size(out.dtype)));
  dispatch(out.dtype, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16) {
      using A = std::conditional_t<std::is_same_v<T, double>, double, float>;
      const Rows rows(l.in[0], l.in[1]);
      const T* g = l.in[3].as<T>();
      const A total = static_cast<A>(*l.in[4].as<T>());
      const int64_t image = rows.image();
      rows.for_each(l.in[1].as<int64_t>(), [&](int64_t row, int64_t at, int64_t, int64_t t) {
        if (t == ignore) return;
        const A d = -static_cast<A>(class_weight<T>(l.in[2], t)) * static_cast<A>(g[reduction == 0 ? row : 0]);
        const int64_t batch = image ? row / image : 0;
        out.as<T>()[(batch * rows.classes + t) * image + at] = static_cast<T>(reduction == 1 ? d / total : d);
      });
    }
  });
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
