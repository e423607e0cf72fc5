// Where the extremum is: argmax, argmin, and max or min along a dim with indices.
#include <cstring>

#include "gradus/kernels/reduce.h"
#include "gradus/kernels/reduce_plan.h"
#include "gradus/kernels/reduce_table.h"

namespace gradus {
namespace {

Acc acc_of(DType t) {
  if (t == kBool || t == kUInt8) return Acc::Byte;
  if (t == kFloat64) return Acc::Double;
  return is_floating(t) ? Acc::Float : Acc::Long;
}

bool is_acc(DType t) { return t == kBool || t == kUInt8 || t == kInt64 || t == kFloat32 || t == kFloat64; }

constexpr int64_t kTile = 512;

// One search over a planned geometry; results are written through `values` (may be null) and `indices`.
struct Search {
  const ReducePlan& plan;
  const Array& in;
  bool max;
  Acc acc;
  const ReduceTable& table;
  char *packed, *best;
  int64_t index[kTile];

  Search(const ReducePlan& p, const Array& input, bool is_max)
      : plan(p), in(input), max(is_max), acc(acc_of(input.dtype)), table(reductions()) {
    packed = static_cast<char*>(reduce_scratch((kReduceChunk + kTile) * 8));
    best = packed + kReduceChunk * 8;
  }
  char* at(int64_t offset) const { return in.as<char>() + offset * item_size(in.dtype); }

  // The packed accumulators of rows x cols elements.
  const void* pack(int64_t offset, int64_t rows, int64_t row_stride, int64_t cols, int64_t col_stride) {
    if (is_acc(in.dtype) && col_stride == 1 && (rows == 1 || row_stride == cols)) return at(offset);
    table.gather[static_cast<int>(in.dtype)][static_cast<int>(acc)](packed, at(offset), rows, row_stride, cols,
                                                                    col_stride);
    return packed;
  }

  // One output: the extremum of each chunk by the row kernel, then a search for its place if it beats the best.
  void run_row(int64_t offset, int64_t to) {
    const int a = static_cast<int>(acc);
    const int64_t size = acc_size(acc);
    auto* rows = table.rows[static_cast<int>(max ? Monoid::Max : Monoid::Min)][a];
    ReduceWalker walker(plan.reduced, plan.n_reduced);
    char* held = best + to * size;
    for (int64_t done = 0; done < plan.count;) {
      const int64_t from = offset + walker.in(), n = walker.take(kReduceChunk);
      const void* x = pack(from, 1, 0, n, plan.n_reduced ? walker.run_stride() : 1);
      alignas(8) char value[8];
      rows(x, 1, n, 0, value);
      int64_t moved = -1;
      if (done == 0) {
        std::memcpy(held, value, static_cast<size_t>(size));
        moved = 0;
      } else {
        table.arg[!max][a](value, 1, 0, 1, 0, held, &moved);
      }
      if (moved == 0) index[to] = done + table.find[a](x, n, value);
      done += n;
    }
  }

  // Neighbouring outputs, row by row.
  void run_columns(const ReduceTile& tile) {
    const int64_t size = acc_size(acc), most = kReduceChunk / tile.n;
    ReduceWalker walker(plan.reduced, plan.n_reduced);
    for (int64_t done = 0; done < plan.count;) {
      const int64_t from = tile.in + walker.in(), stride = walker.run_stride();
      const bool in_place = is_acc(in.dtype) && tile.in_stride == 1;
      const int64_t n = walker.take(done == 0 ? 1 : in_place ? INT32_MAX : most);
      const void* x = in_place ? at(from) : pack(from, n, stride, tile.n, tile.in_stride);
      if (done == 0) {
        std::memcpy(best, x, static_cast<size_t>(tile.n * size));
        for (int64_t i = 0; i < tile.n; ++i) index[i] = 0;
      } else {
        table.arg[!max][static_cast<int>(acc)](x, n, in_place ? stride : tile.n, tile.n, done, best, index);
      }
      done += n;
    }
  }

  /// Calls f(tile) when `best` and `index` hold its results.
  template <class F>
  void run(F&& f) {
    for_each_tile(plan, kTile, [&](const ReduceTile& tile) {
      if (plan.column.size > 1) {
        run_columns(tile);
      } else {
        for (int64_t r = 0; r < tile.n; ++r) run_row(tile.in + r * tile.in_stride, r);
      }
      f(tile);
    });
  }
};

void write_indices(const Array& out, const ReduceTile& tile, const int64_t* index) {
  int64_t* to = out.as<int64_t>() + tile.out;
  for (int64_t i = 0; i < tile.n; ++i) to[i * tile.out_stride] = index[i];
}

// The place over both dims of a transposed matrix: along memory the places in each logical row, then the first best
// row.
int64_t place_in_transposed(bool max, const Array& in, const ReducePlan& plan) {
  ReducePlan rows;
  rows.column = plan.reduced[0];
  rows.reduced[0] = plan.reduced[1];
  rows.n_reduced = 1;
  rows.count = plan.reduced[1].size;
  rows.outputs = plan.reduced[0].size;
  Search search(rows, in, max);
  const int64_t size = acc_size(search.acc);
  int64_t row = 0, place = 0;
  alignas(8) char held[8];
  search.run([&](const ReduceTile& tile) {
    for (int64_t i = 0; i < tile.n; ++i, ++row) {
      int64_t moved = row == 0 ? 0 : -1;
      const char* best = search.best + i * size;
      if (row == 0) std::memcpy(held, best, static_cast<size_t>(size));
      else search.table.arg[!max][static_cast<int>(search.acc)](best, 1, 0, 1, 0, held, &moved);
      if (moved == 0) place = row * rows.count + search.index[i];
    }
  });
  return place;
}

int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

}  // namespace

void reduce_arg(bool max, const Array& in, const Array& out) {
  ReducePlan plan;
  plan_reduction(in, out, plan, ReduceOrder::Logical);
  if (plan.outputs == 0) return;
  if (plan.n_kept == 0 && plan.n_reduced == 2 && magnitude(plan.reduced[0].in) < magnitude(plan.reduced[1].in)) {
    *out.as<int64_t>() = place_in_transposed(max, in, plan);
    return;
  }
  for_each_part(plan, 0.3, [&](const ReducePlan& part) {
    Search search(part, in, max);
    search.run([&](const ReduceTile& tile) { write_indices(out, tile, search.index); });
  });
}

void reduce_with_index(bool max, const Array& in, const Array& values, const Array& indices, int) {
  ReducePlan plan;
  plan_reduction(in, values, plan, ReduceOrder::Logical);
  if (plan.outputs == 0) return;
  for_each_part(plan, 0.3, [&](const ReducePlan& part) {
    Search search(part, in, max);
    const auto store = search.table.store[static_cast<int>(values.dtype)][static_cast<int>(search.acc)];
    search.run([&](const ReduceTile& tile) {
      store(values.as<char>() + tile.out * item_size(values.dtype), tile.out_stride, search.best, tile.n);
      write_indices(indices, tile, search.index);
    });
  });
}

}  // namespace gradus
