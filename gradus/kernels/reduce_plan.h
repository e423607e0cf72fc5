// A planned reduction: dims dropped, merged and classed once, then run tile by tile. Internal.
#pragma once
#include <cstdint>

#include "gradus/core/array.h"
#include "gradus/kernels/pool.h"
#include "gradus/kernels/reduce_table.h"

namespace gradus {

inline constexpr int kMaxDims = 64;

struct ReduceDim {
  int64_t size, in, out;  // strides in elements; `out` is 0 for a reduced dim
};

struct ReducePlan {
  ReduceDim kept[kMaxDims], reduced[kMaxDims];
  int n_kept = 0, n_reduced = 0;
  ReduceDim column{1, 0, 0};  // the kept dim walked innermost; size 1 when the innermost dim is reduced
  int64_t count = 1;          // elements behind each output
  int64_t outputs = 1;
  int64_t in = 0, out = 0;  // where the first output begins, in elements
};

/// The order in which the reduced elements of one output are taken: where they lie, or as their indices count.
enum class ReduceOrder : uint8_t { Memory, Logical };

/// `out` has the dims of `in` with size 1 where reduced. Fills `plan`, which arrives default-constructed.
void plan_reduction(const Array& in, const Array& out, ReducePlan& plan, ReduceOrder order = ReduceOrder::Memory);

/// Walks a list of dims, the last one fastest, run by run of it.
class ReduceWalker {
 public:
  ReduceWalker(const ReduceDim* dims, int n) : dims_(dims), n_(n) {
    for (int d = 0; d < n; ++d) index_[d] = 0;
  }
  /// Moves from the first element to the one that `position` others precede.
  void seek(int64_t position) {
    for (int d = n_ - 1; position > 0 && d >= 0; --d) {
      index_[d] = d ? position % dims_[d].size : position;
      position /= dims_[d].size;
      in_ += index_[d] * dims_[d].in;
      out_ += index_[d] * dims_[d].out;
    }
  }
  int64_t run_stride() const { return n_ ? dims_[n_ - 1].in : 0; }
  int64_t in() const { return in_; }
  int64_t out() const { return out_; }
  /// How many of the next `want` elements lie on the current run; advances past them.
  int64_t take(int64_t want) {
    if (n_ == 0) return 1;
    const int64_t left = dims_[n_ - 1].size - index_[n_ - 1];
    const int64_t taken = want < left ? want : left;
    step(taken);
    return taken;
  }

 private:
  void step(int64_t by) {
    int d = n_ - 1;
    index_[d] += by;
    in_ += by * dims_[d].in;
    out_ += by * dims_[d].out;
    for (; d > 0 && index_[d] == dims_[d].size; --d) {
      in_ += dims_[d - 1].in - index_[d] * dims_[d].in;
      out_ += dims_[d - 1].out - index_[d] * dims_[d].out;
      index_[d] = 0;
      ++index_[d - 1];
    }
  }

