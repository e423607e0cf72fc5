// Differences, integrals, derivatives by differences, covariance.
#include <algorithm>
#include <cmath>

#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/statistics.h"

namespace gradus {

// ---- differences

namespace {

void check_extension(const Tensor& self, const Tensor& t, int64_t dim) {
  check(t.dim() == self.dim(), "diff expects prepend or append to be the same dimension as input");
  for (int64_t i = 0; i < self.dim(); ++i)
    check(i == dim || t.size(i) == self.size(i),
          "diff expects the shape of tensor to prepend or append to match that of input except along the differencing "
          "dimension; input.size(",
          i, ") = ", self.size(i), ", but got tensor.size(", i, ") = ", t.size(i));
}

Tensor difference(const Tensor& a, const Tensor& b, bool booleans) { return booleans ? a.logical_xor(b) : a - b; }

}  // namespace

Tensor diff(const Tensor& self, int64_t n, int64_t dim, const Tensor& prepend, const Tensor& append) {
  check(self.dim() >= 1, "diff expects input to be at least one-dimensional");
  check(n >= 0, "order must be non-negative but got ", n);
  const int64_t d = wrap_dim(dim, self.dim());
  Tensors parts;
  for (const Tensor* t : {&prepend, &self, &append}) {
    if (!t->defined()) continue;
    if (t != &self) check_extension(self, *t, d);
    parts.push_back(*t);
  }
  Tensor x = parts.size() > 1 ? cat(parts, d) : self;
  if (n == 0) return zeros_like(self).copy_(self);  // without what is prepended or appended
  n = std::min(n, x.size(d));
  for (; n > 0; --n) {
    const int64_t left = x.size(d) - 1;
    x = difference(x.narrow(d, 1, left), x.narrow(d, 0, left), x.dtype() == DType::Bool);
  }
  return x;
}

// ---- integrals

namespace {

void refuse_bool_samples(std::string_view name, const Tensor& y, const Tensor& x) {
  const bool any = y.dtype() == DType::Bool || (x.defined() && x.dtype() == DType::Bool);
  check(!any, name, ": received a bool input for ", x.defined() ? "`x` or `y`" : "`y`", ", but bool is not supported");
}

void check_dims(const Tensor& t, int64_t dim) {
  check_as(ErrorKind::Index, t.dim() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
}

Tensor lower(const Tensor& y, int64_t dim) { return slice(y, dim, 0, -1); }
Tensor upper(const Tensor& y, int64_t dim) { return slice(y, dim, 1); }

// The widths of the intervals, in the shape of y.
Tensor widths(std::string_view name, const Tensor& y, const Tensor& x, int64_t dim) {
  Tensor placed = x;
  if (x.dim() == 1) {
    check(x.size(0) == y.size(dim), name, ": There must be one `x` value for each sample point");
    Dims sizes(y.dim(), 1);
    sizes[wrap_dim(dim, y.dim())] = x.size(0);
    placed = x.view(sizes);
  } else if (x.dim() < y.dim()) {
    Dims sizes(y.dim() - x.dim(), 1);
    for (const int64_t n : x.sizes()) sizes.push_back(n);
    placed = x.view(sizes);
  }
  return upper(placed, dim) - lower(placed, dim);
}

Tensor zeros_without(const Tensor& y, int64_t dim) {
  return zeros(reduced_sizes(y.sizes(), dim_mask(wrap_dim(dim, y.dim()), y.dim()), false), y.dtype());
}

}  // namespace

Tensor trapezoid(const Tensor& y, const Tensor& x, int64_t dim) {
  check_dims(y, dim);
  y.size(dim);  // refuses a wrong dim
  refuse_bool_samples("trapezoid", y, x);
  if (y.size(dim) == 0) return zeros_without(y, dim);
  return ((lower(y, dim) + upper(y, dim)) * widths("trapezoid", y, x, dim)).sum(OptIntList(dim)) / 2.;
}
Tensor trapezoid_dx(const Tensor& y, Scalar dx, int64_t dim) {
  check_dims(y, dim);
  const int64_t n = y.size(dim);
  refuse_bool_samples("trapezoid", y, {});
  if (n == 0) return zeros_without(y, dim);
  return (y.sum(OptIntList(dim)) - (y.select(dim, 0) + y.select(dim, -1)) * 0.5) * dx;
}
Tensor trapz(const Tensor& y, const Tensor& x, int64_t dim) { return trapezoid(y, x, dim); }
Tensor trapz_dx(const Tensor& y, double dx, int64_t dim) { return trapezoid_dx(y, dx, dim); }

Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, int64_t dim) {
  y.size(dim);
  refuse_bool_samples("cumulative_trapezoid", y, x);
  return ((lower(y, dim) + upper(y, dim)) * widths("cumulative_trapezoid", y, x, dim)).cumsum(dim) / 2.;
}
Tensor cumulative_trapezoid_dx(const Tensor& y, Scalar dx, int64_t dim) {
  y.size(dim);
  refuse_bool_samples("cumulative_trapezoid", y, {});
  return ((lower(y, dim) + upper(y, dim)) * (dx.to_double() / 2.)).cumsum(dim);
}

// ---- derivatives

namespace {

using Doubles = std::vector<Scalar>;

void check_gradient(const Tensor& self, const IntList& dims, int64_t edge_order) {
  check(self.dtype() != DType::UInt8, "torch.gradient does not support uint8 input.");
  check(edge_order == 1 || edge_order == 2, "torch.gradient only supports edge_order=1 and edge_order=2.");
  uint64_t seen = 0;
  for (const int64_t d : dims) {
    const int64_t wrapped = wrap_dim(d, self.dim());
    check(!(seen >> wrapped & 1u), "dim ", wrapped, " appears multiple times in the list of dims");
    seen |= uint64_t{1} << wrapped;
  }
  for (const int64_t d : dims)
    check(self.size(d) >= edge_order + 1, "torch.gradient expected each dimension size to be at least edge_order+1");
}

// n elements from `start` along a dim.
Tensor part(const Tensor& x, int64_t dim, int64_t start, int64_t n) {
  return x.narrow(dim, start < 0 ? x.size(dim) + start : start, n);
}

// Equal spacing: (x[i + 1] - x[i - 1]) / 2h inside; at the edges differences of first or second order.
Tensor derivative(const Tensor& x, int64_t dim, const Scalar& spacing, int64_t edge_order) {
  const int64_t n = x.size(dim);
  const Tensor central = (part(x, dim, 2, n - 2) - part(x, dim, 0, n - 2)) / spacing / 2.;
  Tensor first, last;
  if (edge_order == 1) {
    first = (part(x, dim, 1, 1) - part(x, dim, 0, 1)) / spacing;
    last = (part(x, dim, -1, 1) - part(x, dim, -2, 1)) / spacing;
  } else {
    const auto edge = [&](int64_t a, int64_t b, int64_t c, double sign) {
      return (part(x, dim, a, 1) * -1.5 + part(x, dim, b, 1) * 2 - part(x, dim, c, 1) * 0.5) / spacing * sign;
    };
    first = edge(0, 1, 2, 1);
    last = edge(-1, -2, -3, -1);
  }
  return cat({first, central, last}, dim);
}

// With coordinates: the derivative of the parabola through three neighbours.
Tensor derivative(const Tensor& x, int64_t dim, const Tensor& coordinates, int64_t edge_order) {
  const int64_t n = x.size(dim);
  Dims shape(x.dim(), 1);
  shape[wrap_dim(dim, x.dim())] = -1;
  const Tensor step = coordinates.diff(1, 0);
  const auto h = [&](int64_t start, int64_t count) {
    return step.narrow(0, start < 0 ? step.numel() + start : start, count).view(shape);
  };
  const Tensor left = h(0, n - 2), right = h(1, n - 2);
  const Tensor central = part(x, dim, 0, n - 2) * (-right / (left * (left + right))) +
                         part(x, dim, 1, n - 2) * ((right - left) / (left * right)) +
                         part(x, dim, 2, n - 2) * (left / (right * (left + right)));
  Tensor first, last;
  if (edge_order == 1) {
    first = (part(x, dim, 1, 1) - part(x, dim, 0, 1)) / h(0, 1);
    last = (part(x, dim, -1, 1) - part(x, dim, -2, 1)) / h(-1, 1);
  } else {
    const auto edge = [&](const Tensor& near, const Tensor& far, int64_t a, int64_t b, int64_t c) {
      return part(x, dim, a, 1) * (-(near * 2 + far) / (near * (near + far))) +
             part(x, dim, b, 1) * ((near + far) / (near * far)) - part(x, dim, c, 1) * (near / (far * (near + far)));
    };
    first = edge(h(0, 1), h(1, 1), 0, 1, 2);
    last = -edge(h(-1, 1), h(-2, 1), -1, -2, -3);
  }
  return cat({first, central, last}, dim);
}

template <class S>
Tensors derivatives(const Tensor& self, const S& spacing, const IntList& dims, int64_t edge_order) {
  check_gradient(self, dims, edge_order);
  Tensors out;
  for (int64_t i = 0; i < dims.size(); ++i)
    out.push_back(derivative(self, dims[i], spacing[static_cast<size_t>(i)], edge_order));
  return out;
}

Dims all_dims(const Tensor& self, std::optional<int64_t> dim) {
  if (dim) return Dims{*dim};
  Dims dims;
  for (int64_t i = 0; i < self.dim(); ++i) dims.push_back(i);
  return dims;
}

void check_spacing(const Tensor& self, std::optional<int64_t> dim, size_t n) {
  check(
      !dim || n == 1,
      "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same "
      "length, but got a spacing argument of length ",
      n, " and a dim argument of length 1.");
  check(dim || static_cast<int64_t>(n) == self.dim(),
        "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() = ",
        self.dim(), "', since dim argument was not given, but got a list of length ", n);
}
void check_spacing(const IntList& dim, size_t n) {
  check(
      static_cast<int64_t>(n) == dim.size(),
      "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same "
      "length, but got a spacing argument of length ",
      n, " and a dim argument of length ", dim.size(), ".");
}

// A spacing of any length, by index.
struct Coordinates {
  TensorList list;
  const Tensor& operator[](size_t i) const { return list[static_cast<int64_t>(i)]; }
};

}  // namespace

Tensors gradient_scalarint(const Tensor& self, std::optional<Scalar> spacing, std::optional<int64_t> dim,
                           int64_t edge_order) {
  const Dims dims = all_dims(self, dim);
  return derivatives(self, Doubles(static_cast<size_t>(dims.size()), spacing.value_or(Scalar(1))), dims, edge_order);
}
Tensors gradient_array(const Tensor& self, IntList dim, int64_t edge_order) {
  return derivatives(self, Doubles(static_cast<size_t>(dim.size()), Scalar(1)), dim, edge_order);
}
Tensors gradient_scalararray(const Tensor& self, Scalar spacing, IntList dim, int64_t edge_order) {
  return derivatives(self, Doubles(static_cast<size_t>(dim.size()), spacing), dim, edge_order);
}
Tensors gradient_scalarrayint(const Tensor& self, ScalarList spacing, std::optional<int64_t> dim, int64_t edge_order) {
  check_spacing(self, dim, spacing.size());
  return derivatives(self, spacing, all_dims(self, dim), edge_order);
}
Tensors gradient_scalarrayarray(const Tensor& self, ScalarList spacing, IntList dim, int64_t edge_order) {
  check_spacing(dim, spacing.size());
  return derivatives(self, spacing, dim, edge_order);
}
Tensors gradient_tensorarrayint(const Tensor& self, TensorList spacing, std::optional<int64_t> dim,
                                int64_t edge_order) {
  check_spacing(self, dim, static_cast<size_t>(spacing.size()));
  return derivatives(self, Coordinates{spacing}, all_dims(self, dim), edge_order);
}
Tensors gradient_tensorarray(const Tensor& self, TensorList spacing, IntList dim, int64_t edge_order) {
  check_spacing(dim, static_cast<size_t>(spacing.size()));
  return derivatives(self, Coordinates{spacing}, dim, edge_order);
}

// ---- covariance

namespace {

void check_weights(std::string_view name, const Tensor& w, const Tensor& observations, bool integral) {
  check(w.dim() <= 1, "cov(): expected ", name, " to have one or fewer dimensions but got ", name, " with ", w.dim(),
        " dimensions");
  check(integral ? is_integral(w.dtype()) : is_floating(w.dtype()), "cov(): expected ", name, " to have ",
        integral ? "integral" : "floating point", " dtype but got ", name, " with ", w.dtype(), " dtype");
  const int64_t n = observations.size(1);
  check(w.numel() == n, "cov(): expected ", name,
        " to have the same numel as there are observations in the input but got ", w.numel(), " != ", n);
  const NoGrad guard;
  check(n == 0 || w.min().ge(0).item<bool>(), "cov(): ", name, " cannot be negative");
}

}  // namespace

Tensor cov(const Tensor& self, int64_t correction, const Tensor& fweights, const Tensor& aweights) {
  check(self.dim() <= 2, "cov(): expected input to have two or fewer dimensions but got an input with ", self.dim(),
        " dimensions");
  check(self.dtype() != DType::Bool, "cov(): bool dtype is not supported for input");
  Tensor x = self.dim() < 2 ? self.view({1, -1}) : self;
  Tensor w;
  if (fweights.defined()) {
    check_weights("fweights", fweights, x, true);
    w = fweights;
  }
  if (aweights.defined()) {
    check_weights("aweights", aweights, x, false);
    w = w.defined() ? w * aweights : aweights;
  }
  const Tensor total = w.defined() ? w.sum() : scalar_tensor(x.size(1), DType::Int64);
  const auto holds = [](const Tensor& t) {
    const NoGrad guard;
    return t.item<bool>();
  };
  check(!w.defined() || holds(total.ne(0)), "cov(): weights sum to zero, can't be normalized");
  const Tensor mean = (w.defined() ? x * w : x).sum(OptIntList(1)) / total;
  Tensor divisor = w.defined() && aweights.defined() && correction != 0
                       ? total - (w * aweights).sum() * correction / total
                       : total - correction;
  if (holds(divisor.le(0))) {
    warn("cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.");
    divisor = divisor.zero_();
  }
  x = x - mean.unsqueeze(1);
  const Tensor products = x.mm((w.defined() ? x * w : x).t());
  return true_divide(products, divisor).squeeze();
}

Tensor corrcoef(const Tensor& self) {
  check(self.dim() <= 2, "corrcoef(): expected input to have two or fewer dimensions but got an input with ",
        self.dim(), " dimensions");
  const Tensor c = cov(self);
  if (c.dim() == 0) return c / c;
  const int64_t n = c.size(0);
  const Tensor deviation = slice(c.reshape(IntList(int64_t{-1})), 0, 0, n * n, n + 1).sqrt();
  const Tensor rows = c / deviation.view({-1, 1});
  return (rows / deviation.view({1, -1})).clamp(Scalar(-1), Scalar(1));
}

}  // namespace gradus
