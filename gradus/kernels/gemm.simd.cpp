// Floating matrix products: blocking, packing decisions and result tiles around the micro kernels.
#include "gradus/kernels/gemm_micro.h"
#include "gradus/kernels/gemm_pack.h"
#include "gradus/kernels/gemm_rows.h"
#include "gradus/kernels/gemm_table.h"

namespace gradus::GRADUS_TARGET {
namespace {

[[gnu::always_inline]] static inline int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
[[gnu::always_inline]] static inline int64_t pieces(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// One product with at most kGemmChain steps into a C whose columns are adjacent.
template <class X, class S>
struct Product {
  using T = typename X::T;
  int64_t m, n, k;
  const S* a;
  int64_t a_row, a_col;
  const S* b;
  int64_t b_row, b_col;
  const T* s;  // start, columns adjacent, or null
  int64_t s_row;
  T* c;
  int64_t c_row;
};

template <class X>
static constexpr int kPanelB = 2 * X::kLanes;
template <class X>
static constexpr int kPanelA = (X::kRows + X::kLanes - 1) / X::kLanes* X::kLanes;

/// Equal tiles instead of full ones and a thin rest.
template <class X>
[[gnu::always_inline]] static inline int64_t tile_rows(int64_t m) {
  return m <= X::kRows ? m : pieces(m, pieces(m, X::kRows));
}

/// Asks for a tile of C that is next.
template <class T>
[[gnu::always_inline]] static inline void prefetch_rows(const T* p, int64_t stride, int64_t m, int64_t n) {
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; j += 64 / int64_t(sizeof(T))) __builtin_prefetch(p + i * stride + j, 1);
}

/// Every tile of C rows [0, m) × columns [0, n) over t.k steps, t.a, t.b, t.s and t.c being the corners. Tiles take
/// `rows` rows, `a_step` elements apart in A, and up to 2^log_vectors vectors of columns, `b_step` apart per column.
/// `by_rows` goes along the rows first, so that a tile's rows of A are still in the first cache for the next columns.
template <class X>
[[gnu::always_inline]] static inline void sweep(Tile<X> t, bool unit, int64_t m, int64_t n, int64_t rows,
                                                int64_t a_step, int64_t b_step, int log_vectors, bool by_rows) {
  constexpr int w = X::kLanes;
  constexpr int64_t kLong = 256;  // steps that pay for asking
  const typename X::T *a = t.a, *b = t.b, *s = t.s;
  typename X::T* c = t.c;
  const auto tile = [&](int64_t i, int64_t panel, int64_t j, int64_t cols, int log) __attribute__((always_inline)) {
    t.tail = static_cast<int>(cols - ((w << log) - w));
    t.b = b + j * b_step;
    t.a = a + panel * a_step;
    t.s = s ? s + i * t.s_row + j : nullptr;
    t.c = c + i * t.c_row + j;
    kMicros<X>.of[unit][log][lesser(m - i, rows)](t);
  };
  const auto log_of = [&](int64_t left) __attribute__((always_inline)) {
    int log = log_vectors;
    while (log > 0 && left <= (w << log) - w) --log;
    return log;
  };
  if (by_rows) {
    for (int64_t i = 0, panel = 0; i < m; i += rows, ++panel)
      for (int64_t j = 0; j < n;) {
        const int log = log_of(n - j);
        const int64_t cols = lesser(n - j, w << log);
        tile(i, panel, j, cols, log);
        j += cols;
      }
    return;
  }
  for (int64_t j = 0; j < n;) {
    const int log = log_of(n - j);
    const int64_t cols = lesser(n - j, w << log);
    for (int64_t i = 0, panel = 0; i < m; i += rows, ++panel) {
      if (t.k >= kLong) prefetch_rows(c + (i + rows) * t.c_row + j, t.c_row, lesser(m - i - rows, rows), cols);
      tile(i, panel, j, cols, log);
    }
    j += cols;
  }
}

/// Reads A and B where they lie. Few rows get wide tiles, and then a B with long rows is taken a few rows at a time, so
/// that the walk along them stays on few pages.
template <class X>
static void direct(const Product<X, typename X::T>& p) {
  constexpr int64_t kSize = sizeof(typename X::T), kSteps = 64, kSecondCache = 2 << 20;
  const int log = p.m == 1 || p.m * 8 <= X::kRegisters - 4 ? 3 : p.m * 4 <= X::kRegisters - 4 ? 2 : 1;
  const int64_t rows = tile_rows<X>(p.m);
  const int64_t passes = p.k * p.n * kSize > kSecondCache ? 4 : 2;
  const int64_t kc = p.m <= passes * X::kRows && p.b_row * kSize >= 2048 && p.k > kSteps ? kSteps : p.k;
  Tile<X> t;
  t.a_row = p.a_row;
  t.a_col = p.a_col;
  t.b_row = p.b_row;
  t.c = p.c;
  t.c_row = p.c_row;
  t.wide = false;
  t.s = p.s;
  t.s_row = p.s_row;
  for (int64_t k = 0; k < p.k; k += kc) {
    t.k = lesser(kc, p.k - k);
    t.a = p.a + k * p.a_col;
    t.b = p.b + k * p.b_row;
    sweep<X>(t, p.a_row == 1 || p.m == 1, p.m, p.n, rows, rows * p.a_row, 1, log, false);
    t.s = p.c;
    t.s_row = p.c_row;
  }
}

/// Sizes of the packed blocks. One block of A for all rows, if it fits, lets B be packed and used up a few panels at a
/// time; otherwise a wide block of B is packed and kept while blocks of A pass.
struct Blocks {
  bool pack_a;
  int64_t rows, kc, mc, nc;
};

template <class X, class S>
static Blocks blocks_of(const Product<X, S>& p) {
  constexpr int64_t kSize = sizeof(typename X::T), kMaxPanels = 16;
  Blocks b;
  const int64_t a_bytes = p.m * p.k * kSize, in_place = p.a_col == 1 ? 1024 * 1024 : 64 * 1024;
  b.pack_a =
      sizeof(S) != kSize || (p.m > X::kRows && ((p.n > (p.a_col * kSize < 1024 ? 128 : 64) && a_bytes > in_place) ||
                                                (p.n >= 1024 && a_bytes > 64 * 1024)));
  b.rows = tile_rows<X>(p.m);
  b.kc = pieces(p.k, pieces(p.k, 4096 / kSize));
  const bool one = !b.pack_a || p.m * b.kc * kSize <= 1024 * 1024;
  b.mc = one ? p.m : kMaxPanels * b.rows;
  b.nc = lesser(!b.pack_a ? 4 * kPanelB<X> : one ? 2 * kPanelB<X> : 6144 / kSize, p.n);
  return b;
}

/// Packs blocks of B, and of A unless few columns use them.
template <class X, class S>
static void blocked(const Product<X, S>& p) {
  constexpr int64_t kSize = sizeof(typename X::T), pw = kPanelB<X>;
  const Blocks d = blocks_of(p);
  typename X::T *pa = nullptr, *pb;
  const int64_t a_size = pieces(d.mc, d.rows) * kPanelA<X> * d.kc, b_size = pieces(d.nc, pw) * pw * d.kc;
  if (d.pack_a) pa = static_cast<typename X::T*>(gemm_scratch(GemmSlot::PackedA, a_size * kSize));
  pb = static_cast<typename X::T*>(gemm_scratch(GemmSlot::PackedB, b_size * kSize));
  Tile<X> t;
  t.b = pb;
  t.b_row = pw;
  t.c_row = p.c_row;
  t.wide = true;
  t.a_row = d.pack_a ? 1 : p.a_row;
  t.a_col = d.pack_a ? kPanelA<X> : p.a_col;
  for (int64_t k = 0; k < p.k; k += d.kc) {
    t.k = lesser(d.kc, p.k - k);
    for (int64_t j = 0; j < p.n; j += d.nc) {
      const int64_t n = lesser(d.nc, p.n - j);
      pack<X, pw>(Source<S>{p.b + k * p.b_row + j * p.b_col, p.b_col, p.b_row}, n, pw, t.k, pb);
      for (int64_t i = 0; i < p.m; i += d.mc) {
        const int64_t m = lesser(d.mc, p.m - i);
        const S* a = p.a + i * p.a_row + k * p.a_col;
        t.a = pa;
        if constexpr (sizeof(S) == kSize) t.a = d.pack_a ? pa : a;
        if (d.pack_a && (j == 0 || d.mc < p.m))
          pack<X, kPanelA<X>>(Source<S>{a, p.a_row, p.a_col}, m, static_cast<int>(d.rows), t.k, pa);
        t.c = p.c + i * p.c_row + j;
        t.s = k ? t.c : p.s ? p.s + i * p.s_row + j : nullptr;
        t.s_row = k ? p.c_row : p.s_row;
        sweep<X>(t, t.a_row == 1, m, n, d.rows, d.pack_a ? kPanelA<X> * t.k : d.rows * p.a_row, t.k, 1, !d.pack_a);
      }
    }
  }
}

template <class X, class S>
[[gnu::always_inline]] static inline void product(const Product<X, S>& p) {
  constexpr int64_t kSize = sizeof(typename X::T);
  if constexpr (sizeof(S) == kSize) {
    const int64_t passes = pieces(p.m, X::kRows), b_bytes = p.k * p.n * kSize;
    const bool reread = passes <= 4 || b_bytes <= 32 * 1024 || (passes <= 28 && b_bytes <= 256 * 1024);
    if ((p.b_col == 1 || p.n == 1) && reread) return direct<X>(p);
  }
  if (p.b_row == 1 && p.m <= kMaxTurnedRows) {
    for (int64_t j = 0; j < p.n; j += X::kLanes)
      turned_rows<X, S>(p.m, p.a, p.a_row, p.a_col, p.b + j * p.b_col, p.b_col, p.k, p.s ? p.s + j : p.s, p.s_row,
                        p.c + j, p.c_row, static_cast<int>(lesser(p.n - j, X::kLanes)));
    return;
  }
  blocked(p);
}

/// Chunks [first, first + count) of the chain into p.c; `spare` holds one m × n tile for every level of the tree.
template <class X, class S>
static void chunk_tree(Product<X, S> p, int64_t first, int64_t count, typename X::T* spare) {
  if (count == 1) {
    const int64_t k0 = first * kGemmChunk;
    p.a += k0 * p.a_col;
    p.b += k0 * p.b_row;
    p.k = lesser(kGemmChunk, p.k - k0);
    product(p);
    return;
  }
  int64_t left = 1;
  while (2 * left < count) left *= 2;
  chunk_tree(p, first, left, spare);
  Product<X, S> right = p;
  right.s = nullptr;
  right.c = spare;
  right.c_row = p.n;
  chunk_tree(right, first + left, count - left, spare + p.m * p.n);
  for (int64_t i = 0; i < p.m; ++i)
    for (int64_t j = 0; j < p.n; ++j) p.c[i * p.c_row + j] += spare[i * p.n + j];
}

template <class T>
[[gnu::always_inline]] static inline void narrow(float x, T* to) {
  if constexpr (sizeof(T) == sizeof(float)) *to = x;
  else to->bits = T::encode(x);
}
[[gnu::always_inline]] static inline void narrow(double x, double* to) { *to = x; }

/// One matrix of the batch through a contiguous tile: for 16-bit types, strided results and long chains.
template <class X, class S>
static void tiled(const Gemm& g, const S* a, const S* b, S* c, const S* start) {
  using T = typename X::T;
  constexpr int64_t kM = 336, kN = 512;
  const int64_t chunks = g.k > kGemmChain ? pieces(g.k, kGemmChunk) : 1;
  int64_t levels = 1;
  while ((int64_t{1} << (levels - 1)) < chunks) ++levels;
  const int64_t area = lesser(kM, g.m) * lesser(kN, g.n);
  T* tile = static_cast<T*>(gemm_scratch(GemmSlot::Tile, levels * area * int64_t(sizeof(T))));
  for (int64_t i0 = 0; i0 < g.m; i0 += kM)
    for (int64_t j0 = 0; j0 < g.n; j0 += kN) {
      const int64_t m = lesser(kM, g.m - i0), n = lesser(kN, g.n - j0);
      if (start)
        for (int64_t i = 0; i < m; ++i)
          for (int64_t j = 0; j < n; ++j)
            tile[i * n + j] = widen(start[(i0 + i) * g.start_row + (j0 + j) * g.start_col]);
      const Product<X, S> p{
          m, n,    g.k, a + i0 * g.a_row, g.a_row, g.a_col, b + j0 * g.b_col, g.b_row, g.b_col, start ? tile : nullptr,
          n, tile, n};
      if (chunks == 1) product(p);
      else chunk_tree(p, 0, chunks, tile + m * n);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) narrow(tile[i * n + j], &c[(i0 + i) * g.c_row + (j0 + j) * g.c_col]);
    }
}

template <class X, class S>
static void run(const Gemm& g) {
  const S *a = static_cast<const S*>(g.a), *b = static_cast<const S*>(g.b), *start = static_cast<const S*>(g.start);
  S* c = static_cast<S*>(g.c);
  const bool in_place = g.c_col == 1 && g.k <= kGemmChain && (!start || g.start_col == 1);
  for (int64_t i = 0; i < g.batch; ++i) {
    if constexpr (sizeof(S) == sizeof(typename X::T)) {
      if (in_place)
        product(Product<X, S>{g.m, g.n, g.k, a, g.a_row, g.a_col, b, g.b_row, g.b_col, start, g.start_row, c, g.c_row});
    }
    if (sizeof(S) != sizeof(typename X::T) || !in_place) tiled<X, S>(g, a, b, c, start);
    a += g.a_batch;
    b += g.b_batch;
    c += g.c_batch;
    if (start) start += g.start_batch;
  }
}

}  // namespace

const GemmTable gemm_table = {{nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, run<F32, Half>, run<F32, BFloat16>,
                               run<F32, float>, run<F64, double>}};

}  // namespace gradus::GRADUS_TARGET
