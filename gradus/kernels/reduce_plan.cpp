// Geometry of reductions and the canonical order above the kernels: chunks, lanes of rows, the tree over chunks.
#include "gradus/kernels/reduce_plan.h"

#include <bit>
#include <cstring>

#include "gradus/kernels/scratch.h"

namespace gradus {
namespace {

// Appends a dim, or widens the last one where both strides continue it.
void push(ReduceDim* dims, int& n, ReduceDim d, bool adjacent) {
  if (adjacent && n > 0 && dims[n - 1].in == d.size * d.in && dims[n - 1].out == d.size * d.out) {
    dims[n - 1] = {dims[n - 1].size * d.size, d.in, d.out};
    return;
  }
  dims[n++] = d;
}

int64_t magnitude(int64_t stride) { return stride == 0 ? INT64_MAX : stride < 0 ? -stride : stride; }

// Keeps the largest stride first; equal ones stay in logical order.
void insert_by_stride(ReduceDim* dims, int& n, ReduceDim d) {
  int at = n++;
  for (; at > 0 && magnitude(dims[at - 1].in) < magnitude(d.in); --at) dims[at] = dims[at - 1];
  dims[at] = d;
}

int smallest_stride(const ReduceDim* dims, int n) {
  int best = n - 1;
  for (int d = n - 2; d >= 0; --d)
    if (magnitude(dims[d].in) < magnitude(dims[best].in)) best = d;
  return best;
}

}  // namespace

void plan_reduction(const Array& in, const Array& out, ReducePlan& plan, ReduceOrder order) {
  ReduceDim reduced[kMaxDims];
  int n = 0, last = 0;  // class of the dim before: 1 kept, 2 reduced
  for (int d = 0; d < in.ndim; ++d) {
    const int64_t size = in.sizes[d];
    if (size == 1) continue;
    if (out.sizes[d] == 1) {
      plan.count *= size;
      if (order == ReduceOrder::Memory) insert_by_stride(reduced, n, {size, in.strides[d], 0});
      else push(plan.reduced, plan.n_reduced, {size, in.strides[d], 0}, last == 2);
      last = 2;
    } else {
      plan.outputs *= size;
      push(plan.kept, plan.n_kept, {size, in.strides[d], out.strides[d]}, last == 1);
      last = 1;
    }
  }
  for (int d = 0; d < n; ++d) push(plan.reduced, plan.n_reduced, reduced[d], true);
  if (plan.n_kept == 0) return;
  const int k = smallest_stride(plan.kept, plan.n_kept);
  if (plan.n_reduced > 0) {
    const int r = smallest_stride(plan.reduced, plan.n_reduced);
    if (magnitude(plan.reduced[r].in) <= magnitude(plan.kept[k].in)) return;
  }
  plan.column = plan.kept[k];
  for (int d = k; d + 1 < plan.n_kept; ++d) plan.kept[d] = plan.kept[d + 1];
  --plan.n_kept;
}

void* reduce_scratch(int64_t bytes) {
  thread_local Scratch memory;
  return memory.get(bytes);
}

int dim_to_cut(const ReducePlan& plan, int64_t threads) {
  int best = -1;
  int64_t most = 1;
  for (int d = 0; d < plan.n_kept && most < 4 * threads; ++d)
    if (plan.kept[d].size > most) {
      most = plan.kept[d].size;
      best = d;
    }
  if (plan.column.size / kColumnStep > most && most < 4 * threads) {
    most = plan.column.size / kColumnStep;
    best = plan.n_kept;
  }
  const bool is_long = plan.count * plan.column.size >= 32 * kReduceChunk;
  return most < 2 * threads && is_long ? -1 : best;
}

ReducePlan part_of(const ReducePlan& plan, int d, int64_t begin, int64_t end) {
  ReducePlan part = plan;
  const bool column = d == plan.n_kept;
  ReduceDim& dim = column ? part.column : part.kept[d];
  const int64_t all = dim.size;
  if (column) {
    end = end == all / kColumnStep ? all : end * kColumnStep;
    begin *= kColumnStep;
  }
  dim.size = end - begin;
  part.outputs = plan.outputs / all * dim.size;
  part.in += begin * dim.in;
  part.out += begin * dim.out;
  return part;
}

namespace {
constexpr int64_t kPacked = 8192;      // gathered elements: one chunk of up to 2L columns
constexpr int64_t kRowTile = 512;      // outputs finished together
constexpr int64_t kColumnTile = 1024;  // accumulators of a tile stay in the first-level cache
constexpr int64_t kGatherRows = 8;
constexpr double kElement = 0.1;  // nanoseconds of an element, roughly
}  // namespace

Reducer::Reducer(const ReducePlan& plan, const void* in, DType in_dtype, Monoid monoid, Acc acc,
                 ReduceTable::Gather* gather, bool in_place, void (*round)(float*, int64_t))
    : plan_(plan),
      in_(static_cast<char*>(const_cast<void*>(in))),
      in_size_(item_size(in_dtype)),
      size_(acc_size(acc)),
      lanes_(lanes(acc)),
      in_place_(in_place && !round),
      gather_(gather),
      round_(round) {
  const ReduceTable& table = reductions();
  const int m = static_cast<int>(monoid), a = static_cast<int>(acc);
  rows_ = table.rows[m][a];
  accumulate_ = table.accumulate[m][a];
  identity_ = table.identity[m][a];
  centre_square_ = table.centre_square;
  const int64_t columns = plan.column.size;
  groups_ = columns >= lanes_ ? 1 : static_cast<int64_t>(std::bit_ceil(uint64_t((lanes_ + columns - 1) / columns)));
  tile_ = columns == 1 ? kRowTile : groups_ > 1 ? columns : kColumnTile;
  width_ = (columns == 1 ? 1 : columns < tile_ ? columns : tile_) * size_;
  use_scratch();
}

void Reducer::use_scratch() {
  const int64_t chunks = plan_.count / (kReduceChunk / lanes_ * groups_) + 1;
  packed_ = static_cast<char*>(reduce_scratch((kPacked + kColumnTile) * size_ + tree_levels(chunks) * width_));
  results_ = packed_ + kPacked * size_;
  tree_ = results_ + kColumnTile * size_;
}

void* Reducer::run(const ReduceTile& tile, const double* center) {
  const bool by_rows = plan_.column.size == 1;
  if (by_rows && plan_.n_reduced <= 1 && plan_.count <= kReduceChunk) return run_short_rows(tile, center);
  const bool worth = static_cast<double>(plan_.count * (by_rows ? 1 : tile.n)) * kElement > 4 * kChunkCost;
  if (!worth || plan_.count <= 2 * rows() || in_parallel() || num_threads() == 1)
    return run_chunks(tile, center, {0, (plan_.count + rows() - 1) / rows()});
  thread_local Scratch memory;
  char* results = memory.get(tile.n * size_);
  for (int64_t r = 0; by_rows && r < tile.n; ++r)
    run_threaded({tile.in + r * tile.in_stride, 0, 1, 0, 0}, center ? center + r : nullptr, results + r * size_);
  if (!by_rows) run_threaded(tile, center, results);
  return results;
}

void* Reducer::run_chunks(const ReduceTile& tile, const double* center, Chunks chunks) {
  if (plan_.column.size > 1) return groups_ > 1 ? run_narrow(tile, center, chunks) : run_wide(tile, center, chunks);
  for (int64_t r = 0; r < tile.n; ++r) {
    const ReduceTile row{tile.in + r * tile.in_stride, 0, 1, 0, 0};
    std::memcpy(results_ + r * size_, run_long_row(row, center ? center + r : nullptr, chunks),
                static_cast<size_t>(size_));
  }
  return results_;
}

// Groups of a power of two of chunks are whole subtrees: their results join as the chunks of a smaller tree. On every
// thread a copy of this reducer uses that thread's scratch memory; nothing of this one's may lie there meanwhile.
void Reducer::run_threaded(const ReduceTile& tile, const double* center, void* result) {
  const int64_t chunks = (plan_.count + rows() - 1) / rows(), bytes = tile.n * size_;
  const int64_t wanted = 8 * static_cast<int64_t>(num_threads());
  const auto group = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>((chunks + wanted - 1) / wanted)));
  const int64_t groups = (chunks + group - 1) / group;
  thread_local Scratch memory;
  char* partial = memory.get(groups * bytes);
  const auto run = [&](int64_t begin, int64_t end) {
    Reducer own = *this;
    own.use_scratch();
    for (int64_t g = begin; g < end; ++g) {
      const Chunks some{g * group, chunks - g * group < group ? chunks - g * group : group};
      std::memcpy(partial + g * bytes, own.run_chunks(tile, center, some), static_cast<size_t>(bytes));
    }
  };
  parallel_for(groups, 1, run, static_cast<double>(plan_.count * tile.n) * kElement);
  use_scratch();
  for (int64_t g = 0; g < groups; ++g) {
    std::memcpy(open_slot(), partial + g * bytes, static_cast<size_t>(bytes));
    close_slot(g, tile.n);
  }
  std::memcpy(result, close_tree(tile.n), static_cast<size_t>(bytes));
}

