// Random numbers in fresh tensors.
#include "gradus/ops/random.h"

#include "gradus/kernels/multinomial.h"
#include "gradus/kernels/random.h"
#include "gradus/kernels/reduce.h"
#include "gradus/ops/random_draw.h"

namespace gradus {
namespace {

using OptLayout = std::optional<Layout>;
using OptDevice = std::optional<Device>;
using OptBool = std::optional<bool>;
using OptFormat = std::optional<MemoryFormat>;

// Each fills a tensor nobody else has seen, and raises before drawing.

Tensor with_uniform(Tensor out, Generator* generator) {
  check_uniform(out.dtype(), 0, 1);
  draw(out, generator, [](Generator& gen, const Array& a) { random_uniform(gen, a, 0, 1); });
  return out;
}

Tensor with_normal(Tensor out, double mean, double std, Generator* generator) {
  check_normal(out.dtype(), out.numel(), std);
  draw(out, generator, [&](Generator& gen, const Array& a) { random_normal(gen, a, mean, std); });
  return out;
}

Tensor with_integers(Tensor out, int64_t low, int64_t high, Generator* generator) {
  check_integers(out.dtype(), out.numel(), low, high);
  draw(out, generator, [&](Generator& gen, const Array& a) { random_integers(gen, a, low, high); });
  return out;
}

DType or_default(OptDType dtype) { return dtype.value_or(default_dtype()); }

Tensor make_permutation(int64_t n, OptDType dtype, Generator* generator) {
  Tensor out = allocate(n, or_default(dtype));
  check_permutation(out.dtype(), n);
  draw(out, generator, [](Generator& gen, const Array& a) { random_permutation(gen, a); });
  return out;
}

// `out` with the sizes of a result; PyTorch keeps its strides where the sizes fit, and numbers follow them.
const Tensor& sized(const Tensor& out, const IntList& sizes) {
  check_no_internal_overlap(out);
  resize_output(out, sizes);
  return out;
}
void check_factory_out(OptDType dtype, const Tensor& out) {
  check(!dtype || *dtype == out.dtype(), "dtype ", dtype.value_or(out.dtype()),
        " does not match dtype of out parameter (", out.dtype(), ")");
}

void uniform_out(const Tensor& out, const IntList& size, Generator* generator, OptDType dtype) {
  check_factory_out(dtype, out);
  check_uniform(out.dtype(), 0, 1);
  with_uniform(sized(out, size), generator);
  bump_version(out.impl());
}
void normal_out(const Tensor& out, double mean, double std, const IntList& size, Generator* generator, OptDType dtype) {
  check_factory_out(dtype, out);
  check_normal(out.dtype(), product(size), std);
  with_normal(sized(out, size), mean, std, generator);
  bump_version(out.impl());
}
// PyTorch counts a change of size as a write of its own here, and only here.
void standard_normal_out(const Tensor& out, const IntList& size, Generator* generator, OptDType dtype) {
  const bool resized = !(out.sizes() == size);
  normal_out(out, 0, 1, size, generator, dtype);
  if (resized) bump_version(out.impl());
}
void integers_out(const Tensor& out, int64_t low, int64_t high, const IntList& size, Generator* generator) {
  check_integers(out.dtype(), product(size), low, high);
  with_integers(sized(out, size), low, high, generator);
  bump_version(out.impl());
}
void permutation_out(const Tensor& out, int64_t n, Generator* generator) {
  check(n >= 0, "Trying to create tensor with negative dimension ", n, ": ", IntList(n));
  check_permutation(out.dtype(), n);
  draw(sized(out, n), generator, [](Generator& gen, const Array& a) { random_permutation(gen, a); });
  bump_version(out.impl());
}

// Every element must be 0 or more, which a NaN is not.
void check_deviations(const Tensor& std) {
  if (std.numel() == 0) return;
  const View* v = std.impl()->view;
  const Tensor least = allocate(Dims(std.dim(), 1), std.dtype());
  reduce(Reduction::Min, v->array(), least.impl()->view->array());
  const bool ok =
      dispatch(std.dtype(), [&]<class T>() { return static_cast<double>(*least.impl()->view->array().as<T>()) >= 0; });
  check(ok, "normal expects all elements of std >= 0.0");
}

}  // namespace

// ---- fresh tensors

Tensor rand(IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return with_uniform(allocate(size, or_default(dtype)), nullptr);
}
Tensor rand(IntList size, Generator* generator, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return with_uniform(allocate(size, or_default(dtype)), generator);
}
Tensor randn(IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return with_normal(allocate(size, or_default(dtype)), 0, 1, nullptr);
}
Tensor randn(IntList size, Generator* generator, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return with_normal(allocate(size, or_default(dtype)), 0, 1, generator);
}
Tensor randint(int64_t high, IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return with_integers(allocate(size, or_default(dtype)), 0, high, nullptr);
}
Tensor randint(int64_t high, IntList size, Generator* generator, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return with_integers(allocate(size, or_default(dtype)), 0, high, generator);
}
Tensor randint(int64_t low, int64_t high, IntList size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return with_integers(allocate(size, or_default(dtype)), low, high, nullptr);
}
Tensor randint(int64_t low, int64_t high, IntList size, Generator* generator, OptDType dtype, OptLayout, OptDevice,
               OptBool) {
  return with_integers(allocate(size, or_default(dtype)), low, high, generator);
}
Tensor randperm(int64_t n, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return make_permutation(n, dtype, nullptr);
}
Tensor randperm(int64_t n, Generator* generator, OptDType dtype, OptLayout, OptDevice, OptBool) {
  return make_permutation(n, dtype, generator);
}

void Rand::write_out(const Tensor* out, const IntList& size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  uniform_out(*out, size, nullptr, dtype);
}
void RandFrom::write_out(const Tensor* out, const IntList& size, Generator* generator, OptDType dtype, OptLayout,
                         OptDevice, OptBool) {
  uniform_out(*out, size, generator, dtype);
}
void Randn::write_out(const Tensor* out, const IntList& size, OptDType dtype, OptLayout, OptDevice, OptBool) {
  standard_normal_out(*out, size, nullptr, dtype);
}
void RandnFrom::write_out(const Tensor* out, const IntList& size, Generator* generator, OptDType dtype, OptLayout,
                          OptDevice, OptBool) {
  standard_normal_out(*out, size, generator, dtype);
}
void Randint::write_out(const Tensor* out, int64_t high, const IntList& size, OptDType, OptLayout, OptDevice, OptBool) {
  integers_out(*out, 0, high, size, nullptr);
}
void RandintFrom::write_out(const Tensor* out, int64_t high, const IntList& size, Generator* generator, OptDType,
                            OptLayout, OptDevice, OptBool) {
  integers_out(*out, 0, high, size, generator);
}
void RandintLow::write_out(const Tensor* out, int64_t low, int64_t high, const IntList& size, OptDType, OptLayout,
                           OptDevice, OptBool) {
  integers_out(*out, low, high, size, nullptr);
}
void RandintLowFrom::write_out(const Tensor* out, int64_t low, int64_t high, const IntList& size, Generator* generator,
                               OptDType, OptLayout, OptDevice, OptBool) {
  integers_out(*out, low, high, size, generator);
}
void Randperm::write_out(const Tensor* out, int64_t n, OptDType, OptLayout, OptDevice, OptBool) {
  permutation_out(*out, n, nullptr);
}
void RandpermFrom::write_out(const Tensor* out, int64_t n, Generator* generator, OptDType, OptLayout, OptDevice,
                             OptBool) {
  permutation_out(*out, n, generator);
}

// ---- like another tensor

Tensor rand_like(const Tensor& self, OptDType dtype, OptLayout, OptDevice, OptBool, OptFormat format) {
  return with_uniform(empty_like(self, dtype, {}, {}, {}, format), nullptr);
}
Tensor rand_like(const Tensor& self, Generator* generator, OptDType dtype, OptLayout, OptDevice, OptBool,
                 OptFormat format) {
  return with_uniform(empty_like(self, dtype, {}, {}, {}, format), generator);
}
Tensor randn_like(const Tensor& self, OptDType dtype, OptLayout, OptDevice, OptBool, OptFormat format) {
  return with_normal(empty_like(self, dtype, {}, {}, {}, format), 0, 1, nullptr);
}
Tensor randn_like(const Tensor& self, Generator* generator, OptDType dtype, OptLayout, OptDevice, OptBool,
                  OptFormat format) {
  return with_normal(empty_like(self, dtype, {}, {}, {}, format), 0, 1, generator);
}
Tensor randint_like(const Tensor& self, int64_t high, OptDType dtype, OptLayout, OptDevice, OptBool, OptFormat format) {
  return with_integers(empty_like(self, dtype, {}, {}, {}, format), 0, high, nullptr);
}
Tensor randint_like(const Tensor& self, int64_t high, Generator* generator, OptDType dtype, OptLayout, OptDevice,
                    OptBool, OptFormat format) {
  return with_integers(empty_like(self, dtype, {}, {}, {}, format), 0, high, generator);
}
Tensor randint_like(const Tensor& self, int64_t low, int64_t high, OptDType dtype, OptLayout, OptDevice, OptBool,
                    OptFormat format) {
  return with_integers(empty_like(self, dtype, {}, {}, {}, format), low, high, nullptr);
}
Tensor randint_like(const Tensor& self, int64_t low, int64_t high, Generator* generator, OptDType dtype, OptLayout,
                    OptDevice, OptBool, OptFormat format) {
  return with_integers(empty_like(self, dtype, {}, {}, {}, format), low, high, generator);
}

// ---- from parameters given as tensors

// Scaling and shifting goes by an alias with a version of its own: the call counts as one write to an `out=`, and as
// none to a new tensor.

Tensor NormalMean::forward(const Tensor& mean, double std, Generator* generator) {
  const Tensor out = with_normal(allocate(mean.sizes(), mean.dtype()), 0, std, generator);
  out.variable_data().add_(mean);
  return out;
}
void NormalMean::write_out(const Tensor* out, const Tensor& mean, double std, Generator* generator) {
  const Dims sizes = broadcast_sizes(mean.sizes(), out->sizes());
  normal_out(*out, 0, std, sizes, generator, {});
  out->variable_data().add_(mean);
}

namespace {
// PyTorch makes a tensor of the mean, which rounds it to 16 bits where the result has so many.
Tensor rounded(double mean, DType dtype) { return scalar_tensor(mean, dtype); }
}  // namespace

Tensor NormalStd::forward(double mean, const Tensor& std, Generator* generator) {
  check_deviations(std);
  const Tensor out = with_normal(allocate(std.sizes(), std.dtype()), 0, 1, generator);
  out.variable_data().mul_(std).add_(rounded(mean, std.dtype()));
  return out;
}
void NormalStd::write_out(const Tensor* out, double mean, const Tensor& std, Generator* generator) {
  check_deviations(std);
  normal_out(*out, 0, 1, std.sizes(), generator, {});
  out->variable_data().mul_(std).add_(rounded(mean, out->dtype()));
}

Tensor NormalMeanStd::forward(const Tensor& mean, const Tensor& std, Generator* generator) {
  check_deviations(std);
  const Dims sizes = broadcast_sizes(mean.sizes(), std.sizes());
  const Tensor out = with_normal(allocate(sizes, mean.dtype()), 0, 1, generator);
  out.variable_data().mul_(std).add_(mean);
  return out;
}
void NormalMeanStd::write_out(const Tensor* out, const Tensor& mean, const Tensor& std, Generator* generator) {
  check_deviations(std);
  normal_out(*out, 0, 1, broadcast_sizes(mean.sizes(), std.sizes()), generator, {});
  out->variable_data().mul_(std).add_(mean);
}

Tensor normal(double mean, double std, IntList size, Generator* generator, OptDType dtype, OptLayout, OptDevice,
              OptBool) {
  return with_normal(allocate(size, or_default(dtype)), mean, std, generator);
}
void NormalNumbers::write_out(const Tensor* out, double mean, double std, const IntList& size, Generator* generator,
                              OptDType dtype, OptLayout, OptDevice, OptBool) {
  normal_out(*out, mean, std, size, generator, dtype);
}

Tensor Bernoulli::forward(const Tensor& self, Generator* generator) {
  const Tensor out = allocate(self.sizes(), self.dtype());
  out.variable_data().bernoulli_(self, generator);
  return out;
}
void Bernoulli::write_out(const Tensor* out, const Tensor& self, Generator* generator) {
  check_bernoulli_tensor(self.impl()->view->array(), self.numel());
  sized(*out, self.sizes()).bernoulli_(self, generator);
}
Tensor BernoulliNumber::forward(const Tensor& self, double p, Generator* generator) {
  const Tensor out = allocate(self.sizes(), self.dtype());
  out.variable_data().bernoulli_(p, generator);
  return out;
}
Tensor BernoulliNumber::d0(const Tensor&) {
  raise(ErrorKind::Runtime, "derivative for aten::bernoulli is not implemented");
}

// ---- weighted choice

namespace {
void check_choice(const Tensor& weights, int64_t n, bool replacement, const Tensor& out) {
  check(weights.dim() == 1 || weights.dim() == 2, "prob_dist must be 1 or 2 dim");
  check(is_floating(weights.dtype()),
        "multinomial only supports floating-point dtypes for input, got: ", weights.dtype());
  check(!out.defined() || out.dtype() == DType::Int64,
        "multinomial expects Long tensor out, got: ", out.defined() ? out.dtype() : DType::Int64);
  check(n > 0, "cannot sample n_sample <= 0 samples");
  const int64_t categories = weights.size(-1);
  check(replacement || n <= categories, "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  check(categories <= int64_t{1} << 24, "number of categories cannot exceed 2^24");
}

// Choices of one row each; `weights` has two dims. A draw without replacement (or a single one) takes the largest
// weight / exponential.
Tensor choose(const Tensor& weights, int64_t n, bool replacement, Generator* generator) {
  Tensor out = allocate({weights.size(0), n}, DType::Int64);
  if (out.numel() == 0) return out;
  const Array w = weights.impl()->view->array(), result = out.impl()->view->array();
  if (replacement && n > 1) {
    check_weight_rows(w);
    draw(out, generator, [&](Generator& gen, const Array& a) { choose_with_replacement(gen, w, a); });
    return out;
  }
  check_weights(w);
  Tensor keys = empty_like(weights);
  const Rewind rewind(keys, generator);
  draw(keys, generator, [](Generator& gen, const Array& a) { random_exponential(gen, a, 1); });
  keys = weights / keys;
  largest_indices(keys.impl()->view->array(), result);
  return out;
}
}  // namespace

Tensor multinomial(const Tensor& self, int64_t num_samples, bool replacement, Generator* generator) {
  check_choice(self, num_samples, replacement, {});
  GradMode guard(false);
  if (self.dim() == 2) return choose(self, num_samples, replacement, generator);
  return choose(self.unsqueeze(0), num_samples, replacement, generator).squeeze(0);
}
void Multinomial::write_out(const Tensor* out, const Tensor& self, int64_t num_samples, bool replacement,
                            Generator* generator) {
  check_choice(self, num_samples, replacement, *out);
  write_output(*out, multinomial(self, num_samples, replacement, generator));
}

}  // namespace gradus
