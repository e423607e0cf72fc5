// Checks, layouts and gradients of normalising layers.
#include "gradus/ops/norm_layers.h"

#include <limits>

#include "gradus/kernels/norm.h"
#include "gradus/ops/pointwise_check.h"

namespace gradus {

using detail::check_norm_dtypes;
using detail::norm_cast;
using detail::norm_channels_last;
using detail::norm_dtype;
using detail::norm_operand;

namespace {

NormShape shape_of(const int64_t* ints) { return {ints[0], ints[1], ints[2], ints[3]}; }

void put_shape(Call& call, int64_t n, int64_t c, int64_t inner, int64_t groups) {
  for (int64_t v : {n, c, inner, groups}) call.put(v);
}

// Results for x (if wanted) and twice for weights; those not wanted are empty.
void output_gradients(Call& call, const Tensor& x, int64_t c, bool want_x, bool want_weight) {
  call.output(want_x ? x.sizes() : IntList{0}, x.dtype());
  for (int i = 0; i < 2; ++i) call.output(IntList(want_weight ? c : 0), x.dtype());
}
Array wanted(const Array& a, bool want) { return want ? a : Array{}; }

}  // namespace

void GroupNormKernel::infer(Call& call, const Tensor& x, const Tensor&, const Tensor&, int64_t n, int64_t c,
                            int64_t inner, int64_t groups, double eps) {
  put_shape(call, n, c, inner, groups);
  call.put(eps);
  call.output(x.sizes(), x.dtype());
  for (int i = 0; i < 2; ++i) call.output({n, groups}, x.dtype());
}
void GroupNormKernel::run(const Launch& l) {
  group_norm(shape_of(l.ints), l.in[0], l.in[1], l.in[2], l.floats[0], l.out[0], l.out[1], l.out[2]);
}

void GroupNormBackwardKernel::infer(Call& call, const Tensor&, const Tensor& x, const Tensor&, const Tensor&,
                                    const Tensor&, int64_t n, int64_t c, int64_t inner, int64_t groups, bool want_x,
                                    bool want_weight) {
  put_shape(call, n, c, inner, groups);
  call.put(int64_t{want_x});
  call.put(int64_t{want_weight});
  output_gradients(call, x, c, want_x, want_weight);
}
void GroupNormBackwardKernel::run(const Launch& l) {
  group_norm_backward(shape_of(l.ints), l.in[0], l.in[1], l.in[2], l.in[3], l.in[4], wanted(l.out[0], l.ints[4]),
                      wanted(l.out[1], l.ints[5]), wanted(l.out[2], l.ints[5]));
}

void BatchMomentsKernel::infer(Call& call, const Tensor& x, int64_t n, int64_t c, int64_t inner) {
  put_shape(call, n, c, inner, 1);
  for (int i = 0; i < 2; ++i) call.output(IntList(c), x.dtype());
}
void BatchMomentsKernel::run(const Launch& l) { batch_moments(shape_of(l.ints), l.in[0], l.out[0], l.out[1]); }

void BatchApplyKernel::infer(Call& call, const Tensor& x, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                             int64_t n, int64_t c, int64_t inner) {
  put_shape(call, n, c, inner, 1);
  call.output(x.sizes(), x.dtype());
}
void BatchApplyKernel::run(const Launch& l) {
  batch_apply(shape_of(l.ints), l.in[0], l.in[1], l.in[2], l.in[3], l.in[4], l.out[0]);
}

void BatchNormBackwardKernel::infer(Call& call, const Tensor&, const Tensor& x, const Tensor&, const Tensor&,
                                    const Tensor&, int64_t n, int64_t c, int64_t inner, bool training, bool want_x,
                                    bool want_weight) {
  put_shape(call, n, c, inner, 1);
  for (bool flag : {training, want_x, want_weight}) call.put(int64_t{flag});
  output_gradients(call, x, c, want_x, want_weight);
}
void BatchNormBackwardKernel::run(const Launch& l) {
  batch_norm_backward(shape_of(l.ints), l.in[0], l.in[1], l.in[2], l.in[3], l.in[4], l.ints[4],
                      wanted(l.out[0], l.ints[5]), wanted(l.out[1], l.ints[6]), wanted(l.out[2], l.ints[6]));
}

// Parameters may be float32 beside a 16-bit input.
bool detail::check_norm_dtypes(const char* kernel, const Tensor& x, std::initializer_list<const Tensor*> parameters) {
  bool mixed = false;
  for (const Tensor* p : parameters) mixed |= p->defined() && p->dtype() != x.dtype();
  if (mixed) {
    for (const Tensor* p : parameters)
      check(!p->defined() || p->dtype() == DType::Float32,
            "mixed dtype (CPU): expect parameter to have scalar type of Float");
    check(is_reduced_floating(x.dtype()), "mixed dtype (CPU): all inputs must share same datatype.");
  }
  refuse_integers(kernel, x.dtype());
  return mixed;
}

bool detail::norm_channels_last(const Tensor& x) {
  return !x.is_contiguous() && ((x.dim() == 4 && x.is_contiguous(MemoryFormat::ChannelsLast)) ||
                                (x.dim() == 5 && x.is_contiguous(MemoryFormat::ChannelsLast3d)));
}

namespace {

// ---- the gradients as differentiable tensor code, for derivatives of gradients

struct Formula {
  Tensor g, x;      // [n, …] in a common shape
  Tensor weight;    // broadcasts to it; may be undefined
  Dims statistics;  // dims of the mean and the variance
  Dims sums;        // dims over which gradients of weight and bias are summed
  double eps;
  int x_at, weight_at, bias_at;  // their places among the arguments

