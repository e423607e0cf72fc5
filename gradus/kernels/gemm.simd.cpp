// Floating matrix products: blocking, packing decisions and result tiles around the micro kernels.
#include "gradus/kernels/gemm_micro.h"
#include "gradus/kernels/gemm_pack.h"
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

/// How one product is cut. Blocks of kc × nc of B and mc × kc of A are packed or read where they lie.
struct Cut {
  bool pack_a, pack_b;
  int log_vectors;  // widest tile: 1 << log_vectors vectors of columns
  int rows;         // rows of a tile
  int64_t kc, mc, nc;
};

template <class X>
static constexpr int kPanelB = 2 * X::kLanes;
template <class X>
static constexpr int kPanelA = (X::kRows + X::kLanes - 1) / X::kLanes* X::kLanes;

template <class X, class S>
static Cut cut_of(const Product<X, S>& p) {
  using T = typename X::T;
  constexpr int64_t kSize = sizeof(T);
  constexpr bool kConvert = sizeof(S) != sizeof(T);
  Cut cut;
  cut.pack_b = kConvert || (p.b_col != 1 && p.n > 1) || (p.m > 4 * X::kRows && p.k * p.n * kSize > 32 * 1024);
  cut.pack_a = kConvert || (p.n > 128 && p.m > X::kRows && p.m * p.k * kSize > 32 * 1024);
  cut.log_vectors = 1;
  if (!cut.pack_b) {
    if (p.m * 8 <= X::kRegisters - 4 || p.m == 1) cut.log_vectors = 3;
    else if (p.m * 4 <= X::kRegisters - 4) cut.log_vectors = 2;
  }
  const int64_t kKC = 3072 / kSize, kMC = 8 * X::kRows, kNC = 6144 / kSize;
  cut.rows = static_cast<int>(pieces(p.m, pieces(p.m, X::kRows)));
  const int64_t mb = pieces(pieces(p.m, cut.rows), kMC / cut.rows);
  cut.kc = pieces(p.k, pieces(p.k, kKC));
  cut.mc = pieces(pieces(p.m, cut.rows), mb) * cut.rows;
  cut.nc = kNC;
  if (!cut.pack_a && !cut.pack_b) {
    cut.kc = p.k;
    cut.mc = p.m;
    cut.nc = p.n;
    if (p.b_row * kSize >= 2048 && p.k > 64) cut.kc = 64;
  } else if (!cut.pack_a && p.m <= 2 * X::kRows) {
    cut.nc = kPanelB<X>;
  }
  return cut;
}

/// The tiles of one block: columns [0, nc) of B (packed or at stride b_row), rows [0, mc) of A.
template <class X>
static void block(const Cut& cut, Tile<X> t, bool a_unit, int64_t mc, int64_t nc) {
  constexpr int w = X::kLanes;
  const typename X::T *a = t.a, *b = t.b, *s = t.s;
  typename X::T* c = t.c;
  const int64_t a_step = cut.pack_a ? kPanelA<X> * t.k : cut.rows * t.a_row;
  int64_t cols = 0;
  for (int64_t j = 0; j < nc; j += cols) {
    const int vectors = static_cast<int>(lesser(pieces(nc - j, w), 1 << cut.log_vectors));
    const int log = vectors >= 8 ? 3 : vectors >= 4 ? 2 : vectors >= 2 ? 1 : 0;
    cols = lesser(nc - j, w << log);
    t.tail = static_cast<int>(cols - ((w << log) - w));
    t.b = cut.pack_b ? b + j * t.k : b + j;
    for (int64_t i = 0, panel = 0; i < mc; i += cut.rows, ++panel) {
      const int64_t rows = lesser(mc - i, cut.rows);
      t.a = a + panel * a_step;
      t.s = s ? s + i * t.s_row + j : nullptr;
      t.c = c + i * t.c_row + j;
      kMicros<X>.of[a_unit][log][rows](t);
    }
  }
}

template <class X, class S>
static void product(const Product<X, S>& p) {
  using T = typename X::T;
  constexpr bool kConvert = sizeof(S) != sizeof(T);
  const Cut cut = cut_of(p);
  T *pa = nullptr, *pb = nullptr;
  if (cut.pack_a)
    pa = static_cast<T*>(
        gemm_scratch(GemmSlot::PackedA, pieces(cut.mc, cut.rows) * kPanelA<X> * cut.kc * int64_t(sizeof(T))));
  if (cut.pack_b)
    pb = static_cast<T*>(gemm_scratch(
        GemmSlot::PackedB, pieces(lesser(cut.nc, p.n), kPanelB<X>) * kPanelB<X> * cut.kc * int64_t(sizeof(T))));
  Tile<X> t{};
  t.c_row = p.c_row;
  t.wide = cut.pack_b;
  for (int64_t jc = 0; jc < p.n; jc += cut.nc) {
    const int64_t nc = lesser(cut.nc, p.n - jc);
    for (int64_t pc = 0; pc < p.k; pc += cut.kc) {
      t.k = lesser(cut.kc, p.k - pc);
      const S* b = p.b + pc * p.b_row + jc * p.b_col;
      if (cut.pack_b) pack<X, kPanelB<X>>(Source<S>{b, p.b_col, p.b_row}, nc, kPanelB<X>, t.k, pb);
      for (int64_t ic = 0; ic < p.m; ic += cut.mc) {
        const int64_t mc = lesser(cut.mc, p.m - ic);
        const S* a = p.a + ic * p.a_row + pc * p.a_col;
        t.a_row = p.a_row;
        t.a_col = p.a_col;
        if (cut.pack_a) {
          pack<X, kPanelA<X>>(Source<S>{a, p.a_row, p.a_col}, mc, cut.rows, t.k, pa);
          t.a_row = 1;
          t.a_col = kPanelA<X>;
        }
        if constexpr (!kConvert) {
          t.a = cut.pack_a ? pa : a;
          t.b = cut.pack_b ? pb : b;
        } else {
          t.a = pa;
          t.b = pb;
        }
        t.b_row = cut.pack_b ? kPanelB<X> : p.b_row;
        t.c = p.c + ic * p.c_row + jc;
        t.s = pc ? t.c : p.s ? p.s + ic * p.s_row + jc : nullptr;
        t.s_row = pc ? p.c_row : p.s_row;
        block<X>(cut, t, t.a_row == 1, mc, nc);
      }
    }
  }
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
