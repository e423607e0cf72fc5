// Sum, product, mean, extrema, truth and variance: which type accumulates, and what happens to the result.
#include "gradus/kernels/reduce.h"

#include <cmath>
#include <cstring>

#include "gradus/kernels/reduce_plan.h"
#include "gradus/kernels/reduce_table.h"

namespace gradus {

const ReduceTable& reductions() {
  static const ReduceTable& chosen = GRADUS_PICK(reduce_table);
  return chosen;
}

Monoid monoid_of(Reduction op) {
  switch (op) {
    case Reduction::Prod: return Monoid::Prod;
    case Reduction::Max:
    case Reduction::Any:
    case Reduction::ArgMax: return Monoid::Max;
    case Reduction::Min:
    case Reduction::All:
    case Reduction::ArgMin: return Monoid::Min;
    default: return Monoid::Sum;
  }
}

void divide(void* x, int64_t n, int64_t count, Acc acc) {
  if (acc == Acc::Float) reductions().divide_float(static_cast<float*>(x), n, static_cast<float>(count));
  if (acc == Acc::Double) reductions().divide_double(static_cast<double*>(x), n, static_cast<double>(count));
}

void reduce_arg(bool max, const Array& in, const Array& out);  // reduce_arg.cpp

namespace {

Acc acc_of(DType t) {
  if (t == kFloat64) return Acc::Double;
  return is_floating(t) ? Acc::Float : Acc::Long;
}

bool is_acc(DType t, Acc acc) {
  switch (acc) {
    case Acc::Byte: return t == kBool || t == kUInt8;
    case Acc::Long: return t == kInt64;
    case Acc::Float: return t == kFloat32;
    case Acc::Double: break;
  }
  return t == kFloat64;
}

// Without a bool accumulator, a bool sum is "any" and a bool product "all".
Reduction canonical(Reduction op, DType out) {
  if (out != kBool) return op;
  if (op == Reduction::Sum) return Reduction::Any;
  return op == Reduction::Prod ? Reduction::All : op;
}

char* at(const Array& a, int64_t offset) { return a.as<char>() + offset * item_size(a.dtype); }

void store(const Array& out, const ReduceTile& tile, const void* acc, Acc type) {
  reductions().store[static_cast<int>(out.dtype)][static_cast<int>(type)](at(out, tile.out), tile.out_stride, acc,
                                                                          tile.n);
}

// A few contiguous float32 elements into one: the common scalar loss costs no planning.
bool reduce_small(Reduction op, const Array& in, const Array& out) {
  if (in.dtype != kFloat32 || out.dtype != kFloat32 || op > Reduction::Min) return false;
  int64_t n = 1;
  for (int d = in.ndim - 1; d >= 0; --d) {
    if (out.sizes[d] != 1 || (in.strides[d] != n && in.sizes[d] != 1)) return false;
    n *= in.sizes[d];
  }
  if (n > kReduceChunk) return false;
  float result;
  reductions().rows[static_cast<int>(monoid_of(op))][static_cast<int>(Acc::Float)](in.data, 1, n, 0, &result);
  *out.as<float>() = op == Reduction::Mean ? result / static_cast<float>(n) : result;
  return true;
}

}  // namespace

void reduce(Reduction op, const Array& in, const Array& out) {
  if (reduce_small(op, in, out)) return;
  if (op == Reduction::ArgMax || op == Reduction::ArgMin) return reduce_arg(op == Reduction::ArgMax, in, out);
  op = canonical(op, out.dtype);
  const bool truth = op == Reduction::Any || op == Reduction::All;
  const bool extremum = op == Reduction::Max || op == Reduction::Min;
  const bool bytes = truth || (extremum && item_size(in.dtype) == 1 && in.dtype != kInt8);
  const Acc acc = bytes ? Acc::Byte : acc_of(out.dtype);
  const bool in_place = truth ? in.dtype == kBool : is_acc(in.dtype, acc);
  const int type = static_cast<int>(in.dtype);
  void (*round)(float*, int64_t) = nullptr;
  if (is_reduced_floating(out.dtype) && in.dtype != out.dtype) round = reductions().round16[out.dtype == kBFloat16];

  ReducePlan plan;
  plan_reduction(in, out, plan);
  if (plan.outputs == 0) return;
  ReduceTable::Gather* gather =
      truth && !in_place ? reductions().nonzero[type] : reductions().gather[type][static_cast<int>(acc)];
  for_each_part(plan, in_place && !round ? 0.1 : 0.5, [&](const ReducePlan& part) {
    Reducer reducer(part, in.data, in.dtype, monoid_of(op), acc, gather, in_place, round);
    reducer.for_each_tile([&](const ReduceTile& tile) {
      void* result = reducer.run(tile);
      if (truth && plan.count == 0) std::memset(result, op == Reduction::All, static_cast<size_t>(tile.n));
      if (op == Reduction::Mean) divide(result, tile.n, plan.count, acc);
      store(out, tile, result, acc);
    });
  });
}

void reduce_var(const Array& in, const Array& out, double correction, bool take_sqrt, const Array* mean) {
  ReducePlan plan;
  plan_reduction(in, out, plan);
  if (plan.outputs == 0) return;
  const double divisor = std::fmax(0.0, static_cast<double>(plan.count) - correction);
  ReduceTable::Gather* gather = reductions().gather[static_cast<int>(in.dtype)][static_cast<int>(Acc::Double)];
  for_each_part(plan, 1, [&](const ReducePlan& part) {
    Reducer reducer(part, in.data, in.dtype, Monoid::Sum, Acc::Double, gather, in.dtype == kFloat64, nullptr);
    double centers[1024];
    reducer.for_each_tile([&](const ReduceTile& tile) {
      const double* sums = static_cast<const double*>(reducer.run(tile));
      for (int64_t i = 0; i < tile.n; ++i) centers[i] = sums[i] / static_cast<double>(plan.count);
      if (mean) store(*mean, tile, centers, Acc::Double);
      auto* squares = static_cast<double*>(reducer.run(tile, centers));
      for (int64_t i = 0; i < tile.n; ++i) {
        squares[i] /= divisor;
        if (take_sqrt) squares[i] = std::sqrt(squares[i]);
      }
      store(out, tile, squares, Acc::Double);
    });
  });
}

}  // namespace gradus
