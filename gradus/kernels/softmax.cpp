// Softmax over arrays of any layout: rows in place, columns in place, or rows gathered, computed and stored.
#include "gradus/kernels/softmax.h"

#include "gradus/kernels/reduce_plan.h"
#include "gradus/kernels/reduce_table.h"
#include "gradus/kernels/softmax_table.h"
#include "gradus/kernels/strided_loop.h"

namespace gradus {
namespace {

constexpr int64_t kFewestColumns = 16;  // narrower columns are gathered as rows

// `a`, `b` and `out` share a shape; forward passes its input twice.
struct Softmax {
  SoftmaxOp op;
  const Array &a, &b, &out;
  int dim;

  int kind() const { return out.dtype == kFloat64; }
  int64_t size() const { return item_size(out.dtype); }
  int64_t length() const { return out.ndim ? out.sizes[dim] : 1; }
  static int64_t stride(const Array& x, int dim) { return x.ndim ? x.strides[dim] : 1; }
  char* at(const Array& x, int64_t offset) const { return x.as<char>() + offset * size(); }

  void rows(const StridedLoop<3>& loop) const {
    const auto row = GRADUS_PICK(softmax_table).row[static_cast<int>(op)][kind()];
    const int64_t n = length();
    loop.for_each_run([&](const int64_t* o) {
      for (int64_t k = 0; k < loop.run(); ++k)
        row(at(a, o[0] + k * loop.stride(0)), at(b, o[1] + k * loop.stride(1)), at(out, o[2] + k * loop.stride(2)), n);
    });
  }

  void columns(const StridedLoop<3>& loop) const {
    const auto run = GRADUS_PICK(softmax_table).columns[static_cast<int>(op)][kind()];
    const int64_t n = length();
    void* scratch = reduce_scratch((tree_levels(n / 64) + 1) * kSoftmaxColumns * size());
    loop.for_each_run([&](const int64_t* o) {
      for (int64_t c = 0; c < loop.run(); c += kSoftmaxColumns) {
        const int64_t w = loop.run() - c < kSoftmaxColumns ? loop.run() - c : kSoftmaxColumns;
        run(at(a, o[0] + c), a.strides[dim], at(b, o[1] + c), b.strides[dim], at(out, o[2] + c), out.strides[dim], n, w,
            scratch);
      }
    });
  }

  void gathered(const StridedLoop<3>& loop) const {
    const ReduceTable& table = reductions();
    const int type = static_cast<int>(out.dtype), acc = static_cast<int>(kind() ? Acc::Double : Acc::Float);
    const auto row = GRADUS_PICK(softmax_table).row[static_cast<int>(op)][kind()];
    const bool backward = op >= SoftmaxOp::SoftmaxBackward;
    const int64_t n = length(), bytes = (n * (kind() ? 8 : 4) + 63) / 64 * 64;
    char* scratch = static_cast<char*>(reduce_scratch(2 * bytes));
    loop.for_each_run([&](const int64_t* o) {
      for (int64_t k = 0; k < loop.run(); ++k) {
        table.gather[type][acc](scratch, at(a, o[0] + k * loop.stride(0)), 1, 0, n, stride(a, dim));
        if (backward)
          table.gather[type][acc](scratch + bytes, at(b, o[1] + k * loop.stride(1)), 1, 0, n, stride(b, dim));
        row(scratch, scratch + bytes, scratch, n);
        table.store[type][acc](at(out, o[2] + k * loop.stride(2)), stride(out, dim), scratch, n);
      }
    });
  }
};

void run(SoftmaxOp op, const Array& a, const Array& b, const Array& out, int dim) {
  int64_t sizes[kMaxDims], strides[3][kMaxDims];
  int n = 0;
  for (int d = 0; d < out.ndim; ++d) {
    if (out.sizes[d] == 0) return;
    if (d == dim) continue;
    sizes[n] = out.sizes[d];
    strides[0][n] = a.strides[d];
    strides[1][n] = b.strides[d];
    strides[2][n++] = out.strides[d];
  }
  const StridedLoop<3> loop(n, sizes, {strides[0], strides[1], strides[2]});
  const Softmax job{op, a, b, out, dim};
  const bool direct = !is_reduced_floating(out.dtype);
  const auto unit = [&](const Array& x) { return job.length() == 1 || Softmax::stride(x, dim) == 1; };
  const bool rows = direct && unit(a) && unit(b) && unit(out);
  const bool columns = !rows && direct && loop.stride(0) == 1 && loop.stride(1) == 1 && loop.stride(2) == 1 &&
                       loop.run() >= kFewestColumns;
  const double cost = static_cast<double>(loop.elements() * job.length()) * (rows || columns ? 0.5 : 2);
  loop.for_each_part(cost, columns ? kSoftmaxColumns : 1, [&](const StridedLoop<3>& part) {
    if (rows) job.rows(part);
    else if (columns) job.columns(part);
    else job.gathered(part);
  });
}

}  // namespace

void softmax(const Array& in, const Array& out, int dim) { run(SoftmaxOp::Softmax, in, in, out, dim); }

void log_softmax(const Array& in, const Array& out, int dim) { run(SoftmaxOp::LogSoftmax, in, in, out, dim); }

void softmax_backward(const Array& grad, const Array& output, const Array& grad_in, int dim) {
  run(SoftmaxOp::SoftmaxBackward, grad, output, grad_in, dim);
}

void log_softmax_backward(const Array& grad, const Array& output, const Array& grad_in, int dim) {
  run(SoftmaxOp::LogSoftmaxBackward, grad, output, grad_in, dim);
}

SoftmaxTable::Row* softmax_row(SoftmaxOp op, DType dtype) {
  return GRADUS_PICK(softmax_table).row[static_cast<int>(op)][dtype == kFloat64];
}

}  // namespace gradus
