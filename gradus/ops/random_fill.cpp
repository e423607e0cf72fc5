// Random numbers in place.
#include "gradus/ops/random_fill.h"

#include "gradus/kernels/random.h"
#include "gradus/ops/random_draw.h"

namespace gradus {
namespace {

// `validate` raises before anything is drawn; `inputs` are the tensors among the arguments after self.
template <class O, class Validate, class Sample, class... Inputs>
const Tensor& fill(const Tensor& self, Generator* generator, Validate&& validate, Sample&& sample,
                   const Inputs&... inputs) {
  const bool recording = records_gradient<O>(self, inputs...);
  check_inplace(self.impl(), recording);
  validate();
  check_no_internal_overlap(self);
  draw(self, generator, sample);
  bump_version(self.impl(), &O::op);
  Tensor out = self;
  if (recording) attach<O>(&out, 1, nullptr, true, self, inputs...);
  return self;
}

}  // namespace

const Tensor& uniform_(const Tensor& self, double from, double to, Generator* generator) {
  return fill<Uniform_>(
      self, generator, [&] { check_uniform(self.dtype(), from, to); },
      [&](Generator& gen, const Array& out) { random_uniform(gen, out, from, to); });
}

const Tensor& normal_(const Tensor& self, double mean, double std, Generator* generator) {
  return fill<Normal_>(
      self, generator, [&] { check_normal(self.dtype(), self.numel(), std); },
      [&](Generator& gen, const Array& out) { random_normal(gen, out, mean, std); });
}

const Tensor& random_(const Tensor& self, int64_t from, std::optional<int64_t> to, Generator* generator) {
  return fill<RandomFrom_>(
      self, generator, [&] { check_integers(self.dtype(), self.numel(), from, to); },
      [&](Generator& gen, const Array& out) { random_integers(gen, out, from, to); });
}

const Tensor& random_(const Tensor& self, int64_t to, Generator* generator) {
  return fill<RandomTo_>(
      self, generator, [&] { check_integers(self.dtype(), self.numel(), 0, to); },
      [&](Generator& gen, const Array& out) { random_integers(gen, out, 0, to); });
}

const Tensor& random_(const Tensor& self, Generator* generator) {
  return fill<Random_>(
      self, generator, [] {}, [](Generator& gen, const Array& out) { random_integers(gen, out); });
}

const Tensor& bernoulli_(const Tensor& self, const Tensor& p, Generator* generator) {
  Tensor expanded;
  return fill<BernoulliTensor_>(
      self, generator,
      [&] {
        GradMode guard(false);
        expanded = p.expand(self.sizes());
        check_bernoulli_tensor(expanded.impl()->view->array(), self.numel());
      },
      [&](Generator& gen, const Array& out) { random_bernoulli_tensor(gen, out, expanded.impl()->view->array()); }, p);
}

const Tensor& bernoulli_(const Tensor& self, double p, Generator* generator) {
  return fill<Bernoulli_>(
      self, generator, [&] { check_bernoulli(p); },
      [&](Generator& gen, const Array& out) { random_bernoulli(gen, out, p); });
}

const Tensor& exponential_(const Tensor& self, double lambd, Generator* generator) {
  return fill<Exponential_>(
      self, generator, [&] { check_exponential(self.dtype(), self.numel(), lambd); },
      [&](Generator& gen, const Array& out) { random_exponential(gen, out, lambd); });
}

const Tensor& geometric_(const Tensor& self, double p, Generator* generator) {
  return fill<Geometric_>(
      self, generator, [&] { check_geometric(self.dtype(), self.numel(), p); },
      [&](Generator& gen, const Array& out) { random_geometric(gen, out, p); });
}

const Tensor& cauchy_(const Tensor& self, double median, double sigma, Generator* generator) {
  return fill<Cauchy_>(
      self, generator, [&] { check_cauchy(self.dtype(), sigma); },
      [&](Generator& gen, const Array& out) { random_cauchy(gen, out, median, sigma); });
}

const Tensor& log_normal_(const Tensor& self, double mean, double std, Generator* generator) {
  return fill<LogNormal_>(
      self, generator, [&] { check_log_normal(self.dtype(), self.numel(), std); },
      [&](Generator& gen, const Array& out) { random_log_normal(gen, out, mean, std); });
}

}  // namespace gradus