  Tensors gradients(const Wants& wants) const {
    const Tensor centred = x - x.mean(statistics, true);
    const Tensor rstd = ((centred * centred).mean(statistics, true) + eps).rsqrt();
    const Tensor normal = centred * rstd;
    Tensors out(3);
    if (!g.defined()) return out;
    if (wants[x_at]) {
      const Tensor gw = weight.defined() ? g * weight : g;
      out[0] = (gw - gw.mean(statistics, true) - normal * (gw * normal).mean(statistics, true)) * rstd;
    }
    if (wants[weight_at]) out[1] = summed(g * normal);
    if (wants[bias_at]) out[2] = summed(g);
    return out;
  }
  // What gradients of the mean and of 1 / deviation (in the shape of a kept reduction) add to that of x.
  Tensor through_statistics(const Tensor& g_mean, const Tensor& g_rstd) const {
    const Tensor centred = x - x.mean(statistics, true);
    const Tensor rstd = ((centred * centred).mean(statistics, true) + eps).rsqrt();
    int64_t count = 1;
    for (int64_t d : statistics) count *= x.size(d);
    Tensor out = zeros(x.sizes(), x.dtype());
    if (g_mean.defined()) out = out + g_mean / count;
    if (g_rstd.defined()) out = out - g_rstd * rstd * rstd * rstd * centred / count;
    return out;
  }
  Tensor summed(const Tensor& t) const { return sums.empty() ? t : t.sum(sums); }
};

Dims dims_from(int64_t first, int64_t last) {
  Dims d;
  for (int64_t i = first; i < last; ++i) d.push_back(i);
  return d;
}
int64_t product(const IntList& sizes, int64_t from, int64_t to) {
  int64_t n = 1;
  for (int64_t i = from; i < to; ++i) n *= sizes[i];
  return n;
}

// ---- layer normalisation

void check_layer_norm(const Tensor& input, const IntList& shape, const Tensor& weight, const Tensor& bias,
                      const char* star) {
  check(shape.size() >= 1,
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
        "normalized_shape = ",
        shape);
  check(!weight.defined() || weight.sizes() == shape,
        "Expected weight to be of same shape as normalized_shape, but got weight of shape ",
        weight.defined() ? weight.sizes() : IntList{}, " and normalized_shape = ", shape);
  check(!bias.defined() || bias.sizes() == shape,
        "Expected bias to be of same shape as normalized_shape, but got bias of shape ",
        bias.defined() ? bias.sizes() : IntList{}, " and normalized_shape = ", shape);
  bool fits = input.dim() >= shape.size();
  for (int64_t i = 0; fits && i < shape.size(); ++i) fits = input.size(input.dim() - shape.size() + i) == shape[i];
  if (fits) return;
  const std::string text = format_sizes(shape);
  check(false, "Given normalized_shape=", text, ", expected input with shape [*", star,
        std::string_view(text).substr(1), ", but got input of size", input.sizes());
}

}  // namespace

detail::ThreeTensors NativeLayerNorm::forward(const Tensor& input, const IntList& shape, const Tensor& weight,
                                              const Tensor& bias, double eps) {
  check_layer_norm(input, shape, weight, bias, ", ");
  const bool mixed = check_norm_dtypes("LayerNormKernelImpl", input, {&weight, &bias});
  const DType compute = norm_dtype(input.dtype());
  const int64_t lead = input.dim() - shape.size(), n = product(input.sizes(), 0, lead);
  const int64_t c = product(shape, 0, shape.size());
  auto [y, mean, rstd] = _gradus_group_norm(norm_operand(input, compute), norm_operand(weight, compute),
                                            norm_operand(bias, compute), n, c, 1, 1, eps);
  Dims statistics(input.sizes());
  for (int64_t i = lead; i < input.dim(); ++i) statistics[i] = 1;
  const DType kept = mixed ? DType::Float32 : input.dtype();
  return {norm_cast(y, input.dtype()), norm_cast(mean.view(statistics), kept), norm_cast(rstd.view(statistics), kept)};
}

Tensors NativeLayerNorm::together(const Tensor& g, const Wants& wants, const In<0>& x, const Attr<Dims, 1>& shape,
                                  const In<2>& weight, const Attr<double, 4>& eps, const Out<1>& mean,
                                  const Out<2>& rstd) {
  const int64_t lead = x.dim() - static_cast<int64_t>(shape->size());
  if (is_grad_enabled())
    return Formula{g, x, weight, dims_from(lead, x.dim()), dims_from(0, lead), *eps, 0, 2, 3}.gradients(wants);
  const DType compute = norm_dtype(x.dtype());
  const int64_t n = product(x.sizes(), 0, lead), c = product(x.sizes(), lead, x.dim());
  auto [dx, dw, db] = _gradus_group_norm_backward(
      norm_operand(g, compute), norm_operand(x, compute), norm_operand(weight, compute), norm_operand(mean, compute),
      norm_operand(rstd, compute), n, c, 1, 1, wants[0], wants[2] || wants[3]);
  Tensors out(3);
  if (wants[0]) out[0] = dx;
  if (wants[2]) out[1] = dw.view(*shape);
  if (wants[3]) out[2] = db.view(*shape);
  return out;
}

Tensor layer_norm(const Tensor& input, IntList shape, const Tensor& weight, const Tensor& bias, double eps, bool) {
  return std::get<0>(native_layer_norm(input, shape, weight, bias, eps));
}

// ---- group normalisation

namespace {

void check_group_norm(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t c, int64_t groups) {
  check(groups > 0, "Expected num groups to be greater than 0, got ", groups);
  check(c % groups == 0, "Expected number of channels in input to be divisible by num_groups, but got input of shape ",
        input.sizes(), " and num_groups=", groups);
  check(!weight.defined() || (weight.dim() == 1 && weight.numel() == c),
        "Expected weight to be a vector of size equal to the number of channels in input, but got weight of shape ",
        weight.defined() ? weight.sizes() : IntList{}, " and input of shape ", input.sizes());
  // PyTorch's message gives the shape of the weight here.
  check(!bias.defined() || (bias.dim() == 1 && bias.numel() == c),
        "Expected bias to be a vector of size equal to the number of channels in input, but got bias of shape ",
        weight.defined() ? weight.sizes() : IntList{0}, " and input of shape ", input.sizes());
}

Tensor like_layout(const Tensor& y, const Tensor& x) {
  if (!norm_channels_last(x)) return y;
  return y.contiguous(x.dim() == 4 ? MemoryFormat::ChannelsLast : MemoryFormat::ChannelsLast3d);
}

}  // namespace

detail::ThreeTensors NativeGroupNorm::forward(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t n,
                                              int64_t c, int64_t inner, int64_t group, double eps) {
  check_group_norm(input, weight, bias, c, group);
  check(input.numel() == n * c * inner,
        "Expected X.numel() == N * C * HxW to be true, but got false.  (Could this error message be improved?  If so, "
        "please report an enhancement request to PyTorch.)");
  check(input.is_contiguous() || norm_channels_last(input),
        "Expected X.is_contiguous(memory_format) to be true, but got false.  (Could this error message be improved?  "
        "If so, please report an enhancement request to PyTorch.)");
  const bool mixed = check_norm_dtypes("GroupNormKernelImpl", input, {&weight, &bias});
  const DType compute = norm_dtype(input.dtype());
  auto [y, mean, rstd] = _gradus_group_norm(norm_operand(input, compute), norm_operand(weight, compute),
                                            norm_operand(bias, compute), n, c, inner, group, eps);
  const DType kept = mixed ? DType::Float32 : input.dtype();
  return {like_layout(norm_cast(y, input.dtype()), input), norm_cast(mean, kept), norm_cast(rstd, kept)};
}

Tensors NativeGroupNorm::together(const Tensor& g, const Wants& wants, const Grad<1>& g_mean, const Grad<2>& g_rstd,
                                  const In<0>& x, const In<1>& weight, const Attr<int64_t, 3>& n,
                                  const Attr<int64_t, 4>& c, const Attr<int64_t, 5>& inner,
                                  const Attr<int64_t, 6>& groups, const Attr<double, 7>& eps, const Out<1>& mean,
                                  const Out<2>& rstd) {
  if (is_grad_enabled() || g_mean.defined() || g_rstd.defined()) {
    const Dims split{*n, *groups, *c / *groups, *inner};
    const Tensor w = weight.defined() ? weight.reshape({1, *groups, *c / *groups, 1}) : Tensor(weight);
    const Formula f{g.defined() ? g.reshape(split) : g, x.reshape(split), w, {2, 3}, {0, 3}, *eps, 0, 1, 2};
    Tensors out = f.gradients(wants);
    if (wants[0] && (g_mean.defined() || g_rstd.defined())) {
      const auto statistic = [&](const Tensor& t) { return t.defined() ? t.reshape({*n, *groups, 1, 1}) : t; };
      const Tensor more = f.through_statistics(statistic(g_mean), statistic(g_rstd));
      out[0] = out[0].defined() ? out[0] + more : more;
    }
    if (out[0].defined()) out[0] = out[0].reshape(x.sizes());
    for (size_t i = 1; i < 3; ++i)
      if (out[i].defined()) out[i] = out[i].reshape(IntList(*c));
    return out;
  }
  const DType compute = norm_dtype(x.dtype());
  auto [dx, dw, db] = _gradus_group_norm_backward(
      norm_operand(g, compute), norm_operand(x, compute), norm_operand(weight, compute), norm_operand(mean, compute),
      norm_operand(rstd, compute), *n, *c, *inner, *groups, wants[0], wants[1] || wants[2]);
  Tensors out(3);
  if (wants[0]) out[0] = dx;
  if (wants[1]) out[1] = dw;
  if (wants[2]) out[2] = db;
  return out;
}

Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight, const Tensor& bias, double eps, bool) {
  const int64_t n = input.size(0), c = input.size(1);
  check_group_norm(input, weight, bias, c, num_groups);
  const Tensor x = norm_channels_last(input) ? input : input.contiguous();
  return std::get<0>(native_group_norm(x, weight, bias, n, c, product(input.sizes(), 2, input.dim()), num_groups, eps));
}

// ---- RMS normalisation: its parts are its graph

Tensor rms_norm(const Tensor& input, IntList shape, const Tensor& weight, std::optional<double> eps) {
  check_as(ErrorKind::Value, input.dim() >= shape.size(), "Input tensor must have at least ", shape.size(),
           " dimensions, but got ", input.dim());
  check_layer_norm(input, shape, weight, {}, "");
  refuse_integers("rms_norm", input.dtype());
  const double least = input.dtype() == DType::Float64 ? std::numeric_limits<double>::epsilon()
                                                       : static_cast<double>(std::numeric_limits<float>::epsilon());
  const Tensor x = norm_cast(input, norm_dtype(input.dtype()));
  const Tensor mean_square = x.pow(2).mean(dims_from(x.dim() - shape.size(), x.dim()), true);
  Tensor y = x * (mean_square + eps.value_or(least)).rsqrt();
  if (weight.defined()) y = y * weight;
  return norm_cast(y, input.dtype());
}

}  // namespace gradus
