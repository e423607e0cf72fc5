// Random numbers written into a tensor. Its former values get no gradient.
#pragma once
#include "gradus/core/rng.h"
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct Uniform_ {
  static constexpr Op op{
      "uniform_(Tensor(a!) self, float from=0., float to=1., *, Generator? generator=None) -> Tensor(a!)",
      "Uniform in [from, to).", Kind::Composite, "m"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct Normal_ {
  static constexpr Op op{
      "normal_(Tensor(a!) self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor(a!)",
      "Normal with a mean and a deviation.", Kind::Composite, "m"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct RandomFrom_ {
  static constexpr Op op{"random_.from(Tensor(a!) self, int from, int? to, *, Generator? generator=None) -> Tensor(a!)",
                         "Integers of [from, to), up to the dtype's largest without `to`.", Kind::Composite, "m"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct RandomTo_ {
  static constexpr Op op{"random_.to(Tensor(a!) self, int to, *, Generator? generator=None) -> Tensor(a!)",
                         "Integers of [0, to).", Kind::Composite, "m", "RandomBackward1"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct Random_ {
  static constexpr Op op{"random_(Tensor(a!) self, *, Generator? generator=None) -> Tensor(a!)",
                         "Integers over all that the dtype holds exactly, from 0.", Kind::Composite, "m",
                         "RandomBackward2"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct BernoulliTensor_ {
  static constexpr Op op{"bernoulli_.Tensor(Tensor(a!) self, Tensor p, *, Generator? generator=None) -> Tensor(a!)",
                         "1 with the probability given for each element, else 0.", Kind::Composite, "m",
                         "BernoulliBackward1"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
  static Tensor d1(const Tensor&, const Shape<1>& s) { return zeros(s, s.dtype); }
};

struct Bernoulli_ {
  static constexpr Op op{"bernoulli_.float(Tensor(a!) self, float p=0.5, *, Generator? generator=None) -> Tensor(a!)",
                         "1 with probability p, else 0.", Kind::Composite, "m", "BernoulliBackward2"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct Exponential_ {
  static constexpr Op op{"exponential_(Tensor(a!) self, float lambd=1., *, Generator? generator=None) -> Tensor(a!)",
                         "Density lambd · exp(-lambd · x).", Kind::Composite, "m"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct Geometric_ {
  static constexpr Op op{"geometric_(Tensor(a!) self, float p, *, Generator? generator=None) -> Tensor(a!)",
                         "Number of trials up to the first success.", Kind::Composite, "m"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct Cauchy_ {
  static constexpr Op op{
      "cauchy_(Tensor(a!) self, float median=0., float sigma=1., *, Generator? generator=None) -> Tensor(a!)",
      "Cauchy with a median and half the width at half the height.", Kind::Composite, "m"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

struct LogNormal_ {
  static constexpr Op op{
      "log_normal_(Tensor(a!) self, float mean=1., float std=2., *, Generator? generator=None) -> Tensor(a!)",
      "exp of a normal of that mean and deviation.", Kind::Composite, "m"};
  static Tensor d0(const Tensor& g) { return zeros_like(g); }
};

}  // namespace gradus