void Reducer::gather(void* to, int64_t offset, int64_t rows, int64_t row_stride, int64_t cols, int64_t col_stride,
                     const double* center, bool center_by_row) {
  gather_(to, at(offset), rows, row_stride, cols, col_stride);
  if (round_) round_(static_cast<float*>(to), rows * cols);
  if (center) centre_square_(static_cast<double*>(to), rows, cols, center, center_by_row, !center_by_row);
}

void* Reducer::run_short_rows(const ReduceTile& tile, const double* center) {
  const int64_t n = plan_.count, stride = plan_.n_reduced ? plan_.reduced[0].in : 1;
  if (in_place_ && stride == 1 && !center) {
    rows_(at(tile.in), tile.n, n, tile.in_stride, results_);
    return results_;
  }
  const int64_t block = n ? kPacked / n : kPacked;
  for (int64_t r = 0; r < tile.n; r += block) {
    const int64_t rows = tile.n - r < block ? tile.n - r : block;
    if (n)
      gather(packed_, tile.in + r * tile.in_stride, rows, tile.in_stride, n, stride, center ? center + r : nullptr,
             true);
    rows_(packed_, rows, n, n, results_ + r * size_);
  }
  return results_;
}

// The next `rows` reduced rows of the columns of a tile, packed: in place where they already are, gathered elsewhere.
void* Reducer::chunk_rows(ReduceWalker& walker, const ReduceTile& tile, int64_t rows, const double* center) {
  const int64_t cols = plan_.column.size, stride = walker.run_stride();
  for (int64_t have = 0; have < rows;) {
    const int64_t from = tile.in + walker.in(), n = walker.take(rows - have);
    if (n == rows && in_place_ && !center && stride == cols && (cols == 1 || plan_.column.in == 1)) return at(from);
    gather(packed_ + have * cols * size_, from, n, stride, cols, plan_.column.in, center, false);
    have += n;
  }
  return packed_;
}

