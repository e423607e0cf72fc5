// Running sums, products, extrema and log-sums along a dim.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/funnel.h"

namespace gradus {

struct Cumsum {
  static constexpr Op op{"cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
                         "Sum of all elements up to each, along a dim.", Kind::Structured, "fmio"};
  static void infer(Call& c, const Tensor& self, int64_t dim, OptDType dtype);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, int64_t dim, OptDType dtype);
  static Tensor d0(const Tensor& g, const Shape<0>& s, const Attr<int64_t, 1>& dim) {
    return _gradus_cumsum_reversed(g.to(s.dtype), *dim);
  }
};

/// The gradient of cumsum.
struct CumsumReversed {
  static constexpr Op op{"_gradus_cumsum_reversed(Tensor self, int dim) -> Tensor",
                         "Sum of all elements from each on, along a dim.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& self, int64_t dim);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const Attr<int64_t, 1>& dim) { return g.cumsum(*dim); }
};

struct Cumprod {
  static constexpr Op op{"cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
                         "Product of all elements up to each, along a dim.", Kind::Structured, "fmio"};
  static void infer(Call& c, const Tensor& self, int64_t dim, OptDType dtype);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, int64_t dim, OptDType dtype);
  static Tensor d0(const Tensor& g, const In<0>& x, const Attr<int64_t, 1>& dim);
};

/// out[i] = term[i] + factor[i] * out[i - 1] along a dim; reversed, out[i + 1]. With it the gradient of a running
/// product needs no division, and its own gradients are recurrences again.
struct LinearRecurrence {
  static constexpr Op op{"_gradus_linear_recurrence(Tensor factor, Tensor term, int dim, bool reversed) -> Tensor",
                         "Linear recurrence along a dim.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& factor, const Tensor& term, int64_t dim, bool reversed);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& factor, const Out<0>& y, const Attr<int64_t, 2>& dim,
                   const Attr<bool, 3>& reversed);
  static Tensor d1(const Tensor& g, const In<0>& factor, const Attr<int64_t, 2>& dim, const Attr<bool, 3>& reversed);
};

struct Cummax {
  static constexpr Op op{"cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)",
                         "Largest element up to each, and where it last is.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim);
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t dim);
  static Tensor d0(const Tensor& g, const Out<1>& indices, const Attr<int64_t, 1>& dim) {
    return g.numel() == 0 ? g : zeros(g.sizes(), g.dtype()).scatter_add(*dim, indices, g);
  }
};
struct Cummin {
  static constexpr Op op{"cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)",
                         "Smallest element up to each, and where it last is.", Kind::Structured, "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim) { Cummax::infer(c, self, dim); }
  static void run(const Launch& l);
  static void write_out(const Tensor* outs, const Tensor& self, int64_t dim);
  static Tensor d0(const Tensor& g, const Out<1>& indices, const Attr<int64_t, 1>& dim) {
    return Cummax::d0(g, indices, dim);
  }
};

struct Logcumsumexp {
  static constexpr Op op{"logcumsumexp(Tensor self, int dim) -> Tensor",
                         "log of the sum of exp of all elements up to each, without overflow.", Kind::Structured,
                         "fmo"};
  static void infer(Call& c, const Tensor& self, int64_t dim);
  static void run(const Launch& l);
  static void write_out(const Tensor* out, const Tensor& self, int64_t dim);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<int64_t, 1>& dim);
};
/// The same from the other end, for its gradient.
struct LogcumsumexpReversed {
  static constexpr Op op{"_gradus_logcumsumexp_reversed(Tensor self, int dim) -> Tensor",
                         "log of the sum of exp of all elements from each on.", Kind::Structured, ""};
  static void infer(Call& c, const Tensor& self, int64_t dim) { Logcumsumexp::infer(c, self, dim); }
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<int64_t, 1>& dim);
};

}  // namespace gradus
