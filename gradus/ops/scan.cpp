// Inference and gradients of scans.
#include "gradus/ops/scan.h"

#include <limits>

#include "gradus/kernels/scan.h"
#include "gradus/ops/pointwise_check.h"
#include "gradus/ops/reduce_dims.h"

namespace gradus {
namespace {

// The kernels convert nothing.
void infer_as(Call& c, const Tensor& self, int64_t dim, DType dtype) {
  const int64_t wrapped = wrap_dim(dim, self.dim());
  if (self.dtype() != dtype) {
    c.clear_inputs();
    c.input_owned(self.to(dtype));
  }
  c.output(self.sizes(), dtype);
  c.put(wrapped);
}

DType total_dtype(const Tensor& self, OptDType dtype) {
  return dtype ? *dtype : is_floating(self.dtype()) ? self.dtype() : DType::Int64;
}

void run_running(Scan op, const Launch& l, bool reversed) {
  running(op, l.in[0], l.out[0], static_cast<int>(l.ints[0]), reversed);
}

// x moved by one place along a dim, to higher or lower indices; a zero moves in.
Tensor shifted(const Tensor& x, int64_t dim, bool up) {
  const int64_t n = x.size(dim);
  Dims one(x.sizes());
  one[wrap_dim(dim, x.dim())] = 1;
  const Tensor zero = zeros(one, x.dtype());
  return up ? cat({zero, x.narrow(dim, 0, n - 1)}, dim) : cat({x.narrow(dim, 1, n - 1), zero}, dim);
}

void check_scan_out(const Tensor& out, DType expected) {
  check(out.dtype() == expected, "expected scalar_type ", expected, " but found ", out.dtype());
}

void write_extremum(const Tensor* outs, const Tensor& self, const std::tuple<Tensor, Tensor>& result) {
  check_scan_out(outs[0], self.dtype());
  check_scan_out(outs[1], DType::Int64);
  write_output(outs[0], std::get<0>(result));
  write_output(outs[1], std::get<1>(result));
}

}  // namespace

void Cumsum::infer(Call& c, const Tensor& self, int64_t dim, OptDType dtype) {
  infer_as(c, self, dim, total_dtype(self, dtype));
}
void Cumsum::run(const Launch& l) { run_running(Scan::Sum, l, false); }
void Cumsum::write_out(const Tensor* out, const Tensor& self, int64_t dim, OptDType dtype) {
  if (dtype) check_out_dtype(*dtype, *out);
  write_output(*out, cumsum(self, dim, out->dtype()));
}

void CumsumReversed::infer(Call& c, const Tensor& self, int64_t dim) { infer_as(c, self, dim, self.dtype()); }
void CumsumReversed::run(const Launch& l) { run_running(Scan::Sum, l, true); }

void Cumprod::infer(Call& c, const Tensor& self, int64_t dim, OptDType dtype) {
  infer_as(c, self, dim, total_dtype(self, dtype));
}
void Cumprod::run(const Launch& l) { run_running(Scan::Prod, l, false); }
void Cumprod::write_out(const Tensor* out, const Tensor& self, int64_t dim, OptDType dtype) {
  if (dtype) check_out_dtype(*dtype, *out);
  write_output(*out, cumprod(self, dim, out->dtype()));
}
// d out[k] / d x[i] is the product of the others up to k: of those before i, times a tail s[i] = g[i] + x[i + 1] s[i +
// 1].
Tensor Cumprod::d0(const Tensor& grad, const In<0>& x, const Attr<int64_t, 1>& dim) {
  const Tensor g = grad.to(x.dtype());
  if (x.dim() == 0 || x.numel() == 0) return g;
  Dims one(x.sizes());
  one[wrap_dim(*dim, x.dim())] = 1;
  const Tensor before = cat({ones(one, x.dtype()), x.narrow(*dim, 0, x.size(*dim) - 1).cumprod(*dim)}, *dim);
  return before * _gradus_linear_recurrence(shifted(x, *dim, false), g, *dim, true);
}

void LinearRecurrence::infer(Call& c, const Tensor&, const Tensor& term, int64_t dim, bool reversed) {
  c.output(term.sizes(), term.dtype());
  c.put(wrap_dim(dim, term.dim()));
  c.put(static_cast<int64_t>(reversed));
}
void LinearRecurrence::run(const Launch& l) {
  linear_recurrence(l.in[0], l.in[1], l.out[0], static_cast<int>(l.ints[0]), l.ints[1]);
}
Tensor LinearRecurrence::d0(const Tensor& g, const In<0>& factor, const Out<0>& y, const Attr<int64_t, 2>& dim,
                            const Attr<bool, 3>& reversed) {
  return d1(g, factor, dim, reversed) * shifted(y, *dim, !*reversed);
}
Tensor LinearRecurrence::d1(const Tensor& g, const In<0>& factor, const Attr<int64_t, 2>& dim,
                            const Attr<bool, 3>& reversed) {
  return _gradus_linear_recurrence(shifted(factor, *dim, *reversed), g, *dim, !*reversed);
}

void Cummax::infer(Call& c, const Tensor& self, int64_t dim) {
  const int64_t wrapped = wrap_dim(dim, self.dim());
  c.output(self.sizes(), self.dtype());
  c.output(self.sizes(), DType::Int64);
  c.put(wrapped);
}
void Cummax::run(const Launch& l) { running_extremum(true, l.in[0], static_cast<int>(l.ints[0]), l.out[0], l.out[1]); }
void Cummax::write_out(const Tensor* outs, const Tensor& self, int64_t dim) {
  write_extremum(outs, self, cummax(self, dim));
}
void Cummin::run(const Launch& l) { running_extremum(false, l.in[0], static_cast<int>(l.ints[0]), l.out[0], l.out[1]); }
void Cummin::write_out(const Tensor* outs, const Tensor& self, int64_t dim) {
  write_extremum(outs, self, cummin(self, dim));
}

void Logcumsumexp::infer(Call& c, const Tensor& self, int64_t dim) {
  const int64_t wrapped = wrap_dim(dim, self.dim());
  refuse_integers("logcumsumexp_out_cpu", self.dtype());
  c.output(self.sizes(), self.dtype());
  c.put(wrapped);
}
void Logcumsumexp::run(const Launch& l) { running_logsumexp(l.in[0], l.out[0], static_cast<int>(l.ints[0]), false); }
void Logcumsumexp::write_out(const Tensor* out, const Tensor& self, int64_t dim) {
  check_scan_out(*out, self.dtype());
  write_output(*out, logcumsumexp(self, dim));
}

namespace {

// The logarithm of nothing; infinity would leave inf - inf in second derivatives.
double lowest(DType t) {
  switch (t) {
    case DType::Float16: return -65504.0;
    case DType::BFloat16: return -0x1.fep127;
    case DType::Float64: return -std::numeric_limits<double>::max();
    default: return -static_cast<double>(std::numeric_limits<float>::max());
  }
}

// exp(x) times the sum of g / exp(y) over the other end, in logarithms: positive and negative terms apart.
template <class F>
Tensor log_scan_gradient(const Tensor& g, const Tensor& x, const Tensor& y, F&& log_scan) {
  if (x.dim() == 0 || x.numel() == 0) return g;
  const double none = lowest(g.dtype());
  const Tensor positive = where(g > 0, g.log(), Scalar(none));
  const Tensor negative = where(g < 0, g.neg().log(), Scalar(none));
  return (log_scan(positive - y) + x).exp() - (log_scan(negative - y) + x).exp();
}

}  // namespace

Tensor Logcumsumexp::d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<int64_t, 1>& dim) {
  return log_scan_gradient(g, x, y, [&](const Tensor& t) { return _gradus_logcumsumexp_reversed(t, *dim); });
}
void LogcumsumexpReversed::run(const Launch& l) {
  running_logsumexp(l.in[0], l.out[0], static_cast<int>(l.ints[0]), true);
}
Tensor LogcumsumexpReversed::d0(const Tensor& g, const In<0>& x, const Out<0>& y, const Attr<int64_t, 1>& dim) {
  return log_scan_gradient(g, x, y, [&](const Tensor& t) { return logcumsumexp(t, *dim); });
}

}  // namespace gradus
