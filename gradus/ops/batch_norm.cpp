// Batch and instance normalisation: statistics, running statistics, layouts.
#include "gradus/core/modes.h"
#include "gradus/ops/norm_layers.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

using detail::check_norm_dtypes;
using detail::norm_cast;
using detail::norm_channels_last;
using detail::norm_dtype;
using detail::norm_operand;

namespace {

// A batch as the kernels see it: [n, c, inner] in memory, whichever way the tensor's channels lie.
struct Batch {
  int64_t n, c, inner;
  bool last;  // channels are the innermost dim in memory

  explicit Batch(const Tensor& x) : n(x.size(0)), c(x.size(1)), inner(1), last(norm_channels_last(x)) {
    for (int64_t d = 2; d < x.dim(); ++d) (last ? n : inner) *= x.size(d);
  }
  int64_t count() const { return n * inner; }
  Tensor flat(const Tensor& x, DType dtype) const {
    if (!last) return norm_operand(x, dtype);
    Dims order{0};
    for (int64_t d = 2; d < x.dim(); ++d) order.push_back(d);
    order.push_back(1);
    return norm_operand(x.permute(order), dtype);
  }
  Tensor restored(const Tensor& y) const {
    if (!last) return y;
    Dims order{0, y.dim() - 1};
    for (int64_t d = 1; d + 1 < y.dim(); ++d) order.push_back(d);
    return y.permute(order);
  }
};

// running = (1 - momentum) * running + momentum * value, without a new version: PyTorch counts none.
template <class T, class V>
void follow(const Array& running, const Array& value, double momentum) {
  T* r = running.as<T>();
  const V* v = value.as<V>();
  for (int64_t i = 0; i < running.numel(); ++i) {
    T& to = r[i * running.strides[0]];
    to = static_cast<T>(static_cast<V>(momentum) * v[i] + static_cast<V>(1 - momentum) * static_cast<V>(to));
  }
}
void run_follow(const Launch& l) {
  dispatch(l.out[0].dtype, [&]<class T>() {
    if constexpr (DTypeOf<T>::value >= DType::Float16) {
      if (l.in[0].dtype == DType::Float64) follow<T, double>(l.out[0], l.in[0], l.floats[0]);
      else follow<T, float>(l.out[0], l.in[0], l.floats[0]);
    }
  });
}
void update_running(const Tensor& running, const Tensor& value, double momentum) {
  if (!running.defined()) return;
  const Tensor flat = running.dim() == 1 ? running : running.view(IntList(-1));
  View* out[] = {flat.impl()->view};
  View* in[] = {value.impl()->view};
  const double floats[] = {momentum};
  Record r;
  r.run = run_follow;
  r.out = out;
  r.in = in;
  r.n_out = r.n_in = 1;
  r.floats = floats;
  submit(r);
}

void check_running(const Tensor& running, const char* name, int64_t c, bool training) {
  if (!running.defined()) return check(training, name, " must be defined in evaluation mode");
  check(running.numel() == c, name, " should contain ", c, " elements not ", running.numel());
}
void check_parameters(const Tensor& weight, const Tensor& bias, const Tensor& running_mean, const Tensor& running_var,
                      int64_t c, bool training) {
  check_running(running_mean, "running_mean", c, training);
  check_running(running_var, "running_var", c, training);
  check(!weight.defined() || weight.numel() == c, "weight should contain ", c, " elements not ",
        weight.defined() ? weight.numel() : 0);
  check(!bias.defined() || bias.numel() == c, "bias should contain ", c, " elements not ",
        bias.defined() ? bias.numel() : 0);
}

}  // namespace

detail::ThreeTensors NativeBatchNorm::forward(const Tensor& input, const Tensor& weight, const Tensor& bias,
                                              const Tensor& running_mean, const Tensor& running_var, bool training,
                                              double momentum, double eps) {
  const int64_t channels = input.size(1);
  check_parameters(weight, bias, running_mean, running_var, channels, training);
  const bool mixed = check_norm_dtypes("batch_norm", input, {&weight, &bias, &running_mean, &running_var});
  check(!training || input.numel() > 0,
        "input tensor must have at least one element, but got input_sizes = ", input.sizes());
  const DType compute = norm_dtype(input.dtype());
  const Batch b(input);
  const Tensor x = b.flat(input, compute);
  Tensor mean, rstd;
  if (training) {
    const auto [batch_mean, spread] = _gradus_batch_moments(x, b.n, b.c, b.inner);
    mean = batch_mean;
    rstd = (spread / b.count() + eps).rsqrt();
    update_running(running_mean, mean, momentum);
    if (running_var.defined()) update_running(running_var, spread / (b.count() - 1), momentum);
  } else {
    mean = norm_operand(running_mean, compute);
    rstd = (norm_operand(running_var, compute) + eps).rsqrt();
  }
  const Tensor y =
      _gradus_batch_apply(x, mean, rstd, norm_operand(weight, compute), norm_operand(bias, compute), b.n, b.c, b.inner);
  const DType kept = mixed ? DType::Float32 : input.dtype();
  if (!training) mean = rstd = empty(IntList(0), compute);
  return {b.restored(norm_cast(y, input.dtype())), norm_cast(mean, kept), norm_cast(rstd, kept)};
}

