// Distances and similarities between vectors.
#pragma once
#include "gradus/gen/functions.h"
#include "gradus/ops/norm.h"

namespace gradus {

struct Dist {
  static constexpr Op op{"dist(Tensor self, Tensor other, Scalar p=2) -> Tensor", "The p-norm of the difference.",
                         Kind::Compound, "fm"};
  static Tensor forward(const Tensor& self, const Tensor& other, Scalar p);
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y, const Attr<Scalar, 2>& p) {
    return norm_gradient(g, a - b, p->to_double(), y, {}, false);
  }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y, const Attr<Scalar, 2>& p) {
    const Tensor d = norm_gradient(g, a - b, p->to_double(), y, {}, false);
    return d.defined() ? -d : d;
  }
};

/// compute_mode: 1 by a product of matrices, 2 by differences, else the former for more than 25 rows.
inline constexpr Op cdist_op{"cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor",
                             "The p-norms of the differences between all rows of two batches of matrices.",
                             Kind::Composite, "f"};
struct CdistForward {
  static constexpr Op op{"_cdist_forward(Tensor x1, Tensor x2, float p, int? compute_mode) -> Tensor",
                         "cdist by differences.", Kind::Structured, "n", "CdistBackward0"};
  static void infer(Call& c, const Tensor& x1, const Tensor& x2, double p, std::optional<int64_t>);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y, const Attr<double, 2>& p) {
    return _cdist_backward(g, a, b, *p, y);
  }
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y, const Attr<double, 2>& p) {
    return _cdist_backward(g.transpose(-2, -1), b, a, *p, y.transpose(-2, -1));
  }
};
/// With respect to x1.
struct CdistBackward {
  static constexpr Op op{"_cdist_backward(Tensor grad, Tensor x1, Tensor x2, float p, Tensor cdist) -> Tensor",
                         "Gradient of cdist by differences.", Kind::Structured, "n"};
  static void infer(Call& c, const Tensor& grad, const Tensor& x1, const Tensor& x2, double p, const Tensor& cdist);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g);
  static Tensor d1(const Tensor& g) { return d0(g); }
  static Tensor d2(const Tensor& g) { return d0(g); }
  static Tensor d4(const Tensor& g) { return d0(g); }
};
struct EuclideanDist {
  static constexpr Op op{"_euclidean_dist(Tensor x1, Tensor x2) -> Tensor",
                         "Distances by |a - b|² = |a|² - 2ab + |b|², as one product of matrices.", Kind::Compound, "f"};
  static Tensor forward(const Tensor& x1, const Tensor& x2);
  static Tensor d0(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y);
  static Tensor d1(const Tensor& g, const In<0>& a, const In<1>& b, const Out<0>& y);
};

inline constexpr Op pdist_op{"pdist(Tensor self, float p=2.) -> Tensor",
                             "The p-norms of the differences between every two rows of a matrix.", Kind::Composite,
                             "f"};
struct PdistForward {
  static constexpr Op op{"_pdist_forward(Tensor self, float p=2.) -> Tensor", "pdist of a contiguous matrix.",
                         Kind::Structured, "n", "PdistBackward0"};
  static void infer(Call& c, const Tensor& self, double p);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<double, 1>& p) {
    return _pdist_backward(g, x, *p, y);
  }
};
struct PdistBackward {
  static constexpr Op op{"_pdist_backward(Tensor grad, Tensor self, float p, Tensor pdist) -> Tensor",
                         "Gradient of pdist.", Kind::Structured, "n"};
  static void infer(Call& c, const Tensor& grad, const Tensor& self, double p, const Tensor& pdist);
  static void run(const Launch& l);
  static Tensor d0(const Tensor& g);
  static Tensor d1(const Tensor& g) { return d0(g); }
  static Tensor d3(const Tensor& g) { return d0(g); }
};

inline constexpr Op pairwise_distance_op{
    "pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) -> "
    "Tensor",
    "The p-norm of x1 - x2 + eps over the last dim.", Kind::Composite, "f"};
inline constexpr Op cosine_similarity_op{
    "cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor",
    "The product of two vectors along a dim, each divided by its length (at least eps).", Kind::Composite, "f"};

}  // namespace gradus
