// Brings a product into the form the kernels want: result rows adjacent, batches folded into rows, no empty operand.
#include "gradus/kernels/gemm.h"

#include <cstdlib>

#include "gradus/core/format.h"
#include "gradus/kernels/gemm_table.h"

namespace gradus {
namespace {

struct Scratch {
  void* data = nullptr;
  int64_t bytes = 0;
  ~Scratch() { std::free(data); }
};
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

}  // namespace

void* gemm_scratch(GemmSlot slot, int64_t bytes) {
  Scratch& s = scratch[static_cast<int>(slot)];
  if (bytes > s.bytes) {
    std::free(s.data);
    s.bytes = 0;
    const int64_t rounded = (bytes + 63) / 64 * 64;
    s.data = std::aligned_alloc(64, static_cast<size_t>(rounded));
    if (!s.data) raise(ErrorKind::OutOfMemory, str("out of memory: a matrix product needs ", rounded, " bytes"));
    s.bytes = rounded;
  }
  return s.data;
}

void gemm(const Gemm& given) {
  if (given.m <= 0 || given.n <= 0 || given.batch <= 0) return;
  if (given.k <= 0) return fill(given);
  const GemmTable& table = is_floating(given.dtype) ? GRADUS_PICK(gemm_table) : GRADUS_PICK(gemm_int_table);
  const auto run = table.run[static_cast<int>(given.dtype)];
  if (given.batch == 1 && given.c_col == 1 && given.n > 1) return run(given);
  Gemm g = given;
  if (g.n == 1 || (g.c_col != 1 && g.c_row == 1)) transpose(g);
  if (g.n == 1) g.c_col = g.start_col = 1;
  if (g.batch > 1) fold_batch(g);
  run(g);
}

}  // namespace gradus