namespace {

// The same in differentiable tensor code.
Tensors gradients_in_graph(const Tensor& g, const Wants& wants, const Tensor& x, const Tensor& weight,
                           const Tensor& running_mean, const Tensor& running_var, bool training, double eps) {
  Dims over, by_channel(x.dim(), 1);
  for (int64_t d = 0; d < x.dim(); ++d)
    if (d != 1) over.push_back(d);
  by_channel[1] = x.size(1);
  const auto channel = [&](const Tensor& t) { return t.reshape(by_channel); };
  const Tensor centred = x - (training ? x.mean(over, true) : channel(running_mean));
  const Tensor rstd = ((training ? (centred * centred).mean(over, true) : channel(running_var)) + eps).rsqrt();
  const Tensor normal = centred * rstd;
  Tensors out(3);
  if (wants[0]) {
    const Tensor gw = weight.defined() ? g * channel(weight) : g;
    out[0] = training ? (gw - gw.mean(over, true) - normal * (gw * normal).mean(over, true)) * rstd : gw * rstd;
  }
  if (wants[1]) out[1] = (g * normal).sum(over);
  if (wants[2]) out[2] = g.sum(over);
  return out;
}

}  // namespace

Tensors detail::batch_norm_gradients(const Tensor& g, const Wants& wants, const Tensor& x, const Tensor& weight,
                                     const Tensor& running_mean, const Tensor& running_var, bool training, double eps,
                                     const Tensor& mean, const Tensor& rstd) {
  if (is_grad_enabled()) return gradients_in_graph(g, wants, x, weight, running_mean, running_var, training, eps);
  const DType compute = norm_dtype(x.dtype());
  const Batch b(x);
  const Tensor m = norm_operand(training ? mean : running_mean, compute);
  const Tensor inverse = training ? norm_operand(rstd, compute) : (norm_operand(running_var, compute) + eps).rsqrt();
  auto [dx, dw, db] =
      _gradus_batch_norm_backward(b.flat(g, compute), b.flat(x, compute), norm_operand(weight, compute), m, inverse,
                                  b.n, b.c, b.inner, training, wants[0], wants[1] || wants[2]);
  Tensors out(3);
  if (wants[0]) out[0] = b.restored(dx);
  if (wants[1]) out[1] = dw;
  if (wants[2]) out[2] = db;
  return out;
}

Tensor batch_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                  const Tensor& running_var, bool training, double momentum, double eps, bool) {
  check_parameters(weight, bias, running_mean, running_var, input.dim() > 1 ? input.size(1) : 0, training);
  if (input.numel() == 0) {
    Tensor out = input.clone();
    if (weight.defined()) out = out * (weight.numel() ? weight[0] : weight);
    if (bias.defined()) out = out + (bias.numel() ? bias[0] : bias);
    return out;
  }
  return std::get<0>(native_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps));
}

namespace {
Tensor repeated(const Tensor& t, int64_t times) {
  check(!t.defined() || t.dim() <= 1,
        "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
  if (!t.defined() || times == 1) return t.defined() ? t.clone() : t;  // never the same memory
  return t.unsqueeze(0).expand({times, t.numel()}).reshape(IntList(-1));
}
}  // namespace

Tensor instance_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, const Tensor& running_mean,
                     const Tensor& running_var, bool use_input_stats, double momentum, double eps, bool) {
  check(use_input_stats || (running_mean.defined() && running_var.defined()),
        "Expected running_mean and running_var to be defined when use_input_stats is false");
  const int64_t n = input.size(0), c = input.size(1);
  Dims together(input.sizes());
  together[0] = 1;
  together[1] = n * c;
  const Tensor mean = repeated(running_mean, n), var = repeated(running_var, n);
  const Tensor out = batch_norm(input.contiguous().view(together), repeated(weight, n), repeated(bias, n), mean, var,
                                use_input_stats, momentum, eps, false);
  if (use_input_stats) {  // what each sample made of the running statistics, averaged
    NoGrad guard;
    if (running_mean.defined()) running_mean.copy_(mean.view({n, c}).mean(0, false));
    if (running_var.defined()) running_var.copy_(var.view({n, c}).mean(0, false));
  }
  return out.view(input.sizes());
}

}  // namespace gradus