  const ReduceDim* dims_;
  int n_;
  int64_t in_ = 0, out_ = 0;
  int64_t index_[kMaxDims];
};

/// Memory of a thread that only grows: no allocation per call once warm. Aligned to 64 bytes.
void* reduce_scratch(int64_t bytes);

/// Outputs computed together: neighbours along the column dim, or along the last kept dim.
struct ReduceTile {
  int64_t in, out;  // offsets in elements
  int64_t n, in_stride, out_stride;
};

/// Calls f(tile) for tiles of at most `most` outputs; together they are all outputs.
template <class F>
void for_each_tile(const ReducePlan& plan, int64_t most, F&& f) {
  ReduceWalker outer(plan.kept, plan.n_kept);
  const ReduceDim& c = plan.column;
  for (int64_t done = 0; done < plan.outputs;) {
    const int64_t in = plan.in + outer.in(), out = plan.out + outer.out();
    if (c.size > 1) {
      for (int64_t k = 0; k < c.size; k += most)
        f(ReduceTile{in + k * c.in, out + k * c.out, c.size - k < most ? c.size - k : most, c.in, c.out});
      outer.take(1);
      done += c.size;
    } else {
      const int64_t stride = outer.run_stride(), out_stride = plan.n_kept ? plan.kept[plan.n_kept - 1].out : 0;
      const int64_t n = outer.take(most);
      f(ReduceTile{in, out, n, stride, out_stride});
      done += n;
    }
  }
}

/// The outputs [begin, end) along one kept dim: dims[d], or the column dim in steps of kColumnStep.
ReducePlan part_of(const ReducePlan& plan, int d, int64_t begin, int64_t end);
inline constexpr int64_t kColumnStep = 256;  // no fewer than lanes: a part's columns are reduced as in the whole

/// Where to cut the outputs for `threads` threads: a kept dim, n_kept for the column dim, or -1 to leave the cutting of
/// long reductions to Reducer.
int dim_to_cut(const ReducePlan& plan, int64_t threads);

/// Calls f(part) for plans that together are `plan`, on several threads if an input element takes `ns` nanoseconds and
/// the whole is worth it.
template <class F>
void for_each_part(const ReducePlan& plan, double ns, const F& f) {
  const double cost = static_cast<double>(plan.outputs) * static_cast<double>(plan.count + 1) * ns;
  const int64_t threads = cost < 2 * kChunkCost ? 1 : num_threads();
  const int d = threads == 1 ? -1 : dim_to_cut(plan, threads);
  if (d < 0) return f(plan);
  const int64_t n = d < plan.n_kept ? plan.kept[d].size : plan.column.size / kColumnStep;
  const auto run = [&](int64_t begin, int64_t end) {
    const ReducePlan part = part_of(plan, d, begin, end);
    f(part);
  };
  parallel_for(n, grain_for(cost / static_cast<double>(n)), run, cost);
}

/// Runs one monoid over a planned geometry, tile by tile, in the canonical order.
class Reducer {
 public:
  /// `gather` converts; `in_place` says that the elements already are accumulators.
  Reducer(const ReducePlan& plan, const void* in, DType in_dtype, Monoid monoid, Acc acc, ReduceTable::Gather* gather,
          bool in_place, void (*round)(float*, int64_t));

  template <class F>
  void for_each_tile(F&& f) const {
    gradus::for_each_tile(plan_, tile_, f);
  }

  /// The accumulators of a tile, valid until the next call. Threads share a long one, chunk by chunk. With `center`
  /// (float64 only) the squares of the distances to center[i] are reduced for output i.
  void* run(const ReduceTile& tile, const double* center = nullptr);

 private:
  // Chunks of a reduction, each of rows() reduced rows; `first` is a multiple of a power of two not less than `count`
  // where these are not all.
  struct Chunks {
    int64_t first, count;
  };
  void* run_short_rows(const ReduceTile& tile, const double* center);
  void* run_chunks(const ReduceTile& tile, const double* center, Chunks chunks);
  void* run_long_row(const ReduceTile& row, const double* center, Chunks chunks);
  void* run_wide(const ReduceTile& tile, const double* center, Chunks chunks);
  void* run_narrow(const ReduceTile& tile, const double* center, Chunks chunks);
  void run_threaded(const ReduceTile& tile, const double* center, void* result);
  void use_scratch();
  int64_t rows() const { return plan_.column.size == 1 ? kReduceChunk : kReduceChunk / lanes_ * groups_; }
  int64_t rows_of(Chunks c) const {
    const int64_t left = plan_.count - c.first * rows(), all = c.count * rows();
    return left < all ? left : all;
  }
  void* chunk_rows(ReduceWalker& walker, const ReduceTile& tile, int64_t rows, const double* center);
  char* open_slot() { return tree_ + depth_++ * width_; }
  void close_slot(int64_t chunk, int64_t n);
  void* close_tree(int64_t n);
  void gather(void* to, int64_t offset, int64_t rows, int64_t row_stride, int64_t cols, int64_t col_stride,
              const double* center, bool center_by_row);
  char* at(int64_t offset) const { return in_ + offset * in_size_; }

  const ReducePlan& plan_;
  char* in_;
  int64_t in_size_, size_;  // bytes of an input element and of an accumulator
  int64_t lanes_, groups_, tile_, width_;
  bool in_place_;
  ReduceTable::Gather* gather_;
  void (*round_)(float*, int64_t);
  ReduceTable::Rows* rows_;
  ReduceTable::Accumulate* accumulate_;
  ReduceTable::Fill* identity_;
  decltype(ReduceTable::centre_square) centre_square_;
  char *packed_, *results_, *tree_;
  int depth_ = 0;
};

}  // namespace gradus