void* Reducer::run_long_row(const ReduceTile& row, const double* center, Chunks chunks) {
  ReduceWalker walker(plan_.reduced, plan_.n_reduced);
  walker.seek(chunks.first * kReduceChunk);
  int64_t chunk = 0;
  for (int64_t left = rows_of(chunks); left > 0; left -= kReduceChunk) {
    const int64_t n = left < kReduceChunk ? left : kReduceChunk;
    const void* x = chunk_rows(walker, row, n, center);
    rows_(x, 1, n, 0, open_slot());
    close_slot(chunk++, 1);
  }
  return close_tree(1);
}

void* Reducer::run_wide(const ReduceTile& tile, const double* center, Chunks chunks) {
  const int64_t chunk_rows = rows();
  const bool direct = in_place_ && tile.in_stride == 1 && !center;
  ReduceWalker walker(plan_.reduced, plan_.n_reduced);
  walker.seek(chunks.first * chunk_rows);
  int64_t chunk = 0;
  for (int64_t left = rows_of(chunks); left > 0; left -= chunk_rows) {
    char* slot = open_slot();
    identity_(slot, tile.n);
    for (int64_t rows = left < chunk_rows ? left : chunk_rows; rows > 0;) {
      const int64_t from = tile.in + walker.in();
      const int64_t n = walker.take(direct || rows < kGatherRows ? rows : kGatherRows);
      if (direct) {
        accumulate_(slot, at(from), n, walker.run_stride(), tile.n);
      } else {
        gather(packed_, from, n, walker.run_stride(), tile.n, tile.in_stride, center, false);
        accumulate_(slot, packed_, n, tile.n, tile.n);
      }
      rows -= n;
    }
    close_slot(chunk++, tile.n);
  }
  return close_tree(tile.n);
}

void* Reducer::run_narrow(const ReduceTile& tile, const double* center, Chunks chunks) {
  const int64_t cols = tile.n, width = groups_ * cols, chunk = rows();
  ReduceWalker walker(plan_.reduced, plan_.n_reduced);
  walker.seek(chunks.first * chunk);
  int64_t index = 0;
  for (int64_t left = rows_of(chunks); left > 0; left -= chunk) {
    const int64_t n = left < chunk ? left : chunk, full = n / groups_;
    const char* x = static_cast<const char*>(chunk_rows(walker, tile, n, center));
    identity_(results_, width);
    accumulate_(results_, x, full, width, width);
    accumulate_(results_, x + full * width * size_, 1, 0, (n - full * groups_) * cols);
    for (int64_t half = groups_ / 2; half > 0; half /= 2)
      accumulate_(results_, results_ + half * cols * size_, 1, 0, half * cols);
    std::memcpy(open_slot(), results_, static_cast<size_t>(cols * size_));
    close_slot(index++, cols);
  }
  return close_tree(cols);
}

// The newest slot holds a whole chunk; equal subtrees merge as in a binary counter.
void Reducer::close_slot(int64_t chunk, int64_t n) {
  for (; chunk & 1; chunk >>= 1) {
    --depth_;
    accumulate_(tree_ + (depth_ - 1) * width_, tree_ + depth_ * width_, 1, 0, n);
  }
}

void* Reducer::close_tree(int64_t n) {
  if (depth_ == 0) identity_(tree_, n);
  for (; depth_ > 1; --depth_) accumulate_(tree_ + (depth_ - 2) * width_, tree_ + (depth_ - 1) * width_, 1, 0, n);
  depth_ = 0;
  return tree_;
}

}  // namespace gradus
