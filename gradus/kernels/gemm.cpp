// Brings a product into the form the kernels want: result rows adjacent, batches folded into rows, no empty operand.
#include "gradus/kernels/gemm.h"

#include <algorithm>

#include "gradus/core/format.h"
#include "gradus/kernels/gemm_table.h"
#include "gradus/kernels/pool.h"
#include "gradus/kernels/scratch.h"

namespace gradus {
namespace {

thread_local Scratch scratch[static_cast<int>(GemmSlot::kCount)];

template <class T>
void swap(T& a, T& b) {
  const T t = a;
  a = b;
  b = t;
}

/// Cᵀ = Bᵀ·Aᵀ: the same chains, rows and columns exchanged.
void transpose(Gemm& g) {
  swap(g.m, g.n);
  swap(g.a, g.b);
  swap(g.a_batch, g.b_batch);
  const int64_t row = g.a_row, col = g.a_col;
  g.a_row = g.b_col;
  g.a_col = g.b_row;
  g.b_row = col;
  g.b_col = row;
  swap(g.c_row, g.c_col);
  swap(g.start_row, g.start_col);
}

/// A batch that shares B and continues A's and C's rows is one taller product.
void fold_batch(Gemm& g) {
  if (g.m == 1) {  // a single row's stride means nothing
    g.a_row = g.a_batch;
    g.c_row = g.c_batch;
    g.start_row = g.start_batch;
  }
  const bool rows = g.b_batch == 0 && g.a_batch == g.m * g.a_row && g.c_batch == g.m * g.c_row &&
                    (!g.start || g.start_batch == g.m * g.start_row);
  if (!rows) return;
  g.m *= g.batch;
  g.batch = 1;
}

/// k == 0: nothing is multiplied.
void fill(const Gemm& g) {
  const int64_t size = item_size(g.dtype);
  const auto* from = static_cast<const char*>(g.start);
  auto* to = static_cast<char*>(g.c);
  for (int64_t l = 0; l < g.batch; ++l)
    for (int64_t i = 0; i < g.m; ++i)
      for (int64_t j = 0; j < g.n; ++j) {
        char* c = to + (l * g.c_batch + i * g.c_row + j * g.c_col) * size;
        if (!from) __builtin_memset(c, 0, size);
        else __builtin_memmove(c, from + (l * g.start_batch + i * g.start_row + j * g.start_col) * size, size);
      }
}

using Run = void (*)(const Gemm&);

/// Nanoseconds of a product of one matrix, roughly: steps of the chains, and B as it comes from the cache.
double cost_of(const Gemm& g) {
  const double step = g.dtype == DType::Float64 ? 0.05 : is_floating(g.dtype) ? 0.025 : 0.2;
  const auto m = static_cast<double>(g.m), n = static_cast<double>(g.n), k = static_cast<double>(g.k);
  return 20 + m * n * k * step + n * k * 0.05;
}

/// Rows × columns of the pieces that one matrix is cut into.
struct Pieces {
  int64_t rows, cols, down, across;
};

/// Halves the longer side until there are `most` pieces, or they become too small to pack their operands for
/// themselves. Few rows stay together: each of them reads all of B.
Pieces pieces_of(const Gemm& g, int64_t most, double cost) {
  constexpr int64_t kRows = 14, kCols = 32, kFewRows = 32;
  Pieces p{g.m, g.n, 1, 1};
  while (p.down * p.across < most && cost > 4 * kChunkCost) {
    const bool halve_rows = p.rows > kFewRows && p.rows >= p.cols;
    int64_t& side = halve_rows ? p.rows : p.cols;
    const int64_t step = halve_rows ? kRows : kCols, half = (side / 2 + step - 1) / step * step;
    if (half >= side) break;
    side = half;
    (halve_rows ? p.down : p.across) = (halve_rows ? g.m : g.n) / side + ((halve_rows ? g.m : g.n) % side != 0);
    cost /= 2;
  }
  return p;
}

void run_pieces(const Gemm& g, Run run, const Pieces& p, double cost) {
  const int64_t size = item_size(g.dtype);
  const auto moved = [size](const void* x, int64_t by) { return static_cast<const char*>(x) + by * size; };
  const auto body = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t l = i / (p.down * p.across), row = i / p.across % p.down * p.rows, col = i % p.across * p.cols;
      Gemm part = g;
      part.batch = 1;
      part.m = std::min(p.rows, g.m - row);
      part.n = std::min(p.cols, g.n - col);
      part.a = moved(g.a, l * g.a_batch + row * g.a_row);
      part.b = moved(g.b, l * g.b_batch + col * g.b_col);
      part.c = const_cast<char*>(moved(g.c, l * g.c_batch + row * g.c_row + col * g.c_col));
      if (g.start) part.start = moved(g.start, l * g.start_batch + row * g.start_row + col * g.start_col);
      run(part);
    }
  };
  parallel_for(g.batch * p.down * p.across, 1, body, cost);
}

/// Every element's chain is its own, so any cut of the result, and of the batch, leaves its bits.
void run_threaded(const Gemm& g, Run run) {
  const double one = cost_of(g), all = one * static_cast<double>(g.batch);
  const int64_t threads = all < 2 * kChunkCost ? 1 : num_threads();
  if (threads == 1) return run(g);
  if (g.batch < 4 * threads && one > 4 * kChunkCost)  // two pieces a thread: operands are packed for each piece
    return run_pieces(g, run, pieces_of(g, (2 * threads + g.batch - 1) / g.batch, one), all);
  const auto some = [&](int64_t begin, int64_t end) {
    const int64_t size = item_size(g.dtype);
    Gemm part = g;
    part.batch = end - begin;
    part.a = static_cast<const char*>(g.a) + begin * g.a_batch * size;
    part.b = static_cast<const char*>(g.b) + begin * g.b_batch * size;
    part.c = static_cast<char*>(g.c) + begin * g.c_batch * size;
    if (g.start) part.start = static_cast<const char*>(g.start) + begin * g.start_batch * size;
    run(part);
  };
  parallel_for(g.batch, grain_for(one), some, all);
}

}  // namespace

void* gemm_scratch(GemmSlot slot, int64_t bytes) {
  try {
    return scratch[static_cast<int>(slot)].get(bytes);
  } catch (const std::bad_alloc&) {
    raise(ErrorKind::OutOfMemory, str("out of memory: a matrix product needs ", bytes, " bytes"));
  }
}

void gemm(const Gemm& given) {
  if (given.m <= 0 || given.n <= 0 || given.batch <= 0) return;
  if (given.k <= 0) return fill(given);
  const GemmTable& table = is_floating(given.dtype) ? GRADUS_PICK(gemm_table) : GRADUS_PICK(gemm_int_table);
  const auto run = table.run[static_cast<int>(given.dtype)];
  if (given.batch == 1 && given.c_col == 1 && given.n > 1) return run_threaded(given, run);
  Gemm g = given;
  if (g.n == 1 || (g.c_col != 1 && g.c_row == 1)) transpose(g);
  if (g.n == 1) g.c_col = g.start_col = 1;
  if (g.batch > 1) fold_batch(g);
  run_threaded(g, run);
}

}  // namespace gradus
